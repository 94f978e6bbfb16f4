package rest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
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
	r := protocol.Request{Method: req.Method, Path: target(req), Body: sha256.Sum256(body), At: now}
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

// target is what is asked of whom.
func target(req *http.Request) string {
	return "//" + strings.ToLower(req.Host) + req.URL.RequestURI()
}

// Verifier checks requests and remembers their nonces for as long as one could be
// replayed. The zero value is ready.
type Verifier struct {
	mu     sync.Mutex
	nonces map[protocol.Digest]time.Time
}

// Claim is a request's signature, which verifies for a body that is still to come.
type Claim struct {
	signed protocol.Signed[protocol.Request]
	now    time.Time
}

// Signer is the key that signed.
func (c Claim) Signer() protocol.KeyID { return c.signed.Signer() }

// Open checks everything of a request but its body, so that nothing is read for
// somebody who is not known.
func (v *Verifier) Open(req *http.Request, ring protocol.Keyring, now time.Time) (Claim, error) {
	header := req.Header.Get(Header)
	if header == "" || len(header) > maxHeader {
		return Claim{}, fmt.Errorf("%w: no %s header", ErrRequest, Header)
	}
	raw, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		return Claim{}, fmt.Errorf("%w: the %s header is not base64", ErrRequest, Header)
	}
	s, err := protocol.Open[protocol.Request](raw, ring)
	if err != nil {
		return Claim{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	r := &s.Message
	if r.Method != req.Method || r.Path != target(req) {
		return Claim{}, fmt.Errorf("%w: signed for another request", ErrRequest)
	}
	if age := now.Sub(r.At).Abs(); age > MaxAge {
		return Claim{}, fmt.Errorf("%w: its time is %s away from the server's; set the clock", ErrRequest, age.Round(time.Second))
	}
	return Claim{signed: s, now: now}, nil
}

// Verify returns who signed a request with this body, once.
func (v *Verifier) Verify(c Claim, body []byte) (protocol.KeyID, error) {
	if c.signed.IsZero() || c.signed.Message.Body != sha256.Sum256(body) {
		return protocol.KeyID{}, fmt.Errorf("%w: signed for another request", ErrRequest)
	}
	if !v.fresh(c.signed.Message.Nonce, c.now) && !debug.Without(debug.Replay) {
		return protocol.KeyID{}, fmt.Errorf("%w: seen before", ErrRequest)
	}
	return c.Signer(), nil
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
