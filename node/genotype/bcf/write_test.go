package bcf_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// text is a VCF of the samples A to D with these lines, whose blanks become tabs.
func text(lines ...string) string {
	return headText + strings.ReplaceAll(strings.Join(lines, "\n"), " ", "\t") + "\n"
}

const headText = "##fileformat=VCFv4.2\n" +
	"##FILTER=<ID=q10,Description=\"low, \\\"very, ID=x\">\n" +
	"##INFO=<ID=DP,Number=1,Type=Integer,Description=\"depth\">\n" +
	"##FORMAT=<ID=GT,Number=1,Type=String,Description=\"genotype\">\n" +
	"##FORMAT=<ID=DP,Number=1,Type=Integer,Description=\"depth\">\n" +
	"##FORMAT=<ID=AD,Number=R,Type=Integer,Description=\"depths\">\n" +
	"##FORMAT=<ID=DS,Number=A,Type=Float,Description=\"dosage\">\n" +
	"##FORMAT=<ID=GP,Number=G,Type=Float,Description=\"probabilities\">\n" +
	"##INFO=<ID=END,Number=1,Type=Integer,Description=\"end\">\n" +
	"##FORMAT=<ID=GQ,Number=1,Type=Integer,Description=\"quality\">\n" +
	"##FORMAT=<ID=RGQ,Number=1,Type=Integer,Description=\"quality of REF\">\n" +
	"##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description=\"least depth\">\n" +
	"##contig=<ID=1,length=248956422>\n##contig=<ID=2>\n##contig=<ID=X>\n##contig=<ID=GL000225.1>\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n" +
	"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\tD\n"

// The numbers that headText gives.
var (
	stringNumbers = []string{"PASS", "q10", "DP", "GT", "AD", "DS", "GP", "END", "GQ", "RGQ", "MIN_DP"}
	contigNumbers = []string{"1", "2", "X", "GL000225.1", "chr1", "chr2"}
)

// way is how a file is written.
type way struct {
	minor byte // 2 unless it is 1
	size  int  // bytes of an allele, 1 unless it is set
	plain bool // not in BGZF
}

// record is one, before it is made into bytes.
type record struct {
	contig, pos    int32
	info, alleles  uint16
	samples        uint32
	fields         byte
	shared, indiv  []byte  // behind the fixed part
	lShared, lIndv *uint32 // what is told instead of the truth
}

func (r record) bytes() []byte {
	le := binary.LittleEndian
	lShared, lIndv := uint32(24+len(r.shared)), uint32(len(r.indiv))
	if r.lShared != nil {
		lShared = *r.lShared
	}
	if r.lIndv != nil {
		lIndv = *r.lIndv
	}
	b := le.AppendUint32(le.AppendUint32(nil, lShared), lIndv)
	b = le.AppendUint32(le.AppendUint32(b, uint32(r.contig)), uint32(r.pos))
	b = le.AppendUint32(le.AppendUint32(b, 1), 0x7f800001)
	b = le.AppendUint16(le.AppendUint16(b, r.info), r.alleles)
	b = le.AppendUint32(b, r.samples|uint32(r.fields)<<24)
	return append(append(b, r.shared...), r.indiv...)
}

// kind is a type byte, and a length that does not fit into it.
func kind(n int, k byte) []byte {
	switch {
	case n < 15:
		return []byte{byte(n)<<4 | k}
	case n < 128:
		return []byte{15<<4 | k, 0x11, byte(n)}
	}
	return binary.LittleEndian.AppendUint32([]byte{15<<4 | k, 0x13}, uint32(n))
}

func str(s string) []byte { return append(kind(len(s), 7), s...) }

func integers(size int, values ...int32) (b []byte) {
	for _, v := range values {
		switch size {
		case 1:
			b = append(b, byte(v))
		case 2:
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		default:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	}
	return b
}

// intKind is the kind of integers of so many bytes.
func intKind(size int) byte { return map[int]byte{1: 1, 2: 2, 4: 3}[size] }

// encode makes a line of a VCF into a record.
func encode(t testing.TB, w way, line string) record {
	t.Helper()
	f := strings.Split(line, " ")
	pos, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r := record{
		contig: int32(slices.Index(contigNumbers, f[0])), pos: int32(pos - 1), samples: uint32(len(f) - 9),
		shared: append(str("rs"), str(f[3])...), alleles: 1,
	}
	for _, alt := range strings.Split(f[4], ",") {
		if alt != "." {
			r.shared = append(r.shared, str(alt)...)
			r.alleles++
		}
	}
	var filters []int32
	for _, name := range strings.Split(f[6], ";") {
		if name != "." {
			filters = append(filters, int32(slices.Index(stringNumbers, name)))
		}
	}
	r.shared = append(append(r.shared, kind(len(filters), 1)...), integers(1, filters...)...)
	switch entries, ok := w.info(f[7]); {
	case ok:
		r.info, r.shared = uint16(strings.Count(f[7], "=")), append(r.shared, entries...)
	case f[7] != ".":
		r.info, r.shared = 3, append(r.shared, f[7]...) // it is not read
	}
	if f[8] == "." {
		return r
	}
	for i, key := range strings.Split(f[8], ":") {
		r.fields++
		r.indiv = append(r.indiv, 0x11, byte(slices.Index(stringNumbers, key)))
		var cells []string
		for _, cell := range f[9:] {
			part := "."
			if parts := strings.Split(cell, ":"); i < len(parts) {
				part = parts[i]
			}
			cells = append(cells, part)
		}
		if key == "GT" {
			r.indiv = append(r.indiv, w.genotypes(t, cells)...)
		} else {
			r.indiv = append(r.indiv, w.others(cells)...)
		}
	}
	return r
}

// genotypes is GT of all samples, behind its key.
func (w way) genotypes(t testing.TB, cells []string) []byte {
	t.Helper()
	size, n := max(w.size, 1), 1
	filler := int32(-1<<(8*size-1)) + 1
	if w.minor == 1 {
		filler--
	}
	var all [][]int32
	for _, cell := range cells {
		var alleles []int32
		phase := int32(0)
		for _, a := range strings.FieldsFunc(strings.ReplaceAll(strings.ReplaceAll(cell, "/", " /"), "|", " |"), func(c rune) bool { return c == ' ' }) {
			switch a[0] {
			case '|':
				phase, a = 1, a[1:]
			case '/':
				phase, a = 0, a[1:]
			}
			if a == "." {
				alleles = append(alleles, phase)
				continue
			}
			k, err := strconv.Atoi(a)
			if err != nil {
				t.Fatal(err)
			}
			alleles = append(alleles, int32(k+1)<<1|phase)
		}
		all, n = append(all, alleles), max(n, len(alleles))
	}
	b := kind(n, intKind(size))
	for _, alleles := range all {
		for len(alleles) < n {
			alleles = append(alleles, filler)
		}
		b = append(b, integers(size, alleles...)...)
	}
	return b
}

// info is entries of whole numbers; not ok if there are others.
func (w way) info(text string) (b []byte, ok bool) {
	for entry := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(entry, "=")
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return nil, false
		}
		size := 4
		if n < 128 {
			size = max(w.size, 1)
		}
		b = append(b, 0x11, byte(slices.Index(stringNumbers, name)), 1<<4|intKind(size))
		b = append(b, integers(size, int32(n))...)
	}
	return b, true
}

// others is another field of all samples: whole numbers, or else strings, filled up
// with zeros.
func (w way) others(cells []string) []byte {
	size := max(w.size, 1)
	b := kind(1, intKind(size))
	for i, c := range cells {
		n, err := strconv.ParseInt(c, 10, 8)
		if c == "." {
			n, err = -1<<(8*size-1), nil
		}
		if err != nil {
			break
		}
		if b = append(b, integers(size, int32(n))...); i == len(cells)-1 {
			return b
		}
	}
	n := 0
	for _, c := range cells {
		n = max(n, len(c))
	}
	b = kind(n, 7)
	for _, c := range cells {
		b = append(append(b, c...), make([]byte, n-len(c))...)
	}
	return b
}

// write makes a file of a header's text and records.
func (w way) write(t testing.TB, head string, records ...[]byte) []byte {
	t.Helper()
	minor := w.minor
	if minor == 0 {
		minor = 2
	}
	b := binary.LittleEndian.AppendUint32(append([]byte("BCF\x02"), minor), uint32(len(head)+1))
	b = append(append(b, head...), 0)
	for _, r := range records {
		b = append(b, r...)
	}
	if w.plain {
		return b
	}
	var packed bytes.Buffer
	z := bgzf.NewWriter(&packed)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// file is the lines of a VCF as a BCF.
func (w way) file(t testing.TB, lines ...string) []byte {
	t.Helper()
	var records [][]byte
	for _, l := range lines {
		records = append(records, encode(t, w, l).bytes())
	}
	return w.write(t, headText, records...)
}

// ways are all in which a file comes.
func ways() map[string]way {
	return map[string]way{
		"BCF 2.2": {}, "BCF 2.1": {minor: 1}, "unpacked": {plain: true},
		"GT of 2 bytes": {size: 2}, "GT of 4 bytes": {size: 4}, "BCF 2.1 with GT of 4 bytes": {minor: 1, size: 4},
	}
}

// number is a length that is told.
func number(n uint32) *uint32 { return &n }

// numbered gives the header's entries other numbers than their places.
func numbered() (head string) {
	for line := range strings.Lines(headText) {
		for i, name := range stringNumbers {
			if strings.Contains(line, "<ID="+name+",") {
				line = strings.Replace(line, "<ID="+name+",", fmt.Sprintf("<ID=%s,IDX=%d,", name, 14-i), 1)
			}
		}
		for i, name := range contigNumbers {
			line = strings.Replace(line, "##contig=<ID="+name+">", fmt.Sprintf("##contig=<IDX=%d,ID=%s>", 40-i, name), 1)
		}
		head += line
	}
	return head
}
