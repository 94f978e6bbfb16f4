package he

import (
	"errors"
	"math"
	"testing"
)

func TestEverySetPassesItsGate(t *testing.T) {
	for _, p := range a50 {
		if err := p.gate(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheGateRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		set  Params
	}{
		{"one bit of guard too few", Params{id: 1, guard: 7, maxSites: 90}},
		{"more sites than the guard carries", Params{id: 1, guard: 8, maxSites: 95}},
		{"no guard", Params{id: 1, guard: 0, maxSites: 2}},
		{"nothing but guard", Params{id: 1, guard: 47, maxSites: 2}},
		{"no sites", Params{id: 1, guard: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.set.gate(); !errors.Is(err, ErrParams) {
				t.Errorf("gate: %v, want ErrParams", err)
			}
		})
	}
}

// TestFailureBounds prints the table of the specification: for a word, and for any of
// 10^8 words.
func TestFailureBounds(t *testing.T) {
	for _, n := range []int{2, 3, 5, 10, 20, 50, 90, 91, 100, 200, 380, 381, 500, 1000, 1500} {
		p, err := ParamsFor(n)
		if err != nil {
			t.Fatal(err)
		}
		word := failureBits(int64(n), p.guard)
		all := word - math.Log2(1e8)
		t.Logf("%4d sites  %-6s  2^-%.0f a word  2^-%.0f in 10^8 words", n, p, word, all)
		if word < 70 || all < 43 {
			t.Errorf("%d sites fail with a chance of 2^-%.1f a word", n, word)
		}
	}
	for n := 2; n <= 1500; n++ {
		p, err := ParamsFor(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := failureBits(int64(n), p.guard); got < leastFailure {
			t.Errorf("%d sites with %s: 2^-%.1f", n, p, got)
		}
	}
}

// TestFewSitesNeverFail: an error is at most 48 in size, 12 on the wire, and rounding adds
// one half at each site and at the researcher. While that is within the guard nothing
// has to be said of chances.
func TestFewSitesNeverFail(t *testing.T) {
	worst := func(n int) float64 { return float64(n)*(coins/4+0.5) + 0.5 }
	p, err := ParamsFor(10)
	if err != nil {
		t.Fatal(err)
	}
	if most := math.Exp2(float64(p.guard) - 1); worst(10) > most || worst(11) <= most {
		t.Errorf("10 sites: %.1f, 11 sites: %.1f; the guard holds %.0f", worst(10), worst(11), most)
	}
}

// attack is the cost of the primal attack in bits, by three ways to count.
type attack struct {
	block                  int // of the lattice reduction
	coreSVP, sieve, matzov float64
}

// primal estimates the attack on learning with errors in n dimensions, with so many
// samples as are best for it: the secret and the errors are the shortest vector of a
// lattice of m + n + 1 dimensions with volume q^m (the uniform secret is exchanged
// for one drawn like the errors), found by reduction with the least block for which
// sigma sqrt(b) <= delta^(2b-d) q^(m/d) (Alkim and others, 2016; the geometric series
// assumption). Core-SVP counts 2^0.292b; "sieve" 2^(0.292b + 16.4) for each of 8d calls
// (Becker and others, 2016; Albrecht and others, 2015); "matzov" is that report's count,
// as the lattice estimator has it, with dimensions for free.
func primal(n int, q, sigma float64) attack {
	best := attack{coreSVP: math.Inf(1)}
	for m := n / 2; m <= 2*n; m += 16 {
		d := float64(m + n + 1)
		fits := func(block int) bool {
			b := float64(block)
			delta := math.Log(math.Pow(math.Pi*b, 1/b)*b/(2*math.Pi*math.E)) / (2 * (b - 1))
			return math.Log(sigma*math.Sqrt(b)) <= (2*b-d)*delta+float64(m)/d*math.Log(q)
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
			tours := 1 / (1 - math.Exp2(-0.292)) // progressive block sizes
			best = attack{low, core, core + 16.4 + math.Log2(8*d),
				0.29613*(b-free) + 20.388 + math.Log2(tours*(d-b))}
		}
	}
	return best
}

// TestSecurityEstimate recomputes the estimates of the specification, and what the same
// formulas give where the literature has a number.
func TestSecurityEstimate(t *testing.T) {
	sigma := math.Sqrt(2 * coins / 4.0 / 2) // of an error whose sum with another's is known
	got := primal(ringDegree, prime, sigma)
	t.Logf("n = %d, q = %d, sigma = %.2f: block %d, core-SVP 2^%.0f, sieve 2^%.0f, MATZOV 2^%.0f",
		ringDegree, uint64(prime), sigma, got.block, got.coreSVP, got.sieve, got.matzov)
	if got.coreSVP < 116 || got.sieve < 146 || got.matzov < 142 {
		t.Errorf("%+v: the specification promises more", got)
	}
	if fresh := primal(ringDegree, prime, sigma*math.Sqrt2); fresh.coreSVP < got.coreSVP {
		t.Errorf("more noise is said to be less secure: %+v", fresh)
	}
	// The standard of 2018 has 54 bits of q at n = 2048, sigma 3.19, for 2^128.
	if standard := primal(2048, math.Exp2(54), 3.19); math.Abs(standard.sieve-131) > 5 {
		t.Errorf("the standard's set of 2^128: 2^%.0f by these formulas", standard.sieve)
	}
}
