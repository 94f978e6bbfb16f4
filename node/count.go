package node

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrCount is returned when a file is not counted.
	ErrCount = errors.New("node: not counted")
	// errGuess is added where X is in a file that does not tell its assembly.
	errGuess = errors.New("say which one it is (--assembly)")
)

// CountSpec says what to count.
type CountSpec struct {
	// Path is a file of genotypes, or the prefix of several.
	Path string
	// Samples is a sample table. Without one everyone is counted, and the sexes are those
	// that the file knows.
	Samples string
	// Filter is column=value, or an expression, to count some lines of the table only.
	Filter string
	// Strata is a column of the table: people of each of its values are counted by
	// themselves. Empty counts all of them together.
	Strata string
	// Panel has the variants to count. Without one they are the file's own, as it lists them.
	Panel *panel.Panel
	// Region leaves out what lies elsewhere; empty for all. Of a VCF or BCF whose index lies
	// beside it only the region is read.
	Region string
	// Callable is a BED of regions in which everybody was looked at: a panel's variants
	// there of which the file tells nothing are hom-ref. Empty for none.
	Callable string
	// Assembly is the reference that a file is of which does not say so itself.
	Assembly string
	// Calling is what a BGEN does not say of itself. Its threshold is needed
	// for a BGEN, and zero for anything else.
	Calling bgen.Calling
	// Threads is how many blocks of a BGZF are unpacked at once. Zero means one.
	Threads int
}

// CountSummary is what was counted and what was passed over.
type CountSummary struct {
	// Samples are in the file; of these, People were counted and Ignored are not in the
	// sample table.
	Samples, People, Ignored int
	// Strata are the values of that column, sorted; one without a name where none is asked.
	Strata []string
	// Sites were handed out, on these Contigs.
	Sites   int
	Contigs []string
	// Assembly is "" where nothing tells it.
	Assembly string
	// ByIndex tells that an index gave the region, and nothing else was looked at;
	// StaleIndex that there is one which does not fit, so that all of the file was read.
	ByIndex, StaleIndex bool
	Warnings            tally.Warnings
}

// CountYield takes what was counted at a site, for each stratum in the order of the names.
type CountYield func(strata []string, counts []tally.SiteCounts) error

// Count counts a file as queries are counted, but needs no node and keeps nothing. Every
// site goes to yield, in the file's order or the panel's; a panel's have one ALT each and
// no genotypes. The counts MUST be thrown away when Count returns an error.
func Count(ctx context.Context, spec CountSpec, yield CountYield) (CountSummary, error) {
	f, err := OpenCount(spec)
	if err != nil {
		return CountSummary{}, err
	}
	defer f.Close()
	return f.Count(ctx, yield)
}

// FileCount is a Count whose files are open, and not yet parsed: a process may give up
// opening others before it is.
type FileCount struct {
	counting *counting
	files    *genotypeFiles
	table    *roll.Table // nil where everyone is counted
	beside   *os.File    // an index, if one is of use
}

// OpenCount opens what Count reads. The caller MUST Close it.
func OpenCount(spec CountSpec) (*FileCount, error) {
	f, err := openCount(spec)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCount, err)
	}
	return f, nil
}

func openCount(spec CountSpec) (_ *FileCount, err error) {
	c, err := newCounting(spec)
	if err != nil {
		return nil, err
	}
	f := &FileCount{counting: c}
	if f.table, err = c.sampleTable(); err != nil {
		return nil, err
	}
	if f.files, err = openGenotypeFiles(spec.Path, spec.Calling); err != nil {
		return nil, err
	}
	for _, file := range f.files.files {
		file.sum = unhashed{} // these bytes need no name
	}
	if spec.Region != "" && len(f.files.files) == 1 {
		if f.beside, err = openIndex(f.files.files[0].path); err != nil {
			return nil, errors.Join(err, f.files.Close())
		}
	}
	return f, nil
}

// Close closes the files.
func (f *FileCount) Close() error {
	if f.beside != nil {
		return errors.Join(f.beside.Close(), f.files.Close())
	}
	return f.files.Close()
}

// Bytes is the length of the files together.
func (f *FileCount) Bytes() int64 {
	all := int64(0)
	for _, file := range f.files.files {
		all += file.size
	}
	return all
}

// Strata is how many counts of each site go to Count's yield.
func (f *FileCount) Strata() int {
	if f.table == nil {
		return 1
	}
	return max(1, len(f.table.Strata()))
}

// Count parses the files, once, as Count does.
func (f *FileCount) Count(ctx context.Context, yield CountYield) (CountSummary, error) {
	err := f.count(ctx, yield)
	return f.counting.summary.unless(ctx, f.counting.spec, err)
}

func (f *FileCount) count(ctx context.Context, yield CountYield) error {
	c, name := f.counting, filepath.Base(f.files.files[0].path)
	r, about, err := f.open()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	who, err := c.people(f.table, r.Samples(), about.sexes)
	if err != nil {
		return err
	}
	who.Callable = c.regions
	assembly, err := c.settle(about.assembly)
	if err != nil {
		return err
	}
	if err := c.run(ctx, r, who, assembly, yield); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// open begins to read, by an index where there is one and only a region is wanted.
func (f *FileCount) open() (genotype.Reader, aboutFile, error) {
	c := f.counting
	if f.beside != nil {
		r, about, stale, err := byIndex(f.files.files[0].file, f.beside, c.where, c.covers)
		c.summary.ByIndex, c.summary.StaleIndex = r != nil, stale
		if r != nil || err != nil {
			return r, about, err
		}
	}
	s := f.files.source()
	s.Workers = c.spec.Threads
	r, about, err := worker.Open(s, c.covers)
	return r, aboutFile{sexes: about.Sexes, assembly: about.Assembly}, known(err)
}

// unless is the summary, or why there is none.
func (s CountSummary) unless(ctx context.Context, spec CountSpec, err error) (CountSummary, error) {
	switch {
	case ctx.Err() != nil:
		return CountSummary{}, ctx.Err()
	case errors.Is(err, tally.ErrAssembly) && spec.Panel == nil:
		return CountSummary{}, fmt.Errorf("%w: %w: %w", ErrCount, err, errGuess)
	case err != nil:
		return CountSummary{}, fmt.Errorf("%w: %w", ErrCount, err)
	}
	return s, nil
}

// counting is one Count.
type counting struct {
	spec    CountSpec
	where   panel.Region
	ranges  []panel.Range // of the panel
	wanted  *tally.Wanted
	regions *tally.Regions // Callable's
	covers  genotype.Covers
	summary CountSummary
}

func newCounting(spec CountSpec) (*counting, error) {
	c := &counting{spec: spec}
	if spec.Assembly != "" && genotype.ParseAssembly(spec.Assembly) == genotype.UnknownAssembly {
		return nil, fmt.Errorf("%w: %q is not an assembly that is known here; GRCh37 and GRCh38 are", ErrConfig, spec.Assembly)
	}
	if spec.Region != "" {
		var err error
		if c.where, err = panel.ParseRegion(spec.Region); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	var err error
	if c.regions, err = readRegions(spec.Callable); err != nil {
		return nil, err
	}
	if spec.Panel == nil {
		if spec.Region != "" {
			c.covers = within(c.where)
		}
		return c, nil
	}
	all := panel.Range{To: uint64(spec.Panel.Len())}
	if spec.Region != "" {
		from, to := spec.Panel.Select(c.where)
		if from == to {
			return nil, fmt.Errorf("no variant of the panel is in %s", c.where)
		}
		all = panel.Range{From: uint64(from), To: uint64(to)}
	}
	c.ranges = []panel.Range{all}
	if c.wanted, err = tally.Want(spec.Panel, c.ranges); err != nil {
		return nil, err
	}
	c.covers = c.wanted.Covers
	return c, nil
}

// within takes the sites whose position is in a region, as a panel's Select does.
func within(where panel.Region) genotype.Covers {
	want := panel.CanonicalContig(where.Contig)
	return func(s *genotype.Site) bool {
		return s.Pos >= where.From && s.Pos <= where.To && panel.CanonicalContig(s.Contig) == want
	}
}

// sampleTable reads who is counted, if it is not everyone.
func (c *counting) sampleTable() (*roll.Table, error) {
	if c.spec.Samples == "" {
		if c.spec.Filter != "" || c.spec.Strata != "" {
			return nil, fmt.Errorf("%w: a filter and strata need a sample table", ErrConfig)
		}
		return nil, nil
	}
	where, err := roll.ParseFilter(c.spec.Filter)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	f, err := os.Open(c.spec.Samples)
	if err != nil {
		return nil, fmt.Errorf("open the sample table: %w", err)
	}
	defer f.Close()
	table, err := roll.ReadStrata(f, where, c.spec.Strata)
	if errors.Is(err, roll.ErrFilter) {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return table, err
}

// people is who is counted, by a table if there is one.
func (c *counting) people(table *roll.Table, samples []string, sexes []genotype.Sex) (tally.People, error) {
	if len(samples) == 0 {
		return tally.People{}, errors.New("the file has no samples, and lists sites alone; take the file with the genotypes")
	}
	if table != nil {
		return c.fit(table, samples, sexes, definition{Minimum: 1})
	}
	c.summary.Samples, c.summary.Strata = len(samples), []string{""}
	who := tally.People{Labels: make([]uint8, len(samples)), Sexes: make([]genotype.Sex, len(samples))}
	for i := range who.Labels {
		who.Labels[i] = 1
	}
	copy(who.Sexes, sexes)
	c.summary.People = len(samples)
	return who, nil
}

// fit is who of a file's samples is counted by a table.
func (c *counting) fit(table *roll.Table, samples []string, sexes []genotype.Sex, d definition) (tally.People, error) {
	c.summary.Samples, c.summary.Strata = len(samples), []string{""}
	found, err := table.Cohort(samples, sexes, d.Minimum)
	if err != nil {
		return tally.People{}, err
	}
	if d.Keep != nil {
		found.Only(d.Keep)
	}
	c.summary.People, c.summary.Ignored = found.People, found.Ignored
	if found.Strata != nil {
		c.summary.Strata = found.Strata
	}
	return tally.People{Labels: found.Labels, Sexes: found.Sexes}, nil
}

// settle finds the assembly that panel, file and spec agree on.
func (c *counting) settle(file genotype.Assembly) (genotype.Assembly, error) {
	agreed := genotype.UnknownAssembly
	said := []genotype.Assembly{file, genotype.ParseAssembly(c.spec.Assembly)}
	if c.spec.Panel != nil {
		c.summary.Assembly = c.spec.Panel.Assembly()
		said = append(said, genotype.ParseAssembly(c.summary.Assembly))
	}
	for _, a := range said {
		switch {
		case a == genotype.UnknownAssembly || a == agreed:
		case agreed == genotype.UnknownAssembly:
			agreed = a
		default:
			return agreed, fmt.Errorf("two assemblies: %s and %s", agreed, a)
		}
	}
	if c.summary.Assembly == "" && agreed != genotype.UnknownAssembly {
		c.summary.Assembly = agreed.String()
	}
	return agreed, nil
}

func (c *counting) run(ctx context.Context, r genotype.Reader, who tally.People, a genotype.Assembly, yield CountYield) (err error) {
	if c.wanted == nil {
		c.summary.Warnings, err = tally.EachSite(ctx, r, c.covers, who, a, func(s []tally.SiteCounts) error {
			c.note(s[0].Site.Contig)
			return yield(c.summary.Strata, s)
		})
		return err
	}
	var counts [][]int64
	if counts, c.summary.Warnings, err = tally.Strata(ctx, r, c.wanted, who, a); err != nil {
		return err
	}
	sites := make([]tally.SiteCounts, len(counts))
	for i := range c.wanted.Len() {
		v := c.spec.Panel.At(int(c.ranges[0].From) + i)
		c.note(v.Contig)
		site := genotype.Site{Contig: v.Contig, Pos: v.Pos, Ref: v.Ref, Alts: []string{v.Alt}, Pass: true}
		for k, n := range counts {
			sites[k] = tally.SiteCounts{Site: &site, AC: n[2*i : 2*i+1], AN: n[2*i+1]}
		}
		if err := yield(c.summary.Strata, sites); err != nil {
			return err
		}
	}
	return nil
}

// note remembers where a site was. Contigs come one after another.
func (c *counting) note(contig string) {
	c.summary.Sites++
	if n := len(c.summary.Contigs); n == 0 || c.summary.Contigs[n-1] != contig {
		c.summary.Contigs = append(c.summary.Contigs, contig)
	}
}

// unhashed is the digest of bytes that nobody names.
type unhashed struct{ hash.Hash }

func (unhashed) Write(p []byte) (int, error) { return len(p), nil }
