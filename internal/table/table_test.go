package table_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/table"
)

var update = flag.Bool("update", false, "write the golden files anew")

func rows() []table.Row {
	return []table.Row{
		{Contig: "7", Pos: 117_559_590, Ref: "ATCT", Alt: "A", AC: 120, AN: 11_996},
		{Contig: "7", Pos: 117_587_806, Ref: "G", Alt: "A", AC: 0, AN: 12_000},
		{Contig: "7", Pos: 117_587_811, Ref: "G", Alt: "C", AC: 1, AN: 12_000},
		{Contig: "7", Pos: 117_606_754, Ref: "G", Alt: strings.Repeat("ACGT", 9), AC: 4000, AN: 12_000},
		{Contig: "X", Pos: 31_137_345, Ref: "C", Alt: "T", AC: 9017, AN: 9017},
		{Contig: "X", Pos: 31_137_399, Ref: "C", Alt: "T"},
		{Contig: "MT", Pos: 263, Ref: "A", Alt: "G", AC: 5_999, AN: 6_000},
	}
}

func head() table.Head {
	return table.Head{
		Source: "locus", Date: "20260102", Assembly: "GRCh38", Contigs: []string{"7", "X", "MT"},
		Provenance: []table.Field{{"locus_mode", "exact: not differentially private"}, {"locus_purpose", "<carriers>\n\"of\" Zürich"}},
	}
}

// writers are all formats, by the name of their golden file.
func writers() map[string]func(io.Writer, iter.Seq[table.Row]) error {
	return map[string]func(io.Writer, iter.Seq[table.Row]) error{
		"rows.tsv":   table.TSV,
		"rows.afreq": table.Afreq,
		"rows.jsonl": table.JSONL,
		"rows.vcf":   func(w io.Writer, rows iter.Seq[table.Row]) error { return table.VCF(w, head(), rows) },
		"first.txt":  func(w io.Writer, rows iter.Seq[table.Row]) error { return table.Text(w, 4, rows) },
		"all.txt":    func(w io.Writer, rows iter.Seq[table.Row]) error { return table.Text(w, 0, rows) },
	}
}

func TestGolden(t *testing.T) {
	for name, write := range writers() {
		t.Run(name, func(t *testing.T) { golden(t, name, write, rows()) })
	}
}

// golden compares what a format makes of rows with its file.
func golden[R any](t *testing.T, name string, write func(io.Writer, iter.Seq[R]) error, rows []R) {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got, slices.Values(rows)); err != nil {
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
}

func TestWithoutRowsThereIsOnlyAHead(t *testing.T) {
	for name, write := range writers() {
		var got bytes.Buffer
		if err := write(&got, slices.Values([]table.Row(nil))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if lines := strings.Count(got.String(), "\n"); (lines == 0) != (name == "rows.jsonl") {
			t.Errorf("%s: %d lines", name, lines)
		}
	}
}

// full takes some bytes and no more.
type full struct{ left int }

var errFull = errors.New("the disk is full")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		n := f.left
		f.left = 0
		return n, errFull
	}
	f.left -= len(p)
	return len(p), nil
}

func TestAFullDiskIsNotMissed(t *testing.T) {
	many := slices.Repeat(rows(), 2000)
	for name, write := range writers() {
		var whole bytes.Buffer
		if err := write(&whole, slices.Values(many)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, left := range []int{0, 1, whole.Len() / 2, whole.Len() - 1} {
			if err := write(&full{left}, slices.Values(many)); !errors.Is(err, errFull) {
				t.Errorf("%s: after %d of %d bytes: %v, want %v", name, left, whole.Len(), err, errFull)
			}
		}
	}
}

func TestJSONIsWhatTheStandardLibraryReads(t *testing.T) {
	for _, r := range append(rows(), table.Row{Contig: `HLA"\x`, Pos: 1, Ref: "A", Alt: "C", AC: 1, AN: 3}) {
		var got struct {
			Contig   string
			Pos      uint32
			Ref, Alt string
			AC, AN   int64
			AF       *float64
		}
		raw := table.AppendJSON(nil, &r)
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if again := (table.Row{Contig: got.Contig, Pos: got.Pos, Ref: got.Ref, Alt: got.Alt, AC: got.AC, AN: got.AN}); again != r {
			t.Errorf("%+v came back as %+v", r, again)
		}
		if (got.AF == nil) != (r.AN == 0) {
			t.Errorf("%s: AF of AN %d", raw, r.AN)
		}
	}
}

// TestBcftoolsReads holds the VCF against a reader that is not ours.
func TestBcftoolsReads(t *testing.T) {
	bcftools, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	path := filepath.Join(t.TempDir(), "rows.vcf")
	var b bytes.Buffer
	if err := table.VCF(&b, head(), slices.Values(rows())); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	c := exec.CommandContext(t.Context(), bcftools, "query", "-f", `%CHROM %POS %REF %ALT %AC %AN\n`, path)
	c.Stderr = &complaints
	got, err := c.Output()
	if err != nil || complaints.Len() != 0 {
		t.Fatalf("bcftools: %v %s", err, complaints.String())
	}
	var want strings.Builder
	for r := range slices.Values(rows()) {
		fmt.Fprintln(&want, r.Contig, r.Pos, r.Ref, r.Alt, r.AC, r.AN)
	}
	if d := cmp.Diff(want.String(), string(got)); d != "" {
		t.Error(d)
	}
}

func BenchmarkTSV(b *testing.B) {
	many := slices.Repeat(rows(), 10_000)
	for b.Loop() {
		if err := table.TSV(io.Discard, slices.Values(many)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(many)), "ns/row")
}
