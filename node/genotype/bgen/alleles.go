package bgen

import (
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// calls decodes sites of one allele, or of more than two.
func (d *decoder) calls(h *head, alleles int, calls []genotype.Call) error {
	s := newStream(h.numbers, h.bits)
	for i, b := range h.ploidies {
		ploidy := int(b &^ missing)
		switch {
		case b&missing != 0 || ploidy == 0:
			calls[i] = genotype.NoCall
			if ploidy < diploid {
				calls[i] = genotype.NewCall(genotype.Missing, genotype.Absent)
			}
			s.skip(numbers(alleles, ploidy, h.phased))
			continue
		case ploidy == 1:
			a, err := d.haploid(&s, alleles)
			if err != nil {
				return err
			}
			calls[i] = genotype.NewCall(a, genotype.Absent)
		case h.phased:
			var err error
			if calls[i], err = d.chromosomes(&s, alleles); err != nil {
				return err
			}
		default:
			var err error
			if calls[i], err = d.genotype(&s, alleles); err != nil {
				return err
			}
		}
	}
	return nil
}

// allele is what one of the file's order is called in a row.
func (d *decoder) allele(i, alleles int) genotype.Allele {
	if d.refLast {
		i = (i + 1) % alleles
	}
	return genotype.Reference + genotype.Allele(i)
}

// haploid reads the probabilities of alleles.
func (d *decoder) haploid(s *stream, alleles int) (genotype.Allele, error) {
	i, err := d.likely(s, alleles)
	if err != nil || i < 0 {
		return genotype.Missing, err
	}
	return d.allele(i, alleles), nil
}

// genotype reads the probabilities of two alleles each: 0/0, 0/1, 1/1, 0/2, 1/2, 2/2 …
func (d *decoder) genotype(s *stream, alleles int) (genotype.Call, error) {
	i, err := d.likely(s, alleles*(alleles+1)/2)
	if err != nil || i < 0 {
		return genotype.NoCall, err
	}
	b := 0
	for i > b {
		b++
		i -= b
	}
	return genotype.NewCall(d.allele(i, alleles), d.allele(b, alleles)), nil
}

// likely reads the probabilities of so many, but for the last, and returns which one
// reaches the threshold, or -1.
func (d *decoder) likely(s *stream, n int) (which int, err error) {
	rest := d.scale.all
	which = -1
	for i := range n - 1 {
		p := s.next()
		if p > rest {
			return -1, errSum
		}
		if rest -= p; p >= d.scale.least {
			which = i
		}
	}
	if rest >= d.scale.least {
		which = n - 1
	}
	return which, nil
}

// chromosomes reads the probabilities of the alleles of two chromosomes, which are taken
// to be independent.
func (d *decoder) chromosomes(s *stream, alleles int) (genotype.Call, error) {
	for c := range d.alleles {
		p := slices.Grow(d.alleles[c][:0], alleles)[:alleles]
		d.alleles[c] = p
		rest := d.scale.all
		for i := range alleles - 1 {
			if p[i] = s.next(); p[i] > rest {
				return 0, errSum
			}
			rest -= p[i]
		}
		p[alleles-1] = rest
	}
	// Whatever reaches the threshold, which is above a half, is of the two alleles that
	// are the likeliest to be there at all: both of its own are with more than a half,
	// and every other one is with less.
	one, two := d.present(alleles)
	x, y := d.alleles[0], d.alleles[1]
	switch least := d.scale.square; {
	case x[one]*y[one] >= least:
		two = one
	case x[one]*y[two]+x[two]*y[one] < least || one == two:
		return genotype.NoCall, nil
	}
	return genotype.NewCall(d.allele(min(one, two), alleles), d.allele(max(one, two), alleles)), nil
}

// present are the two alleles that are the least likely to be on neither chromosome.
func (d *decoder) present(alleles int) (one, two int) {
	least := [2]uint64{^uint64(0), ^uint64(0)}
	for i := range alleles {
		switch absent := (d.scale.all - d.alleles[0][i]) * (d.scale.all - d.alleles[1][i]); {
		case absent < least[0]:
			one, two = i, one
			least = [2]uint64{absent, least[0]}
		case absent < least[1]:
			two, least[1] = i, absent
		}
	}
	return one, two
}
