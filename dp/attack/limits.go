package attack

import "math"

// AtLeast is a lower limit of a chance of which so many of n trials came true: the limit
// of Clopper and Pearson (1934), which is wrong with a chance of at most failure.
func AtLeast(hits, n int, failure float64) float64 {
	if hits <= 0 {
		return 0
	}
	return solve(func(p float64) bool { return binomialTail(hits, n, p) <= failure }, false)
}

// AtMost is the upper limit.
func AtMost(hits, n int, failure float64) float64 {
	if hits >= n {
		return 1
	}
	return solve(func(p float64) bool { return 1-binomialTail(hits+1, n, p) > failure }, true)
}

// solve finds where in 0..1 a thing that is so at first is no longer. It errs to the side
// that is asked for.
func solve(so func(float64) bool, above bool) float64 {
	low, high := 0., 1.
	for range 60 {
		if middle := (low + high) / 2; so(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	if above {
		return high
	}
	return low
}

// binomialTail is the chance that at least k of n trials of chance p come true.
func binomialTail(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return incompleteBeta(float64(k), float64(n-k+1), p)
}

// incompleteBeta is the regularised incomplete beta function, by Lentz's continued
// fraction from the side where that converges fast.
func incompleteBeta(a, b, x float64) float64 {
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(b, a, 1-x)
	}
	lgamma := func(x float64) float64 { l, _ := math.Lgamma(x); return l }
	front := math.Exp(lgamma(a+b)-lgamma(a)-lgamma(b)+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny, enough = 1e-300, 1e-15
	c, d := 1., 1/keepOff(1-(a+b)*x/(a+1), tiny)
	f := d
	// It takes about the root of the larger term; nobody counts beyond 10^12 trials.
	for m := 1.; m < 1e6; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / keepOff(1+even*d, tiny)
		c = keepOff(1+even/c, tiny)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / keepOff(1+odd*d, tiny)
		c = keepOff(1+odd/c, tiny)
		f *= d * c
		if math.Abs(d*c-1) < enough {
			break
		}
	}
	return front * f
}

func keepOff(x, tiny float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}

// phi is the normal distribution, and quantile its inverse.
func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }
