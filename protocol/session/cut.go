package session

import (
	"slices"

	"github.com/locus-genomics/locus/protocol"
)

// cutPoints is the largest set found in which everybody has received everybody.
// Named and bound sets are all or nothing.
func (a *Attempt) cutPoints(rules Rules) ([]uint32, bool) {
	points := a.agreeing(slices.DeleteFunc(a.present(), func(p uint32) bool { return !a.Sites[p].HasReceived }))
	for _, p := range points {
		if bound := a.Sites[p].Bound; len(bound) > 0 {
			if !subset(bound, points) {
				return nil, false
			}
			points = bound
			break
		}
	}
	for _, p := range points {
		if bound := a.Sites[p].Bound; len(bound) > 0 && !slices.Equal(bound, points) {
			return nil, false
		}
	}
	if len(rules.Named) > 0 && !slices.Equal(points, rules.Named) {
		return nil, false
	}
	return points, rules.Valid(points)
}

// agreeing leaves out of points, one by one, until everybody has received everybody:
// who is in most pairs that failed, as sender or as receiver; then who is missed by
// most; then the highest point. It takes n² steps, for any lists that sites send.
func (a *Attempt) agreeing(points []uint32) []uint32 {
	has := make(map[uint32]pointSet, len(points))
	for _, p := range points {
		has[p] = newPointSet(a.Sites[p].Received)
	}
	missedBy, misses := make(map[uint32]int), make(map[uint32]int)
	for _, p := range points {
		for _, q := range points {
			if !has[p].contains(q) {
				misses[p]++
				missedBy[q]++
			}
		}
	}
	for {
		worst, most := uint32(0), 0
		for _, p := range points {
			if score := (missedBy[p]+misses[p])*(len(points)+1) + missedBy[p]; score > 0 && score >= most {
				worst, most = p, score
			}
		}
		if worst == 0 {
			return points
		}
		points = slices.DeleteFunc(points, func(p uint32) bool { return p == worst })
		for _, p := range points {
			if !has[worst].contains(p) {
				missedBy[p]--
			}
			if !has[p].contains(worst) {
				misses[p]--
			}
		}
	}
}

// pointSet is a set of share points, a bit each.
type pointSet []uint64

func newPointSet(points []uint32) pointSet {
	s := make(pointSet, protocol.MaxSites/64+1)
	for _, p := range points {
		if p <= protocol.MaxSites {
			s[p/64] |= 1 << (p % 64)
		}
	}
	return s
}

func (s pointSet) contains(p uint32) bool { return s[p/64]&(1<<(p%64)) != 0 }

func subset(small, large []uint32) bool {
	for _, p := range small {
		if !slices.Contains(large, p) {
			return false
		}
	}
	return true
}
