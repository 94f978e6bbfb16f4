// Package stat has tests of counts. HardyWeinberg and HardyWeinbergBelow tell how well
// genotypes fit their alleles.
package stat

import "math"

// tie is how much greater a probability may look than one that it equals.
const tie = 1 + 1e-9

// HardyWeinberg is the exact two-sided p-value of genotypes of two alleles under
// Hardy-Weinberg equilibrium: how likely as few, or as many, heterozygotes are as there
// are, or less likely ones, given the alleles. Wigginton, Cutler and Abecasis (2005), the
// observed case counted as a whole. It is 1 where there is nobody, and 0 where it is
// smaller than any number. The counts MUST NOT be negative.
func HardyWeinberg(het, hom1, hom2 int64) float64 {
	t := newHets(het, hom1, hom2)
	if t.people == 0 {
		return 1
	}
	// Weights are relative to that of the likeliest number of heterozygotes.
	observed := t.weight(het)
	if observed == 0 {
		return 0
	}
	likely := t.likely()
	all, tail := 0.0, 0.0
	add := func(w float64) bool {
		all += w
		if w <= observed*tie {
			tail += w
		}
		return w > observed*1e-17 // what comes after is smaller still
	}
	for h, w := likely, 1.0; h >= 0 && add(w); h -= 2 {
		w *= t.down(h)
	}
	for h, w := likely+2, t.up(likely); h <= t.rare && add(w); h += 2 {
		w *= t.up(h)
	}
	return min(1, tail/all)
}

// HardyWeinbergBelow reports whether HardyWeinberg is below a limit. It is much faster
// where it is not: the p-value is no less than the probability of what was observed.
func HardyWeinbergBelow(het, hom1, hom2 int64, limit float64) bool {
	const margin = 1e-3 // far more than the logarithm is wrong by
	t := newHets(het, hom1, hom2)
	// Of a rare allele less than half a person is expected to have two. So by Markov's
	// inequality it is no less likely than not that nobody has.
	if het == t.rare && float64(het)*float64(het) <= 2*float64(t.people) && limit <= 0.5 {
		return false
	}
	if t.log(het) > math.Log(limit)+margin {
		return false
	}
	return HardyWeinberg(het, hom1, hom2) < limit
}

// hets is the distribution of the number of heterozygotes.
type hets struct{ rare, people int64 } // copies of the rarer allele

func newHets(het, hom1, hom2 int64) hets {
	return hets{rare: het + 2*min(hom1, hom2), people: het + hom1 + hom2}
}

// likely is the likeliest number, or one next to it.
func (t hets) likely() int64 {
	h := int64(float64(t.rare) * float64(2*t.people-t.rare) / float64(2*t.people))
	return h + (h^t.rare)&1
}

// down is the probability of two heterozygotes fewer than h, by that of h.
func (t hets) down(h int64) float64 {
	r := (t.rare - h) / 2
	return float64(h) * float64(h-1) / (4 * float64(r+1) * float64(t.people-h-r+1))
}

// up is the probability of two heterozygotes more than h, by that of h.
func (t hets) up(h int64) float64 {
	r := (t.rare - h) / 2
	return 4 * float64(r) * float64(t.people-h-r) / (float64(h+2) * float64(h+1))
}

// weight is the probability of h heterozygotes, by that of the likeliest number.
func (t hets) weight(h int64) float64 {
	w := 1.0
	for at := t.likely(); at > h && w > 0; at -= 2 {
		w *= t.down(at)
	}
	for at := t.likely(); at < h && w > 0; at += 2 {
		w *= t.up(at)
	}
	return w
}

// log is the logarithm of the probability of h heterozygotes.
func (t hets) log(h int64) float64 {
	r := (t.rare - h) / 2
	return float64(h)*math.Ln2 + factorial(t.people) - factorial(h) - factorial(r) - factorial(t.people-h-r) +
		factorial(t.rare) + factorial(2*t.people-t.rare) - factorial(2*t.people)
}

// factorial is the logarithm of n!, wrong by less than one in a hundred thousand: by
// Stirling's series, or from scratch where that is not near enough.
func factorial(n int64) float64 {
	x := float64(n)
	if n < 10 {
		l, _ := math.Lgamma(x + 1)
		return l
	}
	l := math.Log(x)
	return x*l - x + l/2 + halfLogTau + 1/(12*x)
}

// halfLogTau is half the logarithm of 2 pi.
const halfLogTau = 0.91893853320467274178
