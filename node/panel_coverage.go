package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// PanelCoverage says which variants of a panel a cohort's files tell of. It looks at
// sites and callable regions and at no genotype. It is for the site's own eyes: of a file
// that lists only what its people have, it tells what that is.
func (n *Node) PanelCoverage(ctx context.Context, cohort string, p *panel.Panel) (*panel.Coverage, error) {
	d, err := readCohort(ctx, n.records.db, cohort)
	if errors.Is(err, protocol.UnknownCohort) {
		return nil, fmt.Errorf("%w: %q", ErrNoCohort, cohort)
	}
	if err != nil {
		return nil, err
	}
	c, err := n.shelf.coverage(ctx, d, p)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errDatasetChanged):
		return nil, fmt.Errorf("%w: %q: %w", ErrUnsound, cohort, err)
	case err != nil:
		return nil, fmt.Errorf("%w: cohort %q: %w", ErrPanel, cohort, err)
	}
	return c, nil
}

// coverage is what a cohort's store tells of a panel, or what its files do where it has
// none.
func (s *shelf) coverage(ctx context.Context, d definition, p *panel.Panel) (*panel.Coverage, error) {
	d, err := s.withRegions(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.assemblyFor(p); err != nil {
		return nil, err
	}
	all := []panel.Range{{From: 0, To: uint64(p.Len())}}
	wanted, err := tally.Want(p, all)
	if err != nil {
		return nil, err
	}
	var covers []panel.Cover
	if d.Store != nil {
		covers, err = s.coverageOfStore(ctx, d, wanted, regionsOf(p, all))
	} else {
		covers, err = d.coverageOfFiles(ctx, s.parsing, wanted, p, all)
	}
	if err != nil {
		return nil, err
	}
	c := panel.NewCoverage(p)
	for i, cover := range covers {
		c.Set(i, cover)
	}
	return c, nil
}

func (s *shelf) coverageOfStore(ctx context.Context, d definition, wanted *tally.Wanted, where []store.Region) ([]panel.Cover, error) {
	r, err := s.open(*d.Store)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := r.Only(where...); err != nil {
		return nil, err
	}
	covers, err := tally.Coverage(ctx, r, wanted, d.Regions)
	if errors.Is(err, store.ErrDamaged) {
		return nil, s.unsound(*d.Store, err)
	}
	return covers, err
}

func (d definition) coverageOfFiles(ctx context.Context, how *parsing, wanted *tally.Wanted, p *panel.Panel, all []panel.Range) ([]panel.Cover, error) {
	places, err := placesOf(p, all)
	if err != nil {
		return nil, err
	}
	in, err := d.open(d.Files[0].Path, d.Samples.Path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var covers []panel.Cover
	_, reader, err := in.cohort(ctx, how, d, places)
	if err == nil {
		covers, err = tally.Coverage(ctx, reader, wanted, d.Regions)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// A file that was exchanged may fail in any way: that it was comes first.
	samples, genotypes, sumErr := in.records()
	switch {
	case sumErr != nil:
		return nil, errors.Join(sumErr, err)
	case samples != d.Samples || !slices.Equal(genotypes, d.Files):
		return nil, errDatasetChanged
	}
	return covers, err
}
