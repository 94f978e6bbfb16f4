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
	ring  *ring.Ring
	roots [ringDegree]factor // powers of the inverse root, bit-reversed

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
	t := &transform{ring: r}
	s := r.SubRings[0]
	for i, w := range s.RootsBackward {
		t.roots[i] = newFactor(ring.IMForm(w, prime, s.MRedConstant))
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

// multiply sets x to INTT(a * key) but for the last layer, which is left to the caller
// (finish). random holds a, a transform, as drawn; multiply reports whether every word
// of it was below q.
//
// Layers are done in pairs. No layer reduces its sums: what starts below 2q grows by
// one bit a layer and stays below 2^61 at the end. A difference has the bound of its
// subtrahend added, a multiple of q, so that it is never negative.
func (t *transform) multiply(x *poly, random *[8 * ringDegree]byte, k *key) bool {
	var high uint64 // its sign is set by a word that is not below q
	for i := 0; i < ringDegree; i += 4 {
		r := (*[32]byte)(random[8*i:])
		f := (*[4]factor)(k.factors[i:])
		w := (*[2]factor)(t.roots[ringDegree/2+i/2:])
		a0 := binary.LittleEndian.Uint64(r[0:]) & maskPrime
		a1 := binary.LittleEndian.Uint64(r[8:]) & maskPrime
		a2 := binary.LittleEndian.Uint64(r[16:]) & maskPrime
		a3 := binary.LittleEndian.Uint64(r[24:]) & maskPrime
		high |= (prime - 1 - a0) | (prime - 1 - a1) | (prime - 1 - a2) | (prime - 1 - a3)
		a0, a1, a2, a3 = f[0].times(a0), f[1].times(a1), f[2].times(a2), f[3].times(a3)
		b0, b1 := a0+a1, w[0].times(a0-a1+2*prime)
		b2, b3 := a2+a3, w[1].times(a2-a3+2*prime)
		v := t.roots[ringDegree/4+i/4]
		y := (*[4]uint64)(x[i:])
		y[0], y[2] = b0+b2, v.times(b0-b2+4*prime)
		y[1], y[3] = b1+b3, v.times(b1-b3+4*prime)
	}
	t.four(x)
	for span := 16; span < ringDegree/2; span *= 4 {
		t.pair(x, span)
	}
	return int64(high) >= 0
}

// pair does the layers of distance span and 2*span.
func (t *transform) pair(x *poly, span int) {
	bound := 2 * prime * uint64(span)
	twice := 2 * bound
	first := t.roots[ringDegree/(2*span):]
	second := t.roots[ringDegree/(4*span):]
	for i := 0; i < ringDegree/(4*span); i++ {
		w0, w1, v := first[2*i], first[2*i+1], second[i]
		base := x[4*span*i:]
		x0 := base[:span]
		x1 := base[span:][:len(x0)]
		x2 := base[2*span:][:len(x0)]
		x3 := base[3*span:][:len(x0)]
		for j := range x0 {
			a0, a1, a2, a3 := x0[j], x1[j], x2[j], x3[j]
			b0, b1 := a0+a1, w0.times(a0-a1+bound)
			b2, b3 := a2+a3, w1.times(a2-a3+bound)
			x0[j], x2[j] = b0+b2, v.times(b0-b2+twice)
			x1[j], x3[j] = b1+b3, v.times(b1-b3+twice)
		}
	}
}

// four is pair of span 4: the loop has a known length, and the bounds are constants.
func (t *transform) four(x *poly) {
	const bound = 2 * prime * 4
	for i := range ringDegree / 16 {
		w := (*[2]factor)(t.roots[ringDegree/8+2*i:])
		v := t.roots[ringDegree/16+i]
		y := (*[16]uint64)(x[16*i:])
		for j := range 4 {
			a0, a1, a2, a3 := y[j], y[4+j], y[8+j], y[12+j]
			b0, b1 := a0+a1, w[0].times(a0-a1+bound)
			b2, b3 := a2+a3, w[1].times(a2-a3+bound)
			y[j], y[8+j] = b0+b2, v.times(b0-b2+2*bound)
			y[4+j], y[12+j] = b1+b3, v.times(b1-b3+2*bound)
		}
	}
}

// finish is the last butterfly: coefficients j and j + N/2, each below 2q.
func finish(a, b uint64, w factor) (uint64, uint64) {
	return fold(a + b), w.times(a - b + ringDegree*prime)
}

// scale rounds x < 2^52 to the nearest integer of x * 2^48 / q, off by at most
// 1/2 + 2^-22, modulo 2^48 and with anything above that: so it does not matter whether
// x was reduced. 1/q is (1 + primeGap/2^50) / 2^50, but for one part in 2^72.
func scale(x uint64) uint64 {
	return (x + (x>>14*primeGap)>>(primeBits-14) + 2) >> (primeBits - wordBits)
}

// coinsOf counts the heads of one coefficient's coins, 0 to 96. Because a tail is as
// good as a head, heads - 48 is distributed as 48 coins minus 48 other coins.
func coinsOf(a uint64, b uint32) uint64 {
	return uint64(bits.OnesCount64(a) + bits.OnesCount32(b))
}
