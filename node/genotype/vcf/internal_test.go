package vcf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// headOf is a header of so many samples.
func headOf(samples int) string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range samples {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	b.WriteByte('\n')
	return b.String()
}

// FuzzManyAtATime wants of any lines that reading many samples at a time gives the rows
// and the error that reading cell by cell gives.
func FuzzManyAtATime(f *testing.F) {
	const site = "1\t10\t.\tA\tC\t.\tPASS\t.\t"
	next := strings.Replace(site, "10", "11", 1)
	for samples := range uint8(4) {
		n := 16 + 49*int(samples)
		usual := strings.Repeat("\t0/0", n-3) + "\t0|1\t1/1\t./.\n"
		f.Add(samples, []byte(site+"GT"+usual+next+"GT"+usual))
		f.Add(samples, []byte(site+"GT"+usual+next+"GT"+usual[:len(usual)-1]))
		f.Add(samples, []byte(site+"GT"+usual+next+"GT"+strings.Replace(usual, "\t0/0\t0/0", "\t0/0/0/0", 1)))
		f.Add(samples, []byte(site+"GT"+usual+next+"GT"+strings.Replace(usual, "\t0/0\t0/0", "\n0/0\t0/0", 1)))
		f.Add(samples, []byte(site+"GT"+strings.ReplaceAll(usual, "\n", "\r\n")+next+"GT"+strings.ReplaceAll(usual, "\n", "\r\n")))
		f.Add(samples, []byte(site+"GT:DP\t"+strings.ReplaceAll(usual[1:], "\t", ":17\t")))
		f.Add(samples, []byte("X\t10\t.\tA\tC,G\t.\tPASS\t.\tGT"+strings.Replace(usual, "0/0", "2", 1)))
		f.Add(samples, []byte("X\t10\t.\tA\t<NON_REF>\t.\tPASS\tEND=20\tGT:GQ\t"+strings.ReplaceAll(usual[1:], "\t", ":20\t")))
		f.Add(samples, []byte("X\t10\t.\tA\t<NON_REF>\t.\tPASS\tEND=20\tGT"+usual))
		f.Add(samples, []byte(site+"GT"+usual+next[:len(next)-1]+"\nx\tGT"+usual))
		f.Add(samples, []byte(site+"GT"+usual+"1\t11\t.\tA\t.\t.\tPASS\tx\tGT"+usual))
	}
	f.Fuzz(func(t *testing.T, samples uint8, lines []byte) {
		n := 16 + 49*int(samples%4)
		text := append([]byte(headOf(n)), lines...)
		fast, err := New(bytes.NewReader(text), Config{})
		if err != nil {
			t.Fatal(err)
		}
		slow, err := New(bytes.NewReader(text), Config{})
		if err != nil {
			t.Fatal(err)
		}
		slow.testOnlyCells = true
		for {
			var got, want genotype.Row
			gotErr, wantErr := fast.Next(&got), slow.Next(&want)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%v, and cell by cell %v", gotErr, wantErr)
			}
			if gotErr != nil {
				return
			}
			if len(got.Classes) > 0 && len(got.Classes) != max(1, len(got.Alts)) {
				t.Fatalf("%d classes of %d ALTs", len(got.Classes), len(got.Alts))
			}
			got.Expand(n)
			sortAlleles(got.Calls)
			sortAlleles(want.Calls)
			if !slices.Equal(got.Calls, want.Calls) || got.Pos != want.Pos || got.End != want.End || got.Dropped != want.Dropped {
				t.Fatalf("%+v, and cell by cell %+v", got, want)
			}
		}
	})
}

// sortAlleles puts the lesser allele of a call first.
func sortAlleles(calls []genotype.Call) {
	for i, c := range calls {
		if a, b := c.Alleles(); a > b && b != genotype.Absent {
			calls[i] = genotype.NewCall(b, a)
		}
	}
}
