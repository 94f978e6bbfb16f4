package wire

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// PeerID is the name of a peer: its Ed25519 network key in libp2p's text form
// ("12D3KooW…"). Values from outside go through ParsePeerID.
type PeerID string

// maxPeerIDText bounds the text before it is decoded; an Ed25519 peer id has 52
// characters.
const maxPeerIDText = 64

// ErrPeerID is returned when a text is not the name of a peer.
var ErrPeerID = errors.New(`wire: not a peer id (an Ed25519 key in libp2p's form, "12D3KooW…")`)

// ParsePeerID checks that s is a peer id in its one written form. Other forms
// of the same key, and other sorts of key, are refused, so that equal peers are
// equal strings.
func ParsePeerID(s string) (PeerID, error) {
	if len(s) > maxPeerIDText {
		return "", fmt.Errorf("%w: %d characters", ErrPeerID, len(s))
	}
	id, err := peer.Decode(s)
	if err != nil || id.String() != s {
		return "", fmt.Errorf("%w: %q", ErrPeerID, s)
	}
	key, err := id.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 {
		return "", fmt.Errorf("%w: %q holds another sort of key", ErrPeerID, s)
	}
	return PeerID(s), nil
}

// decode returns libp2p's form. An id that did not come from ParsePeerID may
// fail; to the caller it is a peer like any other that is not connected.
func (p PeerID) decode() (peer.ID, error) {
	if _, err := ParsePeerID(string(p)); err != nil {
		return "", err
	}
	return peer.Decode(string(p))
}

// Identity is a peer's Ed25519 network key. It authenticates connections and
// signs nothing else. It prints as "wire.Identity(…)".
type Identity struct {
	key ed25519.PrivateKey
	id  PeerID
}

// NewIdentity makes the identity of a seed. The seed MUST be secret and random;
// a seed of zeros, which is what a key that was never loaded looks like, is
// refused.
func NewIdentity(seed [32]byte) (Identity, error) {
	if seed == [32]byte{} {
		return Identity{}, fmt.Errorf("%w: the network key's seed is all zeros", ErrConfig)
	}
	key := ed25519.NewKeyFromSeed(seed[:])
	pub, err := crypto.UnmarshalEd25519PublicKey(key[ed25519.SeedSize:])
	if err != nil {
		return Identity{}, fmt.Errorf("network key: %w", err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		return Identity{}, fmt.Errorf("network key: %w", err)
	}
	return Identity{key: key, id: PeerID(id.String())}, nil
}

// ID returns the public name of the identity.
func (i Identity) ID() PeerID { return i.id }

const guarded = "wire.Identity(…)"

// String hides the key.
func (Identity) String() string { return guarded }

// GoString hides the key.
func (Identity) GoString() string { return guarded }

// Format hides the key under every verb.
func (Identity) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, guarded) }

// MarshalText hides the key from encoders.
func (Identity) MarshalText() ([]byte, error) { return []byte(guarded), nil }
