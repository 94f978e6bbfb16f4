package egress_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

func notice(t *testing.T) []byte {
	t.Helper()
	n := notify.Notice{Kind: notify.BudgetLow, At: now, Study: "demo", About: protocol.Digest{1}, Numbers: []uint64{7}}
	raw, err := n.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func finding(t *testing.T) []byte {
	t.Helper()
	f := detect.Finding{ID: protocol.Digest{2}, Rule: detect.Walk, Action: detect.Warn, At: now, Subject: detect.Subject{Of: detect.OfResearcher, ID: protocol.Digest{3}}, Count: 12, Threshold: 12}
	raw, err := f.OCSF(detect.Reporter{Site: protocol.Digest{4}, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// siem is an HTTPS server that keeps what it is told.
type siem struct {
	url   string
	roots *x509.CertPool
	// ca is a file with who may speak for it.
	ca string
	// got has a path and a body a request.
	got chan string
}

func newSIEM(t *testing.T) *siem {
	t.Helper()
	s := &siem{got: make(chan string, 100), roots: x509.NewCertPool(), ca: filepath.Join(t.TempDir(), "ca.pem")}
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s.got <- r.URL.Path + " " + string(body)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/hooks/secret"
	s.roots.AddCert(server.Certificate())
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(s.ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func post(t *testing.T, way http.RoundTripper, url string, body []byte, change func(*http.Request)) error {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Webhook-Id": {"1"}}
	if change != nil {
		change(r)
	}
	answer, err := way.RoundTrip(r)
	if err == nil {
		answer.Body.Close()
	}
	return err
}

// To a webhook go notices and findings, as they are written, and nothing else.
func TestOnlyNoticesAndFindingsLeaveByAWebhook(t *testing.T) {
	receiver := newSIEM(t)
	url := receiver.url
	for _, tt := range []struct {
		name   string
		body   []byte
		change func(*http.Request)
		want   error
	}{
		{"a notice", notice(t), nil, nil},
		{"a finding", finding(t), nil, nil},
		{"text", []byte("sample S0001 has 0/1"), nil, egress.ErrClosedList},
		{"nothing", nil, nil, egress.ErrClosedList},
		{"a notice with text", []byte(strings.Replace(string(notice(t)), `"study":"demo"`, `"study":"S0001 has 0/1"`, 1)), nil, egress.ErrClosedList},
		{"a notice with a field more", []byte(strings.Replace(string(notice(t)), `{`, `{"sample":"S0001",`, 1)), nil, egress.ErrClosedList},
		{"a finding with text", []byte(strings.Replace(string(finding(t)), `"title":"`, `"title":"S0001 `, 1)), nil, egress.ErrClosedList},
		{"two notices", append(notice(t), notice(t)...), nil, egress.ErrClosedList},
		{"a notice with much behind it", append(notice(t), make([]byte, 1<<20)...), nil, egress.ErrClosedList},
		{"a header of its own", notice(t), func(r *http.Request) { r.Header.Set("X-Sample", "S0001") }, egress.ErrClosedList},
		{"a header twice", notice(t), func(r *http.Request) { r.Header.Add("Webhook-Id", "S0001") }, egress.ErrClosedList},
		{"a long header", notice(t), func(r *http.Request) { r.Header.Set("Webhook-Id", strings.Repeat("0/1 ", 99)) }, egress.ErrClosedList},
		{"another path", notice(t), func(r *http.Request) { r.URL.Path = "/S0001" }, egress.ErrClosedList},
		{"another host", notice(t), func(r *http.Request) { r.URL.Host = "example.org" }, egress.ErrClosedList},
		{"another name of the host", notice(t), func(r *http.Request) { r.Host = "example.org" }, egress.ErrClosedList},
		{"another method", notice(t), func(r *http.Request) { r.Method = http.MethodPut }, egress.ErrClosedList},
		{"no body", notice(t), func(r *http.Request) { r.Body = nil }, egress.ErrClosedList},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, log := newDoor(t)
			way, err := d.Webhook(url, receiver.roots)
			if err != nil {
				t.Fatal(err)
			}
			if err := post(t, way, url, tt.body, tt.change); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			lines := log()
			if tt.want != nil {
				if len(lines) != 0 || len(receiver.got) != 0 {
					t.Errorf("something left: %v", lines)
				}
				return
			}
			shown := strings.TrimSuffix(url, "/hooks/secret")
			want := []line{{Time: now, Call: "webhook", Peer: shown, Size: int64(len(tt.body)), Digest: sha256.Sum256(tt.body)}}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff("/hooks/secret "+string(tt.body), <-receiver.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be written down does not leave, and nobody is dialled.
func TestNoNoticeWithoutItsLine(t *testing.T) {
	receiver := newSIEM(t)
	url := receiver.url
	d, _ := newDoor(t)
	way, err := d.Webhook(url, receiver.roots)
	if err != nil {
		t.Fatal(err)
	}
	dialled := make(chan struct{}, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if c, err := l.Accept(); err == nil {
			dialled <- struct{}{}
			c.Close()
		}
	}()
	mail := letters(t, d, l.Addr().String())
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := post(t, way, url, notice(t), nil); !errors.Is(err, egress.ErrLog) || len(receiver.got) != 0 {
		t.Errorf("a webhook: got %v", err)
	}
	if err := mail.Send(t.Context(), notify.Item{ID: "1", Form: notify.AsNotice, Body: notice(t)}); !errors.Is(err, egress.ErrLog) {
		t.Errorf("a letter: got %v", err)
	}
	l.Close()
	if len(dialled) != 0 {
		t.Error("the relay is dialled")
	}
}

func letters(t *testing.T, d *egress.Door, address string) *notify.Mail {
	t.Helper()
	way, err := d.Relay(address)
	if err != nil {
		t.Fatal(err)
	}
	m, err := notify.NewMail(notify.MailConfig{Relay: address, From: "locus@example.org", To: []string{"alice@example.org"}}, way)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAWebhookIsBoundToItsAuthorities(t *testing.T) {
	receiver := newSIEM(t)
	url := receiver.url
	d, _ := newDoor(t)
	way, err := d.Webhook(url, x509.NewCertPool())
	if err != nil {
		t.Fatal(err)
	}
	if err := post(t, way, url, notice(t), nil); err == nil || len(receiver.got) != 0 {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"http://example.org/", "example.org", "https://user@example.org/"} {
		if _, err := d.Webhook(bad, nil); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
	if _, err := d.Relay("mail.example.org"); err == nil {
		t.Error("a relay without a port is taken")
	}
	way2, err := d.Relay("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := way2.Dial(t.Context(), notify.Letter{}); !errors.Is(err, egress.ErrClosedList) {
		t.Errorf("no letter: got %v", err)
	}
}

// The whole way: a configuration, a door, a receiver and a relay.
func TestNoticesAndFindingsThroughTheDoor(t *testing.T) {
	receiver, relay := newSIEM(t), newRelay(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	d, log := newDoor(t)
	c := notify.Config{
		Webhooks: []notify.WebhookTarget{{Name: "siem", URL: receiver.url, SecretFile: secret, Findings: true, CAFile: receiver.ca}},
		Mail:     []notify.MailTarget{{Name: "custodian", Relay: relay.address, From: "locus@example.org", To: []string{"alice@example.org"}}},
	}
	targets, err := c.Targets(d, nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := notify.Open(notify.Settings{Dir: t.TempDir(), Targets: targets, Fatal: func(err error) bool { return errors.Is(err, egress.ErrLog) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Notify(notify.Notice{Kind: notify.Frozen, At: now, Study: "demo", Numbers: []uint64{9}}); err != nil {
		t.Fatal(err)
	}
	if err := n.Finding(finding(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	letter := <-relay.got
	told := <-receiver.got + "\n" + <-receiver.got
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(told, `"kind":"frozen"`) || !strings.Contains(told, `"class_uid":2004`) {
		t.Errorf("the receiver got %s", told)
	}
	calls := map[string]int{}
	for _, l := range log() {
		calls[l.Call]++
		if l.Call == "mail" && (l.Digest != sha256.Sum256([]byte(letter)) || l.Size != int64(len(letter)) || l.Peer != relay.address) {
			t.Errorf("logged %+v of %q", l, letter)
		}
	}
	if diff := cmp.Diff(map[string]int{"webhook": 2, "mail": 1}, calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// relay is a mail relay on this machine, without TLS.
type relay struct {
	address string
	got     chan string
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &relay{l.Addr().String(), make(chan string, 1)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(c)
		}
	}()
	return r
}

// serve takes one letter.
func (r *relay) serve(c net.Conn) {
	defer c.Close()
	fmt.Fprint(c, "220 relay\r\n")
	var letter strings.Builder
	in := bufio.NewReader(c)
	for data := false; ; {
		text, err := in.ReadString('\n')
		switch {
		case err != nil:
			return
		case data && text == ".\r\n":
			data = false
			r.got <- letter.String()
			fmt.Fprint(c, "250 taken\r\n")
		case data:
			letter.WriteString(text)
		case strings.HasPrefix(text, "DATA"):
			data = true
			fmt.Fprint(c, "354 go on\r\n")
		default:
			fmt.Fprint(c, "250 ok\r\n")
		}
	}
}

// A custodian reads in docs/reference/egress.md what leaves by these ways.
func TestThePageHasTheWaysOfNotices(t *testing.T) {
	raw, err := os.ReadFile("../../docs/reference/egress.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(raw), "\n## Notices and findings\n")
	part, _, _ = strings.Cut(part, "\n## ")
	for _, row := range egress.Outward() {
		if !strings.Contains(part, "\n| `"+row+"` | ") {
			t.Errorf("%s has no row", row)
		}
	}
	for _, header := range egress.HookHeaders() {
		if !strings.Contains(part, "`"+header+"`") {
			t.Errorf("header %s is not described", header)
		}
	}
	if n := strings.Count(part, "\n| `"); n != len(egress.Outward()) {
		t.Errorf("%d rows for %d ways", n, len(egress.Outward()))
	}
}
