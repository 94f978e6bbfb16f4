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
	// maxNonces bounds what is remembered, maxOfKey what is for one key: who fills it
	// keeps nobody out but itself. It is 80 requests a second.
	maxNonces = 100_000
	maxOfKey  = 20_000
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
	nonces map[protocol.Digest]seen
	of     map[protocol.KeyID]int // how many of nonces
}

type seen struct {
	at time.Time
	by protocol.KeyID
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
	if !v.fresh(c.signed.Message.Nonce, c.Signer(), c.now) && !debug.Without(debug.Replay) {
		return protocol.KeyID{}, fmt.Errorf("%w: seen before", ErrRequest)
	}
	return c.Signer(), nil
}

// fresh remembers a nonce and reports whether it is new. A full memory refuses:
// forgetting would let a request be replayed.
func (v *Verifier) fresh(nonce protocol.Digest, by protocol.KeyID, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.nonces == nil {
		v.nonces, v.of = make(map[protocol.Digest]seen), make(map[protocol.KeyID]int)
	}
	if _, was := v.nonces[nonce]; was {
		return false
	}
	full := func() bool { return len(v.nonces) >= maxNonces || v.of[by] >= maxOfKey }
	if full() {
		v.forget(now)
	}
	if full() {
		return false
	}
	v.nonces[nonce] = seen{now, by}
	v.of[by]++
	return true
}

// forget drops what could not be replayed any more.
func (v *Verifier) forget(now time.Time) {
	for n, s := range v.nonces {
		if now.Sub(s.at) > 2*MaxAge {
			delete(v.nonces, n)
			if v.of[s.by]--; v.of[s.by] == 0 {
				delete(v.of, s.by)
			}
		}
	}
}
