package attack

import "math"

// Test scores genotypes: the higher, the likelier the target is among the people counted.
// It has one row for each variant, with what each genotype is worth there; NoCall is
// worth nothing.
type Test struct {
	worth [][4]float64
	// count is what the number of people is worth, for everybody alike.
	count float64
}

// Score is the target's.
func (t *Test) Score(target []uint8) float64 {
	score := t.count
	for j, g := range target[:len(t.worth)] {
		score += t.worth[j][g&3]
	}
	return score
}

// LikelihoodRatio is the strongest test of whether somebody is in a release.
//
// Of an exact one it is that of Sankararaman and others (2009): g ln(q/p) + (2-g)
// ln((1-q)/(1-p)) over all variants, where q is released and p is the population's.
//
// Of a noised one it is the ratio of two normal laws: of the sums with the target, and of
// the sums without. Of somebody whose fellows are all known, it is the ratio of the
// noise's law to itself, moved by the target's part, and no test is stronger.
func LikelihoodRatio(r Release) (*Test, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	t := &Test{worth: make([][4]float64, len(r.Reference))}
	if r.Variance == 0 && r.People > 0 {
		for j, p := range r.Reference {
			q := r.frequency(j)
			alt, ref := math.Log(q/p), math.Log((1-q)/(1-p))
			t.worth[j] = [4]float64{2 * ref, alt + ref, 2 * alt}
		}
		return t, nil
	}
	others, scale := float64(r.People), float64(r.Coding.Scale)
	for j, p := range r.Reference {
		surprise := float64(r.Sums[j]) - others*(2*p*scale-float64(r.Coding.Centre))
		variance := r.variance() + others*scale*scale*2*p*(1-p)
		for g := range 3 {
			part := r.Coding.part(g)
			t.worth[j][g] = (surprise - part/2) * part / variance
		}
	}
	if w := float64(r.Coding.Weight); w != 0 {
		t.count = (float64(r.Sums[len(r.Reference)]) - w*others - w/2) * w / r.variance()
	}
	return t, nil
}

// variance is that of the noise, or of rounding where there is none.
func (r Release) variance() float64 { return max(r.Variance, 1./12) }

// Homer is the test of Homer and others (2008): whether the target is nearer to the
// released frequencies than to the population's.
func Homer(r Release) (*Test, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	t := &Test{worth: make([][4]float64, len(r.Reference))}
	for j, p := range r.Reference {
		q := r.frequency(j)
		for g := range 3 {
			own := float64(g) / 2
			t.worth[j][g] = math.Abs(own-p) - math.Abs(own-q)
		}
	}
	return t, nil
}

// WorstCase are the genotypes of the person whom a coding protects least: at each variant
// those that add most, in either direction.
func WorstCase(c Coding, variants int) []uint8 {
	worst := uint8(0)
	for g := range 3 {
		if math.Abs(c.part(g)) >= math.Abs(c.part(int(worst))) {
			worst = uint8(g)
		}
	}
	target := make([]uint8, variants)
	for j := range target {
		target[j] = worst
	}
	return target
}
