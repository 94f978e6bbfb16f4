package node_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/vrs"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/panel"
)

// The contigs of twoContigs, in another order than a panel's and of other names.
const (
	contigX = "GATTACAGATTACA"
	contig1 = "GGGCACACACAGGRN"
	file2   = ">chrX\r\ngattaca\r\nGATTACA\r\n>chrUn skipped\r\nAC.GT\r\n>chr1 first\r\nGGGCACAC\r\nACAGGRN\r\n"
)

func newIDs(t *testing.T, p *panel.Panel, reference string) (*panel.AlleleIDs, node.AlleleIDSummary) {
	t.Helper()
	var file bytes.Buffer
	sum, err := node.WriteAlleleIDs(t.Context(), p, reference, vrs.V2, &file)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := panel.OpenIDs(bytes.NewReader(file.Bytes()), int64(file.Len()), p)
	if err != nil {
		t.Fatal(err)
	}
	return ids, sum
}

func TestAlleleIDsAreThoseOfTheReference(t *testing.T) {
	p, err := panel.New("GRCh38", []panel.Variant{
		{Contig: "1", Pos: 3, Ref: "GCA", Alt: "G"},
		{Contig: "1", Pos: 4, Ref: "C", Alt: "T"},
		{Contig: "1", Pos: 14, Ref: "N", Alt: "A"}, // R in the reference: not what REF says
		{Contig: "1", Pos: 15, Ref: "N", Alt: "A"},
		{Contig: "X", Pos: 1, Ref: "G", Alt: "GG"},
		{Contig: "X", Pos: 99, Ref: "G", Alt: "A"}, // beyond the end
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, sum := newIDs(t, p, writeText(t, "two.fa", file2))
	one, x := vrs.Sum([]byte(contig1)), vrs.Sum([]byte(contigX))
	if want := (node.AlleleIDSummary{Sequences: vrs.Sequences([]vrs.Digest{one, x}), Named: 4, Unnamed: 2}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
	for i, want := range []vrs.Digest{
		// The deletion of CA from CACACACA, which stands at 3 to 11 when it counts from 0.
		vrs.NewNamer(vrs.V2, one).ID(vrs.Allele{Start: 3, End: 11, Bases: []byte("CACACA"), Repeat: 2}),
		vrs.NewNamer(vrs.V2, one).ID(vrs.Allele{Start: 3, End: 4, Bases: []byte("T")}),
		{},
		vrs.NewNamer(vrs.V2, one).ID(vrs.Allele{Start: 14, End: 15, Bases: []byte("A")}),
		vrs.NewNamer(vrs.V2, x).ID(vrs.Allele{Start: 0, End: 1, Bases: []byte("GG"), Repeat: 1}),
		{},
	} {
		got, err := ids.At(i)
		if err != nil || vrs.Digest(got) != want {
			t.Errorf("%s is %s, %v; want %s", p.At(i), vrs.Digest(got), err, want)
		}
	}
}

// Whether a contig is one line or many, its letters are the same, and so are the names.
func TestAlleleIDsDoNotDependOnLines(t *testing.T) {
	sequence := strings.Repeat("ACGTTGCAACGGTACT", 20_000) // over a buffer long
	p, err := panel.New("any", []panel.Variant{{Contig: "1", Pos: 70_001, Ref: "A", Alt: "C"}, {Contig: "1", Pos: 319_999, Ref: "C", Alt: "G"}})
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for rest := sequence; rest != ""; rest = rest[min(61, len(rest)):] {
		lines.WriteString(rest[:min(61, len(rest))] + "\n")
	}
	first, sum := newIDs(t, p, writeText(t, "line.fa", ">1\n"+sequence+"\n"))
	second, again := newIDs(t, p, writeText(t, "lines.fa", ">1\n"+lines.String()))
	if sum != again || sum.Named != 2 {
		t.Errorf("%+v and %+v", sum, again)
	}
	for i := range p.Len() {
		a, err1 := first.At(i)
		b, err2 := second.At(i)
		if a != b || err1 != nil || err2 != nil {
			t.Errorf("variant %d is %x and %x: %v", i, a, b, errors.Join(err1, err2))
		}
	}
}

func TestAlleleIDsRefuse(t *testing.T) {
	p, err := panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 4, Ref: "C", Alt: "T"}, {Contig: "X", Pos: 1, Ref: "G", Alt: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ text, says string }{
		"a contig that is missing": {">1\nGGGC\n", "no contig X"},
		"an empty contig":          {">1\n>X\nG\n", "no contig 1"},
		"a contig twice":           {">1\nGGGC\n>X\nG\n>chr1\nGGGC\n", "twice"},
		"no letters":               {">1\nGG-C\n>X\nG\n", "lines of letters"},
		"no FASTA":                 {"hello\n", "no contig"},
		"nothing":                  {"", "no contig"},
	} {
		_, err := node.WriteAlleleIDs(t.Context(), p, writeText(t, "x.fa", tt.text), vrs.V2, io.Discard)
		if !errors.Is(err, node.ErrPanel) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v; want %v that says %q", name, err, node.ErrPanel, tt.says)
		}
	}
	if _, err := node.WriteAlleleIDs(t.Context(), p, filepath.Join(t.TempDir(), "x"), vrs.V2, io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := node.WriteAlleleIDs(ended, p, writeText(t, "two.fa", file2), vrs.V2, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

// Whatever a reference is, it is read or refused.
func FuzzAlleleIDs(f *testing.F) {
	p, err := panel.New("any", []panel.Variant{{Contig: "1", Pos: 2, Ref: "C", Alt: "CC"}, {Contig: "X", Pos: 1, Ref: "GA", Alt: "G"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file2)
	f.Add(">1\nACCA\n>X\nGAAA")
	f.Add("\n>\n>1 \r\n\r\nA\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "x.fa")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		sum, err := node.WriteAlleleIDs(t.Context(), p, path, vrs.V13, &file)
		if err != nil {
			if !errors.Is(err, node.ErrPanel) {
				t.Error(err)
			}
			return
		}
		if _, err := panel.OpenIDs(bytes.NewReader(file.Bytes()), int64(file.Len()), p); err != nil || sum.Named+sum.Unnamed != p.Len() {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}
