package node_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	roll "github.com/locus-genomics/locus/node/cohort"
)

const consentNames = "person_id\tstatus\n"

// fed opens the first site's node again with a folder for consents.
func fed(t *testing.T) (*network, string) {
	t.Helper()
	w := newNetwork(t, 2)
	w.consented(true, roll.Consent{Person: person(0), Given: true})
	folder := t.TempDir()
	w.feed(w.sites[0], folder)
	return w, folder
}

func TestTablesThatAreMovedIntoTheFolderAreTakenIn(t *testing.T) {
	w, folder := fed(t)
	files := map[string]string{
		"1-good.tsv":    consentNames + person(0) + "\twithdrawn\n",
		"2-bad.tsv":     consentNames + person(1) + "\tperhaps\n",
		"3-again.tsv":   consentNames + person(2) + "\twithdrawn\n",
		".4-hidden.tsv": consentNames + person(3) + "\twithdrawn\n",
		"5-other.txt":   consentNames + person(3) + "\twithdrawn\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := w.sites[0].node.LookForConsents(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, e := range must[[]os.DirEntry](t)(os.ReadDir(folder)) {
		names = append(names, e.Name())
	}
	want := []string{".4-hidden.tsv", "1-good.tsv.done", "2-bad.tsv.refused", "2-bad.tsv.why", "3-again.tsv.done", "5-other.txt"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("what is in the folder (-want +got):\n%s", d)
	}
	why := string(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "2-bad.tsv.why"))))
	if !strings.Contains(why, "line 2") || strings.Contains(why, person(1)) {
		t.Errorf("why: %s", why)
	}
	if r := must[node.Register](t)(w.sites[0].node.Consents(t.Context())); r.Epoch != 3 || r.Withdrawn != 2 {
		t.Errorf("%+v", r)
	}
	// A system that writes a table for each person names it after the person.
	for name, text := range map[string]string{person(5): consentNames + person(5) + "\twithdrawn\n", person(6): "nothing"} {
		if err := os.WriteFile(filepath.Join(folder, name+".tsv"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.sites[0].node.LookForConsents(t.Context()); err != nil {
		t.Fatal(err)
	}
	if log := w.log.String(); strings.Contains(log, person(5)) || strings.Contains(log, person(6)) || !strings.Contains(log, "ends in .why") {
		t.Errorf("the log: %s", log)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := w.sites[0].node.LookForConsents(t.Context()); err == nil {
		t.Error("a folder that is gone is none to speak of")
	}
}

func TestTablesThatArePostedAreTakenIn(t *testing.T) {
	w, _ := fed(t)
	handler, token, err := w.sites[0].node.ConsentHandler()
	if err != nil {
		t.Fatal(err)
	}
	if _, again, err := w.sites[0].node.ConsentHandler(); again != token || err != nil {
		t.Errorf("another token at the next start: %v", err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	good := consentNames + person(0) + "\twithdrawn\n"
	for _, tt := range []struct {
		name, method, path, token, origin, body string
		status                                  int
		says                                    string
	}{
		{"without a token", "POST", "/consents", "", "", good, http.StatusUnauthorized, "token"},
		{"with another", "POST", "/consents", token + "0", "", good, http.StatusUnauthorized, "token"},
		{"by a page of a browser", "POST", "/consents", token, "https://example.org", good, http.StatusForbidden, "browser"},
		{"by another path", "POST", "/", token, "", good, http.StatusNotFound, ""},
		{"with another method", "GET", "/consents", token, "", good, http.StatusMethodNotAllowed, ""},
		{"a table that is none", "POST", "/consents", token, "", "{}", http.StatusUnprocessableEntity, "person_id"},
		{"a good one", "POST", "/consents", token, "", good, http.StatusOK, `"cohorts":["everyone"]`},
		{"the same again", "POST", "/consents", token, "", good, http.StatusOK, `"changed":0`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, strings.NewReader(tt.body)))
			if tt.token != "" {
				q.Header.Set("Authorization", "Bearer "+tt.token)
			}
			if tt.origin != "" {
				q.Header.Set("Origin", tt.origin)
			}
			answer := must[*http.Response](t)(server.Client().Do(q))
			defer answer.Body.Close()
			text := string(must[[]byte](t)(io.ReadAll(answer.Body)))
			if answer.StatusCode != tt.status || !strings.Contains(text, tt.says) || strings.Contains(text, person(0)) {
				t.Errorf("got %d, %s", answer.StatusCode, text)
			}
		})
	}
	if r := must[node.Register](t)(w.sites[0].node.Consents(t.Context())); r.Epoch != 2 || r.Withdrawn != 1 {
		t.Errorf("%+v", r)
	}
}

func TestThePortForConsentsIsOfThisMachineAlone(t *testing.T) {
	for _, address := range []string{"", "8081", ":8081", "0.0.0.0:0", "[::]:0", "192.0.2.1:8081", "localhost:8081"} {
		if _, err := node.ListenLoopback(t.Context(), address); !errors.Is(err, node.ErrConfig) {
			t.Errorf("%q: got %v, want %v", address, err, node.ErrConfig)
		}
	}
	l, err := node.ListenLoopback(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestATokenThatIsNoneIsRefused(t *testing.T) {
	w, _ := fed(t)
	if err := os.WriteFile(filepath.Join(w.sites[0].dir, "consent.token"), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.sites[0].node.ConsentHandler(); !errors.Is(err, node.ErrConfig) {
		t.Errorf("got %v", err)
	}
}
