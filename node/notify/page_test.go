package notify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/notify"
)

func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../docs/reference/notifications.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestThePageHasTheKinds(t *testing.T) {
	text := page(t)
	for _, k := range notify.Kinds() {
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| `%s` \\| [^|]+ \\| [^|]+ \\| (.*) \\|$", k)).FindStringSubmatch(text)
		if row == nil {
			t.Errorf("%s has no row", k)
			continue
		}
		var names []string
		for _, m := range regexp.MustCompile("`(\\w+)`:").FindAllStringSubmatch(row[1], -1) {
			names = append(names, m[1])
		}
		if diff := cmp.Diff(k.Numbers(), names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k, diff)
		}
	}
	if rows := regexp.MustCompile("(?m)^\\| `[a-z-]+` \\| [^|]+ \\| [^|]+ \\| `").FindAllString(text, -1); len(rows) != len(notify.Kinds()) {
		t.Errorf("%d rows for %d kinds", len(rows), len(notify.Kinds()))
	}
}

func TestThePageHasEveryFieldAndKey(t *testing.T) {
	text := page(t)
	n := notice(notify.HeadBehind)
	raw, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for field := range fields {
		if !strings.Contains(text, "\n| `"+field+"` | ") {
			t.Errorf("field %s has no row", field)
		}
	}
	for _, of := range []any{notify.WebhookTarget{}, notify.MailTarget{}, notify.Config{}} {
		for f := range reflect.TypeOf(of).Fields() {
			if key := f.Tag.Get("json"); !strings.Contains(text, "`"+key+"`") {
				t.Errorf("key %s is not described", key)
			}
		}
	}
	for _, header := range []string{notify.HeaderID, notify.HeaderTimestamp, notify.HeaderSignature} {
		if !strings.Contains(text, "\n| `"+header+"` | ") {
			t.Errorf("header %s has no row", header)
		}
	}
	for _, block := range []string{string(raw), strings.Split(goldenLetters(t), "\n\nFrom:")[0]} {
		if !strings.Contains(text, block) {
			t.Errorf("the page does not show\n%s", block)
		}
	}
}

func goldenLetters(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/letters.golden")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheExampleOfThePageIsTaken(t *testing.T) {
	_, example, ok := strings.Cut(page(t), "## Configuration")
	_, example, ok2 := strings.Cut(example, "```json\n")
	example, _, ok3 := strings.Cut(example, "```")
	if !ok || !ok2 || !ok3 {
		t.Fatal("there is no example")
	}
	c, err := notify.ParseConfig([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Webhooks) != 1 || len(c.Mail) != 1 || !c.Webhooks[0].Findings {
		t.Errorf("%+v", c)
	}
}

func TestTargetsOfAConfiguration(t *testing.T) {
	secret, _ := secretFile(t)
	c := notify.Config{
		Webhooks: []notify.WebhookTarget{{Name: "siem", URL: "https://siem.example.org/locus", SecretFile: secret, Findings: true}},
		Mail:     []notify.MailTarget{{Name: "custodian", Relay: "mail.example.org:587", From: "locus@example.org", To: []string{"alice@example.org"}, Kinds: []notify.Kind{notify.Frozen}}},
	}
	w := &ways{way: http.DefaultTransport}
	list, err := c.Targets(w, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Name != "siem" || !list[0].Findings || list[1].Name != "custodian" || list[1].Findings || len(list[1].Kinds) != 1 {
		t.Errorf("%+v", list)
	}
	if diff := cmp.Diff([]string{"https://siem.example.org/locus"}, w.urls); diff != "" || w.roots[0] != nil {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, change := range map[string]func(*notify.Config){
		"a secret that is not there":     func(c *notify.Config) { c.Webhooks[0].SecretFile += ".no" },
		"no authorities":                 func(c *notify.Config) { c.Webhooks[0].CAFile = secret },
		"a password that is not there":   func(c *notify.Config) { c.Mail[0].User, c.Mail[0].PasswordFile = "locus", secret+".no" },
		"authorities that are not there": func(c *notify.Config) { c.Mail[0].CAFile = secret + ".no" },
	} {
		bad := notify.Config{Webhooks: append([]notify.WebhookTarget(nil), c.Webhooks...), Mail: append([]notify.MailTarget(nil), c.Mail...)}
		change(&bad)
		if _, err := bad.Targets(w, nil); err == nil {
			t.Errorf("a configuration with %s is taken", name)
		}
	}
}

func TestConfigurationsThatAreRefused(t *testing.T) {
	const hook = `{"name":"a","url":"https://example.org/","secretFile":"/s"`
	const mail = `{"name":"m","relay":"mail.example.org:25","from":"a@example.org","to":["b@example.org"]`
	for name, text := range map[string]string{
		"no version":             `{}`,
		"an unknown key":         `{"apiVersion":"locus/v1","slack":[]}`,
		"an unknown key inside":  `{"apiVersion":"locus/v1","webhooks":[` + hook + `,"method":"GET"}]}`,
		"a key twice":            `{"apiVersion":"locus/v1","webhooks":[` + hook + `,"url":"https://example.com/"}]}`,
		"an unknown kind":        `{"apiVersion":"locus/v1","webhooks":[` + hook + `,"kinds":["all"]}]}`,
		"no kind":                `{"apiVersion":"locus/v1","webhooks":[` + hook + `,"kinds":[]}]}`,
		"plain http":             `{"apiVersion":"locus/v1","webhooks":[{"name":"a","url":"http://example.org/","secretFile":"/s"}]}`,
		"no secret":              `{"apiVersion":"locus/v1","webhooks":[{"name":"a","url":"https://example.org/"}]}`,
		"a secret somewhere":     `{"apiVersion":"locus/v1","webhooks":[{"name":"a","url":"https://example.org/","secretFile":"s"}]}`,
		"a name that is a path":  `{"apiVersion":"locus/v1","webhooks":[{"name":"../a","url":"https://example.org/","secretFile":"/s"}]}`,
		"one name twice":         `{"apiVersion":"locus/v1","webhooks":[` + hook + `},` + hook + `}]}`,
		"nobody":                 `{"apiVersion":"locus/v1","mail":[{"name":"m","relay":"mail.example.org:25","from":"a@example.org"}]}`,
		"a user and no password": `{"apiVersion":"locus/v1","mail":[` + mail + `,"user":"u"}]}`,
		"a header in an address": `{"apiVersion":"locus/v1","mail":[{"name":"m","relay":"mail.example.org:25","from":"a@example.org\r\nBcc: c@example.org","to":["b@example.org"]}]}`,
		"seventeen webhooks":     `{"apiVersion":"locus/v1","webhooks":[` + strings.Repeat(hook+`},`, 16) + hook + `}]}`,
		"a password in the file": `{"apiVersion":"locus/v1","mail":[` + mail + `,"user":"u","password":"p"}]}`,
	} {
		if _, err := notify.ParseConfig([]byte(text)); !errors.Is(err, notify.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNoticesOfEachKind(t *testing.T) {
	var all strings.Builder
	for _, k := range notify.Kinds() {
		n := notice(k)
		raw, err := n.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := notify.ParseNotice(raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(n, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k, diff)
		}
		all.Write(raw)
		all.WriteByte('\n')
	}
	golden(t, "notices.golden.jsonl", all.String())
}

func TestNoTextPassesAsANotice(t *testing.T) {
	for name, change := range map[string]func(*notify.Notice){
		"a sentence for a study":   func(n *notify.Notice) { n.Study = "S0001 has 0/1" },
		"a header for a study":     func(n *notify.Notice) { n.Study = "demo\r\nBcc: mallory@example.org" },
		"a number too many":        func(n *notify.Notice) { n.Numbers = append(n.Numbers, 1) },
		"a large number":           func(n *notify.Notice) { n.Numbers[0] = 1<<53 + 1 },
		"no kind":                  func(n *notify.Notice) { n.Kind = 0 },
		"a kind that there is not": func(n *notify.Notice) { n.Kind = 99 },
		"no time":                  func(n *notify.Notice) { n.At = time.Time{} },
	} {
		n := notice(notify.BudgetLow)
		change(&n)
		if _, err := n.Bytes(); !errors.Is(err, notify.ErrNotice) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	n := notice(notify.BudgetLow)
	raw, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]*strings.Replacer{
		"a text more":       strings.NewReplacer(`"study"`, `"text":"chr7","study"`),
		"a number more":     strings.NewReplacer(`"percent"`, `"people":7,"percent"`),
		"another order":     strings.NewReplacer(`"apiVersion":"locus/v1",`, ``, `"study"`, `"apiVersion":"locus/v1","study"`),
		"a blank":           strings.NewReplacer(`{"api`, `{ "api`),
		"another time zone": strings.NewReplacer("12:00:00Z", "14:00:00+02:00"),
		"no numbers":        strings.NewReplacer(`{"percent":7}`, `{}`),
	} {
		if bad := change.Replace(string(raw)); bad == string(raw) {
			t.Errorf("%s: nothing is changed", name)
		} else if _, err := notify.ParseNotice([]byte(bad)); !errors.Is(err, notify.ErrNotice) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParseNotice(f *testing.F) {
	for _, k := range notify.Kinds() {
		n := notice(k)
		raw, err := n.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := notify.ParseNotice(raw)
		if err != nil {
			return
		}
		if again, err := n.Bytes(); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%q is written as %q, %v", raw, again, err)
		}
		// A letter made of it has the lines that a letter has, and no other.
		way := &dials{address: "127.0.0.1:1"}
		_ = newMail(t, notify.MailConfig{Relay: "127.0.0.1:25"}, way).Send(t.Context(), notify.Item{ID: "id", Form: notify.AsNotice, Body: raw})
		if len(way.letters) != 1 {
			t.Fatal("no letter")
		}
		letter := string(way.letters[0].Bytes())
		if head, _, _ := strings.Cut(letter, "\r\n\r\n"); strings.Count(head, "\r\n") != 9 || strings.ContainsFunc(letter, func(r rune) bool { return r > 0x7e || r < ' ' && r != '\r' && r != '\n' }) {
			t.Errorf("%q", letter)
		}
	})
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"locus/v1","webhooks":[{"name":"a","url":"https://example.org/","secretFile":"/s","kinds":["frozen"],"findings":true}]}`))
	f.Add([]byte(`{"apiVersion":"locus/v1","mail":[{"name":"m","relay":"[::1]:25","from":"a@example.org","to":["b@example.org"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := notify.ParseConfig(raw)
		if err != nil {
			return
		}
		for _, w := range c.Webhooks {
			if !strings.HasPrefix(w.URL, "https://") && !strings.HasPrefix(w.URL, "http://127.") && !strings.HasPrefix(w.URL, "http://[") {
				t.Errorf("taken: %q", w.URL)
			}
		}
	})
}
