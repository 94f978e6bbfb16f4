//go:build amd64 && !purego

package bitmap

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEveryKernelGivesTheSameAnswer runs all of those that this processor has.
func TestEveryKernelGivesTheSameAnswer(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	words := func(n int) []uint64 {
		w := make([]uint64, n)
		for i := range w {
			w[i] = rng.Uint64() | rng.Uint64()&-uint64(rng.IntN(2))
		}
		return w
	}
	kernels := []struct {
		name  string
		has   bool
		count func(a, b []uint64) int
		codes func(codes []byte, flip byte, mask []uint64) Counts
		split func(codes []byte, flip byte, p Planes) Counts
	}{
		{"AVX2", hasAVX2, countAnd2, countCodes2, func(codes []byte, flip byte, p Planes) Counts {
			return splitBlocks(codes, flip, p, avx2SplitWords, splitAVX2)
		}},
		{"AVX-512", hasGFNI, countAnd, countCodes, func(codes []byte, flip byte, p Planes) Counts {
			return splitBlocks(codes, flip, p, avx512SplitWords, splitAVX512)
		}},
	}
	for _, k := range kernels {
		if !k.has {
			t.Logf("this processor has no %s", k.name)
			continue
		}
		for n := range 1001 {
			a, b := words(n + 1)[1:], words(n)
			if got, want := k.count(a, b), countAndGo(a, b); got != want {
				t.Fatalf("%s: %d bits of %d words, want %d", k.name, got, n, want)
			}
			codes := make([]byte, 16*n+1)[1:]
			for i := range codes {
				codes[i] = byte(rng.Uint32())
			}
			flip := byte(rng.Uint32())
			if some := codes[:n]; n > 0 {
				mask := words((n + 7) / 8)
				if used := n % 8; used > 0 {
					mask[len(mask)-1] &= 1<<(8*used) - 1
				}
				if got, want := k.codes(some, flip, mask), countCodesGo(some, flip, mask); got != want {
					t.Fatalf("%s: %+v of %d bytes of codes, want %+v", k.name, got, n, want)
				}
			}
			got, want := NewPlanes(64*n), NewPlanes(64*n)
			if g, w := k.split(codes, flip, got), splitGo(codes, flip, want); g != w {
				t.Fatalf("%s: %+v of %d words, want %+v", k.name, g, n, w)
			}
			if !slices.Equal(got.One, want.One) || !slices.Equal(got.Two, want.Two) || !slices.Equal(got.Three, want.Three) {
				t.Fatalf("%s: other planes of %d words", k.name, n)
			}
		}
	}
}

// TestListsAreWidenedByEveryKernelAlike takes lists that ascend, and the same with one
// number that does not.
func TestListsAreWidenedByEveryKernelAlike(t *testing.T) {
	if !hasAVX2 {
		t.Log("this processor has no AVX2")
	}
	rng := rand.New(rand.NewPCG(9, 10))
	for n := range 200 {
		list := rng.Perm(1 << 16)[:n]
		slices.Sort(list)
		for at := -1; at < n; at++ {
			raw := make([]byte, 0, 2*n)
			for i, v := range list {
				if i == at {
					v = rng.IntN(1 << 16)
				}
				raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
			}
			got, want := make([]uint32, n), make([]uint32, n)
			ascend := widenGo(want, raw, 3<<16, 0)
			if ok := widen(got, raw, 3<<16); ok != ascend || !slices.Equal(got, want) {
				t.Fatalf("%d numbers, and number %d another: %t %v, want %t %v", n, at, ok, got, ascend, want)
			}
		}
	}
}
