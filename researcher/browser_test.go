package researcher_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/locus-genomics/locus/internal/table"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/researcher/viewer"
)

// browser is the viewer, open in Chromium from a file, and what it asked for and was
// refused.
type browser struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	requests []string // all but the page itself, and what it makes of its own parts
	refused  []string // by the policy, and what else the browser complains about
}

// newBrowser ends the test where there is no Chromium, unless it has to be there.
func newBrowser(t testing.TB) *browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("LOCUS_REQUIRE_BROWSER") == "1" {
			t.Fatal("chromium is needed where LOCUS_REQUIRE_BROWSER=1")
		}
		t.Skip("chromium is not installed")
	}
	file := filepath.Join(t.TempDir(), "viewer.html")
	if err := os.WriteFile(file, must[[]byte](t)(viewer.Page()), 0o600); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate("file://"+file), chromedp.WaitVisible(chromedp.CSS("#open")))
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasSuffix(url, "/viewer.html") && !strings.HasPrefix(url, "blob:") {
			b.requests = append(b.requests, url)
		}
	case *log.EventEntryAdded:
		b.refused = append(b.refused, e.Entry.Text)
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// on has what fails in a subtest end that.
func (b *browser) on(t *testing.T) {
	parent := b.t
	b.t = t
	t.Cleanup(func() { b.t = parent })
}

// eval is what an expression gives in the page, once a promise is kept.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	return must[T](b.t)(chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise)))
}

// open gives the page a bundle and words, and waits for what it says.
func (b *browser) open(raw []byte, words string) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "answer.locus")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	eval[string](b, fmt.Sprintf(`$("words").value = %q`, words))
	b.do(chromedp.Click(chromedp.CSS("#open")))
	// It says so when it ends, one way or the other.
	must[bool](b.t)(chromedp.Run(b.ctx, chromedp.Poll[bool](`busy === null && (!$("result").hidden || !$("failure").hidden)`,
		chromedp.WithPollingTimeout(2*time.Minute))))
}

func (b *browser) text(id string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("$(%q).hidden ? '' : $(%q).innerText", id, id))
}

// tsv is what `locus result open -o tsv` writes.
func tsv(t testing.TB, a researcher.Answer) string {
	t.Helper()
	var out bytes.Buffer
	if err := table.TSV(&out, a.Table()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// resum puts the digest right behind what was altered, as whoever alters can.
func resum(raw []byte) []byte {
	body := raw[:len(raw)-sha256.Size]
	digest := sha256.Sum256(body)
	return append(bytes.Clone(body), digest[:]...)
}

func TestTheViewerOpensABundleInABrowser(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	asked := ask(t, c, "")
	raw := export(t, c, asked)
	words := must[string](t)(alice.Words())
	want := tsv(t, must[researcher.Answer](t)(c.Open(t.Context(), asked)))
	b := newBrowser(t)

	t.Run("the numbers are those of the command", func(t *testing.T) {
		b.on(t)
		b.open(raw, words)
		if got := b.text("failure"); got != "" {
			t.Fatal(got)
		}
		if got := eval[string](b, "new TextDecoder().decode(shown.tsv)"); got != want {
			t.Errorf("the page has\n%.300s\nand the command writes\n%.300s", got, want)
		}
		rows := eval[string](b, `[...document.querySelectorAll("#rows tr")].map((r) => [...r.cells].map((c) => c.textContent).join("\t") + "\n").join("")`)
		if _, body, _ := strings.Cut(want, "\n"); rows != body {
			t.Errorf("the table shows\n%.300s\nwant\n%.300s", rows, body)
		}
	})
	t.Run("it says what the answer rests on", func(t *testing.T) {
		got := b.text("result")
		for _, w := range []string{"✓ Verified", "50 variants", "exact: not differentially private", "site-1, site-2, site-3, site-4, site-5",
			"a test", s.panelDigest(), s.result.Sum.String(), asked.Task.String()} {
			if !strings.Contains(got, w) {
				t.Errorf("there is no %q in\n%s", w, got)
			}
		}
	})
	t.Run("the words are wiped", func(t *testing.T) {
		if got := eval[string](b, `$("words").value + document.documentElement.innerHTML`); strings.Contains(got, words) || strings.HasPrefix(got, words[:5]) {
			t.Error("the words are still in the page")
		}
	})
	t.Run("what is saved bears the name of what was opened", func(t *testing.T) {
		b.on(t)
		if got := eval[string](b, `choose(new File(["x"], "other.locus"));
			new Promise((done) => { HTMLAnchorElement.prototype.click = function () { done(this.download); }; $("save").click(); })`); got != "answer.tsv" {
			t.Errorf("it is saved as %q", got)
		}
	})
	t.Run("search, filter, sort and pages", func(t *testing.T) { searches(t, b) })

	t.Run("a long table, and names that are markup", func(t *testing.T) { turnsPages(t, b) })

	other := must[string](t)(newHome(t).Words())
	altered := bytes.Clone(raw)
	altered[len(altered)-40] ^= 1
	for _, tt := range []struct {
		name, words, title, says string
		raw                      []byte
	}{
		{"the words of another key", other, "This answer is another key's", "asked with another key", raw},
		{"words that are none", "abandon " + words, "These are not your 24 words", "spelling and order", raw},
		{"no words", "", "These are not your 24 words", "", raw},
		{"a byte that changed on the way", words, "This is not a whole bundle", "not as it was written", altered},
		{"a byte that somebody changed", words, "Not verified: do not use this answer", "nothing was opened", resum(altered)},
		{"a file that was cut short", words, "This is not a whole bundle", "it ends", raw[:len(raw)/2]},
		{"another file", words, "This is not a whole bundle", "does not start as one", []byte("<html>")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.on(t)
			b.open(tt.raw, tt.words)
			if got := b.text("failure"); !strings.Contains(got, tt.title) || !strings.Contains(got, tt.says) {
				t.Errorf("it says %q; want %q and %q", got, tt.title, tt.says)
			}
			if b.text("result") != "" {
				t.Error("an answer is shown")
			}
		})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) > 0 || len(b.refused) > 0 {
		t.Errorf("the page asked for %q, and the browser complains: %q", b.requests, b.refused)
	}
}

// searches uses the table of 50 variants, 30 on 7 and 20 on 8.
func searches(t *testing.T, b *browser) {
	state := func(set string) string {
		return eval[string](b, set+`; $("found").textContent + "|" + [...document.querySelectorAll("#rows tr")].slice(0, 2).map((r) => r.cells[1].textContent)`)
	}
	search := func(text string) string {
		return fmt.Sprintf(`$("search").value = %q; $("search").dispatchEvent(new Event("input"))`, text)
	}
	for _, tt := range []struct{ name, do, want string }{
		{"a contig", search("chr8"), "20 of 50 variants|1300,1310"},
		{"a region", search("7:1,050-1,100"), "6 of 50 variants|1050,1060"},
		{"a position", search("7:1010"), "1 of 50 variants|1010"},
		{"a variant", search("7:1010:a:c"), "1 of 50 variants|1010"},
		{"a variant that is not there", search("7:1010:A:G"), "0 of 50 variants|"},
		{"what is no region", search("7:x"), "This is not a region or a variant: type 7, 7:1000, 7:1000-2000 or 7:1000:A:C|"},
		{"nothing", search(""), "50 of 50 variants|1000,1010"},
		{"a frequency that none has", `$("least").value = "0.5"; $("least").dispatchEvent(new Event("input"))`, "0 of 50 variants|"},
		{"any frequency", `$("least").value = ""; $("least").dispatchEvent(new Event("input"))`, "50 of 50 variants|1000,1010"},
		{"the last place first", `document.querySelector("[data-sort=place]").click()`, "50 of 50 variants|1490,1480"},
		{"the largest AN first", `document.querySelector("[data-sort=an]").click()`, "50 of 50 variants|1000,1010"},
		{"the smallest AN first", `document.querySelector("[data-sort=an]").click()`, "50 of 50 variants|1490,1480"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.on(t)
			if got := state(tt.do); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// turnsPages has the page show 250 rows that no bundle gave it.
func turnsPages(t *testing.T, b *browser) {
	b.on(t)
	eval[string](b, `show({ rows: 250, facts: [["sites", "<img src=x onerror=alert(1)>"]], tsv: new TextEncoder().encode("#CHROM\n" +
		Array.from({ length: 250 }, (_, i) => "<b>7</b>\t" + (1 + i) + "\tA\tC\t" + i + "\t1000\t" + i / 1000 + "\n").join("")) }); ""`)
	page := func(click string) string {
		return eval[string](b, fmt.Sprintf(`%s; [...document.querySelectorAll("#rows tr")].filter((r, i, all) => i === 0 || i === all.length - 1)
			.map((r) => r.cells[1].textContent) + " of " + $("number").value + $("pages").textContent + " " +
			[...document.querySelectorAll("nav button")].filter((x) => !x.disabled).map((x) => x.id)`, click))
	}
	for _, tt := range []struct{ do, want string }{
		{`""`, "1,100 of 1of 3 after,last"},
		{`$("after").click()`, "101,200 of 2of 3 first,before,after,last"},
		{`$("after").click()`, "201,250 of 3of 3 first,before"},
		{`$("before").click()`, "101,200 of 2of 3 first,before,after,last"},
		{`$("last").click()`, "201,250 of 3of 3 first,before"},
		{`$("first").click()`, "1,100 of 1of 3 after,last"},
		{`$("number").value = "2"; $("number").dispatchEvent(new Event("change"))`, "101,200 of 2of 3 first,before,after,last"},
		{`$("number").value = "99"; $("number").dispatchEvent(new Event("change"))`, "201,250 of 3of 3 first,before"},
	} {
		if got := page(tt.do); got != tt.want {
			t.Errorf("after %s the page is %q, want %q", tt.do, got, tt.want)
		}
	}
	if got := b.text("result"); !strings.Contains(got, "<img src=x onerror=alert(1)>") || !strings.Contains(got, "<b>7</b>") {
		t.Errorf("names are not shown as they are:\n%.400s", got)
	}
	if n := eval[int](b, `document.querySelectorAll("#result img, #result b").length`); n > 0 {
		t.Errorf("%d elements were made of names", n)
	}
}

// The policy is tried against a server that would count what is asked of it.
func TestThePolicyOfTheViewerForbidsRequests(t *testing.T) {
	b := newBrowser(t)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(server.Close)
	for name, try := range map[string]string{
		"fetch":    `fetch(%q, {mode: "no-cors"}).then(() => "sent", () => "refused")`,
		"an image": `new Promise((done) => { const i = new Image(); i.onload = () => done("sent"); i.onerror = () => done("refused"); i.src = %q; })`,
		"a beacon": `(navigator.sendBeacon(%[1]q), fetch(%[1]q, {mode: "no-cors"}).then(() => "sent", () => "refused"))`,
		"a socket": `new Promise((done) => { const s = new WebSocket(%q); s.onopen = () => done("sent"); s.onerror = () => done("refused"); })`,
		"a script": `new Promise((done) => { try { const s = document.createElement("script"); s.onload = () => done("sent"); s.onerror = () => done("refused"); s.src = %q; document.head.append(s); } catch { done("refused"); } })`,
		"eval":     `new Promise((done) => setTimeout(() => { try { (0, eval)("fetch(" + JSON.stringify(%q) + ")"); done("sent"); } catch { done("refused"); } }))`,
		"markup":   `new Promise((done) => { try { document.body.innerHTML += "<img src=" + %q + ">"; done("sent"); } catch { done("refused"); } })`,
		"a worker's fetch": `new Promise((done) => {
			const url = URL.createObjectURL(new Blob(["fetch(" + JSON.stringify(%q) + ", {mode: 'no-cors'}).then(() => postMessage('sent'), () => postMessage('refused'))"]));
			new Worker(policy.createScriptURL(url)).onmessage = (e) => done(e.data);
		})`,
	} {
		t.Run(name, func(t *testing.T) {
			b.on(t)
			url := server.URL
			if name == "a socket" {
				url = strings.Replace(url, "http", "ws", 1)
			}
			if got := eval[string](b, fmt.Sprintf(try, url)); got != "refused" || asked.Load() > 0 {
				t.Errorf("it was %s, and the server was asked %d times", got, asked.Load())
			}
		})
	}
}

// BenchmarkTheViewer opens a million variants of five sites.
func BenchmarkTheViewer(b *testing.B) {
	alice := newHome(b)
	variants := make([]panel.Variant, 1_000_000)
	for i := range variants {
		variants[i] = panel.Variant{Contig: "7", Pos: uint32(1000 + i), Ref: "A", Alt: "C"}
	}
	s := newStudyOf(b, alice, variants)
	c := join(b, s, alice)
	raw := export(b, c, ask(b, c, ""))
	words := must[string](b)(alice.Words())
	page := newBrowser(b)
	for b.Loop() {
		page.open(raw, words)
		if failure := page.text("failure"); failure != "" {
			b.Fatal(failure)
		}
		b.Logf("%s %s, of %d bytes", page.text("result-rows"), page.text("progress"), len(raw))
	}
}

// panelDigest names the panel of the study.
func (s *study) panelDigest() string { return fmt.Sprintf("%x", s.panel.Digest()) }
