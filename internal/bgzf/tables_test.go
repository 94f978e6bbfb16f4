package bgzf

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// completeCode gives so many symbols of n the lengths of a complete code, by splitting a
// leaf of a tree until there are enough. Deep trees are as likely as flat ones.
func completeCode(rng *rand.Rand, n, symbols int) []int {
	leaves := []int{1, 1}
	for deep := rng.IntN(2) == 0; len(leaves) < symbols; {
		i := rng.IntN(len(leaves))
		if deep && rng.IntN(4) > 0 {
			i = len(leaves) - 1
		}
		if leaves[i] == maxCode {
			i = rng.IntN(len(leaves))
		}
		if leaves[i] < maxCode {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	lengths := make([]int, n)
	for i, sym := range rng.Perm(n)[:symbols] {
		lengths[sym] = leaves[i]
	}
	return lengths
}

func TestTablesFindEachSymbolOfACompleteCode(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	m := newMeanings()
	for range 300 {
		for _, c := range []struct {
			symbols, width, size int
			meaning              []uint32
		}{{maxLits, litBits, litTable, m.lits[:]}, {maxDists, distBits, distTable, m.dists[:]}} {
			lengths := completeCode(rng, c.symbols, 2+rng.IntN(c.symbols-1))
			short := make([]uint8, len(lengths))
			for sym, n := range lengths {
				short[sym] = uint8(n)
			}
			table := make([]uint32, c.size)
			if !build(table, c.width, short, c.meaning) {
				t.Fatalf("a complete code is refused: %v", lengths)
			}
			for sym, code := range codesOf(lengths) {
				n := lengths[sym]
				if n == 0 {
					continue
				}
				in := bits.Reverse64(code)>>(64-n) | rng.Uint64()<<n
				e, took := table[in&(1<<c.width-1)], 0
				if e&(literal|deeper) == deeper {
					took = c.width
					e = table[e>>baseShift+uint32(in>>c.width)&(1<<(e>>codeShift&15)-1)]
				}
				if want := withCode(c.meaning[sym], n-took); e != want {
					t.Fatalf("symbol %d of %d bits: got entry %08x, want %08x; %v", sym, n, e, want, lengths)
				}
			}
		}
	}
}
