package panel_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/protocol/panel"
)

const vcfHead = "##fileformat=VCFv4.3\n##contig=<ID=7>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

func TestReadVariants(t *testing.T) {
	v := func(pos uint32, ref, alt string) panel.Variant {
		return panel.Variant{Contig: "7", Pos: pos, Ref: ref, Alt: alt}
	}
	for name, tt := range map[string]struct {
		text string
		want []panel.Variant
	}{
		"a list with tabs":                         {"7\t10\tA\tC\n7\t11\tG\tGT\n", []panel.Variant{v(10, "A", "C"), v(11, "G", "GT")}},
		"a list with blanks and a comment":         {"#CHROM POS REF ALT\n7 10 a c\n\n# more\n7  11 G T", []panel.Variant{v(10, "A", "C"), v(11, "G", "T")}},
		"a list with several ALT":                  {"7\t10\tA\tC,G\n", []panel.Variant{v(10, "A", "C"), v(10, "A", "G")}},
		"a list with CRLF":                         {"7\t10\tA\tC\r\n7\t11\tA\tC\r\n", []panel.Variant{v(10, "A", "C"), v(11, "A", "C")}},
		"a VCF of sites":                           {vcfHead + "7\t10\trs1\tA\tC\t.\tPASS\t.\n", []panel.Variant{v(10, "A", "C")}},
		"a multi-allelic record":                   {vcfHead + "7\t10\t.\tAT\tCT,A,*,<DEL>\t.\t.\t.\n", []panel.Variant{v(10, "AT", "CT"), v(10, "AT", "A")}},
		"a record without ALT":                     {vcfHead + "7\t10\t.\tA\t.\t.\t.\t.\n", nil},
		"breakends":                                {vcfHead + "7\t10\t.\tA\tA[8:9[,.A,A.,]8:9]A\t.\t.\t.\n", nil},
		"a gVCF's block":                           {vcfHead + "7\t10\t.\tA\t<NON_REF>\t.\t.\tEND=20\n", nil},
		"genotypes over a megabyte":                {vcfHead + "7\t10\t.\tA\tC\t.\t.\t.\tGT" + strings.Repeat("\t0|1", 1<<19) + "\n7\t11\t.\tA\tC\t.\t.\t.\tGT\n", []panel.Variant{v(10, "A", "C"), v(11, "A", "C")}},
		"a telomere and an assembly file's contig": {vcfHead + "7\t0\t.\tA\tC\t.\t.\t.\n<c1>\t5\t.\tA\tC\t.\t.\t.\n", nil},
		"nothing":                                  {"", nil},
		"a pvar": {"##contig=<ID=7>\n#CHROM\tPOS\tID\tREF\tALT\tFILTER\tINFO\n7\t10\trs1\tA\tC,<DEL>\tPASS\ta b c\n7\t11\t.\tG\t.\t.\t.\n",
			[]panel.Variant{v(10, "A", "C")}},
		"a pvar with its columns in another order": {"#CHROM ID POS ALT REF\n7 rs1 10 A C\n", []panel.Variant{v(10, "C", "A")}},
		"a pvar in plink's numbers": {"#CHROM\tPOS\tID\tREF\tALT\n23\t10\t.\tA\tC\nchr25\t11\t.\tA\tC\nPAR1\t12\t.\tA\tC\n26\t13\t.\tA\tC\n24\t14\t.\tA\tC\n0\t15\t.\tA\tC\n",
			[]panel.Variant{{Contig: "X", Pos: 10, Ref: "A", Alt: "C"}, {Contig: "chrX", Pos: 11, Ref: "A", Alt: "C"},
				{Contig: "X", Pos: 12, Ref: "A", Alt: "C"}, {Contig: "MT", Pos: 13, Ref: "A", Alt: "C"}, {Contig: "Y", Pos: 14, Ref: "A", Alt: "C"}}},
		"a bim, with REF behind ALT":   {"7\trs1\t0.5\t10\tC\tA\n7\trs2\t0\t11\t0\tA\n7\trs3\t0\t0\tC\tA\n", []panel.Variant{v(10, "A", "C")}},
		"a list keeps plink's numbers": {"23 10 A C\n", []panel.Variant{{Contig: "23", Pos: 10, Ref: "A", Alt: "C"}}},
		"a pvar that is packed":        {packed("#CHROM\tPOS\tID\tREF\tALT\n7\t10\trs1\tA\tC\n"), []panel.Variant{v(10, "A", "C")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := panel.ReadVariants(strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadVariantsRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, says string }{
		"three columns":               {"7 10 A\n", "line 1"},
		"a table of something else":   {"7 10 A C\n7 10 A C 5 100\n", "line 2"},
		"a position that is none":     {"7 ten A C\n", "POS"},
		"a negative position":         {"7 -1 A C\n", "POS"},
		"position 0":                  {"7 0 A C\n", "position 0"},
		"a symbolic allele in a list": {"7 10 A <DEL>\n", "A, C, G, T and N"},
		"no ALT in a list":            {"7 10 A .\n", "A, C, G, T and N"},
		"an allele of other letters":  {vcfHead + "7\t10\t.\tA\tR\t.\t.\t.\n", "line 4"},
		"a VCF without header":        {"##fileformat=VCFv4.3\n7\t10\t.\tA\tC\t.\t.\t.\n", "#CHROM"},
		"a VCF that is only a start":  {"##fileformat=VCFv4.3\n", "#CHROM"},
		"a VCF with blanks":           {vcfHead + "7 10 . A C . . .\n", "columns"},
		"compressed input":            {"\x1f\x8b\x08\x04", "unpack"},
		"no contig":                   {vcfHead + "\t10\t.\tA\tC\t.\t.\t.\n", "contig"},
		"a contig that is none":       {"<7> 10 A C\n", "contig"},
		"half a contig of a file":     {vcfHead + "<7\t10\t.\tA\tC\t.\t.\t.\n", "contig"},
		"a pvar without REF":          {"#CHROM\tPOS\tID\tALT\tQUAL\n7\t10\t.\tC\t.\n", "no column REF"},
		"a pvar with a short line":    {"#CHROM\tPOS\tID\tREF\tALT\n7\t10\trs1\tA\n", "line 2"},
		"a bim with a short line":     {"7 rs1 0 10 C A\n7 rs1 0 10 C\n", "line 2: 5 columns"},
		"a bim with coded alleles":    {"7 rs1 0 10 I D\n", "A, C, G, T and N"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := panel.ReadVariants(strings.NewReader(tt.text))
			if !errors.Is(err, panel.ErrInput) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want ErrInput that says %q", err, tt.says)
			}
		})
	}
	broken := errors.New("cable pulled")
	if _, err := panel.ReadVariants(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

// packed is a text as plink2 packs a pvar.
func packed(text string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestADamagedPackedTextIsNoList(t *testing.T) {
	whole := packed("#CHROM\tPOS\tID\tREF\tALT\n" + strings.Repeat("7\t10\trs1\tA\tC\n", 1000))
	for n := range len(whole) {
		if n == 0 {
			continue
		}
		if got, err := panel.ReadVariants(strings.NewReader(whole[:n])); err == nil {
			t.Fatalf("%d of %d bytes gave %d variants", n, len(whole), len(got))
		}
	}
}

func TestScanVariantsCountsWhatItLeavesOut(t *testing.T) {
	text := vcfHead + "7\t10\t.\tA\tC,*,<DEL>\t.\t.\t.\n7\t0\t.\tA\tC\t.\t.\t.\n7\t12\t.\tA\t.\t.\t.\t.\n"
	n := 0
	left, err := panel.ScanVariants(strings.NewReader(text), func(panel.Variant) error { n++; return nil })
	if want := (panel.LeftOut{Symbols: 3, Unplaced: 1}); err != nil || left != want || n != 1 {
		t.Errorf("%d variants, left out %+v, %v; want 1 and %+v", n, left, err, want)
	}
	no := errors.New("not this one")
	if _, err := panel.ScanVariants(strings.NewReader(text), func(panel.Variant) error { return no }); !errors.Is(err, no) || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("an error of who takes them: %v, want it with its line", err)
	}
}

func FuzzReadVariants(f *testing.F) {
	f.Add(vcfHead + "7\t10\t.\tAT\tCT,A,*,<DEL>\t.\t.\t.\n")
	f.Add("7\t10\tA\tC\n7 11 G GT\n")
	f.Add("#CHROM\tPOS\tID\tREF\tALT\n23\t10\trs1\tA\tC\n")
	f.Add("7\trs1\t0\t10\tC\tA\n")
	f.Add(packed("#CHROM\tPOS\tID\tREF\tALT\n7\t10\trs1\tA\tC\n"))
	f.Fuzz(func(t *testing.T, text string) {
		variants, err := panel.ReadVariants(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, v := range variants {
			if _, err := panel.New("any", []panel.Variant{v}); err != nil {
				t.Errorf("%s was read, and makes no panel: %v", v, err)
			}
		}
	})
}
