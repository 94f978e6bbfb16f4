package bitmap

import (
	"encoding/binary"
	"math/bits"
)

// New returns room for a bitmap of so many samples. Its length in memory is a multiple
// of 64 bytes, so that long ones begin where a line of the processor's cache does.
func New(samples int) []uint64 {
	words := (samples + 63) / 64
	return make([]uint64, words, (words+7)&^7)
}

// Count is how many bits are set.
func Count(a []uint64) int { return CountAnd(a, a) }

// CountAnd is how many bits are set in both, which MUST be equally long.
func CountAnd(a, b []uint64) int { return countAnd(a, b[:len(a)]) }

// WordsALook is about how many words CountAnd counts in the time that it takes to look up one
// bit of a set after another.
func WordsALook() int { return wordsALook() }

// Counts is how many samples have which code. Of code 0 that is not told.
type Counts struct{ One, Two, Three int }

// Planes are the bitmaps of who has which code but 0.
type Planes struct{ One, Two, Three []uint64 }

// NewPlanes returns room for codes of so many samples.
func NewPlanes(samples int) Planes {
	return Planes{One: New(samples), Two: New(samples), Three: New(samples)}
}

// Split tells who has which code, after the bits of flip were turned over in each byte.
// The planes MUST be those of NewPlanes for as many samples, and codes as long as they
// take; what stands in the last byte for nobody is not looked at.
func Split(codes []byte, flip byte, samples int, p Planes) Counts {
	codes = codes[:(samples+3)/4]
	words := (samples + 63) / 64
	p = Planes{p.One[:words], p.Two[:words], p.Three[:words]}
	whole := samples / 64
	if samples%64 == 0 {
		return split(codes, flip, p)
	}
	n := split(codes[:16*whole], flip, Planes{p.One[:whole], p.Two[:whole], p.Three[:whole]})
	var rest [16]byte
	copy(rest[:], codes[16*whole:])
	// What is behind the last sample gets code 0.
	low, high := apart(binary.LittleEndian.Uint64(rest[:]), binary.LittleEndian.Uint64(rest[8:]), flip)
	used := uint64(1)<<(samples%64) - 1
	one, two, three := low&^high&used, high&^low&used, low&high&used
	p.One[whole], p.Two[whole], p.Three[whole] = one, two, three
	n.One += bits.OnesCount64(one)
	n.Two += bits.OnesCount64(two)
	n.Three += bits.OnesCount64(three)
	return n
}

// apart gives the lower and the upper bits of 64 codes.
func apart(a, b uint64, flip byte) (low, high uint64) {
	turn := uint64(flip) * 0x0101010101010101
	a, b = unshuffle(a^turn), unshuffle(b^turn)
	return a&0xffffffff | b<<32, a>>32 | b&^0xffffffff
}

// unshuffle brings the even bits of x into its lower half and the odd ones into the
// upper: Warren, Hacker's Delight, 7-2.
func unshuffle(x uint64) uint64 {
	t := (x ^ x>>1) & 0x2222222222222222
	x ^= t ^ t<<1
	t = (x ^ x>>2) & 0x0c0c0c0c0c0c0c0c
	x ^= t ^ t<<2
	t = (x ^ x>>4) & 0x00f000f000f000f0
	x ^= t ^ t<<4
	t = (x ^ x>>8) & 0x0000ff000000ff00
	x ^= t ^ t<<8
	t = (x ^ x>>16) & 0x00000000ffff0000
	return x ^ t ^ t<<16
}

const wordsALookGo = 2

func countAndGo(a, b []uint64) (n int) {
	for len(a) >= 4 && len(b) >= 4 {
		n += bits.OnesCount64(a[0]&b[0]) + bits.OnesCount64(a[1]&b[1]) + bits.OnesCount64(a[2]&b[2]) + bits.OnesCount64(a[3]&b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		n += bits.OnesCount64(a[i] & b[i])
	}
	return n
}

// splitGo is Split of whole words. Where a word has code 0 alone, which is usual,
// there is nothing to take apart.
func splitGo(codes []byte, flip byte, p Planes) (n Counts) {
	turn := uint64(flip) * 0x0101010101010101
	clear(p.One)
	clear(p.Two)
	clear(p.Three)
	for i := range p.One {
		here := codes[16*i : 16*i+16]
		a, b := binary.LittleEndian.Uint64(here), binary.LittleEndian.Uint64(here[8:])
		if a == turn && b == turn {
			continue
		}
		low, high := apart(a, b, flip)
		one, two, three := low&^high, high&^low, low&high
		p.One[i], p.Two[i], p.Three[i] = one, two, three
		n.One += bits.OnesCount64(one)
		n.Two += bits.OnesCount64(two)
		n.Three += bits.OnesCount64(three)
	}
	return n
}
