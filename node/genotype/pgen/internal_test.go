package pgen

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever the processor has, a list is what it is one byte at a time.
func TestDeltasAreTheSameOnEveryProcessor(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 2, 127, 128, 300, 16383, 20000} {
		for n := range 200 {
			want, p := []uint32{rng.Uint32N(9)}, []byte(nil)
			for range n {
				delta := 1 + rng.IntN(most)
				want = append(want, want[len(want)-1]+uint32(delta))
				for ; delta > 127; delta >>= 7 {
					p = append(p, byte(delta)|0x80)
				}
				p = append(p, byte(delta))
			}
			exact := len(p)
			for _, behind := range []int{0, 1, 70} {
				for range behind {
					p = append(p, byte(rng.Uint32()))
				}
				got := append(want[:1:1], make([]uint32, n+spare)...)[:n+1]
				other := slices.Clone(got)
				used, usedGo := deltas(p, got), deltasGo(p, other)
				if used != usedGo || used >= 0 && !slices.Equal(got, other) {
					t.Fatalf("%d numbers up to %d: %d bytes used, and one at a time %d", n, most, used, usedGo)
				}
				if long := most > 16383 && used < 0; !long && (used != exact || !slices.Equal(got, want)) {
					t.Fatalf("%d numbers up to %d: %d bytes used; want %d", n, most, used, exact)
				}
			}
		}
	}
}

func TestDeltasThatAreNoneAreLeftToOthers(t *testing.T) {
	ones := func(n int) []byte { return slices.Repeat([]byte{1}, n) }
	for name, p := range map[string][]byte{
		"too short":                   ones(79),
		"nothing":                     {},
		"a zero":                      slices.Concat(ones(20), []byte{0}, ones(70)),
		"a zero far behind":           slices.Concat(ones(70), []byte{0}, ones(70)),
		"a zero that is written long": slices.Concat(ones(3), []byte{0x80, 0}, ones(80)),
		"three bytes":                 slices.Concat(ones(30), []byte{0x81, 0x81, 1}, ones(80)),
		"three bytes in two parts":    slices.Concat(ones(62), []byte{0x81, 0x81, 1}, ones(80)),
		"it goes on to the end":       slices.Repeat([]byte{0x81}, 200),
		"the last goes on":            slices.Concat(ones(79), []byte{0x81}),
	} {
		for _, f := range []func([]byte, []uint32) int{deltas, deltasGo} {
			if used := f(p, make([]uint32, 81+spare)[:81]); used != -1 {
				t.Errorf("%s: %d bytes are used", name, used)
			}
		}
	}
}

func FuzzDeltas(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0x81, 1, 7}, byte(4))
	f.Add(slices.Repeat([]byte{0x81, 1}, 100), byte(90))
	f.Add(slices.Concat(slices.Repeat([]byte{1}, 63), []byte{0x81, 0x81, 1, 0}), byte(64))
	f.Fuzz(func(t *testing.T, p []byte, n byte) {
		a, b := make([]uint32, int(n)+1+spare)[:int(n)+1], make([]uint32, int(n)+1)
		if got, want := deltas(p, a), deltasGo(p, b); got != want || got >= 0 && !slices.Equal(a, b) {
			t.Fatalf("%d bytes are used, and one at a time %d", got, want)
		}
	})
}
