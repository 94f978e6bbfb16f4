package protocol

import (
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/protocol/pb"
)

// CutEntry is one contribution in a cut.
type CutEntry struct {
	Point uint32
	// Header is the digest of the contribution's header.
	Header Digest
}

// Cut is the set of contributions that are in the sum, signed by a coordinator
// member after the coordinator has committed it.
type Cut struct {
	Session SessionID
	Roster  Digest
	// Entries stand by ascending point.
	Entries []CutEntry
}

// Points are the sites in the cut.
func (c *Cut) Points() []uint32 {
	points := make([]uint32, len(c.Entries))
	for i, e := range c.Entries {
		points[i] = e.Point
	}
	return points
}

// Entry returns the entry of a site.
func (c *Cut) Entry(point uint32) (CutEntry, bool) {
	for _, e := range c.Entries {
		if e.Point == point {
			return e, true
		}
	}
	return CutEntry{}, false
}

// Set names what is cut, whoever signed it: the session and its entries.
func (c *Cut) Set() Digest {
	h := newStream("locus/set/v1")
	writePart(h, c.Session[:])
	for _, e := range c.Entries {
		h.Write(binary.BigEndian.AppendUint32(nil, e.Point))
		h.Write(e.Header[:])
	}
	return Digest(h.Sum(nil))
}

// Type is the domain of a cut's signature.
func (*Cut) Type() string { return "locus/cut/v1" }

func (c *Cut) encode() ([]byte, error) {
	m := &pb.Cut{Session: c.Session[:], Roster: c.Roster[:]}
	for _, e := range c.Entries {
		m.Entries = append(m.Entries, &pb.CutEntry{Point: e.Point, Header: e.Header[:]})
	}
	return marshal(m)
}

func (c *Cut) decode(payload []byte) error {
	m := new(pb.Cut)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	d, err := parseDigests(m.Session, m.Roster)
	if err != nil {
		return err
	}
	*c = Cut{Session: d[0], Roster: d[1]}
	if len(m.Entries) < 1 || len(m.Entries) > MaxSites {
		return fmt.Errorf("%w: a cut of %d sites", ErrMalformed, len(m.Entries))
	}
	for _, e := range m.Entries {
		header, err := ParseDigest(e.Header)
		if err != nil {
			return err
		}
		c.Entries = append(c.Entries, CutEntry{Point: e.Point, Header: header})
	}
	return ascending(c.Points())
}

// OpenCut parses a cut and requires that a coordinator member has signed it for
// this roster. Whether it may be opened is the site's to judge.
func (r *Roster) OpenCut(raw []byte, roster Digest) (Signed[Cut], error) {
	s, err := Open[Cut](raw, r.MemberKeys())
	if err != nil {
		return Signed[Cut]{}, err
	}
	if s.Message.Roster != roster {
		return Signed[Cut]{}, fmt.Errorf("%w: a cut under another roster", ErrMalformed)
	}
	return s, nil
}

// CutOffer is a cut with what a site needs to judge it.
type CutOffer struct {
	Cut      Signed[Cut]
	Headers  []Signed[ContributionHeader]
	Received []Signed[Received]
}

// Bytes is the offer as it travels.
func (o CutOffer) Bytes() ([]byte, error) {
	return marshal(&pb.CutOffer{Cut: o.Cut.pb(), Headers: envelopes(o.Headers), Received: envelopes(o.Received)})
}

// CutSession reads which session a cut is for, before anything is verified.
func CutSession(raw []byte) (SessionID, error) {
	m := new(pb.CutOffer)
	if err := unmarshal(raw, m); err != nil {
		return SessionID{}, err
	}
	c := new(pb.Cut)
	if err := unmarshal(m.GetCut().GetPayload(), c); err != nil {
		return SessionID{}, err
	}
	return ParseDigest(c.Session)
}

// ParseCutOffer reads a cut and verifies every signature in it.
func (r *Roster) ParseCutOffer(raw []byte, roster Digest) (CutOffer, error) {
	m := new(pb.CutOffer)
	if err := unmarshal(raw, m); err != nil {
		return CutOffer{}, err
	}
	var o CutOffer
	var err error
	if o.Cut, err = reopen(m.Cut, func(b []byte) (Signed[Cut], error) { return r.OpenCut(b, roster) }); err != nil {
		return CutOffer{}, err
	}
	open := func(b []byte) (Signed[ContributionHeader], error) { return r.OpenContributionHeader(b, roster) }
	if o.Headers, err = reopenAll(m.Headers, open); err != nil {
		return CutOffer{}, err
	}
	if o.Received, err = reopenAll(m.Received, r.OpenReceived); err != nil {
		return CutOffer{}, err
	}
	return o, nil
}
