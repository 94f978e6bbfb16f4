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

// countCodesGo counts 64 samples at a time. Where all of them have code 0, which is
// usual, there is nothing to count.
func countCodesGo(codes []byte, flip byte, mask []uint64) Counts {
	turn := uint64(flip) * 0x0101010101010101
	lower, upper, both := 0, 0, 0
	for len(codes) >= 16 && len(mask) >= 2 {
		a, b := binary.LittleEndian.Uint64(codes)^turn, binary.LittleEndian.Uint64(codes[8:])^turn
		if a|b != 0 {
			a, b = a&mask[0], b&mask[1]
			lower += bits.OnesCount64(a&even | b&even<<1)
			upper += bits.OnesCount64(a>>1&even | b&^even)
			both += bits.OnesCount64(a&(a>>1)&even | b&(b<<1)&^even)
		}
		codes, mask = codes[16:], mask[2:]
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
