package vcf_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// cohort is the text of a VCF with genotypes alone, most alleles of them rare.
func cohort(samples, variants int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	b.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range samples {
		fmt.Fprintf(&b, "\tS%d", i)
	}
	for v := range variants {
		fmt.Fprintf(&b, "\n1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 100+v)
		f := rng.Float64()
		f = f * f * f / 2
		for range samples {
			b.WriteByte('\t')
			b.WriteByte("01"[bit(rng.Float64() < f)])
			b.WriteByte('/')
			b.WriteByte("01"[bit(rng.Float64() < f)])
		}
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func BenchmarkReader(b *testing.B) {
	text := cohort(2000, 1000)
	var packed bytes.Buffer
	w := bgzf.NewWriter(&packed)
	if _, err := w.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		cfg  vcf.Config
	}{
		{"text", text, vcf.Config{}},
		{"BGZF", packed.Bytes(), vcf.Config{}},
		{"BGZF, one site in a hundred", packed.Bytes(), vcf.Config{Covers: func(s *genotype.Site) bool { return s.Pos%100 == 0 }}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r, err := vcf.New(bytes.NewReader(c.file), c.cfg)
				if err != nil {
					b.Fatal(err)
				}
				var row genotype.Row
				for err == nil {
					err = r.Next(&row)
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
		})
	}
}
