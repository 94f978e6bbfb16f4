//go:build amd64 && !purego

package he

import (
	"encoding/binary"
	"math/bits"
	"sync"

	"golang.org/x/sys/cpu"
)

// vectors reports whether this processor, and its operating system, have what the
// assembly uses. It is a variable for tests, which try portable Go beside it.
var vectors = sync.OnceValue(func() bool {
	x := cpu.X86
	return x.HasAES && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512IFMA &&
		x.HasAVX512VBMI && x.HasAVX512VPOPCNTDQ && x.HasAVX512VAES && x.HasBMI1
})

// The functions below work on whole blocks, whose lengths the types of their callers
// hold: see vector_*_amd64.s.

//go:noescape
func vectorRow(dst *byte, groups int, keys *byte, rounds int, row uint64)

//go:noescape
func vectorSubWord(x uint32) uint32

//go:noescape
func vectorFirst(x *uint64, random *byte, key *uint64, roots *uint64) (high uint64)

//go:noescape
func vectorLayers(x *uint64, span int, roots *uint64)

//go:noescape
func vectorHide(out *byte, x *uint64, coins *byte, words *byte, roots *uint64, guard uint64)

//go:noescape
func vectorShow(words *int64, x *uint64, sum *byte, roots *uint64, guard uint64)

//go:noescape
func vectorDot(words *int64, random *byte, groups int, sums *uint64) (high uint64)

//go:noescape
func vectorAdd(sum *byte, sites **byte, count int, blocks int)

//go:noescape
func vectorPut(to *byte, words *int64, groups int, limit int64) (outside uint64)

// vectorStream is an expanded AES key.
type vectorStream struct {
	keys   [4 * 15]uint32
	rounds int
}

// newVectorStream expands a key of 16 or 32 bytes (FIPS 197, 5.2; words are little-endian).
func newVectorStream(key []byte) *vectorStream {
	if !vectors() {
		return nil
	}
	n := len(key) / 4
	s := &vectorStream{rounds: n + 6}
	for i := range n {
		s.keys[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	constant := uint32(1)
	for i := n; i < 4*(s.rounds+1); i++ {
		t := s.keys[i-1]
		switch {
		case i%n == 0:
			t = vectorSubWord(bits.RotateLeft32(t, -8)) ^ constant
			constant = constant<<1 ^ constant>>7*0x11b
		case n > 6 && i%n == 4:
			t = vectorSubWord(t)
		}
		s.keys[i] = s.keys[i-n] ^ t
	}
	return s
}

// vectorGroup is what fill writes at a time.
const vectorGroup = 512

// fill overwrites b, whose length is a multiple of vectorGroup, with the beginning of a row.
func (s *vectorStream) fill(b []byte, row uint64) {
	var keys [4 * 4 * 15]byte
	for i, x := range s.keys {
		binary.LittleEndian.PutUint32(keys[4*i:], x)
	}
	vectorRow(&b[0], len(b)/vectorGroup, &keys[0], s.rounds, row)
	clear(keys[:])
}

// vectorRoots are the roots with quotients to base 2^52: in their order, and, for the
// first three layers, in the order in which vectorFirst takes them.
type vectorRoots struct {
	roots [2 * ringDegree]uint64 // and after them their quotients
	first [ringDegree / 64 * 7 * 2 * 8]uint64
}

// vectorKey is a key's numbers, eight by eight, each with the eight quotients after it.
type vectorKey [2 * ringDegree]uint64

func newVectorKey(factors *[ringDegree]factor) *vectorKey {
	if !vectors() {
		return nil
	}
	k := new(vectorKey)
	for i, f := range factors {
		at := 16*(i/8) + i%8
		k[at], k[at+8] = f.w, f.quotient>>12
	}
	return k
}

func newVectorRoots(factors *[ringDegree]factor) *vectorRoots {
	if !vectors() {
		return nil
	}
	r := new(vectorRoots)
	for i, f := range factors {
		r.roots[i], r.roots[ringDegree+i] = f.w, f.quotient>>12
	}
	to := r.first[:]
	put := func(from, step int) { // one root for each row of eight
		for lane := range 8 {
			to[lane] = r.roots[from+step*lane]
			to[8+lane] = r.roots[ringDegree+from+step*lane]
		}
		to = to[16:]
	}
	for b := range ringDegree / 64 {
		for c := range 4 {
			put(ringDegree/2+32*b+c, 4)
		}
		for c := range 2 {
			put(ringDegree/4+16*b+c, 2)
		}
		put(ringDegree/8+8*b, 1)
	}
	return r
}

// multiply does all layers but the last two.
func (r *vectorRoots) multiply(x *poly, random *[8 * ringDegree]byte, k *vectorKey) bool {
	high := vectorFirst(&x[0], &random[0], &k[0], &r.first[0])
	vectorLayers(&x[0], 8, &r.roots[0])
	vectorLayers(&x[0], 64, &r.roots[0])
	return high == 0
}

// hide finishes what multiply began: a block of hidden words.
func (r *vectorRoots) hide(out *[blockBytes]byte, x *poly, coins *[12 * ringDegree]byte, words *[blockBytes]byte, guard uint8) {
	vectorHide(&out[0], &x[0], &coins[0], &words[0], &r.roots[0], uint64(guard))
}

// show finishes what multiply began: a block of a sum without the key's part.
func (r *vectorRoots) show(words *[ringDegree]int64, x *poly, sum *[blockBytes]byte, guard uint8) {
	vectorShow(&words[0], &x[0], &sum[0], &r.roots[0], uint64(guard))
}

// vectorWeigh is dot for a multiple of eight words.
func vectorWeigh(words []int64, random []byte) (sum [checkWords]uint64, ok bool) {
	var lanes [16]uint64
	high := vectorDot(&words[0], &random[0], len(words)/8, &lanes[0])
	for i := range sum {
		low := lanes[i] + lanes[i+2] + lanes[i+4] + lanes[i+6] // below 2^63: 2^11 numbers of 52 bits
		top := lanes[8+i] + lanes[10+i] + lanes[12+i] + lanes[14+i]
		lo, carry := bits.Add64(low, top<<52, 0)
		sum[i] = mod128(top>>12+carry, lo)
	}
	return sum, high == 0
}

// vectorSum adds sites to as much of a sum as there are blocks of 32 words, and returns how
// many bytes that were. A block is read with the 16 bytes after it.
func vectorSum(sum []byte, sites [][]byte) int {
	const block, after = 32 * wordBytes, 16
	n := (len(sum) - after) / block
	if n <= 0 || len(sites) == 0 || !vectors() {
		return 0
	}
	first := make([]*byte, len(sites))
	for i, words := range sites {
		first[i] = &words[0]
	}
	vectorAdd(&sum[0], &first[0], len(first), n)
	return n * block
}

// vectorPutWords writes the same bytes as putWords, and reports whether none of the words
// is larger than the limit.
func vectorPutWords(to []byte, words []int64, limit int64) bool {
	n := len(words) &^ 7
	outside := n > 0 && vectorPut(&to[:n*wordBytes][0], &words[0], n/8, limit) != 0
	_, within := putWords(to[n*wordBytes:], words[n:], limit)
	return within && !outside
}
