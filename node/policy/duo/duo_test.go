package duo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/policy/duo"
)

// kinds are the diseases of a small ontology: type 1 and type 2 diabetes are kinds of
// diabetes, which is a kind of metabolic disease.
type kinds struct{}

const (
	metabolic = "MONDO:0005066"
	diabetes  = "MONDO:0005015"
	typeTwo   = "MONDO:0005148"
	alzheimer = "MONDO:0004975"
	old       = "MONDO:0000999" // obsolete, replaced by typeTwo
	gone      = "MONDO:0000998" // obsolete, without a successor
)

var above = map[string]string{typeTwo: diabetes, diabetes: metabolic, metabolic: "", alzheimer: ""}

func (kinds) Current(t string) (string, bool) {
	if t == old {
		return typeTwo, true
	}
	_, ok := above[t]
	return t, ok
}

func (kinds) Within(disease, other string) bool {
	for ; disease != ""; disease = above[disease] {
		if disease == other {
			return true
		}
	}
	return false
}

func (kinds) Ancestors(disease string) (all []string) {
	for disease = above[disease]; disease != ""; disease = above[disease] {
		all = append(all, disease)
	}
	return all
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// asks is a request for purposes, of which nothing else is known but who asks, and when.
func asks(purposes string, changes ...func(*duo.Request)) duo.Request {
	r := duo.Request{
		Purposes: strings.Fields(purposes), Genetic: duo.Yes, Institution: "Elsewhere", Project: "lipids", User: "alice",
		Regions: []string{"CH", "EFTA"}, Time: noon,
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

// The words for purposes.
const (
	anything = "GRU"
	health   = "DUO:0000037"
	genes    = "DUO:0000038"
	drugs    = "DUO:0000039"
	category = "DUO:0000040"
	people   = "DUO:0000032"
	origins  = "DUO:0000033"
	method   = "DUO:0000031"
	aging    = "DUO:0000034"
	sexes    = "DUO:0000035"
	controls = "DUO:0000036"
	ofTwo    = "DUO:0000036=" + typeTwo
	ofAlz    = "DUO:0000036=" + alzheimer
)

// Every place of the table of permissions, one row a permission.
func TestPermissionsOverEveryUse(t *testing.T) {
	columns := []string{anything, health, genes, drugs, category, typeTwo, alzheimer, people, origins, method, aging, sexes, controls, ofTwo, ofAlz}
	for _, tt := range []struct{ name, consent, want string }{
		{"no restriction covers whatever is asked", "NRES", "A A A A A A A A A A A A A A A"},
		{"general research covers whatever is asked", "GRU", "A A A A A A A A A A A A A A A"},
		{"biomedical research covers itself and what is within it", "HMB", "- A A A A A A - - A ? ? - A A"},
		{"one disease covers that and its kinds", "DS=" + diabetes, "- - - - - A - - - ? - - - A -"},
		{"two diseases cover both", "DS=" + diabetes + "|" + alzheimer, "- - - - - A A - - ? - - - A A"},
		{"a disease in a term of its own is that of DS", "DS " + diabetes, "- - - - - A - - - ? - - - A -"},
		{"ancestry only covers ancestry", "POA", "- - - - - - - A A - - - - - -"},
		{"two permissions cover what either does", "HMB POA", "- A A A A A A A A A ? ? - A A"},
		{"no permission covers nothing", "", "- - - - - - - - - - - - - - -"},
		{"a modifier alone permits nothing", "GSO", "- - - - - - - - - - - - - - -"},
		{"a disease without its permission permits nothing", diabetes, "- - - - - - - - - - - - - - -"},
		{"a disease that is not named covers nothing", "DS", "- - - - - - - - - - - - - - -"},
		{"methods and any research are what NMDS excludes", "GRU NMDS", "- A A A A A A A A - A A A A A"},
		{"with NMDS nothing is left to ask of DS", "DS=" + diabetes + " NMDS", "- - - - - A - - - - - - - A -"},
		{"ancestry and any research are what NPOA excludes", "GRU NPOA", "- A A A A A A - - A A A A A A"},
		{"ancestry only, and never ancestry, contradict each other", "POA NPOA", "- - - - - - - - - - - - - - -"},
		{"a modifier holds for data without restriction too", "NRES NMDS NPOA", "- A A A A A A - - - A A A A A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := strings.Fields(tt.want)
			if len(want) != len(columns) {
				t.Fatalf("%d places for %d uses", len(want), len(columns))
			}
			for i, purpose := range columns {
				d := duo.Match(strings.Fields(tt.consent), asks(purpose), kinds{})
				if got := map[duo.Verdict]string{duo.Deny: "-", duo.Ask: "?", duo.Allow: "A"}[d.Verdict]; got != want[i] {
					t.Errorf("%s for %s: got %s, want %s: %v", tt.consent, purpose, got, want[i], d.Lines)
				}
			}
		})
	}
}

func TestModifiers(t *testing.T) {
	set := func(change func(*duo.Request)) func(*duo.Request) { return change }
	charity := set(func(r *duo.Request) { r.NonProfit = duo.Yes })
	company := set(func(r *duo.Request) { r.NonProfit = duo.No })
	sold := set(func(r *duo.Request) { r.Commercial = duo.Yes })
	free := set(func(r *duo.Request) { r.Commercial = duo.No })
	for _, tt := range []struct {
		name, modifier string
		facts          []func(*duo.Request)
		want           duo.Verdict
	}{
		{"non-profit, of an organisation that is", "NPU", []func(*duo.Request){charity}, duo.Allow},
		{"non-profit, of one that is not", "NPU", []func(*duo.Request){company}, duo.Deny},
		{"non-profit, of one that nobody has verified", "NPU", nil, duo.Deny},
		{"non-profit lets a charity earn", "NPU", []func(*duo.Request){charity, sold}, duo.Allow},
		{"non-commercial, of a use that is", "NCU", []func(*duo.Request){free}, duo.Allow},
		{"non-commercial, of a use that is not", "NCU", []func(*duo.Request){sold}, duo.Deny},
		{"non-commercial, of a use that does not say", "NCU", nil, duo.Deny},
		{"non-commercial lets a company ask", "NCU", []func(*duo.Request){free, company}, duo.Allow},
		{"neither, of a charity that does not earn", "NPUNCU", []func(*duo.Request){charity, free}, duo.Allow},
		{"neither, of a charity that earns", "NPUNCU", []func(*duo.Request){charity, sold}, duo.Deny},
		{"neither, of a company that does not earn", "NPUNCU", []func(*duo.Request){company, free}, duo.Deny},
		{"neither, of somebody unknown", "NPUNCU", []func(*duo.Request){free}, duo.Deny},
		{"genetic studies, of genotypes", "GSO", nil, duo.Allow},
		{"genetic studies, of phenotypes", "GSO", []func(*duo.Request){func(r *duo.Request) { r.Genetic = duo.No }}, duo.Deny},
		{"genetic studies, of what is not said", "GSO", []func(*duo.Request){func(r *duo.Request) { r.Genetic = duo.Unknown }}, duo.Deny},
		{"ethics approval that is there", "IRB", []func(*duo.Request){func(r *duo.Request) { r.Ethics = duo.Yes }}, duo.Allow},
		{"ethics approval that is not there", "IRB", []func(*duo.Request){func(r *duo.Request) { r.Ethics = duo.No }}, duo.Deny},
		{"ethics approval that nobody speaks of", "IRB", nil, duo.Ask},
		{"collaboration that is agreed", "COL", []func(*duo.Request){func(r *duo.Request) { r.Collaboration = duo.Yes }}, duo.Allow},
		{"collaboration that is refused", "COL", []func(*duo.Request){func(r *duo.Request) { r.Collaboration = duo.No }}, duo.Deny},
		{"collaboration that nobody speaks of", "COL", nil, duo.Ask},
		{"publication that is promised", "PUB", []func(*duo.Request){func(r *duo.Request) { r.Publication = duo.Yes }}, duo.Allow},
		{"publication that is refused", "PUB", []func(*duo.Request){func(r *duo.Request) { r.Publication = duo.No }}, duo.Deny},
		{"publication that nobody speaks of", "PUB", nil, duo.Ask},
		{"return of data that is promised", "RTN", []func(*duo.Request){func(r *duo.Request) { r.Return = duo.Yes }}, duo.Allow},
		{"return of data that is refused", "RTN", []func(*duo.Request){func(r *duo.Request) { r.Return = duo.No }}, duo.Deny},
		{"return of data that nobody speaks of", "RTN", nil, duo.Ask},
		{"a moratorium that is over", "MOR=2026-11-25", nil, duo.Allow},
		{"a moratorium that somebody keeps", "MOR=2026-11-26", []func(*duo.Request){func(r *duo.Request) { r.Moratorium = duo.Yes }}, duo.Allow},
		{"a moratorium that somebody does not keep", "MOR=2026-11-26", []func(*duo.Request){func(r *duo.Request) { r.Moratorium = duo.No }}, duo.Deny},
		{"a moratorium that nobody speaks of", "MOR=2026-11-26", nil, duo.Ask},
		{"a moratorium without a day", "MOR", nil, duo.Ask},
		{"a moratorium until some day", "MOR=soon", nil, duo.Deny},
		{"time before the last day", "TS=2026-11-26", nil, duo.Allow},
		{"time on the day after the last", "TS=2026-11-25", nil, duo.Deny},
		{"time without a day", "TS", nil, duo.Ask},
		{"time with two days", "TS=2026-11-26|2027-11-26", nil, duo.Deny},
		{"time of a request that does not say when", "TS=2026-11-26", []func(*duo.Request){func(r *duo.Request) { r.Time = time.Time{} }}, duo.Deny},
		{"two last days, one of them over", "TS=2026-11-26 TS=2026-11-24", nil, duo.Deny},
		{"a region that the use lies in", "GS=DE|EFTA", nil, duo.Allow},
		{"a region that it does not lie in", "GS=DE", nil, duo.Deny},
		{"a region that is not named", "GS", nil, duo.Ask},
		{"a region of a use that lies nowhere", "GS=DE", []func(*duo.Request){func(r *duo.Request) { r.Regions = nil }}, duo.Deny},
		{"the named user", "US=alice|bob", nil, duo.Allow},
		{"another user", "US=bob", nil, duo.Deny},
		{"a user in other letters", "US=Alice", nil, duo.Deny},
		{"a user who is not named", "US", nil, duo.Ask},
		{"a request of nobody", "US=alice", []func(*duo.Request){func(r *duo.Request) { r.User = "" }}, duo.Deny},
		{"the named project", "PS=lipids", nil, duo.Allow},
		{"another project", "PS=hearts", nil, duo.Deny},
		{"the named institution", "IS=Elsewhere", nil, duo.Allow},
		{"another institution", "IS=Here", nil, duo.Deny},
		{"a restriction in words", "RS", nil, duo.Ask},
		{"a restriction in words that are given", "RS=liver only", nil, duo.Ask},
		{"clinical care", "CC", nil, duo.Ask},
		{"no methods, of a use for health", "NMDS", nil, duo.Allow},
		{"the double spelling of NPOA", "DUO_00000044", []func(*duo.Request){func(r *duo.Request) { r.Purposes = []string{origins} }}, duo.Deny},
		{"the IRI of NPOA", "http://purl.obolibrary.org/obo/DUO_00000044", nil, duo.Allow},
		{"the worst of two modifiers", "COL NCU", []func(*duo.Request){sold}, duo.Deny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			consent := []string{"GRU", tt.modifier}
			if !strings.Contains(tt.modifier, "liver") {
				consent = append([]string{"GRU"}, strings.Fields(tt.modifier)...)
			}
			d := duo.Match(consent, asks(health, tt.facts...), kinds{})
			if d.Verdict != tt.want {
				t.Errorf("got %s, want %s: %v", d.Verdict, tt.want, d.Lines)
			}
			explained(t, d)
		})
	}
}

func TestWhatCannotBeComparedIsDenied(t *testing.T) {
	for _, tt := range []struct {
		name, consent, purposes string
		want                    duo.Verdict
	}{
		{"a code that nobody knows", "NRES DUO:9999999", health, duo.Deny},
		{"an abbreviation that nobody knows", "NRES NAGR", health, duo.Deny},
		{"an obsolete code", "NRES DUO:0000005", health, duo.Deny},
		{"a purpose in place of a permission", "NRES DUO:0000037", health, duo.Deny},
		{"a category in place of a permission", "NRES DUO:0000001", health, duo.Deny},
		{"a permission that names something", "NRES GRU=anything", health, duo.Deny},
		{"a disease that is not one", "DS=diabetes", typeTwo, duo.Deny},
		{"a disease that nobody knows", "GRU DS=MONDO:1234567", typeTwo, duo.Deny},
		{"a disease that is gone", "DS=" + gone, gone, duo.Deny},
		{"a disease by its old name", "DS=" + diabetes, old, duo.Allow},
		{"a consent by a disease's old name", "DS=" + old, typeTwo, duo.Allow},
		{"an old name without a successor", "GRU", gone, duo.Deny},
		{"no purpose", "NRES", "", duo.Deny},
		{"a purpose that nobody knows", "NRES", "DUO:0000099", duo.Deny},
		{"a modifier in place of a purpose", "NRES", "GSO", duo.Deny},
		{"a purpose that names what it cannot", "NRES", health + "=" + typeTwo, duo.Deny},
		{"a control of something that is no disease", "NRES", controls + "=everybody", duo.Deny},
		{"a purpose that is covered beside one that is not", "HMB", health + " " + origins, duo.Deny},
		{"two purposes that different permissions cover", "HMB POA", health + " " + origins, duo.Allow},
		{"more terms than anybody needs", strings.TrimSpace(strings.Repeat("GRU ", 65)), health, duo.Deny},
		{"more purposes than anybody has", "GRU", strings.TrimSpace(strings.Repeat(health+" ", 33)), duo.Deny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := duo.Match(strings.Fields(tt.consent), asks(tt.purposes), kinds{})
			if d.Verdict != tt.want {
				t.Errorf("got %s, want %s: %v", d.Verdict, tt.want, d.Lines)
			}
			explained(t, d)
		})
	}
}

// explained requires that every line has its reason, and that the verdict is one of theirs.
func explained(t *testing.T, d duo.Decision) {
	t.Helper()
	if len(d.Lines) == 0 || !slices.ContainsFunc(d.Lines, func(l duo.Line) bool { return l.Verdict == d.Verdict }) {
		t.Errorf("%s, which no line says: %v", d.Verdict, d.Lines)
	}
	for _, l := range d.Lines {
		if l.Why == "" || l.Verdict != duo.Allow && l.Fact == "" && l.Code == "" && !strings.Contains(l.Why, "consent") {
			t.Errorf("a line without a reason: %+v", l)
		}
	}
}

func TestALineSaysCodeVerdictReasonAndFact(t *testing.T) {
	d := duo.Match([]string{"DS=" + diabetes, "NCU"}, asks(metabolic), kinds{})
	want := []string{
		"deny  DS     it is neither MONDO:0005015, nor a kind of it (purpose MONDO:0005066)",
		"deny  NCU    the request does not say that the use is not commercial (commercial use unknown)",
	}
	for i, l := range d.Lines {
		if i >= len(want) || l.String() != want[i] {
			t.Errorf("line %d: %q", i, l)
		}
	}
}

func TestWithoutAnOntologyADiseaseIsItselfAlone(t *testing.T) {
	if got := duo.Match([]string{"DS=" + diabetes}, asks(diabetes), nil); got.Verdict != duo.Allow {
		t.Errorf("the same disease: %v", got)
	}
	if got := duo.Match([]string{"DS=" + diabetes}, asks(typeTwo), nil); got.Verdict != duo.Deny {
		t.Errorf("a kind of it: %v", got)
	}
}

func TestWithinIsWhatAllPurposesLieIn(t *testing.T) {
	for _, tt := range []struct{ name, purposes, want string }{
		{"a disease", typeTwo, "DUO:0000037 DUO:0000040 DUO:0000042 " + diabetes + " " + metabolic + " " + typeTwo},
		{"two diseases", typeTwo + " " + alzheimer, "DUO:0000037 DUO:0000040 DUO:0000042"},
		{"health", health, "DUO:0000037 DUO:0000042"},
		{"genes and drugs", genes + " " + drugs, "DUO:0000037 DUO:0000042"},
		{"health and ancestry", health + " " + origins, "DUO:0000042"},
		{"the control of a disease", ofTwo, "DUO:0000036 DUO:0000036=" + typeTwo + " DUO:0000042"},
		{"nothing", "", ""},
		{"something unknown beside health", health + " nonsense", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(duo.Within(strings.Fields(tt.purposes), kinds{}), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestATermWithoutACodeIsNone(t *testing.T) {
	for _, text := range []string{"", " ", "=CH", "  =2030-12-31"} {
		if term, err := duo.ParseTerm(text); err == nil {
			t.Errorf("%q is %v", text, term)
		}
	}
}
