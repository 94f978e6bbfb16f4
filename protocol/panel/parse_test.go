package panel_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/protocol/panel"
)

func TestParseRefusesDamage(t *testing.T) {
	want := newPanel(t, random(5, 80))
	file := write(t, want)
	for i := range file {
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x10
		p, err := panel.Parse(bytes.NewReader(damaged))
		// A changed head gives another name; some bits of a compressed block say nothing.
		if err == nil && p.Digest() == want.Digest() && !slices.Equal(all(p), all(want)) {
			t.Errorf("a flipped bit in byte %d of %d gives other variants under the same name", i, len(file))
		}
		if err != nil && !errors.Is(err, panel.ErrDamaged) {
			t.Errorf("a flipped bit in byte %d: %v, want ErrDamaged", i, err)
		}
	}
	for n := range file {
		if _, err := panel.Parse(bytes.NewReader(file[:n])); !errors.Is(err, panel.ErrDamaged) {
			t.Errorf("%d of %d bytes: %v, want ErrDamaged", n, len(file), err)
		}
	}
	if _, err := panel.Parse(bytes.NewReader(append(bytes.Clone(file), 0))); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("a byte after the end: %v, want ErrDamaged", err)
	}
	broken := errors.New("cable pulled")
	if _, err := panel.Parse(io.MultiReader(bytes.NewReader(file[:len(file)-9]), iotest.ErrReader(broken))); !errors.Is(err, broken) || errors.Is(err, panel.ErrDamaged) {
		t.Errorf("a reader that fails: %v, want its own error alone", err)
	}
	if _, err := panel.Parse(iotest.OneByteReader(bytes.NewReader(file))); err != nil {
		t.Errorf("byte by byte: %v", err)
	}
}

// forge makes a file whose digests fit whatever its head and its one block say. The block
// is cut into its columns as a reader of honest files would: after the positions of n variants, their
// codes, and two lengths for each that has code 12; cut short, what is there.
func forge(head, plain []byte) []byte {
	rest, n := plain, 0
	if len(head) > 0 && 1+int(head[0]) < len(head) {
		said, _ := binary.Uvarint(head[1+head[0]:])
		n = int(min(said, 1<<16))
	}
	cut := func(size int) []byte {
		size = min(size, len(rest))
		column := rest[:size]
		rest = rest[size:]
		return column
	}
	varints := func(n int) (size int) {
		for ; n > 0 && size < len(rest); size++ {
			if rest[size] < 0x80 {
				n--
			}
		}
		return size
	}
	var columns [4][]byte
	columns[0] = cut(varints(n))
	columns[1] = cut((n + 1) / 2)
	others := 0
	for i := range 2 * len(columns[1]) {
		if columns[1][i/2]>>(i%2*4)&15 == 12 {
			others++
		}
	}
	columns[2] = cut(varints(2 * others))
	columns[3] = rest
	return forgeColumns(head, columns)
}

func forgeColumns(head []byte, columns [4][]byte) []byte {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	defer packer.Close()
	leaf := sha256.Sum256(slices.Concat([]byte{0}, columns[0], columns[1], columns[2], columns[3]))
	b := binary.LittleEndian.AppendUint32([]byte("LOCUSPN2"), uint32(len(head)))
	b = append(append(b, head...), leaf[:]...)
	var packed []byte
	for _, c := range columns {
		frame := packer.EncodeAll(c, nil)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(c)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		packed = append(packed, frame...)
	}
	return append(b, packed...)
}

// oneContig is the head of n variants of contig 1.
func oneContig(n byte) []byte { return []byte{3, 'h', 'g', '9', n, 1, 1, '1', n} }

func TestParseNamesAnotherVersion(t *testing.T) {
	file := write(t, newPanel(t, small()))
	file[7] = '1'
	if _, err := panel.Parse(bytes.NewReader(file)); !panel.IsPanel(file) || !errors.Is(err, panel.ErrDamaged) || !strings.Contains(err.Error(), "build it again") {
		t.Errorf("a panel of version 1: %v", err)
	}
}

func TestParseTakesOneEncodingOnly(t *testing.T) {
	good := []struct {
		name        string
		head, plain []byte
	}{
		{"one variant", oneContig(1), []byte{5, 0}},
		{"two at one position", oneContig(2), []byte{5, 0, 0x10}},
		{"an insertion", oneContig(1), []byte{5, 12, 1, 2, 'A', 'A', 'C'}},
	}
	for _, tt := range good {
		if _, err := panel.Parse(bytes.NewReader(forge(tt.head, tt.plain))); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for name, tt := range map[string]struct{ head, plain []byte }{
		"a position in two bytes where one does": {oneContig(1), []byte{0x85, 0, 0}},
		"position 0":                             {oneContig(1), []byte{0, 0}},
		"a position over the bound":              {oneContig(1), []byte{0x80, 0x80, 0x80, 0x80, 8, 0}},
		"positions that add up to too much":      {oneContig(2), []byte{0xff, 0xff, 0xff, 0xff, 7, 1, 0}},
		"a code of no allele":                    {oneContig(1), []byte{5, 13}},
		"bits in the unused half of a code":      {oneContig(1), []byte{5, 0x10}},
		"a variant twice":                        {oneContig(2), []byte{5, 0, 0x00}},
		"ALT before ALT":                         {oneContig(2), []byte{5, 0, 0x01}},
		"a single base in the heap":              {oneContig(1), []byte{5, 12, 1, 1, 'A', 'C'}},
		"an untrimmed allele":                    {oneContig(1), []byte{5, 12, 2, 2, 'A', 'C', 'A', 'G'}},
		"an allele in lower case":                {oneContig(1), []byte{5, 12, 1, 2, 'a', 'A', 'C'}},
		"an allele without bases":                {oneContig(1), []byte{5, 12, 0, 2, 'A', 'C'}},
		"bases that are missing":                 {oneContig(1), []byte{5, 12, 1, 2, 'A', 'A'}},
		"bytes after the columns":                {oneContig(1), []byte{5, 0, 0}},
		"a column that is missing":               {oneContig(1), []byte{5}},
		"no variants":                            {[]byte{3, 'h', 'g', '9', 0, 0}, nil},
		"a contig without variants":              {[]byte{3, 'h', 'g', '9', 1, 2, 1, '1', 0, 1, '2', 1}, []byte{5, 0}},
		"contigs that hold too few":              {[]byte{3, 'h', 'g', '9', 2, 1, 1, '1', 1}, []byte{5, 0}},
		"contigs that hold too many":             {[]byte{3, 'h', 'g', '9', 1, 1, 1, '1', 2}, []byte{5, 5, 0}},
		"contigs out of order":                   {[]byte{3, 'h', 'g', '9', 2, 2, 1, '2', 1, 1, '1', 1}, []byte{5, 5, 0}},
		"contigs named in two ways":              {[]byte{3, 'h', 'g', '9', 2, 2, 1, '1', 1, 4, 'c', 'h', 'r', '2', 1}, []byte{5, 5, 0}},
		"no assembly":                            {[]byte{0, 1, 1, 1, '1', 1}, []byte{5, 0}},
		"bytes after the head":                   {append(oneContig(1), 0), []byte{5, 0}},
		"more variants than a panel may have":    {[]byte{3, 'h', 'g', '9', 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 1, '1', 1}, []byte{5, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := panel.Parse(bytes.NewReader(forge(tt.head, tt.plain))); !errors.Is(err, panel.ErrDamaged) {
				t.Errorf("Parse: %v, want ErrDamaged", err)
			}
		})
	}
}

func TestParseDoesNotBelieveALength(t *testing.T) {
	bomb := forgeColumns(oneContig(1), [4][]byte{make([]byte, 64<<20)})
	if _, err := panel.Parse(bytes.NewReader(bomb)); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("64 MiB of zeros: %v, want ErrDamaged", err)
	}
	binary.LittleEndian.PutUint32(bomb[12+len(oneContig(1))+32:], 2) // and the directory says 2 bytes
	if _, err := panel.Parse(bytes.NewReader(bomb)); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("64 MiB of zeros that say they are two bytes: %v, want ErrDamaged", err)
	}
	huge := binary.LittleEndian.AppendUint32([]byte("LOCUSPN2"), 1<<31)
	if _, err := panel.Parse(bytes.NewReader(huge)); !errors.Is(err, panel.ErrDamaged) {
		t.Errorf("a head of 2 GiB: %v, want ErrDamaged", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(oneContig(1), []byte{5, 0})
	f.Add(oneContig(2), []byte{5, 0, 0x10})
	f.Add(oneContig(1), []byte{5, 12, 1, 2, 'A', 'A', 'C'})
	f.Add([]byte{3, 'h', 'g', '9', 2, 2, 1, '1', 1, 1, 'X', 1}, []byte{5, 5, 0})
	f.Fuzz(func(t *testing.T, head, plain []byte) {
		file := forge(head, plain)
		p, err := panel.Parse(bytes.NewReader(file))
		if err != nil {
			if !errors.Is(err, panel.ErrDamaged) {
				t.Errorf("%v, want ErrDamaged", err)
			}
			return
		}
		again, err := panel.New(p.Assembly(), all(p))
		if err != nil || again.Digest() != p.Digest() {
			t.Errorf("what was parsed makes another panel: %v", err)
		}
	})
}

func FuzzParseFile(f *testing.F) {
	p, err := panel.New("GRCh38", small())
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("LOCUSPN2"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := panel.Parse(bytes.NewReader(file))
		if err == nil && p.Len() == 0 {
			t.Error("a panel without variants")
		}
		if err != nil && !errors.Is(err, panel.ErrDamaged) {
			t.Errorf("%v, want ErrDamaged", err)
		}
	})
}
