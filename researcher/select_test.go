package researcher_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/genes"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
)

const vcfHead = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

// selectable has variants 0 to 8, two of them at one place.
const selectable = vcfHead +
	"chr1\t100\trs1\tA\tC,G\t.\t.\t.\n" +
	"chr1\t200\trs2;rs3\tATT\tA\t.\t.\t.\n" +
	"chr1\t300\t.\tA\tC\t.\t.\t.\n" +
	"chr2\t100\trs4\tA\tC\t.\t.\t.\n" +
	"chr2\t200\trs5\tA\tC\t.\t.\t.\n" +
	"chr2\t300\trs6\tA\tC\t.\t.\t.\n" +
	"chrX\t100\trs7\tA\tC\t.\t.\t.\n" +
	"chrM\t263\trs8\tA\tG\t.\t.\t.\n"

func selectablePanel(t *testing.T) *panel.Panel {
	t.Helper()
	variants := must[[]panel.Variant](t)(panel.ReadVariants(strings.NewReader(selectable)))
	return must[*panel.Panel](t)(panel.New("GRCh38", variants))
}

func textFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func blocked(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := bgzf.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// namesFile is the file of rsIDs that is built beside a panel.
func namesFile(t *testing.T, p *panel.Panel, list []panel.Name) string {
	t.Helper()
	var b bytes.Buffer
	n := must[*panel.Names](t)(panel.NewNames(p, list))
	if _, err := n.WriteTo(&b, p); err != nil {
		t.Fatal(err)
	}
	return textFile(t, "p.rsids", b.String())
}

func TestSelect(t *testing.T) {
	p := selectablePanel(t)
	bed := "1\t99\t250\tFIRST\n2\t199\t300\tSECOND\nchr1\t290\t310\tPARTS\nchr1\t99\t100\tPARTS\nMT\t0\t1000\tMIT\n"
	gff := "##gff-version 3\n#!genome-build GRCh38.p14\nX\th\tgene\t50\t150\t.\t+\t.\tID=gene:ENSG7;Name=SEVEN\n"
	beside := namesFile(t, p, []panel.Name{{RS: 1, Place: 0}, {RS: 1, Place: 1}, {RS: 4, Place: 4}})
	for name, tt := range map[string]struct {
		ask    researcher.Ask
		ranges []protocol.Range
		of     string
		absent []string
	}{
		"nothing is everything": {researcher.Ask{}, []protocol.Range{{From: 0, To: 9}}, "", nil},
		"a region":              {researcher.Ask{Region: "2:150-300"}, []protocol.Range{{From: 5, To: 7}}, "2:150-300", nil},
		"a gene of a BED":       {researcher.Ask{Genes: []string{"FIRST"}, GeneFile: textFile(t, "g.bed", bed)}, []protocol.Range{{From: 0, To: 3}}, "genes FIRST", nil},
		"a gene by another name of its contig": {researcher.Ask{Genes: []string{"MIT"}, GeneFile: textFile(t, "g.bed", bed)},
			[]protocol.Range{{From: 8, To: 9}}, "genes MIT", nil},
		"two genes, in any order": {researcher.Ask{Genes: []string{"SECOND", "FIRST"}, GeneFile: textFile(t, "g.bed.gz", gzipped(t, bed))},
			[]protocol.Range{{From: 0, To: 3}, {From: 5, To: 7}}, "genes SECOND, FIRST", nil},
		"a gene of two parts": {researcher.Ask{Genes: []string{"PARTS"}, GeneFile: textFile(t, "g.bed.gz", blocked(t, bed))},
			[]protocol.Range{{From: 0, To: 2}, {From: 3, To: 4}}, "genes PARTS", nil},
		"a gene of a GFF3, by id": {researcher.Ask{Genes: []string{"ENSG7"}, GeneFile: textFile(t, "g.gff3", gff)},
			[]protocol.Range{{From: 7, To: 8}}, "genes ENSG7", nil},
		"rsIDs beside the panel": {researcher.Ask{RSIDs: []string{"rs4", "rs1"}, NameFile: beside},
			[]protocol.Range{{From: 0, To: 2}, {From: 4, To: 5}}, "rs4, rs1", nil},
		"rsIDs of a VCF": {researcher.Ask{RSIDs: []string{"rs3", "rs8"}, NameFile: textFile(t, "d.vcf.gz", gzipped(t, selectable))},
			[]protocol.Range{{From: 2, To: 3}, {From: 8, To: 9}}, "rs3, rs8", nil},
		"a region and rsIDs": {researcher.Ask{Region: "2", RSIDs: []string{"rs4", "rs7"}, NameFile: textFile(t, "d.vcf", selectable)},
			[]protocol.Range{{From: 4, To: 8}}, "2; rs4, rs7", nil},
		"the variants of a VCF": {researcher.Ask{VariantFile: textFile(t, "v.vcf", vcfHead+"2\t100\t.\tA\tC\t.\t.\t.\n1\t199\t.\tGATT\tGA,GATA\t.\t.\t.\n")},
			[]protocol.Range{{From: 2, To: 3}, {From: 4, To: 5}}, "variants of v.vcf", []string{"1:202 T>A"}},
		"the variants of a list": {researcher.Ask{VariantFile: textFile(t, "v.txt", "# mine\n2 100 A C\n2 101 A C\n")},
			[]protocol.Range{{From: 4, To: 5}}, "variants of v.txt", []string{"2:101 A>C"}},
		"variants one a line": {researcher.Ask{NameFile: beside, VariantFile: textFile(t, "v.txt", "# mine\n\nchr2:100:a:c\r\nX-100-A-C\nrs1\nrs99\n7:5:A:C\n")},
			[]protocol.Range{{From: 0, To: 2}, {From: 4, To: 5}, {From: 7, To: 8}}, "variants of v.txt", []string{"7:5 A>C", "rs99"}},
	} {
		got, err := researcher.SelectFrom(p, tt.ask)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := researcher.Selected{Ranges: tt.ranges, Of: tt.of, Missing: len(tt.absent), Absent: tt.absent}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	p := selectablePanel(t)
	bed := textFile(t, "g.bed", "1\t99\t250\tFIRST\n7\t1\t2\tFAR\n1\t1\t2\tTWIN\n2\t1\t2\tTWIN\n")
	other := must[*panel.Panel](t)(panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 5, Ref: "A", Alt: "C"}}))
	foreign := namesFile(t, other, []panel.Name{{RS: 1, Place: 0}})
	old := textFile(t, "g.gff3", "##gff-version 3\n#!genome-build GRCh37.p13\n1\th\tgene\t5\t600\t.\t+\t.\tID=a\n")
	vcf := textFile(t, "d.vcf", selectable)
	for name, tt := range map[string]struct {
		ask  researcher.Ask
		want error
		says string
	}{
		"a region without variants":      {researcher.Ask{Region: "9"}, researcher.ErrSelection, "no variant in 9"},
		"a region that is none":          {researcher.Ask{Region: "7:x"}, panel.ErrRegion, "not a position"},
		"a gene without a file":          {researcher.Ask{Genes: []string{"FIRST"}}, researcher.ErrSelection, "GRCh38 (--genes)"},
		"a file without a gene":          {researcher.Ask{GeneFile: bed}, researcher.ErrSelection, "(--gene)"},
		"a gene that is not there":       {researcher.Ask{Genes: []string{"FRIST"}, GeneFile: bed}, genes.ErrUnknown, "near it are FIRST"},
		"a gene that is there twice":     {researcher.Ask{Genes: []string{"TWIN"}, GeneFile: bed}, genes.ErrAmbiguous, "1:2"},
		"a gene without variants":        {researcher.Ask{Genes: []string{"FAR"}, GeneFile: bed}, researcher.ErrSelection, "no variant in FAR, which is at 7:2"},
		"genes of another assembly":      {researcher.Ask{Genes: []string{"a"}, GeneFile: old}, researcher.ErrSelection, "GRCh37.p13, and the panel of GRCh38"},
		"genes of no format":             {researcher.Ask{Genes: []string{"a"}, GeneFile: vcf}, genes.ErrFormat, "line"},
		"genes that are not there":       {researcher.Ask{Genes: []string{"a"}, GeneFile: bed + "x"}, os.ErrNotExist, "g.bedx"},
		"no rsID":                        {researcher.Ask{RSIDs: []string{"334"}, NameFile: vcf}, researcher.ErrSelection, "want rs and a number"},
		"an rsID without a file":         {researcher.Ask{RSIDs: []string{"rs1"}}, researcher.ErrSelection, "--rsids"},
		"an rsID that is not there":      {researcher.Ask{RSIDs: []string{"rs1", "rs99"}, NameFile: vcf}, researcher.ErrSelection, "no variant of the panel rs99"},
		"rsIDs of another panel":         {researcher.Ask{RSIDs: []string{"rs1"}, NameFile: foreign}, panel.ErrForeign, "p.rsids"},
		"variants that are not there":    {researcher.Ask{VariantFile: textFile(t, "v", "9 1 A C\n")}, researcher.ErrSelection, "none of the variants"},
		"variants that cannot be read":   {researcher.Ask{VariantFile: textFile(t, "v", "9 1 A\n")}, panel.ErrInput, "line 1"},
		"a list that cannot be read":     {researcher.Ask{VariantFile: textFile(t, "v", "# a\n1:100:A:C\nhello\n")}, researcher.ErrSelection, "line 3"},
		"a position that is none":        {researcher.Ask{VariantFile: textFile(t, "v", "1:x:A:C\n")}, researcher.ErrSelection, "not a position"},
		"a line without an end":          {researcher.Ask{VariantFile: textFile(t, "v", "1:1:A:C\n"+strings.Repeat("A", 1<<14))}, researcher.ErrSelection, "behind line 1"},
		"rsIDs in a list without a file": {researcher.Ask{VariantFile: textFile(t, "v", "rs1\n")}, researcher.ErrSelection, "--rsids"},
		"gzip that is cut":               {researcher.Ask{VariantFile: textFile(t, "v.gz", gzipped(t, strings.Repeat("1 100 A C\n", 100))[:20])}, nil, "unexpected EOF"},
	} {
		got, err := researcher.SelectFrom(p, tt.ask)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %+v, %v; want %v that says %q", name, got, err, tt.want, tt.says)
		}
	}
}

// A question of as many stretches as the sites take is taken; one more is refused here.
func TestSelectTakesAsManyRangesAsASite(t *testing.T) {
	var all, every strings.Builder
	for i := range 2 * 4097 {
		fmt.Fprintf(&all, "1 %d A C\n", 10*i+10)
		if i%2 == 0 && i < 2*4096 {
			fmt.Fprintf(&every, "1 %d A C\n", 10*i+10)
		}
	}
	p := must[*panel.Panel](t)(panel.New("GRCh38", must[[]panel.Variant](t)(panel.ReadVariants(strings.NewReader(all.String())))))
	got, err := researcher.SelectFrom(p, researcher.Ask{VariantFile: textFile(t, "v", every.String())})
	if err != nil || len(got.Ranges) != 4096 || got.Size() != 4096 {
		t.Fatalf("%d ranges, %v", len(got.Ranges), err)
	}
	more := every.String() + fmt.Sprintf("1 %d A C\n", 10*2*4096+10)
	if _, err := researcher.SelectFrom(p, researcher.Ask{VariantFile: textFile(t, "v", more)}); !errors.Is(err, researcher.ErrSelection) || !strings.Contains(err.Error(), "4097 separate stretches") {
		t.Errorf("one more: %v", err)
	}
}

// An answer to a question of several stretches has their variants and no others.
func TestAnAnswerOfSeveralStretches(t *testing.T) {
	alice := newHome(t)
	s := newStudy(t, alice)
	c := join(t, s, alice)
	q := question("")
	q.VariantFile = textFile(t, "v", "7:1010:A:C\n7:1020:A:C\n8:1400:A:C\n")
	selected, err := c.Select(t.Context(), q)
	if err != nil || selected.Size() != 3 || len(selected.Ranges) != 2 {
		t.Fatalf("%+v, %v", selected, err)
	}
	asked := must[researcher.Asked](t)(c.Compose(t.Context(), q, time.Now()))
	if err := c.Submit(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	answer := must[researcher.Answer](t)(c.Open(t.Context(), asked))
	var got []string
	for _, r := range answer.Rows {
		got = append(got, r.Variant.String())
	}
	if want := []string{"7:1010 A>C", "7:1020 A>C", "8:1400 A>C"}; !slices.Equal(got, want) || asked.Region != "variants of v" {
		t.Errorf("%q of %q, want %q", got, asked.Region, want)
	}
}

// Whatever a file of variants is, it is read or refused.
func FuzzSelectByFile(f *testing.F) {
	p, err := panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 100, Ref: "A", Alt: "C"}, {Contig: "X", Pos: 5, Ref: "AT", Alt: "A"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1:100:a:c\nrs5\nX-5-AT-A\n")
	f.Add("1 100 A C\n")
	f.Add(selectable)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "v")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := researcher.SelectFrom(p, researcher.Ask{VariantFile: path, NameFile: path})
		if err != nil {
			return
		}
		if n := s.Size(); n == 0 || n > uint64(p.Len()) || len(s.Absent) > s.Missing {
			t.Errorf("%+v", s)
		}
	})
}
