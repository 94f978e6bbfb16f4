package dp_test

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
)

var one = dp.Bound{L1: 1, L2Squared: 1}

func TestAShareIsWhatHonestSitesNeedTogether(t *testing.T) {
	for name, c := range map[string]struct {
		sites    dp.Sites
		variance sample.Ratio
		share    sample.Ratio
	}{
		"one site adds all of it":                   {dp.Sites{All: 1, Honest: 1}, sample.Ratio{Num: 7, Den: 3}, sample.Ratio{Num: 7, Den: 3}},
		"each of five adds all where one is honest": {dp.Sites{All: 5, Honest: 1}, sample.Whole(100), sample.Whole(100)},
		"a third each of three":                     {dp.Sites{All: 5, Honest: 3}, sample.Whole(300), sample.Whole(100)},
		"rounded up":                                {dp.Sites{All: 5, Honest: 3}, sample.Whole(301), sample.Whole(101)},
		"a fraction is rounded up":                  {dp.Sites{All: 3, Honest: 2}, sample.Ratio{Num: 9, Den: 2}, sample.Whole(3)},
		"at least 2":                                {dp.Sites{All: 7, Honest: 7}, sample.Whole(3), sample.Whole(2)},
		"wide shares are whole":                     {dp.Sites{All: 1, Honest: 1}, sample.Ratio{Num: 10001, Den: 2}, sample.Whole(5001)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := dp.NewGaussian(one, 4, c.sites, c.variance)
			if err != nil {
				t.Fatal(err)
			}
			want := dp.Event{Kind: dp.KindGaussian, Bound: one, Coordinates: 4, Honest: c.sites.Honest, Parameter: c.share}
			if diff := cmp.Diff(want, m.Event()); diff != "" {
				t.Errorf("the event (-want +got):\n%s", diff)
			}
			if want := math.Sqrt(float64(c.sites.All) * c.share.Float()); math.Abs(m.Spread()-want) > 1e-12*want {
				t.Errorf("the spread is %g, want %g", m.Spread(), want)
			}
		})
	}
}

// The standard deviation of what n sites add together is Spread. Of n draws the variance
// is off by more than 6.5 sqrt(k/n) of itself with a chance of less than 1e-9, where k is
// the kurtosis less one: 2 of a Gaussian, and at most 9 of the shares here.
func TestSpreadIsThatOfTheSum(t *testing.T) {
	const n = 200_000
	make2 := func(m dp.Mechanism, err error) dp.Mechanism {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	sites := dp.Sites{All: 5, Honest: 3}
	alone := dp.Sites{All: 1, Honest: 1}
	for name, c := range map[string]struct {
		mechanism dp.Mechanism
		sites     int
		kurtosis  float64
	}{
		"Gaussian shares":       {make2(dp.NewGaussian(one, n, sites, sample.Whole(300))), 5, 2},
		"a wide Gaussian":       {make2(dp.NewGaussian(one, n, sites, sample.Whole(1<<30))), 5, 2},
		"Laplace shares":        {make2(dp.NewLaplace(one, n, sites, sample.Whole(7))), 5, 9},
		"a Laplace of one":      {make2(dp.NewLaplace(one, n, alone, sample.Whole(7))), 1, 9},
		"a wide Laplace":        {make2(dp.NewLaplace(one, n, alone, sample.Whole(5000))), 1, 9},
		"Gaussian for an error": {make2(dp.GaussianForError(one, n, sites, 50)), 5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			sum := make([]int64, n)
			for site := range c.sites {
				if err := c.mechanism.Add(sum, [32]byte{byte(site)}, 1); err != nil {
					t.Fatal(err)
				}
			}
			square := 0.0
			for _, x := range sum {
				square += float64(x) * float64(x)
			}
			want := c.mechanism.Spread() * c.mechanism.Spread()
			if off := math.Abs(square/n-want) / want; off > 6.5*math.Sqrt(c.kurtosis/n) {
				t.Errorf("the variance is %.3f, want %.3f", square/n, want)
			}
		})
	}
}

func TestNoiseForAnErrorIsNotMoreThanThat(t *testing.T) {
	for _, spread := range []float64{5, 37.3, 1e5} {
		m, err := dp.GaussianForError(one, 1, dp.Sites{All: 9, Honest: 6}, spread)
		if err != nil {
			t.Fatal(err)
		}
		if m.Spread() > spread || m.Spread() < 0.7*spread {
			t.Errorf("asked for %g, got %g", spread, m.Spread())
		}
	}
}

func TestNoiseThatCannotBeMadeIsRefused(t *testing.T) {
	sites := dp.Sites{All: 3, Honest: 2}
	gaussian := func(b dp.Bound, n int, s dp.Sites, v sample.Ratio) func() error {
		return func() error { _, err := dp.NewGaussian(b, n, s, v); return err }
	}
	laplace := func(s dp.Sites, v sample.Ratio) func() error {
		return func() error { _, err := dp.NewLaplace(one, 1, s, v); return err }
	}
	precise := func(spread float64) func() error {
		return func() error { _, err := dp.GaussianForError(one, 1, sites, spread); return err }
	}
	choose := func(change uint64, epsilon sample.Ratio) func() error {
		return func() error { _, err := dp.Select([]int64{1, 2}, change, epsilon, [32]byte{}); return err }
	}
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"no per-person bound":            {gaussian(dp.Bound{}, 1, sites, sample.Whole(9)), dp.ErrUndeclared},
		"no numbers":                     {gaussian(one, 0, sites, sample.Whole(9)), dp.ErrEvent},
		"no sites":                       {gaussian(one, 1, dp.Sites{}, sample.Whole(9)), dp.ErrSites},
		"no honest site":                 {gaussian(one, 1, dp.Sites{All: 3}, sample.Whole(9)), dp.ErrSites},
		"more honest than there are":     {gaussian(one, 1, dp.Sites{All: 3, Honest: 4}, sample.Whole(9)), dp.ErrSites},
		"no variance":                    {gaussian(one, 1, sites, sample.Whole(0)), dp.ErrPrecision},
		"a variance over 0":              {gaussian(one, 1, sites, sample.Ratio{Num: 1}), dp.ErrPrecision},
		"a share above 2^44":             {gaussian(one, 1, sites, sample.Whole(1<<45+2)), dp.ErrTooWide},
		"a variance beyond any":          {gaussian(one, 1, sites, sample.Whole(math.MaxUint64)), dp.ErrTooWide},
		"a Laplace of scale 0":           {laplace(sites, sample.Whole(0)), dp.ErrTooWide},
		"Laplace shares of scale 65":     {laplace(sites, sample.Whole(65)), dp.ErrTooWide},
		"a precision of 0":               {precise(0), dp.ErrPrecision},
		"a negative precision":           {precise(-1e-300), dp.ErrPrecision},
		"a precision that is no number":  {precise(math.NaN()), dp.ErrPrecision},
		"an endless precision":           {precise(math.Inf(1)), dp.ErrPrecision},
		"a precision finer than shares":  {precise(2.4), dp.ErrPrecision},
		"a choice at epsilon 0":          {choose(1, sample.Whole(0)), dp.ErrEvent},
		"a choice at epsilon over 0":     {choose(1, sample.Ratio{Num: 1}), dp.ErrEvent},
		"a choice that nobody changes":   {choose(0, sample.Whole(1)), dp.ErrUndeclared},
		"a choice that changes too much": {choose(1<<27, sample.Whole(1)), dp.ErrBound},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestNoiseIsRefusedWhereItHasNoRoom(t *testing.T) {
	m, err := dp.NewGaussian(one, 2, dp.Sites{All: 2, Honest: 2}, sample.Whole(200))
	if err != nil {
		t.Fatal(err)
	}
	if m.Max() < 135 || m.Max() > 140 { // 13.5 standard deviations of variance 100
		t.Errorf("noise of standard deviation 10 needs room for %d, want for 135 or a little more", m.Max())
	}
	for name, v := range map[string][]int64{"a short vector": {1}, "a long one": {1, 2, 3}} {
		if err := m.Add(v, [32]byte{}, 1); !errors.Is(err, dp.ErrLength) {
			t.Errorf("%s: got %v, want %v", name, err, dp.ErrLength)
		}
	}
	v := []int64{5, math.MinInt64}
	if err := m.Add(v, [32]byte{}, 1); !errors.Is(err, dp.ErrCounts) || v[0] != 5 {
		t.Errorf("a number that noise may carry over: got %v and %v, want %v and nothing added", err, v, dp.ErrCounts)
	}
}

func TestASeedDependsOnEverything(t *testing.T) {
	key, release, answer := [32]byte{1}, [32]byte{2}, make([]int64, 3000)
	base := dp.Seed(key, release, answer)
	if again := dp.Seed(key, release, slices.Clone(answer)); again != base {
		t.Error("the same release has another seed")
	}
	seen := map[[32]byte]string{base: "the release"}
	also := func(name string, seed [32]byte) {
		if other, is := seen[seed]; is {
			t.Errorf("%s has the seed of %s", name, other)
		}
		seen[seed] = name
	}
	also("another key", dp.Seed([32]byte{3}, release, answer))
	also("another release", dp.Seed(key, [32]byte{3}, answer))
	also("a longer answer", dp.Seed(key, release, append(slices.Clone(answer), 0)))
	also("a shorter answer", dp.Seed(key, release, answer[1:]))
	for _, i := range []int{0, 1, 1022, 1023, 1024, 2999} {
		changed := slices.Clone(answer)
		changed[i]++
		also("another count", dp.Seed(key, release, changed))
	}
	// Written down, so that a release is the same after an update.
	if got, want := hex.EncodeToString(base[:8]), "45fb8bdc79500152"; got != want {
		t.Errorf("the seed begins with %s, want %s", got, want)
	}
}

// One changed count changes the noise of all numbers: the difference of two answers tells
// nothing. Of noise with a standard deviation of 1000 two agree by chance in 1 of 3500.
func TestAChangedCountChangesAllNoise(t *testing.T) {
	const n = 10_000
	m, err := dp.NewGaussian(one, n, dp.Sites{All: 1, Honest: 1}, sample.Whole(1_000_000))
	if err != nil {
		t.Fatal(err)
	}
	noised := func(answer []int64) []int64 {
		v := slices.Clone(answer)
		if err := m.Add(v, dp.Seed([32]byte{1}, [32]byte{2}, answer), 2); err != nil {
			t.Fatal(err)
		}
		return v
	}
	exact := make([]int64, n)
	first, again := noised(exact), noised(exact)
	if !slices.Equal(first, again) {
		t.Error("the same answer was noised in two ways")
	}
	exact[17]++
	same := 0
	for i, x := range noised(exact) {
		if x == first[i] {
			same++
		}
	}
	if same > 30 { // 3 are expected
		t.Errorf("%d of %d numbers are the same", same, n)
	}
}

func TestSelectChoosesByTheWeightsOfItsEvent(t *testing.T) {
	counts := [2]int{}
	const n = 100_000
	for i := range n {
		chosen, err := dp.Select([]int64{10, 12}, 2, sample.Ratio{Num: 1, Den: 2}, [32]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		if err != nil {
			t.Fatal(err)
		}
		counts[chosen]++
	}
	// exp(epsilon 2 / (2*2)) = exp(1/4) to 1. Hoeffding: off by 0.011 with a chance of
	// less than 2 exp(-2 n 0.011^2) = 7e-11.
	want := math.Exp(0.25) / (1 + math.Exp(0.25))
	if got := float64(counts[1]) / n; math.Abs(got-want) > 0.011 {
		t.Errorf("the better was chosen in a part of %.4f, want %.4f", got, want)
	}
	if _, err := dp.Select(nil, 1, sample.Whole(1), [32]byte{}); !errors.Is(err, sample.ErrScores) {
		t.Errorf("nothing to choose from: got %v, want %v", err, sample.ErrScores)
	}
}
