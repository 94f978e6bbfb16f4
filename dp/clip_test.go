package dp_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
)

// Every genotype of three variants, against references near and far and bounds from
// hardly anything to more than anybody has.
func TestNobodyChangesClippedFrequenciesByMoreThanDeclared(t *testing.T) {
	for _, centre := range [][]int64{{0, 0, 0}, {1, 8, 16}, {16, 3, 9}} {
		for _, squared := range []uint64{1, 64, 100, 300, 10_000} {
			c := dp.Clipped{Scale: 8, Centre: centre, Squared: squared}
			bound, err := c.Person()
			if err != nil {
				t.Fatal(err)
			}
			for i, who := range choices(4, 3) {
				genotypes := []int8{int8(who[0]) - 1, int8(who[1]) - 1, int8(who[2]) - 1}
				seed := [32]byte{byte(i)}
				alone, among := make([]int64, 4), []int64{-50, 7, 1000, 80}
				left, err := c.Add(alone, genotypes, seed)
				if err != nil {
					t.Fatal(err)
				}
				before := slices.Clone(among)
				if _, err := c.Add(among, genotypes, seed); err != nil {
					t.Fatal(err)
				}
				got := reached(among, before)
				if got.L1 > bound.L1 || got.L2Squared > bound.L2Squared {
					t.Errorf("centre %v, at most %d: %v changes %+v, declared is %+v", centre, squared, genotypes, got, bound)
				}
				if !slices.Equal(plus(before, alone), among) {
					t.Errorf("%v adds something else among others than alone", genotypes)
				}
				if squared == 10_000 && left != 0 {
					t.Errorf("%v has %d calls left out, want none", genotypes, left)
				}
			}
		}
	}
}

// Without the clip the declared bound would not hold: somebody exceeds it.
func TestTheClipIsWhatHoldsTheBound(t *testing.T) {
	c := dp.Clipped{Scale: 8, Centre: []int64{0, 0}, Squared: 300}
	wide := c
	wide.Squared = 1 << 20
	exact := make([]int64, 3)
	if _, err := wide.Add(exact, []int8{2, 2}, [32]byte{}); err != nil {
		t.Fatal(err)
	}
	bound, err := c.Person()
	if err != nil {
		t.Fatal(err)
	}
	if got := reached(exact, make([]int64, 3)); got.L2Squared <= bound.L2Squared {
		t.Errorf("two rare homozygotes change %d, want more than %d", got.L2Squared, bound.L2Squared)
	}
	clipped := make([]int64, 3)
	if left, err := c.Add(clipped, []int8{2, 2}, [32]byte{}); err != nil || left != 1 {
		t.Errorf("%d calls are left out, want 1 (%v)", left, err)
	}
}

// With the frequencies that alleles have, a bound that almost nobody exceeds needs half of
// the noise, and the frequencies are as far off as they say.
func TestAReferenceHalvesTheNoise(t *testing.T) {
	const variants, people = 1000, 2000
	r := rand.New(rand.NewPCG(7, 7))
	p := make([]float64, variants)
	c := dp.Clipped{Scale: 8, Centre: make([]int64, variants), Squared: 64 * variants * 24 / 100}
	for i := range p {
		p[i] = math.Exp(-6.2*r.Float64()) / 2 // 1/p, from 0.001 to 0.5
		c.Centre[i] = int64(math.Round(16 * p[i]))
	}
	sum, copies, left := make([]int64, c.Coordinates()), make([]float64, variants), 0
	genotypes := make([]int8, variants)
	for who := range people {
		for i := range genotypes {
			genotypes[i] = 0
			for range 2 {
				if r.Float64() < p[i] {
					genotypes[i]++
				}
			}
			copies[i] += float64(genotypes[i])
		}
		l, err := c.Add(sum, genotypes, [32]byte{byte(who), byte(who >> 8)})
		if err != nil {
			t.Fatal(err)
		}
		left += l
	}
	if left > people*variants/1000 {
		t.Errorf("%d calls are left out", left)
	}
	bound, err := c.Person()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := dp.Frequency{Variants: variants}.Person()
	if err != nil {
		t.Fatal(err)
	}
	// In frequencies: a code is a 16th of a copy of two, and 2AC - AN a fourth of N.
	gain := math.Sqrt(float64(plain.L2Squared)) / 4 / (math.Sqrt(float64(bound.L2Squared)) / 16)
	if gain < 1.9 {
		t.Errorf("the noise is %.2f times less, want 2", gain)
	}
	m, err := dp.NewGaussian(bound, c.Coordinates(), dp.Sites{All: 1, Honest: 1}, sample.Whole(1<<22))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Add(sum, [32]byte{1}, 1); err != nil {
		t.Fatal(err)
	}
	table, err := c.Decode(sum, m.Spread(), 0.95)
	if err != nil {
		t.Fatal(err)
	}
	square, hits := 0.0, 0
	for i, e := range table.Estimates {
		truth := copies[i] / 2 / people
		off := (e.AF - truth) / e.Error
		if e.AF == 0 {
			off = 1 // clamped, to the better
		}
		square += off * off / variants
		if e.Low <= truth && truth <= e.High {
			hits++
		}
		if e.From > e.Low || e.High > e.To || e.AC > e.AN || e.AF < 0 || e.AF > 1 {
			t.Fatalf("variant %d: %+v", i, e)
		}
	}
	// A mean of 1000 squares is off by 6.5 sqrt(2/1000) = 0.29 with a chance of less than
	// 1e-9, and by Hoeffding hits are below 0.95 by 0.104 with one of exp(-2000*0.104^2).
	if square < 0.71 || square > 1.29 {
		t.Errorf("squared errors are %.2f of what they say", square)
	}
	if hits < 846 {
		t.Errorf("%d of %d intervals hold the truth, want 950", hits, variants)
	}
}

func TestAReferenceThatIsNoneIsRefused(t *testing.T) {
	good := dp.Clipped{Scale: 8, Centre: []int64{4}, Squared: 100}
	with := func(change func(c *dp.Clipped)) dp.Clipped {
		c := good
		c.Centre = slices.Clone(good.Centre)
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		with      dp.Clipped
		genotypes []int8
		want      error
	}{
		"no variants":             {with(func(c *dp.Clipped) { c.Centre = nil }), nil, dp.ErrKernel},
		"no scale":                {with(func(c *dp.Clipped) { c.Scale = 0 }), []int8{0}, dp.ErrKernel},
		"too fine a scale":        {with(func(c *dp.Clipped) { c.Scale = 257 }), []int8{0}, dp.ErrKernel},
		"a negative centre":       {with(func(c *dp.Clipped) { c.Centre[0] = -1 }), []int8{0}, dp.ErrKernel},
		"a centre above 2 copies": {with(func(c *dp.Clipped) { c.Centre[0] = 17 }), []int8{0}, dp.ErrKernel},
		"no bound":                {with(func(c *dp.Clipped) { c.Squared = 0 }), []int8{0}, dp.ErrUndeclared},
		"too large a bound":       {with(func(c *dp.Clipped) { c.Squared = 1 << 53 }), []int8{0}, dp.ErrBound},
		"three copies":            {good, []int8{3}, dp.ErrCounts},
		"minus two copies":        {good, []int8{-2}, dp.ErrCounts},
		"another length":          {good, []int8{0, 0}, dp.ErrLength},
	} {
		t.Run(name, func(t *testing.T) {
			dst := make([]int64, c.with.Coordinates())
			if _, err := c.with.Add(dst, c.genotypes, [32]byte{}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if slices.ContainsFunc(dst, func(x int64) bool { return x != 0 }) {
				t.Errorf("%v was added", dst)
			}
		})
	}
	if _, err := good.Decode([]int64{1}, 1, 0.9); !errors.Is(err, dp.ErrLength) {
		t.Errorf("a short sum: got %v, want %v", err, dp.ErrLength)
	}
	if table, err := good.Decode([]int64{1, -5}, 1, 0.9); err != nil || !math.IsNaN(table.Estimates[0].AF) || table.People != 0 {
		t.Errorf("a sum over nobody: got %+v and %v, want no number", table, err)
	}
}
