package duo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/duo"
)

var day = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// kinds are diseases of a small ontology: type 1 and type 2 diabetes are kinds of diabetes,
// which is a kind of metabolic disease.
type kinds map[string]string

func (k kinds) Is(disease, other string) bool {
	for ; disease != ""; disease = k[disease] {
		if disease == other {
			return true
		}
	}
	return false
}

const (
	metabolic = "MONDO:0005066"
	diabetes  = "MONDO:0005015"
	typeTwo   = "MONDO:0005148"
	alzheimer = "MONDO:0004975"
)

var known = kinds{typeTwo: diabetes, diabetes: metabolic}

func use(p duo.Purpose, diseases ...string) duo.Use {
	return duo.Use{Purpose: p, Diseases: diseases, Researcher: "Alice", Study: "lipids", Organisation: "Elsewhere", Day: day}
}

func with(u duo.Use, change func(*duo.Use)) duo.Use {
	change(&u)
	return u
}

func TestWhatAConsentCovers(t *testing.T) {
	forProfit := func(u *duo.Use) { u.Commercial = true }
	charity := func(u *duo.Use) { u.NonProfit = true }
	for _, tt := range []struct {
		name  string
		terms string
		use   duo.Use
		want  duo.Verdict
	}{
		{"no term permits nothing", "", use(duo.General), duo.Deny},
		{"a restriction alone permits nothing", "DUO:0000016", use(duo.Health), duo.Deny},
		{"a disease alone permits nothing", diabetes, use(duo.Disease, diabetes), duo.Deny},
		{"a term that nobody knows denies, whatever permits", "DUO:0000004 DUO:9999999", use(duo.Health), duo.Deny},
		{"a question that does not say what it is for", "DUO:0000042", use(duo.Unsaid), duo.Deny},
		{"even of what has no restriction", "DUO:0000004", use(duo.Unsaid), duo.Deny},

		{"NRES, any research", "DUO:0000004", use(duo.General), duo.Allow},
		{"GRU, any research", "DUO:0000042", use(duo.General), duo.Allow},
		{"GRU, ancestry", "DUO:0000042", use(duo.Ancestry), duo.Allow},
		{"GRU, a disease", "DUO:0000042", use(duo.Disease, alzheimer), duo.Allow},
		{"HMB, any research", "DUO:0000006", use(duo.General), duo.Deny},
		{"HMB, health", "DUO:0000006", use(duo.Health), duo.Allow},
		{"HMB, a disease", "DUO:0000006", use(duo.Disease, alzheimer), duo.Allow},
		{"HMB, ancestry", "DUO:0000006", use(duo.Ancestry), duo.Deny},
		{"HMB, methods", "DUO:0000006", use(duo.Methods), duo.Ask},
		{"DS, any research", "DUO:0000007 " + diabetes, use(duo.General), duo.Deny},
		{"DS, health", "DUO:0000007 " + diabetes, use(duo.Health), duo.Deny},
		{"DS, methods", "DUO:0000007 " + diabetes, use(duo.Methods), duo.Deny},
		{"DS, its disease", "DUO:0000007 " + diabetes, use(duo.Disease, diabetes), duo.Allow},
		{"DS, a kind of its disease", "DUO:0000007 " + diabetes, use(duo.Disease, typeTwo), duo.Allow},
		{"DS, what its disease is a kind of", "DUO:0000007 " + diabetes, use(duo.Disease, metabolic), duo.Deny},
		{"DS, another disease", "DUO:0000007 " + diabetes, use(duo.Disease, alzheimer), duo.Deny},
		{"DS, its disease and another", "DUO:0000007 " + diabetes, use(duo.Disease, diabetes, alzheimer), duo.Deny},
		{"DS of two, both", "DUO:0000007 " + diabetes + " " + alzheimer, use(duo.Disease, typeTwo, alzheimer), duo.Allow},
		{"DS without a disease", "DUO:0000007", use(duo.Disease, diabetes), duo.Deny},
		{"DS, and a question for no disease", "DUO:0000007 " + diabetes, use(duo.Disease), duo.Deny},
		{"POA, ancestry", "DUO:0000011", use(duo.Ancestry), duo.Allow},
		{"POA, health", "DUO:0000011", use(duo.Health), duo.Deny},
		{"POA, any research", "DUO:0000011", use(duo.General), duo.Deny},
		{"HMB or POA, ancestry", "DUO:0000006 DUO:0000011", use(duo.Ancestry), duo.Allow},

		{"NMDS, health", "DUO:0000042 DUO:0000015", use(duo.Health), duo.Allow},
		{"NMDS, methods", "DUO:0000042 DUO:0000015", use(duo.Methods), duo.Deny},
		{"NMDS, any research", "DUO:0000042 DUO:0000015", use(duo.General), duo.Ask},
		{"NPOA, ancestry", "DUO:0000042 DUO:0000044", use(duo.Ancestry), duo.Deny},
		{"NPOA as duo.owl writes it, ancestry", "DUO:0000042 DUO:00000044", use(duo.Ancestry), duo.Deny},
		{"NPOA, health", "DUO:0000042 DUO:0000044", use(duo.Health), duo.Allow},
		{"GSO", "DUO:0000042 DUO:0000016", use(duo.Health), duo.Allow},
		{"NPU of an organisation that nobody knows", "DUO:0000042 DUO:0000045", use(duo.Health), duo.Ask},
		{"NPU of one that does not work for profit", "DUO:0000042 DUO:0000045", with(use(duo.Health), charity), duo.Allow},
		{"NPU of one that does not, for a commercial use", "DUO:0000042 DUO:0000045", with(with(use(duo.Health), charity), forProfit), duo.Allow},
		{"NCU", "DUO:0000042 DUO:0000046", use(duo.Health), duo.Allow},
		{"NCU, a commercial use", "DUO:0000042 DUO:0000046", with(use(duo.Health), forProfit), duo.Deny},
		{"NPUNCU of an organisation that nobody knows", "DUO:0000042 DUO:0000018", use(duo.Health), duo.Ask},
		{"NPUNCU of one that does not work for profit", "DUO:0000042 DUO:0000018", with(use(duo.Health), charity), duo.Allow},
		{"NPUNCU, a commercial use", "DUO:0000042 DUO:0000018", with(with(use(duo.Health), charity), forProfit), duo.Deny},
		{"US, its researcher", "DUO:0000042 DUO:0000026=Alice", use(duo.Health), duo.Allow},
		{"US, another", "DUO:0000042 DUO:0000026=Bob", use(duo.Health), duo.Deny},
		{"US without a name", "DUO:0000042 DUO:0000026", use(duo.Health), duo.Ask},
		{"PS, its study", "DUO:0000042 DUO:0000027=lipids", use(duo.Health), duo.Allow},
		{"PS, another", "DUO:0000042 DUO:0000027=hearts", use(duo.Health), duo.Deny},
		{"IS, its organisation", "DUO:0000042 DUO:0000028=Elsewhere", use(duo.Health), duo.Allow},
		{"IS, another", "DUO:0000042 DUO:0000028=Here", use(duo.Health), duo.Deny},
		{"TS, before its day", "DUO:0000042 DUO:0000025=2026-11-26", use(duo.Health), duo.Allow},
		{"TS, on its day", "DUO:0000042 DUO:0000025=2026-11-25", use(duo.Health), duo.Deny},
		{"TS without a day", "DUO:0000042 DUO:0000025", use(duo.Health), duo.Ask},
		{"MOR, before its day", "DUO:0000042 DUO:0000024=2026-11-26", use(duo.Health), duo.Deny},
		{"MOR, on its day", "DUO:0000042 DUO:0000024=2026-11-25", use(duo.Health), duo.Allow},
		{"MOR without a day", "DUO:0000042 DUO:0000024=soon", use(duo.Health), duo.Ask},
		{"RS", "DUO:0000042 DUO:0000012", use(duo.Health), duo.Ask},
		{"PUB", "DUO:0000042 DUO:0000019", use(duo.Health), duo.Ask},
		{"COL", "DUO:0000042 DUO:0000020", use(duo.Health), duo.Ask},
		{"IRB", "DUO:0000042 DUO:0000021", use(duo.Health), duo.Ask},
		{"GS", "DUO:0000042 DUO:0000022", use(duo.Health), duo.Ask},
		{"RTN", "DUO:0000042 DUO:0000029", use(duo.Health), duo.Ask},
		{"CC", "DUO:0000042 DUO:0000043", use(duo.Health), duo.Ask},
		{"what would be asked is denied all the same", "DUO:0000007 " + diabetes + " DUO:0000021", use(duo.Health), duo.Deny},
		{"more terms than anybody needs", strings.Repeat("DUO:0000042 ", 65), use(duo.Health), duo.Deny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, lines := duo.Match(strings.Fields(tt.terms), tt.use, known)
			if got != tt.want {
				t.Errorf("got %s, want %s: %+v", got, tt.want, lines)
			}
			if worst := slices.MinFunc(lines, func(a, b duo.Line) int { return int(a.Verdict - b.Verdict) }); got < worst.Verdict {
				t.Errorf("%s without a line that says so: %+v", got, lines)
			}
			for _, l := range lines {
				if l.Why == "" {
					t.Errorf("%s without a reason", l.Term)
				}
			}
		})
	}
}

func TestWithoutAnOntologyADiseaseIsItself(t *testing.T) {
	terms := []string{"DUO:0000007", diabetes}
	if got, _ := duo.Match(terms, use(duo.Disease, diabetes), nil); got != duo.Allow {
		t.Errorf("the same disease: %s", got)
	}
	if got, _ := duo.Match(terms, use(duo.Disease, typeTwo), nil); got != duo.Deny {
		t.Errorf("a kind of it: %s", got)
	}
}

// all are the terms that mean something.
var all = []string{
	"DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011", diabetes, alzheimer,
	"DUO:0000045", "DUO:0000046", "DUO:0000018", "DUO:0000015", "DUO:0000044", "DUO:0000016", "DUO:0000026=Alice", "DUO:0000027=hearts",
	"DUO:0000028=Elsewhere", "DUO:0000025=2030-01-01", "DUO:0000024=2020-01-01", "DUO:0000012", "DUO:0000021", "DUO:9999999",
}

var permissions = []string{"DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011", diabetes, alzheimer}

func drawUse(r *rapid.T) duo.Use {
	u := use(rapid.SampledFrom([]duo.Purpose{duo.Unsaid, duo.General, duo.Health, duo.Disease, duo.Ancestry, duo.Methods}).Draw(r, "purpose"))
	if u.Purpose == duo.Disease {
		u.Diseases = rapid.SliceOfN(rapid.SampledFrom([]string{metabolic, diabetes, typeTwo, alzheimer}), 1, 2).Draw(r, "diseases")
	}
	u.Commercial, u.NonProfit = rapid.Bool().Draw(r, "commercial"), rapid.Bool().Draw(r, "non-profit")
	return u
}

func drawTerms(r *rapid.T) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, 6, rapid.ID[string]).Draw(r, "terms")
}

func TestWhatNeverWidensAConsent(t *testing.T) {
	match := func(terms []string, u duo.Use) duo.Verdict { v, _ := duo.Match(terms, u, known); return v }
	t.Run("another order", rapid.MakeCheck(func(r *rapid.T) {
		terms, u := drawTerms(r), drawUse(r)
		if a, b := match(terms, u), match(rapid.Permutation(terms).Draw(r, "order"), u); a != b {
			r.Fatalf("%s and %s", a, b)
		}
	}))
	t.Run("one restriction more", rapid.MakeCheck(func(r *rapid.T) {
		terms, u := drawTerms(r), drawUse(r)
		more := rapid.SampledFrom(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(permissions, s) })).Draw(r, "more")
		if a, b := match(terms, u), match(append(slices.Clone(terms), more), u); b > a {
			r.Fatalf("%s with %s and %s without", b, more, a)
		}
	}))
	t.Run("one permission less", rapid.MakeCheck(func(r *rapid.T) {
		terms, u := drawTerms(r), drawUse(r)
		for i, term := range terms {
			if !slices.Contains(permissions, term) {
				continue
			}
			if a, b := match(terms, u), match(slices.Delete(slices.Clone(terms), i, i+1), u); b > a {
				r.Fatalf("%s without %s and %s with it", b, term, a)
			}
		}
	}))
	t.Run("a wider disease", rapid.MakeCheck(func(r *rapid.T) {
		terms, u := drawTerms(r), drawUse(r)
		u.Purpose, u.Diseases = duo.Disease, []string{typeTwo}
		narrow := match(terms, u)
		for _, wider := range []string{diabetes, metabolic} {
			u.Diseases = []string{wider}
			if v := match(terms, u); v > narrow {
				r.Fatalf("%s for %s and %s for a kind of it", v, wider, narrow)
			}
		}
		u.Purpose, u.Diseases = duo.Health, nil
		if v := match(terms, u); v > narrow {
			r.Fatalf("%s for health and %s for a disease", v, narrow)
		}
	}))
	t.Run("commerce", rapid.MakeCheck(func(r *rapid.T) {
		terms, u := drawTerms(r), drawUse(r)
		u.Commercial = false
		a := match(terms, u)
		u.Commercial = true
		if b := match(terms, u); b > a {
			r.Fatalf("%s with and %s without", b, a)
		}
	}))
}

func TestVerdictsReadAsWords(t *testing.T) {
	if fmt.Sprint(duo.Deny, duo.Ask, duo.Allow) != "deny ask allow" {
		t.Error(duo.Deny, duo.Ask, duo.Allow)
	}
}
