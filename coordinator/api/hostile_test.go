package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// marker is what a hostile caller would like to see again in somebody's log or browser.
const marker = "S3CRET-MARKER"

func TestNothingThatWasSentIsEchoed(t *testing.T) {
	long := strings.Repeat("m", 40) + marker
	for _, tt := range []struct{ name, who, method, path, body string }{
		{"a digest of the wrong length", "alice", "GET", "/v1/tasks/" + marker, ""},
		{"a digest of the right length", "alice", "GET", "/v1/tasks/" + marker + strings.Repeat("x", 64-len(marker)), ""},
		{"an unknown parameter", "operator", "GET", "/v1/sites?" + marker + "=1", ""},
		{"an unknown path", "operator", "GET", "/v1/" + marker, ""},
		{"another method", "operator", "DELETE", "/v1/sites?" + marker, ""},
		{"a field of the wrong type", "operator", "POST", "/v1/invitations", `{"name":["` + marker + `"]}`},
		{"an unknown field", "operator", "POST", "/v1/invitations", `{"name":"a","` + marker + `":1}`},
		{"no JSON at all", "operator", "POST", "/v1/invitations", `{` + marker},
		{"a name of a site that is too long", "operator", "POST", "/v1/sites/" + strings.Repeat(long, 4) + "/approval", `{"words":"a"}`},
		{"a name of a study that is too long", "operator", "GET", "/v1/studies/" + strings.Repeat(long, 2), ""},
		{"a study of somebody else", "alice", "GET", "/v1/studies/" + marker, ""},
		{"an unknown key", "mallory", "GET", "/v1/studies/" + marker, ""},
		{"nobody's key", "", "GET", "/v1/studies/" + marker, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t)
			key := b.keys[tt.who]
			if tt.who == "mallory" {
				key = newKey(t, "mallory")
			}
			w := do(t, newAPI(b), key, tt.method, tt.path, tt.body)
			if w.Code < 400 {
				t.Fatalf("status %d: this is no error", w.Code)
			}
			said := w.Body.String() + fmt.Sprint(w.Header())
			if strings.Contains(said, marker) {
				t.Errorf("status %d says what was sent: %s", w.Code, said)
			}
			if w.Code != 404 && w.Code != 405 && !strings.Contains(w.Body.String(), `"code":"LOC-`) {
				t.Errorf("status %d without a code: %s", w.Code, w.Body)
			}
		})
	}
}

// recorder notes what writes are about.
type recorder struct {
	*backend
	got []string
}

func (r *recorder) Approve(_ context.Context, site, words string) error {
	r.got = append(r.got, "approve "+site+" by "+words)
	return nil
}

func (r *recorder) Endorse(_ context.Context, study string, raw []byte) (rest.Study, error) {
	r.got = append(r.got, "endorse "+study+" by "+string(raw))
	return rest.Study{}, nil
}

func (r *recorder) Submit(_ context.Context, study string, raw []byte) (protocol.Digest, error) {
	r.got = append(r.got, "submit to "+study+" "+string(raw))
	return taskID, nil
}

func TestWritesAreAboutWhatThePathNames(t *testing.T) {
	r := &recorder{backend: newBackend(t)}
	a := newAPIOf(r)
	for _, w := range []*httptest.ResponseRecorder{
		do(t, a, r.keys["operator"], "POST", "/v1/sites/site-1/approval", `{"words":"five words"}`),
		do(t, a, r.keys["site"], "POST", "/v1/studies/demo/endorsements", "a roster"),
		do(t, a, r.keys["alice"], "POST", "/v1/studies/demo/queries", "a query"),
	} {
		if w.Code >= 300 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	}
	want := []string{"approve site-1 by five words", "endorse demo by a roster", "submit to demo a query"}
	if diff := cmp.Diff(want, r.got); diff != "" {
		t.Error(diff)
	}
}

// The same bytes again, as a client repeats them that has not heard the answer,
// and as somebody repeats them who has seen them.
func TestAttackRequestSentAgain(t *testing.T) {
	b := newBackend(t)
	a := newAPI(b)
	signed := func(nonce string) *http.Request {
		body := "query"
		s, err := protocol.Sign(protocol.Request{
			Method: "POST", Path: "//example.com/v1/studies/demo/queries", Body: sha256.Sum256([]byte(body)), At: now, Nonce: protocol.Hash(nonce),
		}, b.keys["alice"])
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/v1/studies/demo/queries", strings.NewReader(body))
		r.Header.Set(rest.Header, base64.StdEncoding.EncodeToString(s.Bytes()))
		return r
	}
	send := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	first := send(signed("1"))
	if first.Code != 200 {
		t.Fatalf("status %d: %s", first.Code, first.Body)
	}
	if again := send(signed("2")); again.Code != 200 || again.Body.String() != first.Body.String() {
		t.Errorf("submitted again: status %d %s, want %s", again.Code, again.Body, first.Body)
	}
	if w := send(signed("1")); w.Code != http.StatusUnauthorized {
		t.Errorf("replayed: status %d", w.Code)
	}
	other := signed("3")
	other.Host = "another.example"
	if w := send(other); w.Code != http.StatusUnauthorized {
		t.Errorf("sent to another coordinator: status %d", w.Code)
	}
}

// both is a backend whose operator is in the roster as a researcher.
type both struct{ *backend }

func (b both) Caller(id protocol.KeyID) api.Caller {
	c := b.backend.Caller(id)
	if c.Operator {
		c.Studies = []string{"demo"}
	}
	return c
}

func TestAnOperatorDoesNotAsk(t *testing.T) {
	b := both{newBackend(t)}
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/v1/studies/demo/queries", http.StatusForbidden},
		{"GET", "/v1/tasks/" + taskID.String() + "/result", http.StatusForbidden},
		{"GET", "/v1/tasks/" + taskID.String(), http.StatusOK},
	} {
		if w := do(t, newAPIOf(b), b.keys["operator"], tt.method, tt.path, ""); w.Code != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
	}
}

// counted tells how much of a body was read.
type counted struct {
	r    io.Reader
	read int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	return n, err
}

// signatureOf is the header of a POST whose body is not known yet.
func signatureOf(t testing.TB, key *protocol.SigningKey, path string) string {
	t.Helper()
	s, err := protocol.Sign(protocol.Request{Method: "POST", Path: "//example.com" + path, At: now, Nonce: protocol.Hash(path)}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(s.Bytes())
}

func TestLittleIsReadForWhoIsNotKnown(t *testing.T) {
	b := newBackend(t)
	for _, tt := range []struct {
		name, path, header string
		most               int64
	}{
		{"nobody's request", "/v1/panels", "", 65 << 10},
		{"one with no signature in its header", "/v1/panels", "AAAA", 0},
		{"one of an unknown key", "/v1/panels", signatureOf(t, newKey(t, "mallory"), "/v1/panels"), 0},
		{"a researcher's panel", "/v1/panels", signatureOf(t, b.keys["alice"], "/v1/panels"), protocol.MaxMessage + 1},
		{"an operator's anything else", "/v1/studies", signatureOf(t, b.keys["operator"], "/v1/studies"), protocol.MaxMessage + 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := &counted{r: io.LimitReader(endless{}, 128<<20)}
			r := httptest.NewRequest("POST", tt.path, body)
			if tt.header != "" {
				r.Header.Set(rest.Header, tt.header)
			}
			w := httptest.NewRecorder()
			newAPI(b).ServeHTTP(w, r)
			if w.Code < 400 || body.read > tt.most {
				t.Errorf("status %d after %d bytes, at most %d are read", w.Code, body.read, tt.most)
			}
		})
	}
}

// timed is a connection that has deadlines.
type timed struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error {
	w.deadlines = append(w.deadlines, t)
	return nil
}

func TestABodyMustComeInTime(t *testing.T) {
	r := httptest.NewRequest("POST", "/v1/join", strings.NewReader("x"))
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	newAPI(newBackend(t)).ServeHTTP(w, r)
	if len(w.deadlines) != 2 || w.deadlines[0].IsZero() || !w.deadlines[1].IsZero() {
		t.Errorf("deadlines %v, want one for the body and none after it", w.deadlines)
	}
}

func TestABodyThatBreaksOffIsNotTooLarge(t *testing.T) {
	r := httptest.NewRequest("POST", "/v1/join", iotest.ErrReader(io.ErrUnexpectedEOF))
	w := httptest.NewRecorder()
	newAPI(newBackend(t)).ServeHTTP(w, r)
	if w.Code != http.StatusRequestTimeout || !strings.Contains(w.Body.String(), "LOC-REQUEST-CUT-SHORT") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestAReasonIsNotCutInsideALetter(t *testing.T) {
	b := newBackend(t)
	b.err = fmt.Errorf("%w: %s", protocol.ErrMalformed, strings.Repeat("é", 400))
	w := do(t, newAPI(b), b.keys["alice"], "POST", "/v1/studies/demo/queries", "x")
	if strings.Contains(w.Body.String(), "\\ufffd") || strings.Contains(w.Body.String(), "\ufffd") {
		t.Errorf("%s", w.Body)
	}
	if errors.Is(b.err, protocol.ErrMalformed) && w.Code != 422 {
		t.Errorf("status %d", w.Code)
	}
}
