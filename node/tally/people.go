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
	// Callable is where all of them were looked at, so that who is in no row is hom-ref.
	// Nil is nowhere.
	Callable *Regions
}

func (p People) check(samples int) error {
	if len(p.Labels) != samples || len(p.Sexes) != samples {
		return fmt.Errorf("%w: %d labels and %d sexes for %d samples", ErrPeople, len(p.Labels), len(p.Sexes), samples)
	}
	return nil
}

// together are the same people under one label.
func (p People) together() People {
	labels := make([]uint8, len(p.Labels))
	for i, l := range p.Labels {
		labels[i] = min(l, 1)
	}
	return People{Labels: labels, Sexes: p.Sexes, Callable: p.Callable}
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
	// Dropped is calls of three alleles or more, which are missing.
	Dropped int `json:"dropped"`
}
