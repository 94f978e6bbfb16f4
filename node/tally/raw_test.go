package tally_test

import (
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// raws is a Reader whose rows are as packs leaves them, and count themselves.
type raws struct{ packs }

func (r *raws) Next(row *genotype.Row) error {
	err := r.packs.Next(row)
	if row.Raw = nil; row.Packed != nil {
		row.Raw, row.Packed = raw(slices.Clone(row.Packed)), nil
	}
	return err
}

// raw is the codes of a bed.
type raw []byte

func (r raw) Count(p *genotype.Parts, to []genotype.Sizes) {
	clear(to)
	for i, part := range p.Of {
		if part == 0 {
			continue
		}
		switch n := &to[part-1]; r[i/4] >> (2 * (i % 4)) & 3 {
		case 0:
			n.AllAlt++
		case 1:
			n.NotCalled++
		case 2:
			n.OneAlt++
		}
	}
}
