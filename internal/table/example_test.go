package table_test

import (
	"fmt"
	"os"
	"slices"

	"github.com/locus-genomics/locus/internal/table"
)

func ExampleText() {
	rows := []table.Row{
		{Contig: "7", Pos: 117_559_590, Ref: "ATCT", Alt: "A", AC: 120, AN: 11_996},
		{Contig: "7", Pos: 117_587_806, Ref: "G", Alt: "A", AC: 0, AN: 12_000},
		{Contig: "X", Pos: 31_137_399, Ref: "C", Alt: "T"},
	}
	if err := table.Text(os.Stdout, 2, slices.Values(rows)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// CHROM  POS        REF   ALT  AC   AN     AF
	// 7      117559590  ATCT  A    120  11996  0.0100033
	// 7      117587806  G     A    0    12000  0
	// … 1 more
}
