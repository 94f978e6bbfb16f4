package store_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
)

// realData is the folder of the real data sets, or the end of a test where there is none.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return dir
}

// source opens a file of any format; nil where it is none of them.
func source(t testing.TB, path string) (genotype.Reader, error) {
	t.Helper()
	file := func(name string) *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	prefix := strings.TrimSuffix(path, filepath.Ext(path))
	there := func(suffix string) bool {
		_, err := os.Stat(prefix + suffix)
		return err == nil
	}
	switch {
	case strings.HasSuffix(path, ".vcf"), strings.HasSuffix(path, ".vcf.gz"), strings.HasSuffix(path, ".vcf.bgz"):
		return vcf.New(file(path), vcf.Config{})
	case strings.HasSuffix(path, ".bcf"):
		return bcf.New(file(path), bcf.Config{})
	case strings.HasSuffix(path, ".bed") && there(".bim"):
		return plink.New(plink.Config{Bed: file(path), Bim: file(prefix + ".bim"), Fam: file(prefix + ".fam")})
	case strings.HasSuffix(path, ".pgen") && there(".psam"):
		pvar := prefix + ".pvar"
		if !there(".pvar") {
			pvar += ".zst"
		}
		return pgen.New(pgen.Config{Pgen: file(path), Pvar: file(pvar), Psam: file(prefix + ".psam")})
	}
	return nil, nil
}

// teed writes to a store what is read.
type teed struct {
	genotype.Reader
	to *store.Writer
}

func (r teed) Next(row *genotype.Row) error {
	err := r.Reader.Next(row)
	if err == nil {
		err = r.to.Add(row)
	}
	return err
}

// people are counted in three strata, a fifth of them not at all.
func people(n int) tally.People {
	p := tally.People{Labels: make([]uint8, n), Sexes: make([]genotype.Sex, n)}
	for i := range n {
		p.Labels[i], p.Sexes[i] = uint8(i%5)%4, genotype.Sex(i/2%3)
	}
	return p
}

// everySite is what is counted of each site.
func everySite(t *testing.T, r genotype.Reader, p tally.People) ([]tally.SiteCounts, tally.Warnings) {
	t.Helper()
	var all []tally.SiteCounts
	w, err := tally.EachSite(t.Context(), r, func(*genotype.Site) bool { return true }, p, genotype.GRCh37, func(strata []tally.SiteCounts) error {
		c := &strata[0]
		kept, site := *c, *c.Site
		site.Alts = slices.Clone(site.Alts)
		kept.Site, kept.AC, kept.Het, kept.TwoAlts, kept.HapAlt = &site, slices.Clone(c.AC), slices.Clone(c.Het), slices.Clone(c.TwoAlts), slices.Clone(c.HapAlt)
		all = append(all, kept)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, w
}

func TestRealFilesCountFromTheStoreAsFromTheFile(t *testing.T) {
	dir, stored := realData(t), 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		r, err := source(t, path)
		if r == nil || err != nil {
			return nil
		}
		w, err := store.Create(filepath.Join(t.TempDir(), "s"), store.Header{Samples: r.Samples()}, key(t))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		p := people(len(r.Samples()))
		want, err := tally.Examine(t.Context(), teed{r, w}, p, genotype.GRCh37)
		if err != nil || len(r.Samples()) == 0 {
			return nil // the file is not counted, and no store is made of it
		}
		stored++
		t.Run(name, func(t *testing.T) { compareStore(t, path, w, want, p) })
		return nil
	})
	if err != nil || stored < 80 {
		t.Errorf("%d files were stored, %v", stored, err)
	}
}

func compareStore(t *testing.T, path string, w *store.Writer, want tally.Examination, p tally.People) {
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r := open(t, w.Path(), key(t))
	if err := r.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if most := store.Estimate(kindOf(path), sizeOf(t, path), len(r.Samples())); r.Size() > most {
		t.Errorf("it takes %d bytes and was to take %d", r.Size(), most)
	}
	got, err := tally.Examine(t.Context(), r, p, genotype.GRCh37)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examination (-file +store):\n%s", diff)
	}
	again, err := source(t, path)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Only(); err != nil {
		t.Fatal(err)
	}
	wantCounts, wantWarnings := everySite(t, again, p)
	gotCounts, gotWarnings := everySite(t, r, p)
	if diff := cmp.Diff(wantCounts, gotCounts); diff != "" {
		t.Errorf("counts (-file +store):\n%.2000s", diff)
	}
	if diff := cmp.Diff(wantWarnings, gotWarnings); diff != "" {
		t.Errorf("warnings (-file +store):\n%s", diff)
	}
}

func kindOf(path string) store.Kind {
	switch filepath.Ext(path) {
	case ".vcf":
		return store.Text
	case ".bed":
		return store.Bed
	case ".pgen":
		return store.Pgen
	}
	return store.Compressed
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestTheStoreIsSmall(t *testing.T) {
	dir := filepath.Join(realData(t), "kg3_chr22_16mb")
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	r, err := source(t, filepath.Join(dir, "kg3_chr22_16mb.vcf.gz"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	w, err := store.Create(path, store.Header{Samples: r.Samples()}, key(t))
	if err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	for err = r.Next(&row); err == nil; err = r.Next(&row) {
		if err := w.Add(&row); err != nil {
			t.Fatal(err)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	got, pgen, bed := open(t, path, key(t)).Size(), size("kg3_chr22.derived.pgen"), size("kg3_chr22.derived_biallelic.bed")
	t.Logf("store %d bytes, with sites and names; pgen %d (%.2f of it), bed %d (%.3f of it), VCF %d", got, pgen, float64(got)/float64(pgen), bed, float64(got)/float64(bed), size("kg3_chr22_16mb.vcf.gz"))
	if float64(got) > 1.25*float64(pgen) || float64(got) > 0.1*float64(bed) {
		t.Error("it is larger than 1.25 times the pgen or a tenth of the bed")
	}
}
