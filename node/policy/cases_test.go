package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/policy"
)

const asked = `"researcher":"alice","organisation":"Elsewhere","country":"CH","study":"lipids","cohort":"controls","duo":["GRU"],"sizeClass":500,"analysis":"af/1","variants":10,"purposes":["DUO:0000037"],"time":"2026-11-25"`

func table(facts, cases string) []byte {
	return []byte("{\"apiVersion\": \"locus/v1\",\n\"facts\": {" + facts + "},\n\"cases\": [\n" + cases + "]}\n")
}

func TestATableIsRead(t *testing.T) {
	cases, err := policy.ReadCases("cases.json", table(asked, `{"name":"a","facts":{"mode":"exact","duo":["HMB","NPU"]},"want":"deny"},

{"name":"b","facts":{"mode":"exact"},"want":"allow","by":["members"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if cases[0].Place != "cases.json:4" || cases[1].Place != "cases.json:6" {
		t.Errorf("they stand at %s and %s", cases[0].Place, cases[1].Place)
	}
	if diff := cmp.Diff([]string{"GRU"}, cases[1].Facts.Duo); diff != "" {
		t.Errorf("what one case has of its own reaches the next: %s", diff)
	}
	results := parse(t, members).Run(cases, nil)
	for _, r := range results {
		if r.Fault != "" {
			t.Errorf("%s: %s", r.Case.Name, r.Fault)
		}
	}
	if got := results[0].DataUse.Lines; len(got) != 2 {
		t.Errorf("data use without its lines: %v", got)
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	one := func(c string) []byte { return table(asked, c) }
	for _, tt := range []struct {
		name string
		text []byte
		want string
	}{
		{"nothing", nil, "there is no case"},
		{"no case", one(""), "there is no case"},
		{"another version", []byte(`{"apiVersion": "locus/v2", "facts": {}, "cases": []}`), `"locus/v2" is not "locus/v1"`},
		{"another order", []byte(`{"apiVersion": "locus/v1", "cases": []}`), "in this order"},
		{"a fact that is none", one(`{"name":"a","facts":{"organization":"x"},"want":"deny"}`), `cases.json:4: case "a": unknown field "organization"`},
		{"a fact of the table that is none", table(`"colour":"red"`, `{"name":"a"}`), `facts of the table: unknown field "colour"`},
		{"a key that is none", one(`{"name":"a","wants":"deny"}`), `unknown field "wants"`},
		{"a key twice", one(`{"name":"a","want":"deny","want":"allow"}`), `"want" is there twice`},
		{"a key twice in other letters", one(`{"name":"a","facts":{"mode":"dp","Mode":"exact"}}`), `"mode" is there twice`},
		{"a verdict that is none", one(`{"name":"a","want":"maybe"}`), "no verdict"},
		{"a case without a name", one(`{"want":"deny"}`), "a name of its own"},
		{"one name twice", one("{\"name\":\"a\"},\n{\"name\":\"a\"}"), `cases.json:5: case "a": each case has a name`},
		{"a number in quotes", one(`{"name":"a","facts":{"variants":"10"}}`), "variants"},
		{"a number with a point", one(`{"name":"a","facts":{"microEpsilon":0.5}}`), "microEpsilon"},
		{"text after it", append(one(`{"name":"a"}`), 'x'), "something else"},
		{"cut off", one(`{"name":"a"}`)[:250], "cases.json:"},
		{"brackets in brackets", one(`{"name":"a","by":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`), "nested deeper"},
		{"more than a table has", make([]byte, policy.MaxTableSize+1), "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.ReadCases("cases.json", tt.text)
			if !errors.Is(err, policy.ErrCases) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWhatATableFinds(t *testing.T) {
	for _, tt := range []struct{ name, c, want string }{
		{"another verdict", `{"name":"a","facts":{"mode":"exact"},"want":"deny"}`, "want deny, got allow (members permits)"},
		{"another rule", `{"name":"a","facts":{"mode":"exact"},"want":"allow","by":["others"]}`, "want it by others"},
		{"facts that are no request deny, and are no pass", `{"name":"a","facts":{"mode":"dp"},"want":"deny"}`, "it cannot be decided: a private question has epsilon"},
		{"a time that is none", `{"name":"a","facts":{"mode":"exact","time":"soon"},"want":"deny"}`, "neither a day"},
		{"a verdict on data use that is none", `{"name":"a","facts":{"mode":"exact","dataUse":"perhaps"},"want":"deny"}`, "no verdict"},
		{"data use that is given", `{"name":"a","facts":{"mode":"exact","dataUse":"ask"},"want":"ask"}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cases, err := policy.ReadCases("cases.json", table(asked, tt.c))
			if err != nil {
				t.Fatal(err)
			}
			got := parse(t, members).Run(cases, nil)[0].Fault
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	record := "{\"name\":\"q1\",\"facts\":{" + asked + ",\"mode\":\"exact\"}}\n" +
		"{\"name\":\"q1\",\"facts\":{" + asked + ",\"mode\":\"dp\",\"microEpsilon\":1,\"deltaExponent\":9}}\n" +
		"{\"name\":\"q2\",\"facts\":{" + asked + ",\"mode\":\"exact\",\"organisation\":\"Nowhere\"}}\n"
	// "organisation" is there twice in the last one.
	if _, err := policy.ReadCases("asked.jsonl", []byte(record)); !errors.Is(err, policy.ErrCases) || !strings.Contains(err.Error(), "asked.jsonl:3") {
		t.Fatalf("got %v", err)
	}
	cases, err := policy.ReadCases("asked.jsonl", []byte(strings.Replace(record, `"organisation":"Elsewhere","country":"CH","study":"lipids","cohort":"controls","duo":["GRU"],"sizeClass":500,"analysis":"af/1","variants":10,"purposes":["DUO:0000037"],"time":"2026-11-25","mode":"exact","organisation"`,
		`"country":"CH","study":"lipids","cohort":"controls","duo":["GRU"],"sizeClass":500,"analysis":"af/1","variants":10,"purposes":["DUO:0000037"],"time":"2026-11-25","mode":"exact","organisation"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range policy.Diff(parse(t, members), parse(t, members+askIt), cases, nil) {
		got = append(got, c.Case.Place+" "+c.Was.Verdict.String()+" "+c.Is.Verdict.String())
		if c.Wider() != (c.Is.Verdict > c.Was.Verdict) {
			t.Errorf("wider: %v", c.Wider())
		}
	}
	want := []string{"asked.jsonl:1 allow ask", "asked.jsonl:3 deny ask"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestARecordReadsBack(t *testing.T) {
	yes := true
	want := policy.Facts{Researcher: "alice", Duo: []string{"GRU"}, Mode: policy.Private, MicroEpsilon: 5, Time: "2026-11-25", NonProfit: &yes}
	line, err := policy.Record("q1", want)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := policy.ReadCases("asked.jsonl", slices.Concat(line, line))
	if err != nil || len(cases) != 2 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	if diff := cmp.Diff(want, cases[1].Facts); diff != "" || cases[1].Name != "q1" {
		t.Errorf("%s (-want +got):\n%s", cases[1].Name, diff)
	}
}

// A pack passes its own table, and nothing in it is weak but what the site has to put in.
func TestPacks(t *testing.T) {
	all := policy.Packs()
	if len(all) != 3 {
		t.Fatalf("%d packs", len(all))
	}
	for _, pack := range all {
		t.Run(pack.Name, func(t *testing.T) {
			p, err := policy.Parse(pack.Files)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range p.Lint() {
				if f.Name != "placeholder" {
					t.Error(f)
				}
			}
			cases, err := policy.ReadCases(policy.CasesName, pack.Cases.Text)
			if err != nil {
				t.Fatal(err)
			}
			decided := map[string]bool{}
			for _, r := range p.Run(cases, nil) {
				if r.Fault != "" {
					t.Errorf("%s: %s\n%v", r.Case.Name, r.Fault, r.DataUse.Lines)
				}
				for _, reason := range r.Decision.Reasons {
					decided[reason.Policy] = true
				}
			}
			if delete(decided, ""); len(decided) != p.Len() {
				t.Errorf("of %d rules the cases try %d", p.Len(), len(decided))
			}
			if !strings.Contains(pack.Title, ":") {
				t.Errorf("titled %q", pack.Title)
			}
		})
	}
	if _, err := policy.FindPack("mars"); !errors.Is(err, policy.ErrNoPack) {
		t.Errorf("a pack for mars: %v", err)
	}
}

func FuzzReadCases(f *testing.F) {
	f.Add(table(asked, `{"name":"a","facts":{"mode":"exact"},"want":"deny","by":["x"]}`))
	f.Add([]byte(`{"name":"q","facts":{"mode":"dp","nonProfit":true}}`))
	p := parse(f, members)
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := policy.ReadCases("f", text)
		if err != nil {
			if !errors.Is(err, policy.ErrCases) {
				t.Fatal(err)
			}
			return
		}
		p.Run(cases, nil)
	})
}
