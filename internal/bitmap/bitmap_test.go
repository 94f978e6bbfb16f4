package bitmap_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/internal/bitmap"
)

// words are random, and of a thousand lengths they are every one.
func words(rng *rand.Rand, n int) []uint64 {
	w := make([]uint64, n)
	for i := range w {
		switch rng.IntN(4) {
		case 0:
			w[i] = 0
		case 1:
			w[i] = ^uint64(0)
		default:
			w[i] = rng.Uint64()
		}
	}
	return w
}

func has(bits []uint64, i int) bool { return bits[i/64]>>(i%64)&1 != 0 }

func TestBitsAreCountedWhereverTheyAre(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 1001 {
		for offset := range 2 {
			a, b := words(rng, n+offset)[offset:], words(rng, n+offset)[offset:]
			both, one := 0, 0
			for i := range 64 * n {
				if has(a, i) {
					one++
					if has(b, i) {
						both++
					}
				}
			}
			if got := bitmap.CountAnd(a, b); got != both {
				t.Fatalf("%d words: %d bits in both, want %d", n, got, both)
			}
			if got := bitmap.Count(a); got != one {
				t.Fatalf("%d words: %d bits, want %d", n, got, one)
			}
		}
	}
}

func TestCodesAreTakenApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for samples := range 1001 {
		for _, flip := range []byte{0, 0xff, 0x55} {
			codes := make([]byte, (samples+3)/4, samples+8)
			for i := range codes {
				codes[i] = flip
				if rng.IntN(3) == 0 {
					codes[i] = byte(rng.Uint32())
				}
			}
			p := bitmap.NewPlanes(samples)
			for _, plane := range [][]uint64{p.One, p.Two, p.Three} {
				copy(plane, words(rng, len(plane))) // what was there before
			}
			got := bitmap.Split(codes, flip, samples, p)
			var want [4]int
			planes := [4][]uint64{nil, p.One, p.Two, p.Three}
			for i := range samples {
				code := (codes[i/4] ^ flip) >> (2 * (i % 4)) & 3
				want[code]++
				for c := 1; c < 4; c++ {
					if has(planes[c], i) != (int(code) == c) {
						t.Fatalf("sample %d of %d: in plane %d wrongly, flip %x", i, samples, c, flip)
					}
				}
			}
			if got != (bitmap.Counts{One: want[1], Two: want[2], Three: want[3]}) {
				t.Fatalf("%d samples: %+v, want %v", samples, got, want)
			}
			for c := 1; c < 4; c++ {
				if n := bitmap.Count(planes[c]); n != want[c] {
					t.Fatalf("%d samples: %d bits of code %d, want %d", samples, n, c, want[c])
				}
			}
		}
	}
}

func TestCodesAreCountedUnderAMask(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for samples := range 1001 {
		for _, flip := range []byte{0, 0xff} {
			codes := make([]byte, (samples+3)/4)
			for i := range codes {
				codes[i] = flip
				if rng.IntN(3) == 0 {
					codes[i] = byte(rng.Uint32())
				}
			}
			mask := bitmap.Pairs(samples)
			var want [4]int
			for i := range samples {
				if rng.IntN(4) > 0 {
					bitmap.SetPair(mask, i)
					want[(codes[i/4]^flip)>>(2*(i%4))&3]++
				}
			}
			if got := bitmap.CountCodes(codes, flip, mask); got != (bitmap.Counts{One: want[1], Two: want[2], Three: want[3]}) {
				t.Fatalf("%d samples: %+v, want %v", samples, got, want)
			}
		}
	}
}

func TestRoomIsInWholeLines(t *testing.T) {
	for _, samples := range []int{0, 1, 64, 65, 512, 513, 100_000} {
		if b := bitmap.New(samples); len(b) != (samples+63)/64 || cap(b)%8 != 0 {
			t.Errorf("%d samples: %d words of %d", samples, len(b), cap(b))
		}
	}
}

const people = 10_000

func BenchmarkCountAnd(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := words(rng, (people+63)/64), words(rng, (people+63)/64)
	b.SetBytes(int64(8 * len(x)))
	for b.Loop() {
		bitmap.CountAnd(x, y)
	}
}

func BenchmarkSplit(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	dense := make([]byte, (people+3)/4)
	for i := range dense {
		dense[i] = byte(rng.Uint32())
	}
	rare := slices.Repeat([]byte{0xff}, len(dense))
	rare[rng.IntN(len(rare))] = 0xfe
	p := bitmap.NewPlanes(people)
	mask := bitmap.Pairs(people)
	for i := range people {
		bitmap.SetPair(mask, i)
	}
	b.Run("counted", func(b *testing.B) {
		b.SetBytes(int64(len(dense)))
		for b.Loop() {
			bitmap.CountCodes(dense, 0xff, mask)
		}
	})
	for name, codes := range map[string][]byte{"common": dense, "rare": rare} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(codes)))
			for b.Loop() {
				bitmap.Split(codes, 0xff, people, p)
			}
		})
	}
}
