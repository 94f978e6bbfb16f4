package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxAnswer is how much of an answer is read, so that a connection can be used again.
const maxAnswer = 4 << 10

// Webhook posts JSON to one address, signed.
type Webhook struct {
	url    string
	secret Secret
	way    http.RoundTripper
	now    func() time.Time
}

// NewWebhook makes a sender of one way out, which does the dialling: a node hands in that of
// its egress door. A round trip follows no redirect.
func NewWebhook(url string, secret Secret, way http.RoundTripper, now func() time.Time) (*Webhook, error) {
	if _, err := CheckURL(url); err != nil {
		return nil, err
	}
	if len(secret.key) == 0 {
		return nil, ErrSecret
	}
	return &Webhook{url, secret, way, now}, nil
}

// Send posts an item.
func (w *Webhook) Send(ctx context.Context, item Item) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(item.Body))
	if err != nil {
		return fmt.Errorf("%w: no request can be made of it", ErrAddress)
	}
	timestamp := strconv.FormatInt(w.now().Unix(), 10)
	request.Header = http.Header{
		"Content-Type":  {"application/json"},
		"User-Agent":    {"locus-node"},
		HeaderID:        {item.ID},
		HeaderTimestamp: {timestamp},
		HeaderSignature: {w.secret.sign(item.ID, timestamp, item.Body)},
	}
	answer, err := w.way.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer answer.Body.Close()
	// What it says is of no interest, and an error in it neither.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case unwanted[code]:
		return fmt.Errorf("%w: status %d", ErrRefused, code)
	default:
		return fmt.Errorf("%w: status %d, want 2xx (redirects are not followed)", ErrUnreachable, code)
	}
}

// unwanted are answers about what was posted. Others are about the address, the secret or the
// receiver, which somebody may put right.
var unwanted = map[int]bool{
	http.StatusBadRequest: true, http.StatusGone: true, http.StatusRequestEntityTooLarge: true,
	http.StatusUnsupportedMediaType: true, http.StatusUnprocessableEntity: true,
}
