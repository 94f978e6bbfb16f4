package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	roll "github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// errDatasetChanged is returned when a file is not the one that was read when
	// its cohort was added.
	errDatasetChanged = errors.New("node: a file of the cohort has changed since it was added; add the cohort again")
	// errAssembly is returned when a panel's variants cannot be counted in its
	// assembly: the dataset is of another, or X is asked for in one that is not known.
	errAssembly = errors.New("node: the panel is of an assembly that cannot be counted here")
)

// CohortSpec names a cohort and where its people's data are.
type CohortSpec struct {
	// Name is what rosters and queries call the cohort.
	Name string
	// Path is a VCF (plain or BGZF), a BCF, a BGEN, a bed or a pgen, or the prefix of
	// either of the last two.
	Path string
	// Samples is the sample table: sample_id, person_id, sex and any other columns.
	Samples string
	// Filter is column=value, or an expression, to take in some lines of the table only; empty
	// for all. See package cohort.
	Filter string
	// Minimum is the fewest people that the cohort may have. Zero, or less than the
	// protocol allows, means protocol.MinCohort.
	Minimum int
	// NoStore leaves the genotypes where they are, to be read again for each answer.
	NoStore bool
	// Calling is what a BGEN does not say of itself. Its threshold is needed
	// for a BGEN, and zero for anything else.
	Calling bgen.Calling
	// Callable is a BED of where everybody in the cohort was looked at: who has no row
	// there is counted as REF. Empty is nowhere.
	Callable string
	// Reference is a FASTA with its index, by which REF is compared and alleles are moved
	// to where everyone writes them. It needs a store.
	Reference string
	// Personal says what becomes of it where personal data stands beside the genotypes.
	Personal PersonalData
	// Estimated, if there is one, is told what it will take before anything is written.
	Estimated func(Estimate)
	// Progress, if there is one, is told now and then how far the files have been read.
	Progress func(Progress)

	regions *tally.Regions // that Callable holds
	again   bool           // it is taken in already: nothing personal is looked for
}

// CohortSummary is what the operator is shown of a cohort that was read. It tells of
// people's data and never leaves the site.
type CohortSummary struct {
	// Samples are in the file; of these, People are in the cohort and Ignored are not
	// in the sample table. Variants can be asked for.
	Samples  int `json:"samples"`
	People   int `json:"people"`
	Ignored  int `json:"ignored"`
	Variants int `json:"variants"`
	// Assembly is "unknown" where the file does not tell it.
	Assembly string `json:"assembly"`
	// Reference is the SHA-256 of what alleles were aligned by, if they were.
	Reference string `json:"reference,omitempty"`
	// Callable is how many positions everybody was looked at.
	Callable uint64 `json:"callable,omitempty"`
	// Warnings are of genotypes that were passed over.
	Warnings tally.Warnings `json:"warnings"`
	// Quality is the card of the people in the cohort.
	Quality tally.Quality `json:"quality"`
	// Personal counts the personal data that stood beside the genotypes and was dropped, by
	// sort.
	Personal map[string]uint64 `json:"personal,omitempty"`
	// UserFolders counts the paths of headers in which a user's folder has a name: these were
	// dropped with the headers.
	UserFolders uint64 `json:"userFolders,omitempty"`
}

// definition is what the node's records keep of a cohort: where its data are, and
// digests by which to know them again. It is private to the site.
type definition struct {
	Name     string            `json:"name"`
	Files    []fileRecord      `json:"files"`
	Samples  fileRecord        `json:"samples"`
	Filter   string            `json:"filter,omitempty"`
	Minimum  int               `json:"minimum"`
	People   int               `json:"people"`
	Variants int               `json:"variants"`
	Assembly genotype.Assembly `json:"assembly"`
	// Calling is that of a BGEN, and else zero.
	Calling bgen.Calling `json:"calling,omitzero"`
	// Genotypes and Persons are plain hashes, of what was read and of who it is.
	Genotypes protocol.Digest `json:"genotypes"`
	Persons   protocol.Digest `json:"persons"`
	// Sexes is a plain hash of theirs.
	Sexes protocol.Digest `json:"sexes"`
	// Callable names the regions in which everybody was looked at, and Reference is what
	// alleles were aligned by.
	Callable  *protocol.Digest `json:"callable,omitempty"`
	Reference *fileRecord      `json:"reference,omitempty"`
	// Store is where the genotypes are counted from; none where it is the files.
	Store *storeRecord `json:"store,omitempty"`
	// Summary is what was found when the cohort was taken in.
	Summary *CohortSummary `json:"summary,omitempty"`

	// Regions are what Callable names, once they were read.
	Regions *tally.Regions `json:"-"`
	// Who are the people, while the cohort is taken in and where not all of them consent.
	Who []string `json:"-"`
	// Keep tells who consents; nil where everybody does.
	Keep func(person string) bool `json:"-"`
	// Look looks for personal data, while the cohort is taken in.
	Look *looking `json:"-"`
}

// fileRecord is a file as it was when the cohort was added.
type fileRecord struct {
	Path   string          `json:"path"`
	Bytes  int64           `json:"bytes"`
	SHA256 protocol.Digest `json:"sha256"`
}

// readDataset reads a cohort's files from end to end and refuses what could not be
// counted later. On a shelf, if there is one, it keeps the genotypes.
func readDataset(ctx context.Context, how *parsing, spec CohortSpec, on *shelf) (definition, CohortSummary, error) {
	paths, err := absolute(spec.Path, spec.Samples)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	d := definition{Name: spec.Name, Filter: spec.Filter, Minimum: max(spec.Minimum, protocol.MinCohort), Calling: spec.Calling}
	d.setRegions(spec.regions)
	if !spec.again {
		d.Look = &looking{how: spec.Personal}
		d.Look.typed(spec.Name, spec.Filter, spec.Calling.Contig)
	}
	by, err := d.openReference(spec.Reference, on)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	defer by.Close()
	in, err := d.open(paths[0], paths[1])
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	defer in.Close()
	c, reader, err := in.cohort(ctx, how, d, nil)
	if err != nil {
		return definition{}, CohortSummary{}, err
	}
	if err := on.estimated(ctx, how, in.genotypes, c.header(reader.Samples()), spec.Estimated); err != nil {
		return definition{}, CohortSummary{}, err
	}
	t, err := d.take(ctx, c, &taking{Reader: by.align(reader), files: []*genotypeFiles{in.genotypes}, on: on, tell: spec.Progress})
	if err != nil {
		return definition{}, CohortSummary{}, fmt.Errorf("read %s: %w", filepath.Base(paths[0]), err)
	}
	defer t.abort()
	if d.Samples, d.Files, err = in.records(); err != nil {
		return definition{}, CohortSummary{}, err
	}
	if err := t.commit(); err != nil {
		return definition{}, CohortSummary{}, err
	}
	d.Look = nil
	return d, *d.Summary, nil
}

// take reads rows to their end, and keeps them on a shelf, if there is one. The caller
// commits what is kept, or aborts it.
func (d *definition) take(ctx context.Context, c counted, t *taking) (_ *taking, err error) {
	if t.assess, err = tally.NewAssessor(c.who, len(t.Samples()), c.assembly); err != nil {
		return nil, err
	}
	if t.on != nil {
		d.Store = new(storeRecord)
		if t.keep, *d.Store, err = t.on.create(c.header(t.Samples())); err != nil {
			return nil, err
		}
	}
	found, err := tally.Examine(ctx, t, c.who, c.assembly)
	if err != nil {
		t.abort()
		return nil, err
	}
	d.Assembly, d.People, d.Variants = c.assembly, c.People, found.Variants
	d.Genotypes, d.Persons = found.Digest, c.PersonsDigest()
	d.Who, d.Sexes = c.Persons(), sexesDigest(c.who)
	summary := d.summary(c, len(t.Samples()), found, t.assess.Quality())
	d.Summary = &summary
	return t, nil
}

func (d *definition) summary(c counted, samples int, found tally.Examination, card tally.Quality) CohortSummary {
	s := CohortSummary{
		Samples: samples, People: c.People, Variants: found.Variants, Ignored: c.Ignored,
		Assembly: c.assembly.String(), Callable: d.Regions.Bases(), Warnings: found.Warnings, Quality: card,
		Personal: d.personal(), UserFolders: d.homes(),
	}
	if d.Reference != nil {
		s.Reference = d.Reference.SHA256.String()
	}
	return s
}

func absolute(paths ...string) ([]string, error) {
	for i, p := range paths {
		if p == "" {
			return nil, fmt.Errorf("%w: a cohort needs a file of genotypes and a sample table", ErrConfig)
		}
		var err error
		if paths[i], err = filepath.Abs(p); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// inputs are a cohort's files, open.
type inputs struct {
	genotypes *genotypeFiles
	samples   *hashedFile
}

func (d definition) open(genotypes, samples string) (*inputs, error) {
	g, err := openGenotypeFiles(genotypes, d.Calling)
	if err != nil {
		return nil, err
	}
	s, err := openHashed(samples)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the sample table: %w", err), g.Close())
	}
	return &inputs{genotypes: g, samples: s}, nil
}

func (in *inputs) Close() error { return errors.Join(in.genotypes.Close(), in.samples.Close()) }

// counted is a cohort, fitted to its genotype file.
type counted struct {
	*roll.Cohort
	who      tally.People
	assembly genotype.Assembly
	sexes    []genotype.Sex // as the genotype file tells them, if it does
}

// cohort reads the sample table and the beginning of the genotypes.
func (in *inputs) cohort(ctx context.Context, how *parsing, d definition, places *worker.Places) (counted, genotype.Reader, error) {
	where, err := roll.ParseFilter(d.Filter)
	if err != nil {
		return counted{}, nil, err
	}
	samples, done := d.Look.table(in.samples.path, in.samples)
	table, err := roll.Read(samples, where)
	if err != nil {
		return counted{}, nil, err
	}
	done()
	in.genotypes.scan = d.Look != nil
	r, about, err := in.genotypes.parsed(ctx, how, places)
	if err != nil {
		return counted{}, nil, fmt.Errorf("read %s: %w", filepath.Base(in.genotypes.files[0].path), err)
	}
	d.Look.genotypes(in.genotypes, r.Samples(), about.personal)
	if err := d.Look.settle(); err != nil {
		return counted{}, nil, err
	}
	c, err := table.Cohort(r.Samples(), about.sexes, d.Minimum)
	if err != nil {
		return counted{}, nil, fmt.Errorf("cohort %q: %w", d.Name, err)
	}
	return d.counted(c, about.assembly, about.sexes), r, nil
}

func (d definition) counted(c *roll.Cohort, a genotype.Assembly, sexes []genotype.Sex) counted {
	if d.Keep != nil {
		c.Only(d.Keep)
	}
	return counted{Cohort: c, who: tally.People{Labels: c.Labels, Sexes: c.Sexes, Callable: d.Regions}, assembly: a, sexes: sexes}
}

// header is that of a store of the cohort's file.
func (c counted) header(samples []string) store.Header {
	return store.Header{Assembly: c.assembly, Samples: samples, Sexes: c.sexes}
}

// records reads what is left of every file and says what each one was.
func (in *inputs) records() (samples fileRecord, genotypes []fileRecord, err error) {
	if genotypes, err = in.genotypes.records(); err != nil {
		return fileRecord{}, nil, err
	}
	samples, err = in.samples.record()
	return samples, genotypes, err
}

// changed reports whether a file of the cohort is not what it was, as far as it can be
// read.
func (d definition) changed() bool {
	in, err := d.open(d.Files[0].Path, d.Samples.Path)
	if err != nil {
		return false
	}
	defer in.Close()
	samples, genotypes, err := in.records()
	return err == nil && (samples != d.Samples || !slices.Equal(genotypes, d.Files))
}

// The domains of a dataset's tags.
const (
	domainContent = "locus/dataset/content/v1"
	domainRemoved = "locus/dataset/removed/v1"
)

// content names everything that decides the cohort's answers, under a key of the
// site's: genotypes, sample table, which of its people are meant, where they are callable,
// and what alleles were aligned by.
func (d definition) content(tag func(domain string, parts ...[]byte) protocol.Digest) protocol.Digest {
	parts := [][]byte{[]byte(d.Name), d.Genotypes[:], d.Samples.SHA256[:], []byte(d.Filter),
		binary.BigEndian.AppendUint64(nil, uint64(d.Minimum)), d.Persons[:]}
	if d.Callable != nil {
		parts = append(parts, []byte("callable"), d.Callable[:])
	}
	if d.Reference != nil {
		parts = append(parts, []byte("reference"), d.Reference.SHA256[:])
	}
	return tag(domainContent, parts...)
}

// count reads the cohort's files again and counts AC and AN of the variants in the
// ranges. It gives no counts when a byte of the files is not as it was.
func (d definition) count(ctx context.Context, how *parsing, p *panel.Panel, ranges []panel.Range) ([]int64, tally.Warnings, error) {
	wanted, err := tally.Want(p, ranges)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	assembly, err := d.assemblyFor(p)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	if len(d.Files) == 0 {
		return nil, tally.Warnings{}, errDatasetChanged
	}
	places, err := placesOf(p, ranges)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	in, err := d.open(d.Files[0].Path, d.Samples.Path)
	if err != nil {
		return nil, tally.Warnings{}, err
	}
	defer in.Close()
	var (
		counts   []int64
		warnings tally.Warnings
	)
	c, reader, err := in.cohort(ctx, how, d, places)
	if err == nil {
		err = d.meant(c)
	}
	if err == nil {
		counts, warnings, err = tally.AlleleFrequency(ctx, reader, wanted, c.who, assembly)
	}
	if ctx.Err() != nil {
		return nil, tally.Warnings{}, ctx.Err()
	}
	// A file that was exchanged may fail in any way: that it was comes first.
	samples, genotypes, sumErr := in.records()
	switch {
	case sumErr != nil:
		return nil, tally.Warnings{}, errors.Join(sumErr, err)
	case samples != d.Samples || !slices.Equal(genotypes, d.Files):
		return nil, tally.Warnings{}, errDatasetChanged
	case errors.Is(err, tally.ErrAssembly):
		return nil, tally.Warnings{}, fmt.Errorf("%w: %w", errAssembly, err)
	case err != nil:
		return nil, tally.Warnings{}, err
	}
	return counts, warnings, nil
}

// placesOf are the positions of the variants in ranges.
func placesOf(p *panel.Panel, ranges []panel.Range) (*worker.Places, error) {
	return worker.NewPlaces(func(yield func(string, uint32) bool) {
		for _, r := range ranges {
			for i := r.From; i < r.To; i++ {
				if v := p.At(int(i)); !yield(v.Contig, v.Pos) {
					return
				}
			}
		}
	})
}

// assemblyFor is the assembly that a panel's variants are counted in.
func (d definition) assemblyFor(p *panel.Panel) (genotype.Assembly, error) {
	a := genotype.ParseAssembly(p.Assembly())
	if d.Assembly != genotype.UnknownAssembly && d.Assembly != a {
		return a, fmt.Errorf("%w: the panel is of %s, the genotypes are of %s", errAssembly, p.Assembly(), d.Assembly)
	}
	return a, nil
}
