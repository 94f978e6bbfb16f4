package sample

import (
	"fmt"
	"math/big"
)

const (
	// digitValues is how many values a digit has, or a table for both signs.
	digitBits   = 10
	digitValues = 1 << digitBits
	// maxScale bounds a Laplace draw to less than 2^27.
	maxScale = 1 << 20
	// leastScale is 1/16.
	leastScale = 16
	// maxPolyaScale bounds the table of a share, and with it the errors of rounding.
	maxPolyaScale = 64
	// maxPolyaShares bounds the product of both in a weight.
	maxPolyaShares = 1 << 16
	// exp(-183/2) is less than 2^-132.
	tailNum, tailDen = 183, 2
)

// Laplace draws from a discrete Laplace: x with a chance that is proportional to
// exp(-|x|/scale). It is safe for concurrent use.
type Laplace struct {
	scale Ratio
	max   int64
	both  *table   // of a small scale: positive and negative
	digit []*table // of a large one: the digits of the magnitude, lowest first
}

// NewLaplace makes one for a scale of 1/16..2^20.
func NewLaplace(scale Ratio) (*Laplace, error) {
	if !scale.within(leastScale, maxScale) {
		return nil, fmt.Errorf("%w: a scale of %v, want one of 1/%d to %d with terms of at most 2^45", ErrParameter, scale, leastScale, maxScale)
	}
	num, den := scale.big()
	n := tail(num, den)
	l := &Laplace{scale: scale, max: int64(n - 1)}
	if n <= digitValues {
		l.both = mirroredTable(geometricWeights(n, den, num))
		return l, nil
	}
	// A geometric magnitude's digits are independent of each other.
	for n > digitValues {
		l.digit = append(l.digit, plainTable(geometricWeights(digitValues, den, num)))
		n = (n + digitValues - 1) / digitValues
		den.Lsh(den, digitBits)
	}
	l.digit = append(l.digit, plainTable(geometricWeights(n, den, num)))
	l.max = int64(n)<<(digitBits*(len(l.digit)-1)) - 1
	return l, nil
}

// Scale is the parameter that is drawn with.
func (l *Laplace) Scale() Ratio { return l.scale }

// Max is the largest absolute value that is ever drawn.
func (l *Laplace) Max() int64 { return l.max }

// Draw is one draw.
func (l *Laplace) Draw(b *Bits) int64 {
	if l.both != nil {
		return l.both.draw(b)
	}
	for {
		sign := -int64(b.Uint64() & 1)
		m := int64(0)
		for i, t := range l.digit {
			m |= t.draw(b) << (digitBits * i)
		}
		if m != 0 || sign == 0 { // zero has one sign
			return (m ^ sign) - sign
		}
	}
}

// Add adds a draw to each number. Their sums MUST fit: see Max.
func (l *Laplace) Add(dst []int64, b *Bits) {
	for i := range dst {
		dst[i] += l.Draw(b)
	}
}

// Polya draws shares of a discrete Laplace: as many of them as it was made for add up to
// exactly one draw of it. A share is the difference of two draws of a Pólya law. It is
// safe for concurrent use.
type Polya struct {
	scale  Ratio
	shares int
	max    int64
	one    *table
}

// NewPolya makes one for a scale of 1/16..64 and so many shares, at most 65,536.
func NewPolya(scale Ratio, shares int) (*Polya, error) {
	if !scale.within(leastScale, maxPolyaScale) || shares < 1 || shares > maxPolyaShares {
		return nil, fmt.Errorf("%w: %d shares of a scale of %v, want 1 to %d of 1/%d to %d", ErrParameter, shares, scale, maxPolyaShares, leastScale, maxPolyaScale)
	}
	num, den := scale.big()
	n := tail(num, den)
	return &Polya{scale, shares, int64(n - 1), plainTable(polyaWeights(n, int64(shares), den, num))}, nil
}

// Scale is the parameter of the law that the shares add up to.
func (p *Polya) Scale() Ratio { return p.scale }

// Shares is how many of them add up to it.
func (p *Polya) Shares() int { return p.shares }

// Max is the largest absolute value of a share.
func (p *Polya) Max() int64 { return p.max }

// Draw is one share.
func (p *Polya) Draw(b *Bits) int64 {
	x := p.one.draw(b)
	return x - p.one.draw(b)
}

// Add adds a share to each number. Their sums MUST fit: see Max.
func (p *Polya) Add(dst []int64, b *Bits) {
	for i := range dst {
		dst[i] += p.Draw(b)
	}
}

// tail is how many of 0, 1, 2, .. there are until less than 2^-132 of a geometric law
// of scale num/den is left, and one more.
func tail(num, den *big.Int) int {
	n := new(big.Int).Mul(num, big.NewInt(tailNum))
	n.Quo(n, new(big.Int).Mul(den, big.NewInt(tailDen)))
	return int(n.Int64()) + 2
}

// plainTable is the table of a law over 0, 1, ..
func plainTable(weights []*big.Int) *table {
	values := make([]int32, len(weights))
	for i := range values {
		values[i] = int32(i)
	}
	return newTable(values, chances(weights, false))
}
