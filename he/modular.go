package he

import "math/bits"

// Arithmetic modulo q = 2^50 - 2^14 + 1. Nothing here branches on a value.

// reduce brings x < 2q below q.
func reduce(x uint64) uint64 {
	d := x - prime
	return d + prime&uint64(int64(d)>>63)
}

// fold brings any x below 2^50 + 2^28 < 2q: 2^50 is primeGap modulo q.
func fold(x uint64) uint64 {
	h := x >> primeBits
	return x&maskPrime + h<<14 - h
}

func addMod(a, b uint64) uint64 { return reduce(a + b) }

func subMod(a, b uint64) uint64 { return reduce(a + prime - b) }

// mulMod multiplies a, b < q.
func mulMod(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return mod128(hi, lo)
}

// mod128 reduces a number below 2^114. It is not for the hot path.
func mod128(hi, lo uint64) uint64 {
	// hi * 2^64 is hi * primeGap * 2^14, and so on down to one word.
	hi, lo2 := bits.Mul64(hi<<14|lo>>primeBits, primeGap)
	lo2, carry := bits.Add64(lo2, lo&maskPrime, 0)
	hi += carry
	return reduce(fold((hi<<14|lo2>>primeBits)*primeGap + lo2&maskPrime))
}

func powMod(a, e uint64) uint64 {
	r := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 { // the exponent is public
			r = mulMod(r, a)
		}
		a = mulMod(a, a)
	}
	return r
}

func invMod(a uint64) uint64 { return powMod(a, prime-2) }

// factor is a number below q prepared for many multiplications (Shoup).
type factor struct {
	w, quotient uint64 // quotient = floor(w * 2^64 / q)
}

func newFactor(w uint64) factor {
	quotient, _ := bits.Div64(w, 0, prime)
	return factor{w, quotient}
}

// times returns x * w modulo q, below 2q, for any x.
func (f factor) times(x uint64) uint64 { return f.by(x, prime) }

// by is times, where p is the prime in a variable: see transform.
func (f *factor) by(x, p uint64) uint64 {
	h, _ := bits.Mul64(f.quotient, x)
	return x*f.w - h*p
}
