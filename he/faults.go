package he

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// WrongSharesError is returned by Open when some openings do not fit the others and it
// is clear which: without them, the others open the sum. It is an ErrShare.
//
// Of t + x openings, x/2 wrong ones are found for certain. Who controls more of them can
// have others blamed.
type WrongSharesError struct {
	// Points are the points of the openings that do not fit.
	Points []uint32
}

// Error names the points.
func (e *WrongSharesError) Error() string {
	return fmt.Sprintf("%v: the shares of points %d do not fit the others", ErrShare, e.Points)
}

// Unwrap returns ErrShare.
func (e *WrongSharesError) Unwrap() error { return ErrShare }

// blame finds the shares that do not fit, or none where that is not clear. All words of
// a share are folded into one, with factors that follow from all shares: what is wrong
// in any word is wrong there, but for one chance in 2^50.
func blame(threshold int, shares []Share) (points []uint32) {
	sum := sha256.New()
	sum.Write([]byte("locus/he/blame/v1\x00"))
	for _, s := range shares {
		sum.Write(binary.BigEndian.AppendUint32(nil, s.point))
		for _, w := range s.words {
			sum.Write(binary.BigEndian.AppendUint64(nil, w))
		}
	}
	stream, err := newStream(sum.Sum(nil))
	if err != nil {
		return nil
	}
	factors := make([]uint64, len(shares[0].words))
	stream.uniform(factors, 0)
	x, y := make([]uint64, len(shares)), make([]uint64, len(shares))
	for i, s := range shares {
		x[i] = uint64(s.point)
		for j, w := range s.words {
			y[i] = addMod(y[i], mulMod(factors[j], w))
		}
	}
	f := decode(threshold, x, y)
	if f == nil {
		return nil
	}
	for i, s := range shares {
		if f.at(x[i]) != y[i] {
			points = append(points, s.point)
		}
	}
	if len(points) > (len(shares)-threshold)/2 {
		return nil
	}
	return points
}

// curve is a polynomial over Z_q, lowest coefficient first, without zeros at its end.
type curve []uint64

// at evaluates it.
func (f curve) at(x uint64) (y uint64) {
	for i := len(f) - 1; i >= 0; i-- {
		y = addMod(mulMod(y, x), f[i])
	}
	return y
}

// trim takes zeros off the end.
func (f curve) trim() curve {
	for len(f) > 0 && f[len(f)-1] == 0 {
		f = f[:len(f)-1]
	}
	return f
}

// over divides by g, which is not zero.
func (f curve) over(g curve) (quotient, rest curve) {
	rest = append(curve(nil), f...)
	if len(f) < len(g) {
		return nil, rest
	}
	quotient = make(curve, len(f)-len(g)+1)
	inverse := invMod(g[len(g)-1])
	for i := len(quotient) - 1; i >= 0; i-- {
		c := mulMod(rest[i+len(g)-1], inverse)
		quotient[i] = c
		for j, b := range g {
			rest[i+j] = subMod(rest[i+j], mulMod(c, b))
		}
	}
	return quotient, rest.trim()
}

// less is f - g*h.
func (f curve) less(g, h curve) curve {
	d := make(curve, max(len(f), len(g)+len(h)))
	copy(d, f)
	for i, a := range g {
		for j, b := range h {
			d[i+j] = subMod(d[i+j], mulMod(a, b))
		}
	}
	return d.trim()
}

// through is the curve through all points, and the one that is zero at all x.
func through(x, y []uint64) (f, zero curve) {
	zero = curve{1}
	for _, a := range x {
		zero = curve(nil).less(zero, curve{a, prime - 1}) // times X - a
	}
	f = make(curve, len(x))
	for i, a := range x {
		others, _ := zero.over(curve{prime - a, 1})
		c := mulMod(y[i], invMod(others.at(a)))
		for j, b := range others {
			f[j] = addMod(f[j], mulMod(c, b))
		}
	}
	return f.trim(), zero
}

// decode finds the curve of so many coefficients that goes through all points but at
// most half of those that it does not need (a Reed-Solomon code; S. Gao, 2003), or nil.
func decode(size int, x, y []uint64) curve {
	f, zero := through(x, y)
	r0, r1 := zero, f
	var v0, v1 curve = nil, curve{1}
	for 2*(len(r1)-1) >= len(x)+size {
		quotient, rest := r0.over(r1)
		r0, r1 = r1, rest
		v0, v1 = v1, v0.less(quotient, v1)
	}
	f, rest := r1.over(v1)
	if f = f.trim(); len(rest) > 0 || len(f) > size {
		return nil
	}
	return f
}
