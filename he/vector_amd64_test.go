//go:build amd64 && !purego

package he

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// The assembly has to give the bytes of portable Go, which is the reference: for random
// numbers and for those at the ends of their ranges.

func needVectors(t *testing.T) {
	t.Helper()
	if !vectors() {
		t.Skip("this processor has no AVX-512 with IFMA, VBMI, VAES and VPOPCNTDQ: there is no other path to compare with")
	}
}

// Vectors reports whether the assembly is used.
func Vectors() bool { return vectors() }

// Portable does something in portable Go.
func Portable(do func()) {
	t, err := transformA50()
	if err != nil {
		panic(err)
	}
	roots, detected := t.vectors, vectors
	t.vectors, vectors = nil, func() bool { return false }
	defer func() { t.vectors, vectors = roots, detected }()
	do()
}

// draws are ways to draw a number below a limit.
var draws = map[string]func(rng *rand.Rand, limit uint64) uint64{
	"random":          func(rng *rand.Rand, limit uint64) uint64 { return rng.Uint64N(limit) },
	"all largest":     func(_ *rand.Rand, limit uint64) uint64 { return limit - 1 },
	"all zero":        func(*rand.Rand, uint64) uint64 { return 0 },
	"largest or zero": func(rng *rand.Rand, limit uint64) uint64 { return (limit - 1) * rng.Uint64N(2) },
	"near an end": func(rng *rand.Rand, limit uint64) uint64 {
		return (rng.Uint64N(5) + limit - 2) % limit
	},
}

func TestVectorRowsAreIdentical(t *testing.T) {
	needVectors(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for _, size := range []int{16, 32} {
		for i := range 50 {
			key := make([]byte, size)
			for j := range key {
				key[j] = byte(rng.Uint32())
			}
			s, err := newStream(key)
			if err != nil {
				t.Fatal(err)
			}
			row := []uint64{0, 1, 1<<64 - 1, 1 << 63, rng.Uint64()}[i%5]
			got, want := make([]byte, vectorGroup*(1+i)), make([]byte, vectorGroup*(1+i))
			s.fill(got, row)
			stream{block: s.block}.fill(want, row)
			if !bytes.Equal(got, want) {
				t.Fatalf("key of %d bytes, row %d: other bytes than crypto/aes gives", size, row)
			}
		}
	}
}

// blocks of both paths from one input.
func TestVectorBlocksAreIdentical(t *testing.T) {
	needVectors(t)
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	portable := *tr
	portable.vectors = nil
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(2, 3))
			for round := range 40 {
				guard := []uint8{8, 9, 10}[round%3]
				var secret poly
				var s scratch
				var m Mask
				m.session.Params.guard = guard
				words, plain := new([blockBytes]byte), new([ringDegree]int64)
				for i := range secret {
					secret[i] = draw(rng, prime)
					binary.LittleEndian.PutUint64(s.public[8*i:], draw(rng, prime)|rng.Uint64()<<primeBits)
					plain[i] = int64(draw(rng, 1<<48))
					putWord(words[wordBytes*i:], uint64(plain[i]))
					binary.LittleEndian.PutUint64(s.coins[8*i:], draw(rng, 1<<64-1))
					binary.LittleEndian.PutUint32(s.coins[8*ringDegree+4*i:], uint32(draw(rng, 1<<32)))
				}
				k := tr.prepare(&secret)
				p := s
				if !tr.begin(&s, k) || !portable.begin(&p, k) {
					t.Fatal("a number drawn below q is said not to be")
				}
				var got, want [blockBytes + slack]byte
				tr.vectors.hide((*[blockBytes]byte)(got[:]), &s.x, &s.coins, words, guard)
				m.transform = &portable
				m.finish((*[blockBytes]byte)(want[:]), &p, plain)
				if got != want {
					t.Fatalf("guard %d: hidden words differ", guard)
				}
				var a, b [ringDegree]int64
				tr.decrypt(&a, &got, &s, guard)
				portable.decrypt(&b, &want, &p, guard)
				if a != b {
					t.Fatalf("guard %d: opened words differ", guard)
				}
			}
		})
	}
}

func TestVectorWeightsAreIdentical(t *testing.T) {
	needVectors(t)
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(4, 5))
			var words [ringDegree]int64
			random := make([]byte, 16*ringDegree)
			for range 40 {
				for i := range words {
					words[i] = int64(draw(rng, 1<<48-1)) - (1<<47 - 1)
					binary.LittleEndian.PutUint64(random[16*i:], draw(rng, prime)|rng.Uint64()<<primeBits)
					binary.LittleEndian.PutUint64(random[16*i+8:], draw(rng, prime)|rng.Uint64()<<primeBits)
				}
				got, ok := vectorWeigh(words[:], random)
				want, ok2 := dot(words[:], random)
				if !ok || !ok2 || got != want {
					t.Fatalf("%d %v, want %d %v", got, ok, want, ok2)
				}
			}
		})
	}
}

// One number in 2^36 that is drawn is not below q: no test meets one by chance.
func TestVectorsSeeANumberThatIsNotBelowQ(t *testing.T) {
	needVectors(t)
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	k := tr.prepare(new(poly))
	for _, at := range []int{0, 1, 7, 8, 1000, ringDegree - 1} {
		for _, x := range []uint64{prime, prime + 1, 1<<primeBits - 1} {
			var s scratch
			binary.LittleEndian.PutUint64(s.public[8*at:], x)
			if tr.begin(&s, k) {
				t.Errorf("%d at %d is taken for a number below q", x, at)
			}
			random := make([]byte, 16*ringDegree)
			binary.LittleEndian.PutUint64(random[16*at+8:], x)
			if _, ok := vectorWeigh(make([]int64, ringDegree), random); ok {
				t.Errorf("weight %d at %d is taken for one below q", x, at)
			}
		}
	}
}

func TestVectorSumsAreIdentical(t *testing.T) {
	needVectors(t)
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(6, 7))
			for n := range 110 { // three blocks, and what is left
				for count := range 5 {
					sum, sites := make([]byte, wordBytes*n), make([][]byte, count)
					want := make([]byte, wordBytes*n)
					for i := range sum {
						sum[i] = byte(rng.Uint32())
					}
					copy(want, sum)
					for k := range sites {
						sites[k] = make([]byte, wordBytes*n)
						for i := range n {
							x := draw(rng, 1<<48)
							putWord(sites[k][wordBytes*i:], x)
							putWord(want[wordBytes*i:], word(want[wordBytes*i:])+x)
						}
					}
					if err := Add(sum, sites...); err != nil || !bytes.Equal(sum, want) {
						t.Fatalf("%d words of %d sites: another sum, %v", n, count, err)
					}
				}
			}
		})
	}
}

func TestVectorWordsAreIdentical(t *testing.T) {
	needVectors(t)
	const limit = 1<<38 - 1
	rng := rand.New(rand.NewPCG(8, 9))
	for n := range 40 {
		words := make([]int64, n)
		for i := range words {
			words[i] = rng.Int64N(2*limit+1) - limit
			if i%3 == 0 {
				words[i] = []int64{limit, -limit, 0, -1}[i/3%4]
			}
		}
		got, want := make([]byte, wordBytes*n+slack), make([]byte, wordBytes*n+slack)
		ok := vectorPutWords(got, words, limit)
		if _, ok2 := putWords(want, words, limit); !ok || !ok2 || !bytes.Equal(got, want) {
			t.Fatalf("%d words: other bytes, %v and %v", n, ok, ok2)
		}
		for i := range words {
			old := words[i]
			for _, out := range []int64{limit + 1, -limit - 1, 1<<63 - 1, -1 << 63} {
				words[i] = out
				_, ok := putWords(want, words, limit)
				if ok || vectorPutWords(got, words, limit) {
					t.Fatalf("word %d of %d is %d, which is out of range", i, n, out)
				}
			}
			words[i] = old
		}
	}
}
