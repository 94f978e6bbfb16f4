package store_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
)

func TestPartsAreReadOneAfterAnother(t *testing.T) {
	c := []string{"C"}
	part := func(rows ...genotype.Row) genotype.Reader { return small("a", rows...) }
	one, two, three := row("1", 5, "A", c, "0/1"), row("1", 9, "A", c, "1/1"), row("2", 1, "A", c, "./.")
	for _, tt := range []struct {
		name  string
		parts []genotype.Reader
		want  []genotype.Row
		err   error
	}{
		{"a part a contig", []genotype.Reader{part(one, two), part(three)}, []genotype.Row{one, two, three}, nil},
		{"a contig in two parts", []genotype.Reader{part(one), part(two, three)}, []genotype.Row{one, two, three}, nil},
		{"no part", nil, nil, store.ErrParts},
		{"a contig that comes back", []genotype.Reader{part(one), part(three), part(two)}, nil, genotype.ErrOrder},
		{"parts of a contig that are out of order", []genotype.Reader{part(two), part(one)}, nil, genotype.ErrOrder},
		{"a variant in two parts", []genotype.Reader{part(one, two), part(two)}, nil, genotype.ErrDuplicate},
		{"a contig named in two ways", []genotype.Reader{part(one), part(row("chr2", 1, "A", c, "0/1"))}, nil, genotype.ErrNaming},
		{"other people", []genotype.Reader{part(one), small("b", two)}, nil, store.ErrParts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := store.Concat(tt.parts...)
			var got []genotype.Row
			if err == nil {
				got, err = readAll(p)
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

// A dataset in parts knows its contigs as its parts do, so that it is joined in their
// order though its first part says nothing of the second.
func TestPartsAreJoinedInTheOrderOfTheirContigs(t *testing.T) {
	c := []string{"C"}
	stored := func(first string, rows ...genotype.Row) genotype.Reader {
		f := small(first, rows...)
		return open(t, write(t, key(t), store.Header{Samples: f.samples}, f.rows...), key(t))
	}
	parts, err := store.Concat(stored("a", row("1", 5, "A", c, "0/1")), stored("a", row("2", 5, "A", c, "0/1")))
	if err != nil {
		t.Fatal(err)
	}
	j, err := store.Join(store.Side{Reader: stored("b", row("2", 5, "A", c, "1/1"))}, store.Side{Reader: parts})
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, []genotype.Row{row("1", 5, "A", c, "./.", "0/1"), row("2", 5, "A", c, "1/1", "0/1")}, read(t, j))
	unknown, err := store.Concat(stored("a", row("1", 5, "A", c, "0/1")), small("a", row("2", 5, "A", c, "0/1")))
	if err != nil {
		t.Fatal(err)
	}
	if known := unknown.Contigs(); known != nil {
		t.Errorf("it knows %q of a file that knows none", known)
	}
}

// PLINK has the pseudo-autosomal parts of X behind Y, as its contig 25.
func TestXMayStandInTwoPlaces(t *testing.T) {
	c := []string{"C"}
	x, y, mt := row("X", 3_000_000, "A", c, "0/1"), row("Y", 4_000_000, "A", c, "0/1"), row("MT", 5, "A", c, "0/1")
	par1, par2 := row("X", 100_000, "A", c, "0/1"), row("X", 155_999_999, "A", c, "0/1")
	for _, tt := range []struct {
		name string
		rows []genotype.Row
		want error
	}{
		{"they are behind Y", []genotype.Row{x, y, par1, par2, mt}, nil},
		{"they are before X", []genotype.Row{par1, par2, x, y, mt}, nil},
		{"they are around it", []genotype.Row{par1, x, par2, y, mt}, nil},
		{"X itself comes back", []genotype.Row{x, y, x, mt}, store.ErrRow},
		{"they come twice", []genotype.Row{par1, x, par2, y, par1, mt}, store.ErrRow},
		{"behind Y, and X behind them", []genotype.Row{x, y, par1, par2, x}, store.ErrRow},
		{"Y comes back", []genotype.Row{x, y, par1, y}, store.ErrRow},
	} {
		t.Run(tt.name, func(t *testing.T) { standsTwice(t, tt.rows, tt.want) })
	}
}

func standsTwice(t *testing.T, rows []genotype.Row, want error) {
	t.Helper()
	w, err := store.Create(filepath.Join(t.TempDir(), "s"), store.Header{Samples: names(1)}, key(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range rows {
		err = errors.Join(err, w.Add(&rows[i]))
	}
	if !errors.Is(err, want) {
		t.Fatalf("got %v", err)
	}
	p, err := store.Concat(&rowsOf{samples: names(1), rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(p); (err == nil) != (want == nil) {
		t.Errorf("as a part of a dataset: %v", err)
	}
	if want != nil {
		return
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r := open(t, w.Path(), key(t))
	j, err := store.Join(store.Side{Reader: r}, store.Side{Reader: &rowsOf{samples: []string{"b"}, rows: rows}})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, j); len(got) != len(rows) {
		t.Errorf("%d rows of %d are joined", len(got), len(rows))
	}
	if err := r.Only(); err != nil {
		t.Fatal(err)
	}
	sameRows(t, rows, read(t, r))
	if err := r.Only(store.Region{Contig: "chrX", From: 1, To: 200_000}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, r); len(got) != 1 || got[0].Pos != 100_000 {
		t.Errorf("%d rows in the first of them", len(got))
	}
}
