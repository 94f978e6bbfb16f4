package bcf

import (
	"slices"

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
	p := r.planes
	row.Classes = slices.Grow(row.Classes[:0], 1)[:1]
	row.Classes[0].TakeListed(len(r.head.samples), p.Het, p.Hom, p.Missing,
		genotype.Sizes{OneAlt: p.Hets, AllAlt: p.Homs, NotCalled: p.Missings}, &r.lists)
}
