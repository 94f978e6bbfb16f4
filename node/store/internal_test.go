package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// What every checksum passes may still be other rows than were written.
func TestCheckComparesWithWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cohort")
	w, err := Create(path, Header{Samples: []string{"a", "b"}}, fuzzKey())
	if err != nil {
		t.Fatal(err)
	}
	row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: 5, Ref: "A", Alts: []string{"C"}}, Calls: []genotype.Call{genotype.HomRef, genotype.NoCall}}
	if err := w.Add(&row); err != nil {
		t.Fatal(err)
	}
	w.block.bitmaps[0] ^= 3 // the other one is missing
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, fuzzKey())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Next(&row); err != nil || row.Classes[0].Missing.Len() != 1 {
		t.Fatalf("the row does not open, %v", err)
	}
	if err := r.Check(t.Context()); !errors.Is(err, errDigest) || !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}
