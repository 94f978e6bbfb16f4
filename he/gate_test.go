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
			if _, err := newTransform([]Params{a50[0], c.set}); !errors.Is(err, ErrParams) {
				t.Errorf("it is worked with: %v, want ErrParams", err)
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
		t.Logf("%4d sites  %-6s  2^-%.0f a word  2^-%.0f in 10^8 words", n, p, math.Floor(word), math.Floor(all))
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

// TestTheBoundCoversRoundingThatDepends counts as the specification does without taking
// the researcher's rounding for independent of the sites': an error and a rounding a site
// are, with 3/2 and 1/12, and their sum is then rounded once, which moves it by 1/2.
// What scale is off beyond that, at the sites and at the researcher, moves it by n/2^21.
func TestTheBoundCoversRoundingThatDepends(t *testing.T) {
	for n := 2; n <= 1500; n++ {
		p, err := ParamsFor(n)
		if err != nil {
			t.Fatal(err)
		}
		room := math.Exp2(float64(p.guard)-1) - 0.5 - float64(n)/(1<<21)
		exact := room*room/(2*float64(n)*(2*coins/4.0/16+1.0/12))/math.Ln2 - 1
		if got := failureBits(int64(n), p.guard); exact < got {
			t.Errorf("%d sites: 2^-%.2f a word, the formula says 2^-%.2f", n, exact, got)
		}
	}
}

// TestTheHintLeavesHalfOfTheVariance recomputes what the specification says of two honest
// sites' errors when their sum is known: how many of all heads are the first site's.
func TestTheHintLeavesHalfOfTheVariance(t *testing.T) {
	const each = 2 * coins
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	variance := func(heads int) (v float64) {
		mean := float64(heads) / 2
		for k := max(0, heads-each); k <= min(each, heads); k++ {
			chance := math.Exp(choose(each, k) + choose(each, heads-k) - choose(2*each, heads))
			v += chance * (float64(k) - mean) * (float64(k) - mean)
		}
		return v
	}
	middle := variance(each)
	sixOut := each + int(math.Round(6*math.Sqrt(2*each/4.0)))
	t.Logf("with %d heads of %d: variance %.2f, deviation %.2f; with %d: %.0f %% of that variance",
		each, 2*each, middle, math.Sqrt(middle), sixOut, 100*variance(sixOut)/middle)
	if middle < each/8.0 || math.Abs(middle-12.06) > 0.005 || sixOut != 138 || math.Abs(variance(sixOut)/middle-0.81) > 0.005 {
		t.Error("the specification says otherwise")
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
