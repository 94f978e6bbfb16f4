package attack

import (
	"fmt"
	"math"
	"slices"
)

// BeaconTest asks of a release only whether anybody has an allele, as a beacon answers. It
// asks for the target's own alleles, the rarest first, and for so many of them.
type BeaconTest struct {
	// order are the variants from the rarest on, and worth is what their answers are.
	order   []int
	worth   []float64
	queries int
}

// mismatch is how often a genotype that is known of the target is another in the cohort.
const mismatch = 1e-6

// Beacon makes the test of Shringarpure and Bustamante (2015), with the order of Raisaro and
// others (2017). The answer is yes from half a copy on. Where there is noise, the
// attacker reckons with it.
func Beacon(r Release, queries int) (*BeaconTest, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	if queries < 1 {
		return nil, fmt.Errorf("%w: %d questions to a beacon", ErrRelease, queries)
	}
	t := &BeaconTest{make([]int, len(r.Reference)), make([]float64, len(r.Reference)), queries}
	for j := range t.order {
		t.order[j] = j
		without, with := r.no(j)
		if r.copies(j) >= 0.5 {
			t.worth[j] = math.Log1p(-with) - math.Log1p(-without)
		} else {
			t.worth[j] = math.Log(with) - math.Log(without)
		}
	}
	slices.SortStableFunc(t.order, func(a, b int) int {
		switch {
		case r.Reference[a] < r.Reference[b]:
			return -1
		case r.Reference[a] > r.Reference[b]:
			return 1
		}
		return 0
	})
	return t, nil
}

// no is how likely the answer is no, where the target is not counted and where it is.
func (r Release) no(j int) (without, with float64) {
	const least = 1e-300
	p, others := r.Reference[j], float64(r.People)
	if r.Variance == 0 {
		none := math.Pow(1-p, 2*others)
		return max(none*(1-p)*(1-p), least), max(mismatch*none, least)
	}
	scale := float64(r.Coding.Scale)
	mean := 2 * p * (others + 1)
	spread := math.Sqrt(mean*(1-p) + r.Variance/scale/scale)
	normal := func(x float64) float64 { return min(max(phi(x), least), 1-1e-15) }
	return normal((0.5 - mean) / spread), normal((0.5 - mean - 1) / spread)
}

// Score is the target's.
func (t *BeaconTest) Score(target []uint8) float64 {
	score, asked := 0., 0
	for _, j := range t.order {
		if g := target[j]; g != 1 && g != 2 {
			continue
		}
		score += t.worth[j]
		if asked++; asked == t.queries {
			break
		}
	}
	return score
}
