package egress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/node/notify"
)

// What leaves for those whom a site's configuration names, as the log calls it.
const (
	callWebhook = "webhook"
	callMail    = "mail"
)

// Door is the way out of package notify.
var _ notify.Ways = (*Door)(nil)

const (
	dialTimeout     = 10 * time.Second
	maxAnswerHeader = 16 << 10
)

// hookHeaders are the headers of a webhook that leave.
var hookHeaders = []string{"Content-Type", "User-Agent", notify.HeaderID, notify.HeaderTimestamp, notify.HeaderSignature}

// Webhook is a way to one URL, for notices and findings and nothing else. Nil means the
// system's authorities. It follows no redirect. It opens no connection yet.
func (d *Door) Webhook(url string, roots *x509.CertPool) (http.RoundTripper, error) {
	shown, err := notify.CheckURL(url)
	if err != nil {
		return nil, err
	}
	return &hook{d, url, shown, &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout, MaxResponseHeaderBytes: maxAnswerHeader,
		DisableKeepAlives: true, // notices are rare
	}}, nil
}

// hook posts to one URL.
type hook struct {
	door *Door
	url  string
	// peer is what the log has of the URL: a path may have a secret in it.
	peer string
	way  *http.Transport
}

// RoundTrip posts a notice or a finding.
func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := h.check(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrClosedList, callWebhook, err)
	}
	out, err := http.NewRequestWithContext(r.Context(), http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrClosedList, callWebhook, err)
	}
	out.GetBody = nil // once bytes have left, they are not sent again without a line
	out.Header = r.Header.Clone()
	if err := h.door.record(line{Call: callWebhook, Peer: h.peer, Size: int64(len(body)), Digest: sha256.Sum256(body)}); err != nil {
		return nil, err
	}
	return h.way.RoundTrip(out)
}

// check returns the body of what may leave. It closes the request's, as a RoundTripper has to.
func (h *hook) check(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, errors.New("nothing")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, notify.MaxBody+1))
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	switch {
	case len(body) > notify.MaxBody:
		return nil, fmt.Errorf("over %d bytes", notify.MaxBody)
	case r.Method != http.MethodPost || r.URL == nil || r.URL.String() != h.url || r.Host != "" && r.Host != r.URL.Host:
		return nil, errors.New("another request than a POST to its URL")
	}
	for name, values := range r.Header {
		if !slices.Contains(hookHeaders, name) || len(values) != 1 || len(values[0]) > 128 {
			return nil, fmt.Errorf("a header %q", name)
		}
	}
	if _, err = notify.ParseNotice(body); err != nil {
		if _, _, isNot := detect.ParseFinding(body); isNot == nil {
			err = nil
		}
	}
	return body, err
}

// Relay is a way to one mail relay, for letters. It opens no connection yet.
func (d *Door) Relay(address string) (notify.Relay, error) {
	if _, err := notify.CheckRelay(address); err != nil {
		return nil, err
	}
	return &relay{d, address}, nil
}

// relay dials one mail relay.
type relay struct {
	door    *Door
	address string
}

// Dial writes the letter down and opens the connection that it leaves by.
func (r *relay) Dial(ctx context.Context, letter notify.Letter) (net.Conn, error) {
	raw := letter.Bytes()
	if len(raw) == 0 {
		return nil, fmt.Errorf("%w: %s: no letter", ErrClosedList, callMail)
	}
	if err := r.door.record(line{Call: callMail, Peer: r.address, Size: int64(len(raw)), Digest: sha256.Sum256(raw)}); err != nil {
		return nil, err
	}
	return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", r.address)
}
