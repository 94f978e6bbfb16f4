package dp

import (
	"errors"
	"fmt"
	"math/bits"
)

var (
	// ErrUndeclared is returned for a release that does not say how much one person
	// changes it.
	ErrUndeclared = errors.New("dp: the per-person bound is not declared")
	// ErrBound is returned where a bound is so large that its square cannot be reckoned with.
	ErrBound = errors.New("dp: the per-person bound is too large")
	// ErrKernel is returned for an analysis that does not exist.
	ErrKernel = errors.New("dp: the analysis is out of range")
)

const (
	// maxCoordinates bounds a release: more than there are variants.
	maxCoordinates = 1 << 32
	// maxGroup bounds the size of a family.
	maxGroup = 1 << 10
	// maxSquare bounds L2Squared, so that rho in its unit fits in 128 bits.
	maxSquare = 1 << 52
)

// Bound is the most that one person changes a vector by being counted or not. The zero
// value is undeclared.
type Bound struct {
	// L1 is the sum of all changes.
	L1 uint64
	// L2Squared is the sum of their squares.
	L2Squared uint64
}

// Check reports whether the bound is declared, and fits.
func (b Bound) Check() error {
	if b.L1 == 0 || b.L2Squared == 0 {
		return ErrUndeclared
	}
	if b.L1 > maxSquare || b.L2Squared > maxSquare {
		return fmt.Errorf("%w: L1 %d, L2 squared %d, want at most 2^52; ask for less at a time", ErrBound, b.L1, b.L2Squared)
	}
	return nil
}

// Group is what so many people change together: a family, or one person who is counted
// in so many sites.
func (b Bound) Group(people int) (Bound, error) {
	if err := b.Check(); err != nil {
		return Bound{}, err
	}
	if people < 1 || people > maxGroup {
		return Bound{}, fmt.Errorf("%w: a group of %d people, want 1 to %d", ErrKernel, people, maxGroup)
	}
	k := uint64(people)
	over, square := bits.Mul64(b.L2Squared, k*k)
	if over != 0 || square > maxSquare || b.L1*k > maxSquare {
		return Bound{}, fmt.Errorf("%w: of %d people together", ErrBound, people)
	}
	return Bound{b.L1 * k, square}, nil
}

// Kernel is an analysis as a vector of sums over people.
type Kernel interface {
	// Coordinates is how many numbers the vector has.
	Coordinates() int
	// Person bounds what one person changes.
	Person() (Bound, error)
	// Largest is the greatest absolute value of a coordinate over so many people.
	Largest(people int64) int64
}

// Genotypes is how many people have which genotype, as Cells numbers for each of so many
// variants. A person is in one cell a variant, or in none.
type Genotypes struct{ Variants, Cells int }

// Coordinates implements Kernel.
func (g Genotypes) Coordinates() int { return g.Variants * g.Cells }

// Largest implements Kernel.
func (g Genotypes) Largest(people int64) int64 { return people }

// Person implements Kernel: one, in one cell of each variant.
func (g Genotypes) Person() (Bound, error) {
	if err := within("variants", g.Variants, maxCoordinates); err != nil {
		return Bound{}, err
	}
	if err := within("cells", g.Cells, 1<<10); err != nil {
		return Bound{}, err
	}
	return Bound{uint64(g.Variants), uint64(g.Variants)}, nil
}

// Counts is how many people are in each of some cells, where a person is in at most Cap of
// them: with a cap of 1, strata or a histogram; with more, carriers by gene. Whoever
// counts MUST leave out all but Cap of a person's cells.
type Counts struct{ Cells, Cap int }

// Coordinates implements Kernel.
func (c Counts) Coordinates() int { return c.Cells }

// Largest implements Kernel.
func (c Counts) Largest(people int64) int64 { return people }

// Person implements Kernel: one, in each of Cap cells.
func (c Counts) Person() (Bound, error) {
	if err := within("cells", c.Cells, maxCoordinates); err != nil {
		return Bound{}, err
	}
	if c.Cap == 0 {
		return Bound{}, fmt.Errorf("%w: say in how many of %d cells a person is at most", ErrUndeclared, c.Cells)
	}
	if err := within("cells a person", c.Cap, c.Cells); err != nil {
		return Bound{}, err
	}
	return Bound{uint64(c.Cap), uint64(c.Cap)}, nil
}

func within(what string, n, most int) error {
	if n < 1 || n > most {
		return fmt.Errorf("%w: %d %s, want 1 to %d", ErrKernel, n, what, most)
	}
	return nil
}
