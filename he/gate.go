package he

import (
	"fmt"
	"math"
	"math/big"
)

// What a set of parameters has to hold, whoever adds one. The package refuses to work
// when one does not: see transformA50.
const (
	leastFailure = 70   // a word is wrong with a chance of at most 2^-leastFailure
	leastSigma   = 3.19 // of an error, when the sum of two is known
	mostPrime    = 54   // bits of q at N = 2048 for 2^128 steps; homomorphicencryption.org, 2018
)

// gate recomputes each bound of a set.
func (p Params) gate() error {
	q := new(big.Int).SetUint64(prime)
	variance := 2 * coins / 4.0 // of 2 * coins fair coins
	sites := int64(p.maxSites)
	switch {
	case !q.ProbablyPrime(32) || prime%(2*ringDegree) != 1:
		return fmt.Errorf("%w: %s: q is not a prime that is 1 modulo 2N", ErrParams, p)
	case ringDegree != 2048 || q.BitLen() > mostPrime || q.BitLen() != primeBits:
		return fmt.Errorf("%w: %s: q has %d bits, at most %d are secure", ErrParams, p, q.BitLen(), mostPrime)
	case math.Sqrt(variance/2) < leastSigma:
		return fmt.Errorf("%w: %s: errors deviate by %.2f, want %.2f", ErrParams, p, math.Sqrt(variance/2), leastSigma)
	case p.guard < 2 || p.guard >= wordBits/2 || sites < minSites:
		return fmt.Errorf("%w: %s: a guard of %d bits, %d sites", ErrParams, p, p.guard, sites)
	case failureBits(sites, p.guard) < leastFailure:
		return fmt.Errorf("%w: %s: a word fails with a chance of 2^-%.1f", ErrParams, p, failureBits(sites, p.guard))
	case sites*p.MaxWord(int(sites)) >= 1<<(p.Payload()-1):
		return fmt.Errorf("%w: %s: a sum of %d sites does not fit", ErrParams, p, sites)
	}
	return nil
}

// failureBits is b when the noise of a word of so many sites leaves its guard with a
// chance of at most 2^-b.
//
// An error is 96 fair coins less 48 on the scale of q, a quarter of that on the wire:
// sub-Gaussian with the variance proxy 96/4/16 = 3/2. Rounding adds a number of at most
// 1/2 at each site and at the researcher: 1/4 each (and 2^-22, which the 1/4 at the
// end has room for). So n sites have V = 7n/4 + 1/4, and the sum leaves +-2^(g-1) with a
// chance of at most 2 exp(-2^(2g-2) / 2V).
func failureBits(sites int64, guard uint8) float64 {
	v := (2*coins/4.0/16+0.25)*float64(sites) + 0.25
	return math.Exp2(2*float64(guard)-2)/(2*v)/math.Ln2 - 1
}
