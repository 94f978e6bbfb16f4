package account

import "math"

// Epsilon is the least epsilon at which rho-zCDP gives (epsilon, delta)-differential
// privacy by the tight conversion: Canonne, Kamath and Steinke 2020, corollary 13, which is
//
//	delta = inf over alpha > 1 of exp((alpha-1)(alpha rho - epsilon)) / (alpha-1) (1-1/alpha)^alpha
//
// Solved for epsilon, each alpha gives a valid one, and so does what is found here; the
// least is where the derivative is zero. It is infinite where rho or delta is out of range.
func Epsilon(rho, delta float64) float64 {
	if !(rho >= 0) || !(delta > 0) || math.IsInf(rho, 1) {
		return math.Inf(1)
	}
	if delta >= 1 || rho == 0 {
		return 0
	}
	l := math.Log(delta)
	// In a = alpha-1: epsilon(a) = (1+a) rho - (log delta + log a)/a + (1+1/a) log(a/(1+a)),
	// whose derivative is rho + (log delta + log(1+a))/a^2.
	a := root(func(a float64) float64 { return rho*a*a + l + math.Log1p(a) })
	return max(0, (1+a)*rho-(l+math.Log1p(a))/a-math.Log1p(1/a))
}

// Delta is the least delta at which rho-zCDP gives (epsilon, delta)-differential privacy by
// the same conversion. It is 1 where an argument is out of range.
func Delta(rho, epsilon float64) float64 {
	if !(rho >= 0) || !(epsilon >= 0) || math.IsInf(rho, 1) {
		return 1
	}
	if rho == 0 {
		return 0
	}
	// The derivative of the logarithm in a = alpha-1 is (2a+1) rho - epsilon + log(a/(1+a)).
	a := root(func(a float64) float64 { return (2*a+1)*rho - epsilon - math.Log1p(1/a) })
	return min(1, math.Exp(a*((1+a)*rho-epsilon)-math.Log1p(a)-a*math.Log1p(1/a)))
}

// Rho is the greatest rho at which rho-zCDP gives (epsilon, delta)-differential privacy. It
// is 0 where an argument is out of range.
func Rho(epsilon, delta float64) float64 {
	if !(epsilon > 0) || !(delta > 0 && delta < 1) || math.IsInf(epsilon, 1) {
		return 0
	}
	// Epsilon grows with rho, and is at least rho.
	low, high := 0.0, epsilon
	for Epsilon(high, delta) < epsilon {
		high *= 2
	}
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if Epsilon(middle, delta) <= epsilon {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// Pure is the rho of a release that is epsilon-differentially private:
// epsilon tanh(epsilon/2), the largest of D(alpha)/alpha of randomised response.
func Pure(epsilon float64) float64 { return epsilon * math.Tanh(epsilon/2) }

// Tau is what a sum of so many discrete Gaussian shares of a variance is worse, a number that
// is released, than one discrete Gaussian: Kairouz, Liu and Steinke 2021, theorem 1.
func Tau(shares int, variance float64) float64 {
	sum := 0.0
	for k := 1; k < shares; k++ {
		sum += math.Exp(-2 * math.Pi * math.Pi * variance * float64(k) / float64(k+1))
	}
	return 10 * sum
}

// SumOfShares is the rho of a vector to which so many shares of a variance are added: that of
// one discrete Gaussian, l2squared / (2 shares variance), and of the two bounds of the
// theorem on what it is worse the lesser.
func SumOfShares(l2squared float64, numbers, shares int, variance float64) float64 {
	return l2squared/(2*float64(shares)*variance) + excess(l2squared, numbers, shares, variance)
}

// excess is tau M, or the rest of (L2/sqrt(hs) + tau sqrt(M))^2 / 2.
func excess(l2squared float64, numbers, shares int, variance float64) float64 {
	tau, m := Tau(shares, variance), float64(numbers)
	return min(tau*m, tau*math.Sqrt(m*l2squared/(float64(shares)*variance))+tau*tau*m/2)
}

// root is where an increasing function of a positive number is zero, by bisection of its
// logarithm.
func root(f func(float64) float64) float64 {
	low, high := -300.0, 300.0 // natural logarithms: no root is beyond
	for range 200 {
		middle := low + (high-low)/2
		if middle == low || middle == high {
			break
		}
		if f(math.Exp(middle)) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(high)
}
