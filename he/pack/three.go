package pack

import (
	"math"
	"math/bits"
)

// thirds is how a layout writes three counters as two words, where a word holds more
// than one of them and less than two.
type thirds struct {
	digit    int64  // the base of the middle counter, odd; 0 in other layouts
	inverse  uint64 // ceil(2^64 / digit)
	most     int64  // of one site's digit, in size
	quotient uint64 // ceil(2^64 / radix)
}

// chooseThirds changes l, of which half, sites and reach are known, if three counters fit
// two words with sums of so many bits.
func (l *Layout) chooseThirds(payload int) {
	if l.half >= 1<<(maxPayload/2) || l.sites >= 1<<(maxPayload/2) {
		return // none of the products below carries
	}
	digit := int64(math.Sqrt(float64(2*l.half+1))) | 1
	most := max((digit-1)/2, (l.half+(digit-1)/2)/digit)
	high, top := bits.Mul64(2*l.reach+1, uint64(l.sites)*uint64(most))
	if high != 0 || top >= 1<<(payload-1) || top+l.reach >= 1<<(payload-1) {
		return
	}
	l.radix = int64(2*l.reach + 1)
	l.thirds = thirds{digit, math.MaxUint64/uint64(digit) + 1, most, math.MaxUint64/uint64(l.radix) + 1}
	l.reach += top
}

// packThirds writes counters three by three and returns how many counters and words that
// were. A counter out of range gives any words.
func (l Layout) packThirds(dst, counters []int64) (done, words int) {
	t := l.thirds
	offset := t.digit*t.most + (t.digit-1)/2 // makes the middle counter non-negative
	for ; done+3 <= len(counters); done, words = done+3, words+2 {
		c, w := (*[3]int64)(counters[done:]), (*[2]int64)(dst[words:])
		high, low := quotientOf(uint64(c[1]-l.middle+offset), uint64(t.digit), t.inverse)
		w[0] = c[0] - l.middle + l.radix*(low-(t.digit-1)/2)
		w[1] = c[2] - l.middle + l.radix*(high-t.most)
	}
	return done, words
}

// unpackThirds undoes packThirds for sums over a cut, and reports whether all were in range.
func (l Layout) unpackThirds(dst, words []int64, cut int) (done int, within bool) {
	t := l.thirds
	side, base, most := int64(cut)*l.half, int64(cut)*l.middle, int64(cut)*t.most
	radix, centre := uint64(l.radix), (l.radix-1)/2
	top := int64(l.sites) * t.most // of the upper digit of a word
	var outside int64              // negative when a sum is
	for ; done+3 <= len(dst); done, words = done+3, words[2:] {
		u0, u1 := uint64(words[0])+l.reach, uint64(words[1])+l.reach
		outside |= int64(u0) | int64(2*l.reach-u0) | int64(u1) | int64(2*l.reach-u1)
		low, a := quotientOf(u0, radix, t.quotient)
		high, c := quotientOf(u1, radix, t.quotient)
		a, c, low, high = a-centre, c-centre, low-top, high-top
		b := low + t.digit*high
		outside |= (side - a) | (side + a) | (side - b) | (side + b) | (side - c) | (side + c) |
			(most - low) | (most + low) | (most - high) | (most + high)
		d := (*[3]int64)(dst[done:])
		d[0], d[1], d[2] = a+base, b+base, c+base
	}
	return done, outside >= 0
}

// quotientOf divides without a division, whose time depends on what is divided. inverse
// is ceil(2^64 / by), so that its product is the quotient or one more.
func quotientOf(u, by, inverse uint64) (quotient, rest int64) {
	high, _ := bits.Mul64(u, inverse)
	rest = int64(u - high*by)
	more := rest >> 63
	return int64(high) + more, rest + more&int64(by)
}
