package panel_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/protocol/panel"
)

func TestCanonicalContig(t *testing.T) {
	for name, want := range map[string]string{
		"7": "7", "chr7": "7", "CHR7": "7", "Chr22": "22", "22": "22", "chr10": "10",
		"x": "X", "chrX": "X", "chry": "Y", "M": "MT", "chrM": "MT", "MT": "MT", "chrMT": "MT", "mt": "MT",
		"0": "0", "23": "23", "chr23": "chr23", "chr0": "chr0", "01": "01", "chr": "chr", "": "", "chrUn_KI270302v1": "chrUn_KI270302v1",
		"chr7_alt": "chr7_alt", "XY": "XY", "GL000192.1": "GL000192.1",
	} {
		if got := panel.CanonicalContig(name); got != want {
			t.Errorf("CanonicalContig(%q) = %q, want %q", name, got, want)
		}
		if got := panel.CanonicalContig(want); got != want {
			t.Errorf("CanonicalContig(%q) = %q: it is canonical already", want, got)
		}
	}
}

func TestTrim(t *testing.T) {
	type alleles struct {
		pos      uint32
		ref, alt string
	}
	for name, tt := range map[string]struct{ in, want alleles }{
		"a single base stays":                {alleles{10, "A", "C"}, alleles{10, "A", "C"}},
		"a deletion stays":                   {alleles{10, "CA", "C"}, alleles{10, "CA", "C"}},
		"an insertion stays":                 {alleles{10, "C", "CTT"}, alleles{10, "C", "CTT"}},
		"a shared end goes":                  {alleles{10, "AG", "CG"}, alleles{10, "A", "C"}},
		"a shared start goes":                {alleles{10, "GA", "GC"}, alleles{11, "A", "C"}},
		"both go, the end first":             {alleles{10, "GAT", "GCT"}, alleles{11, "A", "C"}},
		"a deletion beside a repeat":         {alleles{10, "CAAA", "CAA"}, alleles{10, "CA", "C"}},
		"a multi-allelic site's other ALT":   {alleles{10, "CAA", "CTAA"}, alleles{10, "C", "CT"}},
		"several bases":                      {alleles{10, "ACG", "ATT"}, alleles{11, "CG", "TT"}},
		"a record that changes nothing":      {alleles{10, "AC", "AC"}, alleles{10, "A", "A"}},
		"a start that is also the end":       {alleles{10, "ATA", "A"}, alleles{10, "ATA", "A"}},
		"an insertion of a repeated segment": {alleles{10, "TA", "TATA"}, alleles{10, "T", "TAT"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := panel.Trim(panel.Variant{Contig: "1", Pos: tt.in.pos, Ref: tt.in.ref, Alt: tt.in.alt})
			want := panel.Variant{Contig: "1", Pos: tt.want.pos, Ref: tt.want.ref, Alt: tt.want.alt}
			if got != want {
				t.Errorf("Trim = %s, want %s", got, want)
			}
			if again := panel.Trim(got); again != got {
				t.Errorf("trimmed again it is %s", again)
			}
		})
	}
}

func TestParseRegion(t *testing.T) {
	for text, want := range map[string]panel.Region{
		"chr7:117,120,016-117,308,718": {Contig: "chr7", From: 117_120_016, To: 117_308_718},
		"7":                            {Contig: "7", From: 1, To: panel.MaxPos},
		"7:100-200":                    {Contig: "7", From: 100, To: 200},
		" X:5 ":                        {Contig: "X", From: 5, To: 5},
		"HLA-A*01:01:01:01":            {Contig: "HLA-A*01:01:01:01", From: 1, To: panel.MaxPos},
		"chrUn_KI270302v1:1-9":         {Contig: "chrUn_KI270302v1", From: 1, To: 9},
	} {
		got, err := panel.ParseRegion(text)
		if err != nil || got != want {
			t.Errorf("ParseRegion(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := panel.ParseRegion(got.String()); err != nil || again != got {
			t.Errorf("ParseRegion(%q) = %+v, %v; want %+v", got, again, err, got)
		}
	}
	for _, text := range []string{
		"", ":", "7:", "7:-", "7:1-", "7:-5", "7:0-5", "7:200-100", "7:1-5-9", "7:,-5", "7:,5", "7:1e3", "7:+5", ":5-9", "7 8",
		"7:99999999999", "7:1-2147483648", "chr7,8",
	} {
		if got, err := panel.ParseRegion(text); !errors.Is(err, panel.ErrRegion) {
			t.Errorf("ParseRegion(%q) = %+v, %v; want ErrRegion", text, got, err)
		}
	}
}

func FuzzParseRegion(f *testing.F) {
	for _, s := range []string{"chr7:117,120,016-117,308,718", "7", "X:5", "HLA-A*01:01", "7:,", "", "7:2-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := panel.ParseRegion(s)
		if err != nil {
			return
		}
		if again, err := panel.ParseRegion(r.String()); err != nil || again != r {
			t.Errorf("%q is %+v, and printed it is %+v, %v", s, r, again, err)
		}
	})
}
