package detect

import (
	"cmp"
	"slices"
	"sort"

	"github.com/locus-genomics/locus/protocol"
)

// step is a tile of a question.
type step struct {
	tile
	question int
}

// A step goes on from another when it ends at least a quarter of its length behind it, and
// begins in it or behind it at a distance of at most its own length, or of gap if that is
// more. So a walk may overlap and leave things out, and may have been asked in any order.

// walkThrough is how many questions the longest walk has in which the question of that
// number takes part. A tile whose contig is not known may lie on any.
func walkThrough(steps []step, question int, gap uint32) (longest int) {
	seen := make(map[uint32]bool)
	for _, s := range steps {
		if s.question != question || seen[s.contig] {
			continue
		}
		seen[s.contig] = true
		var here []step
		for _, o := range steps {
			if s.contig == 0 || o.contig == 0 || o.contig == s.contig {
				here = append(here, o)
			}
		}
		longest = max(longest, walkOnContig(here, question, gap))
	}
	return longest
}

func walkOnContig(steps []step, question int, gap uint32) (longest int) {
	up := chainsOf(steps, gap)
	mirrored := make([]step, len(steps))
	for i, s := range steps {
		s.from, s.to = protocol.MaxVariants-s.to, protocol.MaxVariants-s.from
		mirrored[i] = s
	}
	down := chainsOf(mirrored, gap)
	seen := make([]bool, question+1) // its number is the largest
	for i, s := range steps {
		if s.question != question || up.length[i]+down.length[i]-1 <= longest {
			continue
		}
		clear(seen)
		longest = max(longest, 1+up.follow(i, seen)+down.follow(i, seen))
	}
	return longest
}

// chains are the longest ones that end in each step.
type chains struct {
	steps  []step
	before []int // the step from which each goes on, -1 for none
	length []int // of the chain
}

// chainsOf finds them in n log n: steps are taken by where they end, and a step looks for the
// longest chain among those that end where it may go on from.
func chainsOf(steps []step, gap uint32) chains {
	order := make([]int, len(steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(steps[a].to, steps[b].to) })
	ends := func(k int) int64 { return int64(steps[order[k]].to) }
	c := chains{steps, make([]int, len(steps)), make([]int, len(steps))}
	best := newMaxima(len(steps))
	for k, i := range order {
		s := steps[i]
		length := int64(s.to - s.from)
		first, last := int64(s.from)-max(int64(gap), length), int64(s.to)-max(length/4, 1)
		lo := sort.Search(k, func(j int) bool { return ends(j) >= first })
		hi := sort.Search(k, func(j int) bool { return ends(j) > last })
		c.before[i] = -1
		n, at := best.over(lo, hi)
		if n > 0 {
			c.before[i] = order[at]
		}
		c.length[i] = n + 1
		best.set(k, n+1)
	}
	return c
}

// follow counts the questions of a chain backwards that it has not seen, without the one that
// it begins with. A step around another is not one ahead.
func (c chains) follow(i int, seen []bool) (n int) {
	seen[c.steps[i].question] = true
	for j := c.before[i]; j >= 0; i, j = j, c.before[j] {
		if q := c.steps[j].question; c.steps[j].from < c.steps[i].from && !seen[q] {
			seen[q] = true
			n++
		}
	}
	return n
}

// maxima is a list of numbers that knows the largest of any part of it: a segment tree.
type maxima struct {
	size int
	tree []int // of places in value, -1 for none
	// value is of the places.
	value []int
}

func newMaxima(n int) *maxima {
	m := &maxima{n, make([]int, 2*n), make([]int, n)}
	for i := range m.tree {
		m.tree[i] = -1
	}
	return m
}

func (m *maxima) larger(a, b int) int {
	if a < 0 || b >= 0 && m.value[b] > m.value[a] {
		return b
	}
	return a
}

func (m *maxima) set(place, value int) {
	m.value[place] = value
	i := place + m.size
	m.tree[i] = place
	for i /= 2; i >= 1; i /= 2 {
		m.tree[i] = m.larger(m.tree[2*i], m.tree[2*i+1])
	}
}

// over is the largest of [lo, hi) and its place; 0 where there is none.
func (m *maxima) over(lo, hi int) (value, place int) {
	found := -1
	for lo, hi = lo+m.size, hi+m.size; lo < hi; lo, hi = lo/2, hi/2 {
		if lo%2 == 1 {
			found = m.larger(found, m.tree[lo])
			lo++
		}
		if hi%2 == 1 {
			hi--
			found = m.larger(found, m.tree[hi])
		}
	}
	if found < 0 {
		return 0, -1
	}
	return m.value[found], found
}
