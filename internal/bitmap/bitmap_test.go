package bitmap_test

import (
	"encoding/binary"
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

func TestListsAreWidened(t *testing.T) {
	for _, test := range []struct {
		name   string
		list   []uint16
		ascend bool
	}{
		{"none", nil, true},
		{"from nothing to the last", []uint16{0, 65535}, true},
		{"twice the same", []uint16{7, 7}, false},
		{"one that is below the last", []uint16{1, 2, 3, 65535, 0}, false},
		{"more than a block", count(0, 40), true},
		{"more than a block, and the second is the first again", append([]uint16{0}, count(0, 40)...), false},
		{"more than a block, and the last is the one before", append(count(0, 40), 39), false},
		{"a block behind the first, up to the highest", count(65519, 17), true},
		{"a block behind the first, and around", count(65520, 17), false},
	} {
		raw := make([]byte, 0, 2*len(test.list))
		want := make([]uint32, 0, len(test.list))
		for _, v := range test.list {
			raw = binary.LittleEndian.AppendUint16(raw, v)
			want = append(want, 1<<16+uint32(v))
		}
		got := make([]uint32, len(want))
		if ok := bitmap.Widen(got, raw, 1<<16); ok != test.ascend || !slices.Equal(got, want) {
			t.Errorf("%s: %t %v, want %t %v", test.name, ok, got, test.ascend, want)
		}
	}
}

// count is n numbers from one on.
func count(from uint16, n int) []uint16 {
	list := make([]uint16, n)
	for i := range list {
		list[i] = from + uint16(i)
	}
	return list
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

func BenchmarkWiden(b *testing.B) {
	raw := make([]byte, 0, 2*people)
	for _, v := range count(0, people) {
		raw = binary.LittleEndian.AppendUint16(raw, v)
	}
	out := make([]uint32, people)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		bitmap.Widen(out, raw, 0)
	}
}
