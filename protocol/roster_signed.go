package protocol

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol/pb"
)

// Type is the domain of a roster's signatures.
func (*Roster) Type() string { return "locus/roster/v1" }

// NewProposal fixes the bytes of a roster that custodians are asked to sign.
func NewProposal(r Roster) (Signed[Roster], error) {
	payload, err := r.encode()
	if err != nil {
		return Signed[Roster]{}, err
	}
	s := Signed[Roster]{kind: r.Type(), payload: payload}
	if err := s.Message.decode(payload); err != nil {
		return Signed[Roster]{}, err
	}
	return s, nil
}

// ParseProposal reads a roster that not every custodian has signed yet. What it
// says binds nobody; signatures that are there are kept and not looked at.
func ParseProposal(raw []byte) (Signed[Roster], error) {
	e, err := parseEnvelope(raw)
	if err != nil {
		return Signed[Roster]{}, err
	}
	if e.Type != (*Roster)(nil).Type() || len(e.Payload) > maxRosterBytes || len(e.Signatures) > MaxSites {
		return Signed[Roster]{}, fmt.Errorf("%w: not a roster", ErrMalformed)
	}
	s := Signed[Roster]{kind: e.Type, payload: e.Payload}
	if len(e.Signatures) > 0 {
		if s, err = envelopeOf[Roster](e); err != nil {
			return Signed[Roster]{}, err
		}
	}
	if err := s.Message.decode(s.payload); err != nil {
		return Signed[Roster]{}, err
	}
	return s, nil
}

// Endorse adds a custodian's signature to a roster's bytes.
func Endorse(s Signed[Roster], custodian *SigningKey) (Signed[Roster], error) {
	sig, err := custodian.sign(s.kind, s.payload)
	if err != nil {
		return Signed[Roster]{}, err
	}
	return merge(s, []signature{sig})
}

// MergeEndorsements takes over the signatures of custodians on the same bytes.
func MergeEndorsements(a, b Signed[Roster]) (Signed[Roster], error) {
	if a.Digest() != b.Digest() {
		return Signed[Roster]{}, fmt.Errorf("%w: signatures on another roster", ErrSignature)
	}
	return merge(a, b.sigs)
}

func merge(s Signed[Roster], sigs []signature) (Signed[Roster], error) {
	merged := s
	merged.sigs = slices.Clone(s.sigs)
	for _, sig := range sigs {
		i := slices.IndexFunc(s.Message.Sites, func(site Site) bool { return site.CustodianKey.ID() == sig.key })
		if i < 0 {
			return Signed[Roster]{}, fmt.Errorf("%w: not a custodian of this roster", ErrSigner)
		}
		if err := s.Message.Sites[i].CustodianKey.verify(s.kind, s.payload, sig); err != nil {
			return Signed[Roster]{}, err
		}
		if !slices.ContainsFunc(merged.sigs, func(old signature) bool { return old.key == sig.key }) {
			merged.sigs = append(merged.sigs, sig)
		}
	}
	if len(merged.sigs) > 0 {
		merged.signer = merged.sigs[0].key
	}
	return merged, nil
}

// Unsigned names the sites whose custodian has not signed.
func Unsigned(s Signed[Roster]) (names []string) {
	for _, site := range s.Message.Sites {
		if !slices.ContainsFunc(s.sigs, func(sig signature) bool { return sig.key == site.CustodianKey.ID() }) {
			names = append(names, site.Name)
		}
	}
	return names
}

// OpenRoster parses a roster and requires the signature of every custodian in it.
// It is as good as its digest: compare that with the one that was pinned.
func OpenRoster(raw []byte) (Signed[Roster], error) {
	s, err := ParseProposal(raw)
	if err != nil {
		return Signed[Roster]{}, err
	}
	if debug.Without(debug.RosterAllCustodians) {
		return s, nil
	}
	sigs := s.sigs
	s.sigs = nil
	if s, err = merge(s, sigs); err != nil {
		return Signed[Roster]{}, fmt.Errorf("roster: %w", err)
	}
	if missing := Unsigned(s); len(missing) > 0 {
		return Signed[Roster]{}, fmt.Errorf("%w: a roster without the custodians of %q", ErrSignature, missing)
	}
	return s, nil
}

func (r *Roster) encode() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	m := &pb.Roster{
		Study: r.Study, Epoch: r.Epoch, Title: r.Title, Previous: optional(r.Previous),
		Threshold: uint32(r.Threshold), Corrupt: uint32(r.Corrupt), MinOrganisations: uint32(r.MinOrganisations),
		Deadline: unix(r.Deadline), Packing: uint32(r.Packing),
	}
	for _, s := range r.Sites {
		m.Sites = append(m.Sites, &pb.Site{
			Name: s.Name, Organisation: s.Organisation, Country: s.Country, Region: s.Region,
			NodeKey: s.NodeKey.Bytes(), CustodianKey: s.CustodianKey.Bytes(), Peer: s.Peer, PeopleCap: s.PeopleCap,
		})
	}
	for _, mode := range r.Modes {
		m.Modes = append(m.Modes, uint32(mode))
	}
	for _, c := range r.Cohorts {
		m.Cohorts = append(m.Cohorts, &pb.ExactCohort{Name: c.Name, Points: c.Points, Minimum: c.Minimum})
	}
	for _, p := range r.Panels {
		m.Panels = append(m.Panels, &pb.PanelRef{Name: p.Name, Assembly: p.Assembly, Digest: p.Digest[:], Size: p.Size})
	}
	for _, c := range r.Members {
		m.Members = append(m.Members, &pb.Member{Name: c.Name, Key: c.Key.Bytes(), Peer: c.Peer})
	}
	for _, p := range r.Researchers {
		m.Researchers = append(m.Researchers, &pb.Researcher{Name: p.Name, Organisation: p.Organisation, Key: p.Key.Bytes(), Country: p.Country})
	}
	return marshal(m)
}

func (r *Roster) decode(payload []byte) error {
	m := new(pb.Roster)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	var errs []error
	key := func(b []byte) PublicKey {
		k, err := ParsePublicKey(b)
		errs = append(errs, err)
		return k
	}
	digest := func(b []byte) Digest {
		d, err := ParseDigest(b)
		errs = append(errs, err)
		return d
	}
	*r = Roster{
		Study: m.Study, Title: m.Title, Epoch: m.Epoch, Threshold: int(m.Threshold), Corrupt: int(m.Corrupt),
		MinOrganisations: int(m.MinOrganisations), Deadline: fromUnix(m.Deadline), Packing: int(m.Packing),
	}
	if len(m.Previous) > 0 {
		r.Previous = digest(m.Previous)
	}
	// A key takes a tenth of a millisecond to read.
	if len(m.Sites) > MaxSites || len(m.Members) > maxMembers || len(m.Researchers) > maxNames {
		return fmt.Errorf("%w: more than %d sites, %d members or %d researchers", ErrMalformed, MaxSites, maxMembers, maxNames)
	}
	for _, s := range m.Sites {
		r.Sites = append(r.Sites, Site{
			Name: s.Name, Organisation: s.Organisation, Country: s.Country, Region: s.Region,
			NodeKey: key(s.NodeKey), CustodianKey: key(s.CustodianKey), Peer: s.Peer, PeopleCap: s.PeopleCap,
		})
	}
	for _, mode := range m.Modes {
		r.Modes = append(r.Modes, Mode(mode))
	}
	for _, c := range m.Cohorts {
		r.Cohorts = append(r.Cohorts, ExactCohort{Name: c.Name, Points: c.Points, Minimum: c.Minimum})
	}
	for _, p := range m.Panels {
		r.Panels = append(r.Panels, PanelRef{Name: p.Name, Assembly: p.Assembly, Digest: digest(p.Digest), Size: p.Size})
	}
	for _, c := range m.Members {
		r.Members = append(r.Members, Member{Name: c.Name, Key: key(c.Key), Peer: c.Peer})
	}
	for _, p := range m.Researchers {
		r.Researchers = append(r.Researchers, Researcher{Name: p.Name, Organisation: p.Organisation, Key: key(p.Key), Country: p.Country})
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

func optional(d Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}
