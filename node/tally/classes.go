package tally

import (
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// The columns of what is counted of a row's classes, by part of the people.
const (
	inHet = iota
	inHom
	inMissing
	inHalf
	inHalfAlt
	inHaploid
	inHaploidHom
	inHaploidMissing
	columns
)

// kinds is how many people have which genotype, as far as one ALT goes. Those of one
// chromosome are not among those of two.
type kinds struct {
	noAlt, oneAlt, twoAlts int64
	hapNoAlt, hapAlt       int64
	half, halfAlt          int64 // halfAlt are of half too
	missing                int64
}

// classes counts a row of classes: of one ALT anywhere, of many where everyone has two
// copies, since who is het of two other ALTs is in no class of this one.
func (c *counter) classes(row *genotype.Row, place genotype.Place) {
	for k := range max(1, len(row.Classes)) { // packed and raw rows are of one ALT
		c.class(row, k, place, func(stratum int, n *kinds) {
			alleles := c.alleles[stratum*c.width:]
			copies := n.oneAlt + 2*n.twoAlts + n.hapAlt + n.halfAlt
			if k < len(row.Alts) {
				alleles[int(genotype.Reference)+1+k] += copies
			}
			if k == 0 {
				alleles[genotype.Reference] += 2*(n.noAlt+n.oneAlt+n.twoAlts) + n.hapNoAlt + n.hapAlt + n.half
			}
			if k < len(row.Alts) {
				alleles[genotype.Reference] -= copies
			}
		})
	}
}

// class gives, for one ALT of a row of classes, the kinds of each part of the people.
func (c *counter) class(row *genotype.Row, k int, place genotype.Place, add func(stratum int, n *kinds)) {
	s := c.splitFor(place)
	base, apart := genotype.NoAlt, false // the people by class, or by column
	switch {
	case row.Raw != nil:
		c.sizes = slices.Grow(c.sizes[:0], len(s.masks))[:len(s.masks)]
		row.Raw.Count(c.partsOf(s), c.sizes)
	case row.Packed != nil && len(s.masks) <= fewMasks:
		c.sizesOfCodes(row.Packed, s)
	case row.Packed != nil:
		apart = true
		c.columnsOfCodes(row.Packed, s)
	default:
		apart, base = true, row.Classes[k].Base
		c.columnsOf(&row.Classes[k], s)
	}
	for part := 1; part < len(s.sizes); part++ {
		people := s.sizes[part]
		if people == 0 {
			continue
		}
		n := &c.found // a closure is handed it, for which a variable would be made each time
		if apart {
			c.kindsOf(n, part, s, base)
		} else {
			z := &c.sizes[part-1]
			*n = kinds{}
			n.oneAlt, n.twoAlts, n.missing = int64(z.OneAlt), int64(z.AllAlt), int64(z.NotCalled)
			n.noAlt = people - n.oneAlt - n.twoAlts - n.missing
		}
		stratum, sex := s.stratum(part)
		if place != genotype.Diploid {
			*n = n.at(place, sex, row.Coded, &c.warnings)
		}
		add(stratum, n)
	}
}

func (c *counter) splitFor(place genotype.Place) *split {
	if place == genotype.Diploid {
		return c.byLabel
	}
	if c.bySex == nil {
		c.bySex = newSplit(c.people, c.strata, true)
	}
	return c.bySex
}

// columnsOf counts the sets of a class.
func (c *counter) columnsOf(class *genotype.Classes, s *split) {
	n := len(s.sizes)
	c.columns = zeroed(c.columns, n*columns)
	into := func(column int) []int64 { return c.columns[column*n : (column+1)*n] }
	s.count(&class.Het, into(inHet))
	s.count(&class.Hom, into(inHom))
	s.count(&class.Missing, into(inMissing))
	for _, h := range class.Halves {
		into(inHalf)[s.part[h.Sample]]++
		if h.Alt {
			into(inHalfAlt)[s.part[h.Sample]]++
		}
	}
	if class.Haploid.Bits == nil && len(class.Haploid.IDs) == 0 {
		return
	}
	s.count(&class.Haploid, into(inHaploid))
	s.count(c.intersect(&class.Haploid, &class.Hom), into(inHaploidHom))
	s.count(c.intersect(&class.Haploid, &class.Missing), into(inHaploidMissing))
}

// turned is what makes the codes of a bed 0 for two REF, 1 for REF and ALT, 2 for no call
// and 3 for two ALTs.
const turned = 0xff

// columnsOfCodes takes a packed row apart, for many parts.
func (c *counter) columnsOfCodes(codes []byte, s *split) {
	if c.planes.One == nil {
		c.planes = bitmap.NewPlanes(len(s.part))
	}
	bitmap.Split(codes, turned, len(s.part), c.planes)
	bits := func(b []uint64) genotype.Set { return genotype.Set{Bits: b} }
	c.unpacked.Het, c.unpacked.Missing, c.unpacked.Hom = bits(c.planes.One), bits(c.planes.Two), bits(c.planes.Three)
	c.columnsOf(&c.unpacked, s)
}

// sizesOfCodes counts a packed row by masks.
func (c *counter) sizesOfCodes(codes []byte, s *split) {
	c.sizes = c.sizes[:0]
	for _, mask := range s.pairs() {
		n := bitmap.CountCodes(codes, turned, mask)
		c.sizes = append(c.sizes, genotype.Sizes{OneAlt: n.One, AllAlt: n.Three, NotCalled: n.Two})
	}
}

// partsOf is a split, for others.
func (c *counter) partsOf(s *split) *genotype.Parts {
	p := &c.parts[min(s.sexes, 2)-1]
	if p.Of == nil {
		*p = genotype.Parts{Of: s.part, Masks: s.masks, People: s.sizes[1:]}
	}
	return p
}

// intersect is who is in both sets. It is valid until the next call.
func (c *counter) intersect(a, b *genotype.Set) *genotype.Set {
	both := &c.both
	both.IDs, both.Bits = both.IDs[:0], both.Bits[:0]
	if a.Bits != nil && b.Bits != nil {
		for i, w := range a.Bits {
			both.Bits = append(both.Bits, w&b.Bits[i])
		}
		return both
	}
	if a.Bits != nil {
		a, b = b, a
	}
	j := 0
	for _, id := range a.IDs {
		for b.Bits == nil && j < len(b.IDs) && b.IDs[j] < id {
			j++
		}
		if b.Bits != nil && b.Has(id) || b.Bits == nil && j < len(b.IDs) && b.IDs[j] == id {
			both.IDs = append(both.IDs, id)
		}
	}
	return &genotype.Set{IDs: both.IDs}
}

// kindsOf sets n to what the columns say of one part: who is in no set is in the base.
func (c *counter) kindsOf(n *kinds, part int, s *split, base genotype.Class) {
	in := func(column int) int64 { return c.columns[column*len(s.sizes)+part] }
	n.oneAlt, n.twoAlts, n.hapAlt = in(inHet), in(inHom)-in(inHaploidHom), in(inHaploidHom)
	n.hapNoAlt = in(inHaploid) - in(inHaploidHom) - in(inHaploidMissing)
	n.half, n.halfAlt, n.missing = in(inHalf), in(inHalfAlt), in(inMissing)
	n.noAlt = s.sizes[part] - n.oneAlt - n.twoAlts - n.hapAlt - n.hapNoAlt - n.half - n.missing
	if base == genotype.AllAlt {
		n.noAlt, n.twoAlts, n.hapNoAlt, n.hapAlt = n.twoAlts, n.noAlt, n.hapAlt, n.hapNoAlt
	}
}

// at is what genotypes stand for at a place where sexes differ; copies says the same
// of one call.
func (n kinds) at(place genotype.Place, sex genotype.Sex, coded bool, w *Warnings) kinds {
	called := int(n.noAlt + n.oneAlt + n.twoAlts + n.hapNoAlt + n.hapAlt + n.half)
	one := place == genotype.Haploid || sex == genotype.Male
	if place == genotype.SexY {
		switch {
		case sex == genotype.Female:
			w.WomanOnY += called
			return kinds{}
		case sex == genotype.UnknownSex && coded:
			w.UnknownSex += called
			return kinds{}
		}
		one = true
	}
	if place == genotype.SexX && sex == genotype.UnknownSex {
		w.UnknownSex += called
	}
	if !one {
		return n
	}
	w.HetHaploid += int(n.oneAlt)
	n.missing, n.oneAlt = n.missing+n.oneAlt, 0
	if coded {
		n.hapNoAlt, n.noAlt = n.hapNoAlt+n.noAlt, 0
		n.hapAlt, n.twoAlts = n.hapAlt+n.twoAlts, 0
	}
	return n
}
