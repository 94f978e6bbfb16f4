package dp

import (
	"fmt"
	"math"
	"slices"
)

// Estimate is what noisy counts tell of one variant.
type Estimate struct {
	// AF is the frequency, between 0 and 1; it is no number where nobody seems to be called.
	AF float64
	// AN and AC are called alleles and copies, with 0 <= AC <= AN.
	AC, AN float64
	// Error is the standard deviation of AF from noise alone.
	Error float64
	// Low and High hold the frequency among the people who were counted.
	Low, High float64
	// From and To hold the frequency in the population that they were drawn from.
	From, To float64
}

// Table is what a researcher makes of the sum of noisy vectors.
type Table struct {
	// People is an estimate of how many were counted.
	People    float64
	Estimates []Estimate
}

// Decode makes estimates of the sum over all sites, whose noise has a known standard
// deviation, with intervals of a confidence such as 0.95. It looks at nothing but the
// release, so that it costs nothing.
func (f Frequency) Decode(sum []int64, spread, confidence float64) (Table, error) {
	if _, err := f.Person(); err != nil {
		return Table{}, err
	}
	z, err := checkDecode(len(sum), f.Coordinates(), spread, confidence)
	if err != nil {
		return Table{}, err
	}
	t := Table{People: float64(sum[len(sum)-1]) / float64(f.weight()), Estimates: make([]Estimate, f.Variants)}
	for i := range t.Estimates {
		an := 2 * t.People
		if f.Missing {
			an -= float64(sum[f.Variants+i])
		}
		t.Estimates[i] = estimate(float64(sum[i]), an, spread, math.Sqrt(f.anVariance())*spread, z)
	}
	t.People = max(0, t.People)
	return t, nil
}

// checkDecode gives how many standard deviations a confidence is.
func checkDecode(length, want int, spread, confidence float64) (z float64, err error) {
	if length != want {
		return 0, fmt.Errorf("%w: %d numbers, want %d", ErrLength, length, want)
	}
	if !(spread >= 0) || math.IsInf(spread, 1) || !(confidence > 0 && confidence < 1) {
		return 0, fmt.Errorf("%w: noise of standard deviation %g, confidence %g", ErrPrecision, spread, confidence)
	}
	return math.Sqrt2 * math.Erfinv(confidence), nil
}

// unknown is the estimate where nobody seems to be called.
func unknown() Estimate { return Estimate{AF: math.NaN(), Error: math.Inf(1), High: 1, To: 1} }

// estimate is that of x = 2 AC - AN and of AN, with independent errors.
func estimate(x, an, xError, anError, z float64) Estimate {
	if an <= 0 {
		return unknown()
	}
	r := max(-1, min(1, x/an)) // 2 AF - 1
	e := Estimate{AF: (1 + r) / 2, AN: an, AC: an * (1 + r) / 2}
	e.Error = math.Hypot(xError, r*anError) / 2 / an
	low, high := fieller(x, an, z*xError, z*anError, -1, 1)
	e.Low, e.High = (1+low)/2, (1+high)/2
	return e.widen(z)
}

// widen adds Wilson's interval with noise: the frequencies for which the one that was seen
// is within z standard deviations of noise and of drawing AN alleles.
func (e Estimate) widen(z float64) Estimate {
	a, b := 1+z*z/e.AN, e.AF+z*z/e.AN/2
	root := math.Sqrt(max(0, b*b-a*(e.AF*e.AF-z*z*e.Error*e.Error)))
	e.From, e.To = max(0, min((b-root)/a, e.Low)), min(1, max((b+root)/a, e.High))
	return e
}

// fieller is the interval of the ratios r between two for which x - r y is within its own
// error. It covers the true ratio as often as the error says, however small y is.
func fieller(x, y, xError, yError, from, to float64) (low, high float64) {
	// r^2 (y^2 - yError^2) - 2 r x y + x^2 - xError^2 <= 0
	a, b, c := y*y-yError*yError, x*y, x*x-xError*xError
	if a <= 0 { // y could be zero
		return from, to
	}
	root := math.Sqrt(max(0, b*b-a*c))
	low, high = (b-root)/a, (b+root)/a
	// Where all of them lie outside, what is nearest.
	return max(from, min(to, low)), min(to, max(from, high))
}

// Shrink draws a frequency towards that of a public reference, whose own error is how far the
// cohort's frequencies usually are from it. Where that is right, the error is less than
// either's.
func Shrink(e Estimate, reference, referenceError float64) Estimate {
	if math.IsNaN(e.AF) || math.IsInf(e.Error, 1) {
		e.AF, e.Error = reference, referenceError
		return e
	}
	noise, other := e.Error*e.Error, referenceError*referenceError
	if noise+other == 0 {
		return e
	}
	weight := other / (noise + other)
	e.AF = max(0, min(1, weight*e.AF+(1-weight)*reference))
	e.AC = e.AF * e.AN
	e.Error = math.Sqrt(weight) * e.Error
	return e
}

// Simplex replaces noisy counts by the nearest that are not negative and add up to a total:
// those of genotypes to the people who have one. (Held, Wolfe and Crowder 1974)
func Simplex(counts []float64, total float64) []float64 {
	if len(counts) == 0 || !(total > 0) {
		return make([]float64, len(counts))
	}
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b float64) int {
		if a > b {
			return -1
		}
		return 1
	})
	sum, less := 0.0, 0.0
	for i, x := range sorted {
		sum += x
		if l := (sum - total) / float64(i+1); x > l {
			less = l
		}
	}
	nearest := make([]float64, len(counts))
	for i, x := range counts {
		nearest[i] = max(0, x-less)
	}
	return nearest
}
