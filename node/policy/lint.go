package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
)

// Finding is a weak setting. It is no error: the custodian may mean it.
type Finding struct {
	Name   string // of the list in docs/reference/policy.md
	Policy string // the rule's id, or nothing where it is about all of them
	Place  string // file and line
	Text   string
}

// String is the finding on one line.
func (f Finding) String() string {
	where := f.Place
	if f.Policy != "" {
		where += " " + f.Policy
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s: %s", where, f.Name, f.Text))
}

// What the bounds of a policy have to be, so that they count as bounds.
const (
	leastCohort  = 20         // the least that a node answers for, whatever a policy says
	mostEpsilon  = 10_000_000 // in millionths; above 10, a release tells nearly all
	leastDelta   = 6          // delta far below one in the number of people
	mostVariants = 1_000_000
)

// placeholder begins the names that the packs leave to the site.
const placeholder = "Example "

// weakness is something that a permit should require.
type weakness struct {
	name, text string
	mode       string // the one that it is about, or both
	holds      func(ast.IsNode, bool) bool
}

// weaknesses are looked for in each permit, for each mode that it speaks of.
var weaknesses = []weakness{
	{"no-organisation", "whoever is in the study may ask; require principal in Organisation::\"…\", or a role or visa", "",
		mentions("principal", "organisation", "roles", "visas", "")},
	{"no-minimum-cohort", fmt.Sprintf("a cohort of any size is answered for; require resource.sizeClass >= %d or more", leastCohort), "",
		bounded("resource", "sizeClass", false, leastCohort)},
	{"no-purpose", "whatever it is for is answered; require context.within.contains(\"DUO:…\")", "", purposeNamed},
	{"no-variant-bound", fmt.Sprintf("any number of variants may be asked for at once; require context.variants <= %d or less", mostVariants), "",
		bounded("context", "variants", true, mostVariants)},
	{"no-expiry", "it holds for ever; require context.time < datetime(\"…\")", "", expires},
	{"no-budget-bound", fmt.Sprintf("an answer may cost any epsilon; require context.microEpsilon <= %d or less", mostEpsilon), Private,
		bounded("context", "microEpsilon", true, mostEpsilon)},
	{"no-delta-bound", fmt.Sprintf("an answer may have any delta; require context.deltaExponent >= %d or more", leastDelta), Private,
		bounded("context", "deltaExponent", false, leastDelta)},
	{"exact-open", "exact counts are given without a grant of the custodian; require context.granted", Exact, granted},
}

// Lint names what is weak in a policy, each kind by a name of its own. It reads the rules, and
// tries nothing. What it does not name it has found required, in every way that leads to a
// permit; a condition that it does not understand counts as none.
func (p *Policy) Lint() (found []Finding) {
	permits, asking := 0, 0
	for _, r := range p.rules {
		if r.reason == "" {
			found = append(found, Finding{"no-reason", r.id, r.place(), "nobody who is refused or asked reads why; add @reason(\"…\")"})
		}
		if r.forbids() {
			continue
		}
		permits++
		if r.verdict == Ask {
			asking++
		}
		found = append(found, p.lintPermit(r)...)
	}
	switch {
	case permits == 0:
		found = append(found, Finding{Name: "nothing-permitted", Text: "no rule permits anything, so that everything is denied"})
	case asking == 0:
		found = append(found, Finding{Name: "all-automatic", Text: "no rule asks a person; write @verdict(\"ask\") before a permit that a person should look at"})
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return strings.Compare(a.Policy, b.Policy) })
	return found
}

func (p *Policy) lintPermit(r *rule) (found []Finding) {
	add := func(name, text string) {
		f := Finding{name, r.id, r.place(), text}
		if !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	a := r.ast()
	if _, everybody := a.Principal.(ast.ScopeTypeAll); everybody && len(a.Conditions) == 0 {
		add("no-condition", "it has no condition, so that everything in its scope passes")
	}
	if strings.Contains(string(canonical(a)), placeholder) {
		add("placeholder", "it names \""+placeholder+"…\" as the packs do; write your own in its place")
	}
	for _, mode := range modesOf(a.Action) {
		if mode == Exact && r.verdict != Ask {
			add("exact-automatic", "exact counts are given without asking a person; write @verdict(\"ask\"), or name Action::\"dp\" alone")
		}
		for _, w := range weaknesses {
			if w.mode != "" && w.mode != mode {
				continue
			}
			if w.name == "no-organisation" && namesSomebody(a.Principal) {
				continue
			}
			if !p.requires(r, mode, w.holds) {
				add(w.name, w.text)
			}
		}
	}
	return found
}

// requires reports whether each request that a permit lets pass, in a mode, has something: by
// the permit's own conditions, or because a rule that is for everybody forbids the rest.
func (p *Policy) requires(r *rule, mode string, holds func(ast.IsNode, bool) bool) bool {
	w := way{mode: mode, holds: holds}
	for _, c := range r.ast().Conditions {
		if w.requires(c.Body, bool(c.Condition) == ast.ConditionUnless) {
			return true
		}
	}
	for _, f := range p.rules {
		a := f.ast()
		if !f.forbids() || !forEverybody(a) || !slices.Contains(modesOf(a.Action), mode) {
			continue
		}
		// It lets pass what fails one of its conditions, whichever.
		all := true
		for _, c := range a.Conditions {
			all = all && w.requires(c.Body, bool(c.Condition) != ast.ConditionUnless)
		}
		if all {
			return true
		}
	}
	return false
}

func forEverybody(a *ast.Policy) bool {
	is := func(s ast.IsScopeNode, kind types.EntityType) bool {
		switch s := s.(type) {
		case ast.ScopeTypeAll:
			return true
		case ast.ScopeTypeIs:
			return s.Type == kind
		}
		return false
	}
	return is(a.Principal, researcherType) && is(a.Resource, cohortType)
}

func namesSomebody(s ast.IsPrincipalScopeNode) bool {
	switch s.(type) {
	case ast.ScopeTypeEq, ast.ScopeTypeIn, ast.ScopeTypeIsIn:
		return true
	}
	return false
}

// modesOf are the modes that the scope of a rule takes in.
func modesOf(s ast.IsActionScopeNode) (modes []string) {
	var named []types.EntityUID
	switch s := s.(type) {
	case ast.ScopeTypeAll:
		return []string{Exact, Private}
	case ast.ScopeTypeEq:
		named = []types.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		named = []types.EntityUID{s.Entity}
	case ast.ScopeTypeInSet:
		named = s.Entities
	}
	for _, mode := range []string{Exact, Private} {
		if slices.Contains(named, uid(actionType, mode)) || slices.Contains(named, uid(actionType, query)) {
			modes = append(modes, mode)
		}
	}
	return modes
}
