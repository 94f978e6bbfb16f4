package bgen

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ErrThreshold is returned when it is not said from which probability on a genotype is
// called, or not so that at most one can be.
var ErrThreshold = errors.New("bgen: a BGEN has probabilities and no calls; say from which probability on a genotype is called, above 0.5 and up to 1 (as --hardcall-threshold 0.9)")

// Threshold is the probability from which on a genotype is called, in millionths:
// 900000 for 0.9. It is above 500000 and at most 1000000. Zero is none.
type Threshold uint32

// certain is the probability 1.
const certain Threshold = 1_000_000

// ParseThreshold reads a decimal number such as 0.9, of six places at most.
func ParseThreshold(text string) (Threshold, error) {
	whole, part, _ := strings.Cut(text, ".")
	if whole != "0" && whole != "1" || len(part) > 6 {
		return 0, fmt.Errorf("%w: it is written as 0.9 is, with six decimals at most", ErrThreshold)
	}
	n := Threshold(whole[0] - '0')
	for i := range 6 {
		n *= 10
		if i < len(part) {
			if part[i] < '0' || part[i] > '9' {
				return 0, fmt.Errorf("%w: it is written as 0.9 is, with six decimals at most", ErrThreshold)
			}
			n += Threshold(part[i] - '0')
		}
	}
	return n, n.check()
}

// String is the number that ParseThreshold reads.
func (t Threshold) String() string {
	text := fmt.Sprintf("%d.%06d", t/certain, t%certain)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func (t Threshold) check() error {
	if t <= certain/2 || t > certain {
		return ErrThreshold
	}
	return nil
}

// least is the smallest whole number that is the threshold's part of all, or more.
func (t Threshold) least(all uint64) uint64 {
	high, low := bits.Mul64(uint64(t), all)
	low, carry := bits.Add64(low, uint64(certain)-1, 0)
	n, _ := bits.Div64(high+carry, low, uint64(certain))
	return n
}
