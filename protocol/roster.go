package protocol

import (
	"fmt"
	"slices"
	"time"
)

// Bounds of a roster.
const (
	// MaxSites is the largest study: the noise budget of he's widest set.
	MaxSites = 1500
	// MinCohort is the smallest minimum a roster may set for a named cohort.
	MinCohort = 20

	maxNames       = 1024 // cohorts, panels, researchers
	maxMembers     = 7
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
	// Country is where the researcher works: an ISO 3166-1 code of two letters, or nothing.
	Country string
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
	// Packing is how many numbers of a site's key lie on one polynomial. With 0 it is
	// one, and each share is sealed by itself. From 1 on shares are dealt under keys that
	// pairs of sites share, which is shorter where there are many.
	Packing int
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

// fewSites is how many sites share keys by Shamir's scheme.
const fewSites = 16

// Thresholds are the defaults for n sites: t = n up to three; up to sixteen
// floor(2n/3)+1, but at most four sites fewer than all; else floor(4n/5)+1, which leaves
// room for packing. And the largest f < n/2 with t > (n+f)/2, so that two cuts of t
// share an honest site.
func Thresholds(n int) (threshold, corrupt int) {
	switch {
	case n <= 3:
		threshold = n
	case n <= fewSites:
		threshold = max(2*n/3+1, n-4)
	default:
		threshold = 4*n/5 + 1
	}
	return threshold, MostCorrupt(n, threshold, 0)
}

// MostCorrupt is the largest f < n/2 that a threshold and a packing allow.
func MostCorrupt(n, threshold, packing int) (corrupt int) {
	secret := secrecy(threshold, packing)
	for f := 0; 2*f < n && 2*secret > n+f && secret-f >= 2; f++ {
		corrupt = f
	}
	return corrupt
}

// secrecy is how many sites it takes to learn anything of a key: the threshold, or
// fewer where several numbers lie on one polynomial.
func secrecy(threshold, packing int) int { return threshold - max(packing, 1) + 1 }

// Secrecy is how many sites it takes to learn anything of another site's key.
func (r *Roster) Secrecy() int { return secrecy(r.Threshold, r.Packing) }

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
			seen[folded(s.Organisation)] = true
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
