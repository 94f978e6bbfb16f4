package pgen

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/internal/guard"
)

// The bytes of a list end with its record, and its ids with the memory for them.
func TestNoDeltaIsReadOrWrittenOutsideOfTheSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	for _, most := range []int{1, 127, 300, 16383} {
		for n := 1; n <= 130; n++ {
			var p []byte
			for range n - 1 {
				delta := 1 + rng.IntN(most)
				if delta > 127 {
					p = append(p, byte(delta)|0x80)
					delta >>= 7
				}
				p = append(p, byte(delta))
			}
			for behind := range 3 {
				p = append(p, make([]byte, behind)...)
				want := make([]uint32, n)
				used := deltasGo(p, want)
				idsEnd, idsBegin := guard.Of[uint32](t, n+spare)
				pEnd, pBegin := guard.Bytes(t, len(p))
				for i, ids := range [][]uint32{idsEnd, idsBegin} {
					at := [][]byte{pEnd, pBegin}[i]
					copy(at, p)
					if got := deltas(at, ids[:n:n]); got != used || !slices.Equal(ids[:n], want) {
						t.Fatalf("%d numbers up to %d: %d bytes used; want %d", n, most, got, used)
					}
				}
			}
		}
	}
}
