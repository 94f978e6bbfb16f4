package detect_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
)

func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/reference/detection.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The page's tables are what the code does.
func TestThePageHasTheRules(t *testing.T) {
	text, c := page(t), detect.Default()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]map[string]any
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	if len(keys) != len(detect.Rules()) {
		t.Errorf("%d keys for %d rules", len(keys), len(detect.Rules()))
	}
	for _, r := range detect.Rules() {
		reaction := c.Reaction(r)
		window := strings.TrimSuffix(strings.TrimSuffix(time.Duration(reaction.Window).String(), "0s"), "0m")
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s` \\| `(\\w+)` \\| [^|]+ \\| %s \\| %d \\| %s \\| (.*)\\|$", r, reaction.Action, reaction.Count, window)).FindStringSubmatch(text)
		if row == nil {
			t.Errorf("%s: want a row with %s, %d, %s", r, reaction.Action, reaction.Count, window)
			continue
		}
		rule, is := keys[row[1]]
		if !is {
			t.Errorf("%s: the configuration has no %s", r, row[1])
		}
		more := regexp.MustCompile("`(\\w+)` (\\d+)").FindStringSubmatch(row[2])
		for key, value := range rule {
			if value != nil && !slices.Contains([]string{"action", "count", "window", "throttle"}, key) && (more == nil || more[1] != key || more[2] != fmt.Sprint(value)) {
				t.Errorf("%s: %s is %v", r, key, value)
			}
			if !strings.Contains(text, "\n| `"+key+"` | ") {
				t.Errorf("key %s has no row", key)
			}
		}
		if time.Duration(reaction.Throttle) != 15*time.Minute {
			t.Errorf("%s: throttle is %v", r, reaction.Throttle)
		}
	}
}

func TestThePageHasTheAttacks(t *testing.T) {
	text := page(t)
	for _, a := range attacks {
		if row := fmt.Sprintf("\n| %s | `%s` | %d |\n", a.name, a.rule, a.within); !strings.Contains(text, row) {
			t.Errorf("no row %q", row)
		}
	}
	part := text[strings.Index(text, "| attack |"):strings.Index(text, "Three made-up sites")]
	if rows := strings.Count(part, "\n| ") - 0; rows != len(attacks) {
		t.Errorf("%d rows for %d attacks", rows, len(attacks))
	}
}

func TestThePageHasEveryFieldOfAFinding(t *testing.T) {
	text := page(t)
	for _, line := range goldenFindings(t) {
		var o any
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatal(err)
		}
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				for key, value := range v {
					if !strings.Contains(text, "`"+key+"`") {
						t.Errorf("field %s is not described", key)
					}
					walk(value)
				}
			case []any:
				for _, value := range v {
					walk(value)
				}
			}
		}
		walk(o)
	}
}

func TestTheExampleOfThePageIsTaken(t *testing.T) {
	_, example, ok := strings.Cut(page(t), "```json\n")
	example, _, ok2 := strings.Cut(example, "```")
	if !ok || !ok2 {
		t.Fatal("there is no example")
	}
	got, err := detect.ParseConfig([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	want := detect.Default()
	want.BurstOfResearcher.Count, want.BurstOfResearcher.Throttle = 120, detect.Duration(30*time.Minute)
	want.Walk.Action, want.Walk.Gap = detect.Freeze, 100
	want.Honeypot.Variants = []detect.Pot{{Contig: "chr7", Position: 117559593}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"no version", `{}`},
		{"another version", `{"apiVersion":"locus/v2"}`},
		{"an unknown rule", `{"apiVersion":"locus/v1","burst":{}}`},
		{"an unknown key", `{"apiVersion":"locus/v1","walk":{"steps":3}}`},
		{"a key twice", `{"apiVersion":"locus/v1","walk":{"count":3,"count":4}}`},
		{"no such action", `{"apiVersion":"locus/v1","walk":{"action":"none"}}`},
		{"a number for a time", `{"apiVersion":"locus/v1","walk":{"window":60}}`},
		{"more than is remembered", `{"apiVersion":"locus/v1","walk":{"count":257}}`},
		{"one is odd", `{"apiVersion":"locus/v1","walk":{"count":1}}`},
		{"a short window", `{"apiVersion":"locus/v1","walk":{"window":"1s"}}`},
		{"a negative window", `{"apiVersion":"locus/v1","walk":{"window":"-24h"}}`},
		{"a century", `{"apiVersion":"locus/v1","walk":{"window":"876000h"}}`},
		{"over all of it", `{"apiVersion":"locus/v1","sameCohort":{"overlap":101}}`},
		{"a honeypot that is nowhere", `{"apiVersion":"locus/v1","honeypot":{"variants":[{}]}}`},
		{"a honeypot at two places", `{"apiVersion":"locus/v1","honeypot":{"variants":[{"contig":"7","position":1,"index":3}]}}`},
		{"a honeypot of no panel", `{"apiVersion":"locus/v1","honeypot":{"variants":[{"index":3}]}}`},
	} {
		if _, err := detect.ParseConfig([]byte(tt.text)); err == nil {
			t.Errorf("taken: %s", tt.name)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"locus/v1","honeypot":{"variants":[{"contig":"chr7","position":117559593}]}}`))
	f.Add([]byte(`{"apiVersion":"locus/v1","walk":{"action":"freeze","window":"2160h","count":256}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := detect.ParseConfig(raw)
		if err != nil {
			return
		}
		if _, err := detect.New(c); err != nil {
			t.Errorf("a configuration that was read is refused: %v", err)
		}
	})
}

func FuzzParseEvent(f *testing.F) {
	alice := newAsker("alice")
	for _, e := range []detect.Event{
		alice.ask(0, "cases", span(1, 2), detect.Range{From: 5, To: 9, Contig: "chr7", First: 100, Last: 200}),
		people(alice.ask(0, "cases", span(1, 2)), "a"),
		{Kind: detect.Unsigned, At: start, Study: "demo", Peer: detect.PeerID("mallory")},
		{Kind: detect.Thawed, At: start, Subject: detect.Subject{Of: detect.OfPeer, ID: protocol.Digest{1}}},
	} {
		raw, err := e.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := detect.ParseEvent(raw)
		if err != nil {
			return
		}
		again, err := e.Bytes()
		if err != nil {
			t.Fatalf("an event that was read is not written: %v", err)
		}
		if f, err := detect.ParseEvent(again); err != nil || !cmp.Equal(e, f) {
			t.Errorf("%+v is read as %+v, %v", e, f, err)
		}
		d := newDetector(t, withHoneypot)
		observe(t, d, e)
		observe(t, d, e)
	})
}
