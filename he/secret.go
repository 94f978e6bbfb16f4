package he

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// ErrKeyLength is returned when a key does not have its 32 bytes.
var ErrKeyLength = errors.New("he: a key has 32 bytes")

// keySize is the length of every symmetric key of this package.
const keySize = 32

// SessionRoot is the secret from which a site derives what hides its words. Whoever
// has it and the words can open every contribution that was made under it.
type SessionRoot struct{ key [keySize]byte }

// NewSessionRoot copies a root of 32 random bytes.
func NewSessionRoot(b []byte) (SessionRoot, error) {
	var r SessionRoot
	if len(b) != keySize {
		return r, fmt.Errorf("%w: the session root has %d", ErrKeyLength, len(b))
	}
	copy(r.key[:], b)
	return r, nil
}

// CheckKey expands into the weights of the check words. Sites and researcher know
// it, the coordinator does not: whoever does can alter a sum unseen.
type CheckKey struct{ key [keySize]byte }

// NewCheckKey copies a key of 32 random bytes.
func NewCheckKey(b []byte) (CheckKey, error) {
	var k CheckKey
	if len(b) != keySize {
		return k, fmt.Errorf("%w: the check key has %d", ErrKeyLength, len(b))
	}
	copy(k.key[:], b)
	return k, nil
}

// derive expands the root under a label and a context of fixed length.
func (r SessionRoot) derive(label string, context []byte) ([keySize]byte, error) {
	var key [keySize]byte
	b, err := hkdf.Key(sha256.New, r.key[:], []byte("locus/he/v1"), label+"\x00"+string(context), keySize)
	if err != nil {
		return key, fmt.Errorf("derive %s: %w", label, err)
	}
	copy(key[:], b)
	clear(b)
	return key, nil
}

// The types below are secret. However they are printed, only their name appears.

func (SessionRoot) name() string { return "he.SessionRoot(…)" }
func (CheckKey) name() string    { return "he.CheckKey(…)" }
func (PairKey) name() string     { return "he.PairKey(…)" }
func (Share) name() string       { return "he.Share(…)" }
func (*Mask) name() string       { return "he.Mask(…)" }

// String returns the type's name only.
func (r SessionRoot) String() string { return r.name() }

// GoString returns the type's name only.
func (r SessionRoot) GoString() string { return r.name() }

// Format prints the type's name only.
func (r SessionRoot) Format(s fmt.State, _ rune) { io.WriteString(s, r.name()) }

// MarshalText returns the type's name only.
func (r SessionRoot) MarshalText() ([]byte, error) { return []byte(r.name()), nil }

// String returns the type's name only.
func (k CheckKey) String() string { return k.name() }

// GoString returns the type's name only.
func (k CheckKey) GoString() string { return k.name() }

// Format prints the type's name only.
func (k CheckKey) Format(s fmt.State, _ rune) { io.WriteString(s, k.name()) }

// MarshalText returns the type's name only.
func (k CheckKey) MarshalText() ([]byte, error) { return []byte(k.name()), nil }

// String returns the type's name only.
func (k PairKey) String() string { return k.name() }

// GoString returns the type's name only.
func (k PairKey) GoString() string { return k.name() }

// Format prints the type's name only.
func (k PairKey) Format(s fmt.State, _ rune) { io.WriteString(s, k.name()) }

// MarshalText returns the type's name only.
func (k PairKey) MarshalText() ([]byte, error) { return []byte(k.name()), nil }

// String returns the type's name only.
func (s Share) String() string { return s.name() }

// GoString returns the type's name only.
func (s Share) GoString() string { return s.name() }

// Format prints the type's name only.
func (s Share) Format(f fmt.State, _ rune) { io.WriteString(f, s.name()) }

// MarshalText returns the type's name only.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.name()), nil }

// String returns the type's name only.
func (m *Mask) String() string { return m.name() }

// GoString returns the type's name only.
func (m *Mask) GoString() string { return m.name() }

// Format prints the type's name only.
func (m *Mask) Format(s fmt.State, _ rune) { io.WriteString(s, m.name()) }

// MarshalText returns the type's name only.
func (m *Mask) MarshalText() ([]byte, error) { return []byte(m.name()), nil }
