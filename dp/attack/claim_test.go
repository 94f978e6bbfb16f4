package attack_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/attack"
)

// normal is the normal distribution, and quantile its inverse.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// The bound on all mechanisms of a rho is at least what a Gaussian one reaches, and at most
// what the accountant's epsilon and delta allow, for every epsilon.
func TestTheBoundIsBetweenAGaussianAndTheAccountant(t *testing.T) {
	for _, rho := range []float64{1e-4, 0.0243559703595, 0.1, 0.5, 2, 10} {
		for _, fpr := range []float64{1e-6, 0.001, 0.01, 0.05, 0.3, 0.5, 0.9, 0.999} {
			t.Run(fmt.Sprintf("rho %g at %g", rho, fpr), func(t *testing.T) {
				got := attack.Claim{Rho: rho}.Bound(fpr)
				if gaussian := normal(quantile(fpr) + math.Sqrt(2*rho)); got < gaussian {
					t.Errorf("at most %g are found, and a Gaussian mechanism lets %g be", got, gaussian)
				}
				accountant := 1.
				for epsilon := 0.001; epsilon < 40; epsilon *= 1.02 {
					delta := account.Delta(rho, epsilon)
					accountant = min(accountant, math.Exp(epsilon)*fpr+delta, 1-math.Exp(-epsilon)*(1-fpr-delta))
				}
				if got > accountant*(1+1e-6) {
					t.Errorf("at most %g are found, and epsilon and delta allow no more than %g", got, accountant)
				}
			})
		}
	}
}

func TestTheBoundOfPureEpsilonIsThatOfRandomisedResponse(t *testing.T) {
	claim := attack.Claim{Epsilon: math.Log(3)}
	for _, test := range []struct{ fpr, want float64 }{{0, 0}, {0.1, 0.3}, {0.25, 0.75}, {0.4, 0.8}, {1, 1}} {
		if got := claim.Bound(test.fpr); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("at %g at most %g are found, want %g", test.fpr, got, test.want)
		}
	}
	if got := claim.Advantage(); math.Abs(got-0.5) > 1e-6 {
		t.Errorf("an advantage of %g, want 0.5", got)
	}
}

func TestNoClaimAllowsEverything(t *testing.T) {
	if got := (attack.Claim{}).Bound(0); got != 1 {
		t.Errorf("at most %g are found where nothing is claimed", got)
	}
	if got := (attack.Claim{Rho: 0.1}).Bound(0); got > 1e-9 {
		t.Errorf("%g are found without one false positive, where no conclusion is ever certain", got)
	}
}

func TestClaimsOfReleasesAddUp(t *testing.T) {
	got, want := attack.Claim{Rho: 0.1, Epsilon: 1}.Times(4), attack.Claim{Rho: 0.4, Epsilon: 4}
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
