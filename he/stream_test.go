package he

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// rare is AES, but that some blocks of its key stream are ones: as numbers of 50 bits they
// are not below q, which otherwise happens to one in 2^36.
type rare struct{ cipher.Block }

func (r rare) Encrypt(to, from []byte) {
	counter := binary.BigEndian.Uint64(from[8:])
	r.Block.Encrypt(to, from)
	switch counter % 7 {
	case 2:
		copy(to, "\xff\xff\xff\xff\xff\xff\xff\xff")
	case 5:
		copy(to[8:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	}
}

// rareStream has such blocks, and is without assembly.
func rareStream(t *testing.T) stream {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	return stream{block: rare{block}}
}

// passing are the first numbers of a row, less each unit of so many of which one is not
// below q.
func passing(s stream, row uint64, n, unit int) (all []uint64) {
	b := make([]byte, 16*n)
	s.row(row).XORKeyStream(b, b)
	for len(all) < n {
		var u []uint64
		for range unit {
			u = append(u, binary.LittleEndian.Uint64(b)&maskPrime)
			b = b[8:]
		}
		if slices.Max(u) < prime {
			all = append(all, u...)
		}
	}
	return all
}

// TestNumbersThatAreNotBelowThePrimeArePassedOver draws secrets, public polynomials and
// weights from a stream that has many of them.
func TestNumbersThatAreNotBelowThePrimeArePassedOver(t *testing.T) {
	s := rareStream(t)
	t.Run("secrets", func(t *testing.T) {
		got := make([]uint64, 5000)
		s.uniform(got, 3)
		if !slices.Equal(got, passing(s, 3, len(got), 1)) {
			t.Error("other numbers are drawn")
		}
	})
	t.Run("public polynomials", func(t *testing.T) {
		tr, err := transformA50()
		if err != nil {
			t.Fatal(err)
		}
		var secret poly
		for i := range secret {
			secret[i] = uint64(i) * 1_000_003
		}
		var work scratch
		tr.product(&work, s, 3, tr.prepare(&secret))
		for i, want := range passing(s, 3, ringDegree, 1) {
			if got := binary.LittleEndian.Uint64(work.public[8*i:]) & maskPrime; got != want {
				t.Fatalf("number %d is %d, want %d", i, got, want)
			}
		}
		var want scratch
		want.public = work.public
		if !tr.begin(&want, tr.prepare(&secret)) || work.x != want.x {
			t.Error("the product is of other numbers")
		}
	})
	t.Run("weights", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		words := make([]int64, ringDegree)
		var want [checkWords]uint64
		for j, w := range passing(s, 3, 2*ringDegree, 2) {
			if j%2 == 0 {
				words[j/2] = rng.Int64N(1 << 46)
			}
			want[j%2] = addMod(want[j%2], mulMod(w, uint64(words[j/2])))
		}
		w := weigher{stream: s}
		w.add(3, words)
		if w.sum != want {
			t.Error("the words have other weights")
		}
	})
}

// TestCheckWordsOfStrangersAreReduced: what came from outside may be any number.
func TestCheckWordsOfStrangersAreReduced(t *testing.T) {
	got := AddCheck(Check{1<<64 - 1, prime}, Check{prime - 1, 5})
	want := Check{(1<<64 - 1) % prime, 5}
	want[0] = addMod(want[0], prime-1)
	if got != want {
		t.Errorf("AddCheck: %d, want %d", got, want)
	}
}
