package pack

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestTheQuickLoopTakesWhatSplitTakes: for sums at the ends of their ranges and a step
// beyond, and for words that no sums make.
func TestTheQuickLoopTakesWhatSplitTakes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, spec := range []Spec{
		{Payload: 40, Sites: 3, Min: 0, Max: 200_000},
		{Payload: 38, Sites: 1, Min: -1, Max: 0},
		{Payload: 62, Sites: 2, Min: -500, Max: 1<<29 - 1000},
		{Payload: 40, Sites: 90, Min: -7, Max: 5000},
	} {
		l, err := New(spec)
		if err != nil || l.perWord != 2 {
			t.Fatalf("%+v has not two counters a word: %v", spec, err)
		}
		for _, cut := range []int64{1, int64(spec.Sites)} {
			side, base := cut*l.half, cut*l.middle
			words := []int64{math.MaxInt64, math.MinInt64, -1, 0, 1, int64(l.reach), -int64(l.reach), int64(l.reach) + 1, -int64(l.reach) - 1}
			sums := []int64{-side - 1, -side, 1 - side, 0, side - 1, side, side + 1}
			for _, lo := range sums {
				for _, hi := range sums {
					words = append(words, lo+l.radix*hi)
				}
			}
			for range 1000 {
				words = append(words, rng.Int64N(2*side+1)-side+l.radix*(rng.Int64N(2*side+1)-side), int64(rng.Uint64()))
			}
			for _, w := range words {
				lo, hi := l.split(w)
				want := lo >= -side && lo <= side && hi >= -side && hi <= side
				for _, n := range []int{1, 6} { // in the loop for one word, and in that for four
					some, dst := make([]int64, n), make([]int64, 2*n)
					some[n/4] = w
					got := unpackPairs(dst, some, side, base, l.radix, l.quotient)
					if got != want || got && (dst[n/4*2] != lo+base || dst[n/4*2+1] != hi+base) {
						t.Fatalf("%+v, %d sites: word %d gives %d, %v, want %d and %d, %v", spec, cut, w, dst, got, lo+base, hi+base, want)
					}
				}
			}
		}
	}
}
