package he

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

// attack is the cost of the primal attack in bits, by four ways to count.
type attack struct {
	block, dimension                int // of the lattice reduction
	coreSVP, quantum, sieve, matzov float64
}

// instance is one of learning with errors.
type instance struct {
	n, samples    int // dimensions of the secret, and the most samples there are
	q             float64
	error, secret float64 // deviations
}

// uniform is an instance whose secret is uniform. With n samples more, it is exchanged
// for one that is drawn like the errors.
func uniform(n int, q, sigma float64) instance { return instance{n, 2 * n, q, sigma, sigma} }

// primal estimates the attack with so many samples m as are best for it: the errors and
// the secret, scaled to be as large, are the shortest vector of a lattice of d = m + n + 1
// dimensions with the volume q^m (error/secret)^n, found by reduction with the least block
// b for which error sqrt(b) <= delta^(2b-d) volume^(1/d) (Alkim and others, 2016; Bai and
// Galbraith, 2014; the geometric series assumption). Core-SVP counts 2^0.292b, and 2^0.265b
// with quantum computers; "sieve" 2^(0.292b + 16.4) for each of 8d calls (Becker and
// others, 2016; Albrecht and others, 2015); "matzov" is that report's count, as the lattice
// estimator has it: dimensions for free, and blocks that grow, in sieve and reduction.
func (x instance) primal() attack {
	best := attack{coreSVP: math.Inf(1)}
	for m := x.n / 2; m <= x.samples; m++ {
		d := float64(m + x.n + 1)
		volume := float64(m)*math.Log(x.q) + float64(x.n)*math.Log(x.error/x.secret)
		fits := func(block int) bool {
			b := float64(block)
			delta := math.Log(math.Pow(math.Pi*b, 1/b)*b/(2*math.Pi*math.E)) / (2 * (b - 1))
			return math.Log(x.error*math.Sqrt(b)) <= (2*b-d)*delta+volume/d
		}
		low, high := 60, 1500
		for low < high {
			if middle := (low + high) / 2; fits(middle) {
				high = middle
			} else {
				low = middle + 1
			}
		}
		b := float64(low)
		if core := 0.292 * b; core < best.coreSVP {
			free := b * math.Log(4.0/3) / math.Log(b/(2*math.Pi*math.E))
			grow := 1 / (1 - math.Exp2(-0.292))
			best = attack{low, int(d), core, 0.265 * b, core + 16.4 + math.Log2(8*d),
				0.29613*(b-free) + 20.388 + math.Log2(grow*grow*(d-b))}
		}
	}
	return best
}

// estimator is what the lattice estimator (github.com/malb/lattice-estimator) says of these
// parameters by the lines in the package comment: commit 27a581b, with SageMath 9.5.
var estimator = []struct {
	name string // of the attack, as the estimator has it
	attack
}{
	{"usvp", attack{401, 4064, 117.1, 106.3, 148.5, 145.0}},
	{"bdd", attack{coreSVP: 117.4, quantum: 106.6, sieve: 146.9, matzov: 143.8}},
	{"dual", attack{coreSVP: 118.3, quantum: 107.3, sieve: 149.7, matzov: 147.2}},
	{"dual_hybrid", attack{coreSVP: 118.3, quantum: 107.3, sieve: 149.1, matzov: 146.7}},
}

// least is the cheapest attack of each count.
func least() attack {
	a := estimator[0].attack
	for _, b := range estimator {
		a.coreSVP, a.quantum = min(a.coreSVP, b.coreSVP), min(a.quantum, b.quantum)
		a.sieve, a.matzov = min(a.sieve, b.sieve), min(a.matzov, b.matzov)
	}
	return a
}

// TestTheEstimatorIsRunOnTheseParameters looks for them in the lines of the package comment.
func TestTheEstimatorIsRunOnTheseParameters(t *testing.T) {
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("n=%d, q=2**50-%d, Xs=ND.UniformMod(2**50-%[2]d)", ringDegree, 1<<50-uint64(prime)),
		fmt.Sprintf("Xe=ND.DiscreteGaussian(%.2f)", hinted),
		fmt.Sprintf("takes 2^%d steps", int(least().matzov)),
		fmt.Sprintf("2^%d by core-SVP", int(least().coreSVP)),
	} {
		if !strings.Contains(string(comment), want) {
			t.Errorf("the package comment does not say %q", want)
		}
	}
}

// promised reports whether an estimate is what the specification says, or better.
func (a attack) promised() bool {
	return a.block >= 401 && a.coreSVP >= 117 && a.quantum >= 106 && a.sieve >= 148 && a.matzov >= 145
}

// hinted is the deviation of an error whose sum with another site's is known.
var hinted = math.Sqrt(2 * coins / 4.0 / 2)

// TestSecurityEstimate prints the estimates of the specification for each set, and sees
// that they would not hold for parameters that are a little weaker.
func TestSecurityEstimate(t *testing.T) {
	for _, p := range a50 { // they differ in the guard alone, which no attack asks for
		got := uniform(ringDegree, prime, hinted).primal()
		t.Logf("%s: n = %d, q = %d, sigma = %.2f: block %d, dimension %d, core-SVP 2^%.1f, quantum 2^%.1f, sieve 2^%.1f, MATZOV 2^%.1f",
			p, ringDegree, uint64(prime), hinted, got.block, got.dimension, got.coreSVP, got.quantum, got.sieve, got.matzov)
		if !got.promised() {
			t.Errorf("%s: %+v: the specification promises more", p, got)
		}
	}
	if fresh := uniform(ringDegree, prime, hinted*math.Sqrt2).primal(); !fresh.promised() {
		t.Errorf("before the sum is opened: %+v", fresh)
	}
	for _, c := range []struct {
		name     string
		n        int
		q, sigma float64
	}{
		{"half of the ring", ringDegree / 2, prime, hinted},
		{"a bit more of q", ringDegree, 2 * prime, hinted},
		{"three quarters of the noise", ringDegree, prime, 0.75 * hinted},
	} {
		if got := uniform(c.n, c.q, c.sigma).primal(); got.promised() {
			t.Errorf("%s: %+v is no less than promised", c.name, got)
		}
	}
}

// TestTheEstimateAgreesWithTheEstimator gives the formulas what the lattice estimator was
// run on, Kyber (whose figures it publishes) and these parameters, and what the homomorphic
// encryption standard of 2018 has figures for. Dimensions are near the best in a wide range.
func TestTheEstimateAgreesWithTheEstimator(t *testing.T) {
	for _, c := range []struct {
		name     string
		instance instance
		want     attack
	}{
		{"Kyber-512", instance{512, 512, 3329, math.Sqrt(3.0 / 2), math.Sqrt(3.0 / 2)}, attack{406, 998, 118.6, 107.6, 147.9, 143.8}},
		{"Kyber-768", instance{768, 768, 3329, 1, 1}, attack{624, 1427, 182.2, 165.4, 212.1, 204.9}},
		{"before the sum is opened", uniform(ringDegree, prime, hinted*math.Sqrt2), attack{412, 4189, 120.3, 109.2, 151.7, 148.1}},
		{"these parameters", uniform(ringDegree, prime, hinted), estimator[0].attack},
	} {
		got := c.instance.primal()
		t.Logf("%s: %+v; the lattice estimator has %+v", c.name, got, c.want)
		apart := max(math.Abs(got.coreSVP-c.want.coreSVP), math.Abs(got.quantum-c.want.quantum),
			math.Abs(got.sieve-c.want.sieve), math.Abs(got.matzov-c.want.matzov))
		if math.Abs(float64(got.block-c.want.block)) > 1 || apart > 0.5 {
			t.Errorf("%s: %+v; the lattice estimator has %+v", c.name, got, c.want)
		}
	}
	for n, bits := range map[int]float64{1024: 27, 2048: 54, 4096: 109, 8192: 218} {
		got := instance{n, 2 * n, math.Exp2(bits), 3.19, math.Sqrt(2.0 / 3)}.primal() // a ternary secret
		t.Logf("the standard's set of 2^128 with n = %d: 2^%.1f", n, got.sieve)
		if math.Abs(got.sieve-128) > 4 {
			t.Errorf("the standard's set of 2^128 with n = %d: 2^%.1f by these formulas", n, got.sieve)
		}
	}
}
