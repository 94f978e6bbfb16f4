package bgen_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
)

var le = binary.LittleEndian

// variant is one of a file that a test makes.
type variant struct {
	contig  string
	pos     uint32
	alleles []string
	block   []byte // as it is when unpacked
}

// site is a variant of two alleles on contig 1.
func site(pos uint32, block []byte) variant {
	return variant{contig: "1", pos: pos, alleles: []string{"A", "C"}, block: block}
}

// file is a BGEN that a test makes.
type file struct {
	layout, packing uint32
	samples         int
	names           []string // none where nil
	free            string   // behind the fixed part of the header
	gap             string   // before the first variant
	variants        []variant
}

func (f file) bytes(t testing.TB) []byte {
	t.Helper()
	var ids []byte
	for _, n := range f.names {
		ids = append(le.AppendUint16(ids, uint16(len(n))), n...)
	}
	flags, room := f.packing|f.layout<<2, 0
	if f.names != nil {
		flags |= 1 << 31
		room = 8 + len(ids)
	}
	head := 20 + len(f.free)
	b := le.AppendUint32(nil, uint32(head+room+len(f.gap)))
	b = le.AppendUint32(b, uint32(head))
	b = le.AppendUint32(b, uint32(len(f.variants)))
	b = le.AppendUint32(b, uint32(f.samples))
	b = append(b, "bgen"+f.free...)
	b = le.AppendUint32(b, flags)
	if f.names != nil {
		b = le.AppendUint32(b, uint32(room))
		b = le.AppendUint32(b, uint32(len(f.names)))
		b = append(b, ids...)
	}
	b = append(b, f.gap...)
	for _, v := range f.variants {
		b = append(b, f.variant(t, v)...)
	}
	return b
}

func (f file) variant(t testing.TB, v variant) (b []byte) {
	t.Helper()
	if f.layout == 1 {
		b = le.AppendUint32(b, uint32(f.samples))
	}
	for _, text := range []string{"id", "rs1", v.contig} {
		b = append(le.AppendUint16(b, uint16(len(text))), text...)
	}
	b = le.AppendUint32(b, v.pos)
	if f.layout > 1 {
		b = le.AppendUint16(b, uint16(len(v.alleles)))
	}
	for _, a := range v.alleles {
		b = append(le.AppendUint32(b, uint32(len(a))), a...)
	}
	packed := f.pack(t, v.block)
	switch {
	case f.layout == 1 && f.packing == 0:
	case f.layout == 1 || f.packing == 0:
		b = le.AppendUint32(b, uint32(len(packed)))
	default:
		b = le.AppendUint32(b, uint32(4+len(packed)))
		b = le.AppendUint32(b, uint32(len(v.block)))
	}
	return append(b, packed...)
}

func (f file) pack(t testing.TB, block []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	switch f.packing {
	case 0:
		return block
	case 1:
		z := zlib.NewWriter(&b)
		if _, err := z.Write(block); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(block, nil)
}

// who is a sample in a block of layout 2: its ploidy, and its numbers.
type who struct {
	ploidy byte // with 0x80 for missing
	p      []uint64
}

func two(p ...uint64) who  { return who{2, p} }
func one(p ...uint64) who  { return who{1, p} }
func lost(p ...uint64) who { return who{0x82, p} }

// block2 is a block of layout 2.
func block2(alleles int, phased byte, width int, samples ...who) []byte {
	b := le.AppendUint32(nil, uint32(len(samples)))
	b = le.AppendUint16(b, uint16(alleles))
	low, high := byte(63), byte(0)
	for _, s := range samples {
		low, high = min(low, s.ploidy&63), max(high, s.ploidy&63)
	}
	b = append(b, low, high)
	for _, s := range samples {
		b = append(b, s.ploidy)
	}
	b = append(b, phased, byte(width))
	var bits []byte
	at := 0
	for _, s := range samples {
		for _, p := range s.p {
			for i := range width {
				if at%8 == 0 {
					bits = append(bits, 0)
				}
				bits[at/8] |= byte(p>>i&1) << (at % 8)
				at++
			}
		}
	}
	return append(b, bits...)
}

// block1 is a block of layout 1.
func block1(p ...uint16) (b []byte) {
	for _, x := range p {
		b = le.AppendUint16(b, x)
	}
	return b
}

// names are those of so many samples.
func names(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("s%d", i+1))
	}
	return all
}

func read(cfg bgen.Config) (rows []string, err error) {
	r, err := bgen.New(cfg)
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
		coded := row.Coded
		row.Expand(len(r.Samples()))
		rows = append(rows, show(&row, coded))
	}
}

// show writes a site, and of each call its alleles: "-" for one that is absent.
func show(row *genotype.Row, coded bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d %s>%s", row.Contig, row.Pos, row.Ref, strings.Join(row.Alts, ","))
	if !coded {
		b.WriteString(" as written")
	}
	for _, c := range row.Calls {
		x, y := c.Alleles()
		if y < x && y != genotype.Absent {
			x, y = y, x
		}
		b.WriteString(" " + letter(x) + letter(y))
	}
	return b.String()
}

func letter(a genotype.Allele) string {
	switch a {
	case genotype.Missing:
		return "."
	case genotype.Absent:
		return "-"
	}
	return fmt.Sprint(a - genotype.Reference)
}

const most = 900_000

func TestProbabilitiesBecomeCalls(t *testing.T) {
	const all32 = 1<<32 - 1
	three := []string{"A", "C", "G"}
	for _, c := range []struct {
		name    string
		from    bgen.Threshold
		alleles []string
		block   []byte
		want    string
	}{
		{"certain ones", most, nil, block2(2, 0, 8, two(255, 0), two(0, 255), two(0, 0)), "00 01 11"},
		{"just above and just below the threshold", most, nil, block2(2, 0, 8, two(230, 0), two(229, 26), two(26, 229), two(0, 230), two(0, 25), two(0, 26)), "00 .. .. 01 11 .."},
		{"the threshold itself", 800_000, nil, block2(2, 0, 8, two(204, 51), two(203, 52), two(51, 204), two(0, 51)), "00 .. 01 11"},
		{"the least threshold", 500_001, nil, block2(2, 0, 8, two(128, 127), two(127, 128), two(127, 0), two(100, 100)), "00 01 11 .."},
		{"the threshold of 1", 1_000_000, nil, block2(2, 0, 8, two(255, 0), two(254, 0), two(0, 254), two(0, 0), two(0, 1)), "00 .. .. 11 .."},
		{"missing ones, whatever they say", most, nil, block2(2, 0, 8, lost(255, 0), lost(255, 255), two(255, 0)), ".. .. 00"},
		{"one bit", most, nil, block2(2, 0, 1, two(1, 0), two(0, 1), two(0, 0)), "00 01 11"},
		{"three bits, which end within bytes", most, nil, block2(2, 0, 3, two(7, 0), two(0, 7), two(0, 0), two(6, 1), two(7, 0)), "00 01 11 .. 00"},
		{"16 bits", most, nil, block2(2, 0, 16, two(58982, 0), two(58981, 0), two(0, 65535), two(0, 6553), two(0, 6554)), "00 .. 01 11 .."},
		{"31 bits", most, nil, block2(2, 0, 31, two(1932735283, 0), two(1932735282, 0), two(0, 1<<31-1), two(0, 0)), "00 .. 01 11"},
		{"32 bits", most, nil, block2(2, 0, 32, two(3865470566, 0), two(3865470565, 0), two(0, all32), two(0, 0)), "00 .. 01 11"},
		{"haploid ones are as written", most, nil, block2(2, 0, 8, one(255), one(0), one(230), one(229), one(25), who{0x81, []uint64{255}}), "as written 0- 1- 0- .- 1- .-"},
		{"men and women on X", most, nil, block2(2, 0, 8, one(255), two(0, 255), one(0), lost(0, 0), two(0, 0)), "as written 0- 01 1- .. 11"},
		{"men and women on Y", most, nil, block2(2, 0, 8, one(255), who{0, nil}, one(0), who{0x80, nil}), "as written 0- .- 1- .-"},
		{"phased ones", most, nil, block2(2, 1, 8, two(255, 255), two(255, 0), two(0, 255), two(0, 0), lost(0, 0)), "00 01 01 11 .."},
		{"phased ones whose product counts", most, nil, block2(2, 1, 8, two(242, 242), two(241, 242), two(242, 13), two(242, 14), two(13, 13)), "00 .. 01 .. 11"},
		{"a heterozygote of whom it is not known which chromosome is which", most, nil, block2(2, 1, 8, two(128, 128)), ".."},
		{"phased haploid ones", most, nil, block2(2, 1, 8, one(255), one(0), one(128)), "as written 0- 1- .-"},
		{"phased ones of 32 bits", 1_000_000, nil, block2(2, 1, 32, two(all32, all32), two(all32-1, all32), two(0, all32), two(0, 0)), "00 .. 01 11"},
		{"three alleles", most, three, block2(3, 0, 8, two(255, 0, 0, 0, 0), two(0, 255, 0, 0, 0), two(0, 0, 255, 0, 0), two(0, 0, 0, 255, 0), two(0, 0, 0, 0, 255), two(0, 0, 0, 0, 0), two(20, 20, 0, 0, 0), lost(9, 9, 9, 9, 9)), "00 01 11 02 12 22 .. .."},
		{"three alleles, haploid ones", most, three, block2(3, 0, 8, one(255, 0), one(0, 255), one(0, 0), one(20, 20), two(0, 0, 0, 0, 255)), "as written 0- 1- 2- .- 12"},
		{"three alleles, phased ones", most, three, block2(3, 1, 8, two(255, 0, 255, 0), two(0, 0, 0, 255), two(0, 255, 255, 0), two(0, 0, 0, 0), two(128, 127, 127, 128)), "00 12 01 22 .."},
		{"three alleles, phased ones that are nearly even", 510_000, three, block2(3, 1, 8, two(190, 65, 60, 190), two(140, 115, 140, 115), two(128, 127, 128, 127)), "01 .. .."},
		{"one allele", most, []string{"A"}, block2(1, 0, 8, two(), one(), lost()), "as written 00 0- .."},
		{"one allele, phased ones", most, []string{"A"}, block2(1, 1, 8, two(), two(), lost()), "00 00 .."},
	} {
		t.Run(c.name, func(t *testing.T) {
			alleles := c.alleles
			if alleles == nil {
				alleles = []string{"A", "C"}
			}
			n := int(le.Uint32(c.block))
			want := fmt.Sprintf("1:7 A>%s %s", strings.Join(alleles[1:], ","), c.want)
			for packing := range uint32(3) {
				f := file{layout: 2, packing: packing, samples: n, names: names(n), variants: []variant{{"1", 7, alleles, c.block}}}
				rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: c.from}})
				if d := cmp.Diff([]string{want}, rows); d != "" || err != nil {
					t.Errorf("packing %d: %v (-want +got):\n%s", packing, err, d)
				}
			}
		})
	}
}

func TestLayout1HasThreeProbabilities(t *testing.T) {
	block := block1(32768, 0, 0, 0, 32768, 0, 0, 0, 32768, 0, 0, 0, 29492, 3276, 0, 29491, 3277, 0, 0, 0, 29492, 32768, 40, 9)
	for packing := range uint32(2) {
		f := file{layout: 1, packing: packing, samples: 8, names: names(8), variants: []variant{site(7, block)}}
		rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}})
		if d := cmp.Diff([]string{"1:7 A>C 00 01 11 .. 00 .. 11 00"}, rows); d != "" || err != nil {
			t.Errorf("packing %d: %v (-want +got):\n%s", packing, err, d)
		}
	}
}

func TestManySamplesAreInTheirPlaces(t *testing.T) {
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 65, 128, 200} {
		for _, width := range []int{5, 8} {
			all := uint64(1)<<width - 1
			var (
				samples []who
				want    strings.Builder
			)
			for i := range n {
				k := i * i % 7 % 4
				samples = append(samples, []who{two(all, 0), two(0, all), two(0, 0), lost(0, 0)}[k])
				want.WriteString(" " + []string{"00", "01", "11", ".."}[k])
			}
			f := file{layout: 2, packing: 1, samples: n, names: names(n), variants: []variant{site(7, block2(2, 0, width, samples...))}}
			rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}})
			if d := cmp.Diff([]string{"1:7 A>C" + want.String()}, rows); d != "" || err != nil {
				t.Errorf("%d samples, %d bits: %v (-want +got):\n%s", n, width, err, d)
			}
		}
	}
}

func TestTheLastAlleleIsREFIfItIsAskedFor(t *testing.T) {
	f := file{layout: 2, samples: 4, names: names(4), variants: []variant{
		site(7, block2(2, 0, 8, two(255, 0), two(0, 255), two(0, 0), lost(0, 0))),
		site(8, block2(2, 0, 8, one(255), two(0, 255), one(0), who{0x81, []uint64{0}})),
		{"1", 9, []string{"A", "C", "G"}, block2(3, 0, 8, two(255, 0, 0, 0, 0), two(0, 0, 0, 255, 0), two(0, 0, 0, 0, 0), two(0, 255, 0, 0, 0))},
	}}
	rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most, RefLast: true}})
	want := []string{"1:7 C>A 11 01 00 ..", "1:8 C>A as written 1- 01 0- .-", "1:9 G>A,C 11 01 00 12"}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestSitesAreReadAsTheyAreMeant(t *testing.T) {
	ref := block2(2, 0, 8, two(255, 0))
	f := file{layout: 2, packing: 1, samples: 1, names: names(1), free: "free", gap: "gap", variants: []variant{
		{"00", 5, []string{"A", "C"}, ref},
		{"0", 5, []string{"A", "C"}, ref},
		{"01", 0, []string{"A", "C"}, ref},
		{"01", 5, []string{"a", "c"}, ref},
		{"1", 6, []string{"A", "."}, ref},
		{"22", 7, []string{"acgt", "<DEL>"}, ref},
		{"0X", 7, []string{"A", "*"}, ref},
		{"XY", 7, []string{"A", "C"}, ref},
		{"26", 7, []string{"A", strings.Repeat("AC", 300_000)}, ref},
	}}
	rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}})
	want := []string{"1:5 A>C 00", "1:6 A> 00", "22:7 ACGT><DEL> 00", "X:7 A>* 00", "X:7 A>C 00", "MT:7 A>" + strings.Repeat("AC", 300_000) + " 00"}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestAContigIsGivenToThoseThatHaveNone(t *testing.T) {
	ref := block2(2, 0, 8, two(255, 0))
	f := file{layout: 2, samples: 1, names: names(1), variants: []variant{{"", 5, []string{"A", "C"}, ref}, {"NA", 6, []string{"A", "C"}, ref}}}
	rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most, Contig: "chr7"}})
	if d := cmp.Diff([]string{"chr7:5 A>C 00", "chr7:6 A>C 00"}, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestCallsThatNobodyAskedForAreNotRead(t *testing.T) {
	f := file{layout: 2, packing: 1, samples: 1, names: names(1), variants: []variant{
		site(5, block2(2, 0, 8, two(255, 255))), site(6, block2(2, 0, 8, two(255, 0))),
	}}
	rows, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Covers: func(s *genotype.Site) bool { return s.Pos == 6 }, Calling: bgen.Calling{Threshold: most}})
	if d := cmp.Diff([]string{"1:5 A>C", "1:6 A>C 00"}, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
