package store

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// assemble makes a file of parts that may be anything.
func assemble(header, block, dir []byte) []byte {
	p := prelude{}
	s, err := newSealer(checksum{}, p)
	if err != nil {
		panic(err)
	}
	raw := p.bytes()
	h := s.seal(nil, header, partHeader)
	raw = append(raw, h...)
	raw = append(raw, s.seal(nil, block, partBlock)...)
	d := s.seal(nil, dir, partDirectory)
	raw = append(raw, d...)
	f := footer{header: uint64(len(h)), directory: uint64(len(d))}.bytes()
	return append(raw, s.seal(f, nil, partFooter, f...)...)
}

// seeds are the parts of a sound file with every kind of set. It is small, so that
// mutations meet something: bitmaps are left out where they are long.
func seeds(tb testing.TB, samples int) (header, block, dir []byte) {
	tb.Helper()
	z, err := newPacker()
	if err != nil {
		tb.Fatal(err)
	}
	w := newBlockWriter(samples)
	list := func(n, step int) genotype.Set {
		var ids []uint32
		for i := range n {
			ids = append(ids, uint32(step*i))
		}
		return genotype.Set{IDs: ids}
	}
	sets := []genotype.Set{{}, list(3, samples/4), list(min(20, samples/40), 40), list(5, 1)}
	if samples <= 1000 {
		sets = append(sets, list(samples/2, 2))
	}
	for i := range 10 {
		s := genotype.Site{Contig: "1", Pos: uint32(10 * i), Ref: "AC", Alts: []string{"A", "*"}, Pass: i%2 == 0}
		switch i % 4 {
		case 1:
			s.End = s.Pos + uint32(i)
		case 3:
			s.Aligned = []genotype.Spelling{{}, {Pos: s.Pos - 7, Ref: "CC", Alt: "C"}}
		}
		at := func(k int) genotype.Set { return sets[(i+k)%len(sets)] }
		classes := []genotype.Classes{{Het: at(0), Halves: []genotype.Half{{Sample: 9}, {Sample: 40, Alt: true}}}, {Base: genotype.AllAlt, Hom: at(1), Missing: at(2), Haploid: at(3), Other: at(4)}}
		if err := w.add(&genotype.Row{Site: s, Coded: i%3 == 0, Dropped: i % 2 * 3}, classes); err != nil {
			tb.Fatal(err)
		}
	}
	h := Header{Samples: make([]string, samples)}
	block = w.appendTo(nil, z)
	e := w.entry
	e.size = len(block) + checksum{}.Overhead()
	return h.encode(z), block, (&directory{contigs: []string{"1"}, blocks: []entry{e}}).encode()
}

// manySamples are numbered in two chunks.
const manySamples = 70_000

// FuzzParts reads files whose checksums fit and whose parts are anything.
func FuzzParts(f *testing.F) {
	for _, samples := range []int{200, manySamples} {
		header, block, dir := seeds(f, samples)
		f.Add(header, block, dir)
	}
	f.Fuzz(func(t *testing.T, header, block, dir []byte) {
		if err := readFuzzed(assemble(header, block, dir)); err != nil {
			t.Error(err)
		}
	})
}

// FuzzBlock is FuzzParts where only the block's columns are anything.
func FuzzBlock(f *testing.F) {
	few, block, _ := seeds(f, 200)
	f.Add(block, false, uint16(10), uint32(0), uint32(90), uint32(0), uint32(98))
	many, block, _ := seeds(f, manySamples)
	f.Add(block, true, uint16(10), uint32(0), uint32(90), uint32(0), uint32(98))
	f.Fuzz(func(t *testing.T, block []byte, large bool, rows uint16, first, last, low, reach uint32) {
		header := few
		if large {
			header = many
		}
		d := directory{contigs: []string{"1"}, blocks: []entry{{size: len(block) + checksum{}.Overhead(), rows: int(rows), first: first, last: last, low: low, reach: reach}}}
		if err := readFuzzed(assemble(header, block, d.encode())); err != nil {
			t.Error(err)
		}
	})
}

// FuzzFile reads anything.
func FuzzFile(f *testing.F) {
	f.Add(assemble(seeds(f, 200)))
	f.Add(sealedFile(f))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := readFuzzed(raw); err != nil {
			t.Error(err)
		}
	})
}

// fuzzKey seals what fuzzers read sealed.
func fuzzKey() cipher.AEAD {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// sealedFile is a small one.
func sealedFile(tb testing.TB) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "s")
	w, err := Create(path, Header{Samples: []string{"a", "b"}}, fuzzKey())
	if err != nil {
		tb.Fatal(err)
	}
	row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: 5, Ref: "A", Alts: []string{"C"}}, Calls: []genotype.Call{genotype.HomRef, genotype.NoCall}}
	if err := errors.Join(w.Add(&row), w.Commit()); err != nil {
		tb.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// readFuzzed is content with a refusal, and with rows that fit their samples.
func readFuzzed(raw []byte) error {
	r, err := New(bytes.NewReader(raw), int64(len(raw)), checksum{})
	if errors.Is(err, ErrDamaged) {
		r, err = New(bytes.NewReader(raw), int64(len(raw)), fuzzKey())
	}
	if err != nil {
		return nil
	}
	defer r.Close()
	n := len(r.Samples())
	var row genotype.Row
	for sites := 0; r.Next(&row) == nil; sites++ {
		if len(row.Classes) != max(1, len(row.Alts)) || len(row.Calls) != 0 {
			return fmt.Errorf("site %d has %d classes", sites, len(row.Classes))
		}
		if row.Dropped > n || row.End != 0 && row.End < row.Pos || len(row.Aligned) != 0 && len(row.Aligned) != len(row.Alts) {
			return fmt.Errorf("site %d ends before it begins, has the spellings of others or drops more calls than it has", sites)
		}
		for _, c := range row.Classes {
			for _, s := range []genotype.Set{c.Het, c.Hom, c.Missing, c.Haploid, c.Other} {
				if !s.Fits(n) || s.Bits == nil && !ascend(s.IDs) {
					return fmt.Errorf("site %d has a set that is none", sites)
				}
			}
			for _, h := range c.Halves {
				if uint64(h.Sample) >= uint64(n) {
					return fmt.Errorf("site %d has half a call of nobody", sites)
				}
			}
		}
	}
	return nil
}

func TestTheSeedsOfTheFuzzersAreSound(t *testing.T) {
	for _, samples := range []int{200, manySamples} {
		raw := assemble(seeds(t, samples))
		r, err := New(bytes.NewReader(raw), int64(len(raw)), checksum{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		t.Logf("%d samples, %d bytes", samples, len(raw))
		var row genotype.Row
		for i := range 10 {
			if err := r.Next(&row); err != nil {
				t.Fatalf("site %d of %d samples: %v", i, samples, err)
			}
		}
	}
}
