package index

import "slices"

// scheme is how positions are put into bins: level 0 is one bin, each bin of a level
// is split in eight on the next one, and the bins of the last level are 1<<shift bases.
type scheme struct{ shift, depth int }

// tabix is the scheme of tbi.
func tabix() scheme { return scheme{shift: 14, depth: 5} }

// first is the number of the first bin of a level.
func first(level int) int64 { return (1<<(3*level) - 1) / 7 }

// bins is how many there are.
func (s scheme) bins() int64 { return first(s.depth + 1) }

// meta is the number of the bin that holds no records but tells of them.
func (s scheme) meta() int64 { return s.bins() + 1 }

// span is the positions of a bin, from 0, without the last.
func (s scheme) span(bin uint32) (from, to int64) {
	level := 0
	for level < s.depth && int64(bin) >= first(level+1) {
		level++
	}
	shift := s.shift + 3*(s.depth-level)
	from = (int64(bin) - first(level)) << shift
	return from, from + 1<<shift
}

// touches reports whether records of a bin may touch one of the regions.
func (s scheme) touches(bin uint32, regions []Region) bool {
	from, to := s.span(bin)
	return slices.ContainsFunc(regions, func(r Region) bool {
		return r.From <= r.To && int64(r.From)-1 < to && int64(r.To) > from
	})
}

// merge sorts chunks and joins those that overlap or meet in a block.
func merge(chunks []chunk) []chunk {
	sortChunks(chunks)
	merged := chunks[:0]
	for _, c := range chunks {
		if n := len(merged); n > 0 && c.from.block() <= merged[n-1].to.block() {
			merged[n-1].to = max(merged[n-1].to, c.to)
			continue
		}
		merged = append(merged, c)
	}
	return merged
}

func sortChunks(chunks []chunk) {
	slices.SortFunc(chunks, func(a, b chunk) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
}
