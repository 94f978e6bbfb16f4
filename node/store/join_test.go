package store_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/node/tally"
)

// rowsOf reads rows that are in memory.
type rowsOf struct {
	samples []string
	rows    []genotype.Row
}

func (r *rowsOf) Samples() []string { return r.samples }

func (r *rowsOf) Next(row *genotype.Row) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	row.Site, row.Coded, row.Dropped, row.Classes = r.rows[0].Site, r.rows[0].Coded, r.rows[0].Dropped, row.Classes[:0]
	row.Calls = append(row.Calls[:0], r.rows[0].Calls...)
	r.rows = r.rows[1:]
	return nil
}

// spelledOut are the alleles of a call by what they are, in no order.
func spelledOut(row *genotype.Row, c genotype.Call) [2]string {
	name := func(a genotype.Allele) string {
		switch {
		case a > genotype.Reference:
			return row.Alts[a-genotype.Reference-1]
		case a == genotype.Reference:
			return "REF"
		case a == genotype.Missing:
			return "missing"
		}
		return "absent"
	}
	a, b := normal(c).Alleles()
	s := [2]string{name(a), name(b)}
	if s[0] > s[1] {
		s[0], s[1] = s[1], s[0]
	}
	return s
}

// withoutUnseen leaves out the ALTs that nobody carries, and turns the others round.
func withoutUnseen(row genotype.Row) genotype.Row {
	kept := genotype.Row{Site: row.Site, Coded: row.Coded}
	kept.Alts = nil
	number := map[genotype.Allele]genotype.Allele{}
	for k := range slices.Backward(row.Alts) {
		a := genotype.Reference + 1 + genotype.Allele(k)
		if slices.ContainsFunc(row.Calls, func(c genotype.Call) bool { x, y := c.Alleles(); return x == a || y == a }) {
			kept.Alts = append(kept.Alts, row.Alts[k])
			number[a] = genotype.Reference + genotype.Allele(len(kept.Alts))
		}
	}
	turn := func(a genotype.Allele) genotype.Allele {
		if b, ok := number[a]; ok {
			return b
		}
		return a
	}
	for _, c := range row.Calls {
		a, b := c.Alleles()
		kept.Calls = append(kept.Calls, genotype.NewCall(turn(a), turn(b)))
	}
	return kept
}

// Whatever sites and ALTs the sides have, everyone has what their own file says; and
// nothing at the sites that it has not.
func TestJoinedSamplesHaveWhatTheirFilesSay(t *testing.T) {
	for _, sizes := range [][]int{{5}, {3, 4}, {64, 64}, {100, 1, 59}, {0, 70}, {700, 333, 1000}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(len(sizes)), 3))
			total := 0
			for _, n := range sizes {
				total += n
			}
			rows := randomRows(rng, total, 300)
			present := make([][]bool, len(rows))
			sides, all := make([]*rowsOf, len(sizes)), names(total)
			for i := range rows {
				rows[i].End, rows[i].Aligned, rows[i].Dropped, rows[i].Pos, rows[i].Pass = 0, nil, 0, uint32(1+i), true
				present[i] = make([]bool, len(sizes))
				for k := range present[i] {
					present[i][k] = rng.IntN(4) > 0
				}
				present[i][rng.IntN(len(sizes))] = true
			}
			first := 0
			for k, n := range sizes {
				sides[k] = &rowsOf{samples: all[first : first+n]}
				for i, row := range rows {
					part := row
					part.Calls = row.Calls[first : first+n]
					if rng.IntN(2) == 0 && !slices.Contains(row.Alts, "<DEL>") {
						part = withoutUnseen(part)
					}
					if present[i][k] {
						sides[k].rows = append(sides[k].rows, part)
					}
				}
				first += n
			}
			var join []store.Side
			for k, s := range sides {
				r := open(t, write(t, key(t), store.Header{Samples: s.samples}, s.rows...), key(t))
				if join = append(join, store.Side{Reader: r}); k%2 == 1 {
					join[k].Reader = s // a file that is no store yet
				}
			}
			j, err := store.Join(join...)
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, j)
			if len(got) != len(rows) || !slices.Equal(j.Samples(), all) {
				t.Fatalf("%d rows of %d", len(got), len(rows))
			}
			for i := range rows {
				compareJoined(t, &rows[i], &got[i], sizes, present[i])
			}
		})
	}
}

func compareJoined(t *testing.T, want, got *genotype.Row, sizes []int, present []bool) {
	t.Helper()
	if want.Contig != got.Contig || want.Pos != got.Pos || want.Ref != got.Ref || want.Coded != got.Coded || !got.Pass {
		t.Fatalf("site %+v became %+v", want.Site, got.Site)
	}
	i := 0
	for k, n := range sizes {
		for range n {
			w := [2]string{"missing", "missing"}
			if present[k] {
				w = spelledOut(want, want.Calls[i])
			}
			if g := spelledOut(got, got.Calls[i]); w != g {
				t.Fatalf("%s:%d, sample %d: %v became %v", want.Contig, want.Pos, i, w, g)
			}
			i++
		}
	}
}

// A small file, by its rows: contig, position, REF, ALTs and everyone's calls.
func small(first string, rows ...genotype.Row) *rowsOf {
	r := &rowsOf{rows: rows}
	for i := range len(rows[0].Calls) {
		r.samples = append(r.samples, fmt.Sprint(first, i))
	}
	return r
}

func row(contig string, pos uint32, ref string, alts []string, calls ...string) genotype.Row {
	r := genotype.Row{Site: genotype.Site{Contig: contig, Pos: pos, Ref: ref, Alts: alts, Pass: true}}
	allele := func(b byte) genotype.Allele {
		if b == '.' {
			return genotype.Missing
		}
		return genotype.Reference + genotype.Allele(b-'0')
	}
	for _, c := range calls {
		if len(c) == 1 {
			r.Calls = append(r.Calls, genotype.NewCall(allele(c[0]), genotype.Absent))
			continue
		}
		r.Calls = append(r.Calls, genotype.NewCall(allele(c[0]), allele(c[2])))
	}
	return r
}

func filtered(r genotype.Row) genotype.Row { r.Pass = false; return r }
func coded(r genotype.Row) genotype.Row    { r.Coded = true; return r }

func dropped(r genotype.Row, n int) genotype.Row { r.Dropped = n; return r }

func aligned(r genotype.Row, s ...genotype.Spelling) genotype.Row { r.Aligned = s; return r }

func TestHowSitesAreUnited(t *testing.T) {
	c, g := []string{"C"}, []string{"G"}
	everywhere := func(string, uint32, uint32) bool { return true }
	for _, tt := range []struct {
		name     string
		a, b     *rowsOf
		callable func(string, uint32, uint32) bool // of b
		want     []genotype.Row
		err      error
	}{
		{"the ALTs of one REF come together", small("a", row("1", 5, "A", c, "0/1")), small("b", row("1", 5, "A", g, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", []string{"C", "G"}, "0/1", "2/2")}, nil},
		{"another REF is another row", small("a", row("1", 5, "A", c, "0/1")), small("b", row("1", 5, "AT", []string{"A"}, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", c, "0/1", "./."), row("1", 5, "AT", []string{"A"}, "./.", "1/1")}, nil},
		{"a site without ALTs tells that nobody has them", small("a", row("1", 5, "A", c, "0/1")), small("b", row("1", 5, "A", nil, "0/0")), nil,
			[]genotype.Row{row("1", 5, "A", c, "0/1", "0/0")}, nil},
		{"a file of split rows is joined row by row", small("a", row("1", 5, "A", c, "0/1"), row("1", 5, "A", g, "0/0")), small("b", row("1", 5, "A", g, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", c, "0/1", "./."), row("1", 5, "A", g, "0/0", "1/1")}, nil},
		{"split in one file and not in the other", small("a", row("1", 5, "A", c, "0/1"), row("1", 5, "A", g, "0/0")), small("b", row("1", 5, "A", []string{"C", "G"}, "1/2")), nil, nil, store.ErrSplit},
		{"symbols are joined with their like only", small("a", row("1", 5, "A", []string{"<DEL>"}, "0/1")), small("b", row("1", 5, "A", c, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", []string{"<DEL>"}, "0/1", "./."), row("1", 5, "A", c, "./.", "1/1")}, nil},
		{"a row that does not pass is as if it were not there", small("a", filtered(row("1", 5, "A", c, "0/1"))), small("b", row("1", 5, "A", c, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", c, "./.", "1/1")}, nil},
		{"a row that passes nowhere stays", small("a", filtered(row("1", 5, "A", c, "0/1"))), small("b", filtered(row("1", 5, "A", c, "1/1"))), nil,
			[]genotype.Row{filtered(row("1", 5, "A", c, "0/1", "1/1"))}, nil},
		{"who is callable is REF where there is no row", small("a", row("1", 5, "A", c, "0/1")), small("b", row("1", 6, "A", c, "1/1")), everywhere,
			[]genotype.Row{row("1", 5, "A", c, "0/1", "0/0"), row("1", 6, "A", c, "./.", "1/1")}, nil},
		{"a row that does not pass is no REF", small("a", row("1", 5, "A", c, "0/1")), small("b", filtered(row("1", 5, "A", c, "1/1"))), everywhere,
			[]genotype.Row{row("1", 5, "A", c, "0/1", "./.")}, nil},
		{"on X nobody knows how often", small("a", row("X", 5, "A", c, "1")), small("b", row("X", 6, "A", c, "1")), everywhere,
			[]genotype.Row{row("X", 5, "A", c, "1", "./."), row("X", 6, "A", c, "./.", "1")}, nil},
		{"unless it is told by sex", small("a", coded(row("X", 5, "A", c, "1/1"))), small("b", coded(row("X", 6, "A", c, "1/1"))), everywhere,
			[]genotype.Row{coded(row("X", 5, "A", c, "1/1", "0/0")), coded(row("X", 6, "A", c, "./.", "1/1"))}, nil},
		{"ploidy told and not told, on X", small("a", coded(row("X", 5, "A", c, "1/1"))), small("b", row("X", 5, "A", c, "1")), nil, nil, store.ErrPloidy},
		{"ploidy told and not told, elsewhere", small("a", coded(row("7", 5, "A", c, "1/1"))), small("b", row("7", 5, "A", c, "0/1")), nil,
			[]genotype.Row{row("7", 5, "A", c, "1/1", "0/1")}, nil},
		{"how an ALT is aligned", small("a", row("1", 5, "AC", []string{"A"}, "0/1")), small("b", aligned(row("1", 5, "AC", []string{"A", "C"}, "1/1"), genotype.Spelling{}, genotype.Spelling{Pos: 4, Ref: "GA", Alt: "G"})), nil,
			[]genotype.Row{aligned(row("1", 5, "AC", []string{"A", "C"}, "0/1", "1/1"), genotype.Spelling{}, genotype.Spelling{Pos: 4, Ref: "GA", Alt: "G"})}, nil},
		{"calls that were dropped", small("a", dropped(row("1", 5, "A", c, "./.", "0/1"), 1)), small("b", dropped(row("1", 5, "A", c, "./."), 1)), nil,
			[]genotype.Row{dropped(row("1", 5, "A", c, "./.", "0/1", "./."), 2)}, nil},
		{"contigs that one of them has not", small("a", row("2", 5, "A", c, "0/1"), row("10", 5, "A", c, "0/1")), small("b", row("1", 5, "A", c, "0/1"), row("10", 4, "A", c, "1/1")), nil,
			[]genotype.Row{row("2", 5, "A", c, "0/1", "./."), row("1", 5, "A", c, "./.", "0/1"), row("10", 4, "A", c, "./.", "1/1"), row("10", 5, "A", c, "0/1", "./.")}, nil},
		{"contigs in an order that one side tells", small("a", row("2", 5, "A", c, "0/1"), row("3", 5, "A", c, "0/1")), small("b", row("1", 5, "A", c, "0/1"), row("2", 5, "A", c, "1/1")), nil,
			[]genotype.Row{row("1", 5, "A", c, "./.", "0/1"), row("2", 5, "A", c, "0/1", "1/1"), row("3", 5, "A", c, "0/1", "./.")}, nil},
		{"contigs in two orders", small("a", row("1", 5, "A", c, "0/1"), row("2", 5, "A", c, "0/1")), small("b", row("2", 5, "A", c, "0/1"), row("1", 5, "A", c, "1/1")), nil, nil, store.ErrParts},
		{"contigs named in two ways", small("a", row("1", 5, "A", c, "0/1"), row("chr2", 5, "A", c, "0/1")), small("b", row("1", 5, "A", c, "0/1")), nil, nil, genotype.ErrNaming},
		{"22 and chr22 are one", small("a", row("22", 5, "A", c, "0/1")), small("b", row("chr22", 5, "A", c, "1/1")), nil,
			[]genotype.Row{row("22", 5, "A", c, "0/1", "1/1")}, nil},
		{"a file that is not sorted", small("a", row("1", 5, "A", c, "0/1"), row("1", 4, "A", c, "0/1")), small("b", row("1", 5, "A", c, "0/1")), nil, nil, genotype.ErrOrder},
		{"one person in both", small("a", row("1", 5, "A", c, "0/1")), small("a", row("1", 5, "A", c, "0/1")), nil, nil, store.ErrParts},
		{"a row that fits nobody", small("a", row("1", 5, "A", c, "0/1")), &rowsOf{samples: []string{"b"}, rows: []genotype.Row{row("1", 5, "A", c)}}, nil, nil, store.ErrRow},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := store.Side{Reader: tt.b, Callable: tt.callable}
			if tt.err == nil { // a store knows its contigs beforehand
				b.Reader = open(t, write(t, key(t), store.Header{Samples: tt.b.samples}, tt.b.rows...), key(t))
			}
			j, err := store.Join(store.Side{Reader: tt.a}, b)
			var got []genotype.Row
			if err == nil {
				got, err = readAll(j)
			}
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v", err)
			}
			if tt.err == nil {
				sameRows(t, tt.want, got)
			}
		})
	}
}

func TestBlocksOfAGVCFAreNotJoined(t *testing.T) {
	block := row("1", 5, "A", nil, "0/0")
	block.End = 90
	j, err := store.Join(store.Side{Reader: small("a", block)}, store.Side{Reader: small("b", row("1", 7, "A", []string{"C"}, "0/1"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(j); !errors.Is(err, store.ErrBlocks) {
		t.Errorf("got %v", err)
	}
}

func TestTheManyRowsOfAPositionAreBounded(t *testing.T) {
	var rows []genotype.Row
	for range 1100 {
		rows = append(rows, row("1", 5, "A", []string{"<DEL>"}, "0/1"))
	}
	j, err := store.Join(store.Side{Reader: small("a", rows...)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(j); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// some reads the calls of some samples of a file.
type some struct {
	genotype.Reader
	from, to int
}

func (s some) Samples() []string { return s.Reader.Samples()[s.from:s.to] }

func (s some) Next(row *genotype.Row) error {
	if err := s.Reader.Next(row); err != nil {
		return err
	}
	row.Expand(len(s.Reader.Samples()))
	row.Calls = row.Calls[s.from:s.to]
	return nil
}

func TestARealFileIsWhatItsSamplesJoinedAre(t *testing.T) {
	path := filepath.Join(realData(t), "kg3_chr22_16mb", "kg3_chr22_16mb.vcf.gz")
	in := func() genotype.Reader {
		r, err := source(t, path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	whole := in()
	n := len(whole.Samples())
	p := people(n)
	want, err := tally.Examine(t.Context(), whole, p, genotype.GRCh37)
	if err != nil {
		t.Fatal(err)
	}
	j, err := store.Join(store.Side{Reader: some{in(), 0, 1001}}, store.Side{Reader: some{in(), 1001, n}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := tally.Examine(t.Context(), j, p, genotype.GRCh37)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examination (-whole +joined):\n%s", diff)
	}
}
