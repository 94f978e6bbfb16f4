package viewer_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/researcher/viewer"
)

// maxPage is what one HTML file of the viewer takes at most.
const maxPage = 6 << 20

func TestPage(t *testing.T) {
	page, err := viewer.Page()
	if err != nil {
		t.Fatal(err)
	}
	again, err := viewer.Page()
	if err != nil || !bytes.Equal(page, again) {
		t.Errorf("two pages are not the same: %v", err)
	}
	if len(page) > maxPage {
		t.Errorf("%d bytes, want at most %d", len(page), maxPage)
	}
	text := string(page)
	for _, name := range []string{"{{style}}", "{{script}}", "{{scriptHash}}", "{{styleHash}}", "{{worker}}", "{{program}}", "{{digest}}"} {
		if strings.Contains(text, name) {
			t.Errorf("%s stands in the page", name)
		}
	}
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if policy == nil {
		t.Fatal("the page has no policy")
	}
	for _, want := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy[1], want) {
			t.Errorf("the policy has no %s", want)
		}
	}
	for _, not := range []string{"connect-src", "img-src", "unsafe-inline", "'unsafe-eval'", "http", "*", "data:"} {
		if strings.Contains(policy[1], not) {
			t.Errorf("the policy speaks of %s: %s", not, policy[1])
		}
	}
	for what, form := range map[string]string{"script": `(?s)<script>(.*?)</script>`, "style": `(?s)<style>(.*?)</style>`} {
		found := regexp.MustCompile(form).FindAllStringSubmatch(text, -1)
		if len(found) != 1 {
			t.Fatalf("%d of %s, want one", len(found), what)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		if hash := what + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy[1], hash) {
			t.Errorf("the policy does not let the %s run", what)
		}
	}
	if n := strings.Count(text, "</script>"); n != 3 {
		t.Errorf("%d scripts end, want 3: what is in one ends it early", n)
	}
}

// Text from files and signatures is never markup.
func TestTheScriptHasNoWayToMarkup(t *testing.T) {
	page, err := viewer.Page()
	if err != nil {
		t.Fatal(err)
	}
	for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "setAttribute(\"on", "localStorage", "sessionStorage", "fetch("} {
		if i := bytes.Index(page, []byte(sink)); i >= 0 {
			t.Errorf("the page says %q at byte %d", sink, i)
		}
	}
}
