package tally

import (
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrPeople is returned when labels, sexes and samples are not equally many.
	ErrPeople = errors.New("tally: labels and sexes do not fit the samples")
	// ErrAssembly is returned when X is asked for in an assembly whose
	// pseudo-autosomal regions are not known.
	ErrAssembly = errors.New("tally: on X, only GRCh37 and GRCh38 are counted")
)

// People is who is counted, in the order of a file's samples.
type People struct {
	// Labels has one label a sample; 0 is not counted.
	Labels []uint8
	// Sexes has one sex a sample.
	Sexes []genotype.Sex
}

// members are the indices of who is counted.
func (p People) members(samples int) ([]int32, error) {
	if len(p.Labels) != samples || len(p.Sexes) != samples {
		return nil, fmt.Errorf("%w: %d labels and %d sexes for %d samples", ErrPeople, len(p.Labels), len(p.Sexes), samples)
	}
	members := make([]int32, 0, samples)
	for i, l := range p.Labels {
		if l != 0 {
			members = append(members, int32(i))
		}
	}
	return members, nil
}

// Warnings count what was passed over. They tell of genotypes: they are for the
// site's own eyes and MUST NOT leave it.
type Warnings struct {
	// Filtered is sites that did not pass their filters.
	Filtered int `json:"filtered"`
	// HetHaploid is calls of two alleles where a person has one copy.
	HetHaploid int `json:"hetHaploid"`
	// UnknownSex is calls on X or Y of people whose sex is not known.
	UnknownSex int `json:"unknownSex"`
	// WomanOnY is calls on Y of women.
	WomanOnY int `json:"womanOnY"`
}

// counter counts the alleles of one row after another.
type counter struct {
	members  []int32
	sexes    []genotype.Sex
	alleles  []int64 // by genotype.Allele
	warnings Warnings
}

// count takes a row at a place. Afterwards alleles[a] is how many copies of a there are.
func (c *counter) count(row *genotype.Row, place genotype.Place) {
	c.alleles = append(c.alleles[:0], make([]int64, int(genotype.Reference)+1+len(row.Alts))...)
	if place == genotype.Diploid {
		c.diploid(row.Calls)
		return
	}
	for _, i := range c.members {
		call := row.Calls[i]
		if a, b := call.Alleles(); a < genotype.Reference && b < genotype.Reference {
			continue // no call, and nothing to warn of
		}
		a, b := c.copies(call, row.Coded, place, c.sexes[i])
		c.alleles[a]++
		c.alleles[b]++
	}
}

// diploid counts calls as they are written. Most are of two REF.
func (c *counter) diploid(calls []genotype.Call) {
	usual := int64(0)
	for _, i := range c.members {
		call := calls[i]
		if call == genotype.HomRef {
			usual++
			continue
		}
		a, b := call.Alleles()
		c.alleles[a]++
		c.alleles[b]++
	}
	c.alleles[genotype.Reference] += 2 * usual
}

// copies are the alleles that a call stands for where sexes differ.
func (c *counter) copies(call genotype.Call, coded bool, place genotype.Place, sex genotype.Sex) (a, b genotype.Allele) {
	a, b = call.Alleles()
	one := place == genotype.Haploid || sex == genotype.Male
	if place == genotype.SexY {
		switch {
		case sex == genotype.Female:
			c.warnings.WomanOnY++
			return genotype.Missing, genotype.Absent
		case sex == genotype.UnknownSex && coded:
			c.warnings.UnknownSex++
			return genotype.Missing, genotype.Absent
		}
		one = true
	}
	if place == genotype.SexX && sex == genotype.UnknownSex {
		c.warnings.UnknownSex++
	}
	switch {
	case one && call.Het():
		c.warnings.HetHaploid++
		return genotype.Missing, genotype.Missing
	case one && coded:
		return a, genotype.Absent
	}
	return a, b
}

// called is AN.
func (c *counter) called() int64 {
	n := int64(0)
	for _, k := range c.alleles[genotype.Reference:] {
		n += k
	}
	return n
}
