package sample

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"testing"
)

// precision is that of the second implementation, which has nothing in common with the
// first: floating point, an exponential for each entry, and no recurrence.
const precision = 512

func float(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// trueExp is exp(-p/q) as 1 over the series of exp(p/q / 2^m), squared m times.
func trueExp(p, q *big.Int) *big.Float {
	x := float(0).Quo(float(0).SetInt(p), float(0).SetInt(q))
	m := 0
	for ; x.Sign() > 0 && x.MantExp(nil) > -12; m++ {
		x.Quo(x, float(2))
	}
	sum, term := float(1), float(1)
	for k := 1; term.Sign() > 0 && term.MantExp(nil) > -precision-8; k++ {
		term.Quo(term.Mul(term, x), float(float64(k)))
		sum.Add(sum, term)
	}
	for range m {
		sum.Mul(sum, sum)
	}
	return sum.Quo(float(1), sum)
}

// law gives the true weight of a value from one that matters to another: what is beyond
// is less than 2^-140 of it.
type law struct {
	weight func(x int64) *big.Float
	from   int64
	to     int64
}

// gaussianLaw is exp(-(x*step)^2 / (2 variance)) from x = from on.
func gaussianLaw(variance Ratio, step, from int64) law {
	num, den := variance.big()
	num.Lsh(num, 1)
	return law{func(x int64) *big.Float {
		p := big.NewInt(x * step)
		return trueExp(p.Mul(p, p).Mul(p, den), num)
	}, from, int64(reach(variance.big())+2) * 11 / 10 / step}
}

// polyaLaw is C(x+r-1, x) exp(-x*step/scale) with r = 1/shares.
func polyaLaw(scale Ratio, step int64, shares int, from, to int64) law {
	num, den := scale.big()
	return law{func(x int64) *big.Float {
		p := big.NewInt(max(x, -x) * step)
		w := trueExp(p.Mul(p, den), num)
		for k := int64(1); shares > 1 && k <= x; k++ {
			w.Mul(w, float(float64((k-1)*int64(shares)+1)))
			w.Quo(w, float(float64(k*int64(shares))))
		}
		return w
	}, from, to}
}

// chancesOf adds up what the columns of a table give to each value.
func (t *table) chancesOf() map[int64]*big.Int {
	all := map[int64]*big.Int{}
	give := func(value int32, chance *big.Int) {
		if all[int64(value)] == nil {
			all[int64(value)] = new(big.Int)
		}
		all[int64(value)].Add(all[int64(value)], chance)
	}
	full := new(big.Int).Lsh(big.NewInt(1), 64+t.shift)
	for i, c := range t.columns {
		cut := new(big.Int).SetUint64(c.cut)
		cut.Add(cut.Lsh(cut, 64), new(big.Int).SetUint64(t.low[i]))
		give(c.own, cut)
		give(c.other, new(big.Int).Sub(full, cut))
	}
	return all
}

// distance is the total variation between a table and a law.
func (t *table) distance(l law) *big.Float {
	total := float(0)
	weights := map[int64]*big.Float{}
	for x := l.from; x <= l.to; x++ {
		weights[x] = l.weight(x)
		total.Add(total, weights[x])
	}
	unit := float(0).SetMantExp(float(1), -tableBits)
	sum := float(0)
	got := t.chancesOf()
	for x, w := range weights {
		want := float(0).Quo(w, total)
		if p := got[x]; p != nil {
			want.Sub(want, float(0).Mul(float(0).SetInt(p), unit))
		}
		sum.Add(sum, want.Abs(want))
	}
	for x, p := range got {
		if weights[x] == nil {
			sum.Add(sum, float(0).Mul(float(0).SetInt(p), unit))
		}
	}
	return sum.Quo(sum, float(2))
}

// bits2 is the binary logarithm, rounded up.
func bits2(x *big.Float) int { return x.MantExp(nil) }

// A law that is wrong by this much in one draw is wrong by 2^-92 in 10 million.
const promised = -116

func TestTablesAreWithinTwoToTheMinus116OfTheTrueLaw(t *testing.T) {
	type piece struct {
		table *table
		law   law
	}
	pieces := map[string][]piece{}
	for _, v := range []Ratio{{1, 16}, {1, 2}, {2, 1}, {7, 3}, {20, 1}, {400, 1}, {4096, 1}} {
		g, err := NewGaussian(v)
		if err != nil {
			t.Fatal(err)
		}
		l := gaussianLaw(v, 1, 0)
		l.from = -l.to
		pieces[fmt.Sprintf("a Gaussian of variance %v", v)] = []piece{{g.narrow, l}}
	}
	// What is kept of a draw of bins is at least 0.96, so that twice the distance of the
	// table is more than the distance of what is kept: two tables stand for that.
	for _, v := range []uint64{4097, 16384, 16385, 1000003, 1 << 26, 1<<44 - 1, 1 << 44} {
		g, err := NewGaussian(Whole(v))
		if err != nil {
			t.Fatal(err)
		}
		p := piece{g.wide.settled, gaussianLaw(Whole(v), 1<<g.wide.width, 0)}
		pieces[fmt.Sprintf("a Gaussian of variance %d", v)] = []piece{p, p}
	}
	for _, s := range []Ratio{{1, 16}, {2, 1}, {11, 1}, {100, 1}, {maxScale, 1}} {
		l, err := NewLaplace(s)
		if err != nil {
			t.Fatal(err)
		}
		to := int64(tail(s.big()) + 40*int(s.Num/s.Den+1)/10)
		var ps []piece
		if l.both != nil {
			ps = []piece{{l.both, polyaLaw(s, 1, 1, -to, to)}}
		}
		step := int64(1)
		for i, table := range l.digit {
			last := int64(digitValues - 1)
			if i == len(l.digit)-1 {
				last = to / step
			}
			p := piece{table, polyaLaw(s, step, 1, 0, last)}
			ps = append(ps, p, p) // half of the zeros are not kept
			step <<= digitBits
		}
		pieces[fmt.Sprintf("a Laplace of scale %v", s)] = ps
	}
	for _, h := range []int{1, 2, 7, maxPolyaShares} {
		p, err := NewPolya(Whole(10), h)
		if err != nil {
			t.Fatal(err)
		}
		x := piece{p.one, polyaLaw(Whole(10), 1, h, 0, 1000)}
		pieces[fmt.Sprintf("a share of %d of a Laplace of scale 10", h)] = []piece{x, x}
	}
	for name, ps := range pieces {
		t.Run(name, func(t *testing.T) {
			sum := float(0)
			for _, p := range ps {
				sum.Add(sum, p.table.distance(p.law))
			}
			t.Logf("2^%d", bits2(sum))
			if bits2(sum) > promised {
				t.Errorf("the distance is up to 2^%d, want at most 2^%d", bits2(sum), promised)
			}
		})
	}
}

// The widest table of a share has the most entries, so that it is the worst of all. Its law
// is computed by the recurrence, which is only as good as its first step: the table above
// has that checked.
func TestTheWidestShareIsWithinTwoToTheMinus116(t *testing.T) {
	const shares = 3
	p, err := NewPolya(Whole(maxPolyaScale), shares)
	if err != nil {
		t.Fatal(err)
	}
	base := trueExp(big.NewInt(1), big.NewInt(maxPolyaScale))
	weights := []*big.Float{float(1)}
	for k := 1; k < 6500; k++ {
		w := float(0).Mul(weights[k-1], base)
		w.Mul(w, float(float64((k-1)*shares+1)))
		weights = append(weights, w.Quo(w, float(float64(k*shares))))
	}
	d := p.one.distance(law{func(x int64) *big.Float { return weights[x] }, 0, int64(len(weights) - 1)})
	if d.Add(d, d); bits2(d) > promised {
		t.Errorf("the distance is up to 2^%d, want at most 2^%d", bits2(d), promised)
	}
}

func TestADistanceIsSeen(t *testing.T) {
	g, err := NewGaussian(Whole(20))
	if err != nil {
		t.Fatal(err)
	}
	l := gaussianLaw(Whole(20), 1, 0)
	l.from = -l.to
	g.narrow.low[0] ^= 1 << 14 // 2^-114 from one value to another
	if d := g.narrow.distance(l); bits2(d) <= promised {
		t.Errorf("a table that is wrong by 2^-114 seems to be within 2^%d", bits2(d))
	}
}

// Products in a try fit in 64 bits and a coin's chance is far below 1, for every bin.
func TestBinsDoNotOverflow(t *testing.T) {
	for width := uint(1); width <= 16; width++ {
		for _, variance := range []uint64{maxNarrow<<(2*width-2) + 1, maxNarrow << (2 * width)} {
			w := newBins(variance)
			if w.width != width {
				t.Fatalf("variance %d: bins of 2^%d, want 2^%d", variance, w.width, width)
			}
			place, j := uint64(1)<<width-1, uint64(w.count-1)
			over := place * (place + j<<(width+1))
			if over > w.denom*43/100 {
				t.Errorf("variance %d: the last bin's coin has a chance of %d/%d, want at most 0.43", variance, over, w.denom)
			}
			if big.NewInt(0).Lsh(new(big.Int).SetUint64(w.denom), 31-width).BitLen() > 63 {
				t.Errorf("variance %d: %d << %d overflows", variance, w.denom, 31-width)
			}
		}
	}
}

// The first bits of a coin and what settles the rest give its chance exactly: over all
// first bits, the chances to fall add up to over/denom.
func TestFirstBitsOfACoinAreExact(t *testing.T) {
	w := newBins(1 << 44) // 15 first bits
	n := 31 - w.width
	for _, over := range []uint64{0, 1, w.denom / 7, w.denom / 3, w.denom*42/100 - 1} {
		edge, sum := over<<n, new(big.Int)
		for fresh := range uint64(1) << n {
			if fresh*w.denom < edge {
				sum.Add(sum, new(big.Int).SetUint64(min(edge-fresh*w.denom, w.denom)))
			}
		}
		if want := new(big.Int).SetUint64(edge); sum.Cmp(want) != 0 {
			t.Errorf("over = %d: the first bits add up to %d, want %d", over, sum, want)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for _, v := range []uint64{20, 4096, 1 << 26} {
		b.Run(fmt.Sprint(v), func(b *testing.B) {
			for b.Loop() {
				if _, err := NewGaussian(Whole(v)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// given are words that come before those of a seed.
func given(words ...uint64) *Bits {
	b := NewBits([32]byte{}, 0)
	b.next -= 8 * len(words)
	for i, w := range words {
		binary.LittleEndian.PutUint64(b.buffer[b.next+8*i:], w)
	}
	return b
}

// A word that is equal to a cut is settled by the next one, against what the cut has below.
func TestAWordOnACutIsSettledByTheNext(t *testing.T) {
	g, err := NewGaussian(Whole(20))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for i, c := range g.narrow.columns {
		low := g.narrow.low[i]
		if c.own == c.other || low == 0 {
			continue
		}
		seen++
		word := uint64(i)<<g.narrow.shift | c.cut
		for next, want := range map[uint64]int32{low - 1: c.own, low: c.other} {
			added := []int64{0}
			g.Add(added, given(word, next))
			if drawn := g.Draw(given(word, next)); drawn != int64(want) || added[0] != drawn {
				t.Errorf("column %d: with the next word at %d of %d, %d is drawn and %d added, want %d", i, next, low, drawn, added[0], want)
			}
		}
	}
	if seen < 50 {
		t.Errorf("the test sees %d columns", seen)
	}
}

func TestAWordOnTheCutOfABinIsSettledByTheNext(t *testing.T) {
	w := newBins(1 << 26)
	seen := 0
	for i, c := range w.unsettle {
		cut, low := w.settled.columns[i].cut&(1<<32-1), w.settled.low[i]
		if c.own == c.other || cut == 0 || low == 0 {
			continue
		}
		seen++
		// The place is 0, the sign positive, and the coin does not fall.
		word := uint64(i)<<54 | uint64(c.cut)<<32 | (1<<32 - 1<<(w.width+1))
		for _, x := range []struct {
			next []uint64
			want uint16
		}{
			{[]uint64{(cut - 1) << 32}, c.own},
			{[]uint64{(cut + 1) << 32}, c.other},
			{[]uint64{cut << 32, low - 1}, c.own},
			{[]uint64{cut << 32, low}, c.other},
		} {
			if got := w.draw(given(append([]uint64{word}, x.next...)...)); got != int64(x.want)<<w.width {
				t.Errorf("column %d, %x: got %d, want bin %d", i, x.next, got, x.want)
			}
		}
	}
	if seen < 500 {
		t.Errorf("the test sees %d columns", seen)
	}
}

// A coin whose first bits do not tell falls with the chance that is left, and then the
// series goes on. By Hoeffding, a part of 200,000 is off by 0.0077 with a chance of less
// than 1e-10.
func TestACoinThatIsNotDecidedFallsWithTheChanceThatIsLeft(t *testing.T) {
	w, b := newBins(1<<26), NewBits([32]byte{1}, 0)
	over := w.denom * 4 / 10
	on := 1 - (1-math.Exp(-0.4))/0.4 // to be kept after the first coin fell
	for _, left := range []float64{0.1, 0.5, 0.9, 1, 3} {
		const n = 200_000
		kept := 0
		for range n {
			if w.keep(uint64(left*float64(w.denom)), over, b) {
				kept++
			}
		}
		falls := min(1, left)
		if got, want := float64(kept)/n, 1-falls+falls*on; math.Abs(got-want) > 0.0077 {
			t.Errorf("with %g left, a part of %.4f is kept, want %.4f", left, got, want)
		}
	}
}
