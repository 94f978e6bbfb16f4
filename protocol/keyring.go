package protocol

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"filippo.io/mldsa"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/locus-genomics/locus/internal/debug"
)

// KeyID names a public key: a digest of its bytes.
type KeyID = Digest

// Sizes in bytes of keys and signatures.
const (
	mldsaPublicSize    = 1952
	mldsaSignatureSize = 3309
	// PublicKeySize is an Ed25519 key followed by an ML-DSA-65 key.
	PublicKeySize = ed25519.PublicKeySize + mldsaPublicSize
)

// PublicKey is one signer's pair of verification keys. The zero value verifies nothing.
type PublicKey struct {
	ed  ed25519.PublicKey
	ml  *mldsa.PublicKey
	raw string
	id  KeyID
}

// ParsePublicKey takes PublicKeySize bytes.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != PublicKeySize {
		return PublicKey{}, fmt.Errorf("%w: a public key of %d bytes, want %d", ErrMalformed, len(b), PublicKeySize)
	}
	ml, err := mldsa.NewPublicKey(mldsa.MLDSA65(), b[ed25519.PublicKeySize:])
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: not an ML-DSA-65 key", ErrMalformed)
	}
	raw := string(b)
	return PublicKey{
		ed: ed25519.PublicKey(raw[:ed25519.PublicKeySize]), ml: ml, raw: raw,
		id: Hash("locus/key/v1", b),
	}, nil
}

// Bytes is what ParsePublicKey takes.
func (k PublicKey) Bytes() []byte { return []byte(k.raw) }

// ID names the key.
func (k PublicKey) ID() KeyID { return k.id }

// IsZero reports whether there is no key.
func (k PublicKey) IsZero() bool { return k.raw == "" }

// Equal reports whether both are the same key.
func (k PublicKey) Equal(other PublicKey) bool { return k.raw == other.raw && k.raw != "" }

// verify checks both signatures over exact bytes.
func (k PublicKey) verify(kind string, payload []byte, s signature) error {
	if k.IsZero() {
		return ErrSignature
	}
	pae := dsse.PAE(kind, payload)
	classical := ed25519.Verify(k.ed, pae, s.ed25519)
	postQuantum := mldsa.Verify(k.ml, pae, s.mldsa65, &mldsa.Options{Context: kind}) == nil
	if debug.Without(debug.BothSignatures) {
		postQuantum = true
	}
	if !classical || !postQuantum {
		return ErrSignature
	}
	return nil
}

// SigningKey is one signer's secret: an Ed25519 and an ML-DSA-65 key from one seed.
type SigningKey struct {
	ed     ed25519.PrivateKey
	ml     *mldsa.PrivateKey
	public PublicKey
}

// NewSigningKey derives both keys from a seed of 32 bytes by HKDF-SHA256.
func NewSigningKey(seed []byte) (*SigningKey, error) {
	if len(seed) != 32 {
		return nil, errors.New("protocol: a signing seed has 32 bytes")
	}
	edSeed, err := hkdf.Key(sha256.New, seed, nil, "locus/sign/ed25519/v1", ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("derive signing key: %w", err)
	}
	mlSeed, err := hkdf.Key(sha256.New, seed, nil, "locus/sign/mldsa65/v1", mldsa.PrivateKeySize)
	if err != nil {
		return nil, fmt.Errorf("derive signing key: %w", err)
	}
	ed := ed25519.NewKeyFromSeed(edSeed)
	ml, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), mlSeed)
	if err != nil {
		return nil, fmt.Errorf("derive signing key: %w", err)
	}
	public, err := ParsePublicKey(append([]byte(ed.Public().(ed25519.PublicKey)), ml.PublicKey().Bytes()...))
	if err != nil {
		return nil, err
	}
	return &SigningKey{ed: ed, ml: ml, public: public}, nil
}

// Public is the key that verifies.
func (k *SigningKey) Public() PublicKey { return k.public }

// Format keeps the secret out of every print.
func (k *SigningKey) Format(s fmt.State, _ rune) { fmt.Fprint(s, "protocol.SigningKey(…)") }

// MarshalText refuses: a secret is never written by accident.
func (k *SigningKey) MarshalText() ([]byte, error) {
	return nil, errors.New("protocol: a signing key is not written")
}

func (k *SigningKey) sign(kind string, payload []byte) (signature, error) {
	pae := dsse.PAE(kind, payload)
	ml, err := k.ml.Sign(rand.Reader, pae, &mldsa.Options{Context: kind})
	if err != nil {
		return signature{}, fmt.Errorf("sign %s: %w", kind, err)
	}
	return signature{key: k.public.id, ed25519: ed25519.Sign(k.ed, pae), mldsa65: ml}, nil
}

// Keyring is the set of keys that may have signed a message.
type Keyring map[KeyID]PublicKey

// NewKeyring holds the given keys.
func NewKeyring(keys ...PublicKey) Keyring {
	ring := make(Keyring, len(keys))
	for _, k := range keys {
		ring[k.ID()] = k
	}
	return ring
}
