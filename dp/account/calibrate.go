package account

import (
	"fmt"
	"math/big"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
)

// Calibrate makes the mechanism with the least Gaussian noise that a budget allows for one
// release. For what a precision costs instead, take Of the event of dp.GaussianForError.
func Calibrate(b dp.Bound, coordinates int, s dp.Sites, budget Budget) (dp.Mechanism, error) {
	limit, err := budget.Cost()
	if err != nil {
		return nil, err
	}
	if err := b.Check(); err != nil {
		return nil, err
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	// What is charged has tau in it, which falls fast: where the first try is too dear, the
	// variance grows until the price fits.
	for rho := limit.Rho; rho > 0; rho -= rho/1000 + 1 {
		m, err := dp.NewGaussian(b, coordinates, s, variance(b.L2Squared, rho))
		if err != nil {
			return nil, err
		}
		cost, err := Of(m.Event())
		if err != nil {
			return nil, err
		}
		if cost.Rho <= limit.Rho && cost.Delta <= limit.Delta {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: epsilon %g at delta %g cannot be reached; ask for more", ErrBudget, budget.Epsilon, budget.Delta)
}

// variance is that of the noise which makes a change cost so many units of rho: L2^2
// over twice rho, rounded up to a multiple of 1/256 below 4096, and to a whole number above.
func variance(l2squared, rho uint64) sample.Ratio {
	num := new(big.Int).SetUint64(l2squared)
	num.Mul(num, big.NewInt(RhoUnits))
	den := new(big.Int).SetUint64(rho)
	den.Lsh(den, 1)
	parts := uint64(256)
	if new(big.Int).Mul(den, big.NewInt(4096)).Cmp(num) <= 0 {
		parts = 1
	}
	num.Mul(num, new(big.Int).SetUint64(parts))
	num.Add(num, den).Sub(num, big.NewInt(1)).Quo(num, den)
	if !num.IsUint64() {
		return sample.Whole(1<<64 - 1) // which no sampler takes
	}
	return sample.Ratio{Num: num.Uint64(), Den: parts}
}

// CalibratePure makes Laplace noise that is epsilon-differentially private for one release
// of a few counts. Epsilon is a fraction, so that the scale is exact.
func CalibratePure(b dp.Bound, coordinates int, s dp.Sites, epsilon sample.Ratio) (dp.Mechanism, error) {
	if epsilon.Num == 0 || epsilon.Den == 0 || epsilon.Float() > maxEpsilon {
		return nil, fmt.Errorf("%w: epsilon is %v, want above 0 and at most %d", ErrBudget, epsilon, maxEpsilon)
	}
	if err := b.Check(); err != nil {
		return nil, err
	}
	const most = 1 << 45 // of a term; L1 is below 2^53
	if epsilon.Den > most/b.L1 {
		return nil, fmt.Errorf("%w: epsilon is %v, too fine for a change of %d", ErrBudget, epsilon, b.L1)
	}
	return dp.NewLaplace(b, coordinates, s, sample.Ratio{Num: b.L1 * epsilon.Den, Den: epsilon.Num})
}
