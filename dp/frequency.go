package dp

import (
	"fmt"
	"math"
	"math/big"
)

// Frequency is the allele frequencies of so many variants. Of the copies AC of an allele
// among AN that are called, and of N people, it tells three things, each centred so that
// one person changes it little:
//
//	x = 2 AC - AN     for each variant; somebody who is not called adds nothing
//	y = 2 N - AN      for each variant, with Missing; somebody who is called adds nothing
//	z = w N           once
//
// A person adds at most 2 to AC and to AN, and no more to AC than to AN. So a person
// adds (0, 2), (±1, 1), (±2, 0) or (0, 0) to a variant's (x, y), whose squares add up to at
// most 4: AN adds nothing to L2, which is sqrt(4M + w^2). AC as it is has 2 sqrt(M) and
// tells half as much for it.
type Frequency struct {
	Variants int
	// Missing asks for AN of each variant, whose noise is then in the frequencies too.
	// Without, AN is taken to be 2N: right for variants that everybody was called at.
	Missing bool
}

// weight is w, near 2 M^(1/4): where the error of N, which all frequencies share,
// and what N costs are the least together.
func (f Frequency) weight() int64 {
	w := new(big.Int).SetUint64(16 * uint64(f.Variants))
	return w.Sqrt(w.Sqrt(w)).Int64()
}

// Coordinates implements Kernel: all x, then all y, then z.
func (f Frequency) Coordinates() int {
	if f.Missing {
		return 2*f.Variants + 1
	}
	return f.Variants + 1
}

// Largest implements Kernel.
func (f Frequency) Largest(people int64) int64 { return max(2, f.weight()) * people }

// Person implements Kernel. The proof is by the cases in Frequency's comment.
func (f Frequency) Person() (Bound, error) {
	if err := within("variants", f.Variants, maxCoordinates/2); err != nil {
		return Bound{}, err
	}
	m, w := uint64(f.Variants), uint64(f.weight())
	return Bound{2*m + w, 4*m + w*w}, nil
}

// Encode makes the vector of one site's counts: AC and AN of each variant in turn, and how
// many people were counted.
func (f Frequency) Encode(dst, counts []int64, people int64) error {
	if _, err := f.Person(); err != nil {
		return err
	}
	if len(counts) != 2*f.Variants || len(dst) != f.Coordinates() {
		return fmt.Errorf("%w: %d counts into %d numbers, want %d and %d", ErrLength, len(counts), len(dst), 2*f.Variants, f.Coordinates())
	}
	if people < 0 || people > maxPeople {
		return fmt.Errorf("%w: the number of people, want 0 to %d", ErrCounts, int64(maxPeople))
	}
	for i := range f.Variants {
		ac, an := counts[2*i], counts[2*i+1]
		if ac < 0 || ac > an || an > 2*people {
			return fmt.Errorf("%w: of variant %d, want 0 <= AC <= AN <= twice the people", ErrCounts, i)
		}
		dst[i] = 2*ac - an
		if f.Missing {
			dst[f.Variants+i] = 2*people - an
		}
	}
	dst[len(dst)-1] = f.weight() * people
	return nil
}

// anVariance is how much noise of variance 1 on all coordinates makes of AN.
func (f Frequency) anVariance() float64 {
	w := float64(f.weight())
	v := 4 / w / w
	if f.Missing {
		v++
	}
	return v
}

// RMSE is the error of the frequency of a rare allele, from noise alone, over so many
// people at all sites together. A common one has less.
func (f Frequency) RMSE(spread float64, people int64) float64 {
	return spread / 4 / float64(people) * math.Sqrt(1+f.anVariance())
}

// Spread is the standard deviation of the noise that makes such an error.
func (f Frequency) Spread(rmse float64, people int64) float64 {
	return rmse / f.RMSE(1, people)
}
