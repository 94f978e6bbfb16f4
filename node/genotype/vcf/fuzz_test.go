package vcf_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

func FuzzReader(f *testing.F) {
	for _, lines := range [][]string{
		nil,
		{"1 10 . A C . PASS . GT 0/0 0/1 1|1 ./."},
		{"X 10 . A C,* . q10 . GT:DP 0 1 ./2:3 .", "X 11 . a . . . . GT 0/0 0 . ./."},
		{"1 10 . A <DEL> . PASS . DP:GT 3:0/1 4 5:. 6:1/1", "chr2 5 . A C . . . DS 1 1 1 1"},
		{"1 10 . A C . PASS . GT |0|1 0/0/1 10 2"},
		{"22 10 . A C . PASS . GT 0 0 0 0", "chr22 11 . A C . . . GT 0 0 0 0", ""},
	} {
		text := file(lines...)
		f.Add([]byte(text))
		f.Add([]byte(text[:len(text)-3]))
	}
	f.Add([]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00\x42\x43\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x1f\x8b\x08\x00\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := vcf.New(bytes.NewReader(text), vcf.Config{})
		var row genotype.Row
		for err == nil {
			if err = r.Next(&row); err == nil {
				check(t, &row, len(r.Samples()))
			}
		}
		if err != io.EOF && !typed(err) {
			t.Fatalf("an error of no known kind: %v", err)
		}
	})
}

// check is what must hold of every row.
func check(t *testing.T, row *genotype.Row, samples int) {
	t.Helper()
	row.Expand(samples)
	if len(row.Calls) != samples || row.Contig == "" || row.Ref == "" || len(row.Alts) > genotype.MaxAlts {
		t.Fatalf("a bad row of %d calls and %d ALTs", len(row.Calls), len(row.Alts))
	}
	last := genotype.Reference + genotype.Allele(len(row.Alts))
	for _, c := range row.Calls {
		if a, b := c.Alleles(); a > last || b > last || a == genotype.Absent {
			t.Fatalf("a call of the alleles %d and %d, and the last is %d", a, b, last)
		}
	}
}
