//go:build amd64 && !purego

package bitmap

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/guard"
)

// lengths are those at which a kernel begins or ends a block, and some over 2^16.
func lengths() (all []int) {
	for n := range 140 {
		all = append(all, n)
	}
	return append(all, 1023, 1024, 1025, 1<<16-1, 1<<16, 1<<16+1, 1<<17+9)
}

// everyWay is memory at the end of a page and at its beginning, full of something.
func everyWay[T uint8 | uint64](t *testing.T, n int, value func() T) [][]T {
	t.Helper()
	atEnd, atBegin := guard.Of[T](t, n)
	for i := range n {
		atEnd[i] = value()
		atBegin[i] = atEnd[i]
	}
	return [][]T{atEnd, atBegin}
}

// counters are what one processor has or another.
var counters = []struct {
	name  string
	has   bool
	count func(a, b []uint64) int
	codes func(codes []byte, flip byte, mask []uint64) Counts
}{
	{"AVX2", hasAVX2, countAnd2, countCodes2},
	{"AVX-512", hasAVX512, countAnd, countCodes},
}

func TestNothingIsCountedOutsideOfTheSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, n := range lengths() {
		for name, word := range map[string]func() uint64{"all": func() uint64 { return ^uint64(0) }, "some": rng.Uint64} {
			as, bs := everyWay(t, n, word), everyWay(t, n, word)
			want := countAndGo(as[0], bs[0])
			if name == "all" && want != 64*n {
				t.Fatalf("%d bits of %d words that are full", want, n)
			}
			for _, k := range counters {
				for i := range as {
					if got := k.count(as[i], bs[i]); k.has && got != want {
						t.Fatalf("%s: %s of %d words: %d, want %d", k.name, name, n, got, want)
					}
				}
			}
			codesOf(t, n, word)
		}
	}
}

// codesOf counts n bytes of codes by every kernel.
func codesOf(t *testing.T, n int, word func() uint64) {
	t.Helper()
	if n == 0 {
		return
	}
	codes := everyWay(t, n, func() byte { return byte(word()) })
	masks := everyWay(t, (n+7)/8, func() uint64 { x := word(); return x & even * 3 })
	for _, m := range masks {
		if used := n % 8; used > 0 {
			m[len(m)-1] &= 1<<(8*used) - 1
		}
	}
	for _, flip := range []byte{0, 0xff} {
		want := countCodesGo(codes[0], flip, masks[0])
		for _, k := range counters {
			for i := range codes {
				if got := k.codes(codes[i], flip, masks[i]); k.has && got != want {
					t.Fatalf("%s: %+v of %d bytes of codes, want %+v", k.name, got, n, want)
				}
			}
		}
	}
}

func TestNothingIsTakenApartOutsideOfTheSlices(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, samples := range append(lengths(), 191, 192, 193, 255, 256, 257, 319, 320, 321) {
		words := (samples + 63) / 64
		codes := everyWay(t, (samples+3)/4, func() byte { return byte(rng.Uint32()) })
		ones, twos, threes := everyWay(t, words, rng.Uint64), everyWay(t, words, rng.Uint64), everyWay(t, words, rng.Uint64)
		for _, flip := range []byte{0, 0xff} {
			want, n := NewPlanes(samples), Counts{}
			for i := range samples {
				switch (codes[0][i/4] ^ flip) >> (2 * (i % 4)) & 3 {
				case 1:
					want.One[i/64] |= 1 << (i % 64)
					n.One++
				case 2:
					want.Two[i/64] |= 1 << (i % 64)
					n.Two++
				case 3:
					want.Three[i/64] |= 1 << (i % 64)
					n.Three++
				}
			}
			for i := range codes {
				got := Planes{ones[i], twos[i], threes[i]}
				if g := Split(codes[i], flip, samples, got); g != n {
					t.Fatalf("%+v of %d samples, want %+v", g, samples, n)
				}
				if !slices.Equal(got.One, want.One) || !slices.Equal(got.Two, want.Two) || !slices.Equal(got.Three, want.Three) {
					t.Fatalf("other planes of %d samples", samples)
				}
			}
			if !hasAVX2 || samples%64 != 0 {
				continue
			}
			for i := range codes {
				got := Planes{ones[i], twos[i], threes[i]}
				if g := splitBlocks(codes[i], flip, got, avx2SplitWords, splitAVX2); g != n || !slices.Equal(got.Three, want.Three) {
					t.Fatalf("AVX2: %+v of %d samples, want %+v", g, samples, n)
				}
			}
		}
	}
}

func TestNothingIsWidenedOutsideOfTheSlices(t *testing.T) {
	for _, n := range append(lengths()[:140], 1<<16-1, 1<<16) {
		atEnd, atBegin := guard.Bytes(t, 2*n)
		outEnd, outBegin := guard.Of[uint32](t, n)
		for i, raw := range [][]byte{atEnd, atBegin} {
			for k := range n {
				binary.LittleEndian.PutUint16(raw[2*k:], uint16(k))
			}
			out := [][]uint32{outEnd, outBegin}[i]
			if !Widen(out, raw, 7<<16) {
				t.Fatalf("%d numbers do not ascend", n)
			}
			for k, v := range out {
				if v != 7<<16+uint32(k) {
					t.Fatalf("number %d of %d is %d", k, n, v)
				}
			}
		}
	}
}

// AVX-512 is many sets of instructions, and hasAVX512 does not ask for DQ: a processor
// that lacks it, or a machine that hides it, would stop at one of these.
func TestKernelsUseWhatIsAskedForOnly(t *testing.T) {
	source, err := os.ReadFile("kernel_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	for _, dq := range []string{"I64X2", "F64X2", "I32X8", "F32X8", "I32X2", "F32X2", "KMOVB", "KORB", "KANDB", "KADDB", "KADDW", "KTESTB", "KTESTW",
		"VPMULLQ", "VPMOVM2D", "VPMOVM2Q", "VPMOVD2M", "VPMOVQ2M", "VANDPS", "VANDPD", "VORPS", "VORPD", "VXORPS", "VXORPD", "VRANGE", "VREDUCE", "VFPCLASS"} {
		if strings.Contains(string(source), dq) {
			t.Errorf("%s is of AVX-512 DQ", dq)
		}
	}
}
