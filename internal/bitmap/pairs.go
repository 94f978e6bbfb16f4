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
// there is nothing to count: so that is asked first, without a call.
func countCodesGo(codes []byte, flip byte, mask []uint64) Counts {
	turn := uint64(flip) * 0x0101010101010101
	lower, upper, both := 0, 0, 0
	blocks := min(len(codes)/inBlock, len(mask)/(inBlock/8))
	for k := range blocks {
		c := (*[inBlock]byte)(codes[inBlock*k:][:inBlock])
		switch turn { // other turns are right without it
		case 0:
			if word(c, 0)|word(c, 1)|word(c, 2)|word(c, 3)|word(c, 4)|word(c, 5)|word(c, 6)|word(c, 7) == 0 {
				continue
			}
		case ^uint64(0):
			if word(c, 0)&word(c, 1)&word(c, 2)&word(c, 3)&word(c, 4)&word(c, 5)&word(c, 6)&word(c, 7) == turn {
				continue
			}
		}
		m := (*[inBlock / 8]uint64)(mask[inBlock/8*k:][:inBlock/8])
		for i := 0; i < inBlock/8; i += 4 {
			p, q := planes((word(c, i)^turn)&m[i], (word(c, i+1)^turn)&m[i+1])
			r, s := planes((word(c, i+2)^turn)&m[i+2], (word(c, i+3)^turn)&m[i+3])
			lower += bits.OnesCount64(p) + bits.OnesCount64(r)
			upper += bits.OnesCount64(q) + bits.OnesCount64(s)
			both += bits.OnesCount64(p&q) + bits.OnesCount64(r&s)
		}
	}
	codes, mask = codes[inBlock*blocks:], mask[inBlock/8*blocks:]
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

// planes gives the lower and the upper bits of 64 codes. They are not in order, but in
// the same one.
func planes(a, b uint64) (lower, upper uint64) {
	return a&even | b&even<<1, a>>1&even | b&^even
}

func word(b *[inBlock]byte, i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
