package detect_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

var update = flag.Bool("update", false, "write the golden files")

var reporter = detect.Reporter{Site: digest("site"), Version: "1.2.3"}

// findings are the first of each rule and action, from the attacks.
func findings(t *testing.T) (list []detect.Finding) {
	t.Helper()
	for _, change := range []func(*detect.Config){withHoneypot, strict} {
		for i, a := range attacks {
			d, mallory, dice := newDetector(t, change), newAsker("mallory"), rand.New(rand.NewPCG(1, uint64(i)))
			for i := range a.within {
				e := a.next(mallory, dice, i)
				e.Outcome = protocol.BudgetExhausted
				for _, f := range observe(t, d, e).Findings {
					if !slices.ContainsFunc(list, func(g detect.Finding) bool { return f.Rule == g.Rule && f.Action == g.Action }) {
						list = append(list, f)
					}
				}
			}
		}
	}
	d := newDetector(t, func(c *detect.Config) { c.FailedSignatures.Action = detect.Note })
	for i := range 10 {
		e := detect.Event{Kind: detect.Unsigned, At: start.Add(time.Duration(i) * time.Second), Study: "demo", Peer: detect.PeerID("peer")}
		list = append(list, observe(t, d, e).Findings...)
	}
	return list
}

func goldenFindings(t *testing.T) [][]byte {
	t.Helper()
	got, err := detect.Lines(findings(t), reporter)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "findings.golden.jsonl")
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	return bytes.Split(bytes.TrimSuffix(got, []byte("\n")), []byte("\n"))
}

func TestFindingsAsOCSF(t *testing.T) {
	list := findings(t)
	for i, line := range goldenFindings(t) {
		got, by, err := detect.ParseFinding(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list[i], got, cmpopts.IgnoreFields(detect.Finding{}, "StudyName")); diff != "" || by != reporter {
			t.Errorf("%s (-want +got):\n%s", list[i].Rule, diff)
		}
		if len(line) > detect.MaxFindingSize || strings.Contains(string(line), "demo") {
			t.Errorf("%s", line)
		}
	}
}

// What is not as OCSF writes it is no finding: a text has no place in one.
func TestNoTextPassesAsAFinding(t *testing.T) {
	line := string(goldenFindings(t)[0])
	for name, change := range map[string]*strings.Replacer{
		"another title":    strings.NewReplacer("Many questions of one researcher", "S0001 has 0/1 and a cousin in town"),
		"another product":  strings.NewReplacer(`"name":"Locus"`, `"name":"chr7:117559593"`),
		"another rule":     strings.NewReplacer(`"name":"burst-researcher"`, `"name":"chr7"`),
		"another profile":  strings.NewReplacer("security_control", "chr7"),
		"a text of a kind": strings.NewReplacer(`"count":60`, `"count":60,"note":"chr7"`),
		"a long version":   strings.NewReplacer("1.2.3", strings.Repeat("1.2.3", 20)),
		"a blank":          strings.NewReplacer(`{"activity_id"`, `{ "activity_id"`),
		"another order":    strings.NewReplacer(`"activity_id":1,"category_uid":2`, `"category_uid":2,"activity_id":1`),
		"no evidence":      strings.NewReplacer(`"evidences":[{`, `"evidences":[],"more":[{`),
		"another class":    strings.NewReplacer("2004", "2003"),
	} {
		bad := change.Replace(line)
		if bad == line {
			t.Fatalf("%s: nothing is changed", name)
		}
		if _, _, err := detect.ParseFinding([]byte(bad)); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func FuzzParseFinding(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "findings.golden.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.SplitSeq(bytes.TrimSpace(raw), []byte("\n")) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, by, err := detect.ParseFinding(raw)
		if err != nil {
			return
		}
		if again, err := g.OCSF(by); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%q is written as %q, %v", raw, again, err)
		}
	})
}
