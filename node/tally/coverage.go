package tally

import (
	"context"

	"github.com/locus-genomics/locus/node/genotype"
)

// Coverage of a wanted variant: what a file can say of it.
const (
	// NotAssayed is AN 0: no row tells of it.
	NotAssayed byte = iota
	// Assayed is a row that lists it, or tells of it as blocks of a gVCF do.
	Assayed
	// Callable is no row, within a callable region: everybody is hom-ref.
	Callable
)

// Coverage says of each wanted variant in order whether a file tells of it, one code a
// variant. It looks at sites and at no genotype: of an assayed variant everybody may be
// missing. It reads r to its end, whose rows need no calls.
func Coverage(ctx context.Context, r genotype.Reader, w *Wanted, callable *Regions) ([]byte, error) {
	codes := make([]byte, w.Len())
	m := newMatcher(w, callable, func(_ *genotype.Row, place, _ int) error {
		codes[place] = Assayed
		return nil
	})
	err := each(ctx, r, func(row *genotype.Row) error {
		_, err := m.match(row)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = m.eachAbsent(func(_ string, place int) error {
		codes[place] = Callable
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
