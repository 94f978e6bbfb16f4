package attack_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/locus-genomics/locus/dp/attack"
)

// tail is the chance that at least k of n trials of chance p come true, added up.
func tail(k, n int, p float64) float64 {
	sum, term := new(big.Float).SetPrec(256), new(big.Float).SetPrec(256)
	yes, no := new(big.Float).SetPrec(256).SetFloat64(p), new(big.Float).SetPrec(256).SetInt64(1)
	no.Sub(no, yes)
	for i := k; i <= n; i++ {
		term.SetInt(new(big.Int).Binomial(int64(n), int64(i)))
		for range i {
			term.Mul(term, yes)
		}
		for range n - i {
			term.Mul(term, no)
		}
		sum.Add(sum, term)
	}
	f, _ := sum.Float64()
	return f
}

func TestLimitsAreWhereWhatWasSeenHasTheChanceOfFailure(t *testing.T) {
	for _, test := range []struct{ hits, n int }{{1, 1}, {1, 20}, {10, 20}, {19, 20}, {3, 200}, {150, 200}, {199, 200}} {
		for _, failure := range []float64{0.05, 1e-3, 1e-7} {
			t.Run(fmt.Sprintf("%d of %d at %g", test.hits, test.n, failure), func(t *testing.T) {
				low := attack.AtLeast(test.hits, test.n, failure)
				if got := tail(test.hits, test.n, low); math.Abs(got/failure-1) > 1e-9 {
					t.Errorf("at the lower limit as many have a chance of %g, want %g", got, failure)
				}
				if test.hits == test.n {
					return
				}
				high := attack.AtMost(test.hits, test.n, failure)
				// As few as so many hits are as many as n - hits misses.
				if got := tail(test.n-test.hits, test.n, 1-high); math.Abs(got/failure-1) > 1e-6 {
					t.Errorf("at the upper limit as few have a chance of %g, want %g", got, failure)
				}
			})
		}
	}
}

func TestLimitsAtTheirEnds(t *testing.T) {
	if got := attack.AtLeast(0, 10, 1e-7); got != 0 {
		t.Errorf("of none the lower limit is %g, want 0", got)
	}
	if got := attack.AtMost(10, 10, 1e-7); got != 1 {
		t.Errorf("of all the upper limit is %g, want 1", got)
	}
	// 1 - (failure)^(1/n), and its like.
	if got, want := attack.AtMost(0, 1e6, 1e-7), -math.Expm1(math.Log(1e-7)/1e6); math.Abs(got/want-1) > 1e-6 {
		t.Errorf("of none of a million the upper limit is %g, want %g", got, want)
	}
	if got, want := attack.AtLeast(1e6, 1e6, 1e-7), math.Exp(math.Log(1e-7)/1e6); math.Abs(got-want) > 1e-9 {
		t.Errorf("of all of a million the lower limit is %g, want %g", got, want)
	}
}
