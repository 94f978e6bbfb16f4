package rest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

const (
	// Header carries a request's signature.
	Header = "Locus-Signature"
	// MaxAge is how far a request's time may be from the server's clock.
	MaxAge = 2 * time.Minute

	maxHeader = 16 << 10
	maxNonces = 100_000
)

// ErrRequest is returned when a request is not signed by one who may make it.
var ErrRequest = errors.New("rest: the request is not signed as it must be")

// sign puts the caller's signature into a request.
func sign(req *http.Request, body []byte, key *protocol.SigningKey, now time.Time) error {
	r := protocol.Request{Method: req.Method, Path: req.URL.RequestURI(), Body: sha256.Sum256(body), At: now}
	if _, err := rand.Read(r.Nonce[:]); err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	s, err := protocol.Sign(r, key)
	if err != nil {
		return err
	}
	req.Header.Set(Header, base64.StdEncoding.EncodeToString(s.Bytes()))
	return nil
}

// Verifier checks requests and remembers their nonces for as long as one could be
// replayed. The zero value is ready.
type Verifier struct {
	mu     sync.Mutex
	nonces map[protocol.Digest]time.Time
}

// Verify returns who signed a request. The body is what was read of it.
func (v *Verifier) Verify(req *http.Request, body []byte, ring protocol.Keyring, now time.Time) (protocol.KeyID, error) {
	header := req.Header.Get(Header)
	if header == "" || len(header) > maxHeader {
		return protocol.KeyID{}, fmt.Errorf("%w: no %s header", ErrRequest, Header)
	}
	raw, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return protocol.KeyID{}, fmt.Errorf("%w: the %s header is not base64", ErrRequest, Header)
	}
	s, err := protocol.Open[protocol.Request](raw, ring)
	if err != nil {
		return protocol.KeyID{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	r := s.Message
	if r.Method != req.Method || r.Path != req.URL.RequestURI() || r.Body != sha256.Sum256(body) {
		return protocol.KeyID{}, fmt.Errorf("%w: signed for another request", ErrRequest)
	}
	if age := now.Sub(r.At).Abs(); age > MaxAge {
		return protocol.KeyID{}, fmt.Errorf("%w: its time is %s away from the server's; set the clock", ErrRequest, age.Round(time.Second))
	}
	if !v.fresh(r.Nonce, now) && !debug.Without(debug.Replay) {
		return protocol.KeyID{}, fmt.Errorf("%w: seen before", ErrRequest)
	}
	return s.Signer(), nil
}

// fresh remembers a nonce and reports whether it is new. A full memory refuses:
// forgetting would let a request be replayed.
func (v *Verifier) fresh(nonce protocol.Digest, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.nonces == nil {
		v.nonces = make(map[protocol.Digest]time.Time)
	}
	if _, seen := v.nonces[nonce]; seen {
		return false
	}
	if len(v.nonces) >= maxNonces {
		for n, at := range v.nonces {
			if now.Sub(at) > 2*MaxAge {
				delete(v.nonces, n)
			}
		}
		if len(v.nonces) >= maxNonces {
			return false
		}
	}
	v.nonces[nonce] = now
	return true
}
