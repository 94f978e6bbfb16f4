package store_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
)

func TestOnlyTheRegionsThatAreAskedFor(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	rows := randomRows(rng, 20, 6000) // four blocks a contig
	long := genotype.Row{Site: genotype.Site{Contig: "chr2", Pos: 1000, Ref: string(make([]byte, 500_000)), Alts: []string{"A"}}, Calls: make([]genotype.Call, 20)}
	rows = append(rows, long)
	for range 1500 {
		rows = append(rows, genotype.Row{Site: genotype.Site{Contig: "chr2", Pos: 2000, Ref: "A", Alts: []string{"C"}}, Calls: make([]genotype.Call, 20)})
	}
	rows[len(rows)-1].Pos = 900_000
	r := open(t, write(t, key(t), store.Header{Samples: names(20)}, rows...), key(t))
	for _, c := range []struct {
		name string
		want []store.Region
	}{
		{"nothing named means everything", nil},
		{"one position", []store.Region{{"1", rows[700].Pos, rows[700].Pos}}},
		{"a contig by another name", []store.Region{{"chrX", 0, 1 << 31}}},
		{"a stretch", []store.Region{{"1", 1000, 90_000}}},
		{"stretches that overlap, touch and stand apart, out of order", []store.Region{{"X", 90_000, 100_000}, {"1", 5, 50}, {"X", 10, 5000}, {"X", 4000, 6000}, {"X", 6001, 6002}}},
		{"what a long REF reaches", []store.Region{{"2", 400_000, 400_000}}},
		{"the ends", []store.Region{{"1", 0, 0}, {"2", 1<<32 - 1, 1<<32 - 1}}},
		{"a contig that is not there", []store.Region{{"21", 0, 1 << 31}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []genotype.Row
			for _, row := range rows {
				if len(c.want) == 0 || covered(row.Site, c.want) {
					want = append(want, row)
				}
			}
			if err := r.Only(c.want...); err != nil {
				t.Fatal(err)
			}
			sameRows(t, want, read(t, r))
		})
	}
	t.Run("in the middle of another", func(t *testing.T) {
		var row genotype.Row
		if err := r.Only(); err != nil {
			t.Fatal(err)
		}
		for range 600 {
			if err := r.Next(&row); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Only(store.Region{Contig: "2", From: 900_000, To: 900_000}); err != nil {
			t.Fatal(err)
		}
		sameRows(t, rows[len(rows)-1:], read(t, r))
	})
	if err := r.Only(store.Region{Contig: "1", From: 2, To: 1}); !errors.Is(err, store.ErrRow) {
		t.Errorf("a region that ends before it begins: %v", err)
	}
}

// A site is found where it is aligned to, though its block begins behind that, and to the
// end of a block of a gVCF.
func TestARegionFindsASiteByWhatItTellsOf(t *testing.T) {
	var rows []genotype.Row
	for i := range 512 { // a block
		rows = append(rows, row("1", uint32(1+i), "A", []string{"C"}, "0/1"))
	}
	shifted := aligned(row("1", 10_000, "CC", []string{"C"}, "0/1"), genotype.Spelling{Pos: 9000, Ref: "AC", Alt: "A"})
	block := row("1", 10_001, "A", nil, "0/0")
	block.End = 20_000
	r := open(t, write(t, key(t), store.Header{Samples: names(1)}, append(rows, shifted, block)...), key(t))
	for _, c := range []struct {
		name string
		at   uint32
		want []genotype.Row
	}{
		{"before where it is aligned to", 8999, nil},
		{"where it is aligned to", 9000, []genotype.Row{shifted}},
		{"where it is written", 10_000, []genotype.Row{shifted}},
		{"the end of the block", 20_000, []genotype.Row{block}},
		{"behind the block", 20_001, nil},
	} {
		if err := r.Only(store.Region{Contig: "1", From: c.at, To: c.at}); err != nil {
			t.Fatal(err)
		}
		t.Run(c.name, func(t *testing.T) { sameRows(t, c.want, read(t, r)) })
	}
}

// covered says the same as Only, naively.
func covered(s genotype.Site, regions []store.Region) bool {
	for _, r := range regions {
		name := map[string]string{"chr2": "2", "X": "X", "1": "1"}[s.Contig]
		if r.Contig != name && r.Contig != "chr"+name {
			continue
		}
		from, to := s.Pos, max(s.End, s.Pos+uint32(len(s.Ref))-1)
		for _, a := range s.Aligned {
			if a.Alt != "" {
				from, to = min(from, a.Pos), max(to, a.Pos, a.Pos+uint32(len(a.Ref))-1)
			}
		}
		if from <= r.To && to >= r.From {
			return true
		}
	}
	return false
}

func TestARegionReadsItsBlocksAlone(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(6, 6)), 300, 6000)
	raw, err := os.ReadFile(write(t, key(t), store.Header{Samples: names(300)}, rows...))
	if err != nil {
		t.Fatal(err)
	}
	src := &counting{src: bytes.NewReader(raw)}
	r, err := store.New(src, int64(len(raw)), key(t))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	opened := src.read
	if err := r.Only(store.Region{Contig: "X", From: rows[3000].Pos, To: rows[3000].Pos}); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, r)); n == 0 || n > 50 {
		t.Errorf("%d rows", n)
	}
	if one := src.read - opened; opened > len(raw)/20 || one > len(raw)/4 {
		t.Errorf("of %d bytes, %d were read to open and %d for one position", len(raw), opened, one)
	}
}

// counting counts the bytes that are read.
type counting struct {
	src  io.ReaderAt
	read int
}

func (c *counting) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.src.ReadAt(p, at)
	c.read += n
	return n, err
}
