package notify_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node/notify"
)

// receiver is an HTTPS server that answers with a handler, and a way to it.
func receiver(t testing.TB, answer http.HandlerFunc) (url string, way http.RoundTripper) {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	return s.URL + "/hooks/locus", s.Client().Transport
}

func newWebhook(t testing.TB, url string, s notify.Secret, way http.RoundTripper) *notify.Webhook {
	t.Helper()
	w, err := notify.NewWebhook(url, s, way, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAWebhookIsSigned(t *testing.T) {
	_, secret := secretFile(t)
	other, err := notify.ParseSecret("whsec_YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXMgLi4uLi4=")
	if err != nil {
		t.Fatal(err)
	}
	sent := item(t, notice(notify.BudgetLow))
	url, way := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != string(sent.Body) || r.Method != http.MethodPost || r.URL.Path != "/hooks/locus" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %q, %v", r.Method, r.URL.Path, body, err)
		}
		for name := range r.Header {
			if !strings.HasPrefix(name, "Webhook-") && name != "Content-Type" && name != "Content-Length" && name != "User-Agent" && name != "Accept-Encoding" {
				t.Errorf("header %s leaves", name)
			}
		}
		for _, tt := range []struct {
			name   string
			secret notify.Secret
			now    time.Time
			body   string
			header func(http.Header)
			want   bool
		}{
			{"as sent", secret, at, string(body), nil, true},
			{"four minutes later", secret, at.Add(4 * time.Minute), string(body), nil, true},
			{"with an older signature beside it", secret, at, string(body), func(h http.Header) {
				h.Set(notify.HeaderSignature, "v1,AAAA "+h.Get(notify.HeaderSignature))
			}, true},
			{"six minutes later", secret, at.Add(6 * time.Minute), string(body), nil, false},
			{"six minutes before", secret, at.Add(-6 * time.Minute), string(body), nil, false},
			{"with another secret", other, at, string(body), nil, false},
			{"other bytes", secret, at, string(body) + " ", nil, false},
			{"another id", secret, at, string(body), func(h http.Header) { h.Set(notify.HeaderID, "1") }, false},
			{"another time", secret, at, string(body), func(h http.Header) { h.Set(notify.HeaderTimestamp, fmt.Sprint(at.Unix()+1)) }, false},
			{"no time", secret, at, string(body), func(h http.Header) { h.Del(notify.HeaderTimestamp) }, false},
			{"no signature", secret, at, string(body), func(h http.Header) { h.Del(notify.HeaderSignature) }, false},
		} {
			h := r.Header.Clone()
			if tt.header != nil {
				tt.header(h)
			}
			if err := notify.VerifyWebhook(tt.secret, h, []byte(tt.body), tt.now); (err == nil) != tt.want {
				t.Errorf("%s: got %v", tt.name, err)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if err := newWebhook(t, url, secret, way).Send(t.Context(), sent); err != nil {
		t.Error(err)
	}
}

// The example of the specification of Standard Webhooks.
func TestTheSignatureIsThatOfStandardWebhooks(t *testing.T) {
	s, err := notify.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{
		notify.HeaderID:        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		notify.HeaderTimestamp: {"1614265330"},
		notify.HeaderSignature: {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	if err := notify.VerifyWebhook(s, h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	_, secret := secretFile(t)
	asked := 0
	url, way := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	if err := newWebhook(t, url, secret, way).Send(t.Context(), item(t, notice(notify.Frozen))); !errors.Is(err, notify.ErrUnreachable) || asked != 1 {
		t.Errorf("got %v after %d requests", err, asked)
	}
}

func TestWhatAReceiverAnswers(t *testing.T) {
	_, secret := secretFile(t)
	for _, tt := range []struct {
		code int
		want error
	}{
		{200, nil}, {202, nil}, {204, nil},
		{400, notify.ErrRefused}, {413, notify.ErrRefused}, {422, notify.ErrRefused},
		{401, notify.ErrUnreachable}, {403, notify.ErrUnreachable}, {404, notify.ErrUnreachable}, {429, notify.ErrUnreachable}, {500, notify.ErrUnreachable}, {503, notify.ErrUnreachable},
	} {
		url, way := receiver(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.code)
			if tt.code != 204 {
				io.WriteString(w, strings.Repeat("a long answer ", 1<<16))
			}
		})
		if err := newWebhook(t, url, secret, way).Send(t.Context(), item(t, notice(notify.Frozen))); !errors.Is(err, tt.want) {
			t.Errorf("%d: got %v, want %v", tt.code, err, tt.want)
		}
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for _, bad := range []string{
		"", "example.org", "http://example.org/", "http://localhost/", "http://127.0.0.1.example.org/", "http://10.0.0.1/", "ftp://example.org/",
		"https://", "https:///path", "https://user@example.org/", "https://example.org/#part", "https:example.org", "https://exa mple.org/", "HTTPS://example.org/",
		"https://example.org/" + strings.Repeat("a", 2048), "https://example.org/\r\n", "file:///etc/passwd",
	} {
		if _, err := notify.CheckURL(bad); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
	for good, want := range map[string]string{
		"https://example.org/hooks/secret?token=secret": "https://example.org", "https://example.org:8443/": "https://example.org:8443",
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080", "http://[::1]:8080/x": "http://[::1]:8080",
	} {
		if shown, err := notify.CheckURL(good); err != nil || shown != want {
			t.Errorf("%q: shown as %q, %v", good, shown, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	path, secret := secretFile(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(format, secret); got != "notify.Secret(…)" {
			t.Errorf("%s prints %s", format, got)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := notify.ReadSecret(path); !errors.Is(err, notify.ErrSecret) {
		t.Errorf("one that others can read: got %v", err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no prefix": strings.Repeat("A", 44), "short": "whsec_AAAA", "no base64": "whsec_" + strings.Repeat("?", 44),
		"two lines": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "long": "whsec_" + strings.Repeat("AAAA", 400),
	} {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := notify.ReadSecret(path); !errors.Is(err, notify.ErrSecret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := notify.NewWebhook("https://example.org/", notify.Secret{}, http.DefaultTransport, time.Now); err == nil {
		t.Error("a webhook without a secret")
	}
}

func FuzzParseSecret(f *testing.F) {
	f.Add("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Add("whsec_")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := notify.ParseSecret(text); err == nil && fmt.Sprint(s) != "notify.Secret(…)" {
			t.Error("a secret is printed")
		}
	})
}

// Nobody is believed who does not have the secret.
func FuzzVerifyWebhook(f *testing.F) {
	f.Add("msg", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte("{}"))
	f.Add("", "-1", "v1 , v1,", []byte(nil))
	secret, err := notify.ParseSecret("whsec_YW5vdGhlciBzZWNyZXQgb2YgMzIgYnl0ZXMgLi4uLi4=")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{notify.HeaderID: {id}, notify.HeaderTimestamp: {timestamp}, notify.HeaderSignature: {signature}}
		if notify.VerifyWebhook(secret, h, body, at) == nil {
			t.Error("believed")
		}
	})
}

// ways are those of a test: to a server of the test.
type ways struct {
	way   http.RoundTripper
	relay notify.Relay
	urls  []string
	roots []*x509.CertPool
}

func (w *ways) Webhook(url string, roots *x509.CertPool) (http.RoundTripper, error) {
	w.urls, w.roots = append(w.urls, url), append(w.roots, roots)
	return w.way, nil
}

func (w *ways) Relay(string) (notify.Relay, error) { return w.relay, nil }
