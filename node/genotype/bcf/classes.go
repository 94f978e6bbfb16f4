package bcf

import (
	"slices"

	"github.com/locus-genomics/locus/internal/planes"
	"github.com/locus-genomics/locus/node/genotype"
)

// fewest is how many samples make it worth while to read many at a time.
const fewest = 16

// usual reads a GT of two bytes a sample into the planes, if all have two of REF, the
// only ALT and ".", and lets the row have their classes.
func (r *Reader) usual(f field, row *genotype.Row) (bool, error) {
	if r.testOnlyEach || len(r.head.samples) < fewest || f.kind != kindInt8 || f.n != 2 || len(row.Alts) > 1 || row.End > 0 {
		return false, nil
	}
	raw, err := r.in.peek(int(f.size)) // twice the samples
	if err != nil {
		return false, err
	}
	p := r.planes
	if !p.Pairs(raw) || p.Hets+p.Homs > 0 && len(row.Alts) == 0 {
		return false, nil
	}
	r.in.skip(len(raw))
	r.classify(row)
	return true, nil
}

// classify lets a row have the classes of the planes.
func (r *Reader) classify(row *genotype.Row) {
	row.Classes = slices.Grow(row.Classes[:0], 1)[:1]
	c, p, n := &row.Classes[0], r.planes, len(r.head.samples)
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
