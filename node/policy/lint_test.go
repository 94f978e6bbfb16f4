package policy_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/policy"
)

// sound is a permit that no lint has anything to say of, but that it is not the only one.
const sound = `principal.organisation == "Elsewhere" && resource.sizeClass >= 100 && context.within.contains("DUO:0000037") && context.variants <= 1000 && context.time < datetime("2027-01-01")`

func TestLint(t *testing.T) {
	private := func(cond string) string {
		return fmt.Sprintf(`@id("a") @reason("x") @verdict("ask") permit(principal, action == Action::"dp", resource) when { %s };`, cond)
	}
	exact := func(cond string) string {
		return fmt.Sprintf(`@id("a") @reason("x") @verdict("ask") permit(principal, action == Action::"exact", resource) when { %s };`, cond)
	}
	const cost = ` && context.microEpsilon <= 1000000 && context.deltaExponent >= 9`
	without := func(part string) string { return strings.Replace(sound+cost, part, "true", 1) }
	for _, tt := range []struct{ name, policy, want string }{
		{"a sound private permit", private(sound + cost), ""},
		{"a sound exact permit", exact(sound + " && context.granted"), ""},
		{"nothing", `@id("a") @reason("x") forbid(principal, action, resource);`, "nothing-permitted"},
		{"a permit of everything", `@id("a") permit(principal, action, resource);`,
			"no-reason no-condition exact-automatic no-organisation no-minimum-cohort no-purpose no-variant-bound no-expiry exact-open no-budget-bound no-delta-bound all-automatic"},
		{"everything automatic", strings.Replace(private(sound+cost), `@verdict("ask")`, "", 1), "all-automatic"},
		{"exact counts without asking", strings.Replace(exact(sound+" && context.granted"), `@verdict("ask")`, "", 1), "exact-automatic all-automatic"},
		{"exact counts without a grant", exact(sound), "exact-open"},
		{"exact counts if there is no grant", exact(sound + " && !context.granted"), "exact-open"},
		{"a grant that is compared", exact(sound + " && context.granted == true"), ""},
		{"a grant that is compared with no", exact(sound + " && context.granted == false"), "exact-open"},
		{"no organisation", private(without(`principal.organisation == "Elsewhere"`)), "no-organisation"},
		{"an organisation in the scope", strings.Replace(private(without(`principal.organisation == "Elsewhere"`)), "(principal,", `(principal in Organisation::"Elsewhere",`, 1), ""},
		{"an organisation in a list", private(without(`principal.organisation == "Elsewhere"`) + ` && ["A", "B"].contains(principal.organisation)`), ""},
		{"a visa in place of an organisation", private(without(`principal.organisation == "Elsewhere"`) + ` && principal.visas.containsAny(["x"])`), ""},
		{"all organisations but one", private(without(`principal.organisation == "Elsewhere"`) + ` && principal.organisation != "Nowhere"`), "no-organisation"},
		{"all organisations but those of a list", private(without(`principal.organisation == "Elsewhere"`) + ` && !["A"].contains(principal.organisation)`), "no-organisation"},
		{"an organisation compared with itself", private(without(`principal.organisation == "Elsewhere"`) + ` && principal.organisation == principal.organisation`), "no-organisation"},
		{"no minimum", private(without("resource.sizeClass >= 100")), "no-minimum-cohort"},
		{"a minimum that is none", private(without("resource.sizeClass >= 100") + " && resource.sizeClass >= 5"), "no-minimum-cohort"},
		{"a minimum the other way round", private(without("resource.sizeClass >= 100") + " && 19 < resource.sizeClass"), ""},
		{"a minimum as a maximum", private(without("resource.sizeClass >= 100") + " && resource.sizeClass <= 100"), "no-minimum-cohort"},
		{"a minimum in one of two ways", private(without("resource.sizeClass >= 100") + ` && (resource.sizeClass >= 100 || resource.region == "x")`), "no-minimum-cohort"},
		{"a minimum in both of two ways", private(without("resource.sizeClass >= 100") + ` && (resource.sizeClass >= 100 || resource.sizeClass == 20)`), ""},
		{"a minimum by the opposite", private(without("resource.sizeClass >= 100") + ` && !(resource.sizeClass < 100 || resource.region == "x")`), ""},
		{"a minimum by unless", strings.Replace(private(without("resource.sizeClass >= 100")), "};", "} unless { resource.sizeClass < 50 };", 1), ""},
		{"a minimum by an if", private(without("resource.sizeClass >= 100") + ` && (if resource.region == "x" then resource.sizeClass >= 100 else false)`), ""},
		{"a minimum that everybody is forbidden to miss", private(without("resource.sizeClass >= 100")) + `@id("b") @reason("x") forbid(principal, action, resource) when { resource.sizeClass < 20 };`, ""},
		{"a minimum that somebody is forbidden to miss", private(without("resource.sizeClass >= 100")) + `@id("b") @reason("x") forbid(principal in Organisation::"A", action, resource) when { resource.sizeClass < 20 };`, "no-minimum-cohort"},
		{"a minimum that is forbidden in the other mode", private(without("resource.sizeClass >= 100")) + `@id("b") @reason("x") forbid(principal, action == Action::"exact", resource) when { resource.sizeClass < 20 };`, "no-minimum-cohort"},
		{"a minimum that a condition more lets pass", private(without("resource.sizeClass >= 100")) + `@id("b") @reason("x") forbid(principal, action, resource) when { resource.sizeClass < 20 && context.granted };`, "no-minimum-cohort"},
		{"no purpose", private(without(`context.within.contains("DUO:0000037")`)), "no-purpose"},
		{"a purpose beside others", private(without(`context.within.contains("DUO:0000037")`) + ` && context.purposes.contains("DUO:0000037")`), "no-purpose"},
		{"a list that has all purposes", private(without(`context.within.contains("DUO:0000037")`) + ` && ["DUO:0000037", "DUO:0000038"].containsAll(context.purposes)`), ""},
		{"purposes within one of several", private(without(`context.within.contains("DUO:0000037")`) + ` && context.within.containsAny(["DUO:0000037", "DUO:0000033"])`), ""},
		{"roles that are among those of a list, or none", private(without(`principal.organisation == "Elsewhere"`) + ` && ["faculty"].containsAll(principal.roles)`), "no-organisation"},
		{"no bound on variants", private(without("context.variants <= 1000")), "no-variant-bound"},
		{"no end", private(without(`context.time < datetime("2027-01-01")`)), "no-expiry"},
		{"a beginning for an end", private(without(`context.time < datetime("2027-01-01")`) + ` && context.time > datetime("2026-01-01")`), "no-expiry"},
		{"no bound on epsilon", private(without("context.microEpsilon <= 1000000")), "no-budget-bound"},
		{"an epsilon that tells nearly all", private(without("context.microEpsilon <= 1000000") + " && context.microEpsilon < 50000000"), "no-budget-bound"},
		{"no bound on delta", private(without("context.deltaExponent >= 9")), "no-delta-bound"},
		{"one rule for both modes, told apart in it", `@id("a") @reason("x") @verdict("ask") permit(principal, action, resource) when { ` + sound + ` && (action == Action::"dp" || context.granted) };`, "no-budget-bound no-delta-bound"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range parse(t, tt.policy).Lint() {
				got = append(got, f.Name)
				if f.Text == "" || f.Policy != "" && !strings.HasPrefix(f.Place, "site.cedar:") {
					t.Errorf("a finding that says too little: %+v", f)
				}
			}
			want := strings.Fields(tt.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// drawCondition is a random condition over few facts.
func drawCondition(r *rapid.T, depth int) string {
	part := func() string { return "(" + drawCondition(r, depth-1) + ")" }
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 5).Draw(r, "shape")
	}
	switch shape {
	case 1, 2:
		return part() + " && " + part()
	case 3:
		return part() + " || " + part()
	case 4:
		return "!" + part()
	case 5:
		return "if " + part() + " then " + part() + " else " + part()
	}
	return rapid.SampledFrom([]string{
		"resource.sizeClass >= 20", "20 > resource.sizeClass", "resource.sizeClass == 20", "context.granted", "context.granted == false",
		`action == Action::"dp"`, `action != Action::"dp"`, `action in Action::"query"`, "true", "false",
	}).Draw(r, "fact")
}

// What a lint does not name is required in truth: no request without it passes.
func TestWhatLintDoesNotNameIsRequired(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := parse(t, fmt.Sprintf(`@id("a") permit(principal, action, resource) when { %s } unless { %s };
@id("b") forbid(principal, action, resource) when { %s };`, drawCondition(r, 3), drawCondition(r, 2), drawCondition(r, 2)))
		var named []string
		for _, f := range p.Lint() {
			named = append(named, f.Name)
		}
		for _, size := range []int64{10, 100} {
			for _, grant := range []bool{false, true} {
				for _, mode := range []string{policy.Exact, policy.Private} {
					q := private(func(q *policy.Request) { q.Cohort.SizeClass, q.Granted = size, grant })
					if mode == policy.Exact {
						exact(&q)
					}
					if p.Decide(q).Verdict == policy.Deny {
						continue
					}
					if size < 20 && !slices.Contains(named, "no-minimum-cohort") {
						r.Fatalf("10 people pass, and lint names %v", named)
					}
					if !grant && mode == policy.Exact && !slices.Contains(named, "exact-open") {
						r.Fatalf("exact counts pass without a grant, and lint names %v", named)
					}
				}
			}
		}
	})
}

// document is what custodians read.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/reference/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryLintIsDocumented(t *testing.T) {
	source, err := os.ReadFile("lint.go")
	if err != nil {
		t.Fatal(err)
	}
	text, seen := document(t), 0
	for _, name := range regexp.MustCompile(`"((?:no|exact|all|nothing)-[a-z-]+|placeholder)"`).FindAllStringSubmatch(string(source), -1) {
		if seen++; !strings.Contains(text, "\n| `"+name[1]+"` | ") {
			t.Errorf("%s is not described", name[1])
		}
	}
	if seen < 14 {
		t.Errorf("the test sees %d names only", seen)
	}
}

func TestEveryAttributeIsDocumented(t *testing.T) {
	text, seen := document(t), 0
	of := ""
	for line := range strings.SplitSeq(policy.Schema, "\n") {
		switch {
		case strings.HasPrefix(line, "entity Researcher"):
			of = "principal"
		case strings.HasPrefix(line, "entity Cohort"):
			of = "resource"
		case strings.HasPrefix(line, "action"):
			of = "context"
		}
		for _, name := range regexp.MustCompile(`(\w+): (?:String|Long|Bool|Set|datetime|Verdict)`).FindAllStringSubmatch(line, -1) {
			if seen++; !strings.Contains(text, "\n| `"+of+"."+name[1]+"` | ") {
				t.Errorf("%s.%s is not described", of, name[1])
			}
		}
	}
	if seen < 20 {
		t.Errorf("the test sees %d attributes only", seen)
	}
}
