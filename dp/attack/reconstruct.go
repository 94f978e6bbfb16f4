package attack

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ErrSubsets is returned for subsets from which nothing can be reconstructed.
var ErrSubsets = errors.New("attack: the subsets do not fit")

// maxSecrets bounds what is solved for: the work grows with its third power.
const maxSecrets = 64

// Reconstruction finds a secret bit of each of some people from how many of them have it
// in each of many subsets (Dinur and Nissim 2003).
type Reconstruction struct {
	subsets []uint64
	people  int
	// lower is the Cholesky factor of A'A + ridge, where A are the subsets.
	lower [][]float64
}

// NewReconstruction makes one for up to 64 people, of whom person i is in a subset where
// bit i is set. The ridge is how much the noise's variance is above that of a bit; a small
// one keeps an exact answer exact.
func NewReconstruction(people int, subsets []uint64, ridge float64) (*Reconstruction, error) {
	if people < 1 || people > maxSecrets || len(subsets) < people {
		return nil, fmt.Errorf("%w: %d subsets of %d people, want 1 to %d and at least as many subsets", ErrSubsets, len(subsets), people, maxSecrets)
	}
	gram := make([][]float64, people)
	for i := range gram {
		gram[i] = make([]float64, people)
		gram[i][i] = ridge
		for j := range i + 1 {
			for _, s := range subsets {
				gram[i][j] += float64(s >> i & (s >> j) & 1) // both are in it
			}
		}
	}
	if !cholesky(gram) {
		return nil, fmt.Errorf("%w: they do not tell people apart, or the ridge of %g is none", ErrSubsets, ridge)
	}
	return &Reconstruction{subsets, people, gram}, nil
}

// cholesky factors a symmetric matrix in place, of which only the lower half is read.
func cholesky(a [][]float64) bool {
	for i := range a {
		for j := range i + 1 {
			sum := a[i][j]
			for k := range j {
				sum -= a[i][k] * a[j][k]
			}
			if i != j {
				a[i][j] = sum / a[j][j]
				continue
			}
			if !(sum > 1e-9) || math.IsInf(sum, 1) {
				return false
			}
			a[i][i] = math.Sqrt(sum)
		}
	}
	return true
}

// Solve estimates the bits from the answers by least squares. Above 0 a bit is likelier set.
func (r *Reconstruction) Solve(answers []int64) ([]float64, error) {
	if len(answers) != len(r.subsets) {
		return nil, fmt.Errorf("%w: %d answers to %d of them", ErrSubsets, len(answers), len(r.subsets))
	}
	// Bits are centred: to guess one half of everybody is to guess nothing.
	x := make([]float64, r.people)
	for q, s := range r.subsets {
		surprise := float64(answers[q]) - float64(bits.OnesCount64(s))/2
		for ; s != 0; s &= s - 1 {
			if i := bits.TrailingZeros64(s); i < len(x) {
				x[i] += surprise
			}
		}
	}
	for i := range x {
		for k := range i {
			x[i] -= r.lower[i][k] * x[k]
		}
		x[i] /= r.lower[i][i]
	}
	for i := len(x) - 1; i >= 0; i-- {
		for k := i + 1; k < len(x); k++ {
			x[i] -= r.lower[k][i] * x[k]
		}
		x[i] /= r.lower[i][i]
	}
	return x, nil
}
