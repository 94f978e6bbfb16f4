package tally_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Who is who in the tests: a man, a woman, one whose sex is not known, and a woman
// who is not counted.
var (
	people = tally.People{
		Labels: []uint8{1, 1, 7, 0},
		Sexes:  []genotype.Sex{genotype.Male, genotype.Female, genotype.UnknownSex, genotype.Female},
	}
)

// text is a VCF of A to D. The blanks of its lines become tabs.
func text(lines ...string) string {
	return "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\tD\n" +
		strings.ReplaceAll(strings.Join(lines, "\n"), " ", "\t") + "\n"
}

func read(t *testing.T, text string) genotype.Reader {
	t.Helper()
	r, err := vcf.New(strings.NewReader(text), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// coded is a Reader whose rows are as a bed writes them.
type coded struct{ genotype.Reader }

func (c coded) Next(row *genotype.Row) error {
	err := c.Reader.Next(row)
	row.Coded = true
	return err
}

// variants makes a list of "contig:pos ref alt", which is sorted already.
func variants(t *testing.T, list ...string) *panel.Panel {
	t.Helper()
	vs := make([]panel.Variant, len(list))
	for i, s := range list {
		v := &vs[i]
		if n, err := fmt.Sscanf(strings.Replace(s, ":", " ", 1), "%s %d %s %s", &v.Contig, &v.Pos, &v.Ref, &v.Alt); n != 4 {
			t.Fatal(err)
		}
	}
	p, err := panel.New("GRCh38", vs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range vs {
		if p.At(i) != panel.Trim(vs[i]) {
			t.Fatalf("%v is not in the panel's order", vs[i])
		}
	}
	return p
}

func TestWhatCountsAsWhat(t *testing.T) {
	const femaleX = "X:5000000 A C"
	for _, c := range []struct {
		name  string
		lines []string
		coded bool
		want  []string // variants
		acAN  []int64
		warn  tally.Warnings
	}{
		{"the usual", []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 1/1"}, false, []string{"1:10 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"no call", []string{"1 10 . A C . PASS . GT ./. 0/1 . 1/1"}, false, []string{"1:10 A C"}, []int64{1, 2}, tally.Warnings{}},
		{"half a call counts by half", []string{"1 10 . A C . PASS . GT ./1 0/. 0/1 ./."}, false, []string{"1:10 A C"}, []int64{2, 4}, tally.Warnings{}},
		{"several ALTs, each by itself", []string{"1 10 . A C,G,T . PASS . GT 1/2 0/2 2/2 3/3"}, false,
			[]string{"1:10 A C", "1:10 A G", "1:10 A T"}, []int64{1, 6, 4, 6, 0, 6}, tally.Warnings{}},
		{"a star is called and not asked for", []string{"1 10 . A C,* . PASS . GT 0/1 1/2 2/2 0/0"}, false, []string{"1:10 A C"}, []int64{2, 6}, tally.Warnings{}},
		{"a symbol too", []string{"1 10 . A <DEL>,C . PASS . GT 0/1 1/2 2/2 0/0"}, false, []string{"1:10 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"nothing matches an N", []string{"1 10 . N C . PASS . GT 0/1 0/1 0/1 0/1"}, false, []string{"1:10 N C"}, []int64{0, 0}, tally.Warnings{}},
		{"not in the file", []string{"1 10 . A C . PASS . GT 0/1 0/1 0/1 0/1"}, false,
			[]string{"1:9 A C", "1:10 A G", "1:10 C A", "2:10 A C"}, make([]int64, 8), tally.Warnings{}},
		{"a filter that it did not pass", []string{"1 10 . A C . q10 . GT 0/1 0/1 0/1 0/1", "1 11 . A C . . . GT 0/1 0/1 0/1 0/1"}, false,
			[]string{"1:10 A C", "1:11 A C"}, []int64{0, 0, 3, 6}, tally.Warnings{Filtered: 1}},
		{"another spelling of the contig", []string{"chr1 10 . A C . PASS . GT 0/1 0/1 0/1 0/1"}, false, []string{"1:10 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"a longer spelling of the alleles", []string{"1 8 . CTAG CTCG,CTA . PASS . GT 0/1 0/1 0/2 0/1"}, false,
			[]string{"1:10 A C", "1:10 AG A"}, []int64{2, 6, 1, 6}, tally.Warnings{}},
		{"small letters", []string{"1 10 . a c . PASS . GT 0/1 0/1 0/1 0/1"}, false, []string{"1:10 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"no ALT was seen: its position was looked at", []string{"1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0"}, false,
			[]string{"1:10 A C", "1:10 A G"}, []int64{0, 4, 0, 4}, tally.Warnings{}},
		{"which tells nothing of insertions or another REF", []string{"1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0"}, false,
			[]string{"1:10 A AG", "1:10 C A"}, make([]int64, 4), tally.Warnings{}},
		{"a row of its own comes before one without ALT", []string{"1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0", "1 10 . A C . PASS . GT 0/1 . . ."}, false,
			[]string{"1:10 A C", "1:10 A G"}, []int64{1, 2, 0, 4}, tally.Warnings{}},
		{"and after it", []string{"1 10 . A C . PASS . GT 0/1 . . .", "1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0"}, false,
			[]string{"1:10 A C", "1:10 A G"}, []int64{1, 2, 0, 4}, tally.Warnings{}},

		{"X: copies as they are written", []string{"X 5000000 . A C . PASS . GT 1 0/1 1/1 1/1"}, false, []string{femaleX}, []int64{4, 5}, tally.Warnings{UnknownSex: 1}},
		{"X: a man of two copies that are the same", []string{"X 5000000 . A C . PASS . GT 1/1 0/0 . ."}, false, []string{femaleX}, []int64{2, 4}, tally.Warnings{}},
		{"X: a man's het is missing", []string{"X 5000000 . A C . PASS . GT 0/1 0/1 0/1 0/1"}, false, []string{femaleX}, []int64{2, 4}, tally.Warnings{HetHaploid: 1, UnknownSex: 1}},
		{"X: but not in the pseudo-autosomal regions", []string{"X 2781479 . A C . PASS . GT 0/1 0/1 0/1 0/1"}, false, []string{"X:2781479 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"Y: men, and who may be one", []string{"Y 5000000 . A C . PASS . GT 1 0 1 0"}, false, []string{"Y:5000000 A C"}, []int64{2, 2}, tally.Warnings{WomanOnY: 1}},
		{"Y: no het", []string{"Y 5000000 . A C . PASS . GT 0/1 . 0/1 ."}, false, []string{"Y:5000000 A C"}, []int64{0, 0}, tally.Warnings{HetHaploid: 2}},
		{"MT: no het", []string{"MT 5 . A C . PASS . GT 1 0/1 1/1 0"}, false, []string{"MT:5 A C"}, []int64{3, 3}, tally.Warnings{HetHaploid: 1}},
		{"MT by another name", []string{"chrM 5 . A C . PASS . GT 1 0 1 0"}, false, []string{"MT:5 A C"}, []int64{2, 3}, tally.Warnings{}},

		{"bed, autosome", []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 1/1"}, true, []string{"1:10 A C"}, []int64{3, 6}, tally.Warnings{}},
		{"bed, X: a man has one copy", []string{"X 5000000 . A C . PASS . GT 1/1 1/1 0/1 1/1"}, true, []string{femaleX}, []int64{4, 5}, tally.Warnings{UnknownSex: 1}},
		{"bed, X: a man's het is missing", []string{"X 5000000 . A C . PASS . GT 0/1 0/1 ./. 0/1"}, true, []string{femaleX}, []int64{1, 2}, tally.Warnings{HetHaploid: 1}},
		{"bed, X: two copies in the pseudo-autosomal regions", []string{"X 2781479 . A C . PASS . GT 1/1 0/1 0/1 0/1"}, true, []string{"X:2781479 A C"}, []int64{4, 6}, tally.Warnings{}},
		{"bed, Y: men alone", []string{"Y 5000000 . A C . PASS . GT 1/1 1/1 1/1 1/1"}, true, []string{"Y:5000000 A C"}, []int64{1, 1}, tally.Warnings{WomanOnY: 1, UnknownSex: 1}},
		{"bed, MT: one copy", []string{"MT 5 . A C . PASS . GT 1/1 0/0 0/1 1/1"}, true, []string{"MT:5 A C"}, []int64{1, 2}, tally.Warnings{HetHaploid: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, as := range forms() {
				r := read(t, text(c.lines...))
				if c.coded {
					r = coded{r}
				}
				got, warn, err := tally.AlleleFrequency(t.Context(), as(r), wantAll(t, variants(t, c.want...)), people, genotype.GRCh38)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(c.acAN, got); d != "" {
					t.Errorf("%s: AC and AN (-want +got):\n%s", form, d)
				}
				if d := cmp.Diff(c.warn, warn); d != "" {
					t.Errorf("%s: warnings (-want +got):\n%s", form, d)
				}
			}
		})
	}
}

func TestOnlyTheRangesAreAnswered(t *testing.T) {
	list := variants(t, "1:10 A C", "1:10 A G", "1:11 A C", "2:5 A C", "2:6 A C")
	w, err := tally.Want(list, []panel.Range{{From: 1, To: 2}, {From: 3, To: 5}})
	if err != nil {
		t.Fatal(err)
	}
	r := read(t, text("1 10 . A C,G . PASS . GT 1/1 1/2 0/0 .", "1 11 . A C . PASS . GT 1/1 1/1 1/1 1/1", "2 6 . A C . PASS . GT 0/1 . . .", "3 6 . A C . PASS . GT 1/1 1/1 1/1 1/1"))
	got, _, err := tally.AlleleFrequency(t.Context(), r, w, people, genotype.UnknownAssembly)
	if d := cmp.Diff([]int64{1, 6, 0, 0, 1, 2}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	for _, c := range []struct {
		site genotype.Site
		want bool
	}{
		{genotype.Site{Contig: "1", Pos: 10, Ref: "A"}, true},
		{genotype.Site{Contig: "chr1", Pos: 8, Ref: "TTA"}, true},
		{genotype.Site{Contig: "1", Pos: 8, Ref: "TT"}, false},
		{genotype.Site{Contig: "1", Pos: 11, Ref: "A"}, false},
		{genotype.Site{Contig: "2", Pos: 4, Ref: "A"}, false},
		{genotype.Site{Contig: "2", Pos: 6, Ref: "A"}, true},
		{genotype.Site{Contig: "3", Pos: 6, Ref: "A"}, false},
	} {
		if got := w.Covers(&c.site); got != c.want {
			t.Errorf("%s:%d %s is covered: %v", c.site.Contig, c.site.Pos, c.site.Ref, got)
		}
	}
}

// list is Variants that no panel would hold.
type list []panel.Variant

func (l list) Len() int               { return len(l) }
func (l list) At(i int) panel.Variant { return l[i] }

func TestWantedVariantsAreInOrder(t *testing.T) {
	v := func(contig string, pos uint32) panel.Variant {
		return panel.Variant{Contig: contig, Pos: pos, Ref: "A", Alt: "C"}
	}
	three := list{v("1", 10), v("1", 20), v("2", 10)}
	for _, c := range []struct {
		name   string
		list   list
		ranges []panel.Range
	}{
		{"an empty range", three, []panel.Range{{From: 1, To: 1}}},
		{"a range that ends before it begins", three, []panel.Range{{From: 2, To: 1}}},
		{"a range over the end", three, []panel.Range{{From: 0, To: 4}}},
		{"a range far over the end", three, []panel.Range{{From: 1 << 63, To: 1<<63 + 1}}},
		{"ranges that overlap", three, []panel.Range{{From: 0, To: 2}, {From: 1, To: 3}}},
		{"ranges that do not ascend", three, []panel.Range{{From: 2, To: 3}, {From: 0, To: 1}}},
		{"positions that do not ascend", list{v("1", 20), v("1", 10)}, []panel.Range{{From: 0, To: 2}}},
		{"a contig that comes twice", list{v("1", 10), v("2", 10), v("1", 20)}, []panel.Range{{From: 0, To: 3}}},
		{"a contig of two names", list{v("1", 10), v("chr1", 20)}, []panel.Range{{From: 0, To: 2}}},
	} {
		if _, err := tally.Want(c.list, c.ranges); !errors.Is(err, tally.ErrWanted) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if w, err := tally.Want(three, nil); err != nil || w.Len() != 0 {
		t.Errorf("no range: %v", err)
	}
}

func TestNoCountsAreGivenWhenSomethingIsWrong(t *testing.T) {
	good := "1 10 . A C . PASS . GT 0/0 0/1 1/1 1/1"
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		lines    []string
		wanted   string
		people   tally.People
		assembly genotype.Assembly
		want     error
	}{
		{"two rows spell one variant", t.Context(), []string{"1 9 . TA TC . PASS . GT 0 0 0 0", good}, "1:10 A C", people, genotype.GRCh38, tally.ErrTwice},
		{"one row spells it twice", t.Context(), []string{"1 9 . TAG TCG,TC . PASS . GT 0 0 0 0", "1 10 . AG CG . PASS . GT 0 0 0 0"}, "1:10 A C", people, genotype.GRCh38, genotype.ErrDuplicate},
		{"a damaged line after the last wanted variant", t.Context(), []string{good, "1 11 . A C . PASS . GT 0/0"}, "1:10 A C", people, genotype.GRCh38, vcf.ErrLine},
		{"X in an assembly that is not known", t.Context(), []string{"X 10 . A C . PASS . GT 0 0/1 0 0"}, "X:10 A C", people, genotype.UnknownAssembly, tally.ErrAssembly},
		{"a label too few", t.Context(), []string{good}, "1:10 A C", tally.People{Labels: make([]uint8, 3), Sexes: make([]genotype.Sex, 4)}, genotype.GRCh38, tally.ErrPeople},
		{"a sex too many", t.Context(), []string{good}, "1:10 A C", tally.People{Labels: make([]uint8, 4), Sexes: make([]genotype.Sex, 5)}, genotype.GRCh38, tally.ErrPeople},
		{"nobody waits for them", cancelled, []string{good}, "1:10 A C", people, genotype.GRCh38, context.Canceled},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, warn, err := tally.AlleleFrequency(c.ctx, read(t, text(c.lines...)), wantAll(t, variants(t, c.wanted)), c.people, c.assembly)
			if !errors.Is(err, c.want) || got != nil || warn != (tally.Warnings{}) {
				t.Errorf("got %d counts, %v; want %v", len(got), err, c.want)
			}
		})
	}
}

// Rows that differ in the file are one variant when they are aligned to one place.
func TestTwoRowsThatAreAlignedToOneVariantAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		row   func(*genotype.Row)
		want  error
	}{
		"two rows, far apart": {append(append([]string{"1 9 . TC T . PASS . GT 0 0 0 0"}, many(3000)...), "1 3010 . TC T . PASS . GT 0 0 0 0"), func(r *genotype.Row) {
			if r.Pos == 3010 {
				r.Aligned = []genotype.Spelling{{Pos: 9, Ref: "TC", Alt: "T"}}
			}
		}, tally.ErrTwice},
		"two ALTs of one row": {[]string{"1 9 . TCAC TC,TAC . PASS . GT 0 0 0 0"}, func(r *genotype.Row) {
			r.Aligned = []genotype.Spelling{{}, {Pos: 9, Ref: "TCA", Alt: "T"}}
			r.Aligned[0] = r.Aligned[1]
		}, tally.ErrTwice},
		"two changes": {[]string{"1 9 . TC T . PASS . GT 0 0 0 0", "1 20 . TC T . PASS . GT 0 0 0 0"}, func(r *genotype.Row) {
			r.Aligned = []genotype.Spelling{{Pos: r.Pos - 1, Ref: "AT", Alt: "A"}}
		}, nil},
	} {
		r := func() genotype.Reader { return told{read(t, text(c.lines...)), c.row} }
		if _, err := tally.Examine(t.Context(), r(), people, genotype.GRCh38); !errors.Is(err, c.want) {
			t.Errorf("%s: examined: %v, want %v", name, err, c.want)
		}
		wanted := wantAll(t, variants(t, "1:8 AT A", "1:9 TC T", "1:9 TCA T"))
		if _, _, err := tally.AlleleFrequency(t.Context(), r(), wanted, people, genotype.GRCh38); !errors.Is(err, c.want) {
			t.Errorf("%s: counted: %v, want %v", name, err, c.want)
		}
	}
}

// A panel hands over many positions at a time; any other list gives one after another.
func TestWantedVariantsOfAPanelAreThoseOfAList(t *testing.T) {
	var vs []panel.Variant
	for i := range uint32(70_000) { // more than a block of a panel
		vs = append(vs, panel.Variant{Contig: []string{"1", "2"}[i/60_000], Pos: 10 + i/3, Ref: "A", Alt: "CGT"[i%3 : i%3+1]})
	}
	p, err := panel.New("GRCh38", vs)
	if err != nil {
		t.Fatal(err)
	}
	ranges := []panel.Range{{From: 1, To: 3}, {From: 50_000, To: 65_600}, {From: 69_999, To: 70_000}}
	ofPanel, err := tally.Want(p, ranges)
	if err != nil {
		t.Fatal(err)
	}
	ofList, err := tally.Want(list(vs), ranges)
	if err != nil {
		t.Fatal(err)
	}
	if ofPanel.Len() != 15_603 || ofList.Len() != ofPanel.Len() {
		t.Fatalf("%d and %d places", ofPanel.Len(), ofList.Len())
	}
	for _, contig := range []string{"1", "2", "3"} {
		for pos := range uint32(24_000) {
			s := genotype.Site{Contig: contig, Pos: pos, Ref: "A"}
			if ofPanel.Covers(&s) != ofList.Covers(&s) {
				t.Fatalf("%s:%d is covered in one of them", contig, pos)
			}
		}
	}
}

// withoutCalls is a reader that leaves calls out where it was asked for them.
type withoutCalls struct{ genotype.Reader }

func (w withoutCalls) Next(row *genotype.Row) error {
	err := w.Reader.Next(row)
	row.Calls = row.Calls[:0]
	return err
}

func TestARowWithoutCallsIsAnError(t *testing.T) {
	one := text("1 10 . A C . PASS . GT 0/0 0/1 1/1 1/1")
	if _, _, err := tally.AlleleFrequency(t.Context(), withoutCalls{read(t, one)}, wantAll(t, variants(t, "1:10 A C")), people, genotype.GRCh38); !errors.Is(err, tally.ErrPeople) {
		t.Errorf("count: got %v", err)
	}
	if _, err := tally.Examine(t.Context(), withoutCalls{read(t, one)}, people, genotype.GRCh38); !errors.Is(err, tally.ErrPeople) {
		t.Errorf("examine: got %v", err)
	}
}

func TestExamineKnowsAFileAgain(t *testing.T) {
	lines := []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 ./.", "X 5000000 . A C,<DEL> . PASS . GT 0/1 0/1 0 .", "Y 5000000 . AT GT,A . q . GT 0 . 0 ."}
	examine := func(r genotype.Reader) tally.Examination {
		t.Helper()
		e, err := tally.Examine(t.Context(), r, people, genotype.GRCh38)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := examine(read(t, text(lines...)))
	if want := (tally.Warnings{Filtered: 1, HetHaploid: 1, UnknownSex: 1}); first.Variants != 2 || first.Warnings != want {
		t.Errorf("%d variants, %+v; want 2, %+v", first.Variants, first.Warnings, want)
	}
	for name, same := range map[string][]string{
		"phase, ID, QUAL, INFO and other fields": {"1 10 rs A C 5 PASS AC=9 GT:DP 0/0:1 1|0:2 1/1 ./.", lines[1], lines[2]},
		"a contig's prefix":                      {"chr" + lines[0], "chr" + lines[1], "chr" + lines[2]},
		"which filter it was":                    {lines[0], lines[1], strings.Replace(lines[2], "q", "low", 1)},
	} {
		if examine(read(t, text(same...))).Digest != first.Digest {
			t.Errorf("%s: another file", name)
		}
	}
	for name, other := range map[string]string{
		"a genotype":       text(strings.Replace(lines[0], "1/1", "0/1", 1), lines[1], lines[2]),
		"a ploidy":         text(strings.Replace(lines[0], "1/1", "1", 1), lines[1], lines[2]),
		"a filter":         text(lines[0], lines[1], strings.Replace(lines[2], "q", "PASS", 1)),
		"a position":       text(strings.Replace(lines[0], "10", "11", 1), lines[1], lines[2]),
		"an allele":        text(strings.Replace(lines[0], "A C", "A G", 1), lines[1], lines[2]),
		"a row less":       text(lines[0], lines[1]),
		"a sample's name":  strings.Replace(text(lines...), "\tA\tB", "\tA\tE", 1),
		"samples exchange": strings.Replace(text(lines...), "\tA\tB", "\tB\tA", 1),
	} {
		if examine(read(t, other)).Digest == first.Digest {
			t.Errorf("%s: the same file", name)
		}
	}
	if examine(coded{read(t, text(lines...))}).Digest == first.Digest {
		t.Error("another way to tell copies: the same file")
	}
}

func TestExamineRefusesWhatCountingWould(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  error
	}{
		"two rows spell one variant":        {[]string{"1 9 . TA TC . PASS . GT 0 0 0 0", "1 10 . A C . PASS . GT 0 0 0 0"}, tally.ErrTwice},
		"also with many between":            {append(append([]string{"1 9 . " + strings.Repeat("T", 3000) + "A " + strings.Repeat("T", 3000) + "C . PASS . GT 0 0 0 0"}, many(3000)...), "1 3009 . A C . PASS . GT 0 0 0 0"), tally.ErrTwice},
		"one of them did not pass":          {[]string{"1 9 . TA TC . q . GT 0 0 0 0", "1 10 . A C . PASS . GT 0 0 0 0"}, nil},
		"the same spelling on two contigs":  {[]string{"1 9 . TA TC . PASS . GT 0 0 0 0", "2 10 . A C . PASS . GT 0 0 0 0"}, nil},
		"alleles that only look the same":   {[]string{"1 9 . TA TC . PASS . GT 0 0 0 0", "1 10 . A G . PASS . GT 0 0 0 0"}, nil},
		"X where the assembly is not known": {[]string{"X 10 . A C . PASS . GT 0/1 0 0 0"}, nil},
	} {
		if _, err := tally.Examine(t.Context(), read(t, text(c.lines...)), people, genotype.UnknownAssembly); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// many is rows of contig 1 at the positions from 10 on.
func many(n int) []string {
	rows := make([]string, n-1)
	for i := range rows {
		rows[i] = fmt.Sprintf("1 %d . A C . PASS . GT 0 0 0 0", 10+i)
	}
	return rows
}

func TestExamineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tally.Examine(ctx, read(t, text()), people, genotype.GRCh38); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := tally.Examine(t.Context(), read(t, text()), tally.People{}, genotype.GRCh38); !errors.Is(err, tally.ErrPeople) {
		t.Errorf("got %v", err)
	}
}
