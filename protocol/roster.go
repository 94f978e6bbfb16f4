package protocol

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
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
	case r.Title != "" && !plainName(r.Title):
		bad("the title is one printable line of at most %d bytes", maxNameLength)
	case r.Deadline.IsZero():
		bad("a deadline is needed: an epoch that not all have signed by then is void")
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
	// One key speaks in one role, and one peer id is one program: whoever asks is
	// not whoever answers or carries.
	roles := make(repeats)
	r.checkSites(roles, bad)
	r.checkCohorts(bad)
	r.checkPeople(roles, bad)
	return errors.Join(errs...)
}

// repeats tells what was seen before.
type repeats map[string]bool

func (r repeats) seen(kind, name string) bool {
	name = kind + " " + name
	was := r[name]
	r[name] = true
	return was
}

// seenKey looks at both halves: a key that borrows one is no key of its own.
func (r repeats) seenKey(k PublicKey) bool {
	if k.IsZero() {
		return false
	}
	ed, ml := r.seen("Ed25519", k.raw[:ed25519.PublicKeySize]), r.seen("ML-DSA-65", k.raw[ed25519.PublicKeySize:])
	return ed || ml
}

func (r *Roster) checkSites(roles repeats, bad func(string, ...any)) {
	owned := make(map[string]int)
	for i, s := range r.Sites {
		if !plainName(s.Name) || !plainName(s.Organisation) || !country.MatchString(s.Country) || s.Region != "" && !plainName(s.Region) {
			bad("site %d needs a name, an organisation and a country of two letters", i+1)
		}
		if s.NodeKey.IsZero() || s.CustodianKey.IsZero() || !plainName(s.Peer) {
			bad("site %d lacks a key or its peer id", i+1)
		}
		// Each is asked, so that each is remembered.
		name, peer := roles.seen("site", folded(s.Name)), roles.seen("peer", s.Peer)
		node, custodian := roles.seenKey(s.NodeKey), roles.seenKey(s.CustodianKey)
		if name || peer || node || custodian {
			bad("site %d repeats a name, a peer id or a key", i+1)
		}
		if s.PeopleCap < 1 || s.PeopleCap > maxPeopleCap {
			bad("site %d: the cap on its people is 1 to %d", i+1, maxPeopleCap)
		}
		owned[folded(s.Organisation)]++
		if owned[folded(s.Organisation)] == max(r.Corrupt, 1)+1 {
			bad("the organisation of site %d has more than %d sites", i+1, max(r.Corrupt, 1))
		}
	}
	if len(owned) < r.MinOrganisations {
		bad("%d organisations where a cut must span %d", len(owned), r.MinOrganisations)
	}
}

func (r *Roster) checkCohorts(bad func(string, ...any)) {
	if len(r.Cohorts) > maxNames || len(r.Panels) > maxNames {
		bad("more than %d cohorts or panels", maxNames)
		return
	}
	names := make(repeats)
	for i, c := range r.Cohorts {
		if !plainName(c.Name) || names.seen("cohort", folded(c.Name)) {
			bad("cohort %d: cohort names are one printable line and differ", i+1)
		}
		if !r.validSet(c.Points) {
			bad("cohort %d needs at least t = %d sites of at least %d organisations, in ascending order", i+1, r.Threshold, r.MinOrganisations)
		}
		if c.Minimum < MinCohort {
			bad("cohort %d: a site's minimum is at least %d people", i+1, MinCohort)
		}
	}
	for i, p := range r.Panels {
		if !plainName(p.Name) || p.Digest.IsZero() || p.Size < 1 || p.Size > MaxVariants || p.Assembly != "" && !plainName(p.Assembly) {
			bad("panel %d: a panel has a name, a digest and at least one variant", i+1)
		}
		if name, digest := names.seen("panel", folded(p.Name)), names.seen("digest", string(p.Digest[:])); name || digest {
			bad("panel %d repeats a name or a digest", i+1)
		}
	}
	for _, m := range r.Modes {
		if m != Exact && m != Private || names.seen("mode", m.String()) {
			bad("modes are exact and dp, each once")
		}
	}
	if len(r.Modes) == 0 {
		bad("no mode is allowed")
	}
}

func (r *Roster) checkPeople(roles repeats, bad func(string, ...any)) {
	if len(r.Members) == 0 || len(r.Members) > maxMembers || len(r.Researchers) > maxNames {
		bad("1 to %d coordinator members and at most %d researchers", maxMembers, maxNames)
	}
	for i, m := range r.Members {
		if !plainName(m.Name) || m.Key.IsZero() || !plainName(m.Peer) {
			bad("coordinator member %d needs a name, a key and a peer id", i+1)
		}
		name, peer, key := roles.seen("member", folded(m.Name)), roles.seen("peer", m.Peer), roles.seenKey(m.Key)
		if name || peer || key {
			bad("coordinator member %d repeats a name, a peer id or a key", i+1)
		}
	}
	for i, p := range r.Researchers {
		if !plainName(p.Name) || !plainName(p.Organisation) || p.Key.IsZero() {
			bad("researcher %d needs a name, an organisation and a key", i+1)
		}
		if roles.seenKey(p.Key) {
			bad("researcher %d repeats a key", i+1)
		}
		// A researcher's own sites are among the f that may be in league with them.
		own := func(s Site) bool { return folded(s.Organisation) == folded(p.Organisation) }
		if r.Corrupt == 0 && slices.ContainsFunc(r.Sites, own) {
			bad("researcher %d belongs to an organisation with a site, which f = 0 does not allow", i+1)
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

// plainName reports whether s is a name on one line that a person sees all of: no
// control or invisible characters, and single blanks inside only.
func plainName(s string) bool {
	return s != "" && len(s) <= maxNameLength && plainText(s) && s == strings.Join(strings.Fields(s), " ")
}

func plainText(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }) < 0
}

// folded is what two names have in common that people would take for one.
func folded(name string) string { return strings.ToLower(name) }
