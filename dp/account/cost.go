package account

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/locus-genomics/locus/dp"
)

var (
	// ErrExceeded is returned where a cost does not fit in what is left.
	ErrExceeded = errors.New("account: the budget does not allow this")
	// ErrTooDear is returned for a cost that is more than can be written down.
	ErrTooDear = errors.New("account: the cost is too large to be accounted for")
	// ErrBudget is returned for an epsilon or a delta that promises nothing.
	ErrBudget = errors.New("account: the budget is out of range")
)

const (
	// RhoUnits make a rho of 1.
	RhoUnits = 1_000_000_000_000
	// DeltaUnits make a delta of 1.
	DeltaUnits = 1_000_000_000_000_000_000
	// drawsAUnit is how many numbers may be drawn for one unit of delta. Each is from a law
	// that is within 2^-116 of the true one (package sample), which makes
	// (1+e^epsilon) 2^-116 of delta: 1.1e-28 at maxEpsilon.
	drawsAUnit = 1 << 33
)

// Cost is what a release, or many, cost, in whole units. Costs add up.
type Cost struct {
	Rho   uint64 // in 1e-12
	Delta uint64 // in 1e-18, besides what the conversion to epsilon takes
}

// Of is what an event costs, rounded up.
func Of(e dp.Event) (Cost, error) {
	if err := e.Check(); err != nil {
		return Cost{}, err
	}
	var units *big.Int
	switch e.Kind {
	case dp.KindGaussian:
		units = gaussianUnits(e)
	case dp.KindLaplace:
		// A change of the L1 bound is L1/scale of epsilon.
		units = ceilUnits(Pure(float64(e.Bound.L1) / e.Parameter.Float()))
	default:
		// The range of a selection's privacy loss is bounded by epsilon: rho is epsilon^2 / 8.
		epsilon := 2 * e.Parameter.Float()
		units = ceilUnits(epsilon * epsilon / 8)
	}
	if !units.IsUint64() {
		return Cost{}, fmt.Errorf("%w: a %v with a parameter of %v", ErrTooDear, e.Kind, e.Parameter)
	}
	return Cost{units.Uint64(), 1 + uint64(e.Coordinates)*uint64(e.Honest)/drawsAUnit}, nil
}

// gaussianUnits is L2^2 / (2 h s) in whole numbers, and what a sum of shares is worse.
func gaussianUnits(e dp.Event) *big.Int {
	big64 := func(n uint64) *big.Int { return new(big.Int).SetUint64(n) }
	num := big64(e.Bound.L2Squared)
	num.Mul(num, big64(RhoUnits)).Mul(num, big64(e.Parameter.Den))
	den := big64(2 * uint64(e.Honest))
	den.Mul(den, big64(e.Parameter.Num))
	num.Add(num, den).Sub(num, big.NewInt(1)).Quo(num, den)
	return num.Add(num, ceilUnits(excess(float64(e.Bound.L2Squared), e.Coordinates, e.Honest, e.Parameter.Float())))
}

// ceilUnits is a rho in units, rounded up by more than what floating point may have lost.
func ceilUnits(rho float64) *big.Int {
	if math.IsNaN(rho) || rho > math.MaxUint64/RhoUnits {
		return new(big.Int).Lsh(big.NewInt(1), 64)
	}
	units, _ := big.NewFloat(math.Ceil(rho * (1 + 1e-12) * RhoUnits)).Int(nil)
	return units
}

// Add is the cost of both.
func (c Cost) Add(d Cost) (Cost, error) {
	sum := Cost{c.Rho + d.Rho, c.Delta + d.Delta}
	if sum.Rho < c.Rho || sum.Delta < c.Delta {
		return Cost{}, ErrTooDear
	}
	return sum, nil
}

// Epsilon is what the cost means at a delta, rounded up: of that delta, the cost's own
// is used up first.
func (c Cost) Epsilon(delta float64) float64 {
	return Epsilon(float64(c.Rho)/RhoUnits, delta-float64(c.Delta)/DeltaUnits) * (1 + 1e-12)
}

// Decimals writes both parts without rounding.
func (c Cost) Decimals() (rho, delta string) { return decimal(c.Rho, 12), decimal(c.Delta, 18) }

// String writes both parts without rounding.
func (c Cost) String() string {
	rho, delta := c.Decimals()
	return "rho " + rho + ", delta " + delta
}

// decimal writes n units of 10^-places.
func decimal(n uint64, places int) string {
	digits := fmt.Sprintf("%0*d", places+1, n)
	whole := len(digits) - places
	return strings.TrimSuffix(strings.TrimRight(digits[:whole]+"."+digits[whole:], "0"), ".")
}

// Filter holds what was spent against a limit. It is right even where each release is
// chosen by what those before it told (Whitehouse, Ramdas, Rogers and Wu 2023).
type Filter struct {
	Limit, Spent Cost
}

// Charge spends a cost, or nothing where it does not fit.
func (f *Filter) Charge(c Cost) error {
	spent, err := f.Spent.Add(c)
	if err != nil {
		return err
	}
	if spent.Rho > f.Limit.Rho || spent.Delta > f.Limit.Delta {
		left := Cost{Rho: f.Limit.Rho - min(f.Limit.Rho, f.Spent.Rho), Delta: f.Limit.Delta - min(f.Limit.Delta, f.Spent.Delta)}
		return fmt.Errorf("%w: it costs %v, and %v is left", ErrExceeded, c, left)
	}
	f.Spent = spent
	return nil
}

// Budget is a promise in the words of (epsilon, delta)-differential privacy.
type Budget struct{ Epsilon, Delta float64 }

// Check reports whether the budget promises anything.
func (b Budget) Check() error {
	if !(b.Epsilon > 0) || b.Epsilon > maxEpsilon {
		return fmt.Errorf("%w: epsilon is %g, want above 0 and at most %d", ErrBudget, b.Epsilon, maxEpsilon)
	}
	if !(b.Delta > 0 && b.Delta < 1) {
		return fmt.Errorf("%w: delta is %g, want between 0 and 1", ErrBudget, b.Delta)
	}
	return nil
}

// maxEpsilon bounds what is called a budget: beyond, nothing is promised in practice, and
// what is charged for the samplers would be too little.
const maxEpsilon = 16

// Cost is the greatest cost that keeps the promise. Of delta, 1000 units of 1e-18 or a
// half are set aside for the samplers of as many releases.
func (b Budget) Cost() (Cost, error) {
	if err := b.Check(); err != nil {
		return Cost{}, err
	}
	aside := math.Floor(min(1000, b.Delta*DeltaUnits/2))
	if aside < 1 {
		return Cost{}, fmt.Errorf("%w: delta is %g, want at least 2e-18", ErrBudget, b.Delta)
	}
	// Epsilon grows at least as the root of rho, so that this makes up for Cost.Epsilon's margin.
	rho := Rho(b.Epsilon, b.Delta-aside/DeltaUnits) * (1 - 4e-12)
	return Cost{uint64(rho * RhoUnits), uint64(aside)}, nil
}
