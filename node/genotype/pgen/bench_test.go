package pgen_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
)

// BenchmarkReader reads real genotypes as plink2 writes them, and beside it as a bed.
func BenchmarkReader(b *testing.B) {
	prefix := filepath.Join(b.TempDir(), "made")
	source := realData(b, "kg3_chr22_16mb/kg3_chr22.derived_biallelic")
	plink2(b, "--bfile", source, "--make-pgen", "--out", prefix)
	plink2(b, "--bfile", source, "--make-pgen", "format=2", "--out", prefix+"2")
	all := func(name string) []byte {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		return raw
	}
	open := func(prefix string, covers genotype.Covers) func() (genotype.Reader, error) {
		body, pvar, psam := all(prefix+".pgen"), all(prefix+".pvar"), all(prefix+".psam")
		return func() (genotype.Reader, error) {
			return pgen.New(pgen.Config{Pgen: bytes.NewReader(body), Pvar: bytes.NewReader(pvar), Psam: bytes.NewReader(psam), Covers: covers})
		}
	}
	bed, bim, fam := all(source+".bed"), all(source+".bim"), all(source+".fam")
	for _, c := range []struct {
		name string
		open func() (genotype.Reader, error)
	}{
		{"bed", func() (genotype.Reader, error) {
			return plink.New(plink.Config{Bed: bytes.NewReader(bed), Bim: bytes.NewReader(bim), Fam: bytes.NewReader(fam)})
		}},
		{"pgen of two bits", open(prefix+"2", nil)},
		{"pgen", open(prefix, nil)},
		{"pgen, one site in a hundred", open(prefix, func(s *genotype.Site) bool { return s.Pos%100 == 0 })},
	} {
		b.Run(c.name, func(b *testing.B) {
			genotypes := 0
			for b.Loop() {
				r, err := c.open()
				var row genotype.Row
				genotypes = 0
				for err == nil {
					if err = r.Next(&row); err == nil {
						genotypes += len(r.Samples())
					}
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(genotypes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Ggeno/s")
		})
	}
}
