package detect

import (
	"hash/fnv"
	"slices"
	"strings"
)

// tile is a range as it is remembered. An index is below protocol.MaxVariants, 2^30.
type tile struct {
	from, to uint32
	contig   uint32 // contigID, 0 where it is not known
}

// maxTiles is how many tiles of one question are remembered. One that has more ranges is
// remembered more coarsely.
const maxTiles = 1024

// tilesOf takes the ranges of an event into memory of their own.
func tilesOf(ranges []Range) []tile {
	list := make([]tile, 0, len(ranges))
	for _, r := range ranges {
		list = append(list, tile{uint32(r.From), uint32(r.To), contigID(r.Contig)})
	}
	if len(list) <= maxTiles {
		return list
	}
	var gaps []uint32
	for i := 1; i < len(list); i++ {
		gaps = append(gaps, list[i].from-list[i-1].to)
	}
	slices.Sort(gaps)
	return slices.Clip(join(list, gaps[len(list)-maxTiles-1]))
}

// contigID is a number for a contig, whether it is called chr7 or 7; 0 for none.
func contigID(name string) uint32 {
	if name == "" {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(plainContig(name)))
	return max(h.Sum32(), 1)
}

func plainContig(name string) string {
	return strings.TrimPrefix(strings.ToLower(name), "chr")
}

// join makes one of tiles that are at most gap variants apart.
func join(tiles []tile, gap uint32) []tile {
	joined := tiles[:0:0]
	for _, t := range tiles {
		if last := len(joined) - 1; last >= 0 && joined[last].contig == t.contig && t.from-joined[last].to <= gap {
			joined[last].to = t.to
			continue
		}
		joined = append(joined, t)
	}
	return joined
}

// extent is how many variants tiles have.
func extent(tiles []tile) (n uint64) {
	for _, t := range tiles {
		n += uint64(t.to - t.from)
	}
	return n
}

// alike reports whether what two sets of tiles share is at least so many percent of what
// one of them has (the Jaccard index). Sizes are known, so that most pairs cost nothing.
func alike(a, b []tile, sizeA, sizeB uint64, percent int) bool {
	least := uint64(percent)
	if 100*min(sizeA, sizeB) < least*max(sizeA, sizeB) || sizeA == 0 {
		return false
	}
	var shared uint64
	for i, j := 0, 0; i < len(a) && j < len(b); {
		if from, to := max(a[i].from, b[j].from), min(a[i].to, b[j].to); from < to {
			shared += uint64(to - from)
		}
		if a[i].to < b[j].to {
			i++
		} else {
			j++
		}
	}
	return 100*shared >= least*(sizeA+sizeB-shared)
}
