package account_test

import (
	"errors"
	"math"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/sample"
)

var alone = dp.Sites{All: 1, Honest: 1}

func bound(tb testing.TB, k dp.Kernel) dp.Bound {
	tb.Helper()
	b, err := k.Person()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Whatever is asked for, the noise keeps the budget and is not much more than it needs.
func TestCalibratedNoiseKeepsItsBudget(t *testing.T) {
	frequencies := dp.Frequency{Variants: 100}
	for name, c := range map[string]struct {
		bound   dp.Bound
		numbers int
		sites   dp.Sites
		slack   float64 // of rho that rounding may leave
	}{
		"one count":                     {dp.Bound{L1: 1, L2Squared: 1}, 1, alone, 0.01},
		"a hundred frequencies":         {bound(t, frequencies), 101, alone, 0.01},
		"a hundred among five of seven": {bound(t, frequencies), 101, dp.Sites{All: 7, Honest: 5}, 0.20},
		"a million frequencies":         {bound(t, dp.Frequency{Variants: 1_000_000, Missing: true}), 2_000_001, dp.Sites{All: 3, Honest: 2}, 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			for _, budget := range []account.Budget{{Epsilon: 0.1, Delta: 1e-9}, {Epsilon: 1, Delta: 1e-6}, {Epsilon: 1, Delta: 1e-9}, {Epsilon: 3, Delta: 1e-9}} {
				m, err := account.Calibrate(c.bound, c.numbers, c.sites, budget)
				if err != nil {
					t.Fatal(err)
				}
				cost, err := account.Of(m.Event())
				if err != nil {
					t.Fatal(err)
				}
				if got := cost.Epsilon(budget.Delta); got > budget.Epsilon {
					t.Errorf("%+v: the release is (%.12f, delta)", budget, got)
				}
				if best := account.Rho(budget.Epsilon, budget.Delta); float64(cost.Rho)/account.RhoUnits < best*(1-c.slack) {
					t.Errorf("%+v: rho %d of %.0f is used", budget, cost.Rho, best*account.RhoUnits)
				}
			}
		})
	}
}

// Where shares are narrow and numbers many, what their sum is worse than one draw is paid
// with more noise. Shares of variance 2 would do here but for that.
func TestNarrowSharesGrowUntilTheyAreWorthTheirPrice(t *testing.T) {
	cells, sites := dp.Counts{Cells: 1 << 32, Cap: 1}, dp.Sites{All: 9, Honest: 9}
	budget := account.Budget{Epsilon: account.Epsilon(1/35.9, 1e-6), Delta: 1e-6}
	m, err := account.Calibrate(bound(t, cells), cells.Coordinates(), sites, budget)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Event().Parameter; got != sample.Whole(3) {
		t.Errorf("shares have a variance of %v, want 3", got)
	}
	cost, err := account.Of(m.Event())
	if err != nil {
		t.Fatal(err)
	}
	if got := cost.Epsilon(budget.Delta); got > budget.Epsilon {
		t.Errorf("the release is (%.12f, delta), want %.12f", got, budget.Epsilon)
	}
}

// At epsilon 1 and delta 1e-9. The errors are those of rare alleles, in which that of N is.
func TestTheErrorOfFrequenciesIsThatOfTheDocumentation(t *testing.T) {
	for _, c := range []struct {
		variants int
		people   int64
		want     float64
	}{{1, 1000, 0.00578}, {100, 6030, 0.00527}, {100, 100_000, 3.18e-4}, {10_000, 60_300, 0.0048}, {1_000_000, 603_000, 0.0048}} {
		f := dp.Frequency{Variants: c.variants}
		m, err := account.Calibrate(bound(t, f), f.Coordinates(), alone, account.Budget{Epsilon: 1, Delta: 1e-9})
		if err != nil {
			t.Fatal(err)
		}
		if got := f.RMSE(m.Spread(), c.people); math.Abs(got-c.want) > 0.01*c.want {
			t.Errorf("%d frequencies of %d people: an error of %.3g, want %.3g", c.variants, c.people, got, c.want)
		}
	}
}

func TestPureNoiseHasItsEpsilon(t *testing.T) {
	m, err := account.CalibratePure(dp.Bound{L1: 3, L2Squared: 3}, 5, alone, sample.Ratio{Num: 1, Den: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Event().Parameter; got != sample.Whole(6) {
		t.Errorf("the scale is %v, want 6", got)
	}
	cost, err := account.Of(m.Event())
	if err != nil {
		t.Fatal(err)
	}
	if want := account.Pure(0.5) * account.RhoUnits; float64(cost.Rho) < want || float64(cost.Rho) > want+2 {
		t.Errorf("rho is %d, want %.1f rounded up", cost.Rho, want)
	}
}

func TestBudgetsThatPromiseNothingAreRefused(t *testing.T) {
	one := dp.Bound{L1: 1, L2Squared: 1}
	with := func(epsilon, delta float64) func() error {
		return func() error {
			_, err := account.Calibrate(one, 1, alone, account.Budget{Epsilon: epsilon, Delta: delta})
			return err
		}
	}
	pure := func(b dp.Bound, e sample.Ratio) func() error {
		return func() error { _, err := account.CalibratePure(b, 1, alone, e); return err }
	}
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"an epsilon of 0":             {with(0, 1e-9), account.ErrBudget},
		"a negative epsilon":          {with(-1, 1e-9), account.ErrBudget},
		"no number for an epsilon":    {with(math.NaN(), 1e-9), account.ErrBudget},
		"an epsilon of 17":            {with(17, 1e-9), account.ErrBudget},
		"an endless epsilon":          {with(math.Inf(1), 1e-9), account.ErrBudget},
		"a delta of 0":                {with(1, 0), account.ErrBudget},
		"a negative delta":            {with(1, -1e-9), account.ErrBudget},
		"a delta of 1":                {with(1, 1), account.ErrBudget},
		"no number for a delta":       {with(1, math.NaN()), account.ErrBudget},
		"a delta below the samplers'": {with(1, 1e-18), account.ErrBudget},
		"less than a unit of rho":     {with(1e-9, 1e-9), account.ErrBudget},
		"noise too wide for any sampler": {func() error {
			_, err := account.Calibrate(dp.Bound{L1: 1, L2Squared: 1 << 50}, 1, alone, account.Budget{Epsilon: 0.1, Delta: 1e-9})
			return err
		}, dp.ErrTooWide},
		"an undeclared bound": {func() error {
			_, err := account.Calibrate(dp.Bound{}, 1, alone, account.Budget{Epsilon: 1, Delta: 1e-9})
			return err
		}, dp.ErrUndeclared},
		"no sites": {func() error {
			_, err := account.Calibrate(one, 1, dp.Sites{}, account.Budget{Epsilon: 1, Delta: 1e-9})
			return err
		}, dp.ErrSites},
		"a pure epsilon of 0":         {pure(one, sample.Whole(0)), account.ErrBudget},
		"a pure epsilon over 0":       {pure(one, sample.Ratio{Num: 1}), account.ErrBudget},
		"a pure epsilon of 17":        {pure(one, sample.Whole(17)), account.ErrBudget},
		"a pure epsilon that is fine": {pure(dp.Bound{L1: 1 << 30, L2Squared: 1}, sample.Ratio{Num: 1, Den: 1 << 20}), account.ErrBudget},
		"a pure one of no bound":      {pure(dp.Bound{}, sample.Whole(1)), dp.ErrUndeclared},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// A budget's cost means no more than the budget, to the last unit.
func TestABudgetsCostKeepsThePromise(t *testing.T) {
	for epsilon := 0.001; epsilon < 16; epsilon *= 1.3 {
		for _, delta := range []float64{3e-18, 1e-15, 1e-9, 1e-6, 0.01, 0.9} {
			cost, err := account.Budget{Epsilon: epsilon, Delta: delta}.Cost()
			if err != nil {
				t.Fatal(err)
			}
			if got := cost.Epsilon(delta); got > epsilon {
				t.Errorf("(%g, %g): the cost means an epsilon of %.15g", epsilon, delta, got)
			}
		}
	}
}

// What is charged for shares is never less than their divergence, which is added up term
// by term: that of an honest sum from its neighbour, at orders from 1.1 to 8.
func TestASumOfSharesIsNotWorseThanItsPrice(t *testing.T) {
	for _, c := range []struct {
		shares   int
		variance float64
	}{{7, 2}, {2, 2}, {7, 0.5}, {3, 0.25}} {
		one := lattice(c.variance)
		sum := one
		for range c.shares - 1 {
			sum = convolve(sum, one)
		}
		price := account.SumOfShares(1, 1, c.shares, c.variance)
		for _, alpha := range []float64{1.1, 2, 4, 8} {
			total := 0.0
			for i := 1; i < len(sum); i++ {
				if sum[i] > 1e-100 && sum[i-1] > 1e-100 {
					total += sum[i] * math.Exp((alpha-1)*(math.Log(sum[i])-math.Log(sum[i-1])))
				}
			}
			if got := math.Log(total) / (alpha - 1) / alpha; got > price*(1+1e-9) {
				t.Errorf("%d shares of variance %g at order %g: rho is %.12f, charged is %.12f", c.shares, c.variance, alpha, got, price)
			}
		}
	}
}

func lattice(variance float64) []float64 {
	const most = 60
	p, total := make([]float64, 2*most+1), 0.0
	for i := range p {
		x := float64(i - most)
		p[i] = math.Exp(-x * x / 2 / variance)
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

func convolve(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b)-1)
	for i, x := range a {
		for j, y := range b {
			c[i+j] += x * y
		}
	}
	return c
}
