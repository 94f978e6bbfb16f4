package synth

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// chromosome is one contig of GRCh38 and the part of it where variants are placed.
type chromosome struct {
	name     string
	length   int
	from, to int
	ploidy   ploidy
}

// ploidy is who has how many copies.
type ploidy int

const (
	two      ploidy = iota
	sexBound        // one in males, two in females
	one
)

// chromosomes are in the order of a panel. X is used between its pseudo-autosomal
// regions, in GRCh37 and GRCh38 alike.
func chromosomes() []chromosome {
	return []chromosome{
		{"1", 248_956_422, 1_000_000, 248_000_000, two},
		{"2", 242_193_529, 1_000_000, 242_000_000, two},
		{"7", 159_345_973, 1_000_000, 159_000_000, two},
		{"11", 135_086_622, 1_000_000, 135_000_000, two},
		{"17", 83_257_441, 1_000_000, 83_000_000, two},
		{"22", 50_818_468, 17_000_000, 50_000_000, two},
		{"X", 156_040_895, 3_000_000, 154_000_000, sexBound},
		{"MT", 16_569, 50, 16_500, one},
	}
}

// variant is one variant and how common it is in each population.
type variant struct {
	contig   int // in chromosomes
	pos      int
	ref, alt string
	// frequency of ALT in each population.
	frequency [populations]float64
	// absent is the site that did not assay it, or -1.
	absent int
	// missing is the share of people without a call.
	missing float64
}

// share is how many of n variants stand on each chromosome: by length, but for MT,
// which has few places, and with one on each where n allows.
func share(n int, list []chromosome) []int {
	total := 0
	for _, c := range list {
		total += c.to - c.from
	}
	counts := make([]int, len(list))
	left := n
	for i := len(list) - 1; i >= 0; i-- {
		if i == 0 {
			counts[0] = left
			break
		}
		want := int(math.Ceil(float64(n) * float64(list[i].to-list[i].from) / float64(total)))
		if list[i].ploidy == one {
			want = min(max(1, n/500), (list[i].to-list[i].from)/100)
		}
		counts[i] = min(want, left)
		left -= counts[i]
	}
	return counts
}

// makeVariants draws the panel, sorted.
func makeVariants(rng *rand.Rand, c Config) []variant {
	list := make([]variant, 0, c.Variants)
	chroms := chromosomes()
	for i, n := range share(c.Variants, chroms) {
		chrom := chroms[i]
		if n == 0 {
			continue
		}
		// Steps of 1 to 2*mean-1 never leave the chromosome for long; the last ones
		// are held to what is left.
		mean := max(1, (chrom.to-chrom.from)/n)
		pos := chrom.from
		for k := range n {
			pos += 1 + rng.IntN(2*mean-1)
			if room := chrom.to - (n - 1 - k); pos > room {
				pos = room
			}
			v := variant{contig: i, pos: pos, absent: -1}
			v.ref, v.alt = makeAlleles(rng)
			v.frequency = makeFrequencies(rng)
			v.missing = 0.002
			if rng.IntN(20) == 0 {
				v.missing = 0.05 * rng.Float64()
			}
			if c.Sites > 1 && rng.IntN(50) == 0 {
				v.absent = rng.IntN(c.Sites)
			}
			list = append(list, v)
		}
	}
	return list
}

const bases = "ACGT"

// makeAlleles draws a change of one base, nine times in ten, with two transitions for
// each transversion; otherwise a deletion or an insertion of up to eight.
func makeAlleles(rng *rand.Rand) (ref, alt string) {
	r := rng.IntN(4)
	ref = bases[r : r+1]
	switch k := rng.IntN(20); {
	case k == 0 || k == 1:
		// The first base after the one that both share is not that one, so that
		// neither spelling can be moved to the left.
		long := []byte{ref[0], bases[(r+1+rng.IntN(3))%4]}
		for range rng.IntN(8) {
			long = append(long, bases[(r+1+rng.IntN(3))%4])
		}
		if k == 0 {
			return string(long), ref
		}
		return ref, string(long)
	case k < 14:
		a := r ^ 2 // A <-> G, C <-> T
		return ref, bases[a : a+1]
	}
	a := (r + 1 + 2*rng.IntN(2)) % 4
	return ref, bases[a : a+1]
}

// populations is how many ancestries there are, fst how far each has drifted.
const populations = 4

func fst() [populations]float64 { return [...]float64{0.01, 0.03, 0.08, 0.14} }

// makeFrequencies draws the frequency of ALT in every population around an ancestral
// one, which is spread evenly over orders of magnitude from 1 in 5,000 to one half.
// In one variant of thirty ALT is the common allele.
func makeFrequencies(rng *rand.Rand) (f [populations]float64) {
	p := 0.0002 * math.Exp(rng.Float64()*math.Log(0.5/0.0002))
	if rng.IntN(30) == 0 {
		p = 1 - p
	}
	for k, drift := range fst() {
		n := (1 - drift) / drift
		f[k] = beta(rng, p*n, (1-p)*n)
	}
	return f
}

// beta draws from Beta(a, b).
func beta(rng *rand.Rand, a, b float64) float64 {
	x, y := gamma(rng, a), gamma(rng, b)
	if x+y == 0 {
		return 0 // both shapes are tiny: the allele was lost
	}
	return x / (x + y)
}

// gamma draws from Gamma(shape, 1): Marsaglia and Tsang 2000, with their boost for a
// shape below 1.
func gamma(rng *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(rng, shape+1) * math.Pow(1-rng.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func (v *variant) String() string {
	return fmt.Sprintf("%s\t%d\t%s\t%s", chromosomes()[v.contig].name, v.pos, v.ref, v.alt)
}
