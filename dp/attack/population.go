package attack

import (
	"fmt"
	"math"

	"github.com/locus-genomics/locus/dp/sample"
)

// Panel draws targets: simulated ones, or the people of a cohort one after the other.
type Panel interface {
	// Person writes somebody's genotypes: 0, 1 or 2 copies of each variant's allele, or
	// NoCall.
	Person(dst []uint8, b *sample.Bits)
}

// Population is a Panel of people who have each allele independently, as often as the
// population has it: what an attacker takes strangers to be.
type Population struct {
	// two and some are below what 32 random bits mean two copies, and some.
	two, some []uint64
}

// NewPopulation makes one.
func NewPopulation(frequencies []float64) (*Population, error) {
	n := &Population{make([]uint64, len(frequencies)), make([]uint64, len(frequencies))}
	for j, p := range frequencies {
		if !(p > 0 && p < 1) {
			return nil, fmt.Errorf("%w: a frequency of %g in the population of variant %d, want one between 0 and 1", ErrRelease, p, j)
		}
		n.two[j] = uint64(math.Round(p * p * (1 << 32)))
		n.some[j] = uint64(math.Round(p * (2 - p) * (1 << 32)))
	}
	return n, nil
}

// Person implements Panel.
func (n *Population) Person(dst []uint8, b *sample.Bits) {
	var word uint64
	for j := range n.two {
		if word >>= 32; j%2 == 0 {
			word = b.Uint64()
		}
		x := word & (1<<32 - 1)
		// x is below some more often than below two: the borrows of both are the copies.
		dst[j] = uint8((x-n.some[j])>>63 + (x-n.two[j])>>63)
	}
}

// Spectrum is the frequencies of so many variants, of which as many are between p and 2p as
// between 2p and 4p, as in people; from the least on to 1/2, in 64 steps.
func Spectrum(variants int, least float64) []float64 {
	frequencies := make([]float64, variants)
	for j := range frequencies {
		step := float64(j*64/variants) + 0.5
		frequencies[j] = least * math.Pow(0.5/least, step/64)
	}
	return frequencies
}
