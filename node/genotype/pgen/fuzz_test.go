package pgen_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// check reads a set to its end, and wants sane rows and an error of a known kind. It
// returns the error, nil for the end of the file.
func check(t *testing.T, s set) error {
	t.Helper()
	r, err := s.open(nil)
	var row genotype.Row
	for err == nil {
		if err = r.Next(&row); err == nil {
			checkRow(t, &row, len(r.Samples()))
		}
	}
	if err == io.EOF {
		return nil
	}
	for _, known := range []error{
		pgen.ErrNotPgen, pgen.ErrSampleMajor, pgen.ErrMode, pgen.ErrHeader, pgen.ErrFit, pgen.ErrTruncated, pgen.ErrTrailing,
		pgen.ErrIndex, pgen.ErrRecord, pgen.ErrLine, pgen.ErrCompressed, pgen.ErrSamples,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	t.Fatalf("an error of no known kind: %v", err)
	return err
}

func checkRow(t *testing.T, row *genotype.Row, samples int) {
	t.Helper()
	for k := range row.Classes {
		if !row.Classes[k].Fits(samples) {
			t.Fatal("classes that do not fit")
		}
	}
	row.Expand(samples)
	if row.Pos == 0 || row.Ref == "" || len(row.Calls) != samples || len(row.Alts) > genotype.MaxAlts {
		t.Fatalf("a bad row of %d calls and %d ALTs", len(row.Calls), len(row.Alts))
	}
	last := genotype.Reference + genotype.Allele(len(row.Alts))
	for _, c := range row.Calls {
		if a, b := c.Alleles(); a > last || b > last || c != genotype.NoCall && (a < genotype.Reference || b < genotype.Reference) {
			t.Fatalf("a call of the alleles %d and %d, and the last is %d", a, b, last)
		}
	}
}

func FuzzReader(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.pgen"))
	if err != nil || len(names) < 3 {
		f.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		s := readSet(f, strings.TrimSuffix(name, ".pgen"))
		f.Add([]byte(s.pgen), []byte(s.pvar), []byte(s.psam), []byte(nil))
	}
	whole := set{pgen: variable(9, rec{0, nine}, rec{3, "\x01\x08\x02"}, rec{1, "\x01\x05\x01\x01\x07\x03"}), pvar: places("C", "C", "C"), psam: string(nineNames)}
	f.Add([]byte(whole.pgen), []byte(whole.pvar), []byte(whole.psam), []byte(nil))
	f.Add([]byte("\x6c\x1b\x21"+nine), []byte(places("C,<DEL>")), []byte(whole.psam), []byte("\x6c\x1b\x31"+head(9, 3, rec{0, nine})+"\x02\x00\x03abc"))
	f.Add([]byte(variable(9, rec{0x18, "\x05\xaa\x00" + "\x0f\x04\x00" + "\x0f\x07"})), []byte(places("C,G")), []byte(whole.psam), []byte(nil))
	f.Add([]byte(variable(9, rec{0xf0, nine + "\x02" + "\x11\x01" + "\x01\x00\x02\x00\x03\x00" + "\x05" + "\x01\x00\x02\x00"})), []byte("22 a 0 5 C A\n"), []byte(whole.psam), []byte(nil))
	f.Add([]byte("\x6c\x1b\x01\x4b\x4b\x03"), []byte("##contig=<ID=22,length=50818468>\n#CHROM POS REF ALT FILTER\nchr22 7 A C q10\n"), []byte(whole.psam), []byte(nil))
	for _, samples := range []int{9, 65, 257} { // every way to write a record
		made, _, _ := (&maker{rng: rand.New(rand.NewPCG(25, uint64(samples))), samples: samples, ours: true}).file(60)
		f.Add([]byte(made.pgen), []byte(made.pvar), []byte(made.psam), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, body, pvar, psam, pgi []byte) {
		s := set{string(body), string(pvar), string(psam), string(pgi)}
		check(t, s)
		checkRaw(t, func() (*pgen.Reader, error) { return s.open(nil) })
		again := io.Reader(nil) // the second time the index is read again
		checkRaw(t, func() (*pgen.Reader, error) {
			cfg := pgen.Config{Pgen: bytes.NewReader(body), Pvar: bytes.NewReader(pvar), Psam: bytes.NewReader(psam), Head: again}
			again = bytes.NewReader(body)
			if len(pgi) > 0 {
				cfg.Pgi = bytes.NewReader(pgi)
			}
			if len(body) > 2 && body[2]&^1 == 0x20 {
				again = bytes.NewReader(pgi)
			}
			return pgen.New(cfg)
		})
	})
}

const nineNames = "#FID IID SEX\nf a 1\nf b 2\nf c NA\nf d 1\nf e 2\nf f 0\nf g 1\nf h 2\nf i 2\n"
