package protocol

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

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
	if l := r.Packing; l < 0 || l > 1 && l >= r.Threshold {
		bad("packing %d: it is less than the threshold of %d", l, r.Threshold)
	} else if t, f := r.Secrecy(), r.Corrupt; r.Threshold > n || t < 1 || f < 0 || 2*t <= n+f || t-f < 2 {
		bad("threshold %d less packing with %d corrupt of %d sites: %d must exceed (n+f)/2, and at least two honest sites must be in a cut", r.Threshold, f, n, t)
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
		if !plainName(p.Name) || !plainName(p.Organisation) || p.Key.IsZero() || p.Country != "" && !country.MatchString(p.Country) {
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
