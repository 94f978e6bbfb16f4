package panel

import (
	"encoding/binary"
	"math/bits"
)

// blockSize is the number of variants of a block, but for the last one.
const blockSize = 1 << 16

// maxPlain bounds a block before compression: 128 bytes a variant, where one with
// single-base alleles has two.
const maxPlain = 8 << 20

// other is the code of alleles that are in the heap: not a change of one base of ACGT.
const other = 12

const (
	bases = "ACGT"
	// group is how many variants share one rank in block.ranks.
	group = 64
)

// block is up to blockSize variants, as columns: 4.5 bytes for a change of one base.
type block struct {
	pos   []uint32
	codes []byte // 4 bits a variant, the lower ones first
	// ranks[g] is how many others stand before variant g*group.
	ranks []uint16
	// ends are where REF and ALT of each other end in heap.
	ends []uint32
	heap string
}

func newBlock(variants []Variant) block {
	b := block{pos: make([]uint32, len(variants)), codes: make([]byte, (len(variants)+1)/2)}
	var heap []byte
	for i, v := range variants {
		b.pos[i] = v.Pos
		c := codeOf(v.Ref, v.Alt)
		b.codes[i/2] |= c << (i % 2 * 4)
		if c == other {
			heap = append(heap, v.Ref...)
			b.ends = append(b.ends, uint32(len(heap)))
			heap = append(heap, v.Alt...)
			b.ends = append(b.ends, uint32(len(heap)))
		}
	}
	b.heap = string(heap)
	b.rank()
	return b
}

func (b *block) len() int { return len(b.pos) }

func (b *block) code(i int) byte { return b.codes[i/2] >> (i % 2 * 4) & 15 }

// codeOf is the code of a pair of alleles: 3 * REF + ALT among the three that REF is not.
func codeOf(ref, alt string) byte {
	if len(ref) != 1 || len(alt) != 1 {
		return other
	}
	r, a := baseOf(ref[0]), baseOf(alt[0])
	if bases[r] != ref[0] || bases[a] != alt[0] || r == a {
		return other
	}
	if a > r {
		a--
	}
	return 3*r + a
}

// baseOf is the place of one of ACGT in bases, and some place for all other letters.
func baseOf(c byte) byte {
	two := c >> 1 & 3 // A 0, C 1, T 2, G 3
	return two ^ two>>1
}

// alleles are REF and ALT of variant i, without a copy.
func (b *block) alleles(i int) (ref, alt string) {
	c := b.code(i)
	if c != other {
		r, a := c/3, c%3
		if a >= r {
			a++
		}
		return bases[r : r+1], bases[a : a+1]
	}
	k := b.othersBefore(i)
	var begin uint32
	if k > 0 {
		begin = b.ends[2*k-1]
	}
	middle := b.ends[2*k]
	return b.heap[begin:middle], b.heap[middle:b.ends[2*k+1]]
}

// othersBefore is how many of the variants before i are others.
func (b *block) othersBefore(i int) int {
	n := int(b.ranks[i/group])
	at := i / group * group / 2
	for left := i % group; left > 0; left, at = left-16, at+8 {
		w := word(b.codes, at) >> 2
		w &= w >> 1 & ones // one bit for each code from 12, which is the greatest
		if left < 16 {
			w &= 1<<(4*left) - 1
		}
		n += bits.OnesCount64(w)
	}
	return n
}

// ones is the lowest bit of each of 16 codes.
const ones = 0x1111111111111111

// word is eight bytes of codes from a place on, 0 behind the last one.
func word(codes []byte, at int) (w uint64) {
	if at+8 <= len(codes) {
		return binary.LittleEndian.Uint64(codes[at:])
	}
	for j, two := range codes[at:] {
		w |= uint64(two) << (8 * j)
	}
	return w
}
