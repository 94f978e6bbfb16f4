package he

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"

	"github.com/tuneinsight/lattigo/v5/ring"
)

// poly is a polynomial of the ring, or its transform in lattigo's order.
type poly [ringDegree]uint64

// transform holds what the inverse number-theoretic transform needs.
type transform struct {
	ring *ring.Ring
	// prime, primeGap and sumFactor as variables: they stay in registers, where constants
	// do not.
	prime, gap, factor uint64
	roots              [ringDegree]factor // powers of the inverse root, bit-reversed
	steps              [ringDegree / 2]step

	vectors *vectorRoots // nil in portable Go
}

// transformA50 is made once.
var transformA50 = sync.OnceValues(func() (*transform, error) { return newTransform(a50[:]) })

// newTransform has each set pass its gate, and lattigo find the root.
func newTransform(sets []Params) (*transform, error) {
	for _, p := range sets {
		if err := p.gate(); err != nil {
			return nil, err
		}
	}
	r, err := ring.NewRing(ringDegree, []uint64{prime})
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	t := &transform{ring: r, prime: prime, gap: primeGap, factor: sumFactor}
	s := r.SubRings[0]
	for i, w := range s.RootsBackward {
		t.roots[i] = newFactor(ring.IMForm(w, prime, s.MRedConstant))
	}
	for i := range t.steps {
		t.steps[i] = step{t.roots[2*i], t.roots[2*i+1], t.roots[i]}
	}
	t.vectors = newVectorRoots(&t.roots)
	return t, nil
}

// key is a secret polynomial prepared to be multiplied with many public ones: its
// transform, divided by N.
type key struct {
	factors [ringDegree]factor
	vectors *vectorKey // nil in portable Go
}

func (k *key) wipe() {
	clear(k.factors[:])
	if k.vectors != nil {
		*k.vectors = vectorKey{}
	}
}

// scratch is what one block needs.
type scratch struct {
	public [8 * ringDegree]byte
	coins  [12 * ringDegree]byte
	x      poly
	out    [blockBytes + slack]byte
	words  [ringDegree]int64
}

// product sets x to a_b * secret but for the last layer, or the last two with vectors:
// what finishes it knows.
func (t *transform) product(s *scratch, public stream, block uint64, k *key) {
	public.fill(s.public[:], block)
	if !t.begin(s, k) {
		public.redraw(s.public[:], block, 8)
		t.begin(s, k)
	}
}

func (t *transform) begin(s *scratch, k *key) bool {
	if t.vectors != nil {
		return t.vectors.multiply(&s.x, &s.public, k.vectors)
	}
	return t.multiply(&s.x, &s.public, k)
}

func (t *transform) prepare(secret *poly) *key {
	p := t.ring.NewPoly()
	copy(p.Coeffs[0], secret[:])
	t.ring.NTT(p, p)
	k := new(key)
	inverse := invMod(ringDegree)
	for i, x := range p.Coeffs[0] {
		k.factors[i] = newFactor(mulMod(x, inverse))
	}
	k.vectors = newVectorKey(&k.factors)
	clear(p.Coeffs[0])
	return k
}

// multiply sets x to INTT(a * key), with coefficients below 2q. random holds a, a transform,
// as drawn; multiply reports whether every word of it was below q.
//
// Layers are done in pairs. No layer reduces its sums: what starts below 2q grows by
// one bit a layer and stays below 2^61 at the end. A difference has the bound of its
// subtrahend added, a multiple of q, so that it is never negative.
func (t *transform) multiply(x *poly, random *[8 * ringDegree]byte, k *key) bool {
	within := t.first(x, random, k)
	for i := range ringDegree / 16 {
		butterflies((*[16]uint64)(x[16*i:]), &t.steps[ringDegree/16+i], 8*t.prime, t.prime)
	}
	for i := range ringDegree / 64 {
		butterflies((*[64]uint64)(x[64*i:]), &t.steps[ringDegree/64+i], 32*t.prime, t.prime)
	}
	for i := range ringDegree / 256 {
		butterflies((*[256]uint64)(x[256*i:]), &t.steps[ringDegree/256+i], 128*t.prime, t.prime)
	}
	for i := range ringDegree / 1024 {
		butterflies((*[1024]uint64)(x[1024*i:]), &t.steps[ringDegree/1024+i], 512*t.prime, t.prime)
	}
	t.last(x)
	return within
}

// first multiplies with the key, and does the layers of distance 1 and 2.
func (t *transform) first(x *poly, random *[8 * ringDegree]byte, k *key) bool {
	var high uint64 // a word that is not below q sets bit 50
	p, out, in, factors, steps := t.prime, x[:], random[:], k.factors[:], t.steps[ringDegree/4:]
	for i := 0; i < ringDegree; i += 4 {
		r, f := (*[32]byte)(in[8*i:]), (*[4]factor)(factors[i:])
		a0 := binary.LittleEndian.Uint64(r[0:]) & maskPrime
		high |= a0 + primeGap
		a0 = f[0].by(a0, p)
		a1 := binary.LittleEndian.Uint64(r[8:]) & maskPrime
		high |= a1 + primeGap
		a1 = f[1].by(a1, p)
		b0 := a0 + a1
		s := &steps[i/4]
		b1 := s.w0.by(a0-a1+2*p, p)
		a2 := binary.LittleEndian.Uint64(r[16:]) & maskPrime
		high |= a2 + primeGap
		a2 = f[2].by(a2, p)
		a3 := binary.LittleEndian.Uint64(r[24:]) & maskPrime
		high |= a3 + primeGap
		a3 = f[3].by(a3, p)
		b2 := a2 + a3
		b3 := s.w1.by(a2-a3+2*p, p)
		y := (*[4]uint64)(out[i:])
		y[0] = b0 + b2
		y[2] = s.v.by(b0-b2+4*p, p)
		y[1] = b1 + b3
		y[3] = s.v.by(b1-b3+4*p, p)
	}
	return high>>primeBits == 0
}

// step holds the roots of two layers: those of the first, and that of the second.
type step struct{ w0, w1, v factor }

// fourRows are four rows of numbers, one after the other.
type fourRows interface {
	[16]uint64 | [64]uint64 | [256]uint64 | [1024]uint64
}

// butterflies does two layers on four rows. The compiler makes one of each length, with
// constant distances. Quotients are read where they are used: that takes nothing, and they
// need no registers. bound is that of the numbers.
func butterflies[rows fourRows](y *rows, s *step, bound, p uint64) {
	span := len(*y) / 4
	u0, u1, u := s.w0.w, s.w1.w, s.v.w
	for j := range span {
		a0, a1 := (*y)[j], (*y)[span+j]
		b0 := a0 + a1
		a0 = a0 - a1 + bound
		h, _ := bits.Mul64(s.w0.quotient, a0)
		b1 := a0*u0 - h*p
		a2, a3 := (*y)[2*span+j], (*y)[3*span+j]
		b2 := a2 + a3
		a2 = a2 - a3 + bound
		h, _ = bits.Mul64(s.w1.quotient, a2)
		b3 := a2*u1 - h*p
		(*y)[j] = b0 + b2
		b0 = b0 - b2 + 2*bound
		h, _ = bits.Mul64(s.v.quotient, b0)
		(*y)[2*span+j] = b0*u - h*p
		(*y)[span+j] = b1 + b3
		b1 = b1 - b3 + 2*bound
		h, _ = bits.Mul64(s.v.quotient, b1)
		(*y)[3*span+j] = b1*u - h*p
	}
}

// last does the layer that is left. Coefficients are below 2q afterwards.
func (t *transform) last(x *poly) {
	const half = ringDegree / 2
	w, p := t.roots[1], t.prime
	for j := range half {
		a, b := x[j], x[half+j]
		sum := a + b
		x[j] = sum - sum>>primeBits*p
		a += ringDegree*prime - b
		h, _ := bits.Mul64(a, w.quotient)
		x[half+j] = a*w.w - h*p
	}
}

// scale rounds x < 2^52 to the nearest integer of x * 2^48 / q, off by at most
// 1/2 + 2^-22, modulo 2^48 and with anything above that: so it does not matter whether
// x was reduced. 1/q is (1 + primeGap/2^50) / 2^50, but for one part in 2^72.
func scale(x, gap uint64) uint64 {
	return (x + (x>>14*gap)>>(primeBits-14) + 2) >> (primeBits - wordBits)
}

// coinsOf counts the heads of one coefficient's coins, 0 to 96. Because a tail is as
// good as a head, heads - 48 is distributed as 48 coins minus 48 other coins.
func coinsOf(a uint64, b uint32) uint64 {
	return uint64(bits.OnesCount64(a) + bits.OnesCount32(b))
}
