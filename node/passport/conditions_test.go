package passport_test

import (
	"testing"

	"github.com/locus-genomics/locus/node/passport"
)

// The examples of the Passport specification, sections conditions and Pattern Matching,
// and what follows from their sentences.
func TestConditions(t *testing.T) {
	faculty := object{"type": "AffiliationAndRole", "value": "const:faculty@uni.example", "by": "const:so"}
	status := object{"type": "ResearcherStatus", "value": "const:" + registered}
	never := object{"type": "ResearcherStatus", "value": "const:other"}
	affiliated := func(value string) object { return object{"type": "AffiliationAndRole", "value": value} }
	linkedTo := func(value string) object { return object{"type": "LinkedIdentities", "value": value} }
	for _, tt := range []struct {
		name       string
		conditions []any
		want       bool
	}{
		{"one clause", []any{[]any{faculty}}, true},
		{"two clauses, met by two visas", []any{[]any{faculty, status}}, true},
		{"two clauses, one not met", []any{[]any{faculty, never}}, false},
		{"two lists, the second met", []any{[]any{never}, []any{faculty}}, true},
		{"two lists, the first met", []any{[]any{faculty}, []any{never}}, true},
		{"two lists, none met", []any{[]any{never, faculty}, []any{never}}, false},
		{"a list that asks for an unknown comparison, and one that is met", []any{[]any{affiliated("regexp:.*")}, []any{faculty}}, true},
		{"a claim that is not there", []any{[]any{object{"type": "ResearcherStatus", "by": "const:so"}}}, false},
		{"a claim that is not there, by a pattern that meets anything", []any{[]any{object{"type": "ResearcherStatus", "by": "pattern:*"}}}, false},
		{"claims of one visa alone", []any{[]any{object{"type": "AffiliationAndRole", "value": "const:faculty@uni.example", "by": "const:system"}}}, false},
		{"const with a star", []any{[]any{affiliated("const:faculty@*")}}, false},
		{"const in capitals", []any{[]any{affiliated("const:Faculty@uni.example")}}, false},
		{"pattern with a star", []any{[]any{affiliated("pattern:faculty@*")}}, true},
		{"pattern with a star for nothing", []any{[]any{affiliated("pattern:*faculty@uni.example*")}}, true},
		{"pattern with a question mark", []any{[]any{affiliated("pattern:facult?@uni.example")}}, true},
		{"pattern with a question mark for nothing", []any{[]any{affiliated("pattern:faculty?@uni.example")}}, false},
		{"pattern that has to go back", []any{[]any{affiliated("pattern:*@*i.example")}}, true},
		{"pattern for the beginning", []any{[]any{affiliated("pattern:faculty")}}, false},
		{"pattern with a bracket is text", []any{[]any{affiliated("pattern:[f]aculty@*")}}, false},
		{"pattern of colons", []any{[]any{object{"type": "ResearcherStatus", "value": "pattern:https:*:*"}}}, false},
		{"split_pattern for one of the parts", []any{[]any{linkedTo("split_pattern:alice-?,https:%2F%2Fdac.example")}}, false},
		{"split_pattern as it is encoded", []any{[]any{linkedTo("split_pattern:alice-?,https%3A%2F%2Fdac.example")}}, true},
		{"pattern over parts", []any{[]any{linkedTo("pattern:alice-d,*")}}, false},
		{"split_pattern over two parts", []any{[]any{linkedTo("split_pattern:alice-u*dac.example")}}, false},
		{"split_pattern of one part", []any{[]any{affiliated("split_pattern:faculty@*")}}, true},
		{"source", []any{[]any{object{"type": "AffiliationAndRole", "source": "const:https://uni.example"}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			grant := w.grant()
			grant.Conditions = tt.conditions
			got, err := w.check(w.passport(w.links(), w.uni.Visa(w.affiliation(), now), w.uni.Visa(w.status(), now), w.dac.Visa(grant, now)))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(got.Of(passport.ControlledAccessGrants)) == 1; got != tt.want {
				t.Errorf("met: %v, want %v", got, tt.want)
			}
			if !tt.want && (len(got.Passed) != 1 || got.Passed[0] != passport.Passed{Index: 3, Reason: passport.ConditionsUnmet}) {
				t.Errorf("passed over: %v", got.Passed)
			}
		})
	}
}

// What a condition rests on has to be accepted here.
func TestConditionsRestOnFactsOnly(t *testing.T) {
	ask := []any{[]any{object{"type": "AffiliationAndRole", "value": "const:faculty@uni.example"}}}
	for _, tt := range []struct {
		name string
		visa func(w *world) string
	}{
		{"a visa that is over", func(w *world) string {
			v := w.affiliation()
			v.Issued, v.Expires = now.AddDate(0, 0, -2), now.AddDate(0, 0, -1)
			return w.uni.Visa(v, now)
		}},
		{"a visa that is forged", func(w *world) string { return w.evil.Sign(w.uni.VisaHeader(), w.uni.VisaClaims(w.affiliation(), now)) }},
		{"a visa of an issuer that is not on the list", func(w *world) string { return w.evil.Visa(w.affiliation(), now) }},
		{"a source that is not on the list", func(w *world) string { v := w.affiliation(); v.Source = dacURL; return w.uni.Visa(v, now) }},
		{"a visa of another person", func(w *world) string { v := w.affiliation(); v.Subject = "bob-u"; return w.uni.Visa(v, now) }},
		{"a visa that has conditions itself, which are met", func(w *world) string {
			v := w.affiliation()
			v.Conditions = []any{[]any{object{"type": "LinkedIdentities", "by": "const:system"}}}
			return w.uni.Visa(v, now)
		}},
		{"a visa with an empty list of conditions", func(w *world) string { v := w.affiliation(); v.Conditions = []any{}; return w.uni.Visa(v, now) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			grant := w.grant()
			grant.Conditions = ask
			got, err := w.check(w.passport(w.links(), tt.visa(w), w.dac.Visa(grant, now)))
			if err != nil || len(got.Of(passport.ControlledAccessGrants)) > 0 {
				t.Errorf("%v, %v", got.Facts, err)
			}
		})
	}
}
