package passport

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/protocol"
)

// Asker is whose key has signed a query.
type Asker struct {
	Key protocol.KeyID
	// Thumbprint is of the Ed25519 half of the key: RFC 7638 and RFC 8037.
	Thumbprint string
	// Named are the identities that the study's roster names beside the key, if it does.
	Named []Identity
}

// AskerOf is the one who has a key.
func AskerOf(key protocol.PublicKey, named ...Identity) Asker {
	return Asker{key.ID(), Thumbprint(key), named}
}

// Thumbprint is what a broker puts into cnf.jkt. Half of the key is enough: a roster's
// key signs with both halves, and only who has the Ed25519 half can.
func Thumbprint(key protocol.PublicKey) string {
	if key.IsZero() {
		return ""
	}
	x := base64.RawURLEncoding.EncodeToString(key.Bytes()[:ed25519.PublicKeySize])
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":%q}`, x))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Person is a line of the site's own list: who holds a researcher's key.
type Person struct {
	Key     protocol.KeyID `json:"key"`
	Issuer  string         `json:"issuer"`
	Subject string         `json:"subject"`
}

// Confirmation is the cnf claim of a passport (RFC 7800 section 3.1), signed by the broker.
// Of its members a thumbprint (jkt, RFC 9449 section 6.1) and a key id (kid, RFC 7800
// section 3.4) are understood.
type Confirmation struct{ Thumbprint, KeyID string }

// Binding is what ties the key of a query to a person.
type Binding uint8

// The bindings: the broker has signed it, the study's roster has it, or the site's list.
const (
	ByBroker Binding = iota + 1
	ByRoster
	BySite
)

// String names a binding.
func (b Binding) String() string {
	switch b {
	case ByBroker:
		return "broker"
	case ByRoster:
		return "roster"
	case BySite:
		return "site"
	}
	return fmt.Sprintf("binding %d", uint8(b))
}

// Bind says what ties the asker's key to the holder of a passport. Whoever speaks of the
// key must agree: a cnf claim that names another key is refused, even where the site or
// the roster names the holder, and so is a holder that they do not name for a key for
// which they name others. Without anybody who speaks there is no binding.
func Bind(holder Identity, cnf *Confirmation, who Asker, people []Person) (Binding, error) {
	var site []Identity
	for _, p := range people {
		if p.Key == who.Key {
			site = append(site, Identity{p.Issuer, p.Subject})
		}
	}
	var by Binding
	for _, word := range []struct {
		named []Identity
		by    Binding
	}{{site, BySite}, {who.Named, ByRoster}} {
		if len(word.named) == 0 {
			continue
		}
		if !slices.Contains(word.named, holder) {
			return 0, KeyUnbound
		}
		by = word.by
	}
	if cnf != nil {
		if !cnf.confirms(who) {
			return 0, KeyUnbound
		}
		by = ByBroker
	}
	if by == 0 || who.Key.IsZero() {
		return 0, KeyUnbound
	}
	return by, nil
}

// confirms wants every member that is understood to name the key, and one at least.
func (c Confirmation) confirms(who Asker) bool {
	if c == (Confirmation{}) {
		return false
	}
	return (c.Thumbprint == "" || c.Thumbprint == who.Thumbprint) && (c.KeyID == "" || c.KeyID == who.Key.String())
}

// confirmation is the cnf claim, or nil.
func (t *token) confirmation() (*Confirmation, Reason) {
	if _, there := t.claims["cnf"]; !there {
		return nil, 0
	}
	o, r := member(t.claims, "cnf")
	if r != 0 {
		return nil, r
	}
	var c Confirmation
	if c.Thumbprint, r = o.optionalText("jkt", maxName); r != 0 {
		return nil, r
	}
	c.KeyID, r = o.optionalText("kid", maxName)
	return &c, r
}

// holders are the identities that are named for a key, by the roster and the site where
// both speak of it. A plain list of visas has no holder of its own.
func holders(who Asker, people []Person) (ids []Identity, by Binding) {
	for _, p := range people {
		if id := (Identity{p.Issuer, p.Subject}); p.Key == who.Key && (len(who.Named) == 0 || slices.Contains(who.Named, id)) {
			ids = append(ids, id)
		}
	}
	if len(who.Named) == 0 {
		return ids, BySite
	}
	if !slices.ContainsFunc(people, func(p Person) bool { return p.Key == who.Key }) {
		ids = who.Named
	}
	return ids, ByRoster
}
