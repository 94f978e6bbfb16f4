package he

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// stream is AES in counter mode with an initial counter for each row: row r begins
// at r * 2^64, so that rows are drawn in any order and never meet.
type stream struct {
	block   cipher.Block
	vectors *vectorStream // nil in portable Go
}

func newStream(key []byte) (stream, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return stream{}, fmt.Errorf("he: %w", err)
	}
	return stream{block, newVectorStream(key)}, nil
}

// row returns the key stream of a row from its beginning.
func (s stream) row(r uint64) cipher.Stream {
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[:8], r)
	return cipher.NewCTR(s.block, iv[:])
}

// fill overwrites b with the beginning of row r.
func (s stream) fill(b []byte, r uint64) {
	if s.vectors != nil && len(b)%vectorGroup == 0 {
		s.vectors.fill(b, r)
		return
	}
	s.row(r).XORKeyStream(b, zeros[:len(b)])
}

// zeros are what a key stream is added to. Nothing is ever written here.
var zeros [16 * ringDegree]byte

// uniform draws dst from row r: little-endian words of eight bytes, cut to 50 bits,
// those that are not below q passed over (one in 2^36).
func (s stream) uniform(dst []uint64, r uint64) {
	const chunk = 2048
	var b [chunk]byte
	for row := s.row(r); len(dst) > 0; {
		clear(b[:])
		row.XORKeyStream(b[:], b[:])
		for i := 0; i < chunk && len(dst) > 0; i += 8 {
			if x := binary.LittleEndian.Uint64(b[i:]) & maskPrime; x < prime {
				dst[0] = x
				dst = dst[1:]
			}
		}
	}
	clear(b[:])
}

// redraw is what fill does when a word of the row is not below q: it passes over
// every unit of 8 or 16 bytes that holds such a word. It is slow and rarely needed.
func (s stream) redraw(b []byte, r uint64, unit int) {
	row := s.row(r)
	for len(b) > 0 {
		u := b[:unit]
		clear(u)
		row.XORKeyStream(u, u)
		good := true
		for i := 0; i < unit; i += 8 {
			good = good && binary.LittleEndian.Uint64(u[i:])&maskPrime < prime
		}
		if good {
			b = b[unit:]
		}
	}
}
