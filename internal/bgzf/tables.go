package bgzf

import (
	"encoding/binary"
	"math/bits"
)

const (
	maxLits    = 286 // symbols of literals and lengths
	maxDists   = 30
	maxLengths = 19 // symbols of the code of code lengths
	maxCode    = 15 // bits of a code

	litMask    = 1<<litBits - 1
	litBits    = 11 // of the first table of literals and lengths
	distBits   = 8
	lengthBits = 7
	// The most entries that any complete code needs, by zlib's enough.c: with the second
	// tables of 288 symbols in 11 bits, and of 32 in 8.
	litTable    = 2342
	distTable   = 402
	lengthTable = 1 << lengthBits
)

// An entry says what the next bits mean. Its low byte is how many bits it takes.
//
//	literal      1 on top, the byte from bit 16
//	length       what it is at least from bit 16, the bits of the code from bit 8; the
//	             bits that follow the code are added
//	distance     the same
//	second table flags odd and deeper, where it begins from bit 16, its bits from bit 8
//	end of block flags odd and last
//	invalid      flag odd
//
// Those of a second table count the bits behind the first.
const (
	literal = 1 << 31
	odd     = 1 << 15
	deeper  = 1 << 14
	last    = 1 << 13

	baseShift = 16
	codeShift = 8
)

// meanings are the entries of all symbols, less the bits of their codes.
type meanings struct {
	lits    [288]uint32
	dists   [32]uint32
	lengths [maxLengths]uint32
}

// RFC 1951, section 3.2.5: what the symbols of lengths from 257 and of distances mean.
func newMeanings() *meanings {
	var m meanings
	for i := range 256 {
		m.lits[i] = literal | uint32(i)<<baseShift
	}
	m.lits[256] = odd | last
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(0, i/4-1))
		m.lits[257+i] = base<<baseShift | extra
		base += 1 << extra
	}
	m.lits[285] = 258 << baseShift
	m.lits[286], m.lits[287] = odd, odd
	base = 1
	for i := range maxDists {
		extra := uint32(max(0, i/2-1))
		m.dists[i] = base<<baseShift | extra
		base += 1 << extra
	}
	m.dists[30], m.dists[31] = odd, odd
	for i := range m.lengths {
		m.lengths[i] = uint32(i) << baseShift
	}
	return &m
}

// build fills table for a code of which the lengths are known: first one of width bits,
// behind it a second one for each beginning that longer codes share. The table MUST
// have room for any complete code. It reports whether the code is one that
// compress/flate accepts: complete, or one of a single bit, or empty.
func build(table []uint32, width int, lengths []uint8, meaning []uint32) bool {
	var count, next [maxCode + 2]uint16
	var used [288]uint16 // symbols that have a code
	n := 0
	for i := 0; i < len(lengths); i++ {
		for ; i+8 <= len(lengths) && binary.LittleEndian.Uint64(lengths[i:]) == 0; i += 8 {
		}
		if i < len(lengths) && lengths[i] != 0 {
			count[lengths[i]&maxCode]++
			used[n] = uint16(i)
			n++
		}
	}
	longest := maxCode
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	left := 1 // codes of n bits that are free
	for n := 1; n <= longest; n++ {
		left = 2*left - int(count[n])
		if left < 0 {
			return false
		}
		next[n+1] = next[n] + count[n]
	}
	if left != 0 || longest == 0 {
		return sparse(table[:1<<width], longest, count[1], lengths, meaning)
	}
	var sorted [288]uint16
	for _, sym := range used[:n] {
		at := &next[lengths[sym]&maxCode]
		sorted[*at] = sym
		*at++
	}
	fill(table, width, sorted[:next[longest]], &count, meaning)
	return true
}

// sparse is build for a code that is not complete: empty, or a single code of one bit.
func sparse(table []uint32, longest int, ones uint16, lengths []uint8, meaning []uint32) bool {
	if longest > 1 {
		return false
	}
	even := uint32(odd)
	if ones == 1 {
		for sym, n := range lengths {
			if n == 1 {
				even = withCode(meaning[sym], 1)
			}
		}
	}
	for i := 0; i < len(table); i += 2 {
		table[i], table[i+1] = even, odd
	}
	return true
}

// withCode adds the bits of its code to an entry.
func withCode(meaning uint32, n int) uint32 { return meaning + uint32(n)*(1<<codeShift+1) }

// fill takes the codes of a complete code in their order. A table of n bits is made
// from one of n-1 by a copy behind it, so that a code is written once.
func fill(table []uint32, width int, sorted []uint16, count *[maxCode + 2]uint16, meaning []uint32) {
	code, n := 0, 1 // the next code, its first bit lowest, and its bits
	size := 2       // of the table so far
	for i := 0; ; n++ {
		for range count[n] {
			table[code] = withCode(meaning[sorted[i]], n)
			i++
			if code == size-1 {
				for ; size < 1<<width; size *= 2 {
					copy(table[size:], table[:size])
				}
				return
			}
			code = follow(code, size)
		}
		if n == width {
			fillDeeper(table, width, code, sorted[i:], count, meaning)
			return
		}
		copy(table[size:], table[:size])
		size *= 2
	}
}

// follow is the code after one that is not the last: it adds 1 from the far end.
func follow(code, size int) int {
	bit := 1 << (bits.Len(uint(code^(size-1))) - 1)
	return code&(bit-1) | bit
}

// fillDeeper goes on with codes of more than width bits.
func fillDeeper(table []uint32, width, code int, sorted []uint16, count *[maxCode + 2]uint16, meaning []uint32) {
	n := width + 1
	for count[n] == 0 {
		n++
	}
	left := int(count[n]) // of n bits
	end := 1 << width     // of the table so far
	first, start, deep := -1, 0, 0
	for _, sym := range sorted {
		for left == 0 {
			n++
			left = int(count[n])
		}
		left--
		// Code has as many bits as the code before: those that are new are zeros.
		if code&(1<<width-1) != first {
			first, start = code&(1<<width-1), end
			deep = n - width
			for used := left + 1; used < 1<<deep; {
				deep++
				used = 2*used + int(count[deep+width])
			}
			end += 1 << deep
			table[first] = odd | deeper | uint32(start)<<baseShift | uint32(deep)<<codeShift | uint32(width)
		}
		for i := code >> width; i < 1<<deep; i += 1 << (n - width) {
			table[start+i] = withCode(meaning[sym], n-width)
		}
		if code == 1<<n-1 {
			return
		}
		code = follow(code, 1<<n)
	}
}
