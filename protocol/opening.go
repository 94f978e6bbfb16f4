package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

// maxSnapshot bounds what a site lets the others keep of its votes and pins, in bytes.
const maxSnapshot = 1 << 20

// Vote says that the signer's chain now holds its one vote for this release, and
// where the chain stands. The opening leaves when enough others have seen it.
type Vote struct {
	Study   string
	Session SessionID
	Point   uint32
	// Set is Cut.Set.
	Set      Digest
	Sequence uint64
	Head     Digest
	// Snapshot is sealed to the signer itself: its votes and pins, for a day on
	// which its disk is lost.
	Snapshot []byte
}

// Type is the domain of a vote's signature.
func (*Vote) Type() string { return "locus/vote/v1" }

func (v *Vote) encode() ([]byte, error) {
	return marshal(&pb.Vote{
		Study: v.Study, Session: v.Session[:], Point: v.Point, Set: v.Set[:],
		Sequence: v.Sequence, Head: v.Head[:], Snapshot: v.Snapshot,
	})
}

func (v *Vote) decode(payload []byte) error {
	m := new(pb.Vote)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Session, m.Set, m.Head)
	if err != nil {
		return err
	}
	if len(m.Snapshot) > maxSnapshot {
		return fmt.Errorf("%w: a snapshot over %d bytes", ErrMalformed, maxSnapshot)
	}
	*v = Vote{
		Study: m.Study, Session: d[0], Point: m.Point, Set: d[1],
		Sequence: m.Sequence, Head: d[2], Snapshot: m.Snapshot,
	}
	return nil
}

// OpenVote parses a vote and requires that its site has signed it.
func (r *Roster) OpenVote(raw []byte) (Signed[Vote], error) {
	s, err := Open[Vote](raw, r.NodeKeys())
	if err != nil {
		return Signed[Vote]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, s.Message.Study)
}

// Seen says that the signer keeps this head of another site's chain, durably. It
// answers a Vote, or a HeadQuery whose nonce it then carries.
type Seen struct {
	Study string
	// Point saw the head of Of.
	Point, Of uint32
	Sequence  uint64
	Head      Digest
	Nonce     Digest
	Snapshot  []byte
}

// Type is the domain of the signature.
func (*Seen) Type() string { return "locus/seen/v1" }

func (s *Seen) encode() ([]byte, error) {
	return marshal(&pb.Seen{
		Study: s.Study, Point: s.Point, Of: s.Of, Sequence: s.Sequence,
		Head: optional(s.Head), Nonce: optional(s.Nonce), Snapshot: s.Snapshot,
	})
}

func (s *Seen) decode(payload []byte) error {
	m := new(pb.Seen)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	*s = Seen{Study: m.Study, Point: m.Point, Of: m.Of, Sequence: m.Sequence, Snapshot: m.Snapshot}
	for _, f := range []struct {
		to   *Digest
		from []byte
	}{{&s.Head, m.Head}, {&s.Nonce, m.Nonce}} {
		if len(f.from) == 0 {
			continue
		}
		d, err := ParseDigest(f.from)
		if err != nil {
			return err
		}
		*f.to = d
	}
	if s.Head.IsZero() != (s.Sequence == 0) || len(s.Snapshot) > maxSnapshot || s.Point == s.Of {
		return fmt.Errorf("%w: what one site has seen of another", ErrMalformed)
	}
	return nil
}

// OpenSeen parses a Seen and requires that the site that saw has signed it.
func (r *Roster) OpenSeen(raw []byte) (Signed[Seen], error) {
	s, err := Open[Seen](raw, r.NodeKeys())
	if err != nil {
		return Signed[Seen]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, s.Message.Study)
}

// HeadQuery asks the other sites what they have seen of the signer, under a fresh nonce.
type HeadQuery struct {
	Study string
	Point uint32
	Nonce Digest
}

// Type is the domain of the signature.
func (*HeadQuery) Type() string { return "locus/head-query/v1" }

func (q *HeadQuery) encode() ([]byte, error) {
	return marshal(&pb.HeadQuery{Study: q.Study, Point: q.Point, Nonce: q.Nonce[:]})
}

func (q *HeadQuery) decode(payload []byte) error {
	m := new(pb.HeadQuery)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	nonce, err := ParseDigest(m.Nonce)
	if err != nil {
		return err
	}
	*q = HeadQuery{Study: m.Study, Point: m.Point, Nonce: nonce}
	if q.Nonce.IsZero() { // what was said in answer to a vote has none
		return fmt.Errorf("%w: a question about heads without a nonce", ErrMalformed)
	}
	return nil
}

// OpenHeadQuery parses a HeadQuery and requires that its site has signed it.
func (r *Roster) OpenHeadQuery(raw []byte) (Signed[HeadQuery], error) {
	s, err := Open[HeadQuery](raw, r.NodeKeys())
	if err != nil {
		return Signed[HeadQuery]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, s.Message.Study)
}

// Opening says what the signer has sealed to the researcher: its share of the sum
// of session keys over a set.
type Opening struct {
	Session SessionID
	Point   uint32
	Set     Digest
	// Recipient is the digest of the key it is sealed to, as the query signed it.
	Recipient Digest
	// Sealed is the SHA-256 of the sealed share.
	Sealed Digest
}

// OpeningInfo binds a sealed opening to its session, its set, its site and its recipient.
func OpeningInfo(session SessionID, set Digest, point uint32, recipient Digest) []byte {
	info := Hash("locus/opening-info/v1", session[:], set[:], binary.BigEndian.AppendUint32(nil, point), recipient[:])
	return info[:]
}

// Type is the domain of an opening's signature.
func (*Opening) Type() string { return "locus/opening/v1" }

func (o *Opening) encode() ([]byte, error) {
	return marshal(&pb.Opening{
		Session: o.Session[:], Point: o.Point, Set: o.Set[:], Recipient: o.Recipient[:], Sealed: o.Sealed[:],
	})
}

func (o *Opening) decode(payload []byte) error {
	m := new(pb.Opening)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Session, m.Set, m.Recipient, m.Sealed)
	if err != nil {
		return err
	}
	*o = Opening{Session: d[0], Point: m.Point, Set: d[1], Recipient: d[2], Sealed: d[3]}
	return nil
}

// SealedOpening is an opening with the sealed share it names.
type SealedOpening struct {
	Opening Signed[Opening]
	Sealed  []byte
	// Receipt proves that the opening is in its site's audit log, as audit/verify takes it;
	// at most MaxReceipt bytes, and none where the site has none. It is not verified here.
	Receipt []byte
}

// MaxReceipt bounds a receipt: two signatures and the hashes of a long log are half of it.
const MaxReceipt = 16 << 10

// Bytes is the opening as it travels.
func (o SealedOpening) Bytes() ([]byte, error) { return marshal(o.pb()) }

func (o SealedOpening) pb() *pb.OpeningBundle {
	return &pb.OpeningBundle{Opening: o.Opening.pb(), Sealed: o.Sealed, Receipt: o.Receipt}
}

// ParseOpening reads an opening, requires that its site has signed it and that the
// sealed share is the one it names.
func (r *Roster) ParseOpening(raw []byte) (SealedOpening, error) {
	m := new(pb.OpeningBundle)
	if err := unmarshal(raw, m); err != nil {
		return SealedOpening{}, err
	}
	return r.openingOf(m)
}

func (r *Roster) openingOf(m *pb.OpeningBundle) (SealedOpening, error) {
	open := func(b []byte) (Signed[Opening], error) {
		s, err := Open[Opening](b, r.NodeKeys())
		if err != nil {
			return Signed[Opening]{}, err
		}
		return s, r.spokenBy(s.signer, s.Message.Point, r.Study)
	}
	s, err := reopen(m.GetOpening(), open)
	if err != nil {
		return SealedOpening{}, err
	}
	if len(m.Sealed) > maxShare || Digest(sha256.Sum256(m.Sealed)) != s.Message.Sealed {
		return SealedOpening{}, fmt.Errorf("%w: not the sealed share that the opening names", ErrMalformed)
	}
	if len(m.Receipt) > MaxReceipt {
		return SealedOpening{}, fmt.Errorf("%w: a receipt of %d bytes, at most %d", ErrMalformed, len(m.Receipt), MaxReceipt)
	}
	return SealedOpening{Opening: s, Sealed: m.Sealed, Receipt: m.Receipt}, nil
}

// Result is what a researcher fetches beside the sum itself: every signature that
// the answer rests on.
type Result struct {
	Header   Signed[QueryHeader]
	Task     Signed[Task]
	Cut      Signed[Cut]
	Headers  []Signed[ContributionHeader]
	Received []Signed[Received]
	Openings []SealedOpening
	// Sum is the SHA-256 of the bytes of the sum.
	Sum Digest
}

// Bytes is the result as it travels.
func (r Result) Bytes() ([]byte, error) {
	m := &pb.Result{
		Header: r.Header.pb(), Task: r.Task.pb(), Cut: r.Cut.pb(), Headers: envelopes(r.Headers),
		Received: envelopes(r.Received), Sum: r.Sum[:],
	}
	for _, o := range r.Openings {
		m.Openings = append(m.Openings, o.pb())
	}
	return marshal(m)
}

// ParseResult reads a result and verifies every signature in it. Whether the parts
// fit together is session.CheckResult's to say.
func (r *Roster) ParseResult(raw []byte, roster Digest) (Result, error) {
	m := new(pb.Result)
	if err := unmarshal(raw, m); err != nil {
		return Result{}, err
	}
	var out Result
	var err error
	if out.Sum, err = ParseDigest(m.Sum); err != nil {
		return Result{}, err
	}
	if out.Header, err = reopen(m.Header, func(b []byte) (Signed[QueryHeader], error) { return r.OpenQuery(b, roster) }); err != nil {
		return Result{}, err
	}
	if out.Task, err = reopen(m.Task, func(b []byte) (Signed[Task], error) { return r.OpenTask(b, roster) }); err != nil {
		return Result{}, err
	}
	if out.Cut, err = reopen(m.Cut, func(b []byte) (Signed[Cut], error) { return r.OpenCut(b, roster) }); err != nil {
		return Result{}, err
	}
	open := func(b []byte) (Signed[ContributionHeader], error) { return r.OpenContributionHeader(b, roster) }
	if out.Headers, err = reopenAll(m.Headers, open); err != nil {
		return Result{}, err
	}
	if out.Received, err = reopenAll(m.Received, r.OpenReceived); err != nil {
		return Result{}, err
	}
	if len(m.Openings) > MaxSites {
		return Result{}, fmt.Errorf("%w: %d openings", ErrMalformed, len(m.Openings))
	}
	for _, b := range m.Openings {
		o, err := r.openingOf(b)
		if err != nil {
			return Result{}, err
		}
		out.Openings = append(out.Openings, o)
	}
	return out, nil
}
