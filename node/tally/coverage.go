package tally

import (
	"context"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Coverage says of each wanted variant in order whether the rows of a file, or a callable
// region, tell of it. It looks at sites and at no genotype: of an assayed variant everybody
// may be missing. It reads r to its end, whose rows need no calls.
func Coverage(ctx context.Context, r genotype.Reader, w *Wanted, callable *Regions) ([]panel.Cover, error) {
	covers := make([]panel.Cover, w.Len())
	m := newMatcher(w, callable, func(_ *genotype.Row, place, _ int) error {
		covers[place] = panel.Assayed
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
		covers[place] = panel.HomRef
		return nil
	})
	if err != nil {
		return nil, err
	}
	return covers, nil
}
