package dp

import (
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/dp/sample"
)

// ErrEvent is returned for an event that is not one of a mechanism of this package.
var ErrEvent = errors.New("dp: the event is not one of a mechanism")

// Kind is which mechanism it is.
type Kind uint8

// The mechanisms. Their numbers are written down in ledgers and MUST NOT change.
const (
	KindGaussian  Kind = 1
	KindLaplace   Kind = 2
	KindSelection Kind = 3
)

func (k Kind) String() string {
	switch k {
	case KindGaussian:
		return "discrete Gaussian"
	case KindLaplace:
		return "discrete Laplace"
	case KindSelection:
		return "selection"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Event is all of a release that its price depends on, and nothing of its data. It is
// written down before the mechanism runs.
type Event struct {
	Kind Kind
	// Bound is what one group changes.
	Bound Bound
	// Coordinates is how many numbers are released; 1 for a selection.
	Coordinates int
	// Honest is how many sites' noise is reckoned with.
	Honest int
	// Parameter is the variance of each site's share of a Gaussian, the scale of a whole
	// Laplace, or the weight of a selection, which is epsilon / 2.
	Parameter sample.Ratio
}

// Check reports what is wrong with the event.
func (e Event) Check() error {
	if err := e.Bound.Check(); err != nil {
		return err
	}
	if e.Kind < KindGaussian || e.Kind > KindSelection {
		return fmt.Errorf("%w: %v", ErrEvent, e.Kind)
	}
	if e.Coordinates < 1 || e.Coordinates > maxCoordinates || e.Honest < 1 || e.Honest > maxSites {
		return fmt.Errorf("%w: %d numbers and %d honest sites, want 1 to 2^32 and 1 to %d", ErrEvent, e.Coordinates, e.Honest, maxSites)
	}
	p := e.Parameter
	if p.Num == 0 || p.Den == 0 || p.Num > maxSquare || p.Den > maxSquare {
		return fmt.Errorf("%w: a parameter of %v, want one above 0 with terms of at most 2^52", ErrEvent, p)
	}
	return nil
}
