// Package pack turns counters into the words that he encrypts, and a sum of words
// back into sums of counters. New chooses a Layout; Pack and Unpack use it.
//
// Every site's counter lies in the same range Min..Max, noise included. The layout
// takes the middle c of the range off, which leaves a signed number of at most
// half = Max - c in size, and writes two of them as one word:
//
//	word = (lo - c) + radix * (hi - c),   radix = 2 * sites * half + 1
//
// The sum over a cut of sites is again of this form, with |sum of (lo - c)| at most
// sites * half. So the centred remainder modulo the radix is the lower sum, what is
// left over is the upper, and adding c once a site in the cut gives the counters back.
// An odd last counter stands alone in its word.
//
// What must hold, and New refuses otherwise: sites * max|word| < 2^(payload-1). Then
// no honest sum carries into its neighbour or out of the word.
//
// Where two counters do not fit a word, three may fit two words: the middle one is
// written as two digits, lo + digit * hi, one above the first counter and one above the
// last. Sums of digits are put together again whatever they carry, since the sum of
// lo + digit * hi is what it says. Counters that are left over, and those of which only
// one fits, stand alone.
//
// A site that sends other words than Pack makes can spoil a sum; Unpack notices when
// that leaves the range, and not otherwise.
package pack

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ErrTooWide is returned when not even one counter fits a word.
var ErrTooWide = errors.New("pack: the counters are too large for the words")

// ErrRange is returned for a counter, or a sum, outside the declared range.
var ErrRange = errors.New("pack: out of range")

// ErrLength is returned when words and counters do not match in number.
var ErrLength = errors.New("pack: wrong length")

// The bounds keep everything that New and Unpack compute below 2^62.
const (
	maxPayload = 62
	maxSites   = 1 << 20
	maxCounter = 1 << 40
)

// Spec is what a layout is chosen from.
type Spec struct {
	// Payload is the number of bits of a sum of words, sign included.
	Payload int
	// Sites is the number of sites that may be in a sum.
	Sites int
	// Min and Max bound one counter of one site, its noise included: a count of
	// alleles with noise of at most b is in -b..2*people+b.
	Min, Max int64
}

// Layout says how counters lie in words. The zero value is none.
type Layout struct {
	sites    int
	min, max int64 // of one site's counter
	middle   int64
	half     int64
	radix    int64
	reach    uint64 // of a sum of words: sites * half * (1 + radix)
	quotient uint64 // ceil(2^64 / radix)
	perWord  int
	thirds   thirds
	portable bool // without assembly
}

// New chooses the layout with most counters a word.
func New(s Spec) (Layout, error) {
	if s.Payload < 2 || s.Payload > maxPayload || s.Sites < 1 || s.Sites > maxSites ||
		s.Min >= s.Max || s.Min < -maxCounter || s.Max > maxCounter {
		return Layout{}, fmt.Errorf("%w: %d bits, %d sites, counters from %d to %d; want 2..%d bits, 1..%d sites, an ascending range within 2^40",
			ErrTooWide, s.Payload, s.Sites, s.Min, s.Max, maxPayload, maxSites)
	}
	width := uint64(s.Max - s.Min)
	l := Layout{sites: s.Sites, min: s.Min, max: s.Max, middle: s.Min + int64(width/2), perWord: 1, radix: 1}
	half := width - width/2
	high, side := bits.Mul64(half, uint64(s.Sites))
	if high != 0 || side >= 1<<(s.Payload-1) {
		return Layout{}, fmt.Errorf("%w: %d sites with counters from %d to %d need more than %d bits; use a wider parameter set or a smaller cohort",
			ErrTooWide, s.Sites, s.Min, s.Max, s.Payload)
	}
	l.half, l.reach = int64(half), side
	// side * (1 + radix) = (radix^2 - 1) / 2 must stay below 2^(payload-1).
	if radix := 2*side + 1; radix <= 1<<(maxPayload/2) && radix*radix <= 1<<s.Payload {
		l.perWord, l.radix, l.reach = 2, int64(radix), side*(1+radix)
		l.quotient = math.MaxUint64/radix + 1
	} else {
		l.chooseThirds(s.Payload)
	}
	return l, nil
}

// Portable returns the same layout that works in portable Go on every processor, which is
// slower: for tests and measurements.
func (l Layout) Portable() Layout {
	l.portable = true
	return l
}

// PerWord is the number of whole counters in a word, 1 or 2.
func (l Layout) PerWord() int { return l.perWord }

// Words is the number of words that so many counters take.
func (l Layout) Words(counters int) int {
	if l.perWord == 2 {
		return counters/2 + counters%2
	}
	if l.thirds.digit != 0 {
		return counters - counters/3
	}
	return counters
}

// MaxWord is the largest absolute value of one site's word.
func (l Layout) MaxWord() int64 {
	if l.sites == 0 {
		return 0
	}
	return int64(l.reach) / int64(l.sites)
}

// Pack writes one site's counters as words. dst has Words(len(counters)) of them.
func (l Layout) Pack(dst, counters []int64) error {
	if l.perWord == 0 || len(dst) != l.Words(len(counters)) {
		return fmt.Errorf("%w: %d words for %d counters, want %d", ErrLength, len(dst), len(counters), l.Words(len(counters)))
	}
	least, most := l.min, l.max
	width := uint64(most - least)
	largest := uint64(0) // of distances from the least
	if l.perWord == 1 {
		for _, c := range counters {
			largest = max(largest, uint64(c-least))
		}
		done, words := 0, 0
		if l.thirds.digit != 0 {
			done, words = l.packThirds(dst, counters)
		}
		for i, c := range counters[done:] {
			dst[words+i] = c - l.middle
		}
	} else {
		pairs := dst[:len(counters)/2]
		shift := l.middle + l.radix*l.middle
		done, within := l.packVectors(pairs, counters, shift)
		if !within {
			largest = width + 1
		}
		if !packPairs(pairs[done:], counters[2*done:], least, most, l.radix, shift) {
			largest = width + 1
		}
		if len(pairs) < len(dst) {
			lo := counters[len(counters)-1]
			largest = max(largest, uint64(lo-least))
			dst[len(dst)-1] = lo - l.middle
		}
	}
	if largest > width { // which one is the site's secret, and so is its value
		clear(dst)
		return fmt.Errorf("%w: a counter is not in %d..%d, the range that the caps declare", ErrRange, least, most)
	}
	return nil
}

// Unpack writes the sums of counters over a cut of so many sites. words has
// Words(len(dst)) of them.
func (l Layout) Unpack(dst, words []int64, cut int) error {
	if l.perWord == 0 || len(words) != l.Words(len(dst)) {
		return fmt.Errorf("%w: %d words for %d counters, want %d", ErrLength, len(words), len(dst), l.Words(len(dst)))
	}
	if cut < 1 || cut > l.sites {
		return fmt.Errorf("%w: a cut of %d sites, the layout is for 1 to %d", ErrRange, cut, l.sites)
	}
	side, base := int64(cut)*l.half, int64(cut)*l.middle
	done := 0
	if l.perWord == 2 && l.unpackPairs(dst, words[:len(dst)/2], side, base) {
		done = len(dst) / 2
	}
	if l.thirds.digit != 0 {
		three, within := l.unpackThirds(dst, words, cut)
		if !within {
			return fmt.Errorf("%w: the words are no sum of honest ones; a site has sent what Pack does not make", ErrRange)
		}
		dst, words = dst[three:], words[three/3*2:]
	}
	for i, w := range words[done:] {
		i += done
		lo, hi := w, int64(0)
		if l.perWord == 2 {
			lo, hi = l.split(w)
			if 2*i+1 < len(dst) {
				dst[2*i+1] = hi + base
			} else if hi != 0 {
				return l.outside(i)
			}
		}
		dst[l.perWord*i] = lo + base
		if lo < -side || lo > side || hi < -side || hi > side {
			return l.outside(i)
		}
	}
	return nil
}

// unpackPairs is the loop of Unpack for words of two counters, without a branch. It
// reports whether all are in range, and leaves it to the other to say which is not.
func (l Layout) unpackPairs(dst, words []int64, side, base int64) bool {
	done, within := l.unpackVectors(dst, words, side, base)
	return unpackPairs(dst[2*done:2*len(words)], words[done:], side, base, l.radix, l.quotient) && within
}

// unpackPairs writes two sums for each word, and reports whether all were from -side to side.
//
// With side added to each, sums are from 0 to 2 * side, which is less than the radix, and so
// they are the digits of a word. Of one that is too small or too large the upper digit is more.
func unpackPairs(dst, words []int64, side, base, radix int64, quotient uint64) bool {
	shift, most := side+side*radix, 2*side
	base -= side
	by := uint64(radix)
	var outside int64 // negative when a sum is
	for ; len(words) >= 4 && len(dst) >= 8; words, dst = words[4:], dst[8:] {
		w, d := (*[4]int64)(words), (*[8]int64)(dst)
		hi, lo := quotientOf(uint64(w[0]+shift), by, quotient)
		outside |= (most - lo) | (most - hi)
		d[0], d[1] = lo+base, hi+base
		hi, lo = quotientOf(uint64(w[1]+shift), by, quotient)
		outside |= (most - lo) | (most - hi)
		d[2], d[3] = lo+base, hi+base
		hi, lo = quotientOf(uint64(w[2]+shift), by, quotient)
		outside |= (most - lo) | (most - hi)
		d[4], d[5] = lo+base, hi+base
		hi, lo = quotientOf(uint64(w[3]+shift), by, quotient)
		outside |= (most - lo) | (most - hi)
		d[6], d[7] = lo+base, hi+base
	}
	for i, w := range words {
		hi, lo := quotientOf(uint64(w+shift), by, quotient)
		outside |= (most - lo) | (most - hi)
		dst[2*i], dst[2*i+1] = lo+base, hi+base
	}
	return outside >= 0
}

// split returns the signed digits of a word; out of reach gives digits out of range.
func (l Layout) split(w int64) (lo, hi int64) {
	u := uint64(w) + l.reach // non-negative for every honest word
	if u > 2*l.reach {
		return math.MaxInt64, math.MaxInt64
	}
	high, _ := bits.Mul64(u, l.quotient) // u / radix, or one more
	hi, lo = int64(high), int64(u)-int64(high)*l.radix
	if lo < 0 {
		hi, lo = hi-1, lo+l.radix
	}
	side := (l.radix - 1) / 2
	return lo - side, hi - side
}

func (l Layout) outside(word int) error {
	return fmt.Errorf("%w: word %d is no sum of honest words; a site has sent what Pack does not make", ErrRange, word)
}

// packPairs writes two counters a word, and reports whether all were from least to most.
func packPairs(words, counters []int64, least, most, radix, shift int64) bool {
	var outside int64 // negative when a counter is; what overflows is, too
	counters = counters[:2*len(words)]
	for ; len(words) >= 4; words, counters = words[4:], counters[8:] {
		w, c := (*[4]int64)(words), (*[8]int64)(counters)
		a, b := c[0], c[1]
		outside |= (a - least) | (most - a) | (b - least) | (most - b)
		w[0] = a + radix*b - shift
		a, b = c[2], c[3]
		outside |= (a - least) | (most - a) | (b - least) | (most - b)
		w[1] = a + radix*b - shift
		a, b = c[4], c[5]
		outside |= (a - least) | (most - a) | (b - least) | (most - b)
		w[2] = a + radix*b - shift
		a, b = c[6], c[7]
		outside |= (a - least) | (most - a) | (b - least) | (most - b)
		w[3] = a + radix*b - shift
	}
	for i := range words {
		a, b := counters[2*i], counters[2*i+1]
		outside |= (a - least) | (most - a) | (b - least) | (most - b)
		words[i] = a + radix*b - shift
	}
	return outside >= 0
}
