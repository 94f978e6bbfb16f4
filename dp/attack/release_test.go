package attack_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

func TestAReleaseThatIsNotDescribedAsItIsIsRefused(t *testing.T) {
	good := attack.Release{Coding: attack.Plain(), Sums: []int64{3, 4}, People: 10, Reference: []float64{0.1, 0.2}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*attack.Release){
		"a coding that tells nothing":         func(r *attack.Release) { r.Coding.Scale = 0 },
		"a coding that is too large":          func(r *attack.Release) { r.Coding.Centre = 1 << 41 },
		"a coding that is too large, below 0": func(r *attack.Release) { r.Coding.Weight = math.MinInt64 },
		"fewer numbers than variants":         func(r *attack.Release) { r.Sums = r.Sums[:1] },
		"no number for the people":            func(r *attack.Release) { r.Coding.Weight = 2 },
		"no variants":                         func(r *attack.Release) { r.Sums, r.Reference = nil, nil },
		"fewer people than none":              func(r *attack.Release) { r.People = -1 },
		"a negative variance":                 func(r *attack.Release) { r.Variance = -1 },
		"a variance that is no number":        func(r *attack.Release) { r.Variance = math.NaN() },
		"endless noise":                       func(r *attack.Release) { r.Variance = math.Inf(1) },
		"an allele that nobody has":           func(r *attack.Release) { r.Reference = []float64{0, 0.2} },
		"an allele that everybody has":        func(r *attack.Release) { r.Reference = []float64{0.1, 1} },
		"a frequency that is no number":       func(r *attack.Release) { r.Reference = []float64{0.1, math.NaN()} },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			spoil(&r)
			_, ratio := attack.LikelihoodRatio(r)
			_, homer := attack.Homer(r)
			_, beacon := attack.Beacon(r, 1)
			_, difference := attack.Difference(r, good)
			_, repeated := attack.Repeated(r)
			_, pending := attack.Pending(r, attack.Claim{}, nil, nil, 1, [32]byte{})
			for i, err := range []error{r.Check(), ratio, homer, beacon, difference, repeated, pending} {
				if !errors.Is(err, attack.ErrRelease) {
					t.Errorf("of the check, and the attacks, number %d: got %v, want ErrRelease", i, err)
				}
			}
		})
	}
}

func TestAnswersToTwoQuestionsAreNotPutTogether(t *testing.T) {
	one := attack.Release{Coding: attack.Plain(), Sums: []int64{3}, People: 10, Reference: []float64{0.1}}
	other, more := one, one
	other.Coding.Centre = 1
	more.Sums, more.Reference = []int64{3, 4}, []float64{0.1, 0.2}
	for _, second := range []attack.Release{other, more} {
		if _, err := attack.Difference(one, second); !errors.Is(err, attack.ErrRelease) {
			t.Errorf("a difference: got %v, want ErrRelease", err)
		}
		if _, err := attack.Repeated(one, second); !errors.Is(err, attack.ErrRelease) {
			t.Errorf("repeated: got %v, want ErrRelease", err)
		}
	}
	if _, err := attack.Repeated(); !errors.Is(err, attack.ErrRelease) {
		t.Errorf("no answers: got %v, want ErrRelease", err)
	}
	large := one
	large.Coding.Scale = 1 << 40
	if _, err := attack.Repeated(large, large); !errors.Is(err, attack.ErrRelease) {
		t.Errorf("two answers of the largest coding: got %v, want ErrRelease", err)
	}
}

func TestPutTogetherReleasesKeepWhatTheyAreMadeOf(t *testing.T) {
	a := attack.Release{Coding: attack.Coding{Scale: 2, Centre: 2, Weight: 3}, Sums: []int64{5, 30}, Variance: 4, People: 9, Reference: []float64{0.1}}
	b := a
	b.Sums = []int64{3, 27}
	difference, err := attack.Difference(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := attack.Release{Coding: a.Coding, Sums: []int64{2, 3}, Variance: 8, Reference: a.Reference}
	if diff := cmp.Diff(want, difference); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	repeated, err := attack.Repeated(a, b, b)
	if err != nil {
		t.Fatal(err)
	}
	want = attack.Release{Coding: attack.Coding{Scale: 6, Centre: 6, Weight: 9}, Sums: []int64{11, 84}, Variance: 12, People: 9, Reference: a.Reference}
	if diff := cmp.Diff(want, repeated); diff != "" {
		t.Errorf("repeated (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int64{5, 30}, a.Sums); diff != "" {
		t.Errorf("the first answer was written to (-want +got):\n%s", diff)
	}
}

// What a person adds by the coding is what a person adds to what is released.
func TestFrequenciesAreDescribedAsTheyAreEncoded(t *testing.T) {
	for _, missing := range []bool{false, true} {
		analysis := dp.Frequency{Variants: 3, Missing: missing}
		coding, err := attack.OfFrequency(analysis)
		if err != nil {
			t.Fatal(err)
		}
		genotypes := [][]int64{{0, 1, 2}, {2, 2, 0}, {1, 0, 0}}
		counts := []int64{0, 6, 0, 6, 0, 6} // AC and AN of each variant
		want := make([]int64, 4)
		for _, person := range genotypes {
			for j, g := range person {
				counts[2*j] += g
				want[j] += coding.Scale*g - coding.Centre
			}
			want[3] += coding.Weight
		}
		sums := make([]int64, analysis.Coordinates())
		if err := analysis.Encode(sums, counts, 3); err != nil {
			t.Fatal(err)
		}
		r, err := attack.Frequencies(analysis, sums, 1.5, 3, []float64{0.1, 0.2, 0.3})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(attack.Release{Coding: coding, Sums: want, Variance: 2.25, People: 3, Reference: []float64{0.1, 0.2, 0.3}}, r); diff != "" {
			t.Errorf("with missing %v (-want +got):\n%s", missing, diff)
		}
	}
	if _, err := attack.Frequencies(dp.Frequency{Variants: 3}, make([]int64, 3), 1, 3, make([]float64, 3)); !errors.Is(err, attack.ErrRelease) {
		t.Errorf("a number too few: got %v, want ErrRelease", err)
	}
	if _, err := attack.OfFrequency(dp.Frequency{}); err == nil {
		t.Error("frequencies of no variants: no error")
	}
}

// The worst case is as far from nobody as the kernel declares: the audit of it is of the
// whole bound.
func TestTheWorstCaseIsAsFarAsTheKernelDeclares(t *testing.T) {
	analysis := dp.Frequency{Variants: 100}
	coding, err := attack.OfFrequency(analysis)
	if err != nil {
		t.Fatal(err)
	}
	person, err := analysis.Person()
	if err != nil {
		t.Fatal(err)
	}
	square := coding.Weight * coding.Weight
	for _, g := range attack.WorstCase(coding, analysis.Variants) {
		part := coding.Scale*int64(g) - coding.Centre
		square += part * part
	}
	if uint64(square) != person.L2Squared {
		t.Errorf("the worst case changes a release by %d in squares, and %d is declared", square, person.L2Squared)
	}
	if diff := cmp.Diff([]uint8{2, 2}, attack.WorstCase(attack.Plain(), 2)); diff != "" {
		t.Errorf("of plain counts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint8{0}, attack.WorstCase(attack.Coding{Scale: 1, Centre: 2}, 1)); diff != "" {
		t.Errorf("of what is centred on two copies (-want +got):\n%s", diff)
	}
}

// People have genotypes as often as Hardy and Weinberg say: at 400,000 draws 0.5 % is
// more than 6.3 standard errors of a share, a chance below 10^-9.
func TestAPopulationHasItsFrequencies(t *testing.T) {
	frequencies := []float64{0.001, 0.1, 0.3, 0.5, 0.9}
	population, err := attack.NewPopulation(frequencies)
	if err != nil {
		t.Fatal(err)
	}
	const people = 400_000
	seen := make([][4]int, len(frequencies))
	person := make([]uint8, len(frequencies))
	b := sample.NewBits(seedOf("population"), 0)
	for range people {
		population.Person(person, b)
		for j, g := range person {
			seen[j][g]++
		}
	}
	for j, p := range frequencies {
		for g, want := range [4]float64{(1 - p) * (1 - p), 2 * p * (1 - p), p * p, 0} {
			if got := float64(seen[j][g]) / people; math.Abs(got-want) > 0.005 || want == 0 && got != 0 {
				t.Errorf("of an allele of frequency %g, %g have genotype %d, want %g", p, got, g, want)
			}
		}
	}
	if _, err := attack.NewPopulation([]float64{1}); !errors.Is(err, attack.ErrRelease) {
		t.Errorf("an allele that everybody has: got %v, want ErrRelease", err)
	}
}

func TestASpectrumHasAsManyVariantsBetweenEachDoubling(t *testing.T) {
	got := [6]int{}
	for _, p := range attack.Spectrum(6400, 1./128) {
		if p < 1./128 || p > 0.5 {
			t.Fatalf("a frequency of %g", p)
		}
		got[int(math.Log2(p*128))]++
	}
	for i, n := range got {
		if n < 6400/6-100 || n > 6400/6+100 {
			t.Errorf("%d of 6400 variants between %g and %g", n, math.Exp2(float64(i))/128, math.Exp2(float64(i+1))/128)
		}
	}
}
