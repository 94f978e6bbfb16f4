package attack

import (
	"fmt"
	"math"
)

// Claim is what a release says of itself. The zero value claims nothing, as an exact
// release does.
type Claim struct {
	// Rho is of zero-concentrated differential privacy.
	Rho float64
	// Epsilon is of pure differential privacy.
	Epsilon float64
}

func (c Claim) String() string {
	switch {
	case c.Epsilon > 0:
		return fmt.Sprintf("epsilon %.4g", c.Epsilon)
	case c.Rho > 0:
		return fmt.Sprintf("rho %.4g", c.Rho)
	}
	return "none"
}

// Times is the claim of so many releases together, each of this claim.
func (c Claim) Times(k int) Claim { return Claim{c.Rho * float64(k), c.Epsilon * float64(k)} }

// Bound is the largest share of true positives that any attack can have, whatever it
// knows and reckons, at a share of false positives.
//
// Saying yes or no is a function of the release. So the Rényi divergences between a
// yes with the target and a yes without, in either direction, are at most those of the
// release: alpha rho for each alpha above 1. That is tighter than to go by way of epsilon
// and delta, and does not share the accountant's arithmetic.
func (c Claim) Bound(fpr float64) float64 {
	best := 1.
	if c.Epsilon > 0 {
		best = min(math.Exp(c.Epsilon)*fpr, 1-math.Exp(-c.Epsilon)*(1-fpr))
	}
	if c.Rho <= 0 || fpr >= 1 {
		return best
	}
	// Each alpha gives a valid bound. The best is looked for in strides, and then between
	// the neighbours of the best stride.
	at := func(x float64) float64 { return c.order(1+math.Exp2(x), fpr) }
	middle := 0.
	for x := -12.; x <= 14; x++ {
		if b := at(x); b < best {
			best, middle = b, x
		}
	}
	low, high := middle-1, middle+1
	for range 40 {
		a, b := low+(high-low)/3, high-(high-low)/3
		left, right := at(a), at(b)
		if best = min(best, left, right); left < right {
			high = b
		} else {
			low = a
		}
	}
	return best
}

// order is the bound by the divergence of order alpha alone.
func (c Claim) order(alpha, fpr float64) float64 {
	low, high := fpr, 1.
	for range 60 {
		p := (low + high) / 2
		if max(renyi(alpha, p, fpr), renyi(alpha, fpr, p)) <= alpha*c.Rho {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// Advantage is the most by which true positives can exceed false ones. A guess at a bit that
// is as often 0 as 1 is right with a chance of at most (1 + Advantage) / 2.
func (c Claim) Advantage() float64 {
	// Bound is concave, so that a search by thirds finds its greatest distance.
	low, high := 0., 1.
	for range 60 {
		a, b := low+(high-low)/3, high-(high-low)/3
		if c.Bound(a)-a < c.Bound(b)-b {
			low = a
		} else {
			high = b
		}
	}
	return c.Bound(low) - low
}

// renyi is the divergence of order alpha between two coins.
func renyi(alpha, p, q float64) float64 {
	term := func(p, q float64) float64 {
		if p == 0 {
			return math.Inf(-1)
		}
		return alpha*math.Log(p) + (1-alpha)*math.Log(q)
	}
	a, b := term(p, q), term(1-p, 1-q)
	if a < b {
		a, b = b, a
	}
	return (a + math.Log1p(math.Exp(b-a))) / (alpha - 1)
}
