package bitmap

import (
	"encoding/binary"
	"math/bits"
)

// Pairs is room for a mask of codes: two bits for each of so many samples, which are
// both set or both not.
func Pairs(samples int) []uint64 { return New(2 * samples) }

// SetPair sets a sample's two bits.
func SetPair(mask []uint64, sample int) { mask[sample/32] |= 3 << (sample % 32 * 2) }

// CountCodes is how many of the samples of a mask have which code, after the bits of
// flip were turned over in each byte. The mask MUST be one of Pairs for as many samples
// as there are codes; what stands in the last byte for nobody is not in it.
func CountCodes(codes []byte, flip byte, mask []uint64) Counts {
	if len(codes) == 0 {
		return Counts{}
	}
	_ = mask[(len(codes)-1)/8]
	return countCodes(codes, flip, mask)
}

// even is the lower bits of codes.
const even = 0x5555555555555555

// inBlock is the bytes that countCodesGo looks at together: 256 codes.
const inBlock = 64

// countCodesGo counts a block at a time. Where all of its codes are 0, which is usual,
// there is nothing to count.
func countCodesGo(codes []byte, flip byte, mask []uint64) (n Counts) {
	turn := uint64(flip) * 0x0101010101010101
	lower, upper, both := 0, 0, 0
	for len(codes) >= inBlock && len(mask) >= inBlock/8 {
		block, m := (*[inBlock]byte)(codes), (*[inBlock / 8]uint64)(mask)
		codes, mask = codes[inBlock:], mask[inBlock/8:]
		if uniform(block, turn) {
			continue
		}
		for i := 0; i < inBlock/8; i += 4 {
			c, m := (*[32]byte)(block[8*i:]), (*[4]uint64)(m[i:])
			p, q := low(c, turn, m)
			r, s := high(c, turn, m)
			lower += bits.OnesCount64(p) + bits.OnesCount64(r)
			upper += bits.OnesCount64(q) + bits.OnesCount64(s)
			both += bits.OnesCount64(p&q) + bits.OnesCount64(r&s)
		}
	}
	for i := 0; i < len(codes); i += 8 {
		var rest [8]byte
		copy(rest[:], codes[i:])
		a := (binary.LittleEndian.Uint64(rest[:]) ^ turn) & mask[i/8]
		lower += bits.OnesCount64(a & even)
		upper += bits.OnesCount64(a &^ even)
		both += bits.OnesCount64(a & (a >> 1) & even)
	}
	return Counts{One: lower - both, Two: upper - both, Three: both}
}

// low gives the lower and the upper bits of the first 64 codes under a mask, and high
// those of the next. They are not in order, but in the same one.
func low(c *[32]byte, turn uint64, m *[4]uint64) (lower, upper uint64) {
	return planes((binary.LittleEndian.Uint64(c[0:])^turn)&m[0], (binary.LittleEndian.Uint64(c[8:])^turn)&m[1])
}

func high(c *[32]byte, turn uint64, m *[4]uint64) (lower, upper uint64) {
	return planes((binary.LittleEndian.Uint64(c[16:])^turn)&m[2], (binary.LittleEndian.Uint64(c[24:])^turn)&m[3])
}

func planes(a, b uint64) (lower, upper uint64) {
	return a&even | b&even<<1, a>>1&even | b&^even
}

// uniform reports whether all codes of a block are 0 once they are turned over: turn has
// no bit, or all. Both are told with one operation a word.
func uniform(b *[inBlock]byte, turn uint64) bool {
	if turn == 0 {
		return word(b, 0)|word(b, 1)|word(b, 2)|word(b, 3)|word(b, 4)|word(b, 5)|word(b, 6)|word(b, 7) == 0
	}
	return word(b, 0)&word(b, 1)&word(b, 2)&word(b, 3)&word(b, 4)&word(b, 5)&word(b, 6)&word(b, 7) == turn && turn == ^uint64(0)
}

func word(b *[inBlock]byte, i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
