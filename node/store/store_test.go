package store_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
)

func testKey() []byte { return bytes.Repeat([]byte{7}, 32) }

// key is an AES-256-GCM of a key that tests share.
func key(t testing.TB) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(testKey())
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func names(n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("person%05d", i)
	}
	return s
}

// write makes a store of rows and gives its path.
func write(t testing.TB, aead cipher.AEAD, h store.Header, rows ...genotype.Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cohort.store")
	w, err := store.Create(path, h, aead)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := w.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, aead cipher.AEAD) *store.Reader {
	t.Helper()
	r, err := store.Open(path, aead)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// read is every row as calls.
func read(t testing.TB, r genotype.Reader) []genotype.Row {
	t.Helper()
	rows, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readAll(r genotype.Reader) (rows []genotype.Row, err error) {
	var row genotype.Row // used again and again: readers may rely on that
	for {
		err := r.Next(&row)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		kept := genotype.Row{Site: row.Site, Coded: row.Coded, Dropped: row.Dropped, Calls: slices.Clone(row.Calls), Classes: row.Classes}
		kept.Alts, kept.Aligned = slices.Clone(row.Alts), slices.Clone(row.Aligned)
		kept.Expand(len(r.Samples()))
		rows = append(rows, kept)
	}
}

// normal is a call as Expand writes it.
func normal(c genotype.Call) genotype.Call {
	a, b := c.Alleles()
	a, b = min(a, b), max(a, b)
	if a == genotype.Absent || b == genotype.Absent && a == genotype.Missing {
		a, b = b, a
		if a == genotype.Absent {
			a, b = b, a
		}
	}
	return genotype.NewCall(a, b)
}

func sameRows(t *testing.T, want, got []genotype.Row) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d rows of %d", len(got), len(want))
	}
	for i := range want {
		calls := slices.Clone(want[i].Calls)
		for k, c := range calls {
			calls[k] = normal(c)
		}
		if !slices.Equal(calls, got[i].Calls) {
			t.Fatalf("row %d: the calls differ", i)
		}
		w := genotype.Row{Site: want[i].Site, Coded: want[i].Coded, Dropped: want[i].Dropped}
		if diff := cmp.Diff(w, genotype.Row{Site: got[i].Site, Coded: got[i].Coded, Dropped: got[i].Dropped}, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, diff)
		}
	}
}

// randomRow has every odd thing that a row may have.
func randomRow(rng *rand.Rand, samples int, contig string, pos uint32) genotype.Row {
	row := genotype.Row{Site: genotype.Site{Contig: contig, Pos: pos, Ref: "A", Pass: rng.IntN(8) > 0}, Coded: rng.IntN(4) == 0}
	alts := []int{0, 1, 1, 1, 1, 1, 2, 4}[rng.IntN(8)]
	row.Alts = []string{"C", "*", "<DEL>", "GTT"}[:alts:alts]
	if rng.IntN(6) == 0 {
		row.Ref = "ACGTACGT"
	}
	if rng.IntN(6) == 0 {
		row.Dropped = rng.IntN(samples + 1)
	}
	if rng.IntN(6) == 0 {
		row.End = pos + uint32(rng.IntN(1000))
	}
	if alts > 0 && rng.IntN(6) == 0 {
		row.Aligned = make([]genotype.Spelling, alts)
		row.Aligned[rng.IntN(alts)] = genotype.Spelling{Pos: pos + 3 - min(pos+3, uint32(rng.IntN(200))), Ref: "TC"[:rng.IntN(3)], Alt: "G"}
	}
	common, missing, haploid := []float64{0, 0.001, 0.05, 0.5, 0.999}[rng.IntN(5)], []float64{0, 0, 0.01, 0.4, 1}[rng.IntN(5)], []float64{0, 0, 0, 0.3, 1}[rng.IntN(5)]
	for range samples {
		one := func() genotype.Allele {
			switch {
			case rng.Float64() < missing:
				return genotype.Missing
			case len(row.Alts) > 0 && rng.Float64() < common:
				return genotype.Reference + 1 + genotype.Allele(rng.IntN(len(row.Alts)))
			}
			return genotype.Reference
		}
		a, b := one(), one()
		if !row.Coded && rng.Float64() < haploid {
			b = genotype.Absent
		}
		row.Calls = append(row.Calls, genotype.NewCall(a, b))
	}
	return row
}

// randomRows are on three contigs and need several blocks.
func randomRows(rng *rand.Rand, samples, n int) []genotype.Row {
	var rows []genotype.Row
	for _, contig := range []string{"1", "X", "HLA-A*01:01"} {
		pos := uint32(rng.IntN(2))
		for range n / 3 {
			rows = append(rows, randomRow(rng, samples, contig, pos))
			pos += uint32(rng.IntN(300))
		}
	}
	return rows
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	for _, c := range []struct{ samples, rows int }{
		{0, 30}, {1, 300}, {2, 300}, {63, 300}, {64, 300}, {65, 2400}, {700, 900}, {3000, 90}, {20_000, 60}, {70_000, 30}, {131_072, 12},
	} {
		for name, aead := range map[string]cipher.AEAD{"sealed": key(t), "a checksum": store.Checksum()} {
			t.Run(fmt.Sprintf("%d samples, %s", c.samples, name), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(c.samples), 1))
				rows := randomRows(rng, c.samples, c.rows)
				h := store.Header{Dataset: [32]byte{1, 2}, Assembly: genotype.GRCh38, Samples: names(c.samples)}
				r := open(t, write(t, aead, h, rows...), aead)
				if diff := cmp.Diff(h, r.Header(), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("header (-want +got):\n%s", diff)
				}
				if r.Sites() != len(rows) {
					t.Errorf("%d sites of %d", r.Sites(), len(rows))
				}
				if err := r.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				sameRows(t, rows, read(t, r))
			})
		}
	}
}

func TestClassesAreStoredAsCallsAre(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(3, 3)), 500, 300)
	h := store.Header{Samples: names(500)}
	classes := slices.Clone(rows)
	for i := range classes {
		classes[i].Classify()
	}
	want, got := open(t, write(t, key(t), h, rows...), key(t)), open(t, write(t, key(t), h, classes...), key(t))
	if want.Size() != got.Size() {
		t.Errorf("%d bytes of calls, %d of classes", want.Size(), got.Size())
	}
	sameRows(t, read(t, want), read(t, got))
	// And what a store gives, another one takes.
	again := filepath.Join(t.TempDir(), "again")
	w, err := store.Create(again, h, key(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Only(); err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	for err = got.Next(&row); err == nil; err = got.Next(&row) {
		if err := w.Add(&row); err != nil {
			t.Fatal(err)
		}
	}
	if err != io.EOF || w.Commit() != nil {
		t.Fatal(err)
	}
	sameRows(t, rows, read(t, open(t, again, key(t))))
}

func TestSexesAndAssemblyAreKept(t *testing.T) {
	h := store.Header{
		Dataset: [32]byte{9}, Assembly: genotype.GRCh37, Samples: []string{"", "b", "c"},
		Sexes: []genotype.Sex{genotype.Female, genotype.UnknownSex, genotype.Male},
	}
	r := open(t, write(t, key(t), h), key(t))
	if diff := cmp.Diff(h, r.Header()); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if rows := read(t, r); len(rows) != 0 {
		t.Errorf("%d rows of an empty store", len(rows))
	}
}

func TestAStoreOpensWithItsOwnKeyOnly(t *testing.T) {
	other, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := cipher.NewGCM(other)
	if err != nil {
		t.Fatal(err)
	}
	h := store.Header{Samples: names(3)}
	if _, err := store.Create(filepath.Join(t.TempDir(), "s"), h, nil); !errors.Is(err, store.ErrKey) {
		t.Errorf("a store that nothing seals: %v", err)
	}
	sealed, plain := write(t, key(t), h), write(t, store.Checksum(), h)
	for _, c := range []struct {
		name, path string
		aead       cipher.AEAD
		want       error
	}{
		{"without a key", sealed, nil, store.ErrKey},
		{"with another key", sealed, wrong, store.ErrDamaged},
		{"one that another cipher sealed", plain, key(t), store.ErrDamaged},
		{"its own key", sealed, key(t), nil},
		{"a file that is not there", plain + "x", nil, os.ErrNotExist},
	} {
		r, err := store.Open(c.path, c.aead)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			r.Close()
		}
	}
}

func TestNothingOfASealedStoreIsInTheClear(t *testing.T) {
	h := store.Header{Samples: []string{"canary-sample"}}
	row := genotype.Row{Site: genotype.Site{Contig: "canary-contig", Pos: 5, Ref: "ACGTTGCA", Alts: []string{"GATTACA"}, Pass: true}, Calls: []genotype.Call{genotype.HomRef}}
	raw, err := os.ReadFile(write(t, key(t), h, row))
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"canary-sample", "canary-contig", "ACGTTGCA", "GATTACA"} {
		if bytes.Contains(raw, []byte(canary)) {
			t.Errorf("%s is in the file", canary)
		}
	}
}

func TestRowsThatDoNotFitAreRefused(t *testing.T) {
	at := func(contig string, pos uint32) genotype.Row {
		return genotype.Row{Site: genotype.Site{Contig: contig, Pos: pos, Ref: "A", Alts: []string{"C"}}, Calls: make([]genotype.Call, 2)}
	}
	of := func(c genotype.Classes) genotype.Row {
		row := at("1", 5)
		row.Calls, row.Classes = nil, []genotype.Classes{c}
		return row
	}
	two := of(genotype.Classes{})
	two.Classes = append(two.Classes, genotype.Classes{})
	many := of(genotype.Classes{})
	many.Alts = make([]string, genotype.MaxAlts+1)
	many.Classes = make([]genotype.Classes, len(many.Alts))
	for _, c := range []struct {
		name string
		rows []genotype.Row
		want error
	}{
		{"a position before the last", []genotype.Row{at("1", 5), at("1", 4)}, store.ErrRow},
		{"a contig that comes back", []genotype.Row{at("1", 5), at("2", 5), at("1", 6)}, store.ErrRow},
		{"too few calls", []genotype.Row{{Site: at("1", 5).Site, Calls: make([]genotype.Call, 1)}}, store.ErrRow},
		{"neither calls nor classes", []genotype.Row{{Site: at("1", 5).Site}}, store.ErrRow},
		{"more classes than ALTs", []genotype.Row{two}, store.ErrRow},
		{"a sample that is not there", []genotype.Row{of(genotype.Classes{Het: genotype.Set{IDs: []uint32{2}}})}, store.ErrRow},
		{"samples that descend", []genotype.Row{of(genotype.Classes{Hom: genotype.Set{IDs: []uint32{1, 0}}})}, store.ErrRow},
		{"a sample twice", []genotype.Row{of(genotype.Classes{Missing: genotype.Set{IDs: []uint32{1, 1}}})}, store.ErrRow},
		{"a bitmap that is too long", []genotype.Row{of(genotype.Classes{Other: genotype.Set{Bits: make([]uint64, 2)}})}, store.ErrRow},
		{"a bit above the samples", []genotype.Row{of(genotype.Classes{Haploid: genotype.Set{Bits: []uint64{4}}})}, store.ErrRow},
		{"half a call of nobody", []genotype.Row{of(genotype.Classes{Halves: []genotype.Half{{Sample: 2}}})}, store.ErrRow},
		{"half calls that descend", []genotype.Row{of(genotype.Classes{Halves: []genotype.Half{{Sample: 1}, {Sample: 0}}})}, store.ErrRow},
		{"a base that is none", []genotype.Row{of(genotype.Classes{Base: genotype.OneAlt})}, store.ErrRow},
		{"a block that ends before it begins", []genotype.Row{{Site: genotype.Site{Contig: "1", Pos: 5, Ref: "A", End: 4}, Calls: make([]genotype.Call, 2)}}, store.ErrRow},
		{"an alignment of fewer ALTs", []genotype.Row{{Site: genotype.Site{Contig: "1", Pos: 5, Ref: "A", Alts: []string{"C", "G"}, Aligned: make([]genotype.Spelling, 1)}, Calls: make([]genotype.Call, 2)}}, store.ErrRow},
		{"more calls dropped than there are", []genotype.Row{{Site: at("1", 5).Site, Calls: make([]genotype.Call, 2), Dropped: 3}}, store.ErrRow},
		{"too many ALTs", []genotype.Row{many}, store.ErrTooLarge},
		{"too long a contig", []genotype.Row{at(string(make([]byte, 2000)), 5)}, store.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := store.Create(filepath.Join(dir, "s"), store.Header{Samples: names(2)}, key(t))
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.rows {
				err = w.Add(&c.rows[i])
			}
			if !errors.Is(err, c.want) {
				t.Errorf("Add: %v", err)
			}
			if err := w.Commit(); !errors.Is(err, c.want) {
				t.Errorf("Commit: %v", err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("%d files are left, %v", len(left), err)
			}
		})
	}
}

func TestHeadersThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		h    store.Header
		want error
	}{
		{"fewer sexes than samples", store.Header{Samples: names(2), Sexes: make([]genotype.Sex, 1)}, store.ErrRow},
		{"a name that is too long", store.Header{Samples: []string{string(make([]byte, 2000))}}, store.ErrTooLarge},
		{"too many samples", store.Header{Samples: make([]string, 1<<24+1)}, store.ErrTooLarge},
	} {
		dir := t.TempDir()
		if _, err := store.Create(filepath.Join(dir, "s"), c.h, key(t)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s: %d files are left, %v", c.name, len(left), err)
		}
	}
}
