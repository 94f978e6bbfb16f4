package node_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/protocol/panel"
)

// sitesText has a deletion written in two ways, a SNV, a star and an unplaced line.
const sitesText = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" +
	"1\t0\t.\tG\tC\t.\t.\t.\n1\t3\t.\tGCA\tG\t.\t.\t.\n1\t4\t.\tC\tT,*\t.\t.\t.\n1\t9\t.\tACA\tA\t.\t.\t.\n"

// writeReference writes a FASTA of one contig with its index.
func writeReference(t *testing.T, sequence string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "reference.fa")
	index := "1\t" + itoa(len(sequence)) + "\t3\t" + itoa(len(sequence)) + "\t" + itoa(len(sequence)+1) + "\n"
	for name, text := range map[string]string{path: ">1\n" + sequence + "\n", path + ".fai": index} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func itoa(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

func contents(p *panel.Panel) (all []string) {
	for i := range p.Len() {
		all = append(all, p.At(i).String())
	}
	return all
}

func TestBuildPanel(t *testing.T) {
	reference := writeReference(t, "GGGCACACACAGG")
	var zipped, blocks bytes.Buffer
	z := gzip.NewWriter(&zipped)
	b := bgzf.NewWriter(&blocks)
	if _, err := z.Write([]byte(sitesText)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Write([]byte(sitesText)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(z.Close(), b.Close()); err != nil {
		t.Fatal(err)
	}
	spelled := []string{"1:3 GCA>G", "1:4 C>T", "1:9 ACA>A"}
	for name, tt := range map[string]struct {
		spec node.PanelSpec
		want []string
		sum  node.PanelSummary
	}{
		"as it is spelled": {node.PanelSpec{Path: writeText(t, "s.vcf", sitesText)}, spelled,
			node.PanelSummary{LeftOut: panel.LeftOut{Symbols: 1, Unplaced: 1}}},
		"through gzip": {node.PanelSpec{Path: writeText(t, "s.vcf.gz", zipped.String())}, spelled,
			node.PanelSummary{LeftOut: panel.LeftOut{Symbols: 1, Unplaced: 1}}},
		"through BGZF": {node.PanelSpec{Path: writeText(t, "b.vcf.gz", blocks.String())}, spelled,
			node.PanelSummary{LeftOut: panel.LeftOut{Symbols: 1, Unplaced: 1}}},
		"aligned, two spellings are one": {node.PanelSpec{Path: writeText(t, "s.vcf", sitesText), Fasta: reference}, spelled[:2],
			node.PanelSummary{Moved: 1, Repeated: 1, LeftOut: panel.LeftOut{Symbols: 1, Unplaced: 1}}},
		"a list in any order": {node.PanelSpec{Path: writeText(t, "l.txt", "1 9 ACA A\n1 4 C T\n1 3 GCA G\n1 4 CC TC\n")}, spelled,
			node.PanelSummary{Repeated: 1}},
		"a bim": {node.PanelSpec{Path: writeText(t, "l.bim", "23 rs1 0 9 A ACA\n")}, []string{"X:9 ACA>A"}, node.PanelSummary{}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.spec.Assembly = "GRCh38"
			b, err := node.BuildPanel(t.Context(), tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, contents(b.Panel)); d != "" {
				t.Error(d)
			}
			if b.PanelSummary != tt.sum {
				t.Errorf("%+v, want %+v", b.PanelSummary, tt.sum)
			}
		})
	}
}

// Every rsID of the source leads to the variants of its line, wherever they went.
func TestBuildPanelKeepsRSIDs(t *testing.T) {
	reference := writeReference(t, "GGGCACACACAGG")
	const columns = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
	for name, tt := range map[string]struct {
		spec node.PanelSpec
		want map[uint32][]string
	}{
		"a VCF": {node.PanelSpec{Path: writeText(t, "a.vcf", columns+"1\t4\trs7;rs8\tC\tT,G,*\t.\t.\t.\n1\t3\tx1\tG\tA\t.\t.\t.\n")},
			map[uint32][]string{7: {"1:4 C>G", "1:4 C>T"}, 8: {"1:4 C>G", "1:4 C>T"}, 9: nil}},
		"two spellings of one variant": {node.PanelSpec{Fasta: reference, Path: writeText(t, "b.vcf", columns+"1\t3\trs1\tGCA\tG\t.\t.\t.\n1\t9\trs2\tACA\tA\t.\t.\t.\n")},
			map[uint32][]string{1: {"1:3 GCA>G"}, 2: {"1:3 GCA>G"}}},
		"a bim":                  {node.PanelSpec{Path: writeText(t, "c.bim", "1 rs3 0 9 A ACA\n1 1:8 0 8 A C\n")}, map[uint32][]string{3: {"1:9 ACA>A"}}},
		"a pvar":                 {node.PanelSpec{Path: writeText(t, "d.pvar", "#CHROM\tID\tPOS\tALT\tREF\n1\trs4\t9\tC\tA\n")}, map[uint32][]string{4: {"1:9 A>C"}}},
		"a pvar without the IDs": {node.PanelSpec{Path: writeText(t, "e.pvar", "#CHROM\tPOS\tALT\tREF\tQUAL\n1\t9\tC\tA\t.\n")}, nil},
		"a list":                 {node.PanelSpec{Path: writeText(t, "f.txt", "1 9 A C\n")}, nil},
	} {
		tt.spec.Assembly = "GRCh38"
		b, err := node.BuildPanel(t.Context(), tt.spec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if (b.Names == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", name, b.Names)
			continue
		}
		for rs, want := range tt.want {
			var got []string
			places, err := b.Names.Find(rs)
			for _, i := range places {
				got = append(got, b.At(i).String())
			}
			if d := cmp.Diff(want, got); err != nil || d != "" {
				t.Errorf("%s, rs%d: %v\n%s", name, rs, err, d)
			}
		}
	}
}

// The order of a source's lines is not in what is built.
func TestBuildPanelIsTheSameForLinesInAnyOrder(t *testing.T) {
	lines := strings.SplitAfter("1 rs3 0 9 A ACA\n1 rs4 0 8 T C\n2 rs3 0 9 A C\n1 rs5 0 8 A C\n", "\n")
	built := map[string]bool{}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}} {
		var text string
		for _, i := range order {
			text += lines[i]
		}
		b, err := node.BuildPanel(t.Context(), node.PanelSpec{Path: writeText(t, "s.bim", text), Assembly: "GRCh38"})
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		_, err1 := b.WriteTo(&file)
		_, err2 := b.Names.WriteTo(&file, b.Panel)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		built[file.String()] = true
	}
	if len(built) != 1 {
		t.Errorf("%d different files, want one", len(built))
	}
}

// A BCF gives the panel that its text gives.
func TestBuildPanelOfABCF(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA names no folder of real genotype files")
	}
	tool, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	binary := filepath.Join(dir, "shapeit4_ref20")
	found, err := filepath.Glob(filepath.Join(binary, "*.bcf"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no BCF in %s: %v", binary, err)
	}
	text := filepath.Join(t.TempDir(), "text.vcf.gz")
	if out, err := exec.Command(tool, "view", "-G", "-Oz", "-o", text, found[0]).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a, err1 := node.BuildPanel(t.Context(), node.PanelSpec{Path: found[0], Assembly: "any"})
	b, err2 := node.BuildPanel(t.Context(), node.PanelSpec{Path: text, Assembly: "any"})
	if err1 != nil || err2 != nil {
		t.Fatal(errors.Join(err1, err2))
	}
	if a.Digest() != b.Digest() || a.PanelSummary != b.PanelSummary || a.Len() < 100 {
		t.Errorf("%d variants, %+v; and %d, %+v", a.Len(), a.PanelSummary, b.Len(), b.PanelSummary)
	}
}

func TestBuildPanelRefuses(t *testing.T) {
	reference := writeReference(t, "GGGCACACACAGG")
	bare := writeText(t, "bare.fa", ">1\nACGT\n")
	stale := writeReference(t, "GGGCACACACAGG")
	if err := os.WriteFile(stale, []byte(">1\nGGGCACACACAGGG\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := bytes.Buffer{}
	z := gzip.NewWriter(&cut)
	if _, err := z.Write([]byte(strings.Repeat("1 4 C T\n", 1000))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	list := writeText(t, "l.txt", "1 4 C T\n1 5 C T\n")
	for name, tt := range map[string]struct {
		spec node.PanelSpec
		want error
		says string
	}{
		"a file that is not there":        {node.PanelSpec{Path: list + "x"}, fs.ErrNotExist, ""},
		"a file that is none":             {node.PanelSpec{Path: writeText(t, "x", "hello\n")}, panel.ErrInput, "line 1"},
		"nothing in it":                   {node.PanelSpec{Path: writeText(t, "x", "")}, panel.ErrVariants, ""},
		"gzip that is cut short":          {node.PanelSpec{Path: writeText(t, "x.gz", cut.String()[:cut.Len()-9])}, nil, "unexpected EOF"},
		"REF that is not the reference's": {node.PanelSpec{Path: list, Fasta: reference}, fasta.ErrReference, "line 2"},
		"a reference without its index":   {node.PanelSpec{Path: list, Fasta: bare}, fs.ErrNotExist, "samtools faidx"},
		"an index of another reference":   {node.PanelSpec{Path: list, Fasta: stale}, fasta.ErrStale, "reference.fa"},
		"contigs named in two ways":       {node.PanelSpec{Path: writeText(t, "x", "1 4 C T\nchr2 4 C T\n")}, panel.ErrVariants, "two ways"},
	} {
		tt.spec.Assembly = "GRCh38"
		_, err := node.BuildPanel(t.Context(), tt.spec)
		if !errors.Is(err, node.ErrPanel) || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %v that says %q", name, err, tt.want, tt.says)
		}
	}
	if _, err := node.BuildPanel(t.Context(), node.PanelSpec{Path: list}); !errors.Is(err, panel.ErrVariants) {
		t.Errorf("no assembly: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := node.BuildPanel(ended, node.PanelSpec{Path: list, Assembly: "GRCh38"}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestReadPanelTakesAPanelOrAList(t *testing.T) {
	list := writeText(t, "l.txt", "1 4 C T\n")
	made, err := node.ReadPanel(t.Context(), list, "GRCh37")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := made.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	built := writeText(t, "built.panel", file.String())
	read, err := node.ReadPanel(t.Context(), built, "")
	if err != nil || read.Digest() != made.Digest() || !slices.Equal(contents(read), []string{"1:4 C>T"}) {
		t.Errorf("%v, %v", read, err)
	}
	if _, err := node.ReadPanel(t.Context(), list, ""); !errors.Is(err, node.ErrConfig) {
		t.Errorf("a list without an assembly: %v", err)
	}
	damaged := writeText(t, "damaged.panel", file.String()[:file.Len()-1])
	if _, err := node.ReadPanel(t.Context(), damaged, ""); !errors.Is(err, panel.ErrDamaged) || !strings.Contains(err.Error(), "damaged.panel") {
		t.Errorf("a damaged panel: %v", err)
	}
}
