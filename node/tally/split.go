package tally

import (
	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// split is the people in parts: one for each label, or one for each label and sex.
type split struct {
	part   []uint16   // by sample; 0 is who is not counted
	masks  [][]uint64 // by part less 1
	paired [][]uint64 // masks of codes, made when they are first needed
	sizes  []int64    // by part
	sexes  int        // how many of them a label is split into: 1 or 3
}

// newSplit splits by label, and by sex too where it is asked to.
func newSplit(p People, labels int, bySex bool) *split {
	s := &split{part: make([]uint16, len(p.Labels)), sexes: 1}
	if bySex {
		s.sexes = 3
	}
	s.sizes = make([]int64, 1+labels*s.sexes)
	s.masks = make([][]uint64, labels*s.sexes)
	for i := range s.masks {
		s.masks[i] = bitmap.New(len(p.Labels))
	}
	for i, l := range p.Labels {
		if l == 0 {
			continue
		}
		n := (int(l) - 1) * s.sexes
		if bySex {
			n += int(p.Sexes[i])
		}
		s.part[i] = uint16(n + 1)
		s.sizes[n+1]++
		s.masks[n][i/64] |= 1 << (i % 64)
	}
	return s
}

// stratum is the label that a part is of, less 1, and its sex.
func (s *split) stratum(part int) (int, genotype.Sex) {
	return (part - 1) / s.sexes, genotype.Sex((part - 1) % s.sexes)
}

// pairs are the masks, for codes of two bits.
func (s *split) pairs() [][]uint64 {
	if s.paired == nil {
		s.paired = make([][]uint64, len(s.masks))
		for i := range s.paired {
			s.paired[i] = bitmap.Pairs(len(s.part))
		}
		for i, part := range s.part {
			if part > 0 {
				bitmap.SetPair(s.paired[part-1], i)
			}
		}
	}
	return s.paired
}

// fewMasks is how many parts a bitmap is counted for by masks without asking whether
// another way is shorter.
const fewMasks = 4

// count adds to into, by part, how many of a set there are. A long set is counted by
// masks; a short one, or one of very many parts, person by person.
func (s *split) count(set *genotype.Set, into []int64) {
	part := s.part
	if set.Bits == nil && len(s.masks) == 1 {
		n := 0
		for _, id := range set.IDs {
			n += int(part[id]) // which is 1, or 0
		}
		into[1] += int64(n)
		return
	}
	if set.Bits == nil {
		for _, id := range set.IDs {
			into[part[id]]++
		}
		return
	}
	if n := len(s.masks); n > fewMasks && bitmap.Count(set.Bits) < n*len(set.Bits)/bitmap.WordsALook() {
		for id := range set.All() {
			into[part[id]]++
		}
		return
	}
	for i, m := range s.masks {
		into[i+1] += int64(bitmap.CountAnd(set.Bits, m))
	}
}
