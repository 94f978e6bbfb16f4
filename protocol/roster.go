package protocol

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Bounds of a roster.
const (
	// MaxSites is the largest study: the noise budget of he's widest set.
	MaxSites = 1500
	// MinCohort is the smallest minimum a roster may set for a named cohort.
	MinCohort = 20

	maxNames       = 1024 // cohorts, panels, members, researchers
	maxNameLength  = 128
	maxPeopleCap   = 1 << 30
	maxRosterBytes = MaxMessage
)

// Mode says what a result is. No zero value: a query without a mode is refused.
type Mode uint32

// The modes of a result.
const (
	// Exact results are sums as they are: encrypted on the way, not differentially private.
	Exact Mode = 1
	// Private results carry noise that no single party knows.
	Private Mode = 2
)

// ParseMode reads what String writes.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "exact":
		return Exact, nil
	case "dp":
		return Private, nil
	}
	return 0, fmt.Errorf("%w: a mode is exact or dp", ErrMalformed)
}

// String is "exact" or "dp".
func (m Mode) String() string {
	switch m {
	case Exact:
		return "exact"
	case Private:
		return "dp"
	}
	return "unknown"
}

// Site is one member of a study. Its share point is its place in the roster, from 1.
type Site struct {
	Name, Organisation, Country, Region string
	// NodeKey signs what the node says, CustodianKey rosters and grants.
	NodeKey, CustodianKey PublicKey
	// Peer is the node's libp2p peer id.
	Peer string
	// PeopleCap bounds the people that the site ever counts in one answer.
	PeopleCap uint32
}

// ExactCohort names the sites whose counts an exact answer adds up: always all of them.
type ExactCohort struct {
	Name string
	// Points are the sites' share points, ascending.
	Points []uint32
	// Minimum is how many people each of them must have in it.
	Minimum uint32
}

// PanelRef names a shared list of variants.
type PanelRef struct {
	Name, Assembly string
	Digest         Digest
	// Size is the number of variants.
	Size uint64
}

// Member is one member of the coordinator.
type Member struct {
	Name string
	Key  PublicKey
	Peer string
}

// Researcher is someone who may ask.
type Researcher struct {
	Name, Organisation string
	Key                PublicKey
}

// Roster is what every custodian of a study has signed: who is in it, and what
// may be asked together. DESIGN: see docs/explanation/trust.md, "Study roster".
type Roster struct {
	Study, Title string
	// Epoch counts rosters of a study from 1; Previous is the digest of the one before.
	Epoch    uint64
	Previous Digest
	Sites    []Site
	// Threshold sites open a sum; up to Corrupt may be in league with everybody else.
	Threshold, Corrupt int
	// MinOrganisations is how many organisations a cut must span.
	MinOrganisations int
	Modes            []Mode
	Cohorts          []ExactCohort
	Panels           []PanelRef
	Members          []Member
	Researchers      []Researcher
	// Deadline is when an epoch that is not signed by all is void.
	Deadline time.Time
}

// Thresholds are the defaults for n sites: t = n up to three, else floor(2n/3)+1,
// and the largest f < n/2 with t > (n+f)/2, so that two cuts of t share an honest site.
func Thresholds(n int) (threshold, corrupt int) {
	threshold = n
	if n > 3 {
		threshold = 2*n/3 + 1
	}
	for f := 0; 2*f < n && 2*threshold > n+f; f++ {
		corrupt = f
	}
	return threshold, corrupt
}

// Site returns the site at a share point.
func (r *Roster) Site(point uint32) (Site, bool) {
	if point < 1 || int(point) > len(r.Sites) {
		return Site{}, false
	}
	return r.Sites[point-1], true
}

// PointOf returns the share point of the site with a node key.
func (r *Roster) PointOf(node KeyID) (uint32, bool) {
	for i, s := range r.Sites {
		if s.NodeKey.ID() == node {
			return uint32(i + 1), true
		}
	}
	return 0, false
}

// Points are the share points 1..n.
func (r *Roster) Points() []uint32 {
	points := make([]uint32, len(r.Sites))
	for i := range points {
		points[i] = uint32(i + 1)
	}
	return points
}

// Cohort returns the exact cohort of a name.
func (r *Roster) Cohort(name string) (ExactCohort, bool) {
	i := slices.IndexFunc(r.Cohorts, func(c ExactCohort) bool { return c.Name == name })
	if i < 0 {
		return ExactCohort{}, false
	}
	return r.Cohorts[i], true
}

// Panel returns the panel of a digest.
func (r *Roster) Panel(d Digest) (PanelRef, bool) {
	i := slices.IndexFunc(r.Panels, func(p PanelRef) bool { return p.Digest == d })
	if i < 0 {
		return PanelRef{}, false
	}
	return r.Panels[i], true
}

// Researcher returns who has a key.
func (r *Roster) Researcher(id KeyID) (Researcher, bool) {
	i := slices.IndexFunc(r.Researchers, func(p Researcher) bool { return p.Key.ID() == id })
	if i < 0 {
		return Researcher{}, false
	}
	return r.Researchers[i], true
}

// PeopleCap is the most people that all sites together may count.
func (r *Roster) PeopleCap() (total uint64) {
	for _, s := range r.Sites {
		total += uint64(s.PeopleCap)
	}
	return total
}

// Organisations counts the different organisations among points.
func (r *Roster) Organisations(points []uint32) int {
	seen := make(map[string]bool)
	for _, p := range points {
		if s, ok := r.Site(p); ok {
			seen[s.Organisation] = true
		}
	}
	return len(seen)
}

// NodeKeys are the keys that sites sign with.
func (r *Roster) NodeKeys() Keyring {
	ring := make(Keyring, len(r.Sites))
	for _, s := range r.Sites {
		ring[s.NodeKey.ID()] = s.NodeKey
	}
	return ring
}

// MemberKeys are the keys that the coordinator's members sign with.
func (r *Roster) MemberKeys() Keyring {
	ring := make(Keyring, len(r.Members))
	for _, m := range r.Members {
		ring[m.Key.ID()] = m.Key
	}
	return ring
}

// ResearcherKeys are the keys that may ask.
func (r *Roster) ResearcherKeys() Keyring {
	ring := make(Keyring, len(r.Researchers))
	for _, p := range r.Researchers {
		ring[p.Key.ID()] = p.Key
	}
	return ring
}

var (
	studyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	country   = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Check returns everything that is wrong with a roster.
func (r *Roster) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("roster: "+format, args...)) }
	n := len(r.Sites)
	switch {
	case !studyName.MatchString(r.Study):
		bad("the study's name has small letters, digits and hyphens, at most 63")
	case len(r.Title) > maxNameLength:
		bad("the title is longer than %d bytes", maxNameLength)
	case r.Epoch < 1 || (r.Epoch == 1) != r.Previous.IsZero():
		bad("epoch 1 follows nothing and every other one names the roster before it")
	}
	if n < 2 || n > MaxSites {
		bad("%d sites, want 2 to %d", n, MaxSites)
		return errors.Join(errs...)
	}
	if t, f := r.Threshold, r.Corrupt; t < 1 || t > n || f < 0 || 2*t <= n+f || t-f < 2 {
		bad("threshold %d with %d corrupt of %d sites: it must exceed (n+f)/2, and at least two honest sites must be in a cut", t, f, n)
	}
	if r.MinOrganisations < min(r.Corrupt+2, n) {
		bad("a cut must span at least f+2 = %d organisations", r.Corrupt+2)
	}
	r.checkSites(bad)
	r.checkCohorts(bad)
	r.checkPeople(bad)
	return errors.Join(errs...)
}

func (r *Roster) checkSites(bad func(string, ...any)) {
	keys, names, owned := make(map[KeyID]bool), make(map[string]bool), make(map[string]int)
	for i, s := range r.Sites {
		if !plainName(s.Name) || !plainName(s.Organisation) || !country.MatchString(s.Country) || len(s.Region) > maxNameLength {
			bad("site %d needs a name, an organisation and a country of two letters", i+1)
		}
		if s.NodeKey.IsZero() || s.CustodianKey.IsZero() || s.Peer == "" || len(s.Peer) > maxNameLength {
			bad("site %d lacks a key or its peer id", i+1)
		}
		if names[s.Name] || names["peer "+s.Peer] || keys[s.NodeKey.ID()] || keys[s.CustodianKey.ID()] || s.NodeKey.Equal(s.CustodianKey) {
			bad("site %d repeats a name, a peer id or a key", i+1)
		}
		names[s.Name], names["peer "+s.Peer] = true, true
		keys[s.NodeKey.ID()], keys[s.CustodianKey.ID()] = true, true
		if s.PeopleCap < 1 || s.PeopleCap > maxPeopleCap {
			bad("site %d: the cap on its people is 1 to %d", i+1, maxPeopleCap)
		}
		owned[s.Organisation]++
		if owned[s.Organisation] == max(r.Corrupt, 1)+1 {
			bad("organisation %q has more than %d sites", s.Organisation, max(r.Corrupt, 1))
		}
	}
	if len(owned) < r.MinOrganisations {
		bad("%d organisations where a cut must span %d", len(owned), r.MinOrganisations)
	}
}

func (r *Roster) checkCohorts(bad func(string, ...any)) {
	if len(r.Cohorts) > maxNames || len(r.Panels) > maxNames || len(r.Modes) > 2 {
		bad("more than %d cohorts or panels", maxNames)
		return
	}
	names := make(map[string]bool)
	for _, c := range r.Cohorts {
		if !plainName(c.Name) || names[c.Name] {
			bad("cohort names are not empty and differ")
		}
		names[c.Name] = true
		if !r.validSet(c.Points) {
			bad("cohort %q needs at least t = %d sites of at least %d organisations, in ascending order", c.Name, r.Threshold, r.MinOrganisations)
		}
		if c.Minimum < MinCohort {
			bad("cohort %q: a site's minimum is at least %d people", c.Name, MinCohort)
		}
	}
	for _, p := range r.Panels {
		if !plainName(p.Name) || p.Digest.IsZero() || p.Size == 0 || len(p.Assembly) > maxNameLength {
			bad("a panel has a name, a digest and at least one variant")
		}
	}
	for _, m := range r.Modes {
		if m != Exact && m != Private {
			bad("modes are exact and dp")
		}
	}
	if len(r.Modes) == 0 {
		bad("no mode is allowed")
	}
}

func (r *Roster) checkPeople(bad func(string, ...any)) {
	if len(r.Members) == 0 || len(r.Members) > 7 || len(r.Researchers) > maxNames {
		bad("1 to 7 coordinator members and at most %d researchers", maxNames)
	}
	for _, m := range r.Members {
		if !plainName(m.Name) || m.Key.IsZero() || m.Peer == "" {
			bad("a coordinator member has a name, a key and a peer id")
		}
	}
	for _, p := range r.Researchers {
		if !plainName(p.Name) || !plainName(p.Organisation) || p.Key.IsZero() {
			bad("a researcher has a name, an organisation and a key")
		}
		if r.Corrupt == 0 && slices.ContainsFunc(r.Sites, func(s Site) bool { return s.Organisation == p.Organisation }) {
			bad("researcher %q belongs to an organisation with a site, which f = 0 does not allow", p.Name)
		}
	}
}

// validSet reports whether points could be a cut: ascending, t or more, of enough organisations.
func (r *Roster) validSet(points []uint32) bool {
	for i, p := range points {
		if p < 1 || int(p) > len(r.Sites) || i > 0 && points[i-1] >= p {
			return false
		}
	}
	return len(points) >= r.Threshold && r.Organisations(points) >= r.MinOrganisations
}

func plainName(s string) bool {
	if s == "" || len(s) > maxNameLength {
		return false
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}
