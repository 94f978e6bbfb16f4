package account_test

import (
	"math"
	"math/big"
)

// Here are the accountants of others. They give the rows of the reference that the product
// does not need: what is charged is held against them.

// epsilonAt converts a Rényi divergence at one order.
func epsilonAt(alpha, divergence, delta float64) float64 {
	return divergence + math.Log1p(-1/alpha) - math.Log(delta*alpha)/(alpha-1)
}

// pureAt is the Rényi divergence at alpha of randomised response.
func pureAt(epsilon, alpha float64) float64 {
	p := 1 / (1 + math.Exp(-epsilon))
	return math.Log(math.Pow(p, alpha)*math.Pow(1-p, 1-alpha)+math.Pow(1-p, alpha)*math.Pow(p, 1-alpha)) / (alpha - 1)
}

// skellam is the bound of Agarwal, Kairouz and Liu 2021 on the divergence of Skellam noise.
func skellam(alpha, variance, l1, l2squared float64) float64 {
	correction := min(((2*alpha-1)*l2squared+6*l1)/(4*variance*variance), 3*l1/(2*variance))
	return alpha*l2squared/(2*variance) + correction
}

// optimalPureDelta is the exact delta of k releases of pure epsilon each: Kairouz, Oh and
// Viswanath 2015. It is summed at 200 bits, since its terms nearly cancel.
func optimalPureDelta(each float64, k int, epsilon float64) float64 {
	sum, p := new(big.Float).SetPrec(200), math.Exp(each)/(1+math.Exp(each))
	for l := 0; l <= k; l++ {
		loss := float64(2*l-k) * each
		if loss <= epsilon {
			continue
		}
		c, _ := new(big.Float).SetInt(new(big.Int).Binomial(int64(k), int64(l))).Float64()
		term := c * math.Pow(p, float64(l)) * math.Pow(1-p, float64(k-l)) * -math.Expm1(epsilon-loss)
		sum.Add(sum, big.NewFloat(term))
	}
	delta, _ := sum.Float64()
	return delta
}

// optimalPure is the exact epsilon.
func optimalPure(each float64, k int, delta float64) float64 {
	low, high := 0.0, each*float64(k)
	for range 200 {
		if middle := (low + high) / 2; optimalPureDelta(each, k, middle) > delta {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// loss is a distribution of the privacy loss, on multiples of 1/scale.
type loss struct {
	scale float64
	from  int
	p     []float64
}

// laplaceLoss is that of k releases with discrete Laplace noise. Its loss at x is
// (|x-change| - |x|) / scale, so that all of them lie on multiples of 1/scale.
func laplaceLoss(scale float64, change, k int) loss {
	one := loss{scale, -change, make([]float64, 2*change+1)}
	q := math.Exp(-1 / scale)
	at := func(x int) float64 { return (1 - q) / (1 + q) * math.Pow(q, math.Abs(float64(x))) }
	one.p[2*change] = 1 / (1 + q)                     // x <= 0
	one.p[0] = math.Pow(q, float64(change)) / (1 + q) // x >= change
	for x := 1; x < change; x++ {
		one.p[2*change-2*x] += at(x)
	}
	all := one
	for range k - 1 {
		next := loss{scale, all.from + one.from, make([]float64, len(all.p)+len(one.p)-1)}
		for i, a := range all.p {
			for j, b := range one.p {
				next.p[i+j] += a * b
			}
		}
		all = next
	}
	return all
}

func (l loss) delta(epsilon float64) float64 {
	sum := 0.0
	for i, p := range l.p {
		if x := float64(l.from+i) / l.scale; x > epsilon {
			sum -= p * math.Expm1(epsilon-x)
		}
	}
	return sum
}

func (l loss) epsilon(delta float64) float64 {
	low, high := 0.0, float64(-l.from)/l.scale
	for range 200 {
		if middle := (low + high) / 2; l.delta(middle) > delta {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
