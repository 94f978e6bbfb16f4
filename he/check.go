package he

import (
	"encoding/binary"
	"math/bits"
)

// checkWords is the number of check words: an altered sum passes one with
// probability 2^-50.
const checkWords = 2

// Check is what lets the researcher see that a sum was altered: k + <w, m> modulo q
// for two rows of weights w and two secret numbers k. It tells nothing about m.
type Check [checkWords]uint64

// AddCheck adds two sites' check words.
func AddCheck(a, b Check) Check {
	for i := range a {
		a[i] = addMod(a[i]%prime, b[i]%prime) // foreign numbers may be anything
	}
	return a
}

// weigher sums up words under the weights of a check key. The two weights of word j
// of block b are the halves of AES block j of row b.
type weigher struct {
	stream stream
	sum    [checkWords]uint64
	random [16 * ringDegree]byte
}

func newWeigher(k CheckKey) (*weigher, error) {
	s, err := newStream(k.key[:])
	return &weigher{stream: s}, err
}

// newWeighers returns one for each worker that a session's words are worth.
func newWeighers(s Session) (all []*weigher, err error) {
	all = make([]*weigher, workersFor(s.blocks()))
	for i := range all {
		if all[i], err = newWeigher(s.CheckKey); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add weighs the words of one block, each at most 2^47 in size.
func (w *weigher) add(block uint64, words []int64) {
	weigh := dot
	if len(words) == ringDegree && w.stream.vectors != nil {
		weigh = vectorWeigh
	}
	random := w.random[:16*len(words)]
	w.stream.fill(random, block)
	s, ok := weigh(words, random)
	if !ok {
		w.stream.redraw(random, block, 16)
		s, _ = weigh(words, random)
	}
	for i := range w.sum {
		w.sum[i] = addMod(w.sum[i], s[i])
	}
}

// addWeights adds to masks what the weighers have found.
func addWeights(masks Check, all []*weigher) Check {
	for _, w := range all {
		masks = AddCheck(masks, w.sum)
	}
	return masks
}

// dot returns the two sums, and whether every weight was below q.
func dot(words []int64, random []byte) (sum [checkWords]uint64, ok bool) {
	var hi, lo [checkWords]uint64
	var high, carry uint64
	for j, m := range words {
		r := (*[16]byte)(random[16*j:])
		w0 := binary.LittleEndian.Uint64(r[:8]) & maskPrime
		w1 := binary.LittleEndian.Uint64(r[8:]) & maskPrime
		high |= (prime - 1 - w0) | (prime - 1 - w1)
		negative := uint64(m >> 63) // taken for unsigned, m is 2^64 too large
		h, l := bits.Mul64(w0, uint64(m))
		lo[0], carry = bits.Add64(lo[0], l, 0)
		hi[0] += h - w0&negative + carry
		h, l = bits.Mul64(w1, uint64(m))
		lo[1], carry = bits.Add64(lo[1], l, 0)
		hi[1] += h - w1&negative + carry
	}
	for i := range sum { // in two's complement, and below 2^(48+50+11-1) in size
		sum[i] = subMod(mod128(hi[i]+offset>>64, lo[i]), offset%prime)
	}
	return sum, int64(high) >= 0
}

// offset makes the sum of a block non-negative.
const offset = 1 << 110
