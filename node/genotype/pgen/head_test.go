package pgen_test

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// manyBlocks is a pgen of so many variants of three samples, kinds of 4 bits and lengths
// of one byte. Variant v has a hom of sample v%3, told in a list or by two bits.
func manyBlocks(variants int) string {
	const perBlock = 1 << 16
	blocks := (variants + perBlock - 1) / perBlock
	kinds, lengths, records := make([][]byte, blocks), make([][]byte, blocks), make([][]byte, blocks)
	for v := range variants {
		k, kind := v/perBlock, byte(0)
		body := []byte{2 << (2 * (v % 3))}
		if v%7 == 6 {
			kind, body = 5, nil
		}
		if v%2 == 0 {
			kinds[k] = append(kinds[k], kind)
		} else {
			kinds[k][len(kinds[k])-1] |= kind << 4
		}
		lengths[k], records[k] = append(lengths[k], byte(len(body))), append(records[k], body...)
	}
	b := append([]byte("\x6c\x1b\x10"), counts(variants, 3, 0x40)...)
	at := len(b) + 8*blocks
	for k := range blocks {
		at += len(kinds[k]) + len(lengths[k])
	}
	for k := range blocks {
		b = binary.LittleEndian.AppendUint64(b, uint64(at))
		at += len(records[k])
	}
	for k := range blocks {
		b = append(append(b, kinds[k]...), lengths[k]...)
	}
	for k := range blocks {
		b = append(b, records[k]...)
	}
	return string(b)
}

func readWithHead(s set, head string) (rows []string, err error) {
	cfg := pgen.Config{Pgen: strings.NewReader(s.pgen), Pvar: strings.NewReader(s.pvar), Psam: strings.NewReader(s.psam)}
	if head != "" {
		cfg.Head = strings.NewReader(head)
	}
	if s.pgi != "" {
		cfg.Pgi = strings.NewReader(s.pgi)
	}
	r, err := pgen.New(cfg)
	if err != nil {
		return nil, err
	}
	var row genotype.Row
	for {
		switch err := r.Next(&row); {
		case err == io.EOF:
			return rows, nil
		case err != nil:
			return rows, err
		}
		row.Expand(3)
		rows = append(rows, show(&row))
	}
}

func TestAnIndexIsReadAgainBlockByBlock(t *testing.T) {
	const variants = 1<<17 + 9
	s := set{pgen: manyBlocks(variants), pvar: "#CHROM POS REF ALT\n" + strings.Repeat("1 7 A <X>\n", variants), psam: names(3)}
	want, err := readWithHead(s, "")
	if err != nil || len(want) != variants || want[7] == want[8] || want[6] == want[7] {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	got, err := readWithHead(s, s.pgen)
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("%d rows, %v", len(got), err)
	}
	// Of the second block the last variant's length, and then all of it.
	last := 3 + 9 + 3*8 + 2*(1<<15+1<<16) - 1
	for name, c := range map[string]struct {
		head string
		want error
		rows int
	}{
		"it changed": {s.pgen[:last] + "\x00" + s.pgen[last+1:], pgen.ErrHeader, 1 << 16},
		"it is cut":  {s.pgen[:last], pgen.ErrTruncated, 1 << 16},
	} {
		if got, err := readWithHead(s, c.head); !errors.Is(err, c.want) || len(got) != c.rows {
			t.Errorf("%s: %d rows, %v", name, len(got), err)
		}
	}
	if _, err := readWithHead(s, "hello"); !errors.Is(err, pgen.ErrTruncated) {
		t.Errorf("a head of five bytes: %v", err)
	}
}

func TestAnIndexApartIsReadAgain(t *testing.T) {
	whole := manyBlocks(9)
	at := 3 + 9 + 8 + 5 + 9
	s := set{
		pgen: "\x6c\x1b\x20" + whole[at:],
		pgi:  "\x6c\x1b\x30" + whole[3:12] + "\x03\x00\x00\x00\x00\x00\x00\x00" + whole[20:at],
		pvar: "#CHROM POS REF ALT\n" + strings.Repeat("1 7 A <X>\n", 9), psam: names(3),
	}
	want, err := readWithHead(s, "")
	if err != nil || len(want) != 9 {
		t.Fatalf("%d rows, %v", len(want), err)
	}
	if got, err := readWithHead(s, s.pgi); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// However many variants there are, an index that is read again takes the memory of one
// block, and some bytes for each.
func TestAnIndexThatIsReadAgainTakesLittleMemory(t *testing.T) {
	const variants = 3 << 20
	file := manyBlocks(variants)
	took := func(head string) uint64 {
		cfg := pgen.Config{Pgen: strings.NewReader(file), Pvar: strings.NewReader(places("C")), Psam: strings.NewReader(names(3))}
		if head != "" {
			cfg.Head = strings.NewReader(head)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := pgen.New(cfg); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if whole, again := took(""), took(file); whole < variants || again > 2<<20 {
		t.Errorf("%d bytes, and %d where it is read again", whole, again)
	}
}
