package table_test

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
)

func sites() []*table.Site {
	return []*table.Site{
		{Contig: "1", Pos: 100, Ref: "A", Alts: []string{"C"}, AC: []int64{3}, AN: 8,
			Genotypes: table.Genotypes{HomRef: 2, Het: []int64{1}, TwoAlts: []int64{1}, HapAlt: []int64{0}}},
		{Contig: "1", Pos: 200, Ref: "A", Alts: []string{"C", "GT", "*"}, AC: []int64{1, 1, 2}, AN: 6,
			Genotypes: table.Genotypes{Het: []int64{0, 1, 1}, TwoAlts: []int64{0, 0, 0, 1, 0, 0}, HapAlt: []int64{0, 0, 0}, Missing: 1}},
		{Contig: "1", Pos: 300, Ref: "G", AN: 6, Genotypes: table.Genotypes{HomRef: 3, Missing: 1}},
		{Contig: "chrX", Pos: 5_000_000, Ref: "G", Alts: []string{"A"}, AC: []int64{0}, AN: 0,
			Genotypes: table.Genotypes{HapRef: 0, Het: []int64{0}, TwoAlts: []int64{0}, HapAlt: []int64{0}, Missing: 4}},
	}
}

func TestReportsOfPlink2AreGolden(t *testing.T) {
	for name, write := range map[string]func(io.Writer, iter.Seq[*table.Site]) error{
		"sites.acount": table.Acount, "sites.afreq": table.SiteAfreq, "sites.gcount": table.Gcount,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, slices.Values(sites())); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Error(d)
			}
			if err := write(&full{got.Len() - 1}, slices.Values(sites())); !errors.Is(err, errFull) {
				t.Errorf("on a full disk: %v", err)
			}
		})
	}
}

func TestASiteHasARowForEachALT(t *testing.T) {
	got := slices.Collect(sites()[1].Rows())
	want := []table.Row{
		{Contig: "1", Pos: 200, Ref: "A", Alt: "C", AC: 1, AN: 6},
		{Contig: "1", Pos: 200, Ref: "A", Alt: "GT", AC: 1, AN: 6},
		{Contig: "1", Pos: 200, Ref: "A", Alt: "*", AC: 2, AN: 6},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if rows := slices.Collect(sites()[2].Rows()); len(rows) != 0 {
		t.Errorf("a site without ALT has %d rows", len(rows))
	}
}
