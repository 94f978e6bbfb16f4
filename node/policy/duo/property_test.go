package duo_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/policy/duo"
)

var (
	permissions = []string{"NRES", "GRU", "HMB", "DS=" + diabetes, "DS=" + alzheimer, "POA"}
	modifiers   = []string{
		"NPU", "NCU", "NPUNCU", "NMDS", "NPOA", "DUO:00000044", "GSO", "IRB", "COL", "PUB", "RTN", "MOR=2027-01-01", "MOR=2020-01-01",
		"TS=2020-01-01", "TS=2030-01-01", "GS=CH", "GS=US", "US=alice", "US", "PS=hearts", "IS=Elsewhere", "RS", "CC", "DUO:9999999",
	}
	// narrower has for each purpose those directly below it.
	narrower = map[string][]string{
		anything:  {health, people, origins, method, aging, sexes, controls},
		health:    {genes, drugs, category},
		category:  {metabolic, alzheimer},
		metabolic: {diabetes},
		diabetes:  {typeTwo},
		controls:  {controls + "=" + metabolic, ofAlz},

		controls + "=" + metabolic: {controls + "=" + diabetes},
		controls + "=" + diabetes:  {ofTwo},
	}
)

func drawConsent(r *rapid.T) []string {
	return append(
		rapid.SliceOfNDistinct(rapid.SampledFrom(permissions), 0, 3, rapid.ID[string]).Draw(r, "permissions"),
		rapid.SliceOfNDistinct(rapid.SampledFrom(modifiers), 0, 4, rapid.ID[string]).Draw(r, "modifiers")...)
}

func drawRequest(r *rapid.T) duo.Request {
	purposes := []string{anything, health, genes, drugs, category, metabolic, diabetes, typeTwo, alzheimer, people, origins, method, aging, sexes, controls, ofTwo, ofAlz}
	fact := rapid.SampledFrom([]duo.Fact{duo.Unknown, duo.No, duo.Yes})
	q := asks("")
	q.Purposes = rapid.SliceOfNDistinct(rapid.SampledFrom(purposes), 0, 3, rapid.ID[string]).Draw(r, "purposes")
	for _, f := range []*duo.Fact{&q.Commercial, &q.NonProfit, &q.Genetic, &q.Ethics, &q.Collaboration, &q.Publication, &q.Moratorium, &q.Return} {
		*f = fact.Draw(r, "fact")
	}
	return q
}

func match(consent []string, q duo.Request) duo.Verdict {
	return duo.Match(consent, q, kinds{}).Verdict
}

func TestOneModifierMoreNeverWidens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		consent, q := drawConsent(r), drawRequest(r)
		more := rapid.SampledFrom(modifiers).Draw(r, "more")
		if without, with := match(consent, q), match(append(slices.Clone(consent), more), q); with > without {
			r.Fatalf("%s with %s, %s without", with, more, without)
		}
	})
}

func TestOnePermissionLessNeverWidens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		consent, q := drawConsent(r), drawRequest(r)
		for i, term := range consent {
			if less := match(slices.Delete(slices.Clone(consent), i, i+1), q); slices.Contains(permissions, term) && less > match(consent, q) {
				r.Fatalf("%s without %s, %s with it", less, term, match(consent, q))
			}
		}
	})
}

func TestANarrowerPurposeNeverLoses(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		consent, q := drawConsent(r), drawRequest(r)
		for i, broad := range q.Purposes {
			for _, narrow := range narrower[broad] {
				n := q
				n.Purposes = slices.Clone(q.Purposes)
				n.Purposes[i] = narrow
				if a, b := match(consent, q), match(consent, n); b < a {
					r.Fatalf("%s for %s, %s for %s", a, broad, b, narrow)
				}
			}
		}
	})
}

func TestOnePurposeMoreNeverWidens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		consent, q := drawConsent(r), drawRequest(r)
		if len(q.Purposes) < 2 {
			return
		}
		less := q
		less.Purposes = q.Purposes[1:]
		if a, b := match(consent, less), match(consent, q); b > a {
			r.Fatalf("%s with %s, %s without", b, q.Purposes[0], a)
		}
	})
}

func TestTheOrderChangesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		consent, q := drawConsent(r), drawRequest(r)
		other := q
		other.Purposes = rapid.Permutation(q.Purposes).Draw(r, "purposes in another order")
		a, b := duo.Match(consent, q, kinds{}), duo.Match(rapid.Permutation(consent).Draw(r, "consent in another order"), other, kinds{})
		if diff := cmp.Diff(a, b); diff != "" {
			r.Fatal(diff)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add("GRU", "NPU", health)
	f.Add("DS="+diabetes, "TS=2030-01-01", typeTwo)
	f.Add("DUO_00000044", "GS=CH|DE", ofTwo)
	f.Fuzz(func(t *testing.T, one, two, purpose string) {
		d := duo.Match([]string{one, two}, asks("", func(q *duo.Request) { q.Purposes = []string{purpose} }), kinds{})
		if d.Verdict > duo.Allow || len(d.Lines) == 0 {
			t.Fatalf("%v", d)
		}
		if term, err := duo.ParseTerm(one); err == nil {
			if again, err := duo.ParseTerm(term.String()); err != nil || again.String() != term.String() {
				t.Fatalf("%q reads as %q, %v", term, again, err)
			}
		}
	})
}

// A researcher with data for diabetes asks for any research, as DUOS would let her.
func TestAttackGeneralResearchOnDataForOneDisease(t *testing.T) {
	debug.Defended(t, debug.DataUse, func() error {
		if d := duo.Match([]string{"DS=" + diabetes}, asks(anything), kinds{}); d.Verdict != duo.Allow {
			return fmt.Errorf("%s: %v", d.Verdict, d.Lines)
		}
		return nil
	})
}
