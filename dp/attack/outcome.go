package attack

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/locus-genomics/locus/dp/sample"
)

// ErrTrials is returned where there are too few trials to say anything, or a score is
// not a number.
var ErrTrials = errors.New("attack: the trials do not decide")

// Game is one trial of an attack: it makes a world in which the target is counted, or one
// in which it is not, with randomness from b alone, and gives the attacker's score.
type Game func(counted bool, b *sample.Bits) (float64, error)

// Play plays a game so many times in either world. Each trial has words of its own, so
// that trials are independent, and the same seed plays the same games.
func Play(game Game, trials int, seed [32]byte) (Outcome, error) {
	if trials < 1 {
		return Outcome{}, fmt.Errorf("%w: %d trials", ErrTrials, trials)
	}
	scores := [2][]float64{make([]float64, trials), make([]float64, trials)}
	for i := range trials {
		for world := range scores {
			b := sample.NewBits(seed, uint64(2*i+world))
			score, err := game(world == 1, b)
			if err != nil {
				return Outcome{}, fmt.Errorf("trial %d: %w", i, err)
			}
			scores[world][i] = score
		}
	}
	return NewOutcome(scores[1], scores[0])
}

// Outcome is what an attack scored, with the target counted and without.
type Outcome struct{ in, out []float64 }

// NewOutcome makes one of the scores of independent trials. It keeps them and sorts them.
// Scores that are often equal have a fraction added by chance, or the attack is taken for
// weaker than it is.
func NewOutcome(in, out []float64) (Outcome, error) {
	if len(in) == 0 || len(out) == 0 {
		return Outcome{}, fmt.Errorf("%w: %d and %d scores", ErrTrials, len(in), len(out))
	}
	for _, scores := range [][]float64{in, out} {
		if slices.ContainsFunc(scores, math.IsNaN) {
			return Outcome{}, fmt.Errorf("%w: a score is not a number", ErrTrials)
		}
		slices.Sort(scores)
	}
	return Outcome{in, out}, nil
}

// At says yes to a share of the targets who are not counted, and looks how many of those
// who are it then finds. The threshold is the score of one of the outsiders: beta laws of
// order statistics make the limits of the false positives good whatever it is.
func (o Outcome) At(fpr float64) Rates {
	k := min(max(int(fpr*float64(len(o.out))+1e-9), 0), len(o.out)-1)
	threshold := o.out[len(o.out)-1-k]
	first, _ := slices.BinarySearchFunc(o.in, threshold, func(x, t float64) int {
		if x > t {
			return 1
		}
		return -1
	})
	return Rates{Found: len(o.in) - first, Members: len(o.in), Wrong: k, Outsiders: len(o.out)}
}

// AUC is the chance that somebody who is counted scores higher than somebody who is not.
func (o Outcome) AUC() float64 {
	var wins float64
	below, upto := 0, 0
	for _, x := range o.in {
		for below < len(o.out) && o.out[below] < x {
			below++
		}
		for upto < len(o.out) && o.out[upto] <= x {
			upto++
		}
		wins += float64(below+upto) / 2
	}
	return wins / float64(len(o.in)) / float64(len(o.out))
}

// Rates is how well an attack does at one threshold.
type Rates struct {
	// Found of Members who are counted are said to be.
	Found, Members int
	// Wrong of Outsiders who are not counted are said to be, at most.
	Wrong, Outsiders int
}

// TPR is the share of true positives.
func (r Rates) TPR() float64 { return float64(r.Found) / float64(r.Members) }

// FPR is the share of false positives.
func (r Rates) FPR() float64 { return float64(r.Wrong) / float64(r.Outsiders) }

// StandardError is that of the true positives.
func (r Rates) StandardError() float64 {
	return math.Sqrt(r.TPR() * (1 - r.TPR()) / float64(r.Members))
}

// Refutes reports whether the attack did better than a claim allows: there is more than
// chance in it, but for a chance of at most 2 failure.
func (r Rates) Refutes(c Claim, failure float64) bool {
	return AtLeast(r.Found, r.Members, failure) > c.Bound(AtMost(r.Wrong, r.Outsiders, failure))
}
