package sample

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// ErrScores is returned when there is nothing to choose from, or scores are too far
// apart to be weighed.
var ErrScores = errors.New("sample: the scores cannot be chosen from")

// Select chooses one of the scores, i with a chance that is proportional to
// exp(scores[i] * weight), exactly: the exponential mechanism. A uniform candidate is
// kept with a chance of exp((scores[i]-best) * weight), or another is tried. How long that
// takes depends on the scores, so that who waits for it MUST wait for a fixed time.
func Select(scores []int64, weight Ratio, b *Bits) (int, error) {
	if len(scores) == 0 {
		return 0, fmt.Errorf("%w: there are none", ErrScores)
	}
	if weight.Den == 0 {
		return 0, fmt.Errorf("%w: a weight of %v", ErrParameter, weight)
	}
	best := slices.Max(scores)
	// The difference of two int64 fits in a uint64.
	if over, _ := bits.Mul64(uint64(best)-uint64(slices.Min(scores)), weight.Num); over != 0 {
		return 0, fmt.Errorf("%w: their range times %d is more than 2^64; use a coarser weight", ErrScores, weight.Num)
	}
	for {
		i := int(b.Below(uint64(len(scores))))
		if b.BernoulliExp((uint64(best)-uint64(scores[i]))*weight.Num, weight.Den) {
			return i, nil
		}
	}
}
