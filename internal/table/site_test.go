package table_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

func TestReportsOfSitesAreGolden(t *testing.T) {
	for name, form := range map[string]table.Form{
		"sites.acount": table.Acount(), "sites.afreq": table.SiteAfreq(), "sites.gcount": table.Gcount(),
		"sites.tsv": table.SiteTSV(), "sites.vcf": table.SiteVCF(),
	} {
		t.Run(name, func(t *testing.T) {
			got := []byte(form.Head)
			for _, s := range sites() {
				got = form.Append(got, s)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// A form of rows is what their writer writes.
func TestFormsOfRowsAreTheirWriters(t *testing.T) {
	var rows []table.Row
	for _, s := range sites() {
		rows = slices.AppendSeq(rows, s.Rows())
	}
	var tsv, vcf, head bytes.Buffer
	if err := errors.Join(table.TSV(&tsv, slices.Values(rows)), table.VCF(&vcf, table.Head{}, slices.Values(rows)), table.VCFHead(&head, table.Head{})); err != nil {
		t.Fatal(err)
	}
	for form, want := range map[*table.Form]string{new(table.SiteTSV()): tsv.String(), new(table.SiteVCF()): strings.TrimPrefix(vcf.String(), head.String())} {
		got := []byte(form.Head)
		for _, s := range sites() {
			got = form.Append(got, s)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Error(d)
		}
	}
	if err := table.VCFHead(&full{3}, table.Head{}); !errors.Is(err, errFull) {
		t.Errorf("on a full disk: %v", err)
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
