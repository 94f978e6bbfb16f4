package panel_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

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

func FuzzReadVariants(f *testing.F) {
	f.Add(vcfHead + "7\t10\t.\tAT\tCT,A,*,<DEL>\t.\t.\t.\n")
	f.Add("7\t10\tA\tC\n7 11 G GT\n")
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
