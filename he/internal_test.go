package he

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// TestTransformAgreesWithLattigo multiplies by our own inverse transform and by lattigo's ring.
func TestTransformAgreesWithLattigo(t *testing.T) {
	tr, err := transformA50()
	if err != nil {
		t.Fatal(err)
	}
	if !new(big.Int).SetUint64(prime).ProbablyPrime(32) || prime%(2*ringDegree) != 1 {
		t.Fatalf("%d is not a prime that is 1 modulo %d", prime, 2*ringDegree)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	value := map[string]func() uint64{
		"random":      func() uint64 { return rng.Uint64N(prime) },
		"all largest": func() uint64 { return prime - 1 },
		"all zero":    func() uint64 { return 0 },
		"largest or zero": func() uint64 {
			return (prime - 1) * rng.Uint64N(2)
		},
	}
	for name, draw := range value {
		t.Run(name, func(t *testing.T) {
			var secret poly
			var s scratch
			a := tr.ring.NewPoly()
			for i := range secret {
				secret[i], a.Coeffs[0][i] = draw(), draw()
				binary.LittleEndian.PutUint64(s.public[8*i:], a.Coeffs[0][i]|rng.Uint64()<<primeBits)
			}
			if !tr.multiply(&s.x, &s.public, tr.prepare(&secret)) {
				t.Fatal("multiply says that a word is not below q")
			}
			want := lattigoProduct(tr.ring, a, &secret)
			const half = ringDegree / 2
			for j := range half {
				y0, y1 := finish(s.x[j], s.x[j+half], tr.roots[1])
				if got := reduce(y0); got != want.Coeffs[0][j] {
					t.Fatalf("coefficient %d: %d, lattigo has %d", j, got, want.Coeffs[0][j])
				}
				if got := reduce(y1); got != want.Coeffs[0][j+half] {
					t.Fatalf("coefficient %d: %d, lattigo has %d", j+half, got, want.Coeffs[0][j+half])
				}
			}
		})
	}
}

// lattigoProduct is INTT(a * NTT(secret)).
func lattigoProduct(r *ring.Ring, a ring.Poly, secret *poly) ring.Poly {
	s, out := r.NewPoly(), r.NewPoly()
	copy(s.Coeffs[0], secret[:])
	r.NTT(s, s)
	r.MForm(s, s)
	r.MulCoeffsMontgomery(a, s, out)
	r.INTT(out, out)
	return out
}
