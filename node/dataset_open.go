package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"strings"
	"sync/atomic"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/scan"
	"github.com/locus-genomics/locus/node/worker"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrFormat is returned for a file that is in no format which the node reads.
	ErrFormat = errors.New("node: genotypes are read from VCF (plain or BGZF), from BCF, from bed, bim and fam, from pgen, pvar and psam, and from BGEN")
	// errWhichFiles is returned for a prefix of two formats' files.
	errWhichFiles = errors.New("node: both a bed and a pgen have this prefix; name one of them")
	// errHasCalls is returned where a file in which genotypes are called is told how a BGEN's are.
	errHasCalls = errors.New("node: a hard-call threshold, --ref-last and --contig are for a BGEN; this file says itself what it has")
)

// OpenGenotypes opens a file of genotypes by what is in it: a VCF, a BCF, a bed whose bim
// and fam lie beside it, a pgen with pvar (or pvar.zst) and psam, or a BGEN with its .sample
// file, if there is one. A BGEN needs a threshold, from which probability on a genotype is
// called, and nothing else may be told anything. The file is parsed in this process. The caller
// MUST close what is returned beside the reader.
func OpenGenotypes(path string, calling bgen.Calling) (genotype.Reader, io.Closer, error) {
	g, err := openGenotypeFiles(path, calling)
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
	format  worker.Format
	calling bgen.Calling // of a BGEN
	files   []*hashedFile
	child   *worker.Reader // that reads them, if there is one
	most    int64          // that is read of the first one; 0 for all of it
	scan    bool           // personal data is looked for in what is dropped
}

// aboutFile is what some formats say beside the genotypes.
type aboutFile struct {
	sexes    []genotype.Sex
	assembly genotype.Assembly
	personal scan.Report
}

// openGenotypeFiles finds out the format and opens what belongs to it.
func openGenotypeFiles(path string, calling bgen.Calling) (*genotypeFiles, error) {
	path, err := nameOfSet(path)
	if err != nil {
		return nil, fmt.Errorf("open genotypes: %w", err)
	}
	g := &genotypeFiles{format: worker.VariantCalls, calling: calling}
	names := []string{path}
	if prefix, ok := strings.CutSuffix(path, ".bed"); ok {
		g.format = worker.Plink
		names = append(names, prefix+".bim", prefix+".fam")
	}
	if prefix, ok := strings.CutSuffix(path, ".pgen"); ok {
		g.format = worker.Pgen
		names = append(names, prefix+".pvar", prefix+".psam")
		if !exists(names[1]) && exists(names[1]+".zst") {
			names[1] += ".zst"
		}
		if index := path + ".pgi"; exists(index) {
			names = append(names, index)
		}
	}
	for i := 0; i < len(names); i++ {
		f, err := openHashed(names[i])
		if i > 0 && errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%w; put the files that belong together beside one another, under one name", err)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open genotypes: %w", err), g.Close())
		}
		g.files = append(g.files, f)
		if i == 0 && g.format == worker.VariantCalls {
			more, err := g.look(path)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("open genotypes: %w", err), g.Close())
			}
			names = append(names, more...)
		}
	}
	if calling != (bgen.Calling{}) && g.format != worker.Bgen {
		return nil, errors.Join(fmt.Errorf("open genotypes: %w", errHasCalls), g.Close())
	}
	return g, nil
}

// look tells a BGEN by its beginning, whatever it is called, and leaves it unread. It
// returns what else belongs to it.
func (g *genotypeFiles) look(path string) (more []string, err error) {
	head := make([]byte, 20)
	n, err := g.files[0].file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !bgen.Is(head[:n]) {
		return nil, nil
	}
	g.format = worker.Bgen
	if sample := strings.TrimSuffix(path, ".bgen") + ".sample"; exists(sample) {
		more = append(more, sample)
	}
	return more, nil
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

// reader reads the files in this process.
func (g *genotypeFiles) reader(covers genotype.Covers) (genotype.Reader, aboutFile, error) {
	r, about, err := worker.Open(g.source(), covers)
	return r, aboutFile{about.Sexes, about.Assembly, about.Personal}, known(err)
}

// parsed reads the files where p says. Only the places have calls, or all if there are
// none. Until stop has returned, nobody else may read the files.
func (g *genotypeFiles) parsed(ctx context.Context, p *parsing, places *worker.Places) (genotype.Reader, aboutFile, error) {
	if p == nil {
		if places == nil {
			return g.reader(nil)
		}
		return g.reader(places.Covers)
	}
	r, err := p.start(ctx, g.source(), places)
	if err != nil {
		return nil, aboutFile{}, known(err)
	}
	g.child = r
	return r, aboutFile{r.About().Sexes, r.About().Assembly, r.About().Personal}, nil
}

func (g *genotypeFiles) source() worker.Source {
	s := worker.Source{Format: g.format, Calling: g.calling, Scan: g.scan}
	for _, f := range g.files {
		s.Files = append(s.Files, f)
		s.Bytes += f.size
	}
	s.Again = g.again()
	if g.most > 0 {
		s.Files[0] = io.LimitReader(g.files[0], g.most)
	}
	return s
}

// again is the file that has the index of a pgen, to be read beside the others; nil for
// other formats. It is the same open file, of which nothing is digested twice: the reader
// sees that the index is what it was.
func (g *genotypeFiles) again() io.Reader {
	if g.format != worker.Pgen {
		return nil
	}
	of := g.files[0]
	head := make([]byte, 3)
	if n, _ := of.file.ReadAt(head, 0); len(g.files) > 3 && pgen.IndexIsApart(head[:n]) {
		of = g.files[3]
	}
	return io.NewSectionReader(of.file, 0, math.MaxInt64)
}

// known says which formats are, to who brings another.
func known(err error) error {
	if errors.Is(err, vcf.ErrNotVCF) || errors.Is(err, bcf.ErrNotBCF) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// stop ends the child that reads the files.
func (g *genotypeFiles) stop() error {
	if g.child == nil {
		return nil
	}
	return g.child.Close()
}

// records reads what is left of every file and says what each one was.
func (g *genotypeFiles) records() (list []fileRecord, err error) {
	if err := g.stop(); err != nil {
		return nil, err
	}
	for _, f := range g.files {
		r, err := f.record()
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (g *genotypeFiles) Close() error {
	errs := []error{g.stop()}
	for _, f := range g.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// hashedFile digests a file while it is read, so that what was parsed and what was
// digested are the same bytes.
type hashedFile struct {
	path  string
	file  *os.File
	sum   hash.Hash
	bytes atomic.Int64 // that were read
	size  int64        // when it was opened
}

func openHashed(path string) (*hashedFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file, which can be read more than once; name a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &hashedFile{path: path, file: f, sum: sha256.New(), size: info.Size()}, nil
}

func (f *hashedFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.sum.Write(p[:n])
	f.bytes.Add(int64(n))
	return n, err
}

// record reads what is left of the file and says what the file is.
func (f *hashedFile) record() (fileRecord, error) {
	if _, err := io.Copy(io.Discard, f); err != nil {
		return fileRecord{}, err
	}
	return fileRecord{Path: f.path, Bytes: f.bytes.Load(), SHA256: protocol.Digest(f.sum.Sum(nil))}, nil
}

func (f *hashedFile) Close() error { return f.file.Close() }
