package tally_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// told is a Reader that tells more of its sites than their lines do.
type told struct {
	genotype.Reader
	row func(*genotype.Row)
}

func (r told) Next(row *genotype.Row) error {
	err := r.Reader.Next(row)
	row.End, row.Aligned, row.Dropped = 0, nil, 0
	if err == nil && r.row != nil {
		r.row(row)
	}
	return err
}

// until makes every row at a position a block that ends at another.
func until(pos, end uint32, more ...uint32) func(*genotype.Row) {
	return func(row *genotype.Row) {
		if row.Pos == pos {
			row.End = end
		}
		for i := 0; i < len(more); i += 2 {
			if row.Pos == more[i] {
				row.End = more[i+1]
			}
		}
	}
}

func callable(t *testing.T, bed string) *tally.Regions {
	t.Helper()
	if bed == "" {
		return nil
	}
	r, err := tally.ParseRegions(strings.NewReader(strings.ReplaceAll(bed, " ", "\t")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWhatRowsTellOfVariantsThatTheyDoNotList(t *testing.T) {
	const gvcf = "1 10 . A <NON_REF> . . . GT 0/0 0/0 ./. 0/0"
	for _, c := range []struct {
		name   string
		lines  []string
		row    func(*genotype.Row)
		bed    string
		want   []string
		acAN   []int64
		warned tally.Warnings
	}{
		{"a block: who is called in it has no ALT", []string{gvcf}, until(10, 20), "",
			[]string{"1:9 A C", "1:10 A C", "1:15 A AT", "1:15 A C", "1:20 A C", "1:21 A C"}, []int64{0, 0, 0, 4, 0, 4, 0, 4, 0, 4, 0, 0}, tally.Warnings{}},
		{"a block: only changes that lie wholly in it", []string{gvcf}, until(10, 20), "",
			[]string{"1:9 AT A", "1:18 ATC A", "1:19 ATC A"}, []int64{0, 0, 0, 4, 0, 0}, tally.Warnings{}},
		{"a block: another REF at its first base", []string{gvcf}, until(10, 20), "", []string{"1:10 C T", "1:11 C T"}, []int64{0, 0, 0, 4}, tally.Warnings{}},
		{"a block: without an ALT", []string{"1 10 . A . . . . GT 0/0 0 ./0 0/0"}, until(10, 20), "", []string{"1:12 A C"}, []int64{0, 4}, tally.Warnings{}},
		{"a block: who carries what nobody names is not known there", []string{"1 10 . A <*> . . . GT 0/1 1/1 0/0 0/0"}, until(10, 20), "", []string{"1:12 A C"}, []int64{0, 3}, tally.Warnings{}},
		{"a block that did not pass", []string{"1 10 . A <*> . low . GT 0/0 0/0 0/0 0/0"}, until(10, 20), "", []string{"1:12 A C"}, []int64{0, 0}, tally.Warnings{Filtered: 1}},
		{"a row of its own comes before a block", []string{gvcf, "1 12 . A C . . . GT 0/1 ./. ./. 0/0"}, until(10, 20), "", []string{"1:12 A C"}, []int64{1, 2}, tally.Warnings{}},
		{"and after one that begins where it stands", []string{"1 10 . A C . . . GT 0/1 ./. ./. 0/0", gvcf}, func(r *genotype.Row) {
			if r.Alts[0] == "<NON_REF>" {
				r.End = 20
			}
		}, "", []string{"1:10 A C", "1:10 A G"}, []int64{1, 2, 0, 4}, tally.Warnings{}},
		{"a row of its position comes before a block", []string{gvcf, "1 12 . A G,<NON_REF> . . . GT 0/1 ./. ./. 0/0"}, until(10, 20), "", []string{"1:12 A C"}, []int64{0, 2}, tally.Warnings{}},
		{"two blocks over one variant: the first one counts", []string{gvcf, "1 12 . A <NON_REF> . . . GT 0/0 0/0 0/0 0/0"}, until(10, 20, 12, 30), "",
			[]string{"1:15 A C", "1:20 AT A", "1:21 A C"}, []int64{0, 4, 0, 6, 0, 6}, tally.Warnings{}},
		{"a block over the end of a pseudo-autosomal region", []string{"X 2781470 . A <*> . . . GT 0/0 0/0 0/0 0/0"}, until(2781470, 2781490), "",
			[]string{"X:2781479 A C", "X:2781480 A C"}, []int64{0, 6, 0, 6}, tally.Warnings{UnknownSex: 1}},

		{"<NON_REF> beside an ALT: the others of its position have AN", []string{"1 10 . A G,<NON_REF> . . . GT 0/1 0/0 ./. 0/0"}, nil, "",
			[]string{"1:10 A AT", "1:10 A C", "1:10 A G", "1:11 A C"}, []int64{0, 4, 0, 4, 1, 4, 0, 0}, tally.Warnings{}},
		{"<NON_REF> beside an ALT: who carries it is not known", []string{"1 10 . A G,<NON_REF> . . . GT 0/2 2/2 1/2 0/0"}, nil, "",
			[]string{"1:10 A C", "1:10 A G"}, []int64{0, 2, 1, 6}, tally.Warnings{}},
		{"<NON_REF> beside a deletion: its first base", []string{"1 10 . ACG A,<NON_REF> . . . GT 0/1 0/0 ./. 0/0"}, nil, "",
			[]string{"1:10 A C", "1:10 AC A", "1:10 ACG A", "1:10 ACGT A", "1:11 C T"}, []int64{0, 4, 0, 4, 1, 4, 0, 0, 0, 0}, tally.Warnings{}},
		{"an ALT that is listed tells nothing of others", []string{"1 10 . A G . . . GT 0/1 0/0 0/0 0/0"}, nil, "", []string{"1:10 A C"}, []int64{0, 0}, tally.Warnings{}},

		{"callable: who is in no row is hom-ref", []string{"1 10 . A C . . . GT 0/1 ./. ./. 0/0"}, nil, "1 9 20",
			[]string{"1:9 A C", "1:10 A C", "1:11 A C", "1:20 A C", "1:21 A C", "2:11 A C"}, []int64{0, 0, 1, 2, 0, 6, 0, 6, 0, 0, 0, 0}, tally.Warnings{}},
		{"callable: only changes that lie wholly in a region", nil, nil, "1 9 20\n1 20 30\n1 31 40",
			[]string{"1:9 AT A", "1:19 ATC A", "1:29 ATC A"}, []int64{0, 0, 0, 6, 0, 0}, tally.Warnings{}},
		{"callable: the copies are those of sex and place", nil, nil, "chrX 0 60000000\nchrY 0 60000000\nchrM 0 16569",
			[]string{"X:2781479 A C", "X:5000000 A C", "Y:5000000 A C", "MT:5 A C"}, []int64{0, 6, 0, 5, 0, 1, 0, 3}, tally.Warnings{}},
		{"callable: a row that did not pass is not absent", []string{"1 10 . A C . low . GT 0/1 0/1 0/1 0/0"}, nil, "1 0 20",
			[]string{"1:10 A C", "1:10 A G", "1:11 A C"}, []int64{0, 0, 0, 0, 0, 6}, tally.Warnings{Filtered: 1}},
		{"callable: a row of its position tells who was called", []string{"1 10 . A C . . . GT 0/1 ./. ./. 0/0"}, nil, "1 0 20", []string{"1:10 A G"}, []int64{0, 2}, tally.Warnings{}},
		{"callable: a row of a star too", []string{"1 10 . A * . . . GT 0/1 ./. ./. 0/0"}, nil, "1 0 20", []string{"1:10 A G"}, []int64{0, 2}, tally.Warnings{}},
		{"callable: a structural change of its position does not", []string{"1 10 . A <DEL> . . . GT 0/1 ./. ./. 0/0"}, nil, "1 0 20", []string{"1:10 A G"}, []int64{0, 6}, tally.Warnings{}},
		{"callable: an ALT that was not seen tells of insertions too", []string{"1 10 . A . . . . GT 0/0 ./. ./. 0/0"}, nil, "1 0 20", []string{"1:10 A AG"}, []int64{0, 2}, tally.Warnings{}},

		{"aligned: an allele is asked for where it is aligned to", []string{"1 10 . AC A . . . GT 0/1 1/1 0/0 0/0"}, func(r *genotype.Row) {
			r.Aligned = []genotype.Spelling{{Pos: 4, Ref: "TC", Alt: "T"}}
		}, "", []string{"1:4 TC T", "1:10 AC A"}, []int64{3, 6, 0, 0}, tally.Warnings{}},
		{"aligned: the other ALT stays where it is", []string{"1 10 . AC A,GC . . . GT 0/1 1/1 0/2 0/0"}, func(r *genotype.Row) {
			r.Aligned = []genotype.Spelling{{Pos: 4, Ref: "TC", Alt: "T"}, {}}
		}, "", []string{"1:4 TC T", "1:10 A G"}, []int64{3, 6, 1, 6}, tally.Warnings{}},
		{"three alleles or more are counted by the reader", []string{"1 10 . A C . . . GT 0/1 ./. 0/0 0/0"}, func(r *genotype.Row) { r.Dropped = 1 }, "",
			[]string{"1:10 A C", "1:10 A G"}, []int64{1, 4, 0, 0}, tally.Warnings{Dropped: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, as := range forms() {
				who := people
				who.Callable = callable(t, c.bed)
				wanted := wantAll(t, variants(t, c.want...))
				got, warned, err := tally.AlleleFrequency(t.Context(), as(told{read(t, text(c.lines...)), c.row}), wanted, who, genotype.GRCh38)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(c.acAN, got); d != "" {
					t.Errorf("%s: AC and AN (-want +got):\n%s", form, d)
				}
				if d := cmp.Diff(c.warned, warned); d != "" {
					t.Errorf("%s: warnings (-want +got):\n%s", form, d)
				}
				without, _, err := tally.AlleleFrequency(t.Context(), asked{told{read(t, text(c.lines...)), c.row}, wanted.Covers}, wanted, who, genotype.GRCh38)
				if d := cmp.Diff(got, without); err != nil || d != "" {
					t.Errorf("without the calls of sites that are not covered: %v\n%s", err, d)
				}
			}
		})
	}
}

// asked is a Reader that leaves out the calls of sites that nobody asks for.
type asked struct {
	genotype.Reader
	covers genotype.Covers
}

func (r asked) Next(row *genotype.Row) error {
	err := r.Reader.Next(row)
	if !r.covers(&row.Site) {
		row.Calls = row.Calls[:0]
	}
	return err
}

// Coverage says the same of a file as its counts do, as far as sites can.
func TestCoverageIsToldBySitesAlone(t *testing.T) {
	lines := []string{
		"1 10 . A C,G . . . GT 0/1 ./. ./. 0/0", "1 11 . A C . low . GT 0/1 0/0 0/0 0/0", "1 12 . A <NON_REF> . . . GT 0/0 0/0 0/0 0/0", "1 40 . A . . . . GT ./. ./. ./. ./.",
	}
	wanted := wantAll(t, variants(t, "1:9 A C", "1:10 A C", "1:10 A G", "1:10 A T", "1:11 A C", "1:11 A G", "1:15 A C", "1:20 AT A", "1:40 A C", "1:50 A C", "2:9 A C"))
	r := withoutCalls{told{read(t, text(lines...)), until(12, 20)}}
	got, err := tally.Coverage(t.Context(), r, wanted, callable(t, "1 8 14\n1 18 30"))
	want := []panel.Cover{
		panel.HomRef, panel.Assayed, panel.Assayed, panel.Assayed, panel.NotAssayed, panel.NotAssayed, panel.Assayed, panel.HomRef, panel.Assayed, panel.NotAssayed, panel.NotAssayed,
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	twice := text("1 9 . TA TC . . . GT 0 0 0 0", "1 10 . A C . . . GT 0 0 0 0")
	if _, err := tally.Coverage(t.Context(), withoutCalls{read(t, twice)}, wanted, nil); !errors.Is(err, tally.ErrTwice) {
		t.Errorf("a variant twice: %v", err)
	}
}
