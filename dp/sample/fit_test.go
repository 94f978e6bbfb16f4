package sample_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/locus-genomics/locus/dp/sample"
)

// draws is how many there are of each law: 10^7, or as many as LOCUS_DP_DRAWS says, for a
// longer run.
func draws(tb testing.TB) int {
	tb.Helper()
	given := os.Getenv("LOCUS_DP_DRAWS")
	if given == "" {
		if testing.Short() {
			return 1e6
		}
		return 1e7
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 1000 {
		tb.Fatalf("LOCUS_DP_DRAWS=%q: want a number of at least 1000", given)
	}
	return n
}

// A true sampler fails one of two tests with a chance of at most 2*fails, whatever its
// law. All of this package's tests together are below 25 laws: less than 1e-9.
const fails = 2e-11

// misfit holds draws against a law: how often each of the values from, from+1, .. was
// drawn, and its chance. It gives the factor by which a draw was further off than
// a true sampler is with a chance of less than fails: above 1, it does not fit.
//
// The first test is by Dvoretzky, Kiefer and Wolfowitz with Massart's constant: the
// largest difference of the distribution functions is above d with a chance of at most
// 2 exp(-2nd^2), for discrete laws too. The second is Chernoff's bound for a single
// cell: n times the divergence of what was seen from p is above c with a chance of at most
// 2 exp(-c); over all cells, as many times that.
func misfit(counts []int, chance []float64) float64 {
	n := 0
	for _, c := range counts {
		n += c
	}
	seen, true_, furthest, divergence := 0, 0.0, 0.0, 0.0
	for i, c := range counts {
		seen += c
		true_ += chance[i]
		furthest = max(furthest, math.Abs(float64(seen)/float64(n)-true_))
		divergence = max(divergence, float64(n)*divergenceOf(float64(c)/float64(n), chance[i]))
	}
	dkw := math.Sqrt(math.Log(2/fails) / 2 / float64(n))
	chernoff := math.Log(2 * float64(len(counts)) / fails)
	return max(furthest/dkw, divergence/chernoff)
}

// divergenceOf is that of a coin of chance q from one of chance p.
func divergenceOf(q, p float64) float64 {
	part := func(q, p float64) float64 {
		switch {
		case q == 0:
			return 0
		case p <= 0:
			return math.Inf(1)
		}
		return q * math.Log(q/p)
	}
	return max(0, part(q, p)+part(1-q, 1-p))
}

// histogram counts draws by cells of a width: floor(x/width). Cells at both ends have all
// that is beyond.
func histogram(n int, cells int, width int64, draw func(dst []int64)) []int {
	counts := make([]int, cells)
	chunk := make([]int64, 1<<16)
	for n > 0 {
		part := chunk[:min(n, len(chunk))]
		clear(part)
		draw(part)
		for _, x := range part {
			cell := int64(cells/2) + x/width
			if x < 0 && x%width != 0 {
				cell--
			}
			counts[max(0, min(cell, int64(cells-1)))]++
		}
		n -= len(part)
	}
	return counts
}

// cellChances are those of the cells of a histogram, given each value's weight, for
// which values beyond most do not matter.
func cellChances(cells int, width, most int64, weight func(x int64) float64) []float64 {
	chance, total := make([]float64, cells), 0.0
	for x := -most; x <= most; x++ {
		cell := int64(cells/2) + x/width
		if x < 0 && x%width != 0 {
			cell--
		}
		w := weight(x)
		total += w
		chance[max(0, min(cell, int64(cells-1)))] += w
	}
	for i := range chance {
		chance[i] /= total
	}
	return chance
}

func gaussianWeight(variance float64) func(x int64) float64 {
	return func(x int64) float64 { return math.Exp(-float64(x) * float64(x) / 2 / variance) }
}

func laplaceWeight(scale float64) func(x int64) float64 {
	return func(x int64) float64 { return math.Exp(-math.Abs(float64(x)) / scale) }
}

// tested is a law with what is drawn from it.
type tested struct {
	add    func(dst []int64, b *sample.Bits)
	weight func(x int64) float64
	spread float64 // standard deviation
}

func (x tested) misfit(n int, seed byte) float64 {
	const cells = 400
	width := max(1, int64(x.spread/16))
	b := sample.NewBits([32]byte{seed}, 0)
	counts := histogram(n, cells, width, func(dst []int64) { x.add(dst, b) })
	return misfit(counts, cellChances(cells, width, int64(40*x.spread)+40, x.weight))
}

func newGaussian(tb testing.TB, variance sample.Ratio) *sample.Gaussian {
	tb.Helper()
	g, err := sample.NewGaussian(variance)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func newLaplace(tb testing.TB, scale sample.Ratio) *sample.Laplace {
	tb.Helper()
	l, err := sample.NewLaplace(scale)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func newPolya(tb testing.TB, scale sample.Ratio, shares int) *sample.Polya {
	tb.Helper()
	p, err := sample.NewPolya(scale, shares)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Just above a power of four bins are the coarsest, so that what is wrong within them shows
// the most.
func TestDrawsFitTheirLaw(t *testing.T) {
	n := draws(t)
	laws := map[string]tested{}
	for _, v := range []sample.Ratio{{Num: 1, Den: 2}, {Num: 7, Den: 3}, {Num: 20, Den: 1}, {Num: 4096, Den: 1}, {Num: 4097, Den: 1}, {Num: 1<<16 + 1, Den: 1}, {Num: 1<<26 + 1, Den: 1}} {
		laws[fmt.Sprintf("a Gaussian of variance %v", v)] = tested{newGaussian(t, v).Add, gaussianWeight(v.Float()), math.Sqrt(v.Float())}
	}
	for _, s := range []sample.Ratio{{Num: 1, Den: 3}, {Num: 2, Den: 1}, {Num: 100, Den: 1}, {Num: 10000, Den: 1}} {
		laws[fmt.Sprintf("a Laplace of scale %v", s)] = tested{newLaplace(t, s).Add, laplaceWeight(s.Float()), s.Float() * math.Sqrt2}
	}
	seed := byte(0)
	for name, law := range laws {
		seed++
		t.Run(name, func(t *testing.T) {
			if f := law.misfit(n, seed); f > 1 {
				t.Errorf("%d draws are %.2f times as far off as may be", n, f)
			}
		})
	}
}

// The widest law's values are too many to add up, so that its cells are held against the
// normal distribution, of which they are within 1 in 10^12, and the places in a bin
// against the uniform one, of which neighbours differ by 1 in 10^6.
func TestDrawsOfTheWidestGaussianFit(t *testing.T) {
	const spread, cells = 1 << 22, 400
	n, g := draws(t), newGaussian(t, sample.Whole(1<<44))
	b := sample.NewBits([32]byte{1}, 0)
	places := make([]int, 256)
	counts := histogram(n, cells, spread/16, func(dst []int64) {
		g.Add(dst, b)
		for _, x := range dst {
			places[uint8(x>>8)]++
		}
	})
	chance := make([]float64, cells)
	below := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for i := range chance {
		at := float64(i-cells/2) / 16
		chance[i] = below(at+1.0/16-0.5/spread) - below(at-0.5/spread)
	}
	if f := misfit(counts, chance); f > 1 {
		t.Errorf("%d draws are %.2f times as far off as may be", n, f)
	}
	even := make([]float64, len(places))
	for i := range even {
		even[i] = 1.0 / float64(len(even))
	}
	if f := misfit(places, even); f > 1 {
		t.Errorf("the middle bits of %d draws are %.2f times as far off from uniform as may be", n, f)
	}
}

// A sampler whose variance is wrong by 1 in 40, or which never draws 7, is caught.
func TestTheTestsOfFitSeeAWrongLaw(t *testing.T) {
	const n = 4_000_000
	g := newGaussian(t, sample.Whole(20))
	for name, wrong := range map[string]tested{
		"a fortieth more variance": {g.Add, gaussianWeight(20.5), math.Sqrt(20)},
		"a fortieth less variance": {g.Add, gaussianWeight(19.5), math.Sqrt(20)},
		"a law without a 7": {func(dst []int64, b *sample.Bits) {
			for i := range dst {
				for dst[i] = 7; dst[i] == 7; {
					dst[i] = g.Draw(b)
				}
			}
		}, gaussianWeight(20), math.Sqrt(20)},
		"a shift by one": {func(dst []int64, b *sample.Bits) {
			g.Add(dst, b)
			for i := range dst {
				dst[i]++
			}
		}, gaussianWeight(20), math.Sqrt(20)},
	} {
		t.Run(name, func(t *testing.T) {
			if f := wrong.misfit(n, 1); f < 1.5 {
				t.Errorf("the draws seem to fit: %.2f of what may be", f)
			}
		})
	}
}

func TestSharesAddUpToOneDraw(t *testing.T) {
	n := draws(t) / 10
	const shares = 7
	for name, law := range map[string]tested{
		"Pólya shares of a Laplace":       {newPolya(t, sample.Whole(5), shares).Add, laplaceWeight(5), 5 * math.Sqrt2},
		"Gaussian shares of variance 2":   {newGaussian(t, sample.Whole(2)).Add, gaussianWeight(2 * shares), math.Sqrt(2 * shares)},
		"Gaussian shares of variance 586": {newGaussian(t, sample.Whole(586)).Add, gaussianWeight(586 * shares), math.Sqrt(586 * shares)},
	} {
		t.Run(name, func(t *testing.T) {
			one := law.add
			law.add = func(dst []int64, b *sample.Bits) {
				for range shares {
					one(dst, b)
				}
			}
			if f := law.misfit(n, 2); f > 1 {
				t.Errorf("%d sums of %d shares are %.2f times as far off as may be", n, shares, f)
			}
		})
	}
	t.Run("shares that are too narrow are caught", func(t *testing.T) {
		g := newGaussian(t, sample.Ratio{Num: 1, Den: 4})
		law := tested{func(dst []int64, b *sample.Bits) {
			for range shares {
				g.Add(dst, b)
			}
		}, gaussianWeight(7.0 / 4), math.Sqrt(7.0 / 4)}
		if f := law.misfit(1_000_000, 3); f < 2 {
			t.Errorf("seven Gaussians of variance 1/4 seem to add up to one: %.2f of what may be", f)
		}
	})
}
