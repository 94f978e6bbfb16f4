package attack

import (
	"errors"
	"fmt"
	"math"

	"github.com/locus-genomics/locus/dp"
)

// ErrRelease is returned for a release that cannot be attacked as it is described.
var ErrRelease = errors.New("attack: the release is not described as it is")

// NoCall is the genotype of somebody who is not called: neither for nor against.
const NoCall = 3

// maxWeight bounds the terms of a coding, so that a person's part is an exact float64.
const maxWeight = 1 << 40

// Coding is what one person adds to a release.
type Coding struct {
	// Scale and Centre make Scale*g - Centre of somebody with g copies of the allele, for
	// each variant.
	Scale, Centre int64
	// Weight is what everybody adds to one more number at the end, which tells how many
	// they are. With 0 there is no such number.
	Weight int64
}

// Plain is the coding of allele counts as they are.
func Plain() Coding { return Coding{Scale: 1} }

// part is what a genotype adds.
func (c Coding) part(g int) float64 { return float64(c.Scale*int64(g) - c.Centre) }

// times is the coding of the sum of so many answers to one question.
func (c Coding) times(k int64) Coding { return Coding{c.Scale * k, c.Centre * k, c.Weight * k} }

func (c Coding) numbers(variants int) int {
	if c.Weight != 0 {
		return variants + 1
	}
	return variants
}

// Release is all that an attacker holds but for the target's genotypes. It is more than
// most attackers will hold: the bound of differential privacy is against this one.
type Release struct {
	Coding Coding
	// Sums are what was released: for each variant the sum over all people, with noise,
	// and then that of Coding.Weight.
	Sums []int64
	// Variance is that of the noise. 0 is an exact release.
	Variance float64
	// People is how many are counted, the target left aside. With 0 the sums of the others
	// are known and taken off, and what is left is the target's part or nothing.
	People int
	// Reference is the frequency of each variant's allele in the population.
	Reference []float64
}

// Frequencies describes a release of allele frequencies, by people besides the target,
// whose sums have noise of a spread. The sums are copied. Numbers that tell who was not called say
// nothing of genotypes and are left out.
func Frequencies(f dp.Frequency, sums []int64, spread float64, people int, reference []float64) (Release, error) {
	if len(sums) != f.Coordinates() || len(reference) != f.Variants {
		return Release{}, fmt.Errorf("%w: %d numbers and %d frequencies, want %d and %d", ErrRelease, len(sums), len(reference), f.Coordinates(), f.Variants)
	}
	coding, err := OfFrequency(f)
	if err != nil {
		return Release{}, err
	}
	told := append(append(make([]int64, 0, f.Variants+1), sums[:f.Variants]...), sums[len(sums)-1])
	r := Release{coding, told, spread * spread, people, reference}
	return r, r.Check()
}

// OfFrequency is the coding of allele frequencies. It is read off what one person adds, so
// that it is what is released.
func OfFrequency(f dp.Frequency) (Coding, error) {
	var sums [2][]int64
	for g := range sums {
		sums[g] = make([]int64, f.Coordinates())
		counts := make([]int64, 0, 2*f.Variants)
		for range f.Variants {
			counts = append(counts, int64(g), 2)
		}
		if err := f.Encode(sums[g], counts, 1); err != nil {
			return Coding{}, err
		}
	}
	none, one := sums[0][0], sums[1][0]
	return Coding{one - none, -none, sums[0][len(sums[0])-1]}, nil
}

// Check reports what is wrong with the description.
func (r Release) Check() error {
	c := r.Coding
	if c.Scale == 0 || max(abs(c.Scale), abs(c.Centre), abs(c.Weight)) > maxWeight {
		return fmt.Errorf("%w: a coding of %+v, want a scale other than 0 and terms of at most 2^40", ErrRelease, c)
	}
	if len(r.Reference) == 0 || len(r.Sums) != c.numbers(len(r.Reference)) {
		return fmt.Errorf("%w: %d numbers for %d variants, want %d", ErrRelease, len(r.Sums), len(r.Reference), c.numbers(len(r.Reference)))
	}
	if r.People < 0 {
		return fmt.Errorf("%w: %d people", ErrRelease, r.People)
	}
	if !(r.Variance >= 0) || math.IsInf(r.Variance, 1) {
		return fmt.Errorf("%w: noise of variance %g", ErrRelease, r.Variance)
	}
	for j, p := range r.Reference {
		if !(p > 0 && p < 1) {
			return fmt.Errorf("%w: a frequency of %g in the population of variant %d, want one between 0 and 1; leave out variants that nobody has", ErrRelease, p, j)
		}
	}
	return nil
}

// copies is the estimate of how many copies of an allele there are.
func (r Release) copies(j int) float64 {
	c := r.Coding
	return (float64(r.Sums[j]) + float64(r.People+1)*float64(c.Centre)) / float64(c.Scale)
}

// frequency is the estimate of an allele's frequency, kept half a copy away from 0 and 1.
func (r Release) frequency(j int) float64 {
	alleles := 2 * float64(r.People+1)
	return min(max(r.copies(j)/alleles, 0.5/alleles), 1-0.5/alleles)
}

// Difference is what two answers about cohorts that differ by the target tell together.
// Its People are none: they are in both.
func Difference(with, without Release) (Release, error) {
	if err := errors.Join(with.Check(), without.Check()); err != nil {
		return Release{}, err
	}
	if with.Coding != without.Coding || len(with.Sums) != len(without.Sums) {
		return Release{}, fmt.Errorf("%w: a difference of answers to two questions", ErrRelease)
	}
	d := with
	d.Sums = make([]int64, len(with.Sums))
	for j := range d.Sums {
		d.Sums[j] = with.Sums[j] - without.Sums[j]
	}
	d.Variance, d.People = with.Variance+without.Variance, 0
	return d, nil
}

// Repeated is what many answers to one question tell together, by somebody who takes
// their noise to be independent. It is the sum: their mean in whole numbers.
func Repeated(answers ...Release) (Release, error) {
	if len(answers) == 0 || len(answers) > maxWeight/(1<<16) {
		return Release{}, fmt.Errorf("%w: %d answers, want 1 to 2^24", ErrRelease, len(answers))
	}
	sum := answers[0]
	sum.Sums = make([]int64, len(answers[0].Sums))
	sum.Variance = 0
	for _, r := range answers {
		if r.Coding != answers[0].Coding || len(r.Sums) != len(sum.Sums) || r.People != sum.People {
			return Release{}, fmt.Errorf("%w: repeated answers to two questions", ErrRelease)
		}
		for j, x := range r.Sums {
			sum.Sums[j] += x
		}
		sum.Variance += r.Variance
	}
	if abs(sum.Coding.Scale)|abs(sum.Coding.Centre)|abs(sum.Coding.Weight) > maxWeight/int64(len(answers)) {
		return Release{}, fmt.Errorf("%w: a coding of %+v, too large for %d answers", ErrRelease, sum.Coding, len(answers))
	}
	sum.Coding = sum.Coding.times(int64(len(answers)))
	return sum, sum.Check()
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}
