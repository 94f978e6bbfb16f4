package attack_test

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

// budget is what a private release of this suite claims.
func budget() account.Budget { return account.Budget{Epsilon: 1, Delta: 1e-6} }

func seedOf(name string) [32]byte { return sha256.Sum256([]byte(name)) }

// seedFrom is a seed of its own for something within a trial.
func seedFrom(b *sample.Bits) (seed [32]byte) {
	for i := range 4 {
		binary.LittleEndian.PutUint64(seed[8*i:], b.Uint64())
	}
	return seed
}

// fraction is uniform among 0..1, for what breaks ties.
func fraction(b *sample.Bits) float64 { return float64(b.Uint64()>>11) / (1 << 53) }

// law draws how many copies of an allele some people have: a binomial law by Walker's
// aliases. It simulates only, so that floating point is near enough.
type law struct {
	first int64
	keep  []float64
	alias []int32
}

func newLaw(alleles int, p float64) law {
	mean, spread := float64(alleles)*p, math.Sqrt(float64(alleles)*p*(1-p))
	first, last := max(0, int(mean-12*spread-12)), min(alleles, int(mean+12*spread+12))
	l := law{int64(first), make([]float64, last-first+1), make([]int32, last-first+1)}
	lgamma := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	var total float64
	for i := range l.keep {
		k := first + i
		l.keep[i] = math.Exp(lgamma(alleles) - lgamma(k) - lgamma(alleles-k) + float64(k)*math.Log(p) + float64(alleles-k)*math.Log1p(-p))
		total += l.keep[i]
	}
	var small, large []int32
	for i := range l.keep {
		l.keep[i] *= float64(len(l.keep)) / total
		l.alias[i] = int32(i)
		if l.keep[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, g := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		l.alias[s] = g
		if l.keep[g] += l.keep[s] - 1; l.keep[g] < 1 {
			large = large[:len(large)-1]
			small = append(small, g)
		}
	}
	return l
}

func (l law) draw(b *sample.Bits) int64 {
	x := fraction(b) * float64(len(l.keep))
	i := int(x)
	if x-float64(i) >= l.keep[i] {
		i = int(l.alias[i])
	}
	return l.first + int64(i)
}

// world has a cohort, a target, and a release that counts the target or does not.
type world struct {
	people     int // besides the target
	reference  []float64
	population *attack.Population
	laws       []law // of runs of equal frequencies
	lawOf      []int32
	coding     attack.Coding
	noise      dp.Mechanism // none for an exact release
	claim      attack.Claim
	target     []uint8
}

// newWorld makes one whose exact release is of plain counts, and whose private one is of
// frequencies as package dp encodes them.
func newWorld(t testing.TB, variants, people int, least float64, private bool) *world {
	t.Helper()
	w := &world{people: people, reference: attack.Spectrum(variants, least), coding: attack.Plain()}
	w.target, w.lawOf = make([]uint8, variants), make([]int32, variants)
	for j, p := range w.reference {
		if j == 0 || p != w.reference[j-1] {
			w.laws = append(w.laws, newLaw(2*people, p))
		}
		w.lawOf[j] = int32(len(w.laws) - 1)
	}
	var err error
	if w.population, err = attack.NewPopulation(w.reference); err != nil {
		t.Fatal(err)
	}
	if !private {
		return w
	}
	analysis := dp.Frequency{Variants: variants}
	if w.coding, err = attack.OfFrequency(analysis); err != nil {
		t.Fatal(err)
	}
	w.noise, w.claim = calibrated(t, analysis)
	return w
}

// calibrated is the noise of one release of an analysis, and its price.
func calibrated(t testing.TB, analysis dp.Kernel) (dp.Mechanism, attack.Claim) {
	t.Helper()
	person, err := analysis.Person()
	if err != nil {
		t.Fatal(err)
	}
	noise, err := account.Calibrate(person, analysis.Coordinates(), dp.Sites{All: 1, Honest: 1}, budget())
	if err != nil {
		t.Fatal(err)
	}
	cost, err := account.Of(noise.Event())
	if err != nil {
		t.Fatal(err)
	}
	return noise, attack.Claim{Rho: float64(cost.Rho) / account.RhoUnits}
}

// cohort draws the exact sums over the people besides the target.
func (w *world) cohort(b *sample.Bits) attack.Release {
	r := attack.Release{Coding: w.coding, People: w.people, Reference: w.reference}
	r.Sums = make([]int64, len(w.reference), len(w.reference)+1)
	for j := range r.Sums {
		r.Sums[j] = w.coding.Scale*w.laws[w.lawOf[j]].draw(b) - w.coding.Centre*int64(w.people)
	}
	if w.coding.Weight != 0 {
		r.Sums = append(r.Sums, w.coding.Weight*int64(w.people))
	}
	return r
}

// count adds somebody to the sums.
func (w *world) count(r *attack.Release, person []uint8) {
	for j, g := range person {
		r.Sums[j] += w.coding.Scale*int64(g) - w.coding.Centre
	}
	if w.coding.Weight != 0 {
		r.Sums[len(r.Sums)-1] += w.coding.Weight
	}
}

// hide adds noise, if the release has any.
func (w *world) hide(r *attack.Release, seed [32]byte) error {
	if w.noise == nil {
		return nil
	}
	r.Variance = w.noise.Spread() * w.noise.Spread()
	return w.noise.Add(r.Sums, seed, 1)
}

type scorer interface{ Score(target []uint8) float64 }

// membership is the game of who has a target's genotypes and a release. Without the
// target an exact release counts a stranger instead, or how many they are would tell; a
// private one, whose claim is of one person more or less, counts nobody.
func (w *world) membership(test func(attack.Release) (scorer, error)) attack.Game {
	stranger := make([]uint8, len(w.target))
	return func(counted bool, b *sample.Bits) (float64, error) {
		w.population.Person(w.target, b)
		r := w.cohort(b)
		switch {
		case counted:
			w.count(&r, w.target)
		case w.noise == nil:
			w.population.Person(stranger, b)
			w.count(&r, stranger)
		}
		if err := w.hide(&r, seedFrom(b)); err != nil {
			return 0, err
		}
		t, err := test(r)
		if err != nil {
			return 0, err
		}
		return t.Score(w.target), nil
	}
}

func likelihoodRatio(r attack.Release) (scorer, error) { return attack.LikelihoodRatio(r) }

func homer(r attack.Release) (scorer, error) { return attack.Homer(r) }

func beacon(r attack.Release) (scorer, error) { return attack.Beacon(r, 20) }
