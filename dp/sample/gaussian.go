package sample

import (
	"fmt"
	"math/big"
	"math/bits"
)

const (
	// maxNarrow is the greatest variance that has a table of its own: a standard
	// deviation of 64.
	maxNarrow = 64 * 64
	// maxVariance bounds the widths of bins to 2^16, and all products to 64 bits.
	maxVariance = 1 << 44
	// leastVariance is 1/16. There is no use for less.
	leastVariance = 16
	// A table ends after 13.5 standard deviations, beyond which there is less than 2^-132
	// of a Gaussian. 13.5^2 is 729/4.
	reachNum, reachDen = 729, 4
)

// Gaussian draws from a discrete Gaussian: x with a chance that is proportional to
// exp(-x^2 / (2 variance)). It is safe for concurrent use.
type Gaussian struct {
	variance Ratio
	max      int64
	narrow   *table
	wide     *bins
}

// NewGaussian makes one for a variance of 1/16..2^44. Above 4096 the variance is rounded
// up to a whole number. The variance is the parameter of the law: what the law's own
// variance is differs from it by less than 1 in 10^6 from variance 1 on.
func NewGaussian(variance Ratio) (*Gaussian, error) {
	if !variance.within(leastVariance, maxVariance) {
		return nil, fmt.Errorf("%w: a variance of %v, want one of 1/%d to %d with terms of at most 2^45", ErrParameter, variance, leastVariance, uint64(maxVariance))
	}
	if variance.within(leastVariance, maxNarrow) {
		num, den := variance.big()
		n := reach(num, den)
		weights := gaussianWeights(n, den, num.Lsh(num, 1))
		return &Gaussian{variance: variance, max: int64(n - 1), narrow: mirroredTable(weights)}, nil
	}
	whole := (variance.Num + variance.Den - 1) / variance.Den
	w := newBins(whole)
	return &Gaussian{variance: Whole(whole), max: int64(w.count)<<w.width - 1, wide: w}, nil
}

// Variance is the parameter that is drawn with, never less than what was asked for.
func (g *Gaussian) Variance() Ratio { return g.variance }

// Max is the largest absolute value that is ever drawn.
func (g *Gaussian) Max() int64 { return g.max }

// Draw is one draw.
func (g *Gaussian) Draw(b *Bits) int64 {
	if g.narrow != nil {
		return g.narrow.draw(b)
	}
	return g.wide.draw(b)
}

// Add adds a draw to each number. Their sums MUST fit: see Max.
func (g *Gaussian) Add(dst []int64, b *Bits) {
	if g.narrow != nil {
		g.narrow.add(dst, b)
		return
	}
	g.wide.add(dst, b)
}

// reach is how many of 0, 1, 2, .. lie within 13.5 roots of num/den, and one more.
func reach(num, den *big.Int) int {
	square := new(big.Int).Mul(num, big.NewInt(reachNum))
	square.Quo(square, new(big.Int).Mul(den, big.NewInt(reachDen)))
	return int(square.Sqrt(square).Int64()) + 2
}

// mirroredTable is the table of a law over ..-1, 0, 1.. with the given weights of 0, 1..
func mirroredTable(weights []*big.Int) *table {
	p := chances(weights, true)
	values := make([]int32, 0, 2*len(p)-1)
	all := make([]*big.Int, 0, 2*len(p)-1)
	for x := len(p) - 1; x > 0; x-- {
		values, all = append(values, int32(-x)), append(all, p[x])
	}
	for x, chance := range p {
		values, all = append(values, int32(x)), append(all, chance)
	}
	return newTable(values, all)
}

// binBits: a wide Gaussian's table of bins has 2^10 columns.
const binBits = 10

// bin is a column of such a table as it is looked at for each draw.
type bin struct {
	cut        uint32 // the upper 22 bits of the cut
	own, other uint16
}

// bins draw from a wide Gaussian. A magnitude m = j*2^k + u is drawn as its bin j, with
// the weight of the bin's left edge, and its place u in the bin, uniform; a sign; and it
// is kept with a chance of exp(-(u^2 + 2u*j*2^k) / (2 variance)), which makes up for the
// rest of the bin, and but one of the two zeros. About 1 in 60 is not kept. One word is
// enough for all of that, but for 1 draw in thousands:
//
//	10 bits  the column         k bits     the place
//	22 bits  against its cut    31-k bits  against the chance
//	 1 bit   the sign
//
// What these bits do not tell is settled exactly with more of them.
type bins struct {
	width    uint   // k
	count    int    // bins with a weight
	denom    uint64 // 2 variance
	settled  *table
	unsettle [1 << binBits]bin
}

func newBins(variance uint64) *bins {
	w := &bins{denom: 2 * variance}
	for variance > maxNarrow<<(2*w.width) {
		w.width++
	}
	num := new(big.Int).Lsh(big.NewInt(1), 2*w.width) // of the square of a bin
	den := new(big.Int).SetUint64(w.denom)
	w.count = reach(new(big.Int).SetUint64(variance), num)
	p := chances(gaussianWeights(w.count, num, den), false)
	values := make([]int32, w.count)
	for j := range values {
		values[j] = int32(j)
	}
	for len(values) < 1<<binBits { // so that there are 2^10 columns, whatever the count
		values, p = append(values, 0), append(p, new(big.Int))
	}
	w.settled = newTable(values, p)
	for i, c := range w.settled.columns {
		w.unsettle[i] = bin{uint32(c.cut >> 32), uint16(c.own), uint16(c.other)}
	}
	return w
}

func (w *bins) draw(b *Bits) int64 {
	for {
		if x, kept := w.try(b.Uint64(), b); kept {
			return x
		}
	}
}

func (w *bins) add(dst []int64, b *Bits) {
	for i := range dst {
		dst[i] += w.draw(b)
	}
}

// try makes a draw of a word, and of more only where that does not tell.
func (w *bins) try(word uint64, b *Bits) (x int64, kept bool) {
	i := word >> (64 - binBits)
	c := &w.unsettle[i]
	rest := uint32(word>>32) & (1<<22 - 1)
	_, below := bits.Sub64(uint64(rest), uint64(c.cut), 0)
	if rest == c.cut {
		below = w.settle(i, b)
	}
	j := uint64(c.other ^ (c.own^c.other)&-uint16(below))
	k := w.width & 31
	place := word >> 1 & (1<<k - 1)
	// The chance to lose is less than a half of over/denom, and it is rarely compared.
	over := place * (place + j<<(k+1))
	fresh := uint64(uint32(word)) >> (k + 1)
	if edge := over << (31 - k); fresh*w.denom < edge && !w.keep(edge-fresh*w.denom, over, b) {
		return 0, false
	}
	m := int64(j<<k + place)
	if uint64(m) < word&1 { // zero has one sign
		return 0, false
	}
	sign := -int64(word & 1)
	return (m ^ sign) - sign, true
}

// settle tells on which side of a cut a draw is whose upper 22 bits are equal to it.
func (w *bins) settle(i uint64, b *Bits) (below uint64) {
	next, cut := b.Uint64()>>32, w.settled.columns[i].cut&(1<<32-1)
	if next == cut {
		_, below = bits.Sub64(b.Uint64(), w.settled.low[i], 0)
		return below
	}
	_, below = bits.Sub64(next, cut, 0)
	return below
}

// keep goes on with von Neumann's series for exp(-over/denom) whose first coin fell, as
// far as its first bits tell. The coin's chance is left/denom where those bits were
// equal, and otherwise 1.
func (w *bins) keep(left, over uint64, b *Bits) bool {
	if left < w.denom && !b.Bernoulli(left, w.denom) {
		return true
	}
	return b.series(over, w.denom, 2)
}
