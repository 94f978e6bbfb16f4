package bcf_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
)

func FuzzReader(f *testing.F) {
	for _, lines := range [][]string{
		nil,
		{good},
		{"X 10 . A C,* . q10 . GT:DP 0 1 ./2:3 .", "X 11 . a . . . . GT 0/0 0 . ./."},
		{"1 10 . A <DEL> . PASS x DP:GT 3:0/1 4 5:. 6:1/1", "chr2 5 . A C . . . DS 1 1 1 1"},
		{"1 10 . A C . PASS;q10 . GT |0|1 0/0/1 1 0"},
		{"1 10 . A <NON_REF> . . DP=9;END=20 GT:DP:GQ 0/0:3:20 0:4:3 ./0:0:9 0/1:9:9"},
	} {
		for _, w := range []way{{plain: true}, {plain: true, minor: 1, size: 2}, {size: 4}} {
			b := w.file(f, lines...)
			f.Add(b)
			f.Add(b[:len(b)-3])
		}
	}
	f.Add(way{plain: true}.write(f, numbered()))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := bcf.New(bytes.NewReader(b), bcf.Config{})
		var row genotype.Row
		for err == nil {
			if err = r.Next(&row); err == nil {
				check(t, &row, r)
			}
		}
		if err != io.EOF && !typed(err) {
			t.Fatalf("an error of no known kind: %v", err)
		}
		bcf.Is(b)
	})
}

// check is what must hold of every row.
func check(t *testing.T, row *genotype.Row, r *bcf.Reader) {
	t.Helper()
	row.Expand(len(r.Samples()))
	if len(row.Calls) != len(r.Samples()) || row.Contig == "" || row.Ref == "" || len(row.Alts) > genotype.MaxAlts {
		t.Fatalf("a bad row of %d calls and %d ALTs", len(row.Calls), len(row.Alts))
	}
	last := genotype.Reference + genotype.Allele(len(row.Alts))
	for _, c := range row.Calls {
		if a, b := c.Alleles(); a > last || b > last || a == genotype.Absent {
			t.Fatalf("a call of the alleles %d and %d, and the last is %d", a, b, last)
		}
	}
}
