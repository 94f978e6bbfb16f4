package protocol

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// Digest is a SHA-256 sum that names something: a signed message, a roster, a set.
type Digest [sha256.Size]byte

// Hash digests parts under a domain. Every part is preceded by its length, so
// that two lists of parts never give the same bytes.
func Hash(domain string, parts ...[]byte) Digest {
	h := sha256.New()
	writePart(h, []byte(domain))
	for _, p := range parts {
		writePart(h, p)
	}
	return Digest(h.Sum(nil))
}

func writePart(w io.Writer, part []byte) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(part)))
	w.Write(n[:])
	w.Write(part)
}

// ParseDigest takes 32 bytes.
func ParseDigest(b []byte) (Digest, error) {
	if len(b) != len(Digest{}) {
		return Digest{}, fmt.Errorf("%w: a digest of %d bytes, want 32", ErrMalformed, len(b))
	}
	return Digest(b), nil
}

// ParseHexDigest reads what String writes.
func ParseHexDigest(s string) (Digest, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return Digest{}, fmt.Errorf("%w: a digest is 64 hexadecimal digits", ErrMalformed)
	}
	return ParseDigest(b)
}

// String is the digest in lower-case hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short is enough of the digest for a person to tell two apart.
func (d Digest) Short() string { return d.String()[:12] }

// Compare orders digests by their bytes.
func (d Digest) Compare(e Digest) int { return bytes.Compare(d[:], e[:]) }

// IsZero reports whether the digest names nothing.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText writes String.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads String.
func (d *Digest) UnmarshalText(text []byte) (err error) {
	*d, err = ParseHexDigest(string(text))
	return err
}

// Tag is a digest under a site's key: it names something without telling what.
func Tag(key []byte, domain string, parts ...[]byte) Digest {
	h := hmac.New(sha256.New, key)
	writePart(h, []byte(domain))
	for _, p := range parts {
		writePart(h, p)
	}
	return Digest(h.Sum(nil))
}

// newStream is Hash for parts that come one by one.
func newStream(domain string) hash.Hash {
	h := sha256.New()
	writePart(h, []byte(domain))
	return h
}
