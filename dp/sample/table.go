package sample

import (
	"math/big"
	"math/bits"
)

// tableBits: the chances in a table are multiples of 2^-128.
const tableBits = 128

// column is what of a column is looked at for each draw.
type column struct {
	cut        uint64 // the upper 64 bits of a chance that has 128 - shift bits
	own, other int32
}

// table draws from a law whose chances are whole numbers of 2^-128, exactly, by the alias
// method of Walker and Vose. Of its 2^b columns all are equally likely, and in each one of
// two values is drawn.
type table struct {
	shift   uint // 64 - b: a word's upper b bits say which column
	columns []column
	low     []uint64 // the lower 64 bits of each cut
}

// newTable makes one for values and their chances, whose sum is 2^128.
func newTable(values []int32, chance []*big.Int) *table {
	b := max(1, bits.Len(uint(len(values)-1)))
	n := 1 << b
	t := &table{shift: uint(64 - b), columns: make([]column, n), low: make([]uint64, n)}
	full := new(big.Int).Lsh(big.NewInt(1), uint(tableBits-b))
	mass := make([]*big.Int, n)
	value := make([]int32, n)
	var small, large []int
	for i := range n {
		mass[i] = new(big.Int)
		if i < len(values) {
			value[i] = values[i]
			mass[i].Set(chance[i])
		}
		if mass[i].Cmp(full) < 0 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	// What a small one leaves of its column is filled from a large one. All masses are
	// integers, so that both lists end together.
	for len(small) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		t.set(s, mass[s], value[s], value[l])
		mass[l].Sub(mass[l], full).Add(mass[l], mass[s])
		if mass[l].Cmp(full) < 0 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, l := range large {
		t.set(l, new(big.Int), value[l], value[l]) // both are the same, wherever the cut is
	}
	return t
}

func (t *table) set(i int, cut *big.Int, own, other int32) {
	low := new(big.Int).And(cut, new(big.Int).SetUint64(1<<64-1))
	t.columns[i] = column{new(big.Int).Rsh(cut, 64).Uint64(), own, other}
	t.low[i] = low.Uint64()
}

// draw reads one word, and with a chance of less than 2^-50 a second one. Nothing but
// that hangs on what is drawn: the value is chosen by a mask.
func (t *table) draw(b *Bits) int64 {
	w := b.Uint64()
	i := w >> (t.shift & 63)
	rest := w & (1<<(t.shift&63) - 1)
	c := &t.columns[i]
	_, below := bits.Sub64(rest, c.cut, 0)
	if rest == c.cut {
		_, below = bits.Sub64(b.Uint64(), t.low[i], 0)
	}
	return int64(c.other ^ (c.own^c.other)&-int32(below))
}

// add adds a draw to each number.
func (t *table) add(dst []int64, b *Bits) {
	shift := t.shift & 63
	mask := uint64(1)<<shift - 1
	for k := range dst {
		w := b.Uint64()
		i := w >> shift
		rest := w & mask
		c := &t.columns[i]
		_, below := bits.Sub64(rest, c.cut, 0)
		if rest == c.cut {
			_, below = bits.Sub64(b.Uint64(), t.low[i], 0)
		}
		dst[k] += int64(c.other ^ (c.own^c.other)&-int32(below))
	}
}
