package worker_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/worker"
)

// randomRow makes a row of any kind that a reader can give.
func randomRow(rng *rand.Rand, samples int) genotype.Row {
	row := genotype.Row{Site: genotype.Site{
		Contig: []string{"1", "chr2", "X"}[rng.IntN(3)], Pos: rng.Uint32N(1 << 31), Ref: []string{"A", "ACGT", "N"}[rng.IntN(3)],
		Pass: rng.IntN(2) == 0,
	}, Coded: rng.IntN(2) == 0}
	for range []int{0, 1, 1, 2, 13, 14, 300}[rng.IntN(7)] {
		row.Alts = append(row.Alts, []string{"C", "<DEL>", "*", "GG"}[rng.IntN(4)])
	}
	for range samples {
		a := genotype.Allele(rng.IntN(3 + len(row.Alts)))
		b := genotype.Allele(rng.IntN(3 + len(row.Alts)))
		if rng.IntN(2) == 0 {
			a, b = genotype.Reference, genotype.Reference
		}
		row.Calls = append(row.Calls, genotype.NewCall(a, b))
	}
	if rng.IntN(3) == 0 {
		row.End = row.Pos + rng.Uint32N(1<<31-row.Pos) + bitOf(row.Pos == 0)
		row.Dropped = rng.IntN(samples + 1)
	}
	if len(row.Alts) > 0 && rng.IntN(3) == 0 {
		for range row.Alts {
			a := genotype.Spelling{}
			if rng.IntN(2) == 0 {
				a = genotype.Spelling{Pos: row.Pos - rng.Uint32N(min(row.Pos, genotype.MaxShift)+1), Ref: "AC", Alt: "A"}
			}
			if a.Pos == 0 {
				a = genotype.Spelling{}
			}
			row.Aligned = append(row.Aligned, a)
		}
	}
	return row
}

func bitOf(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// shown is all that a row tells.
func shown(row *genotype.Row) string { return fmt.Sprint(row.Site, row.Coded, row.Dropped, row.Calls) }

func TestRowsComeBackAsTheyWere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, samples := range []int{0, 1, 2, 3, 63, 64, 65, 1000} {
		for _, form := range []string{"calls", "classes"} {
			t.Run(fmt.Sprintf("%d samples in %s", samples, form), func(t *testing.T) {
				w := worker.NewRowWriter(samples)
				var b []byte
				var want []string
				for range 50 {
					row := randomRow(rng, samples)
					if form == "classes" {
						row.Classify()
					}
					var err error
					if b, err = w.Append(b, &row); err != nil {
						t.Fatal(err)
					}
					row.Expand(samples)
					want = append(want, shown(&row))
				}
				var got []string
				err := worker.ReadRows(b, samples, nil, false, func(row *genotype.Row) {
					row.Expand(samples)
					got = append(got, shown(row))
				})
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		}
	}
}

// faultless reports whether a row is one that a reader can give.
func faultless(row *genotype.Row, samples int) error {
	if row.Contig == "" || row.Ref == "" || row.Pos > 1<<31-1 || len(row.Alts) > genotype.MaxAlts {
		return errors.New("a site")
	}
	if len(row.Classes) > 0 && (len(row.Calls) > 0 || len(row.Classes) != max(1, len(row.Alts))) {
		return errors.New("forms")
	}
	for i := range row.Classes {
		c := &row.Classes[i]
		if !c.Fits(samples) {
			return errors.New("it does not fit")
		}
		seen := make(map[uint32]bool)
		last := -1
		for _, h := range c.Halves {
			if int(h.Sample) <= last || seen[h.Sample] {
				return errors.New("halves")
			}
			last, seen[h.Sample] = int(h.Sample), true
		}
		for _, s := range []*genotype.Set{&c.Het, &c.Hom, &c.Missing} {
			for id := range s.All() {
				if seen[id] {
					return errors.New("someone is in two classes")
				}
				seen[id] = true
			}
		}
	}
	if first, _ := row.Span(); row.End > 0 && row.End < row.Pos || uint64(first)+genotype.MaxShift < uint64(row.Pos) {
		return errors.New("a span")
	}
	if row.Packed != nil {
		if len(row.Packed) != (samples+3)/4 || len(row.Alts) != 1 || len(row.Calls)+len(row.Classes) > 0 {
			return errors.New("a packed row")
		}
		return nil
	}
	row.Expand(samples)
	if samples > 0 && len(row.Calls) != samples {
		return errors.New("calls")
	}
	for _, c := range row.Calls {
		last := genotype.Reference + genotype.Allele(len(row.Alts))
		if a, b := c.Alleles(); a > last || b > last {
			return errors.New("an allele")
		}
	}
	return nil
}

func FuzzRows(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, samples := range []int{0, 1, 3, 70} {
		for classes := range 2 {
			row := randomRow(rng, samples)
			if classes == 1 {
				row.Classify()
			}
			b, err := worker.NewRowWriter(samples).Append(nil, &row)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(samples), b)
		}
	}
	site := genotype.Site{Contig: "1", Pos: 9, Ref: "A", Alts: []string{"C"}, End: 12, Aligned: []genotype.Spelling{{Pos: 8, Ref: "A", Alt: "C"}}}
	b, err := worker.NewRowWriter(5).Append(nil, &genotype.Row{Site: site, Packed: []byte{0xe4, 3}, Dropped: 2})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(5), b)
	f.Fuzz(func(t *testing.T, samples uint8, b []byte) {
		for _, packs := range []bool{false, true} {
			err := worker.ReadRows(b, int(samples), nil, packs, func(row *genotype.Row) {
				if err := faultless(row, int(samples)); err != nil {
					t.Fatal(err)
				}
			})
			if err != nil && !errors.Is(err, worker.ErrFrame) {
				t.Errorf("got %v", err)
			}
		}
	})
}

// FuzzAnswer reads all that a child may say.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(beginning + string(frame('R', row()...)) + string(frame('E'))))
	f.Add([]byte(beginning + string(frame('E', 0, 4))))
	f.Add([]byte(beginning + "R\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := worker.Said(bytes.NewReader(b))
		if err != nil {
			return
		}
		var row genotype.Row
		for err == nil {
			if err = r.Next(&row); err == nil {
				if err := faultless(&row, len(r.Samples())); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err == io.EOF && !bytes.HasSuffix(b, frame('E')) && !bytes.Contains(b, frame('E')) {
			t.Error("sound, and it did not say so")
		}
	})
}

func FuzzQuestion(f *testing.F) {
	places, err := worker.NewPlaces(func(yield func(string, uint32) bool) { _ = yield("1", 10) && yield("1", 300) && yield("chrX", 5) })
	if err != nil {
		f.Fatal(err)
	}
	f.Add(worker.Ask(nil))
	f.Add(worker.Ask(places))
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := worker.AskAgain(bytes.NewReader(b))
		if err != nil {
			return
		}
		twice, err := worker.AskAgain(bytes.NewReader(again))
		if err != nil || !bytes.Equal(again, twice) {
			t.Errorf("a question that was read is another one when it is written: %v", err)
		}
	})
}

func TestPlacesAreTakenInOrder(t *testing.T) {
	type place struct {
		contig string
		pos    uint32
	}
	for _, c := range []struct {
		name string
		all  []place
		want error
	}{
		{"none", nil, nil},
		{"ascending, and one twice", []place{{"1", 5}, {"1", 5}, {"1", 9}, {"2", 1}}, nil},
		{"descending", []place{{"1", 5}, {"1", 4}}, worker.ErrPlaces},
		{"a contig that comes back", []place{{"1", 5}, {"2", 4}, {"1", 6}}, worker.ErrPlaces},
		{"a contig under two names", []place{{"1", 5}, {"chr1", 6}}, worker.ErrPlaces},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := worker.NewPlaces(func(yield func(string, uint32) bool) {
				for _, p := range c.all {
					if !yield(p.contig, p.pos) {
						return
					}
				}
			})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
