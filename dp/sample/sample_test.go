package sample_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/sample"
)

var update = flag.Bool("update", false, "write the known answers anew; review them like code")

// The first draws of every law are the same on every machine, for good: a release that is
// noised again after a crash is the same release.
func TestKnownAnswers(t *testing.T) {
	var got bytes.Buffer
	seed := [32]byte{}
	for i := range seed {
		seed[i] = byte(i)
	}
	line := func(name string, draw func(b *sample.Bits) int64) {
		b := sample.NewBits(seed, 7)
		fmt.Fprintf(&got, "%s:", name)
		for range 16 {
			fmt.Fprintf(&got, " %d", draw(b))
		}
		fmt.Fprintln(&got)
	}
	line("words", func(b *sample.Bits) int64 { return int64(b.Uint64()) })
	line("below 1000", func(b *sample.Bits) int64 { return int64(b.Below(1000)) })
	for _, v := range []sample.Ratio{{Num: 1, Den: 2}, {Num: 7, Den: 3}, {Num: 20, Den: 1}, {Num: 4096, Den: 1}, {Num: 8193, Den: 2}, {Num: 1 << 26, Den: 1}, {Num: 1 << 44, Den: 1}} {
		line(fmt.Sprintf("gaussian %v", v), newGaussian(t, v).Draw)
	}
	for _, s := range []sample.Ratio{{Num: 1, Den: 3}, {Num: 2, Den: 1}, {Num: 100, Den: 1}, {Num: 1 << 20, Den: 1}} {
		line(fmt.Sprintf("laplace %v", s), newLaplace(t, s).Draw)
	}
	line("polya 10/3, 7 shares", newPolya(t, sample.Ratio{Num: 10, Den: 3}, 7).Draw)
	name := filepath.Join("testdata", "answers.txt")
	if *update {
		if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("answers changed (-want +got):\n%s", diff)
	}
}

func TestADrawOfANarrowTableTakesOneWord(t *testing.T) {
	for _, v := range []uint64{1, 20, 4096} {
		const n = 100_000
		seed := [32]byte{9}
		b, words := sample.NewBits(seed, 0), sample.NewBits(seed, 0)
		newGaussian(t, sample.Whole(v)).Add(make([]int64, n), b)
		for range n {
			words.Uint64()
		}
		if got, want := b.Uint64(), words.Uint64(); got != want {
			t.Errorf("variance %d: after %d draws there is another word than after %d words", v, n, n)
		}
	}
}

func TestAddIsManyDraws(t *testing.T) {
	for name, law := range map[string]interface {
		sample.Sampler
		Draw(*sample.Bits) int64
	}{
		"narrow":  newGaussian(t, sample.Whole(20)),
		"wide":    newGaussian(t, sample.Whole(1<<30)),
		"Laplace": newLaplace(t, sample.Whole(300)),
		"Pólya":   newPolya(t, sample.Whole(3), 5),
	} {
		t.Run(name, func(t *testing.T) {
			added := make([]int64, 5000)
			for i := range added {
				added[i] = int64(i)
			}
			law.Add(added, sample.NewBits([32]byte{1}, 0))
			b := sample.NewBits([32]byte{1}, 0)
			for i, got := range added {
				draw := law.Draw(b)
				if want := int64(i) + draw; got != want {
					t.Fatalf("number %d is %d, want %d", i, got, want)
				}
				if max(draw, -draw) > law.Max() {
					t.Fatalf("a draw is above the largest, %d", law.Max())
				}
			}
		})
	}
}

func TestNoiseDoesNotDependOnHowManyWorkToAddIt(t *testing.T) {
	g := newGaussian(t, sample.Whole(1<<20))
	for _, n := range []int{0, 1, sample.VectorRow - 1, sample.VectorRow, 3*sample.VectorRow + 5} {
		want := make([]int64, n)
		sample.AddNoise(want, g, [32]byte{1}, 1)
		for _, workers := range []int{-1, 0, 2, 3, 100} {
			got := make([]int64, n)
			sample.AddNoise(got, g, [32]byte{1}, workers)
			if !slices.Equal(got, want) {
				t.Errorf("%d numbers: %d workers add other noise than one does", n, workers)
			}
		}
		other := make([]int64, n)
		sample.AddNoise(other, g, [32]byte{2}, 1)
		if same := equalPlaces(want, other); n > 1000 && same > n/100 {
			t.Errorf("under two seeds %d of %d numbers have the same noise", same, n)
		}
	}
}

// Rows of one seed have nothing to do with each other.
func TestRowsOfOneSeedDiffer(t *testing.T) {
	x := make([]int64, 2*sample.VectorRow)
	sample.AddNoise(x, newGaussian(t, sample.Whole(1<<20)), [32]byte{1}, 1)
	if same := equalPlaces(x[:sample.VectorRow], x[sample.VectorRow:]); same > 200 {
		t.Errorf("two rows have the same noise at %d of %d places", same, sample.VectorRow)
	}
}

func equalPlaces(x, y []int64) int {
	same := 0
	for i := range x {
		if x[i] == y[i] {
			same++
		}
	}
	return same
}

// A correlation of n pairs of independent draws is above 8/sqrt(n) with a chance that is
// less than 1e-14 where it is nearly normal, as it is for n = 10^6.
func TestNeighboursAreIndependent(t *testing.T) {
	const n = 1_000_000
	x := make([]int64, n+4)
	sample.AddNoise(x, newGaussian(t, sample.Whole(400)), [32]byte{1}, 1)
	for lag := 1; lag <= 4; lag++ {
		sum, signs := 0.0, 0
		for i := range n {
			sum += float64(x[i]) * float64(x[i+lag])
			if (x[i] < 0) == (x[i+lag] < 0) {
				signs++
			}
		}
		if r := sum / n / 400; math.Abs(r) > 8/math.Sqrt(n) {
			t.Errorf("draws that are %d apart have a correlation of %.4f", lag, r)
		}
	}
}

func TestLawsThatCannotBeDrawnFromAreRefused(t *testing.T) {
	gaussian := func(v sample.Ratio) error { _, err := sample.NewGaussian(v); return err }
	laplace := func(v sample.Ratio) error { _, err := sample.NewLaplace(v); return err }
	polya := func(h int) func(v sample.Ratio) error {
		return func(v sample.Ratio) error { _, err := sample.NewPolya(v, h); return err }
	}
	for name, c := range map[string]struct {
		make func(sample.Ratio) error
		with sample.Ratio
	}{
		"a variance of 0":                  {gaussian, sample.Ratio{Num: 0, Den: 1}},
		"a variance over 0":                {gaussian, sample.Ratio{Num: 1, Den: 0}},
		"a variance of nothing":            {gaussian, sample.Ratio{}},
		"a variance of less than 1/16":     {gaussian, sample.Ratio{Num: 1, Den: 17}},
		"a variance of more than 2^44":     {gaussian, sample.Whole(1<<44 + 1)},
		"a variance with terms above 2^45": {gaussian, sample.Ratio{Num: 1 << 46, Den: 1 << 46}},
		"a scale of 0":                     {laplace, sample.Ratio{Num: 0, Den: 1}},
		"a scale of more than 2^20":        {laplace, sample.Whole(1<<20 + 1)},
		"a scale of less than 1/16":        {laplace, sample.Ratio{Num: 1, Den: 17}},
		"a share of a scale above 64":      {polya(2), sample.Whole(65)},
		"no shares":                        {polya(0), sample.Whole(2)},
		"a negative number of shares":      {polya(-1), sample.Whole(2)},
		"more shares than can be":          {polya(1<<16 + 1), sample.Whole(2)},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.make(c.with); !errors.Is(err, sample.ErrParameter) {
				t.Errorf("got %v, want %v", err, sample.ErrParameter)
			}
		})
	}
}

func TestAVarianceIsRoundedUpOnlyWhereItIsWide(t *testing.T) {
	for _, c := range []struct{ asked, want sample.Ratio }{
		{sample.Ratio{Num: 7, Den: 3}, sample.Ratio{Num: 7, Den: 3}},
		{sample.Ratio{Num: 8191, Den: 2}, sample.Ratio{Num: 8191, Den: 2}},
		{sample.Ratio{Num: 8193, Den: 2}, sample.Whole(4097)},
		{sample.Whole(1 << 44), sample.Whole(1 << 44)},
	} {
		if got := newGaussian(t, c.asked).Variance(); got != c.want {
			t.Errorf("asked for %v, got %v, want %v", c.asked, got, c.want)
		}
	}
}

func TestCoinsHaveTheirChance(t *testing.T) {
	const n = 1_000_000
	b := sample.NewBits([32]byte{5}, 0)
	for name, c := range map[string]struct {
		flip func() bool
		want float64
	}{
		"exp(0)":                    {func() bool { return b.BernoulliExp(0, 5) }, 1},
		"exp(-1/1000)":              {func() bool { return b.BernoulliExp(1, 1000) }, math.Exp(-0.001)},
		"exp(-2/3)":                 {func() bool { return b.BernoulliExp(2, 3) }, math.Exp(-2.0 / 3)},
		"exp(-1)":                   {func() bool { return b.BernoulliExp(1, 1) }, math.Exp(-1)},
		"exp(-7/2)":                 {func() bool { return b.BernoulliExp(7, 2) }, math.Exp(-3.5)},
		"exp of minus a huge ratio": {func() bool { return b.BernoulliExp(math.MaxUint64, 1) }, 0},
		"exp of a half of 2^64":     {func() bool { return b.BernoulliExp(1<<63, math.MaxUint64) }, math.Exp(-0.5)},
		"3/7":                       {func() bool { return b.Bernoulli(3, 7) }, 3.0 / 7},
		"never":                     {func() bool { return b.Bernoulli(0, 7) }, 0},
		"more than always":          {func() bool { return b.Bernoulli(9, 7) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			heads := 0
			for range n {
				if c.flip() {
					heads++
				}
			}
			if f := misfit([]int{heads, n - heads}, []float64{c.want, 1 - c.want}); f > 1 {
				t.Errorf("%d of %d, want a part of %.6f: %.2f times as far off as may be", heads, n, c.want, f)
			}
		})
	}
}

func TestBelowIsUniform(t *testing.T) {
	b := sample.NewBits([32]byte{6}, 0)
	for _, n := range []uint64{1, 2, 3, 10, 3 << 62} {
		const cells = 3
		counts, size := make([]int, cells), (n+cells-1)/cells
		for range 300_000 {
			x := b.Below(n)
			if x >= n {
				t.Fatalf("%d is not below %d", x, n)
			}
			counts[x/size]++
		}
		chance := make([]float64, cells)
		for i := range uint64(cells) {
			from, to := min(i*size, n), min((i+1)*size, n)
			chance[i] = float64(to-from) / float64(n)
		}
		if f := misfit(counts, chance); f > 1 {
			t.Errorf("below %d: %v is %.2f times as far off as may be", n, counts, f)
		}
	}
}

func TestSelectWeighsScoresExponentially(t *testing.T) {
	scores := []int64{-3, 5, 0, 5, 4}
	b := sample.NewBits([32]byte{7}, 0)
	counts := make([]int, len(scores))
	for range 1_000_000 {
		i, err := sample.Select(scores, sample.Ratio{Num: 2, Den: 5}, b)
		if err != nil {
			t.Fatal(err)
		}
		counts[i]++
	}
	chance, total := make([]float64, len(scores)), 0.0
	for _, s := range scores {
		total += math.Exp(0.4 * float64(s))
	}
	for i, s := range scores {
		chance[i] = math.Exp(0.4*float64(s)) / total
	}
	if f := misfit(counts, chance); f > 1 {
		t.Errorf("%v is %.2f times as far off from %.4f as may be", counts, f, chance)
	}
}

func TestSelectRefusesWhatItCannotWeigh(t *testing.T) {
	b := sample.NewBits([32]byte{}, 0)
	if _, err := sample.Select(nil, sample.Whole(1), b); !errors.Is(err, sample.ErrScores) {
		t.Errorf("no scores: got %v, want %v", err, sample.ErrScores)
	}
	if _, err := sample.Select([]int64{1}, sample.Ratio{Num: 1}, b); !errors.Is(err, sample.ErrParameter) {
		t.Errorf("a weight over 0: got %v, want %v", err, sample.ErrParameter)
	}
	if _, err := sample.Select([]int64{math.MinInt64, math.MaxInt64}, sample.Whole(2), b); !errors.Is(err, sample.ErrScores) {
		t.Errorf("scores too far apart: got %v, want %v", err, sample.ErrScores)
	}
	if i, err := sample.Select([]int64{math.MinInt64, math.MaxInt64}, sample.Whole(1), b); err != nil || i != 1 {
		t.Errorf("got %d and %v, want the best, 1", i, err)
	}
}

// No parameter makes the constructors panic, and what they make draws within its bounds.
func FuzzNewGaussian(f *testing.F) {
	f.Add(uint64(20), uint64(1))
	f.Add(uint64(1), uint64(16))
	f.Add(uint64(1<<44), uint64(1))
	f.Add(uint64(12289), uint64(3))
	f.Add(uint64(0), uint64(0))
	f.Add(uint64(math.MaxUint64), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, num, den uint64) {
		g, err := sample.NewGaussian(sample.Ratio{Num: num, Den: den})
		if err != nil {
			return
		}
		b := sample.NewBits([32]byte{}, 0)
		for range 100 {
			if x := g.Draw(b); max(x, -x) > g.Max() {
				t.Errorf("a draw is above the largest, %d", g.Max())
			}
		}
	})
}
