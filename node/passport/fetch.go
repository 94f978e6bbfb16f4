package passport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// ErrFetch is returned when a key set does not come as it should.
var ErrFetch = errors.New("passport: the key set does not come")

type httpFetcher struct{ way http.RoundTripper }

// NewFetcher makes a Fetcher of one way out, which does the dialling: a node hands in that
// of its egress door. A round trip follows no redirect and carries no cookie.
func NewFetcher(way http.RoundTripper) Fetcher { return httpFetcher{way} }

func (f httpFetcher) Fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return nil, fmt.Errorf("%w: its address is not https", ErrFetch)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: its address is no URL", ErrFetch)
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := f.way.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d, want 200 (redirects are not followed: list the address where it is)", ErrFetch, answer.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, MaxKeySetBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	if len(raw) > MaxKeySetBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFetch, MaxKeySetBytes)
	}
	return raw, nil
}
