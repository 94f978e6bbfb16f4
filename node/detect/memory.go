package detect

import (
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Bounds of memory: about 60 MB at the very most, a few hundred kB at an ordinary site.
const (
	// maxKept is how many questions of one researcher are compared with each other.
	maxKept = 256
	// maxTimes is how many times of one subject are counted.
	maxTimes = 4096
	// maxTilesKept is how many tiles of one researcher are remembered, and maxTilesInAll of all.
	maxTilesKept  = 8192
	maxTilesInAll = 1 << 20
	// maxTracked is how many subjects of a kind are remembered. Researchers' keys, studies and
	// coordinators' members are in rosters that custodians have signed.
	maxTracked = 512
)

// times are when something happened, in order.
type times []time.Time

// since drops what is not in the window before at. A clock that was set back leaves times of
// the future, which count as long as they are no further away.
func (t *times) since(at time.Time, window Duration) {
	*t = slices.DeleteFunc(*t, func(x time.Time) bool { return !within(at, x, window) })
}

func within(at, x time.Time, window Duration) bool {
	d := at.Sub(x)
	return max(d, -d) < time.Duration(window)
}

// add counts one more, and returns how many there are.
func (t *times) add(at time.Time, window Duration) int {
	t.since(at, window)
	if len(*t) == maxTimes {
		*t = slices.Delete(*t, 0, 1)
	}
	*t = append(*t, at)
	return len(*t)
}

// tracker is what is remembered of a subject.
type tracker struct {
	used  uint64 // the number of the last event about it
	times times
	// kept are a researcher's questions, in order.
	kept  []kept
	tiles int
	told  map[Rule]told
}

// kept is a question that others are compared with.
type kept struct {
	at                           time.Time
	query, cohort, people, panel protocol.Digest
	// asks names what it asks for.
	asks  protocol.Digest
	exact bool
	// passed says that it was not to be stopped when it was first offered.
	passed bool
	size   uint64
	tiles  []tile
}

// told is when a finding was last told, and how much it was.
type told struct {
	at    time.Time
	count int
}

// find returns a question that is remembered, nil where there is none or no tracker.
func (t *tracker) find(query protocol.Digest, at time.Time, horizon Duration) *kept {
	if t == nil {
		return nil
	}
	for i := range t.kept {
		if t.kept[i].query == query && within(at, t.kept[i].at, horizon) {
			return &t.kept[i]
		}
	}
	return nil
}

// forget drops questions from before the horizon, and the oldest while there are too many.
func (t *tracker) forget(at time.Time, horizon Duration) {
	drop := func(out func(*kept) bool) {
		t.kept = slices.DeleteFunc(t.kept, func(k kept) bool {
			if !out(&k) {
				return false
			}
			t.tiles -= len(k.tiles)
			return true
		})
	}
	drop(func(k *kept) bool { return !within(at, k.at, horizon) })
	over := len(t.kept) - maxKept
	for i, tiles := 0, t.tiles; i < len(t.kept) && tiles > maxTilesKept; i++ {
		tiles -= len(t.kept[i].tiles)
		over = max(over, i+1)
	}
	drop(func(*kept) bool { over--; return over >= 0 })
}

// trackers are those of one kind of subject.
type trackers map[protocol.Digest]*tracker

// of returns the tracker of a subject, for the event of that number. The one that was not
// heard of for longest makes room.
func (t trackers) of(id protocol.Digest, event uint64) *tracker {
	one := t[id]
	if one == nil {
		if len(t) == maxTracked {
			delete(t, t.which(func(a, b *tracker) bool { return a.used < b.used }))
		}
		one = &tracker{told: make(map[Rule]told)}
		t[id] = one
	}
	one.used = event
	return one
}

// which is the first in an order that has no ties.
func (t trackers) which(before func(a, b *tracker) bool) (id protocol.Digest) {
	var first *tracker
	for other, one := range t {
		if first == nil || before(one, first) {
			id, first = other, one
		}
	}
	return id
}

// shrink forgets questions of who has most to remember until all tiles fit.
func (t trackers) shrink() {
	total := 0
	for _, one := range t {
		total += one.tiles
	}
	for total > maxTilesInAll {
		largest := t[t.which(func(a, b *tracker) bool { return a.tiles > b.tiles || a.tiles == b.tiles && a.used < b.used })]
		n := len(largest.kept[0].tiles)
		largest.kept = slices.Delete(largest.kept, 0, 1)
		largest.tiles -= n
		total -= n
	}
}
