package protocol

import (
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/pb"
)

// maxShare bounds one sealed key share in bytes; he's own frame is exact.
const maxShare = 64 << 10

// ContributionHeader is what a node signs before a word of its answer leaves.
type ContributionHeader struct {
	Session     SessionID
	Roster      Digest
	Point       uint32
	Declaration Digest
	Params      string
	// Coefficients is the number of masked words, Words the SHA-256 of their bytes.
	Coefficients uint64
	Words        Digest
	// Check are the check words of he.
	Check [2]uint64
	// Shares is SharesRoot of the sealed key shares, in roster order, and Salt what they
	// are dealt under where the roster has a Packing.
	Shares Digest
	Salt   [SaltSize]byte
	// Sequence and Head are the node's chain after this contribution.
	Sequence uint64
	Head     Digest
	// Bound is the set of sites that this release is bound to, when it is.
	Bound []uint32
	// Granted tells of an exact answer that it is more than the site's limit, and that its
	// custodian has signed for it.
	Granted bool
}

// SaltSize is the length of a salt of he.
const SaltSize = 16

// Contribution is a header with the sealed key shares it names. The words travel
// apart, as bulk named by their digest.
type Contribution struct {
	Header Signed[ContributionHeader]
	Shares [][]byte
	// BoundBy is the cut that bound the release, when Header says that one did.
	BoundBy []byte
}

// Type is the domain of a contribution's signature.
func (*ContributionHeader) Type() string { return "locus/contribution/v1" }

func (h *ContributionHeader) encode() ([]byte, error) {
	return marshal(&pb.ContributionHeader{
		Session: h.Session[:], Roster: h.Roster[:], Point: h.Point, Declaration: h.Declaration[:], Params: h.Params,
		Coefficients: h.Coefficients, Words: h.Words[:], Check0: h.Check[0], Check1: h.Check[1],
		Shares: h.Shares[:], Salt: h.Salt[:], Sequence: h.Sequence, Head: h.Head[:], Bound: h.Bound, Granted: h.Granted,
	})
}

func (h *ContributionHeader) decode(payload []byte) error {
	m := new(pb.ContributionHeader)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Session, m.Roster, m.Declaration, m.Words, m.Head, m.Shares)
	if err != nil {
		return err
	}
	*h = ContributionHeader{
		Session: d[0], Roster: d[1], Point: m.Point, Declaration: d[2], Params: m.Params,
		Coefficients: m.Coefficients, Words: d[3], Check: [2]uint64{m.Check0, m.Check1},
		Sequence: m.Sequence, Head: d[4], Shares: d[5], Bound: m.Bound, Granted: m.Granted,
	}
	if copy(h.Salt[:], m.Salt); len(m.Salt) != SaltSize {
		return fmt.Errorf("%w: a salt of %d bytes, want %d", ErrMalformed, len(m.Salt), SaltSize)
	}
	if h.Point < 1 || h.Coefficients < 1 || h.Coefficients > 2*MaxVariants || len(h.Bound) > MaxSites || len(h.Params) > maxNameLength {
		return fmt.Errorf("%w: a contribution out of bounds", ErrMalformed)
	}
	return ascending(h.Bound)
}

// OpenContributionHeader parses a contribution's header and requires that its site
// has signed it, for this roster.
func (r *Roster) OpenContributionHeader(raw []byte, roster Digest) (Signed[ContributionHeader], error) {
	s, err := Open[ContributionHeader](raw, r.NodeKeys())
	if err != nil {
		return Signed[ContributionHeader]{}, err
	}
	if s.Message.Roster != roster {
		return Signed[ContributionHeader]{}, fmt.Errorf("%w: a contribution under another roster", ErrMalformed)
	}
	return s, r.spokenBy(s.signer, s.Message.Point, r.Study)
}

// Bytes is the contribution as it travels.
func (c Contribution) Bytes() ([]byte, error) {
	m := &pb.Contribution{Header: c.Header.pb(), Shares: c.Shares}
	if len(c.BoundBy) > 0 {
		e, err := parseEnvelope(c.BoundBy)
		if err != nil {
			return nil, err
		}
		m.BoundBy = e
	}
	return marshal(m)
}

// ParseContribution reads a contribution, verifies its header and that its shares
// are the ones that the header names.
func (r *Roster) ParseContribution(raw []byte, roster Digest) (Contribution, error) {
	m := new(pb.Contribution)
	if err := unmarshal(raw, m); err != nil {
		return Contribution{}, err
	}
	c := Contribution{Shares: m.Shares}
	var err error
	open := func(b []byte) (Signed[ContributionHeader], error) { return r.OpenContributionHeader(b, roster) }
	if c.Header, err = reopen(m.Header, open); err != nil {
		return Contribution{}, err
	}
	if len(c.Shares) != len(r.Sites) {
		return Contribution{}, fmt.Errorf("%w: %d key shares, want %d", ErrMalformed, len(c.Shares), len(r.Sites))
	}
	for _, s := range c.Shares {
		if len(s) > maxShare {
			return Contribution{}, fmt.Errorf("%w: a key share of %d bytes", ErrMalformed, len(s))
		}
	}
	if SharesRoot(c.Shares) != c.Header.Message.Shares {
		return Contribution{}, fmt.Errorf("%w: key shares that the header does not name", ErrMalformed)
	}
	if m.BoundBy != nil {
		if c.BoundBy, err = marshal(m.BoundBy); err != nil {
			return Contribution{}, fmt.Errorf("%w: the cut that bound it", ErrMalformed)
		}
	}
	return c, nil
}

// ShareInfo binds a sealed key share to its session, its dealer and its receiver.
func ShareInfo(session SessionID, from, to uint32) []byte {
	info := Hash("locus/share/v1", session[:], binary.BigEndian.AppendUint32(nil, from), binary.BigEndian.AppendUint32(nil, to))
	return info[:]
}

// Delivery hands a site the shares that are meant for it.
type Delivery struct {
	Session SessionID
	Headers []Signed[ContributionHeader]
	// Shares are sealed to the receiver, in the order of Headers, each with its way up
	// to the root that its header names.
	Shares [][]byte
	Paths  [][]Digest
}

// Add takes what a contribution has for the site at a point.
func (d *Delivery) Add(c Contribution, to uint32) {
	d.Headers = append(d.Headers, c.Header)
	d.Shares = append(d.Shares, c.Shares[to-1])
	d.Paths = append(d.Paths, sharePath(c.Shares, int(to-1)))
}

// Bytes is the delivery as it travels.
func (d Delivery) Bytes() ([]byte, error) {
	m := &pb.Delivery{Session: d.Session[:], Headers: envelopes(d.Headers)}
	for i, share := range d.Shares {
		p := &pb.SharePath{Share: share}
		for _, step := range d.Paths[i] {
			p.Path = append(p.Path, step[:]...)
		}
		m.Shares = append(m.Shares, p)
	}
	return marshal(m)
}

// DeliverySession reads which session a delivery is for, before anything is verified.
func DeliverySession(raw []byte) (SessionID, error) {
	m := new(pb.Delivery)
	if err := unmarshal(raw, m); err != nil {
		return SessionID{}, err
	}
	return ParseDigest(m.Session)
}

// ParseDelivery reads a delivery to the site at a point and verifies its headers.
// A share that is not the one its header names is dropped with its header: its
// dealer is left out of what the receiver says it has received.
func (r *Roster) ParseDelivery(raw []byte, roster Digest, to uint32) (Delivery, error) {
	m := new(pb.Delivery)
	if err := unmarshal(raw, m); err != nil {
		return Delivery{}, err
	}
	session, err := ParseDigest(m.Session)
	if err != nil {
		return Delivery{}, err
	}
	if len(m.Headers) != len(m.Shares) || to < 1 || int(to) > len(r.Sites) {
		return Delivery{}, fmt.Errorf("%w: %d shares for %d headers", ErrMalformed, len(m.Shares), len(m.Headers))
	}
	open := func(b []byte) (Signed[ContributionHeader], error) { return r.OpenContributionHeader(b, roster) }
	headers, err := reopenAll(m.Headers, open)
	if err != nil {
		return Delivery{}, err
	}
	d := Delivery{Session: session}
	last := uint32(0)
	for i, h := range headers {
		if h.Message.Session != session || h.Message.Point <= last {
			return Delivery{}, fmt.Errorf("%w: headers of one session, by ascending point", ErrMalformed)
		}
		last = h.Message.Point
		share, path := m.Shares[i].GetShare(), stepsOf(m.Shares[i].GetPath())
		if !leads(share, int(to-1), len(r.Sites), path, h.Message.Shares) && !debug.Without(debug.ShareDigest) {
			continue
		}
		d.Headers = append(d.Headers, h)
		d.Shares = append(d.Shares, share)
		d.Paths = append(d.Paths, path)
	}
	return d, nil
}

// Received lists the contributions whose key share for the signer opened. It is
// no vote and holds no secret.
type Received struct {
	Session SessionID
	Point   uint32
	// Headers are digests, by ascending point of their sites.
	Headers []Digest
}

// Type is the domain of the signature.
func (*Received) Type() string { return "locus/received/v1" }

func (r *Received) encode() ([]byte, error) {
	return marshal(&pb.Received{Session: r.Session[:], Point: r.Point, Headers: digestsOut(r.Headers)})
}

func (r *Received) decode(payload []byte) error {
	m := new(pb.Received)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	session, err := ParseDigest(m.Session)
	if err != nil {
		return err
	}
	*r = Received{Session: session, Point: m.Point}
	r.Headers, err = digestList(m.Headers, MaxSites)
	return err
}

// OpenReceived parses a Received and requires that its site has signed it.
func (r *Roster) OpenReceived(raw []byte) (Signed[Received], error) {
	s, err := Open[Received](raw, r.NodeKeys())
	if err != nil {
		return Signed[Received]{}, err
	}
	return s, r.spokenBy(s.signer, s.Message.Point, r.Study)
}
