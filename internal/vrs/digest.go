package vrs

import (
	"crypto/sha512"
	"encoding/base64"
	"hash"
)

// Size is the bytes of a digest, and textSize the letters of it.
const (
	Size     = 24
	textSize = Size / 3 * 4
)

// Digest is a sha512t24u digest.
type Digest [Size]byte

// Sum is the digest of some bytes.
func Sum(blob []byte) Digest {
	long := sha512.Sum512(blob)
	return Digest(long[:Size])
}

// String is the digest in base64url, as it stands behind SQ. and VA.
func (d Digest) String() string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// append writes what String gives behind b.
func (d Digest) append(b []byte) []byte { return base64.RawURLEncoding.AppendEncode(b, d[:]) }

// AlleleID is the computed identifier of the allele that a digest names.
func (d Digest) AlleleID() string { return "ga4gh:VA." + d.String() }

// Refget digests a sequence that comes in parts. Letters MUST be in upper case, and
// nothing but letters: refget names the sequence, not its file.
type Refget struct{ h hash.Hash }

// NewRefget starts a sequence.
func NewRefget() *Refget { return &Refget{sha512.New()} }

// Write adds bases. It never fails.
func (r *Refget) Write(bases []byte) (int, error) { return r.h.Write(bases) }

// Digest is the digest of what was written so far.
func (r *Refget) Digest() Digest { return Digest(r.h.Sum(nil)[:Size]) }

// Sequences names an ordered list of sequences: the digest of the "sequences" attribute
// of a refget sequence collection.
func Sequences(list []Digest) Digest {
	b := []byte{'['}
	for i, d := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(d.append(append(b, `"SQ.`...)), '"')
	}
	return Sum(append(b, ']'))
}
