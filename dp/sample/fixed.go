package sample

import "math/big"

// Weights are fixed-point numbers: multiples of 2^-320. What a table keeps of them is
// 128 bits, so that the errors of a few thousand products do not show.
const fixedBits = 320

func fixedOne() *big.Int { return new(big.Int).Lsh(big.NewInt(1), fixedBits) }

// fixedMul sets z to x*y.
func fixedMul(z, x, y *big.Int) { z.Rsh(z.Mul(x, y), fixedBits) }

// expNegative is exp(-p/q), for p/q of at most a hundred. The argument is halved until
// it is below 2^-8, and the sum of the series squared as often.
func expNegative(p, q *big.Int) *big.Int {
	x := new(big.Int).Lsh(p, fixedBits)
	x.Quo(x, q)
	halvings := max(0, x.BitLen()-(fixedBits-8))
	x.Rsh(x, uint(halvings))
	sum, term := fixedOne(), fixedOne()
	for k := int64(1); ; k++ {
		fixedMul(term, term, x)
		term.Quo(term, big.NewInt(k))
		if term.Sign() == 0 {
			break
		}
		if k%2 == 1 {
			sum.Sub(sum, term)
		} else {
			sum.Add(sum, term)
		}
	}
	for range halvings {
		fixedMul(sum, sum, sum)
	}
	return sum
}

// gaussianWeights are exp(-j^2 p/q) for j = 0..n-1: each is the one before times
// c^(2j+1), where c is exp(-p/q).
func gaussianWeights(n int, p, q *big.Int) []*big.Int {
	factor := expNegative(p, q)
	square := new(big.Int)
	fixedMul(square, factor, factor)
	w := make([]*big.Int, n)
	w[0] = fixedOne()
	for j := 1; j < n; j++ {
		w[j] = new(big.Int)
		fixedMul(w[j], w[j-1], factor)
		fixedMul(factor, factor, square)
	}
	return w
}

// geometricWeights are exp(-j p/q) for j = 0..n-1.
func geometricWeights(n int, p, q *big.Int) []*big.Int {
	return polyaWeights(n, 1, p, q)
}

// polyaWeights are those of a negative binomial law with 1/h successes, for
// j = 0..n-1: C(j+1/h-1, j) exp(-j p/q). With h = 1 they are geometric.
func polyaWeights(n int, h int64, p, q *big.Int) []*big.Int {
	factor := expNegative(p, q)
	w := make([]*big.Int, n)
	w[0] = fixedOne()
	for j := 1; j < n; j++ {
		w[j] = new(big.Int)
		fixedMul(w[j], w[j-1], factor)
		w[j].Mul(w[j], big.NewInt(int64(j-1)*h+1))
		w[j].Quo(w[j], big.NewInt(int64(j)*h))
	}
	return w
}

// chances turns weights into whole numbers of 2^-128 that add up to 1. Each is rounded
// to the nearest, and what is left over goes to the first, which is the largest. Where
// the weights are mirrored, all but the first stand for two outcomes.
func chances(weights []*big.Int, mirrored bool) []*big.Int {
	total := new(big.Int)
	for _, w := range weights[1:] {
		total.Add(total, w)
	}
	if mirrored {
		total.Lsh(total, 1)
	}
	total.Add(total, weights[0])
	half := new(big.Int).Rsh(total, 1)
	p := make([]*big.Int, len(weights))
	rest := new(big.Int)
	for i, w := range weights {
		p[i] = new(big.Int).Lsh(w, tableBits)
		p[i].Quo(p[i].Add(p[i], half), total)
		if i > 0 {
			rest.Add(rest, p[i])
		}
	}
	if mirrored {
		rest.Lsh(rest, 1)
	}
	p[0].Sub(new(big.Int).Lsh(big.NewInt(1), tableBits), rest)
	return p
}
