package dp_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/sample"
)

// cohort is people who are drawn from a population with known frequencies.
type cohort struct {
	f      dp.Frequency
	p      []float64 // of the population
	people int64
	ac, an []int64
}

func newCohort(f dp.Frequency, people int64, calls float64, seed uint64) cohort {
	r := rand.New(rand.NewPCG(seed, 1))
	c := cohort{f, make([]float64, f.Variants), people, make([]int64, f.Variants), make([]int64, f.Variants)}
	for i := range c.p {
		c.p[i] = math.Exp(-7*r.Float64()) / 2 // 1/p, from 0.0005 to 0.5
		for who := range people {
			if f.Missing && who > 0 && r.Float64() > calls { // somebody is called
				continue
			}
			c.an[i] += 2
			for range 2 {
				if r.Float64() < c.p[i] {
					c.ac[i]++
				}
			}
		}
	}
	return c
}

// truth is the frequency among the people who are counted.
func (c cohort) truth(variant int) float64 { return float64(c.ac[variant]) / float64(c.an[variant]) }

// release has three sites add their noise, and decodes the sum.
func (c cohort) release(t *testing.T, m dp.Mechanism, seed uint64) dp.Table {
	t.Helper()
	sum := encode(t, c.f, c.ac, c.an, c.people)
	for site := range 3 {
		if err := m.Add(sum, [32]byte{byte(seed), byte(seed >> 8), byte(site)}, 1); err != nil {
			t.Fatal(err)
		}
	}
	table, err := c.f.Decode(sum, m.Spread(), 0.95)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// noiseFor is noise of a variance by three sites.
func noiseFor(t *testing.T, f dp.Frequency, variance uint64) dp.Mechanism {
	t.Helper()
	bound, err := f.Person()
	if err != nil {
		t.Fatal(err)
	}
	m, err := dp.NewGaussian(bound, f.Coordinates(), dp.Sites{All: 3, Honest: 3}, sample.Whole(variance))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Each release is of one variant, so that all are independent. By Hoeffding, hits of 5000
// are below 0.95 less 0.0464 of them with a chance of at most exp(-2*5000*0.0464^2) = 4.5e-10.
func TestIntervalsCoverWhatTheyPromise(t *testing.T) {
	const releases, least = 5000, 0.95 - 0.0464
	for _, noise := range []struct {
		people   int64
		variance uint64
	}{{100, 300}, {100, 6000}, {10, 600}} { // from little noise to more than there are counts
		for _, missing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d people, variance %d, missing %v", noise.people, noise.variance, missing), func(t *testing.T) {
				f := dp.Frequency{Variants: 1, Missing: missing}
				m := noiseFor(t, f, noise.variance)
				inCohort, inPopulation := 0, 0
				for i := range uint64(releases) {
					c := newCohort(f, noise.people, 0.9, i)
					e := c.release(t, m, i).Estimates[0]
					if truth := c.truth(0); e.Low <= truth && truth <= e.High {
						inCohort++
					}
					if e.From <= c.p[0] && c.p[0] <= e.To {
						inPopulation++
					}
				}
				if got := float64(inCohort) / releases; got < least {
					t.Errorf("intervals of the cohort hold %.3f, want 0.95", got)
				}
				if got := float64(inPopulation) / releases; got < least {
					t.Errorf("intervals of the population hold %.3f, want 0.95", got)
				}
			})
		}
	}
}

// An interval that left out the noise would not cover.
func TestIntervalsWithoutTheNoiseDoNotCover(t *testing.T) {
	const releases = 500
	f := dp.Frequency{Variants: 1}
	m, hits := noiseFor(t, f, 6000), 0
	for i := range releases {
		c := newCohort(f, 200, 1, uint64(i))
		sum := encode(t, f, c.ac, c.an, c.people)
		if err := m.Add(sum, [32]byte{byte(i), byte(i >> 8)}, 1); err != nil {
			t.Fatal(err)
		}
		table, err := f.Decode(sum, 1, 0.95) // as if there were next to none
		if err != nil {
			t.Fatal(err)
		}
		if e, truth := table.Estimates[0], c.truth(0); e.Low <= truth && truth <= e.High {
			hits++
		}
	}
	if hits > releases/2 {
		t.Errorf("%d of %d intervals hold the truth", hits, releases)
	}
}

// The error that is promised is the one that is measured, for rare alleles and for all.
func TestErrorsAreAsLargeAsTheySay(t *testing.T) {
	for _, missing := range []bool{false, true} {
		c := newCohort(dp.Frequency{Variants: 2000, Missing: missing}, 1000, 0.95, 1)
		m := noiseFor(t, c.f, 4000)
		table := c.release(t, m, 1)
		said, was, rare := 0.0, 0.0, 0.0
		for i, e := range table.Estimates {
			off := (e.AF - c.truth(i)) / e.Error
			if e.AF == 0 { // clamped, to the better
				off = 1
			}
			was += off * off
			said++
			rare = max(rare, e.Error)
		}
		// The mean of 2000 squares is off by more than 6.5 sqrt(2/2000) = 0.21 with a
		// chance of less than 1e-9.
		if ratio := was / said; ratio < 0.79 || ratio > 1.21 {
			t.Errorf("missing %v: squared errors are %.2f of what they say", missing, ratio)
		}
		if most := c.f.RMSE(m.Spread(), 700); rare > most {
			t.Errorf("missing %v: an error of %.4f is above that of a rare allele, %.4f", missing, rare, most)
		}
		if got := c.f.Spread(c.f.RMSE(123, 4000), 4000); math.Abs(got-123) > 1e-9 {
			t.Errorf("missing %v: the spread of 123 comes back as %g", missing, got)
		}
	}
}

func TestEstimatesAreFrequencies(t *testing.T) {
	f := dp.Frequency{Variants: 1, Missing: true}
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		sum := []int64{r.Int64N(400) - 200, r.Int64N(400) - 200, r.Int64N(200) - 20}
		table, err := f.Decode(sum, 20*r.Float64(), 0.9)
		if err != nil {
			t.Fatal(err)
		}
		e := table.Estimates[0]
		if math.IsNaN(e.AF) {
			if e.Low != 0 || e.High != 1 || e.From != 0 || e.To != 1 {
				t.Fatalf("%v: nobody is called, and %+v", sum, e)
			}
			continue
		}
		if !(0 <= e.From && e.From <= e.Low && e.Low <= e.High && e.High <= e.To && e.To <= 1) ||
			!(0 <= e.AF && e.AF <= 1 && 0 <= e.AC && e.AC <= e.AN && e.Error >= 0 && table.People >= 0) {
			t.Fatalf("%v gives %+v", sum, e)
		}
	}
}

func TestWithoutNoiseEverythingIsExact(t *testing.T) {
	f := dp.Frequency{Variants: 3, Missing: true}
	table, err := f.Decode(encode(t, f, []int64{0, 3, 18}, []int64{20, 12, 18}, 10), 0, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	want := []dp.Estimate{{AF: 0, AC: 0, AN: 20}, {AF: 0.25, AC: 3, AN: 12, Low: 0.25, High: 0.25}, {AF: 1, AC: 18, AN: 18, Low: 1, High: 1}}
	ignore := cmpopts.IgnoreFields(dp.Estimate{}, "From", "To")
	if diff := cmp.Diff(want, table.Estimates, ignore, cmpopts.EquateApprox(0, 1e-12)); diff != "" || table.People != 10 {
		t.Errorf("%g people (-want +got):\n%s", table.People, diff)
	}
}

func TestWhatIsNoReleaseIsNotDecoded(t *testing.T) {
	f := dp.Frequency{Variants: 1}
	for name, c := range map[string]struct {
		f                  dp.Frequency
		sum                []int64
		spread, confidence float64
		want               error
	}{
		"too short":               {f, []int64{1}, 1, 0.9, dp.ErrLength},
		"no variants":             {dp.Frequency{}, []int64{1}, 1, 0.9, dp.ErrKernel},
		"negative noise":          {f, []int64{1, 2}, -1, 0.9, dp.ErrPrecision},
		"endless noise":           {f, []int64{1, 2}, math.Inf(1), 0.9, dp.ErrPrecision},
		"noise that is no number": {f, []int64{1, 2}, math.NaN(), 0.9, dp.ErrPrecision},
		"full confidence":         {f, []int64{1, 2}, 1, 1, dp.ErrPrecision},
		"no confidence":           {f, []int64{1, 2}, 1, 0, dp.ErrPrecision},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.f.Decode(c.sum, c.spread, c.confidence); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// Where the reference is as close as it is said to be, shrinking is better than either.
func TestShrinkingIsBetterThanReferenceAndReleaseAlone(t *testing.T) {
	const variants, apart = 2000, 0.01
	c := newCohort(dp.Frequency{Variants: variants}, 1000, 1, 3)
	table := c.release(t, noiseFor(t, c.f, 3000), 3)
	r := rand.New(rand.NewPCG(2, 2))
	var release, reference, shrunk float64
	for i, e := range table.Estimates {
		truth := c.truth(i)
		public := truth + apart*r.NormFloat64()
		release += (e.AF - truth) * (e.AF - truth)
		reference += (public - truth) * (public - truth)
		s := dp.Shrink(e, public, apart)
		shrunk += (s.AF - truth) * (s.AF - truth)
		if s.Error > e.Error || s.Error > apart || s.AC > s.AN || s.AF < 0 || s.AF > 1 {
			t.Fatalf("%+v shrinks to %+v", e, s)
		}
	}
	if shrunk > 0.9*min(release, reference) {
		t.Errorf("squared errors: %.4f of the release, %.4f of the reference, %.4f of both together", release, reference, shrunk)
	}
	unknown := dp.Shrink(dp.Estimate{AF: math.NaN(), Error: math.Inf(1)}, 0.3, 0.1)
	if unknown.AF != 0.3 || unknown.Error != 0.1 {
		t.Errorf("where nothing is known the reference is, got %+v", unknown)
	}
}

// The nearest is found by trying all sets of counts that stay above zero.
func TestSimplexIsTheNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		counts := make([]float64, 1+r.IntN(4))
		for i := range counts {
			counts[i] = 100 * r.NormFloat64()
		}
		total := 1 + 100*r.Float64()
		best, distance := []float64(nil), math.Inf(1)
		for set := 1; set < 1<<len(counts); set++ {
			sum, n := -total, 0.0
			for i, x := range counts {
				if set>>i&1 == 1 {
					sum, n = sum+x, n+1
				}
			}
			try, d := make([]float64, len(counts)), 0.0
			for i, x := range counts {
				if set>>i&1 == 1 {
					try[i] = x - sum/n
				}
				d += (x - try[i]) * (x - try[i])
				if try[i] < -1e-9 {
					d = math.Inf(1)
				}
			}
			if d < distance {
				best, distance = try, d
			}
		}
		if diff := cmp.Diff(best, dp.Simplex(counts, total), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Fatalf("%v to %g (-want +got):\n%s", counts, total, diff)
		}
	}
	if got := dp.Simplex([]float64{1, 2}, 0); got[0] != 0 || got[1] != 0 {
		t.Errorf("of nobody there are %v", got)
	}
	if got := dp.Simplex(nil, 5); len(got) != 0 {
		t.Errorf("no cells hold %v", got)
	}
}
