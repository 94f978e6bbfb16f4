package worker

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/scan"
)

// ErrSource is returned for a source that has too few files, or too many.
var ErrSource = errors.New("worker: the files are not those of the format")

// Format is which readers a dataset's files are for.
type Format uint8

// The formats. A VCF and a BCF are told apart by what is in the file, which only the
// child looks at.
const (
	// VariantCalls is one file, a VCF or a BCF.
	VariantCalls Format = iota
	// Plink is a bed, its bim and its fam.
	Plink
	// Pgen is a pgen, its pvar and its psam, and a pgen.pgi if there is one.
	Pgen
	// Bgen is a BGEN, and its .sample file if there is one.
	Bgen
)

// files are how many a format has, at least and at most.
func (f Format) files() (least, most int) {
	switch f {
	case VariantCalls:
		return 1, 1
	case Plink:
		return 3, 3
	case Pgen:
		return 3, 4
	case Bgen:
		return 1, 2
	}
	return 0, -1
}

// Source is a dataset's files.
type Source struct {
	Format Format
	// Files are read from where they stand to their ends, in the order of Format.
	Files []io.Reader
	// Again, if not nil, is the file of a pgen that has its index, from its beginning: so
	// the index is read as the records are, in the memory of a part of it. For a pgen only.
	Again io.Reader
	// Bytes is their length together, from which the limits of the child follow.
	Bytes int64
	// Calling is what a BGEN has to be told.
	Calling bgen.Calling
	// Workers is how many blocks of a BGZF Open unpacks at once; up to 1 there is no
	// goroutine. A child has none.
	Workers int
	// Scan looks for personal data in headers and beside the names of samples: see
	// About.Personal.
	Scan bool
}

func (s Source) check() error {
	if least, most := s.Format.files(); len(s.Files) < least || len(s.Files) > most || s.Again != nil && s.Format != Pgen {
		return ErrSource
	}
	return nil
}

// About is what some formats say beside the genotypes.
type About struct {
	// Sexes has one sex a sample, or is nil.
	Sexes []genotype.Sex
	// Assembly is what the lengths of the contigs tell.
	Assembly genotype.Assembly
	// Personal is what was found before the first row, if Source.Scan is set. The names of
	// samples are not looked at: whoever has the reader has them.
	Personal scan.Report
}

// Open reads the files in this process, as the child does.
func Open(s Source, covers genotype.Covers) (genotype.Reader, About, error) {
	if err := s.check(); err != nil {
		return nil, About{}, err
	}
	l := s.looking()
	open := openCalls
	switch s.Format {
	case Plink:
		open = openPlink
	case Pgen:
		open = openPgen
	case Bgen:
		open = openBgen
	}
	r, about, err := open(s, l, covers)
	if err != nil {
		return nil, About{}, err
	}
	about.Personal = l.found()
	return r, about, nil
}

// peeked is the bytes by which a BCF is told from a VCF: a block of BGZF at most.
const peeked = 64 << 10

// readAhead is what is asked of the file at once, as the readers do.
const readAhead = 256 << 10

func openCalls(s Source, l *looking, covers genotype.Covers) (genotype.Reader, About, error) {
	b := bufio.NewReaderSize(s.Files[0], readAhead)
	in := io.Reader(b)
	head, err := b.Peek(peeked)
	if err != nil && err != io.EOF {
		return nil, About{}, fmt.Errorf("read the beginning: %w", err)
	}
	if s.Workers > 1 && bgzf.Is(head) {
		in = bgzf.NewParallelReader(b, s.Workers)
	}
	if bcf.Is(head) {
		r, err := bcf.New(in, bcf.Config{Covers: covers, Header: l.header(1)})
		if err != nil {
			return nil, About{}, err
		}
		return r, About{Assembly: r.Assembly()}, nil
	}
	r, err := vcf.New(in, vcf.Config{Covers: covers, Header: l.header(1)})
	if err != nil {
		return nil, About{}, err
	}
	return r, About{Assembly: r.Assembly()}, nil
}

func openPlink(s Source, l *looking, covers genotype.Covers) (genotype.Reader, About, error) {
	r, err := plink.New(plink.Config{Bed: s.Files[0], Bim: s.Files[1], Fam: l.table(3, scan.Fam, s.Files[2]), Covers: covers})
	if err != nil {
		return nil, About{}, err
	}
	return r, About{Sexes: r.Sexes()}, nil
}

func openPgen(s Source, l *looking, covers genotype.Covers) (genotype.Reader, About, error) {
	cfg := pgen.Config{
		Pgen: s.Files[0], Pvar: s.Files[1], Psam: s.Files[2], Head: s.Again, Covers: covers, Header: l.header(2), Samples: l.lines(3, scan.Psam),
	}
	if len(s.Files) > 3 {
		cfg.Pgi = s.Files[3]
	}
	r, err := pgen.New(cfg)
	if err != nil {
		return nil, About{}, err
	}
	return r, About{Sexes: r.Sexes(), Assembly: r.Assembly()}, nil
}

func openBgen(s Source, l *looking, covers genotype.Covers) (genotype.Reader, About, error) {
	cfg := bgen.Config{Bgen: s.Files[0], Covers: covers, Calling: s.Calling, Free: l.free(1)}
	if len(s.Files) > 1 {
		cfg.Sample = l.table(2, scan.Bgen, s.Files[1])
	}
	r, err := bgen.New(cfg)
	if err != nil {
		return nil, About{}, err
	}
	return r, About{Sexes: r.Sexes()}, nil
}
