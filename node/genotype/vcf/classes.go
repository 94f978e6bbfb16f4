package vcf

import (
	"slices"

	"github.com/locus-genomics/locus/internal/planes"
	"github.com/locus-genomics/locus/node/genotype"
)

// classify lets a row have the classes of the planes.
func (r *Reader) classify(row *genotype.Row) {
	row.Classes = slices.Grow(row.Classes[:0], 1)[:1]
	c, p, n := &row.Classes[0], r.planes, len(r.samples)
	c.Take(n, p.Het, p.Hom, p.Missing, genotype.Sizes{OneAlt: p.Hets, AllAlt: p.Homs, NotCalled: p.Missings})
	homs := p.Homs
	if c.Base == genotype.AllAlt {
		homs = n - p.Hets - p.Homs - p.Missings
	}
	most := genotype.MostListed(n)
	for i, s := range [3]*genotype.Set{&c.Het, &c.Hom, &c.Missing} {
		if many := [3]int{p.Hets, homs, p.Missings}[i]; many > 0 && many <= most {
			r.lists[i] = planes.AppendIDs(r.lists[i][:0], s.Bits)
			*s = genotype.Set{IDs: r.lists[i]}
		}
	}
}
