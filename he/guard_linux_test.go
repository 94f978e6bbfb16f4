package he

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/internal/guard"
)

// A block of a sum is read with bytes after it: of the slice, and of nothing beside.
func TestAddLooksAtNothingBeside(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 11))
	for n := range 110 {
		size := wordBytes * n
		var sums, one, two [2][]byte
		sums[0], sums[1] = guard.Bytes(t, size)
		one[0], one[1] = guard.Bytes(t, size)
		two[0], two[1] = guard.Bytes(t, size)
		for i := range size {
			for _, b := range [][]byte{sums[0], one[0], two[0]} {
				b[i] = byte(rng.Uint32())
			}
			sums[1][i], one[1][i], two[1][i] = sums[0][i], one[0][i], two[0][i]
		}
		for k := range sums {
			if err := Add(sums[k], one[k], two[k]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(sums[0], sums[1]) {
			t.Fatalf("%d words: two sums", n)
		}
	}
}
