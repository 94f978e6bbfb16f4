package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/policy"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// parse reads one file of policies.
func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]policy.File{{Name: "site.cedar", Text: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// private is a question that most policies allow.
func private(changes ...func(*policy.Request)) policy.Request {
	r := policy.Request{
		Researcher: policy.Researcher{Name: "alice", Organisation: "Elsewhere", Country: "CH", Roles: []string{"faculty"}},
		Cohort:     policy.Cohort{Name: "controls", Duo: []string{"DUO:0000042"}, Region: "eu-central-1", SizeClass: 500},
		Study:      "lipids", Mode: policy.Private, Analysis: "af/1", Variants: 100, MicroEpsilon: 1_000_000, DeltaExponent: 9,
		Purposes: []string{"DUO:0000037"}, Within: []string{"DUO:0000037", "DUO:0000042"}, Time: noon, DataUse: policy.Allow,
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func exact(r *policy.Request) { r.Mode, r.MicroEpsilon, r.DeltaExponent = policy.Exact, 0, 0 }

const (
	members = `@id("members") permit(principal in Organisation::"Elsewhere", action in Action::"query", resource);`
	askIt   = `@id("ask") @verdict("ask") permit(principal, action == Action::"exact", resource);`
	never   = `@id("never") @reason("not here") forbid(principal, action, resource) when { principal.country == "XX" };`
	small   = `@id("small") forbid(principal, action, resource) when { resource.sizeClass < 100 };`
	cheap   = `@id("cheap") permit(principal, action == Action::"dp", resource) when { context.microEpsilon <= 1000000 && context.deltaExponent >= 9 };`
	until   = `@id("until") permit(principal, action, resource) when { context.time < datetime("2026-12-01") };`
	covered = `@id("covered") permit(principal, action, resource) when { context.consent == Verdict::"allow" };`
	asks    = `@id("asks") @verdict("ask") permit(principal, action, resource) when { context.within.contains("DUO:0000037") };`
	broken  = `@id("broken") forbid(principal, action, resource) when { context.variants * 9223372036854775807 > 5 };`
)

func TestDecisions(t *testing.T) {
	for _, tt := range []struct {
		name, policy string
		request      policy.Request
		want         policy.Verdict
		by           string
	}{
		{"nothing permits", small, private(), policy.Deny, ""},
		{"a permit allows", members, private(), policy.Allow, "members"},
		{"a permit for others does not", members, private(func(r *policy.Request) { r.Researcher.Organisation = "Nowhere" }), policy.Deny, ""},
		{"a permit that asks", askIt, private(exact), policy.Ask, "ask"},
		{"a permit for one mode does not speak of the other", askIt, private(), policy.Deny, ""},
		{"asking overrides allowing", members + askIt, private(exact), policy.Ask, "ask members"},
		{"forbidding overrides both", members + askIt + never, private(exact, func(r *policy.Request) { r.Researcher.Country = "XX" }), policy.Deny, "never"},
		{"a forbid that does not match changes nothing", members + never, private(), policy.Allow, "members"},
		{"a cohort that is large enough", members + small, private(func(r *policy.Request) { r.Cohort.SizeClass = 100 }), policy.Allow, "members"},
		{"a cohort that is too small", members + small, private(func(r *policy.Request) { r.Cohort.SizeClass = 20 }), policy.Deny, "small"},
		{"an epsilon at its bound", cheap, private(), policy.Allow, "cheap"},
		{"an epsilon a millionth above it", cheap, private(func(r *policy.Request) { r.MicroEpsilon++ }), policy.Deny, ""},
		{"a delta above its bound", cheap, private(func(r *policy.Request) { r.DeltaExponent = 8 }), policy.Deny, ""},
		{"a time before the end", until, private(), policy.Allow, "until"},
		{"a time after the end", until, private(func(r *policy.Request) { r.Time = noon.AddDate(0, 0, 7) }), policy.Deny, ""},
		{"purposes that lie within", asks, private(), policy.Ask, "asks"},
		{"purposes that do not", asks, private(func(r *policy.Request) { r.Within = []string{"DUO:0000042"} }), policy.Deny, ""},
		{"consents that allow", covered, private(), policy.Allow, "covered"},
		{"consents that ask make an allowing policy ask", members, private(func(r *policy.Request) { r.DataUse = policy.Ask }), policy.Ask, "members consent"},
		{"consents that deny override every policy", members + covered, private(func(r *policy.Request) { r.DataUse = policy.Deny }), policy.Deny, "members consent"},
		{"a rule that cannot be evaluated denies", members + broken, private(), policy.Deny, "error"},
		{"a permit that cannot be evaluated denies too", members + strings.Replace(broken, "forbid", "permit", 1), private(), policy.Deny, "error"},
		{"a request in no mode", members, private(func(r *policy.Request) { r.Mode = "any" }), policy.Deny, "error"},
		{"an exact request with an epsilon", members, private(func(r *policy.Request) { r.Mode = policy.Exact }), policy.Deny, "error"},
		{"a private request without one", members, private(func(r *policy.Request) { r.MicroEpsilon = 0 }), policy.Deny, "error"},
		{"a request without a time", members, private(func(r *policy.Request) { r.Time = time.Time{} }), policy.Deny, "error"},
		{"a request of nobody", members, private(func(r *policy.Request) { r.Researcher.Name = "" }), policy.Deny, "error"},
		{"a request with more visas than anybody has", members, private(func(r *policy.Request) { r.Researcher.Visas = make([]string, 65) }), policy.Deny, "error"},
		{"a name that does not print", members, private(func(r *policy.Request) { r.Study = "a\nb" }), policy.Deny, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := parse(t, tt.policy).Decide(tt.request)
			var by []string
			for _, r := range d.Reasons {
				switch r.Effect {
				case policy.Consent:
					by = append(by, "consent")
				case policy.Permits, policy.Forbids:
					by = append(by, r.Policy)
				}
			}
			if len(d.Errors) > 0 {
				by = append(by, "error")
			}
			if got := strings.Join(by, " "); d.Verdict != tt.want || got != tt.by {
				t.Errorf("got %s by %q, want %s by %q: %s", d.Verdict, got, tt.want, tt.by, d)
			}
		})
	}
}

func TestWhatIsRefusedWhenItIsRead(t *testing.T) {
	rule := func(body string) string { return "\n" + `@id("a") ` + body }
	when := func(cond string) string { return rule("permit(principal, action, resource) when { " + cond + " };") }
	for _, tt := range []struct{ name, text, want string }{
		{"text that is no policy", "\n\nallow everything", "site.cedar:3"},
		{"a rule without a name", `permit(principal, action, resource);`, `site.cedar:1: a policy needs a name`},
		{"a name in capitals", `@id("Members") permit(principal, action, resource);`, `@id("members-may-ask")`},
		{"one name twice", members + "\n" + members, `site.cedar:2: site.cedar:1 has the id "members" too`},
		{"an annotation that is misspelt", rule(`@verdcit("ask") permit(principal, action, resource);`), "@verdcit is no annotation"},
		{"a verdict that is none", rule(`@verdict("maybe") permit(principal, action, resource);`), "to deny, write a forbid"},
		{"a forbid with a verdict", rule(`@verdict("ask") forbid(principal, action, resource);`), "belongs to a permit"},
		{"a reason of two lines", rule(`@reason("a\nb") permit(principal, action, resource);`), "@reason is one printable line"},
		{"an attribute that is misspelt", when(`principal.visa.contains("x")`), "site.cedar:2: attribute `visa` on entity type `Researcher` not found"},
		{"an attribute of the context that is misspelt", when(`context.variant < 5`), "attribute `variant`"},
		{"an epsilon where exact is meant too", when(`context.microEpsilon < 5`), "attribute `microEpsilon` in context for Action::\"exact\" not found"},
		{"a number in quotes", when(`resource.sizeClass >= "20"`), "unexpected type"},
		{"a number with a point", when(`context.variants < 1.5`), "site.cedar:2"},
		{"an action that is none", rule(`permit(principal, action == Action::"exakt", resource);`), "Action::\"query\" are"},
		{"an action that is none in a condition", when(`action == Action::"exakt"`), "is no action"},
		{"a verdict that is misspelt", when(`context.consent == Verdict::"alow"`), `not one of Verdict::"allow"`},
		{"a verdict that is misspelt in a set", when(`[Verdict::"allow", Verdict::"alow"].contains(context.consent)`), `not one of Verdict::"allow"`},
		{"an entity of no kind", rule(`permit(principal in Group::"x", action, resource);`), "Group"},
		{"an entity of no kind after is", rule(`permit(principal is User, action, resource);`), "User"},
		{"a question whether there is an attribute", when(`principal has visas`), "always there"},
		{"a question whether there is one that is not", when(`!(principal has suspended)`), "always there"},
		{"all of nothing, which everything has", when(`context.within.containsAll([])`), "empty set"},
		{"tags", when(`principal.hasTag("x")`), "tag"},
		{"a day that is none", when(`context.time < datetime("2026-13-01")`), "datetime"},
		{"a template", rule(`permit(principal == ?principal, action, resource);`), "site.cedar:2"},
		{"brackets in brackets", when(strings.Repeat("(", 70) + "true" + strings.Repeat(")", 70)), "site.cedar:2: brackets are nested deeper than 64"},
		{"a rule of thousands of parts", when(strings.Repeat("true && ", 2000) + "true"), "cut it into several"},
		{"more rules than anybody reads", short(501), "501 policies"},
		{"a file larger than anybody writes", "// " + strings.Repeat("x", 64<<10), "larger than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Parse([]policy.File{{Name: "site.cedar", Text: []byte(tt.text)}})
			if !errors.Is(err, policy.ErrPolicy) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for name, files := range map[string][]policy.File{
		"no file": nil, "many files": make([]policy.File, 65), "large files": slices.Repeat([]policy.File{{Text: make([]byte, 60<<10)}}, 5),
	} {
		if _, err := policy.Parse(files); !errors.Is(err, policy.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	_, err := policy.Parse([]policy.File{
		{Name: "a.cedar", Text: []byte("permit(principal, action, resource);\npermit(principal, action, resource);")},
		{Name: "b.cedar", Text: []byte("permit")},
	})
	for _, want := range []string{"a.cedar:1", "a.cedar:2", "b.cedar:1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// many are rules as a large site may have them, each for an organisation of its own. All of
// each is evaluated: what does not hold stands last.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `@id("r%d") permit(principal, action == Action::"dp", resource)
when { context.microEpsilon <= 2000000 && resource.sizeClass >= 100 && context.within.contains("DUO:0000037") && principal.organisation == "C%d" };
`, i, i)
	}
	return b.String()
}

// short are as many rules as fit.
func short(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "@id(\"r%d\")permit(principal,action,resource);\n", i)
	}
	return b.String()
}

func TestDigest(t *testing.T) {
	digest := func(files ...policy.File) [32]byte {
		p, err := policy.Parse(files)
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	file := func(text string) policy.File { return policy.File{Name: "x.cedar", Text: []byte(text)} }
	one := digest(file(members + askIt))
	for name, same := range map[string][32]byte{
		"another order":       digest(file(askIt + members)),
		"two files":           digest(file(askIt), policy.File{Name: "y.cedar", Text: []byte(members)}),
		"comments and layout": digest(file("// who may ask\n" + strings.ReplaceAll(members, " ", "\n ") + "\n\n" + askIt)),
		"notes in order":      digest(file(members + strings.Replace(askIt, `@id("ask") @verdict("ask")`, `@verdict("ask") @id("ask")`, 1))),
	} {
		if same != one {
			t.Errorf("%s: another digest", name)
		}
	}
	for name, other := range map[string][32]byte{
		"a rule less":       digest(file(members)),
		"another verdict":   digest(file(members + strings.Replace(askIt, `"ask")`, `"allow")`, 2))),
		"another name":      digest(file(members + strings.Replace(askIt, `@id("ask")`, `@id("asks")`, 1))),
		"another condition": digest(file(strings.Replace(members, "Elsewhere", "elsewhere", 1) + askIt)),
		"another reason":    digest(file(members + `@reason("x") ` + askIt)),
	} {
		if other == one {
			t.Errorf("%s: the same digest", name)
		}
	}
}

// Rules that forbid or ask, added to a policy, never widen it; neither does their order matter.
func TestAddingAForbidNeverWidens(t *testing.T) {
	all := []string{members, askIt, never, small, cheap, until, covered, asks}
	rapid.Check(t, func(r *rapid.T) {
		have := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID[string]).Draw(r, "rules")
		q := private(func(q *policy.Request) {
			q.Cohort.SizeClass = rapid.Int64Range(0, 200).Draw(r, "size")
			q.MicroEpsilon = rapid.Int64Range(1, 2_000_000).Draw(r, "epsilon")
			q.Researcher.Country = rapid.SampledFrom([]string{"CH", "XX"}).Draw(r, "country")
			q.DataUse = policy.Verdict(rapid.IntRange(0, 2).Draw(r, "data use"))
		})
		if rapid.Bool().Draw(r, "exact") {
			exact(&q)
		}
		before := parse(t, strings.Join(have, "\n")).Decide(q)
		if other := parse(t, strings.Join(rapid.Permutation(have).Draw(r, "order"), "\n")).Decide(q); other.Verdict != before.Verdict {
			r.Fatalf("%s and, in another order, %s", before, other)
		}
		more := `@id("more") forbid(principal, action, resource) when { resource.sizeClass < 150 };`
		if after := parse(t, strings.Join(have, "\n")+more).Decide(q); after.Verdict > before.Verdict {
			r.Fatalf("%s, and with a forbid more %s", before, after)
		}
		if before.Verdict > q.DataUse {
			r.Fatalf("%s where the consents say %s", before, q.DataUse)
		}
	})
}

// The rule that forbids divides no one: it overflows for every request, and Cedar skips it.
func TestAttackForbidThatErrs(t *testing.T) {
	debug.Defended(t, debug.PolicyErrorDenies, func() error {
		return refused(parse(t, members+broken).Decide(private()))
	})
}

// A custodian's policy permits what the people of the cohort have not consented to.
func TestAttackPolicyBeyondConsent(t *testing.T) {
	debug.Defended(t, debug.DataUse, func() error {
		return refused(parse(t, members).Decide(private(func(r *policy.Request) { r.DataUse = policy.Deny })))
	})
}

func refused(d policy.Decision) error {
	if d.Verdict == policy.Allow {
		return nil
	}
	return errors.New(d.String())
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{members, askIt, never, small, cheap, until, covered, asks, broken, `@id("a")permit(principal,action,resource)when{if true then [1].isEmpty() else -(1)<context["variants"]};`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := policy.Parse([]policy.File{{Name: "f.cedar", Text: []byte(text)}})
		if err != nil {
			if !errors.Is(err, policy.ErrPolicy) {
				t.Fatal(err)
			}
			return
		}
		p.Decide(private())
		p.Decide(private(exact))
	})
}

// BenchmarkTable is a decision by a hundred rules of usual length, of which one permits.
func BenchmarkTable(b *testing.B) {
	b.Run("decide-100/go", func(b *testing.B) {
		p, q := parse(b, many(99)+members), private()
		for b.Loop() {
			if d := p.Decide(q); d.Verdict != policy.Allow {
				b.Fatal(d)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/decision")
	})
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 10, 100, 400} {
		b.Run(fmt.Sprintf("%d policies", n), func(b *testing.B) {
			half := strings.SplitAfter(many(n-1), ";\n")
			p, err := policy.Parse([]policy.File{{Name: "a.cedar", Text: []byte(strings.Join(half[:n/2], "") + members)}, {Name: "b.cedar", Text: []byte(strings.Join(half[n/2:], ""))}})
			if err != nil {
				b.Fatal(err)
			}
			q := private()
			b.ReportAllocs()
			for b.Loop() {
				if d := p.Decide(q); d.Verdict != policy.Allow {
					b.Fatal(d)
				}
			}
		})
	}
}

// The largest policy there may be, each rule evaluated to its end.
func BenchmarkDecideAtTheBounds(b *testing.B) {
	var files []policy.File
	cond := strings.Repeat(`context.within.containsAny(["a","b"])==false&&`, 220)
	for f := range 5 {
		var text []byte
		for r := range 5 {
			text = fmt.Appendf(text, "@id(\"r%d-%d\")permit(principal,action,resource)when{%strue};", f, r, cond)
		}
		files = append(files, policy.File{Name: fmt.Sprintf("%d.cedar", f), Text: text})
	}
	p, err := policy.Parse(files)
	if err != nil {
		b.Fatal(err)
	}
	q := private(func(r *policy.Request) { r.Within = slices.Repeat([]string{"x", "y"}, 32) })
	for b.Loop() {
		p.Decide(q)
	}
}
