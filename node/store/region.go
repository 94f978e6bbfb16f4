package store

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Region is a stretch of a contig, by any of its names. Positions are 1-based and From
// and To belong to it.
type Region struct {
	Contig   string
	From, To uint32
}

// regions are, by canonical contig, stretches that ascend and do not touch. Nil is
// everything.
type regions map[string][]Region

// Only makes Next begin anew and give the sites alone that tell of a position of one of
// the regions, as they are written or aligned, in the file's order; with none, all of
// them. Blocks without such a site are not opened.
func (r *Reader) Only(want ...Region) error {
	r.rewind()
	r.only = nil
	if len(want) == 0 {
		return nil
	}
	only := make(regions)
	for _, w := range want {
		if w.From > w.To {
			return fmt.Errorf("%w: a region ends before it begins", ErrRow)
		}
		c := panel.CanonicalContig(w.Contig)
		only[c] = append(only[c], w)
	}
	for c, list := range only {
		slices.SortFunc(list, func(a, b Region) int { return cmp.Compare(a.From, b.From) })
		merged := list[:1]
		for _, w := range list[1:] {
			if last := &merged[len(merged)-1]; uint64(w.From) <= uint64(last.To)+1 {
				last.To = max(last.To, w.To)
			} else {
				merged = append(merged, w)
			}
		}
		only[c] = merged
	}
	r.only = only
	return nil
}

func (rs regions) overlap(contig string, from, to uint32) bool {
	list := rs[panel.CanonicalContig(contig)]
	i := sort.Search(len(list), func(i int) bool { return list[i].To >= from })
	return i < len(list) && list[i].From <= to
}

func (rs regions) covers(s *genotype.Site) bool {
	if rs == nil {
		return true
	}
	from, to := span(s)
	return rs.overlap(s.Contig, from, to)
}

func (rs regions) touch(contigs []string, e entry) bool {
	return rs == nil || rs.overlap(contigs[e.contig], e.low, e.reach)
}
