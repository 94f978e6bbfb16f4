package sample

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// bufferBytes are drawn at a time: a fraction of the fastest cache, and enough for AES
// to run at full speed.
const bufferBytes = 4096

// Bits are random words from AES-256 in counter mode. They are not safe for concurrent
// use, and the same seed and row give the same words on every machine.
type Bits struct {
	stream cipher.Stream
	next   int
	buffer [bufferBytes]byte
}

// NewBits begins a row of the words of a seed. Row r begins at the counter r * 2^64, so
// that rows never meet. What is drawn is as secret as the seed. A seed MUST be for one
// release only, and each row of it for one vector.
func NewBits(seed [32]byte, row uint64) *Bits {
	block, err := aes.NewCipher(seed[:])
	if err != nil {
		panic(fmt.Sprintf("sample: AES refuses a key of 32 bytes: %v", err))
	}
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[:8], row)
	return &Bits{stream: cipher.NewCTR(block, iv[:]), next: bufferBytes}
}

// Uint64 is the next word.
func (b *Bits) Uint64() uint64 {
	if b.next == bufferBytes {
		b.refill()
	}
	w := binary.LittleEndian.Uint64(b.buffer[b.next:])
	b.next += 8
	return w
}

func (b *Bits) refill() {
	clear(b.buffer[:])
	b.stream.XORKeyStream(b.buffer[:], b.buffer[:])
	b.next = 0
}

// Wipe overwrites the words that were drawn ahead. Bits cannot be used afterwards.
func (b *Bits) Wipe() {
	clear(b.buffer[:])
	b.stream, b.next = nil, bufferBytes
}

// Below is uniform among 0..n-1, exactly. n MUST NOT be zero. (Lemire, 2019)
func (b *Bits) Below(n uint64) uint64 {
	high, low := bits.Mul64(b.Uint64(), n)
	if low < n {
		for unfair := -n % n; low < unfair; {
			high, low = bits.Mul64(b.Uint64(), n)
		}
	}
	return high
}

// Bernoulli is true with a chance of exactly p/q, and always where p is not below q.
// q MUST NOT be zero.
func (b *Bits) Bernoulli(p, q uint64) bool { return b.Below(q) < p }

// BernoulliExp is true with a chance of exactly exp(-p/q). q MUST NOT be zero. How long
// it takes depends on the answer and on p/q. (Canonne, Kamath and Steinke 2020,
// algorithm 1)
func (b *Bits) BernoulliExp(p, q uint64) bool {
	for range p / q {
		if !b.series(1, 1, 1) {
			return false
		}
	}
	return b.series(p%q, q, 1)
}

// series is von Neumann's: it flips coins of chance p/(kq) for growing k until one fails,
// and is true when that was an odd one. From k = 1 its chance is exp(-p/q). A coin of
// chance p/(kq) is one of 1/k and one of p/q, so that no product overflows.
func (b *Bits) series(p, q, k uint64) bool {
	for b.Below(k) == 0 && b.Below(q) < p {
		k++
	}
	return k&1 == 1
}
