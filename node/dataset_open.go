package node

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrFormat is returned for a file that is in no format which the node reads.
	ErrFormat = errors.New("node: genotypes are read from VCF (plain or BGZF), from BCF, from bed, bim and fam, and from pgen, pvar and psam")
	// errWhichFiles is returned for a prefix of two formats' files.
	errWhichFiles = errors.New("node: both a bed and a pgen have this prefix; name one of them")
)

// OpenGenotypes opens a file of genotypes by what is in it: a VCF, a BCF, a bed whose bim
// and fam lie beside it, or a pgen with pvar (or pvar.zst) and psam. The caller MUST
// close what is returned beside the reader.
func OpenGenotypes(path string) (genotype.Reader, io.Closer, error) {
	g, err := openGenotypeFiles(path)
	if err != nil {
		return nil, nil, err
	}
	r, _, err := g.reader(nil)
	if err != nil {
		return nil, nil, errors.Join(err, g.Close())
	}
	return r, g, nil
}

// genotypeFiles are the files of one dataset, open. The first one names the others.
type genotypeFiles struct {
	format formatReader
	files  []*hashedFile
}

// aboutFile is what some formats say beside the genotypes.
type aboutFile struct {
	sexes    []genotype.Sex
	assembly genotype.Assembly
}

// formatReader reads the files of one format.
type formatReader func(files []*hashedFile, covers genotype.Covers) (genotype.Reader, aboutFile, error)

// openGenotypeFiles finds out the format and opens what belongs to it.
func openGenotypeFiles(path string) (*genotypeFiles, error) {
	path, err := nameOfSet(path)
	if err != nil {
		return nil, fmt.Errorf("open genotypes: %w", err)
	}
	g := &genotypeFiles{format: readVCF}
	names := []string{path}
	if prefix, ok := strings.CutSuffix(path, ".bed"); ok {
		g.format = readPlink
		names = append(names, prefix+".bim", prefix+".fam")
	}
	if prefix, ok := strings.CutSuffix(path, ".pgen"); ok {
		g.format = readPgen
		names = append(names, prefix+".pvar", prefix+".psam")
		if !exists(names[1]) && exists(names[1]+".zst") {
			names[1] += ".zst"
		}
		if index := path + ".pgi"; exists(index) {
			names = append(names, index)
		}
	}
	for _, name := range names {
		f, err := openHashed(name)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open genotypes: %w", err), g.Close())
		}
		g.files = append(g.files, f)
	}
	if len(names) == 1 {
		is, err := isBCF(g.files[0].file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open genotypes: %w", err), g.Close())
		}
		if is {
			g.format = readBCF
		}
	}
	return g, nil
}

// isBCF looks at the beginning of a file, whatever it is called, and leaves it unread.
func isBCF(f *os.File) (bool, error) {
	head := make([]byte, 1<<16)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return false, err
	}
	return bcf.Is(head[:n]), nil
}

// nameOfSet is the bed or pgen that a path means, which may be a file beside it or
// their prefix, as plink's --bfile and --pfile take it; else the path.
func nameOfSet(path string) (string, error) {
	for _, beside := range [][2]string{
		{".bim", ".bed"}, {".fam", ".bed"}, {".pvar", ".pgen"}, {".pvar.zst", ".pgen"}, {".psam", ".pgen"}, {".pgen.pgi", ".pgen"},
	} {
		if prefix, ok := strings.CutSuffix(path, beside[0]); ok {
			return prefix + beside[1], nil
		}
	}
	if exists(path) {
		return path, nil
	}
	bed, other := exists(path+".bed"), exists(path+".pgen")
	switch {
	case bed && other:
		return "", errWhichFiles
	case bed:
		return path + ".bed", nil
	case other:
		return path + ".pgen", nil
	}
	return path, nil
}

// exists is true where it cannot be told: opening the file will tell why.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

func (g *genotypeFiles) reader(covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	return g.format(g.files, covers)
}

func (g *genotypeFiles) Close() error {
	var errs []error
	for _, f := range g.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func readVCF(files []*hashedFile, covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	r, err := vcf.New(files[0], vcf.Config{Covers: covers})
	if errors.Is(err, vcf.ErrNotVCF) {
		return nil, aboutFile{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err != nil {
		return nil, aboutFile{}, err
	}
	return r, aboutFile{assembly: r.Assembly()}, nil
}

func readBCF(files []*hashedFile, covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	r, err := bcf.New(files[0], bcf.Config{Covers: covers})
	if errors.Is(err, bcf.ErrNotBCF) {
		return nil, aboutFile{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if err != nil {
		return nil, aboutFile{}, err
	}
	return r, aboutFile{assembly: r.Assembly()}, nil
}

func readPlink(files []*hashedFile, covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	r, err := plink.New(plink.Config{Bed: files[0], Bim: files[1], Fam: files[2], Covers: covers})
	if err != nil {
		return nil, aboutFile{}, err
	}
	return r, aboutFile{sexes: r.Sexes()}, nil
}

func readPgen(files []*hashedFile, covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	cfg := pgen.Config{Pgen: files[0], Pvar: files[1], Psam: files[2], Covers: covers}
	if len(files) > 3 {
		cfg.Pgi = files[3]
	}
	r, err := pgen.New(cfg)
	if err != nil {
		return nil, aboutFile{}, err
	}
	return r, aboutFile{sexes: r.Sexes(), assembly: r.Assembly()}, nil
}

// hashedFile digests a file while it is read, so that what was parsed and what was
// digested are the same bytes.
type hashedFile struct {
	path  string
	file  *os.File
	sum   hash.Hash
	bytes int64
}

func openHashed(path string) (*hashedFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file; it has to be read again for every count", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &hashedFile{path: path, file: f, sum: sha256.New()}, nil
}

func (f *hashedFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.sum.Write(p[:n])
	f.bytes += int64(n)
	return n, err
}

// record reads what is left of the file and says what the file is.
func (f *hashedFile) record() (fileRecord, error) {
	if _, err := io.Copy(io.Discard, f); err != nil {
		return fileRecord{}, err
	}
	return fileRecord{Path: f.path, Bytes: f.bytes, SHA256: protocol.Digest(f.sum.Sum(nil))}, nil
}

func (f *hashedFile) Close() error { return f.file.Close() }
