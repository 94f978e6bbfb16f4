package table_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
)

func TestNumbersAreWrittenAsFmtWritesThem(t *testing.T) {
	numbers := []int64{0, math.MaxInt64, math.MinInt64, -1}
	for n := int64(1); n > 0 && n <= math.MaxInt64/10; n *= 10 {
		numbers = append(numbers, n-1, n, n+1, 10*n-1, 10*n)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		numbers = append(numbers, rng.Int64()>>rng.IntN(63))
	}
	var rows []table.Row
	var want strings.Builder
	want.WriteString("#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\n")
	for _, n := range numbers {
		r := table.Row{Contig: "chr7", Pos: uint32(n), Ref: "A", Alt: "CA", AC: n}
		rows = append(rows, r)
		fmt.Fprintf(&want, "%s\t%d\t%s\t%s\t%d\t%d\tNA\n", r.Contig, r.Pos, r.Ref, r.Alt, r.AC, r.AN)
	}
	var got bytes.Buffer
	if err := table.TSV(&got, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.String(), got.String()); d != "" {
		t.Error(d)
	}
}

func TestALineTakesNoMemoryOfItsOwn(t *testing.T) {
	s := sites()[0]
	for name, form := range map[string]table.Form{"acount": table.Acount(), "afreq": table.SiteAfreq(), "gcount": table.Gcount(), "tsv": table.SiteTSV(), "vcf": table.SiteVCF()} {
		line := make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(100, func() { line = form.Append(line[:0], s) }); n > 0 {
			t.Errorf("%s: a line takes memory %v times", name, n)
		}
	}
}

func BenchmarkLine(b *testing.B) {
	s := &table.Site{Contig: "1", Pos: 117_559_590, Ref: "A", Alts: []string{"T"}, AC: []int64{12}, AN: 11_996,
		Genotypes: table.Genotypes{HomRef: 5986, Het: []int64{12}, TwoAlts: []int64{0}, HapAlt: []int64{0}, Missing: 2}}
	for name, form := range map[string]table.Form{"acount": table.Acount(), "gcount": table.Gcount(), "tsv": table.SiteTSV()} {
		b.Run(name, func(b *testing.B) {
			line := make([]byte, 0, 4096)
			for b.Loop() {
				line = form.Append(line[:0], s)
			}
		})
	}
}
