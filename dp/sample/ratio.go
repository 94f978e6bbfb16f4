package sample

import (
	"errors"
	"fmt"
	"math/big"
)

// ErrParameter is returned for a law that cannot be drawn from.
var ErrParameter = errors.New("sample: the parameter is out of range")

// maxTerm bounds both terms of a Ratio, so that products of two fit in 128 bits.
const maxTerm = 1 << 45

// Ratio is a number as a fraction.
type Ratio struct{ Num, Den uint64 }

// Whole is a whole number.
func Whole(n uint64) Ratio { return Ratio{n, 1} }

// Float is the nearest floating-point number, for display.
func (r Ratio) Float() float64 { return float64(r.Num) / float64(r.Den) }

func (r Ratio) String() string {
	if r.Den == 1 {
		return fmt.Sprint(r.Num)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

// within reports whether r is between two numbers, 1/least and most.
func (r Ratio) within(least, most uint64) bool {
	if r.Num == 0 || r.Den == 0 || r.Num > maxTerm || r.Den > maxTerm {
		return false
	}
	num, den := r.big()
	return new(big.Int).Mul(num, big.NewInt(int64(least))).Cmp(den) >= 0 &&
		new(big.Int).Mul(den, big.NewInt(int64(most))).Cmp(num) >= 0
}

func (r Ratio) big() (num, den *big.Int) {
	return new(big.Int).SetUint64(r.Num), new(big.Int).SetUint64(r.Den)
}
