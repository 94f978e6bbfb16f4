package account

import "math"

// GaussianDelta is the exact delta at epsilon of a Gaussian whose sensitivity is mu of its
// standard deviations (Balle and Wang 2018): no noise of this rho, mu^2/2, is better, and
// a discrete Gaussian is within a thousandth of it. It is shown beside what is charged.
func GaussianDelta(mu, epsilon float64) float64 {
	if !(mu >= 0) || math.IsInf(mu, 1) || math.IsNaN(epsilon) {
		return 1
	}
	if mu == 0 {
		return max(0, -math.Expm1(epsilon))
	}
	return max(0, upper(epsilon/mu-mu/2)-math.Exp(epsilon)*upper(epsilon/mu+mu/2))
}

// GaussianEpsilon is the exact epsilon at delta.
func GaussianEpsilon(mu, delta float64) float64 {
	if !(mu >= 0) || math.IsInf(mu, 1) || !(delta > 0) {
		return math.Inf(1)
	}
	if GaussianDelta(mu, 0) <= delta {
		return 0
	}
	high := 1.0
	for GaussianDelta(mu, high) > delta {
		high *= 2
	}
	return bisect(0, high, func(e float64) bool { return GaussianDelta(mu, e) > delta })
}

// GaussianSpread is the least standard deviation, in units of the sensitivity, at which a
// Gaussian is (epsilon, delta)-differentially private. It is infinite where an argument
// is out of range.
func GaussianSpread(epsilon, delta float64) float64 {
	if !(epsilon >= 0) || !(delta > 0 && delta < 1) {
		return math.Inf(1)
	}
	high := 1.0
	for GaussianDelta(1/high, epsilon) > delta {
		high *= 2
	}
	return bisect(0, high, func(s float64) bool { return GaussianDelta(1/s, epsilon) > delta })
}

// maxDiscrete bounds the variance that DiscreteGaussianDelta adds up.
const maxDiscrete = 1e8

// DiscreteGaussianDelta is the exact delta at epsilon of one discrete Gaussian of a variance
// whose answer changes by a whole number (Canonne, Kamath and Steinke 2020, theorem 7).
// Above a variance of 10^8 it is GaussianDelta, of which it is within 1 in 10^8 there.
func DiscreteGaussianDelta(variance float64, change int64, epsilon float64) float64 {
	if !(variance > 0) || change < 0 || math.IsNaN(epsilon) {
		return 1
	}
	if change == 0 || variance > maxDiscrete {
		return GaussianDelta(float64(change)/math.Sqrt(variance), epsilon)
	}
	at := epsilon * variance / float64(change)
	half := float64(change) / 2
	// Tails of x > at-half, and of x > at+half.
	total := lattice(variance, math.Inf(-1))
	return max(0, (lattice(variance, at-half)-math.Exp(epsilon)*lattice(variance, at+half))/total)
}

// lattice adds up exp(-x^2 / (2 variance)) over the integers above a number, smallest first.
func lattice(variance, above float64) float64 {
	most := math.Ceil(40*math.Sqrt(variance)) + 40
	from := max(-most, math.Floor(above)+1)
	sum, lost := 0.0, 0.0
	for x := most; x >= from; x-- {
		term := math.Exp(-x*x/2/variance) - lost // Kahan's sum
		next := sum + term
		lost = (next - sum) - term
		sum = next
	}
	return sum
}

// upper is the chance that a standard normal is above x.
func upper(x float64) float64 { return math.Erfc(x/math.Sqrt2) / 2 }

// bisect is the least number between two at which too is false.
func bisect(low, high float64, too func(float64) bool) float64 {
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if too(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}
