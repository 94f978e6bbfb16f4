package attack_test

import (
	"math"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

const (
	// auditFailure is the chance of an audit to find more than there is.
	auditFailure = 1e-6
	auditTrials  = 1 << 20
)

// change is what the audited mechanisms' person changes one number by.
const change = 2

// canaries are scores of a number with noise, with the person and without. The noise is of
// whole numbers, and a fraction breaks ties.
func canaries(t *testing.T, noise dp.Mechanism, seed string) attack.Outcome {
	t.Helper()
	var scores [2][]float64
	b := sample.NewBits(seedOf(seed), 0)
	sums := make([]int64, auditTrials**times)
	for world := range scores {
		for i := range sums {
			sums[i] = int64(change * world)
		}
		if err := noise.Add(sums, seedFrom(b), 1); err != nil {
			t.Fatal(err)
		}
		for _, x := range sums {
			scores[world] = append(scores[world], float64(x)+fraction(b))
		}
	}
	o, err := attack.NewOutcome(scores[1], scores[0])
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// gaussianOf is noise for as many people as there are trials, of whom each has a number.
func gaussianOf(t *testing.T, variance sample.Ratio) dp.Mechanism {
	t.Helper()
	noise, err := dp.NewGaussian(dp.Bound{L1: change, L2Squared: change * change}, auditTrials**times, dp.Sites{All: 1, Honest: 1}, variance)
	if err != nil {
		t.Fatal(err)
	}
	return noise
}

// laplaceOf is noise of epsilon = change / scale.
func laplaceOf(t *testing.T, coordinates int, scale sample.Ratio) dp.Mechanism {
	t.Helper()
	noise, err := dp.NewLaplace(dp.Bound{L1: change, L2Squared: change * change}, coordinates, dp.Sites{All: 1, Honest: 1}, scale)
	if err != nil {
		t.Fatal(err)
	}
	return noise
}

// holds reports an audit that found more than there is to find, or less than 9 tenths.
func holds(t *testing.T, found, claim float64) {
	t.Helper()
	t.Logf("epsilon %.4f of %.4f: %.1f %%", found, claim, 100*found/claim)
	if found > claim {
		t.Errorf("an epsilon of at least %.4f, and %.4f is claimed", found, claim)
	}
	if found < 0.9*claim {
		t.Errorf("an epsilon of %.4f is found of %.4f, want nine tenths; the audit is blind", found, claim)
	}
}

// caught reports an audit that a broken mechanism passes.
func caught(t *testing.T, found, claim float64) {
	t.Helper()
	t.Logf("epsilon %.4f of %.4f: %.1f %%", found, claim, 100*found/claim)
	if found <= claim {
		t.Errorf("half the variance: only an epsilon of %.4f is found, and %.4f is claimed", found, claim)
	}
}

func TestTheAuditOfAGaussianFindsItsEpsilonAndHalfTheVariance(t *testing.T) {
	const delta = 1e-6
	epsilon := func(mu float64) float64 { return account.GaussianEpsilon(mu, delta) }
	variance := sample.Whole(83)
	claim := epsilon(change / math.Sqrt(variance.Float()))
	holds(t, epsilon(attack.AuditGaussian(canaries(t, gaussianOf(t, variance), "gaussian"), auditFailure)), claim)
	half := sample.Ratio{Num: 83, Den: 2}
	caught(t, epsilon(attack.AuditGaussian(canaries(t, gaussianOf(t, half), "half a gaussian"), auditFailure)), claim)
}

// A Laplace of half the variance has 1/sqrt(2) of the scale.
func TestTheAuditOfALaplaceFindsItsEpsilonAndHalfTheVariance(t *testing.T) {
	holds(t, attack.AuditPure(canaries(t, laplaceOf(t, auditTrials**times, sample.Whole(2)), "laplace"), auditFailure), 1)
	caught(t, attack.AuditPure(canaries(t, laplaceOf(t, auditTrials**times, sample.Ratio{Num: 1414, Den: 1000}), "half a laplace"), auditFailure), 1)
}

func TestTheAuditOfOneRunFindsEpsilonAndHalfTheVariance(t *testing.T) {
	for _, test := range []struct {
		name  string
		scale sample.Ratio
		check func(t *testing.T, found, claim float64)
	}{
		{"a Laplace", sample.Whole(2), holds},
		{"half a Laplace", sample.Ratio{Num: 1414, Den: 1000}, caught},
	} {
		t.Run(test.name, func(t *testing.T) {
			right, guesses := oneRun(t, test.scale)
			found, err := attack.AuditOneRun(right, guesses, auditFailure)
			if err != nil {
				t.Fatal(err)
			}
			test.check(t, found, 1)
		})
	}
}

// oneRun is one release of very many numbers, each of which counts its canary by the toss of
// a coin. It guesses where noise is farthest from deciding nothing.
func oneRun(t *testing.T, scale sample.Ratio) (right, guesses int) {
	t.Helper()
	b := sample.NewBits(seedOf("coins"), 0)
	counted := make([]bool, (1<<18)**times)
	sums := make([]int64, len(counted))
	for i := range counted {
		if counted[i] = b.Bernoulli(1, 2); counted[i] {
			sums[i] = change
		}
	}
	if err := laplaceOf(t, len(sums), scale).Add(sums, seedFrom(b), 1); err != nil {
		t.Fatal(err)
	}
	for i, x := range sums {
		if x > 0 && x < change {
			continue
		}
		guesses++
		if counted[i] == (x >= change) {
			right++
		}
	}
	return right, guesses
}

func TestAnAuditOfNoiseThatHidesAllFindsNothing(t *testing.T) {
	in, out := make([]float64, 1000), make([]float64, 1000)
	b := sample.NewBits(seedOf("nothing"), 0)
	for i := range in {
		in[i], out[i] = fraction(b), fraction(b)
	}
	o, err := attack.NewOutcome(in, out)
	if err != nil {
		t.Fatal(err)
	}
	if got := attack.AuditPure(o, auditFailure); got != 0 {
		t.Errorf("an epsilon of at least %g", got)
	}
	if got := attack.AuditGaussian(o, auditFailure); got != 0 {
		t.Errorf("a mu of at least %g", got)
	}
	if got, err := attack.AuditOneRun(500, 1000, auditFailure); err != nil || got != 0 {
		t.Errorf("an epsilon of at least %g, %v", got, err)
	}
}

func TestAnAuditOfOneRunRefusesNumbersThatCannotBe(t *testing.T) {
	for _, n := range [][2]int{{0, 0}, {-1, 5}, {6, 5}} {
		if _, err := attack.AuditOneRun(n[0], n[1], auditFailure); err == nil {
			t.Errorf("%d right of %d guesses: no error", n[0], n[1])
		}
	}
}
