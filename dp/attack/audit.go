package attack

import (
	"fmt"
	"math"
)

// thresholds is among how many thresholds an audit looks for its best. Each of them, and
// each limit at it, has its part of the chance of failure.
const thresholds = 64

// AuditPure is a lower limit of the epsilon of pure differential privacy that a mechanism
// has: what it is above is wrong with a chance of at most failure, whatever the mechanism.
// A mechanism whose claim is below it is broken.
func AuditPure(o Outcome, failure float64) float64 {
	found := 0.
	o.search(failure, func(tpr, fpr float64) {
		found = max(found, math.Log(tpr/fpr), math.Log((1-fpr)/(1-tpr)))
	})
	return found
}

// AuditGaussian is a lower limit of the mu of Gaussian differential privacy (Dong, Roth and
// Su 2022): how many standard deviations of its noise one person moves a Gaussian
// mechanism. That it is one is taken for granted, which makes much of few trials
// (Nasr and others 2023).
func AuditGaussian(o Outcome, failure float64) float64 {
	found := 0.
	o.search(failure, func(tpr, fpr float64) {
		if tpr > 0 && fpr < 1 {
			found = max(found, quantile(tpr)-quantile(fpr))
		}
	})
	return found
}

func (o Outcome) search(failure float64, look func(tpr, fpr float64)) {
	failure /= 2 * thresholds
	for i := range thresholds {
		r := o.At((float64(i) + 0.5) / thresholds)
		look(AtLeast(r.Found, r.Members, failure), AtMost(r.Wrong, r.Outsiders, failure))
	}
}

// AuditOneRun is a lower limit of epsilon from a single release (Steinke, Nasr and
// Jagielski 2023, for delta 0). Each of many canaries was counted or not by the toss of a
// coin; of the guesses at some of these tosses so many were right.
func AuditOneRun(right, guesses int, failure float64) (float64, error) {
	if guesses < 1 || right < 0 || right > guesses {
		return 0, fmt.Errorf("%w: %d right of %d guesses", ErrTrials, right, guesses)
	}
	low, high := 0., 512.
	for range 60 {
		// Lower ones than this are refuted, if this one is.
		if middle := (low + high) / 2; binomialTail(right, guesses, 1/(1+math.Exp(-middle))) <= failure {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}
