//go:build amd64 && !purego

package pack

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVectorsAreIdentical packs and unpacks with assembly and without: words, counters
// and errors are the same, for counters at the ends of their range and for words that
// no site makes.
func TestVectorsAreIdentical(t *testing.T) {
	if !vectors() {
		t.Skip("this processor has no AVX-512 with IFMA: there is no other path to compare with")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range []Spec{
		{Payload: 40, Sites: 3, Min: 0, Max: 349524},
		{Payload: 40, Sites: 2, Min: -5, Max: 6},
		{Payload: 38, Sites: 1500, Min: 0, Max: 300},
		{Payload: 62, Sites: 2, Min: -1 << 28, Max: 1 << 28},
	} {
		l, err := New(s)
		if err != nil || l.PerWord() != 2 {
			t.Fatalf("%+v: %d counters a word, %v", s, l.PerWord(), err)
		}
		for n := range 60 {
			counters := make([]int64, n)
			for i := range counters {
				counters[i] = []int64{s.Min, s.Max, s.Min + rng.Int64N(s.Max-s.Min+1)}[rng.IntN(3)]
			}
			if n%5 == 4 {
				counters[rng.IntN(n)] = []int64{s.Min - 1, s.Max + 1, 1<<63 - 1, -1 << 63}[rng.IntN(4)]
			}
			got, want := make([]int64, l.Words(n)), make([]int64, l.Words(n))
			err := l.Pack(got, counters)
			err2 := l.Portable().Pack(want, counters)
			if !slices.Equal(got, want) || (err == nil) != (err2 == nil) || errors.Is(err, ErrRange) != (n%5 == 4) {
				t.Fatalf("%+v: %d counters are packed to other words, %v and %v", s, n, err, err2)
			}
			words := slices.Clone(got)
			for i := range words { // a sum of as many sites as there may be
				words[i] *= int64(s.Sites)
			}
			if n%7 == 6 {
				words[rng.IntN(len(words))] = []int64{int64(l.reach), -int64(l.reach), int64(l.reach) + 1, -int64(l.reach) - 1, 1<<63 - 1, -1 << 63}[rng.IntN(6)]
			}
			a, b := make([]int64, n), make([]int64, n)
			err = l.Unpack(a, words, s.Sites)
			err2 = l.Portable().Unpack(b, words, s.Sites)
			if (err == nil) != (err2 == nil) || err == nil && !slices.Equal(a, b) || err != nil && err.Error() != err2.Error() {
				t.Fatalf("%+v: %d counters are unpacked to others, %v and %v", s, n, err, err2)
			}
		}
	}
}
