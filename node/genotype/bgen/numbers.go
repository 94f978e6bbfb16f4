package bgen

import "encoding/binary"

// reader of whole numbers of a width of bits, the lowest first. MUST NOT be asked for
// more than there are.
type stream struct {
	p    []byte // and spare bytes
	at   uint   // bits
	bits uint
	mask uint64
}

func newStream(p []byte, bits int) stream {
	return stream{p: p, bits: uint(bits), mask: 1<<bits - 1}
}

// next is at most 32 bits, which 39 bits hold wherever they begin.
func (s *stream) next() uint64 {
	v := binary.LittleEndian.Uint64(s.p[s.at>>3:]) >> (s.at & 7) & s.mask
	s.at += s.bits
	return v
}

func (s *stream) skip(n int) { s.at += uint(n) * s.bits }

// scale is what numbers of so many bits mean.
type scale struct {
	bits   int
	all    uint64 // the number for 1
	least  uint64 // the number from which on a probability reaches the threshold
	square uint64 // the same of a product of two
}

func newScale(t Threshold, bits int) scale {
	all := uint64(1)<<bits - 1
	return scale{bits: bits, all: all, least: t.least(all), square: t.least(all * all)}
}

// The codes of a person's genotype where there are two alleles. A sum above 1 is damage.
const (
	codeFirst  = 0 // the first allele, once or twice
	codeHet    = 1
	codeSecond = 2
	codeNone   = 3
	codeDamage = 4
)

// pair is the code of two probabilities of a diploid sample, and the rest.
func (s *scale) pair(a, b uint64) byte {
	switch {
	case a+b > s.all:
		return codeDamage
	case a >= s.least:
		return codeFirst
	case b >= s.least:
		return codeHet
	case s.all-a-b >= s.least:
		return codeSecond
	}
	return codeNone
}

// sole is the code of a probability of a haploid sample, and the rest.
func (s *scale) sole(a uint64) byte {
	switch {
	case a >= s.least:
		return codeFirst
	case s.all-a >= s.least:
		return codeSecond
	}
	return codeNone
}

// phased is the code of the first allele's probabilities on two chromosomes. These are
// taken to be independent, as the format has them.
func (s *scale) phased(a, b uint64) byte {
	x, y := s.all-a, s.all-b
	switch {
	case a*b >= s.square:
		return codeFirst
	case a*y+x*b >= s.square:
		return codeHet
	case x*y >= s.square:
		return codeSecond
	}
	return codeNone
}

// three is the code of three probabilities of layout 1, whose sum may be a little above
// 1, or below, or 0 for who is missing.
func (s *scale) three(a, b, c uint64) byte {
	code := byte(codeNone)
	for i, p := range [3]uint64{a, b, c} {
		switch {
		case p < s.least:
		case code != codeNone:
			return codeNone
		default:
			code = byte(i)
		}
	}
	if a+b+c > s.all+excess {
		return codeDamage
	}
	return code
}

// In layout 1 a probability is in parts of 32768. Three that were rounded to three
// digits, as text has them, are 0.0015 too many at most.
const (
	parts  = 1 << 15
	excess = parts*15/10000 + 1
)

// pairs are the codes of all pairs of probabilities of 8 bits, the first in the lower
// byte.
type pairs [1 << 16]byte

func newPairs(s scale) *pairs {
	t := new(pairs)
	for i := range t {
		t[i] = s.pair(uint64(i&0xff), uint64(i>>8))
	}
	return t
}
