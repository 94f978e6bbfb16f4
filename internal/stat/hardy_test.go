package stat_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/locus-genomics/locus/internal/stat"
)

// naive is the p-value in whole numbers: the ways in which 2n alleles can be dealt out to
// n people with so many heterozygotes.
func naive(het, hom1, hom2 int64) float64 {
	n, rare := het+hom1+hom2, het+2*min(hom1, hom2)
	ways := func(h int64) *big.Int {
		r := (rare - h) / 2
		w := new(big.Int).Exp(big.NewInt(2), big.NewInt(h), nil)
		w.Mul(w, new(big.Int).Binomial(n, h))
		return w.Mul(w, new(big.Int).Binomial(n-h, r))
	}
	observed, tail, all := ways(het), new(big.Int), new(big.Int)
	for h := rare % 2; h <= rare; h += 2 {
		w := ways(h)
		all.Add(all, w)
		if w.Cmp(observed) <= 0 {
			tail.Add(tail, w)
		}
	}
	p, _ := new(big.Rat).SetFrac(tail, all).Float64()
	return p
}

func TestHardyWeinbergIsThatOfWholeNumbers(t *testing.T) {
	check := func(het, hom1, hom2 int64) {
		t.Helper()
		want, got := naive(het, hom1, hom2), stat.HardyWeinberg(het, hom1, hom2)
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("%d %d %d: %g, want %g", het, hom1, hom2, got, want)
		}
		for _, limit := range []float64{1e-6, 0.01, 0.5} {
			if below := stat.HardyWeinbergBelow(het, hom1, hom2, limit); below != (want < limit) && math.Abs(want-limit) > 1e-9 {
				t.Errorf("%d %d %d: below %g: %v, p is %g", het, hom1, hom2, limit, below, want)
			}
		}
	}
	for n := range int64(24) {
		for het := range n + 1 {
			for hom := range n - het + 1 {
				if n > 0 {
					check(het, hom, n-het-hom)
				}
			}
		}
	}
	for _, c := range [][3]int64{{100, 50, 50}, {10, 400, 90}, {300, 0, 700}, {0, 50, 50}, {1, 999, 0}, {480, 260, 260}, {2, 5, 993}} {
		check(c[0], c[1], c[2])
	}
}

func TestHardyWeinbergAtItsEnds(t *testing.T) {
	for _, c := range []struct {
		name            string
		het, hom1, hom2 int64
		least, most     float64
	}{
		{"nobody", 0, 0, 0, 1, 1},
		{"one person", 1, 0, 0, 1, 1},
		{"one allele only", 0, 1 << 30, 0, 1, 1},
		{"a million in equilibrium", 500_000, 250_000, 250_000, 0.99, 1},
		{"a million of heterozygotes alone", 1_000_000, 0, 0, 0, 1e-300},
		{"a million without a heterozygote", 0, 500_000, 500_000, 0, 1e-300},
	} {
		if p := stat.HardyWeinberg(c.het, c.hom1, c.hom2); !(p >= c.least && p <= c.most) {
			t.Errorf("%s: %g, want %g to %g", c.name, p, c.least, c.most)
		}
		if below := stat.HardyWeinbergBelow(c.het, c.hom1, c.hom2, 1e-6); below != (c.most < 1e-6) {
			t.Errorf("%s: below 1e-6: %v", c.name, below)
		}
	}
}

func ExampleHardyWeinberg() {
	// 100 people, of whom fewer are heterozygous than their alleles let expect.
	fmt.Printf("%.5f\n", stat.HardyWeinberg(13, 4, 83))
	// Output: 0.01029
}

func BenchmarkHardyWeinbergBelow(b *testing.B) {
	for b.Loop() {
		stat.HardyWeinbergBelow(480, 2200, 30, 1e-6)
	}
}
