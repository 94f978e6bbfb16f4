package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// CountCohort counts a cohort as queries are counted, for its custodian's own eyes: from
// its sealed store, or from its files where it has none. Of the spec, Strata, Panel, Region
// and Assembly may be set: the rest is the cohort's. Nothing is charged,
// since nothing leaves; the counts MUST NOT leave the site by another way. As with Count,
// they MUST be thrown away when CountCohort returns an error.
func (n *Node) CountCohort(ctx context.Context, name string, spec CountSpec, yield CountYield) (CountSummary, error) {
	if spec.Path != "" || spec.Samples != "" || spec.Filter != "" || spec.Callable != "" || spec.Calling != (bgen.Calling{}) {
		return CountSummary{}, fmt.Errorf("%w: file, people, regions and threshold of a cohort were told when it was added", ErrConfig)
	}
	d, err := readCohort(ctx, n.records.db, name)
	if errors.Is(err, protocol.UnknownCohort) {
		return CountSummary{}, fmt.Errorf("%w: %q", ErrNoCohort, name)
	}
	if err != nil {
		return CountSummary{}, err
	}
	c, err := newCounting(spec)
	if err == nil {
		d, err = n.consenting(ctx, n.records.db, d, nil)
	}
	if err == nil {
		d, err = n.shelf.withRegions(d)
	}
	if err == nil {
		count := c.countStore
		if d.Store == nil {
			count = c.countFiles
		}
		err = count(ctx, &n.shelf, d, yield)
	}
	return c.summarized().unless(ctx, spec, err)
}

// summarized is empty where there is no counting.
func (c *counting) summarized() CountSummary {
	if c == nil {
		return CountSummary{}
	}
	return c.summary
}

// countStore reads the blocks of a store that the question needs.
func (c *counting) countStore(ctx context.Context, s *shelf, d definition, yield CountYield) error {
	table, err := d.table(c.spec.Strata)
	if err != nil {
		return err
	}
	r, err := s.open(*d.Store)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Only(c.stretches()...); err != nil {
		return err
	}
	h := r.Header()
	err = c.countRows(ctx, table, d, r, aboutFile{sexes: h.Sexes, assembly: h.Assembly}, yield)
	if errors.Is(err, store.ErrDamaged) {
		return s.unsound(*d.Store, err)
	}
	return err
}

// countFiles reads the files again, in a child. It fails when a byte of them has changed.
func (c *counting) countFiles(ctx context.Context, s *shelf, d definition, yield CountYield) error {
	var places *worker.Places
	if c.wanted != nil {
		var err error
		if places, err = placesOf(c.spec.Panel, c.ranges); err != nil {
			return err
		}
	}
	in, err := d.open(d.Files[0].Path, d.Samples.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	table, err := c.table(in.samples, d)
	if err == nil {
		var r genotype.Reader
		var about aboutFile
		if r, about, err = in.genotypes.parsed(ctx, s.parsing, places); err == nil {
			err = c.countRows(ctx, table, d, r, about, yield)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// A file that was exchanged may fail in any way: that it was comes first.
	return errors.Join(in.same(d), err)
}

// same reads what is left of the files, and fails unless they are a cohort's.
func (in *inputs) same(d definition) error {
	samples, genotypes, err := in.records()
	switch {
	case err != nil:
		return err
	case samples != d.Samples || !slices.Equal(genotypes, d.Files):
		return errDatasetChanged
	}
	return nil
}

// table reads a cohort's sample table.
func (c *counting) table(from *hashedFile, d definition) (*roll.Table, error) {
	where, err := roll.ParseFilter(d.Filter)
	if err != nil {
		return nil, err
	}
	return roll.ReadStrata(from, where, c.spec.Strata)
}

func (c *counting) countRows(ctx context.Context, table *roll.Table, d definition, r genotype.Reader, about aboutFile, yield CountYield) error {
	who, err := c.fit(table, r.Samples(), about.sexes, d)
	if err != nil {
		return err
	}
	who.Callable = d.Regions
	assembly, err := c.settle(about.assembly)
	if err != nil {
		return err
	}
	return c.run(ctx, r, who, assembly, yield)
}

// stretches are where a store is read; none for all of it.
func (c *counting) stretches() []store.Region {
	switch {
	case c.wanted != nil:
		return regionsOf(c.spec.Panel, c.ranges)
	case c.spec.Region != "":
		return []store.Region{{Contig: panel.CanonicalContig(c.where.Contig), From: c.where.From, To: c.where.To}}
	}
	return nil
}
