package account_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/sample"
)

// reference reads numbers that were computed with 60 digits and by other programs.
func reference(tb testing.TB) map[string]float64 {
	tb.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		tb.Fatal(err)
	}
	var rows []struct{ ID, Value string }
	if err := json.Unmarshal(b, &rows); err != nil {
		tb.Fatal(err)
	}
	all := map[string]float64{}
	for _, r := range rows {
		if all[r.ID], err = strconv.ParseFloat(r.Value, 64); err != nil {
			tb.Fatal(err)
		}
	}
	return all
}

const mu20 = 0.2236067977499789696 // 1/sqrt(20)

func TestTheAccountantAgreesWithTheReference(t *testing.T) {
	rows := reference(t)
	sigma := 4.530877117
	got := map[string]float64{
		"Z1":  account.Epsilon(0.025, 1e-6),
		"Z2":  account.Epsilon(0.1, 1e-6),
		"Z4":  account.Epsilon(1, 1e-6),
		"Z5":  account.Epsilon(5, 1e-6),
		"Z7":  account.Epsilon(0.02, 1e-9),
		"Z8":  account.Epsilon(0.5, 1e-9),
		"Z10": account.Epsilon(3.9e-5, 1e-9),
		"R1":  account.Rho(0.1, 1e-6),
		"R2":  account.Rho(1, 1e-6),
		"R4":  account.Rho(0.1, 1e-9),
		"R5":  account.Rho(1, 1e-9),
		"R7":  account.Rho(10, 1e-5),
		"D1":  account.Delta(0.025, 1),
		"D2":  account.Delta(0.1, 2),
		"D4":  account.Delta(0.02, 2),
		"D5":  account.Delta(2, 1),
		"G1":  account.GaussianSpread(0.1, 1e-6),
		"G2":  account.GaussianSpread(1, 1e-6),
		"G4":  account.GaussianSpread(0.1, 1e-9),
		"G5":  account.GaussianSpread(1, 1e-9),
		"G7":  account.GaussianSpread(1, 1e-5),
		"G8":  account.GaussianDelta(1, 1),
		"G10": account.GaussianDelta(0.25, 1),
		"G11": account.GaussianDelta(3, 0),
		"G13": account.GaussianEpsilon(mu20, 1e-6),
		"G14": account.GaussianEpsilon(mu20, 1e-9),
		"N1":  account.DiscreteGaussianDelta(1, 1, 1),
		"N2":  account.DiscreteGaussianDelta(4, 1, 1),
		"N4":  account.DiscreteGaussianDelta(80, 2, 1),
		"N5":  account.DiscreteGaussianDelta(80, 2, 0.5),
		"N7":  account.DiscreteGaussianDelta(1000, 2, 0.1),
		"N8":  discreteEpsilon(20, 1, 1e-6),
		"N10": discreteEpsilon(80, 2, 1e-9),
		"P2":  account.Pure(1),
		"C4":  account.Epsilon(100*account.Pure(0.1), 1e-6),
		"C7":  account.Epsilon(1000*1e-4, 1e-9),
		"C8":  account.GaussianEpsilon(math.Sqrt(16)/20, 1e-6),
		"A2":  account.Epsilon(1/(2*sigma*sigma), 1e-6),
		"T1a": account.Tau(7, 2),
		"T1b": account.SumOfShares(4, 1, 7, 2),
		"T2a": account.Tau(10, 1),
		"T2b": account.SumOfShares(4, 1, 10, 1),
		"T3a": account.Tau(7, 4),
		"T3b": account.SumOfShares(4, 1, 7, 4),
		"T4a": account.Tau(7, 20),
		"T4b": account.SumOfShares(400, 100, 7, 20),
		"F1":  account.Epsilon(9*0.02, 1e-6),
		"F2":  1e-6 * math.Expm1(3) / math.Expm1(1),
		// What others use, and is computed here to show that it is no better.
		"B1":  0.025 + 2*math.Sqrt(0.025*math.Log(1e6)),
		"B2":  math.Pow(math.Sqrt(math.Log(1e6)+1)-math.Sqrt(math.Log(1e6)), 2),
		"P1":  0.5,
		"P4":  pureAt(1, 32),
		"C1":  optimalPure(0.1, 10, 1e-6),
		"C2":  optimalPure(0.1, 100, 1e-6),
		"C5":  optimalPureDelta(0.5, 20, 4),
		"A1":  epsilonAt(32, 1.1, 1e-5),
		"S1":  skellam(8, 20, 2, 4),
		"S2":  skellam(8, 8e4, 2000, 4000),
		"L1":  laplaceLoss(10, 1, 1).epsilon(1e-6),
		"L20": laplaceLoss(10, 1, 20).epsilon(1e-4),
		"LB":  laplaceLoss(10, 2, 30).epsilon(1e-6),
		"LC":  laplaceLoss(2, 2, 1).delta(0.5),
	}
	worst := 0.0
	for id, want := range rows {
		x, ok := got[id]
		if !ok {
			t.Errorf("row %s is not computed", id)
			continue
		}
		off := math.Abs(x-want) / want
		worst = max(worst, off)
		if !(off <= 1e-12) {
			t.Errorf("row %s: got %.17g, want %.17g, off by %.1e", id, x, want, off)
		}
	}
	t.Logf("%d rows, the worst off by %.1e", len(rows), worst)
}

func discreteEpsilon(variance float64, change int64, delta float64) float64 {
	low, high := 0.0, 100.0
	for range 200 {
		if middle := (low + high) / 2; account.DiscreteGaussianDelta(variance, change, middle) > delta {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// What is charged is never below what is possible, and at most a tenth above.
func TestEpsilonIsBetweenTheOptimumAndATenthMore(t *testing.T) {
	for _, delta := range []float64{1e-6, 1e-9, 1e-12} {
		for epsilon := 0.1; epsilon <= 10; epsilon *= 1.1 {
			rho := account.Rho(epsilon, delta)
			best := account.GaussianEpsilon(math.Sqrt(2*rho), delta)
			if epsilon < best || epsilon > 1.10*best {
				t.Errorf("rho %.3g at delta %g: epsilon %.4f is charged and %.4f possible", rho, delta, epsilon, best)
			}
		}
	}
}

func TestConversionsAreInverse(t *testing.T) {
	for _, delta := range []float64{1e-3, 1e-6, 1e-12, 1e-18} {
		for _, rho := range []float64{1e-4, 0.01, 0.5, 3, 50} {
			epsilon := account.Epsilon(rho, delta)
			if got := account.Rho(epsilon, delta); math.Abs(got-rho) > 1e-11*rho {
				t.Errorf("rho %g at delta %g comes back as %.17g", rho, delta, got)
			}
			if got := account.Delta(rho, epsilon); math.Abs(got-delta) > 1e-11*delta {
				t.Errorf("delta %g of rho %g comes back as %.17g", delta, rho, got)
			}
		}
	}
}

// The conversion is an infimum: no alpha is better than the one that is found.
func TestNoOrderConvertsBetter(t *testing.T) {
	for _, rho := range []float64{1e-5, 0.02, 1, 20} {
		best := account.Epsilon(rho, 1e-9)
		for a := 1e-4; a < 1e7; a *= 1.01 {
			if other := epsilonAt(1+a, rho*(1+a), 1e-9); other < best*(1-1e-13) {
				t.Errorf("rho %g: order %g gives %.17g, less than %.17g", rho, 1+a, other, best)
			}
		}
	}
}

func TestWhatIsOutOfRangePromisesNothing(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, ok := range map[string]bool{
		"a negative rho":              account.Epsilon(-1, 1e-6) == inf,
		"no number for a rho":         account.Epsilon(nan, 1e-6) == inf,
		"an endless rho":              account.Epsilon(inf, 1e-6) == inf,
		"a delta of 0":                account.Epsilon(1, 0) == inf,
		"no number for a delta":       account.Epsilon(1, nan) == inf,
		"a delta at a negative rho":   account.Delta(-1, 1) == 1,
		"a delta at no epsilon":       account.Delta(1, nan) == 1,
		"a rho of epsilon 0":          account.Rho(0, 1e-6) == 0,
		"a rho of a negative epsilon": account.Rho(-1, 1e-6) == 0,
		"a rho of delta 1":            account.Rho(1, 1) == 0,
		"a rho of no epsilon":         account.Rho(nan, 1e-6) == 0,
		"a rho of an endless epsilon": account.Rho(inf, 1e-6) == 0,
		"a Gaussian without noise":    account.GaussianDelta(inf, 1) == 1,
		"a spread for delta 0":        account.GaussianSpread(1, 0) == inf,
		"an epsilon for delta 0":      account.GaussianEpsilon(1, 0) == inf,
		"a variance of 0":             account.DiscreteGaussianDelta(0, 1, 1) == 1,
		"nothing for nothing":         account.Epsilon(0, 1e-6) == 0 && account.Delta(0, 0) == 0 && account.GaussianDelta(0, 1) == 0,
	} {
		if !ok {
			t.Errorf("%s gives another answer", name)
		}
	}
}

// event is a Gaussian of one honest site.
func event(l2 uint64, variance sample.Ratio) dp.Event {
	return dp.Event{Kind: dp.KindGaussian, Bound: dp.Bound{L1: 1, L2Squared: l2}, Coordinates: 1, Honest: 1, Parameter: variance}
}

func TestCostsAreRoundedUp(t *testing.T) {
	shares := event(4, sample.Whole(2))
	shares.Honest = 7
	wide := shares
	wide.Coordinates = 1000
	laplace := event(1, sample.Whole(1))
	laplace.Kind = dp.KindLaplace
	selection := event(1, sample.Ratio{Num: 1, Den: 2})
	selection.Kind = dp.KindSelection
	for name, c := range map[string]struct {
		event dp.Event
		rho   uint64
	}{
		"a whole number of units":      {event(1, sample.Whole(2)), 250_000_000_000},
		"a third":                      {event(2, sample.Whole(3)), 333_333_333_334},
		"less than a unit":             {event(1, sample.Whole(1<<44)), 1},
		"seven shares, with tau":       {shares, 142_857_157_179},
		"tau for each number":          {wide, 142_857_595_721},
		"pure epsilon of 1":            {laplace, 462_117_157_261},
		"a selection with epsilon 1":   {selection, 125_000_000_001},
		"a large change of much noise": {event(1<<50, sample.Whole(1<<44)), 32_000_000_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := account.Of(c.event)
			if err != nil {
				t.Fatal(err)
			}
			if got != (account.Cost{Rho: c.rho, Delta: 1}) {
				t.Errorf("got %+v, want a rho of %d", got, c.rho)
			}
		})
	}
}

// What the samplers are off by is charged by the number of draws, at 2^33 a unit.
func TestDrawsAreChargedFor(t *testing.T) {
	for numbers, want := range map[int]uint64{1: 1, 1 << 29: 1, 1 << 30: 2, 1 << 32: 5} {
		e := event(1, sample.Whole(100))
		e.Coordinates, e.Honest = numbers, 8
		if got, err := account.Of(e); err != nil || got.Delta != want {
			t.Errorf("%d numbers from 8 sites: delta is %d units, want %d (%v)", numbers, got.Delta, want, err)
		}
	}
	if off := (1 + math.Exp(16)) * math.Exp2(-116+33); off > 1.0/account.DeltaUnits {
		t.Errorf("2^33 draws may be off by %g, more than a unit", off)
	}
}

func TestEventsThatCannotBePricedAreRefused(t *testing.T) {
	undeclared := event(1, sample.Whole(2))
	undeclared.Bound = dp.Bound{}
	unknown := event(1, sample.Whole(2))
	unknown.Kind = 9
	dear := event(1<<52, sample.Ratio{Num: 1, Den: 1 << 52})
	pure := event(1, sample.Ratio{Num: 1, Den: 1 << 52})
	pure.Kind, pure.Bound.L1 = dp.KindLaplace, 1<<52
	for name, c := range map[string]struct {
		event dp.Event
		want  error
	}{
		"no bound":                {undeclared, dp.ErrUndeclared},
		"no known mechanism":      {unknown, dp.ErrEvent},
		"no noise":                {event(1, sample.Ratio{}), dp.ErrEvent},
		"nearly no noise":         {dear, account.ErrTooDear},
		"nearly no Laplace noise": {pure, account.ErrTooDear},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := account.Of(c.event); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestAFilterAllowsExactlyItsLimit(t *testing.T) {
	f := account.Filter{Limit: account.Cost{Rho: 100, Delta: 10}}
	steps := []struct {
		cost account.Cost
		want error
	}{
		{account.Cost{Rho: 60, Delta: 1}, nil},
		{account.Cost{Rho: 41, Delta: 1}, account.ErrExceeded},
		{account.Cost{Rho: 40, Delta: 10}, account.ErrExceeded},
		{account.Cost{Rho: math.MaxUint64, Delta: 1}, account.ErrTooDear},
		{account.Cost{Rho: 1, Delta: math.MaxUint64}, account.ErrTooDear},
		{account.Cost{Rho: 40, Delta: 9}, nil},
		{account.Cost{Rho: 1}, account.ErrExceeded},
		{account.Cost{}, nil},
	}
	for i, s := range steps {
		before := f.Spent
		if err := f.Charge(s.cost); !errors.Is(err, s.want) || (err != nil && f.Spent != before) {
			t.Errorf("step %d: got %v and %+v spent, want %v", i, err, f.Spent, s.want)
		}
	}
	if f.Spent != f.Limit {
		t.Errorf("%+v is spent, want %+v", f.Spent, f.Limit)
	}
}

// No event makes pricing panic, and none that is priced is free.
func FuzzOf(f *testing.F) {
	f.Add(uint8(1), uint64(4), uint64(4), 1, 7, uint64(2), uint64(1))
	f.Add(uint8(2), uint64(1<<52), uint64(1<<52), 1<<32, 1, uint64(1), uint64(1<<52))
	f.Add(uint8(3), uint64(1), uint64(1), 1, 1<<16, uint64(1), uint64(2))
	f.Add(uint8(0), uint64(0), uint64(0), 0, 0, uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, kind uint8, l1, l2 uint64, numbers, honest int, num, den uint64) {
		cost, err := account.Of(dp.Event{Kind: dp.Kind(kind), Bound: dp.Bound{L1: l1, L2Squared: l2},
			Coordinates: numbers, Honest: honest, Parameter: sample.Ratio{Num: num, Den: den}})
		if err == nil && (cost.Rho == 0 || cost.Delta == 0) {
			t.Errorf("it costs %+v", cost)
		}
	})
}

func TestCostsAreWrittenWithoutRounding(t *testing.T) {
	for _, c := range []struct {
		cost account.Cost
		want string
	}{
		{account.Cost{}, "rho 0, delta 0"},
		{account.Cost{Rho: account.RhoUnits, Delta: account.DeltaUnits}, "rho 1, delta 1"},
		{account.Cost{Rho: 15_000_000_000, Delta: 1_000_000_000}, "rho 0.015, delta 0.000000001"},
		{account.Cost{Rho: 1, Delta: 1}, "rho 0.000000000001, delta 0.000000000000000001"},
		{account.Cost{Rho: 10 * account.RhoUnits, Delta: 0}, "rho 10, delta 0"},
	} {
		if got := c.cost.String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
