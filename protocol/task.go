package protocol

import (
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// MaxAttempts is how often one signed query may be tried: a dead site is worth
// some patience, and a coordinator that asks for ever is not.
const MaxAttempts = 64

// Task is one attempt at a query, signed by a coordinator member.
type Task struct {
	Study  string
	Roster Digest
	// Query is the digest of the signed header.
	Query   Digest
	Attempt uint32
	Issued  time.Time
	// Expires is when nothing of this attempt is opened any more.
	Expires time.Time
}

// Session is the session of this attempt.
func (t *Task) Session() SessionID { return NewSession(t.Query, t.Attempt) }

// Type is the domain of a task's signature.
func (*Task) Type() string { return "locus/task/v1" }

func (t *Task) encode() ([]byte, error) {
	return marshal(&pb.Task{
		Study: t.Study, Roster: t.Roster[:], Query: t.Query[:], Attempt: t.Attempt,
		Issued: unix(t.Issued), Expires: unix(t.Expires),
	})
}

func (t *Task) decode(payload []byte) error {
	m := new(pb.Task)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Roster, m.Query)
	if err != nil {
		return err
	}
	*t = Task{
		Study: m.Study, Roster: d[0], Query: d[1], Attempt: m.Attempt,
		Issued: fromUnix(m.Issued), Expires: fromUnix(m.Expires),
	}
	if t.Attempt < 1 || t.Attempt > MaxAttempts || !t.Expires.After(t.Issued) || t.Expires.Sub(t.Issued) > MaxLife {
		return fmt.Errorf("%w: a task is attempt 1 to %d and expires after its issue, within %s", ErrMalformed, MaxAttempts, MaxLife)
	}
	return nil
}

// OpenTask parses a task and requires that a coordinator member has signed it
// for this roster.
func (r *Roster) OpenTask(raw []byte, roster Digest) (Signed[Task], error) {
	s, err := Open[Task](raw, r.MemberKeys())
	if err != nil {
		return Signed[Task]{}, err
	}
	if s.Message.Study != r.Study || s.Message.Roster != roster {
		return Signed[Task]{}, fmt.Errorf("%w: a task under another roster", ErrMalformed)
	}
	return s, nil
}

// Offer is what one site is sent: the task, the question and what all sites declare.
type Offer struct {
	Task         Signed[Task]
	Header       Signed[QueryHeader]
	Body         []byte
	Declarations []Signed[Declaration]
}

// Bytes is the offer as it travels.
func (o Offer) Bytes() ([]byte, error) {
	m := &pb.Offer{Task: o.Task.pb(), Header: o.Header.pb(), Body: o.Body}
	for _, d := range o.Declarations {
		m.Declarations = append(m.Declarations, d.pb())
	}
	return marshal(m)
}

// OfferedStudy reads which study an offer is for, before anything is verified.
func OfferedStudy(raw []byte) (study string, err error) {
	m, err := parseOffer(raw)
	if err != nil {
		return "", err
	}
	t := new(pb.Task)
	if err := unmarshal(m.GetTask().GetPayload(), t); err != nil {
		return "", err
	}
	return t.Study, nil
}

// ParseOffer reads an offer and verifies every signature in it against the roster:
// the member's, the researcher's and each site's. The declarations are the ones
// that the query lists, with keys that were declared for when it was made.
func (r *Roster) ParseOffer(raw []byte, roster Digest) (Offer, error) {
	m, err := parseOffer(raw)
	if err != nil {
		return Offer{}, err
	}
	o := Offer{Body: m.Body}
	if o.Task, err = reopen(m.Task, func(b []byte) (Signed[Task], error) { return r.OpenTask(b, roster) }); err != nil {
		return Offer{}, err
	}
	if o.Header, err = reopen(m.Header, func(b []byte) (Signed[QueryHeader], error) { return r.OpenQuery(b, roster) }); err != nil {
		return Offer{}, err
	}
	if o.Task.Message.Query != o.Header.Digest() {
		return Offer{}, fmt.Errorf("%w: a task for another query", ErrMalformed)
	}
	if len(m.Declarations) != len(r.Sites) {
		return Offer{}, fmt.Errorf("%w: %d declarations for %d sites", ErrMalformed, len(m.Declarations), len(r.Sites))
	}
	for i, e := range m.Declarations {
		d, err := reopen(e, r.OpenDeclaration)
		if err != nil {
			return Offer{}, err
		}
		if d.Message.Point != uint32(i+1) || d.Digest() != o.Header.Message.Declarations[i] {
			return Offer{}, fmt.Errorf("%w: a declaration that the query does not list", ErrMalformed)
		}
		// Shares are sealed to it: an old key is on its way to be erased, or stolen.
		if !d.Message.KEMUntil.After(o.Header.Message.Issued) {
			return Offer{}, fmt.Errorf("%w: the key that site %d declares was over when the query was made", ErrMalformed, i+1)
		}
		o.Declarations = append(o.Declarations, d)
	}
	return o, nil
}

// Contents are the content digests of all declarations, in roster order.
func (o Offer) Contents() []Digest {
	contents := make([]Digest, len(o.Declarations))
	for i, d := range o.Declarations {
		contents[i] = d.Message.Content
	}
	return contents
}

func parseOffer(raw []byte) (*pb.Offer, error) {
	m := new(pb.Offer)
	if err := unmarshal(raw, m); err != nil {
		return nil, err
	}
	if len(m.Body) > maxSealedBody {
		return nil, fmt.Errorf("%w: a sealed body over %d bytes", ErrMalformed, maxSealedBody)
	}
	return m, nil
}

// reopen hands an envelope inside a message to the one place that opens its type.
func reopen[T any](e *pb.Envelope, open func([]byte) (Signed[T], error)) (Signed[T], error) {
	raw, err := marshal(e)
	if err != nil || e == nil {
		return Signed[T]{}, fmt.Errorf("%w: an envelope is missing", ErrMalformed)
	}
	return open(raw)
}

func reopenAll[T any](list []*pb.Envelope, open func([]byte) (Signed[T], error)) ([]Signed[T], error) {
	if len(list) > MaxSites {
		return nil, fmt.Errorf("%w: a list of %d envelopes, at most %d", ErrMalformed, len(list), MaxSites)
	}
	out := make([]Signed[T], len(list))
	for i, e := range list {
		var err error
		if out[i], err = reopen(e, open); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func envelopes[T any](list []Signed[T]) []*pb.Envelope {
	out := make([]*pb.Envelope, len(list))
	for i, s := range list {
		out[i] = s.pb()
	}
	return out
}
