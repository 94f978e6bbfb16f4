package tally

import "github.com/locus-genomics/locus/node/genotype"

// SexCheck is what X and Y tell of the sexes that were given.
type SexCheck struct {
	// Agree and Disagree are people whose sex is given, and told by their genotypes.
	Agree    int `json:"agree"`
	Disagree int `json:"disagree"`
	// Unclear are people of whom it is given and cannot be told.
	Unclear int `json:"unclear"`
	// Unknown are people of whom it is not given; of these, it can be told of Told.
	Unknown int `json:"unknown"`
	Told    int `json:"told"`
}

// add reports whether two known sexes differ.
func (s *SexCheck) add(given, told genotype.Sex) bool {
	switch {
	case given == genotype.UnknownSex:
		s.Unknown++
		if told != genotype.UnknownSex {
			s.Told++
		}
	case told == genotype.UnknownSex:
		s.Unclear++
	case given == told:
		s.Agree++
	default:
		s.Disagree++
		return true
	}
	return false
}

const (
	// mostWomen and leastMen bound the inbreeding coefficient on X: 1 for who is never
	// heterozygous there, about 0 for who is as often as two copies let expect, and
	// somewhat more in a cohort of several ancestries. The lower bound of PLINK, 0.2, would
	// leave most women of such a cohort out.
	mostWomen, leastMen = 0.5, 0.8
	// expected is how many heterozygous calls must be expected of a person. With 20 a
	// woman has fewer than 4 in one case of 300,000, were the sites independent.
	expected = 20
	// mostWomenOnY and leastMenOnY bound the part of the sites on Y that are called, and
	// sitesOnY is how many there must be.
	mostWomenOnY, leastMenOnY = 0.1, 0.5
	sitesOnY                  = 20
)

// perHet is the unit in which expectations are added up, so that their sum does not
// depend on their order.
const perHet = 1 << 32

// sexSums are what X and Y tell of each sample.
type sexSums struct {
	hets     []uint32 // heterozygous calls on X
	unseen   []uint64 // heterozygous calls that are expected where nothing is called
	expected uint64   // of who is called everywhere
	absent   []uint32 // sites on Y without a call
	sitesOnY int
}

func newSexSums(samples int) sexSums {
	return sexSums{hets: make([]uint32, samples), unseen: make([]uint64, samples), absent: make([]uint32, samples)}
}

// x takes a site of X, of which everyone's copies are told apart by what is expected.
func (s *sexSums) x(c *genotype.Classes, n kinds) {
	called := n.noAlt + n.oneAlt + n.twoAlts
	if called < 2 {
		return
	}
	alleles := float64(2 * called)
	p := float64(2*n.twoAlts+n.oneAlt) / alleles
	e := uint64(perHet * 2 * p * (1 - p) * alleles / (alleles - 1))
	s.expected += e
	addEach(s.hets, &c.Het)
	for id := range c.Missing.All() {
		s.unseen[id] += e
	}
	for _, h := range c.Halves {
		s.unseen[h.Sample] += e
	}
}

// y takes a site of Y.
func (s *sexSums) y(c *genotype.Classes) {
	s.sitesOnY++
	addEach(s.absent, &c.Missing)
}

// told is a sample's sex, where X and Y do not contradict each other.
func (s *sexSums) told(i int) genotype.Sex {
	x, y := s.byX(i), s.byY(i)
	switch {
	case x == genotype.UnknownSex:
		return y
	case y == genotype.UnknownSex || x == y:
		return x
	}
	return genotype.UnknownSex
}

func (s *sexSums) byX(i int) genotype.Sex {
	e := float64(s.expected-s.unseen[i]) / perHet
	if e < expected {
		return genotype.UnknownSex
	}
	switch f := 1 - float64(s.hets[i])/e; {
	case f > leastMen:
		return genotype.Male
	case f < mostWomen:
		return genotype.Female
	}
	return genotype.UnknownSex
}

func (s *sexSums) byY(i int) genotype.Sex {
	if s.sitesOnY < sitesOnY {
		return genotype.UnknownSex
	}
	switch called := 1 - float64(s.absent[i])/float64(s.sitesOnY); {
	case called >= leastMenOnY:
		return genotype.Male
	case called <= mostWomenOnY:
		return genotype.Female
	}
	return genotype.UnknownSex
}
