package fasta_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/protocol/panel"
)

// sites is a Reader of sites that are made up.
type sites struct {
	left  []genotype.Site
	packs bool
}

func (s *sites) Samples() []string { return nil }
func (s *sites) Pack()             { s.packs = true }

func (s *sites) Next(row *genotype.Row) error {
	if len(s.left) == 0 {
		return io.EOF
	}
	aligned := row.Aligned // of the row before, as a reader leaves it that knows nothing of it
	row.Site, s.left = s.left[0], s.left[1:]
	row.Aligned = aligned
	return nil
}

// next is one site, aligned.
func next(t *testing.T, r *fasta.Reader, s genotype.Site) (genotype.Site, error) {
	t.Helper()
	var row genotype.Row
	err := fasta.Align(&sites{left: []genotype.Site{s}}, r).Next(&row)
	return row.Site, err
}

func TestRowsAreAlignedToTheReference(t *testing.T) {
	//                      1234567890123456789012345
	const sequence = "GGGCACACACAGGGTTTTTCATGNNA"
	file, index := genome(7, "\n", [2]string{"chr1", sequence})
	r := newReader(t, file, index)
	site := func(pos uint32, ref string, alts ...string) genotype.Site {
		return genotype.Site{Contig: "1", Pos: pos, Ref: ref, Alts: alts}
	}
	spelled := func(pos uint32, ref, alt string) genotype.Spelling {
		return genotype.Spelling{Pos: pos, Ref: ref, Alt: alt}
	}
	as := genotype.Spelling{}
	for _, c := range []struct {
		name string
		site genotype.Site
		want []genotype.Spelling
	}{
		{"one base", site(4, "C", "T"), nil},
		{"one base with company, which is trimmed anyway", site(3, "GCA", "GTA"), nil},
		{"an ALT that was not seen", site(4, "C"), nil},
		{"a deletion that stands where it should", site(3, "GCA", "G"), nil},
		{"one that is only trimmed", site(3, "GCACACACA", "GCACACA"), nil},
		{"a deletion in a repeat", site(9, "ACA", "A"), []genotype.Spelling{spelled(3, "GCA", "G")}},
		{"an insertion in a repeat", site(11, "A", "ACA"), []genotype.Spelling{spelled(3, "G", "GCA")}},
		{"each ALT by itself", site(18, "TT", "T", "TTT", "CT", "*", "<DEL>"), []genotype.Spelling{spelled(14, "GT", "G"), spelled(14, "G", "GT"), as, as, as}},
		{"symbols, a star and a block", site(18, "T", "<DEL>", "*", "<NON_REF>"), nil},
		{"N in REF claims nothing", site(18, "N", "A"), nil},
		{"also beyond the end", site(27, "N", "A"), nil},
		{"the telomere", site(0, "A", "AC"), nil},
		{"at the start of the contig", site(2, "GG", "G"), []genotype.Spelling{spelled(1, "GG", "G")}},
	} {
		got, err := next(t, r, c.site)
		if d := cmp.Diff(c.want, got.Aligned); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, d)
		}
		got.Aligned = nil
		if d := cmp.Diff(c.site, got); d != "" {
			t.Errorf("%s: the rest of the site has changed:\n%s", c.name, d)
		}
	}
}

// What a row was aligned to is not left in the next one.
func TestEachRowIsAlignedByItself(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", "GTTTTTCA"}, [2]string{"2", "GAAAAACA"})
	inner := &sites{left: []genotype.Site{
		{Contig: "1", Pos: 5, Ref: "TT", Alts: []string{"T"}}, {Contig: "1", Pos: 7, Ref: "C", Alts: []string{"A"}}, {Contig: "2", Pos: 5, Ref: "AA", Alts: []string{"A"}},
	}}
	a := fasta.Align(inner, newReader(t, file, index))
	a.Pack()
	if !inner.packs {
		t.Error("the reader below was not told to pack")
	}
	var row genotype.Row
	for i, want := range []int{1, 0, 1} {
		if err := a.Next(&row); err != nil || len(row.Aligned) != want {
			t.Errorf("row %d: %d spellings, %v; want %d", i, len(row.Aligned), err, want)
		}
	}
	if err := a.Next(&row); !errors.Is(err, io.EOF) {
		t.Errorf("after the last row: %v", err)
	}
}

func TestRowsOfAnotherReferenceAreRefused(t *testing.T) {
	file, index := genome(5, "\n", [2]string{"1", "ACGTNCGTAC"})
	for _, c := range []struct {
		name string
		site genotype.Site
		want error
		says string
	}{
		{"another base", genotype.Site{Contig: "chr1", Pos: 2, Ref: "A", Alts: []string{"C"}}, fasta.ErrReference, "chr1:2; take the reference that the file was made with, or put its alleles in order"},
		{"another base further on", genotype.Site{Contig: "1", Pos: 1, Ref: "ACC", Alts: []string{"A"}}, fasta.ErrReference, "1:3;"},
		{"a base where the reference has none", genotype.Site{Contig: "1", Pos: 5, Ref: "A", Alts: []string{"C"}}, fasta.ErrReference, "1:5;"},
		{"also of a block", genotype.Site{Contig: "1", Pos: 2, Ref: "A", Alts: []string{"<NON_REF>"}, End: 9}, fasta.ErrReference, "1:2;"},
		{"a contig that the reference has not", genotype.Site{Contig: "2", Pos: 2, Ref: "A", Alts: []string{"C"}}, fasta.ErrContig, `"2"; take the reference`},
		{"beyond the end of the contig", genotype.Site{Contig: "1", Pos: 10, Ref: "CA", Alts: []string{"C"}}, fasta.ErrRange, "1:11, of 10; take the reference"},
	} {
		_, err := next(t, newReader(t, file, index), c.site)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.want, c.says)
		}
	}
}

// The specification has one of its bases written where the reference has a code of several.
func TestCodesOfSeveralBasesInTheReference(t *testing.T) {
	for code, bases := range map[string]string{
		"R": "AGN", "Y": "CTN", "S": "CGN", "W": "ATN", "K": "GTN", "M": "ACN", "B": "CGTN", "D": "AGTN", "H": "ACTN", "V": "ACGN", "N": "N", "n": "N", "r": "AGN", "A": "A", "c": "C",
	} {
		file, index := genome(5, "\n", [2]string{"1", "AC" + code + "TA"})
		r := newReader(t, file, index)
		for _, base := range "ACGTN" {
			v := panel.Variant{Contig: "1", Pos: 3, Ref: string(base), Alt: "AAA"}
			_, err := r.Align(v)
			_, rowErr := next(t, r, genotype.Site{Contig: "1", Pos: 3, Ref: v.Ref, Alts: []string{v.Alt}})
			if want := strings.ContainsRune(bases, base); want != (err == nil) || (want || base == 'N') != (rowErr == nil) {
				t.Errorf("%c for %s: a variant %v, a row %v", base, code, err, rowErr)
			}
		}
	}
}

func BenchmarkRows(b *testing.B) {
	sequence := strings.Repeat("ACGTTGCAAT", 100_000)
	file, index := genome(60, "\n", [2]string{"1", sequence})
	for name, every := range map[string]int{"single bases": 0, "a tenth insertions": 10} {
		all := &sites{}
		for i := 3; i < len(sequence); i += 30 {
			s := genotype.Site{Contig: "1", Pos: uint32(i + 1), Ref: sequence[i : i+1], Alts: []string{"A"}}
			if every > 0 && i/30%every == 0 {
				s.Alts = []string{s.Ref + "GG"}
			}
			all.left = append(all.left, s)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r, err := open(file, index)
				if err != nil {
					b.Fatal(err)
				}
				var row genotype.Row
				a := fasta.Align(&sites{left: all.left}, r)
				for err == nil {
					err = a.Next(&row)
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(all.left)), "ns/row")
		})
	}
}

// A change in a repeat without end is not followed without end.
func TestARowIsMovedSoFarOnly(t *testing.T) {
	sequence := "C" + strings.Repeat("A", 2*genotype.MaxShift) + "G"
	file, index := genome(100, "\n", [2]string{"1", sequence})
	r := newReader(t, file, index)
	for _, c := range []struct {
		pos  uint32
		want []genotype.Spelling
	}{
		{genotype.MaxShift, []genotype.Spelling{{Pos: 1, Ref: "CA", Alt: "C"}}},
		{genotype.MaxShift + 1, []genotype.Spelling{{Pos: 1, Ref: "CA", Alt: "C"}}},
		{genotype.MaxShift + 2, nil},
		{2 * genotype.MaxShift, nil},
	} {
		got, err := next(t, r, genotype.Site{Contig: "1", Pos: c.pos, Ref: "AA", Alts: []string{"A"}})
		if d := cmp.Diff(c.want, got.Aligned); err != nil || d != "" {
			t.Errorf("position %d: %v\n%s", c.pos, err, d)
		}
		if first, _ := got.Span(); got.Pos-first > genotype.MaxShift {
			t.Errorf("position %d was moved to %d", c.pos, first)
		}
	}
	if _, err := r.Align(panel.Variant{Contig: "1", Pos: 2 * genotype.MaxShift, Ref: "AA", Alt: "A"}); !errors.Is(err, fasta.ErrRepeat) {
		t.Errorf("a variant: %v, want %v", err, fasta.ErrRepeat)
	}
}

// rowsOf are the variants of a VCF as an Aligner spells them, and how many of its rows of
// one ALT it moved.
func rowsOf(t *testing.T, path, reference string) (all map[panel.Variant]int, moved int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// bcftools' own cases are not sorted, and some are there twice: each line is a file.
	head, lines, _ := strings.Cut(string(text), "#CHROM")
	columns, lines, _ := strings.Cut(lines, "\n")
	all = make(map[panel.Variant]int)
	for line := range strings.Lines(lines) {
		r, err := vcf.New(strings.NewReader(head+"#CHROM"+columns+"\n"+line), vcf.Config{Covers: func(*genotype.Site) bool { return false }})
		if err != nil {
			t.Fatal(err)
		}
		var row genotype.Row
		switch err := fasta.Align(r, openReference(t, reference)).Next(&row); {
		case errors.Is(err, fasta.ErrReference):
			continue // bcftools leaves it out too
		case err != nil:
			t.Fatal(err)
		}
		if len(row.Alts) == 1 && row.Aligned != nil {
			moved++
		}
		for k, alt := range row.Alts {
			if !genotype.IsBases(alt) {
				continue
			}
			v := panel.Trim(panel.Variant{Contig: row.Contig, Pos: row.Pos, Ref: row.Ref, Alt: alt})
			if k < len(row.Aligned) && row.Aligned[k].Pos > 0 {
				v.Pos, v.Ref, v.Alt = row.Aligned[k].Pos, row.Aligned[k].Ref, row.Aligned[k].Alt
			}
			all[v]++
		}
	}
	return all, moved
}

// The file that bcftools' own tests want has the same changes as the one that they begin
// with, and nothing is left to be done for its rows of one ALT.
func TestRowsOfBcftoolsOwnCasesAreAlignedTheSame(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for _, c := range []struct{ in, out, reference string }{
		{"norm.vcf", "norm.out", "norm.fa"},
		{"norm.symbolic.vcf", "norm.symbolic.1.out", "norm.symbolic.fa"},
	} {
		in := filepath.Join(dir, "bcftools_norm", c.in)
		out := filepath.Join(dir, "bcftools_norm", c.out)
		reference := filepath.Join(dir, "bcftools_norm", c.reference)
		got, moved := rowsOf(t, in, reference)
		want, again := rowsOf(t, out, reference)
		if d := cmp.Diff(want, got); d != "" || len(got) < 2 {
			t.Errorf("%s (-%s +aligned):\n%s", c.in, c.out, d)
		}
		if moved == 0 || again != 0 {
			t.Errorf("%s: %d rows of one ALT were moved, and of %s %d; want some, and none", c.in, moved, c.out, again)
		}
	}
}

// openReference opens a FASTA, with the index beside it or one that is made here.
func openReference(t *testing.T, path string) *fasta.Reader {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(path + ".fai")
	if errors.Is(err, os.ErrNotExist) {
		index, err = indexOf(string(text)), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return newReader(t, string(text), string(index))
}

// indexOf is the index of a FASTA whose lines are equally long.
func indexOf(text string) []byte {
	var b strings.Builder
	at := 0
	for _, contig := range strings.Split(text, ">")[1:] {
		head, bases, _ := strings.Cut(contig, "\n")
		first, _, _ := strings.Cut(bases, "\n")
		offset := at + 1 + len(head) + 1
		name, _, _ := strings.Cut(head, " ")
		fmt.Fprintf(&b, "%s\t%d\t%d\t%d\t%d\n", name, len(strings.ReplaceAll(bases, "\n", "")), offset, len(first), len(first)+1)
		at += 1 + len(contig)
	}
	return []byte(b.String())
}
