package bgen_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// BenchmarkReader reads real genotypes as plink2 writes them, and beside it as a pgen,
// and probabilities that were made up, which pack badly.
func BenchmarkReader(b *testing.B) {
	source := realData(b, "kg3_chr22_16mb/kg3_chr22.derived_biallelic")
	prefix := filepath.Join(b.TempDir(), "made")
	plink2(b, "--bfile", source, "--thin-count", "1000", "--seed", "1", "--make-pgen", "--out", prefix)
	made := func(name string, kind ...string) func() (genotype.Reader, error) {
		plink2(b, append(append([]string{"--pfile", prefix, "--export"}, kind...), "ref-first", "--out", prefix+name)...)
		raw, sample := readFile(b, prefix+name+".bgen"), readFile(b, prefix+name+".sample")
		return func() (genotype.Reader, error) {
			return bgen.New(bgen.Config{Bgen: bytes.NewReader(raw), Sample: bytes.NewReader(sample), Calling: bgen.Calling{Threshold: most}})
		}
	}
	drawn := func(packing uint32, width int) func() (genotype.Reader, error) {
		raw := study(rand.New(rand.NewPCG(1, 2)), packing, 2504, 100, width).bytes(b)
		return func() (genotype.Reader, error) {
			return bgen.New(bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: most}})
		}
	}
	body, pvar, psam := readFile(b, prefix+".pgen"), readFile(b, prefix+".pvar"), readFile(b, prefix+".psam")
	for _, c := range []struct {
		name string
		open func() (genotype.Reader, error)
	}{
		{"pgen", func() (genotype.Reader, error) {
			return pgen.New(pgen.Config{Pgen: bytes.NewReader(body), Pvar: bytes.NewReader(pvar), Psam: bytes.NewReader(psam)})
		}},
		{"calls, 8 bits, zlib", made("8", "bgen-1.2", "bits=8")},
		{"calls, 16 bits, zlib", made("16", "bgen-1.2", "bits=16")},
		{"calls, 8 bits, zstd", made("z", "bgen-1.3", "bits=8")},
		{"calls, layout 1", made("1", "bgen-1.1")},
		{"probabilities, 8 bits, plain", drawn(0, 8)},
		{"probabilities, 8 bits, zlib", drawn(1, 8)},
		{"probabilities, 8 bits, zstd", drawn(2, 8)},
		{"probabilities, 16 bits, plain", drawn(0, 16)},
		{"probabilities, 11 bits, plain", drawn(0, 11)},
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
