package he

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Add adds sites' hidden words to a sum, in place. This is all that a coordinator does with
// them: addition modulo 2^48, six bytes at a time. With several sites at once the sum is
// read from memory and written once for all of them. When it returns an error, nothing was
// added.
func Add(sum []byte, sites ...[]byte) error {
	for _, words := range sites {
		if len(sum) != len(words) || len(sum)%wordBytes != 0 {
			return fmt.Errorf("%w: %d bytes added to %d; both must be the same multiple of %d", ErrLength, len(words), len(sum), wordBytes)
		}
	}
	done := vectorSum(sum, sites)
	for from := done; from < len(sum); from += near {
		to := min(from+near, len(sum))
		for _, words := range sites {
			add(sum[from:to], words[from:to])
		}
	}
	return nil
}

// near is how many bytes of a sum all sites are added to before what follows, so that they
// stay near the processor.
const near = 2048 * wordBytes

// add adds one site.
func add(sum, words []byte) {
	// Four words are three machine words. Their top bits are added apart, so that
	// no carry crosses from one word into the next.
	const group = 4 * wordBytes
	const top0, top1, top2 = 1 << 47, 1 << 31, 1<<15 | 1<<63
	for len(sum) >= group {
		s, w := (*[group]byte)(sum), (*[group]byte)(words)
		a0, b0 := binary.LittleEndian.Uint64(s[0:]), binary.LittleEndian.Uint64(w[0:])
		a1, b1 := binary.LittleEndian.Uint64(s[8:]), binary.LittleEndian.Uint64(w[8:])
		a2, b2 := binary.LittleEndian.Uint64(s[16:]), binary.LittleEndian.Uint64(w[16:])
		c0, carry := bits.Add64(a0&^top0, b0&^top0, 0)
		c1, carry := bits.Add64(a1&^top1, b1&^top1, carry)
		c2, _ := bits.Add64(a2&^top2, b2&^top2, carry)
		binary.LittleEndian.PutUint64(s[0:], c0^(a0^b0)&top0)
		binary.LittleEndian.PutUint64(s[8:], c1^(a1^b1)&top1)
		binary.LittleEndian.PutUint64(s[16:], c2^(a2^b2)&top2)
		sum, words = sum[group:], words[group:]
	}
	for ; len(sum) > 0; sum, words = sum[wordBytes:], words[wordBytes:] {
		putWord(sum, word(sum)+word(words))
	}
}

// word reads six bytes.
func word(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// putWord writes six bytes.
func putWord(b []byte, x uint64) {
	binary.LittleEndian.PutUint32(b, uint32(x))
	binary.LittleEndian.PutUint16(b[4:], uint16(x>>32))
}
