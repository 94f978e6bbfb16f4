package dp

import (
	"fmt"
	"math"
	"math/big"

	"github.com/locus-genomics/locus/dp/sample"
)

// maxScale bounds a code, and with it all sums of them.
const maxScale = 1 << 8

// Clipped is allele frequencies as differences from a public reference. Of somebody with g
// copies of an allele it adds up Scale*g - Centre, and of somebody who is not called
// nothing. Where the reference is near, most of these are small, so that a person's
// squares are far fewer than a bound for any genome: for alleles as rare as they are,
// half of the noise of Frequency is enough.
//
// What a person's squares are above Squared is left out, in an order that hangs on that
// person and the query alone. Centre and Squared MUST come from public data, not from the
// cohort.
type Clipped struct {
	// Scale is how finely the reference is rounded; 8 is enough for most.
	Scale int64
	// Centre is the reference's 2 p Scale of each variant, rounded.
	Centre []int64
	// Squared is the most that the squares of one person's codes add up to.
	Squared uint64
}

// Check reports what is wrong with the reference.
func (c Clipped) Check() error {
	if err := within("variants", len(c.Centre), maxCoordinates/2); err != nil {
		return err
	}
	if c.Scale < 1 || c.Scale > maxScale {
		return fmt.Errorf("%w: a scale of %d, want 1 to %d", ErrKernel, c.Scale, maxScale)
	}
	for i, centre := range c.Centre {
		if centre < 0 || centre > 2*c.Scale {
			return fmt.Errorf("%w: the centre of variant %d, want 0 to twice the scale", ErrKernel, i)
		}
	}
	if c.Squared == 0 {
		return fmt.Errorf("%w: say what the squares of a person's codes may add up to", ErrUndeclared)
	}
	return Bound{1, c.Squared}.Check()
}

// Coordinates implements Kernel: a sum of codes for each variant, and Scale times N.
func (c Clipped) Coordinates() int { return len(c.Centre) + 1 }

// Largest implements Kernel.
func (c Clipped) Largest(people int64) int64 { return 2 * c.Scale * people }

// Person implements Kernel. L1 follows from L2 by Cauchy and Schwarz.
func (c Clipped) Person() (Bound, error) {
	if err := c.Check(); err != nil {
		return Bound{}, err
	}
	l1 := new(big.Int).SetUint64(c.Squared)
	l1.Mul(l1, big.NewInt(int64(len(c.Centre)))).Sqrt(l1)
	b := Bound{l1.Uint64() + uint64(c.Scale), c.Squared + uint64(c.Scale*c.Scale)}
	return b, b.Check()
}

// Add adds one person, whose genotypes are 0, 1 or 2 copies of each allele, or -1 where
// there is no call. The seed is a function of the person and of the query: see Seed. It
// reports how many calls were left out.
func (c Clipped) Add(dst []int64, genotypes []int8, seed [32]byte) (left int, err error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	if len(genotypes) != len(c.Centre) || len(dst) != c.Coordinates() {
		return 0, fmt.Errorf("%w: %d genotypes into %d numbers, want %d and %d", ErrLength, len(genotypes), len(dst), len(c.Centre), c.Coordinates())
	}
	squares := uint64(0)
	for i, g := range genotypes {
		if g < -1 || g > 2 {
			return 0, fmt.Errorf("%w: of variant %d, want 0 to 2 copies, or -1", ErrCounts, i)
		}
		code := c.code(i, g)
		squares += uint64(code * code)
	}
	kept := genotypes
	if squares > c.Squared {
		kept, left = c.clip(genotypes, squares, seed)
	}
	for i, g := range kept {
		dst[i] += c.code(i, g)
	}
	dst[len(dst)-1] += c.Scale
	return left, nil
}

func (c Clipped) code(variant int, g int8) int64 {
	if g < 0 {
		return 0
	}
	return c.Scale*int64(g) - c.Centre[variant]
}

// clip leaves out calls in a random order until the squares fit.
func (c Clipped) clip(genotypes []int8, squares uint64, seed [32]byte) (kept []int8, left int) {
	kept = append([]int8(nil), genotypes...)
	order := make([]int, len(kept))
	for i := range order {
		order[i] = i
	}
	b := sample.NewBits(seed, 0)
	defer b.Wipe()
	for n := len(order); squares > c.Squared; n-- {
		k := b.Below(uint64(n))
		i := order[k]
		order[k] = order[n-1]
		if code := c.code(i, kept[i]); code != 0 {
			squares -= uint64(code * code)
			kept[i] = -1
			left++
		}
	}
	return kept, left
}

// Decode makes estimates of the sum over all sites. Its intervals know of the noise, and
// not of calls that were missing or left out, which draw a frequency towards that of the
// reference. AN is twice N.
func (c Clipped) Decode(sum []int64, spread, confidence float64) (Table, error) {
	if err := c.Check(); err != nil {
		return Table{}, err
	}
	z, err := checkDecode(len(sum), c.Coordinates(), spread, confidence)
	if err != nil {
		return Table{}, err
	}
	scale := float64(c.Scale)
	people := float64(sum[len(sum)-1]) / scale
	t := Table{People: max(0, people), Estimates: make([]Estimate, len(c.Centre))}
	for i, centre := range c.Centre {
		if people <= 0 {
			t.Estimates[i] = unknown()
			continue
		}
		from, to := -float64(centre), 2*scale-float64(centre)
		x := float64(sum[i])
		code := max(from, min(to, x/people)) // of the mean person
		low, high := fieller(x, people, z*spread, z*spread/scale, from, to)
		frequency := func(code float64) float64 { return (code - from) / 2 / scale }
		e := Estimate{AF: frequency(code), AN: 2 * people, Low: frequency(low), High: frequency(high)}
		e.AC, e.Error = e.AF*e.AN, math.Hypot(spread, code*spread/scale)/2/scale/people
		t.Estimates[i] = e.widen(z)
	}
	return t, nil
}
