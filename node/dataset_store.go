package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// count counts a cohort from its store, or from its files where it has none.
func (s *shelf) count(ctx context.Context, d definition, p *panel.Panel, ranges []panel.Range) ([]int64, tally.Warnings, error) {
	d, err := s.withRegions(d)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	if d.Store == nil {
		return d.count(ctx, s.parsing, p, ranges)
	}
	wanted, err := tally.Want(p, ranges)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	assembly, err := d.assemblyFor(p)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	c, r, err := s.cohort(d)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	defer r.Close()
	if err := r.Only(regionsOf(p, ranges)...); err != nil {
		return nil, tally.Warnings{}, err
	}
	counts, warnings, err := tally.AlleleFrequency(ctx, r, wanted, c.who, assembly)
	switch {
	case ctx.Err() != nil:
		return nil, tally.Warnings{}, ctx.Err()
	case errors.Is(err, store.ErrDamaged):
		return nil, tally.Warnings{}, s.unsound(*d.Store, err)
	case errors.Is(err, tally.ErrAssembly):
		return nil, tally.Warnings{}, fmt.Errorf("%w: %w", errAssembly, err)
	case err != nil:
		return nil, tally.Warnings{}, err
	}
	return counts, warnings, nil
}

// cohort opens a cohort's store and fits the sample table to it, which MUST be as it
// was. The caller MUST close the Reader.
func (s *shelf) cohort(d definition) (counted, *store.Reader, error) {
	table, err := d.table("")
	if err != nil {
		return counted{}, nil, err
	}
	r, err := s.open(*d.Store)
	if err != nil {
		return counted{}, nil, err
	}
	h := r.Header()
	c, err := table.Cohort(h.Samples, h.Sexes, d.Minimum)
	if err != nil {
		return counted{}, nil, errors.Join(fmt.Errorf("cohort %q: %w", d.Name, err), r.Close())
	}
	all := d.counted(c, h.Assembly, h.Sexes)
	if err := d.meant(all); err != nil {
		return counted{}, nil, errors.Join(err, r.Close())
	}
	return all, r, nil
}

// meant fails where a filter chooses others than it did when the cohort was taken in, such as
// in a version of the program that reads it in another way.
func (d definition) meant(c counted) error {
	if d.Filter == "" || c.PersonsDigest() == d.Persons {
		return nil
	}
	return fmt.Errorf("%w: its filter chooses other people", errDatasetChanged)
}

// table reads a cohort's sample table, which MUST be as it was, with a column of strata if it
// is named.
func (d definition) table(strata string) (*roll.Table, error) {
	where, err := roll.ParseFilter(d.Filter)
	if err != nil {
		return nil, err
	}
	samples, err := openHashed(d.Samples.Path)
	if err != nil {
		return nil, fmt.Errorf("open the sample table: %w", err)
	}
	defer samples.Close()
	table, tableErr := roll.ReadStrata(samples, where, strata)
	is, err := samples.record()
	switch {
	case err != nil:
		return nil, err
	case is != d.Samples:
		return nil, errDatasetChanged
	}
	return table, tableErr
}

// samples are the names of a cohort's samples, from its store or else its file.
func (s *shelf) samples(ctx context.Context, d definition) ([]string, error) {
	if d.Store != nil {
		r, err := s.open(*d.Store)
		if err != nil {
			return nil, err
		}
		return r.Header().Samples, r.Close()
	}
	g, err := openGenotypeFiles(d.Files[0].Path, d.Calling)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	r, _, err := g.parsed(ctx, s.parsing, nil)
	if err != nil {
		return nil, err
	}
	return slices.Clone(r.Samples()), nil
}

// scrub reads all of a cohort's store and says what is in it.
func (s *shelf) scrub(ctx context.Context, d definition) (definition, CohortSummary, error) {
	d, err := s.withRegions(d)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	c, r, err := s.cohort(d)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	defer r.Close()
	if err := r.Check(ctx); err != nil {
		return definition{}, CohortSummary{}, s.unsound(*d.Store, err)
	}
	assess, err := tally.NewAssessor(c.who, len(r.Samples()), c.assembly)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	found, err := tally.Examine(ctx, &taking{Reader: r, assess: assess}, c.who, c.assembly)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	d.Genotypes, d.Persons = found.Digest, c.PersonsDigest()
	return d, d.summary(c, len(r.Samples()), found, assess.Quality()), nil
}
