package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/store"
)

var (
	// errNotStored is returned for the update of a cohort whose genotypes are not kept.
	errNotStored = errors.New("node: the cohort has no store that could grow; add it again, from all of its files")
	// errMixed is returned for a file some of whose samples are in the cohort.
	errMixed = errors.New("node: some samples of this file are in the cohort and some are not; split it into a file of the one and a file of the other")
	// errOrder is returned for a file of the cohort's samples in another order.
	errOrder = errors.New("node: the file has the cohort's samples in another order, or not all of them; write it with all of them in that order (bcftools view -S, plink2 --indiv-sort)")
	// errTwoAssemblies is returned for a file of another assembly than the cohort's.
	errTwoAssemblies = errors.New("node: the file is of another assembly")
	// errOtherReference is returned when files are aligned by different references.
	errOtherReference = errors.New("node: the cohort's alleles were aligned by another reference, or by none; update it by the same, or add it again")
)

// maxUpdate bounds the files of one update: those of the contigs of an assembly, and some.
const maxUpdate = 256

// UpdateSpec names a cohort and what is added to it.
type UpdateSpec struct {
	// Name is the cohort's.
	Name string
	// Paths are the new files of genotypes. Each has all of the cohort's samples, in their
	// order, and other sites; or none of them.
	Paths []string
	// Samples is the sample table, of old and new samples. Empty is the one that the cohort
	// has, which may have grown.
	Samples string
	// Filter is another filter than the cohort's. Empty is the one that it has.
	Filter string
	// Calling is for new files that are BGENs.
	Calling bgen.Calling
	// Personal says what becomes of it where personal data stands beside the new genotypes
	// or in the sample table.
	Personal PersonalData
	// Reference is the FASTA that the cohort was added with, if it was with one.
	Reference string
	// Progress, if there is one, is told how far the new files have been read.
	Progress func(Progress)
}

// CohortUpdate is what became of a cohort.
type CohortUpdate struct {
	CohortSummary
	// Filter is the one by which people were taken in.
	Filter string
	// Before is how many people there were.
	Before int
	// SamePeople tells that they are the same as before.
	SamePeople bool
}

// update writes a new store of the old one and new files.
func (s *shelf) update(ctx context.Context, old definition, spec UpdateSpec) (definition, error) {
	switch {
	case old.Store == nil:
		return definition{}, errNotStored
	case len(spec.Paths) == 0 || len(spec.Paths) > maxUpdate:
		return definition{}, fmt.Errorf("%w: an update needs 1 to %d files", ErrConfig, maxUpdate)
	case spec.Samples == "":
		spec.Samples = old.Samples.Path
	}
	d, err := s.withRegions(old)
	if err != nil {
		return definition{}, err
	}
	d.Look = &looking{how: spec.Personal}
	d.Look.typed("", spec.Filter, spec.Calling.Contig)
	if spec.Filter != "" {
		d.Filter = spec.Filter
	}
	by, err := d.openReference(spec.Reference, s)
	if err != nil {
		return definition{}, err
	}
	defer by.Close()
	if (old.Reference == nil) != (by == nil) || by != nil && d.Reference.SHA256 != old.Reference.SHA256 {
		return definition{}, errOtherReference
	}
	paths, err := absolute(append([]string{spec.Samples}, spec.Paths...)...)
	if err != nil {
		return definition{}, err
	}
	g := growing{shelf: s, by: by, calling: spec.Calling, look: d.Look}
	defer g.Close()
	if err := g.open(ctx, old, paths[1:]); err != nil {
		return definition{}, err
	}
	free, err := s.free(s.dir)
	if err != nil {
		return definition{}, fmt.Errorf("look how much room there is: %w", err)
	}
	if g.old.Size() > free {
		return definition{}, fmt.Errorf("%w: the old store and the new one are there together, and %s has %s", ErrRoom, s.dir, megabytes(free))
	}
	return g.take(ctx, d, paths[0], spec.Progress)
}

// growing is a store that grows.
type growing struct {
	shelf    *shelf
	by       *reference
	calling  bgen.Calling
	look     *looking
	old      *store.Reader
	parts    []*part
	groups   []group
	assembly genotype.Assembly
}

// group is files of the same samples.
type group struct {
	parts []genotype.Reader
	sexes []genotype.Sex
}

func (g *growing) Close() error {
	var errs []error
	if g.old != nil {
		errs = append(errs, g.old.Close())
	}
	for _, p := range g.parts {
		errs = append(errs, p.files.Close())
	}
	return errors.Join(errs...)
}

// open opens the old store and the new files, and finds out whose they are.
func (g *growing) open(ctx context.Context, old definition, paths []string) error {
	var err error
	if g.old, err = g.shelf.open(*old.Store); err != nil {
		return err
	}
	h := g.old.Header()
	g.assembly = h.Assembly
	g.groups = []group{{parts: []genotype.Reader{g.old}, sexes: h.Sexes}}
	for _, path := range paths {
		if err := g.add(ctx, path); err != nil {
			return fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

// add finds out which samples a file has.
func (g *growing) add(ctx context.Context, path string) error {
	p, about, err := newPart(ctx, g.shelf.parsing, path, g.calling, g.look)
	if err != nil {
		return err
	}
	g.parts = append(g.parts, p)
	switch {
	case about.assembly == genotype.UnknownAssembly || about.assembly == g.assembly:
	case g.assembly == genotype.UnknownAssembly:
		g.assembly = about.assembly
	default:
		return fmt.Errorf("%w: the cohort is of %s and the file of %s", errTwoAssemblies, g.assembly, about.assembly)
	}
	rows := g.by.align(p)
	for i := range g.groups {
		has := g.groups[i].parts[0].Samples()
		switch shared := sharedBy(has, p.samples); {
		case shared == 0:
			continue
		case shared < len(p.samples):
			return errMixed
		case !slices.Equal(has, p.samples):
			return errOrder
		}
		g.groups[i].parts = append(g.groups[i].parts, rows)
		return nil
	}
	g.groups = append(g.groups, group{parts: []genotype.Reader{rows}, sexes: about.sexes})
	return nil
}

// sharedBy is how many of the samples of b are in a.
func sharedBy(a, b []string) (n int) {
	known := make(map[string]struct{}, len(a))
	for _, s := range a {
		known[s] = struct{}{}
	}
	for _, s := range b {
		if _, ok := known[s]; ok {
			n++
		}
	}
	return n
}

// rows are those of all files together, and the sexes that the files tell.
func (g *growing) rows(callable func(contig string, from, to uint32) bool) (genotype.Reader, []genotype.Sex, error) {
	var (
		sides []store.Side
		sexes []genotype.Sex
		told  bool
	)
	for _, one := range g.groups {
		r, err := store.Concat(one.parts...)
		if err != nil {
			return nil, nil, err
		}
		sides = append(sides, store.Side{Reader: r, Callable: callable})
		told = told || len(one.sexes) > 0
		if len(one.sexes) == 0 {
			one.sexes = make([]genotype.Sex, len(r.Samples()))
		}
		sexes = append(sexes, one.sexes...)
	}
	if !told {
		sexes = nil
	}
	if len(sides) == 1 {
		return sides[0].Reader, sexes, nil
	}
	r, err := store.Join(sides...)
	return r, sexes, err
}

// take writes what is there now.
func (g *growing) take(ctx context.Context, d definition, samples string, tell func(Progress)) (definition, error) {
	var callable func(contig string, from, to uint32) bool
	if d.Regions != nil {
		callable = d.Regions.Hold
	}
	rows, sexes, err := g.rows(callable)
	if err != nil {
		return definition{}, err
	}
	c, is, err := g.cohort(d, samples, rows.Samples(), sexes)
	if err != nil {
		return definition{}, err
	}
	t := &taking{Reader: rows, on: g.shelf, tell: tell}
	for _, p := range g.parts {
		t.files = append(t.files, p.files)
	}
	if t, err = d.take(ctx, c, t); err != nil {
		return definition{}, err
	}
	defer t.abort()
	d.Samples, d.Files = is, slices.Clone(d.Files)
	for _, p := range g.parts {
		records, err := p.files.records()
		if err != nil {
			return definition{}, err
		}
		d.Files = append(d.Files, records...)
	}
	d.Look = nil
	return d, t.commit()
}

// cohort fits a sample table to old and new samples.
func (g *growing) cohort(d definition, path string, samples []string, sexes []genotype.Sex) (counted, fileRecord, error) {
	where, err := roll.ParseFilter(d.Filter)
	if err != nil {
		return counted{}, fileRecord{}, err
	}
	f, err := openHashed(path)
	if err != nil {
		return counted{}, fileRecord{}, fmt.Errorf("open the sample table: %w", err)
	}
	defer f.Close()
	lines, done := d.Look.table(path, f)
	table, err := roll.Read(lines, where)
	if err != nil {
		return counted{}, fileRecord{}, err
	}
	done()
	if err := d.Look.settle(); err != nil {
		return counted{}, fileRecord{}, err
	}
	is, err := f.record()
	if err != nil {
		return counted{}, fileRecord{}, err
	}
	c, err := table.Cohort(samples, sexes, d.Minimum)
	if err != nil {
		return counted{}, fileRecord{}, fmt.Errorf("cohort %q: %w", d.Name, err)
	}
	return d.counted(c, g.assembly, sexes), is, nil
}
