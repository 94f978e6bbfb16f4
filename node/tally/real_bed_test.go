package tally_test

import (
	"io"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/protocol/panel"
)

// toyAlleles writes A and C for the alleles H and L of a file that has no others.
var toyAlleles = strings.NewReplacer("H", "A", "L", "C")

// gcount reads plink2's counts of genotypes.
func gcount(t *testing.T, name string) []answer {
	t.Helper()
	var as []answer
	for _, f := range fields(t, gunzip(t, name)) {
		var n [5]int64 // hom REF, het, hom ALT, haploid REF, haploid ALT
		for i := range n {
			n[i] = number(t, f[5+i])
		}
		as = append(as, answer{
			variant: panel.Trim(panel.Variant{Contig: f[0], Pos: uint32(number(t, f[1])), Ref: toyAlleles.Replace(f[3]), Alt: toyAlleles.Replace(f[4])}),
			an:      2*(n[0]+n[1]+n[2]) + n[3] + n[4], ac: n[1] + 2*n[2] + n[4],
		})
	}
	return as
}

func TestAlleleFrequencyEqualsPlink2OnRealBed(t *testing.T) {
	for _, c := range []struct{ bed, gcount string }{
		{"kg3_chr22_16mb/kg3_chr22.derived_biallelic", "kg3_chr22_16mb/kg3_chr22.derived_bed.plink2.gcount.gz"},
		{"bigsnpr_example/example", "bigsnpr_example/example.plink2.gcount.gz"},
		{"beadreader_toy/toydata.5chrom", "beadreader_toy/toydata.plink2.gcount.gz"},
		{"beadreader_toy/some_missing", "beadreader_toy/some_missing.plink2.gcount.gz"},
	} {
		t.Run(c.bed, func(t *testing.T) {
			bim, err := io.ReadAll(openReal(t, c.bed+".bim"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := plink.New(plink.Config{Bed: openReal(t, c.bed+".bed"), Bim: strings.NewReader(toyAlleles.Replace(string(bim))), Fam: openReal(t, c.bed+".fam")})
			if err != nil {
				t.Fatal(err)
			}
			p := everyone(r)
			copy(p.Sexes, r.Sexes())
			compare(t, r, p, genotype.GRCh37, gcount(t, c.gcount))
		})
	}
}
