package attack_test

import (
	"encoding/binary"
	"flag"
	"math"
	"os"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

var (
	times = flag.Int("times", 1, "play each game so many times as often")
	table = flag.String("table", "", "write the table of attacks to this file, as Markdown")
)

// failure is the chance of each limit to be wrong. There are two for each of some ten games: a
// sound mechanism fails with a chance of less than one in 100,000 for a seed that is
// chosen at random, and these are chosen once.
const failure = 1e-7

// line is an attack with its positive control.
type line struct {
	name string
	// control is what the attack succeeds on: at least floor of the targets at 5 % false
	// positives.
	control        string
	exact, private func(*testing.T) (attack.Game, attack.Claim)
	floor          float64
	// trials of either, before the flag.
	exactly, privately int
	// sharp is whether no attack is better.
	sharp bool
}

func TestEveryAttackSucceedsOnAnExactReleaseAndStaysBelowTheBoundOnAPrivateOne(t *testing.T) {
	var findings []attack.Finding
	for _, l := range []line{
		memberLine("likelihood ratio, N 1000, M 10000", likelihoodRatio, 1000, 10000, 0.05, 0.85, 3000),
		memberLine("Homer, N 1000, M 10000", homer, 1000, 10000, 0.05, 0.70, 1500),
		memberLine("beacon, 20 questions, N 100, M 10000", beacon, 100, 10000, 0.001, 0.95, 1500),
		{"differencing, N 1000, M 1000", "exact", differencing(false), differencing(true), 1, 500, 5000, false},
		{"averaging 256 answers, M 20", "new noise, no charge", averaging(false), averaging(true), 0.90, 300, 1000, false},
		{"reconstruction, n 64, m 256", "exact", reconstruction(0), reconstruction(1), 1, 2000, 10000, false},
		{"reconstruction, n 64, m 1024", "exact", reconstruction(0), reconstruction(4), 1, 1000, 4000, false},
		{"worst-case genome, M 100", "exact", worstCase(false), worstCase(true), 1, 1000, 100000, true},
	} {
		t.Run(l.name, func(t *testing.T) {
			game, _ := l.exact(t)
			exact := play(t, game, l.exactly, l.name+", exact")
			game, claim := l.private(t)
			private := play(t, game, l.privately, l.name+", private")
			l.judge(t, exact, private, claim)
			findings = append(findings, attack.Finding{Attack: l.name, Release: l.control, Outcome: exact},
				attack.Finding{Attack: l.name, Release: "private", Outcome: private, Claim: claim})
		})
	}
	writeTable(t, findings)
}

func (l line) judge(t *testing.T, exact, private attack.Outcome, claim attack.Claim) {
	t.Helper()
	if r := exact.At(0.05); r.TPR() < l.floor {
		t.Errorf("the control: %.1f %% of targets found, want at least %.1f %%; the attack shows nothing", 100*r.TPR(), 100*l.floor)
	}
	if !exact.At(0.05).Refutes(claim, failure) {
		t.Errorf("the control would not have refuted a claim of %v", claim)
	}
	for _, fpr := range []float64{0.5, 0.2, 0.05, 0.01, 0.001} {
		if r := private.At(fpr); r.Refutes(claim, failure) {
			t.Errorf("the private release: %d of %d found at %d of %d false ones, which a claim of %v does not allow",
				r.Found, r.Members, r.Wrong, r.Outsiders, claim)
		}
	}
	r, bound := private.At(0.05), claim.Bound(0.05)
	if r.TPR() > bound+3*r.StandardError() {
		t.Errorf("the private release: %.2f %% found at 5 %% false ones, want at most three standard errors above %.2f %%", 100*r.TPR(), 100*bound)
	}
	// Of a Gaussian mechanism of this price no attack finds more.
	gaussian := normal(quantile(0.05) + math.Sqrt(2*claim.Rho))
	if l.sharp && r.TPR() < 0.95*gaussian {
		t.Errorf("the private release: %.2f %% found at 5 %% false ones, want nearly %.2f %%; the best attack is not that good, or the noise is too wide",
			100*r.TPR(), 100*gaussian)
	}
}

func play(t *testing.T, game attack.Game, trials int, name string) attack.Outcome {
	t.Helper()
	o, err := attack.Play(game, trials**times, seedOf(name))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func writeTable(t *testing.T, findings []attack.Finding) {
	t.Helper()
	if *table == "" {
		return
	}
	f, err := os.Create(*table)
	if err != nil {
		t.Fatal(err)
	}
	if err := attack.Markdown(f, findings); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// memberLine is an attack by somebody's genotypes on a release of many variants.
func memberLine(name string, test func(attack.Release) (scorer, error), people, variants int, least, floor float64, trials int) line {
	member := func(private bool) func(*testing.T) (attack.Game, attack.Claim) {
		return func(t *testing.T) (attack.Game, attack.Claim) {
			w := newWorld(t, variants, people, least, private)
			return w.membership(test), w.claim
		}
	}
	return line{name, "exact", member(false), member(true), floor, 500, trials, false}
}

// differencing has the release of a cohort, and that of the same with the target, or again
// without. The exact answers are the same in the latter case.
func differencing(private bool) func(*testing.T) (attack.Game, attack.Claim) {
	return func(t *testing.T) (attack.Game, attack.Claim) {
		w := newWorld(t, 1000, 1000, 0.05, private)
		return func(counted bool, b *sample.Bits) (float64, error) {
			w.population.Person(w.target, b)
			without := w.cohort(b)
			with := without
			with.Sums = append([]int64(nil), without.Sums...)
			if counted {
				w.count(&with, w.target)
			}
			if err := w.hide(&without, seedFrom(b)); err != nil {
				return 0, err
			}
			if err := w.hide(&with, seedFrom(b)); err != nil {
				return 0, err
			}
			d, err := attack.Difference(with, without)
			if err != nil {
				return 0, err
			}
			test, err := attack.LikelihoodRatio(d)
			if err != nil {
				return 0, err
			}
			return test.Score(w.target), nil
		}, w.claim // of the one that the target may be in
	}
}

// averaging has 256 answers to one question about the worst case, each with the seed that a
// site derives. The control is a site that takes each asking for a release of its own,
// and does not charge for it.
func averaging(replayed bool) func(*testing.T) (attack.Game, attack.Claim) {
	return func(t *testing.T) (attack.Game, attack.Claim) {
		w := newWorld(t, 20, 0, 0.05, true)
		target := attack.WorstCase(w.coding, len(w.reference))
		return func(counted bool, b *sample.Bits) (float64, error) {
			exact := w.cohort(b)
			if counted {
				w.count(&exact, target)
			}
			key, release := seedFrom(b), seedFrom(b)
			answers := make([]attack.Release, 256)
			for i := range answers {
				if !replayed {
					binary.LittleEndian.PutUint32(release[:], uint32(i))
				}
				answers[i] = exact
				answers[i].Sums = append([]int64(nil), exact.Sums...)
				if err := w.hide(&answers[i], dp.Seed(key, release, exact.Sums)); err != nil {
					return 0, err
				}
			}
			r, err := attack.Repeated(answers...)
			if err != nil {
				return 0, err
			}
			test, err := attack.LikelihoodRatio(r)
			if err != nil {
				return 0, err
			}
			return test.Score(target), nil
		}, w.claim
	}
}

// worstCase has a release of which all but the target's part is known.
func worstCase(private bool) func(*testing.T) (attack.Game, attack.Claim) {
	return func(t *testing.T) (attack.Game, attack.Claim) {
		w := newWorld(t, 100, 0, 0.05, private)
		target := attack.WorstCase(w.coding, len(w.reference))
		return func(counted bool, b *sample.Bits) (float64, error) {
			r := w.cohort(b)
			if counted {
				w.count(&r, target)
			}
			if err := w.hide(&r, seedFrom(b)); err != nil {
				return 0, err
			}
			test, err := attack.LikelihoodRatio(r)
			if err != nil {
				return 0, err
			}
			return test.Score(target), nil
		}, w.claim
	}
}
