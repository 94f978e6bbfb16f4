package sample_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/dp/sample"
)

// reference is the exact sampler of Canonne, Kamath and Steinke (2020), in rational
// numbers and by their book, with random words of another origin.
type reference struct{ words *rand.ChaCha8 }

func (r reference) below(n *big.Int) *big.Int {
	for {
		x := new(big.Int)
		for range (n.BitLen() + 63) / 64 {
			x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(r.words.Uint64()))
		}
		x.Rsh(x, uint((64-n.BitLen()%64)%64))
		if x.Cmp(n) < 0 {
			return x
		}
	}
}

func (r reference) bernoulli(p *big.Rat) bool { return r.below(p.Denom()).Cmp(p.Num()) < 0 }

// exp is their algorithm 1.
func (r reference) exp(g *big.Rat) bool {
	for one := big.NewRat(1, 1); g.Cmp(one) > 0; g = new(big.Rat).Sub(g, one) {
		if !r.exp(one) {
			return false
		}
	}
	k := int64(1)
	for r.bernoulli(new(big.Rat).Quo(g, big.NewRat(k, 1))) {
		k++
	}
	return k%2 == 1
}

// laplace is their algorithm 2, of scale t.
func (r reference) laplace(t int64) int64 {
	for {
		u := r.below(big.NewInt(t)).Int64()
		if !r.exp(big.NewRat(u, t)) {
			continue
		}
		v := int64(0)
		for r.exp(big.NewRat(1, 1)) {
			v++
		}
		x, negative := u+t*v, r.words.Uint64()&1 == 1
		switch {
		case !negative:
			return x
		case x != 0:
			return -x
		}
	}
}

// gaussian is their algorithm 3.
func (r reference) gaussian(variance int64) int64 {
	t := new(big.Int).Sqrt(big.NewInt(variance)).Int64() + 1
	for {
		y := r.laplace(t)
		// (|y| - variance/t)^2 / (2 variance)
		g := new(big.Rat).Sub(big.NewRat(max(y, -y), 1), big.NewRat(variance, t))
		g.Mul(g, g)
		if r.exp(g.Quo(g, big.NewRat(2*variance, 1))) {
			return y
		}
	}
}

// Both samplers draw from the same law, and the test of fit thinks so of both.
func TestTheReferenceDrawsFromTheSameLaw(t *testing.T) {
	const n = 40_000
	r := reference{rand.NewChaCha8([32]byte{1})}
	for name, law := range map[string]struct {
		ours      tested
		reference func() int64
	}{
		"a Gaussian of variance 20":   {tested{newGaussian(t, sample.Whole(20)).Add, gaussianWeight(20), 4.5}, func() int64 { return r.gaussian(20) }},
		"a Gaussian of variance 5000": {tested{newGaussian(t, sample.Whole(5000)).Add, gaussianWeight(5000), 70}, func() int64 { return r.gaussian(5000) }},
		"a Laplace of scale 30":       {tested{newLaplace(t, sample.Whole(30)).Add, laplaceWeight(30), 42}, func() int64 { return r.laplace(30) }},
	} {
		t.Run(name, func(t *testing.T) {
			book := law.ours
			book.add = func(dst []int64, _ *sample.Bits) {
				for i := range dst {
					dst[i] = law.reference()
				}
			}
			if f := book.misfit(n, 0); f > 1 {
				t.Errorf("%d draws of the reference are %.2f times as far off as may be", n, f)
			}
			if f := law.ours.misfit(n, 4); f > 1 {
				t.Errorf("%d draws are %.2f times as far off as may be", n, f)
			}
		})
	}
}
