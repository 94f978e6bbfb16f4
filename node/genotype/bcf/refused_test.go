package bcf_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
)

const good = "1 10 . A C . PASS . GT 0/0 0/1 1/1 ./."

func TestLinesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		lines  []string
		want   error
		record int
		sample int
	}{
		{"more ALTs than anyone calls", []string{"1 10 . A " + strings.Repeat("<X>,", genotype.MaxAlts) + "C . PASS . GT 0 0 0 0"}, bcf.ErrRecord, 1, 0},
		{"an allele over the number of ALTs", []string{"1 10 . A C . PASS . GT 0/0 0/2 0/0 0/0"}, bcf.ErrGenotype, 1, 2},
		{"the same in the last sample", []string{"1 10 . A C . PASS . GT 0/0 0/0 0/0 2"}, bcf.ErrGenotype, 1, 4},
		{"any allele where ALT is not given", []string{good, "1 11 . A . . PASS . GT 0/0 0/1 0/0 0/0"}, bcf.ErrGenotype, 2, 2},
		{"three chromosomes, and one that ALT does not list", []string{"1 10 . A C . PASS . GT 0/0/2 0/1 0/0 1/1"}, bcf.ErrGenotype, 1, 1},
		{"a block that ends before it begins", []string{"1 10 . A <NON_REF> . PASS END=9 GT 0/0 0/1 0/0 1|1"}, bcf.ErrRecord, 1, 0},
		{"a block with a negative end", []string{"1 10 . A <NON_REF> . PASS END=-1 GT 0/0 0/1 0/0 1|1"}, bcf.ErrRecord, 1, 0},
		{"a block whose INFO no one can read", []string{"1 10 . A . . PASS END=x GT 0/0 0/1 0/0 1|1"}, bcf.ErrRecord, 1, 0},
		{"a block with a negative GQ", []string{"1 10 . A <*> . PASS END=20 GT:GQ 0/0:9 0/0:. 0/0:-3 0/0:1"}, bcf.ErrGenotype, 1, 3},
		{"a block with a GQ that is no number", []string{"1 10 . A <*> . PASS END=20 GT:GQ 0/0:9 0/0:. 0/0:x 0/0:1"}, bcf.ErrGenotype, 1, 0},
		{"dosages alone", []string{good, "1 11 . A C . PASS . DS 0.1 1.2 1.9 0"}, bcf.ErrNoGT, 2, 0},
		{"probabilities alone", []string{"1 10 . A C . PASS . DP:GP 3:1,0,0 3:1,0,0 3:1,0,0 3:1,0,0"}, bcf.ErrNoGT, 1, 0},
		{"no genotype in all of the file", []string{"1 10 . A C . PASS . DP 3 4 5 6"}, bcf.ErrNoGT, 1, 0},
		{"positions out of order", []string{good, "1 9 . A C . PASS . GT 0 0 0 0"}, genotype.ErrOrder, 2, 0},
		{"a contig that comes back", []string{good, "2 9 . A C . PASS . GT 0 0 0 0", "1 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrOrder, 3, 0},
		{"one contig under two names", []string{good, "chr1 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrNaming, 2, 0},
		{"contigs named in two ways", []string{good, "chr2 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrNaming, 2, 0},
		{"the same variant twice", []string{good, "1 10 . A C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 2, 0},
		{"the same variant twice with another between", []string{good, "1 10 . A G . PASS . GT 0 0 0 1", "1 10 . A T,C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 3, 0},
		{"the same variant twice in small letters", []string{good, "1 10 . a c . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 2, 0},
		{"the same ALT twice in a record", []string{"1 10 . A C,C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, w := range ways() {
				_, err := readAll(w.file(t, c.lines...), bcf.Config{})
				var there *bcf.RecordError
				if !errors.Is(err, c.want) || !errors.As(err, &there) || there.Record != c.record || there.Sample != c.sample {
					t.Errorf("%s: got %v, want %v in record %d, sample %d", name, err, c.want, c.record, c.sample)
				}
			}
		})
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*record)
		want   error
		sample int
	}{
		{"a contig that the header does not list", func(r *record) { r.contig = 6 }, bcf.ErrRecord, 0},
		{"a negative contig", func(r *record) { r.contig = -1 }, bcf.ErrRecord, 0},
		{"a position before the telomere", func(r *record) { r.pos = -2 }, bcf.ErrRecord, 0},
		{"a position over all chromosomes", func(r *record) { r.pos = 1<<31 - 1 }, bcf.ErrRecord, 0},
		{"too few samples", func(r *record) { r.samples = 3 }, bcf.ErrRecord, 0},
		{"too many samples", func(r *record) { r.samples = 1<<24 - 1 }, bcf.ErrRecord, 0},
		{"no REF", func(r *record) { r.alleles = 0 }, bcf.ErrRecord, 0},
		{"more alleles than there are", func(r *record) { r.alleles = 9 }, bcf.ErrRecord, 0},
		{"fewer alleles than there are", func(r *record) { r.alleles = 1 }, bcf.ErrRecord, 0},
		{"an empty REF", func(r *record) { r.shared = append(str("rs"), 0x07, 0x17, 'C', 0x11, 0) }, bcf.ErrRecord, 0},
		{"an empty ALT", func(r *record) { r.shared = append(str("rs"), 0x17, 'A', 0x07, 0x11, 0) }, bcf.ErrRecord, 0},
		{"two ALTs in one", func(r *record) { r.shared = append(str("rs"), 0x17, 'A', 0x37, 'C', ',', 'G', 0x11, 0) }, bcf.ErrRecord, 0},
		{"a zero in an ALT", func(r *record) { r.shared = append(str("rs"), 0x17, 'A', 0x27, 'C', 0, 0x11, 0) }, bcf.ErrRecord, 0},
		{"an allele of integers", func(r *record) { r.shared = append(str("rs"), 0x17, 'A', 0x11, 'C', 0x11, 0) }, bcf.ErrRecord, 0},
		{"an ID of integers", func(r *record) { r.shared[0] = 0x21 }, bcf.ErrRecord, 0},
		{"an ID of an unknown type", func(r *record) { r.shared[0] = 0x24 }, bcf.ErrRecord, 0},
		{"an ID that leads out of the record", func(r *record) { r.shared[0] = 0xe7 }, bcf.ErrRecord, 0},
		{"an ID of two gigabytes", func(r *record) { r.shared = append([]byte{0xf7, 0x13, 255, 255, 255, 127}, r.shared...) }, bcf.ErrRecord, 0},
		{"an ID of negative length", func(r *record) { r.shared = append([]byte{0xf7, 0x11, 255}, r.shared...) }, bcf.ErrRecord, 0},
		{"a length that is a float", func(r *record) { r.shared = append([]byte{0xf7, 0x15}, r.shared...) }, bcf.ErrRecord, 0},
		{"a length that is two numbers", func(r *record) { r.shared = append([]byte{0xf7, 0x21}, r.shared...) }, bcf.ErrRecord, 0},
		{"a length that is not there", func(r *record) { r.shared = []byte{0xf7} }, bcf.ErrRecord, 0},
		{"a length that ends too early", func(r *record) { r.shared = []byte{0xf7, 0x13, 1} }, bcf.ErrRecord, 0},
		{"nothing behind the fixed part", func(r *record) { r.shared = nil }, bcf.ErrRecord, 0},
		{"no FILTER", func(r *record) { r.shared = r.shared[:len(r.shared)-2] }, bcf.ErrRecord, 0},
		{"a filter that the header does not list", func(r *record) { r.shared[len(r.shared)-1] = 11 }, bcf.ErrRecord, 0},
		{"a negative filter", func(r *record) { r.shared[len(r.shared)-1] = 0xfe }, bcf.ErrRecord, 0},
		{"a filter that is a text", func(r *record) { r.shared[len(r.shared)-2] = 0x17 }, bcf.ErrRecord, 0},
		{"a site shorter than its fixed part", func(r *record) { r.lShared = number(23) }, bcf.ErrRecord, 0},
		{"a site longer than any", func(r *record) { r.lShared = number(1<<32 - 1) }, bcf.ErrRecord, 0},
		{"a site that ends in the genotypes", func(r *record) { r.lShared = number(60) }, bcf.ErrTruncated, 0},
		{"genotypes that are shorter than they are", func(r *record) { r.lIndv = number(10) }, bcf.ErrRecord, 0},
		{"genotypes that are longer than they are", func(r *record) { r.lIndv = number(12) }, bcf.ErrRecord, 0},
		{"genotypes of four gigabytes", func(r *record) { r.lIndv = number(1<<32 - 1) }, bcf.ErrRecord, 0},
		{"no genotypes, and bytes for them", func(r *record) { r.fields = 0 }, bcf.ErrRecord, 0},
		{"more fields than there are", func(r *record) { r.fields = 2 }, bcf.ErrRecord, 0},
		{"a field that the header does not list", func(r *record) { r.indiv[1] = 11 }, bcf.ErrRecord, 0},
		{"a negative field", func(r *record) { r.indiv[1] = 0x80 }, bcf.ErrRecord, 0},
		{"a field without a key", func(r *record) { r.indiv[0] = 0x01 }, bcf.ErrRecord, 0},
		{"GT twice", func(r *record) { r.fields, r.indiv = 2, append(r.indiv, r.indiv...) }, bcf.ErrRecord, 0},
		{"GT of an unknown type", func(r *record) { r.indiv[2] = 0x26 }, bcf.ErrRecord, 0},
		{"GT as text", func(r *record) { r.indiv[2] = 0x27 }, bcf.ErrGenotype, 0},
		{"GT of two gigabytes", func(r *record) { r.indiv = append([]byte{0x11, 3, 0xf1, 0x13, 255, 255, 255, 127}, r.indiv...) }, bcf.ErrRecord, 0},
		{"an allele that is missing as numbers are", func(r *record) { r.indiv[3] = 0x80 }, bcf.ErrGenotype, 1},
		{"an allele of a reserved value", func(r *record) { r.indiv[5] = 0x82 }, bcf.ErrGenotype, 2},
		{"a negative allele", func(r *record) { r.indiv[10] = 0xff }, bcf.ErrGenotype, 4},
		{"an allele behind the end", func(r *record) { r.indiv[7] = 0x81 }, bcf.ErrGenotype, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := encode(t, way{}, "1 20 . A C . PASS . GT 0/0 0/1 1/1 ./.")
			c.damage(&r)
			first := encode(t, way{}, good).bytes()
			got, err := readAll(way{plain: true}.write(t, headText, first, r.bytes()), bcf.Config{})
			var there *bcf.RecordError
			if !errors.Is(err, c.want) || !errors.As(err, &there) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			want := bcf.RecordError{Record: 2, Offset: int64(10 + len(headText) + len(first)), Sample: c.sample}
			if there.Record != want.Record || there.Offset != want.Offset || there.Sample != want.Sample {
				t.Errorf("got %v, want record %d at byte %d, sample %d", err, want.Record, want.Offset, want.Sample)
			}
			if len(got) != 1 {
				t.Errorf("%d rows were read before it", len(got))
			}
		})
	}
}

// A cut that no BGZF tells of: the end of the file is an end only between two records.
func TestAnUnpackedFileEndsBetweenRecords(t *testing.T) {
	whole := way{plain: true}.file(t, good, "1 20 . A C . PASS . DP:GT 1:0/0 22:0/1 3:1/1 4:./.")
	start := 10 + len(headText)
	second := start + len(encode(t, way{}, good).bytes())
	for n := range whole {
		_, err := readAll(whole[:n], bcf.Config{})
		switch {
		case n < start && !errors.Is(err, bcf.ErrNotBCF):
			t.Errorf("%d bytes, within the header: got %v", n, err)
		case (n == start || n == second) && err != nil:
			t.Errorf("%d bytes, between records: got %v", n, err)
		case n > start && n != second && !errors.Is(err, bcf.ErrTruncated):
			t.Errorf("%d bytes, within a record: got %v", n, err)
		}
	}
}

func TestHeadersThatAreRefused(t *testing.T) {
	const first, last = "##fileformat=VCFv4.2\n", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"another text", "sample_id\tperson_id\tsex\n"},
		{"version 3", "##fileformat=VCFv3.3\n" + last + "\n"},
		{"no column names", first + "##source=x\n"},
		{"a line behind the column names", first + last + "\n##source=x\n"},
		{"text behind the end", first + last + "\n\x00x"},
		{"blanks between column names", first + strings.ReplaceAll(last, "\t", " ") + "\n"},
		{"samples without FORMAT", first + last + "\tA\tB\n"},
		{"FORMAT with a tail", first + last + "\tFORMATS\tA\n"},
		{"a sample twice", first + last + "\tFORMAT\tA\tB\tA\n"},
		{"a sample without a name", first + last + "\tFORMAT\tA\t\tB\n"},
		{"a last sample without a name", first + last + "\tFORMAT\tA\t\n"},
		{"a contig without fields", first + "##contig=1\n" + last},
		{"a contig without an ID", first + "##contig=<length=5>\n" + last},
		{"a contig that only its description names", first + "##contig=<length=5,Description=\"x,ID=1\">\n" + last},
		{"a number that is none", first + "##contig=<ID=1,IDX=x>\n" + last},
		{"a negative number", first + "##contig=<ID=1,IDX=-1>\n" + last},
		{"a number over all dictionaries", first + "##contig=<ID=1,IDX=2147483647>\n" + last},
		{"two contigs of one number", first + "##contig=<ID=1,IDX=3>\n##contig=<ID=2,IDX=3>\n" + last},
		{"a contig of two numbers", first + "##contig=<ID=1,IDX=3>\n##contig=<ID=1,IDX=4>\n" + last},
		{"another number for PASS", first + "##FILTER=<ID=PASS,IDX=3>\n" + last},
		{"another name for number 0", first + "##FILTER=<ID=q10,IDX=0>\n" + last},
		{"the dictionary of a draft", first + "##dictionary=PASS,GT\n" + last},
	} {
		_, err := bcf.New(bytes.NewReader(way{}.write(t, c.text)), bcf.Config{})
		var there *bcf.RecordError
		want := bcf.ErrNotBCF
		if strings.Contains(c.name, "sample ") {
			want = bcf.ErrSamples
		}
		if !errors.Is(err, want) || !errors.As(err, &there) || there.Record != 0 {
			t.Errorf("%s: got %v", c.name, err)
		}
		if strings.Contains(err.Error(), "A\t") || strings.Contains(err.Error(), "\tB") {
			t.Errorf("%s: the error shows what is in the file", c.name)
		}
	}
	for name, b := range map[string][]byte{
		"BCF 1":                      []byte("BCF\x04\x00\x00\x00\x00\x00\x00\x00"),
		"BCF 2.3":                    []byte("BCF\x02\x03\x00\x00\x00\x00\x00\x00"),
		"a VCF":                      []byte(text(good)),
		"three bytes":                []byte("BCF"),
		"a header of four gigabyte":  []byte("BCF\x02\x02\xff\xff\xff\xff##fileformat=VCFv4.2\n"),
		"a header that is not there": []byte("BCF\x02\x02\xff\xff\xff\x03##fileformat=VCFv4.2\n"),
	} {
		if _, err := bcf.New(bytes.NewReader(b), bcf.Config{}); !errors.Is(err, bcf.ErrNotBCF) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// endless gives what it has again and again.
type endless struct {
	given int
	some  []byte
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		k := copy(p[n:], e.some[e.given%len(e.some):])
		n, e.given = n+k, e.given+k
	}
	return n, nil
}

func TestFieldsThatAreNotReadAreNotHeld(t *testing.T) {
	r := encode(t, way{}, "1 10 . A C . PASS . GT 0/0 0/1 1/1 ./.")
	const depths = 40 << 20 // a sample
	r.fields, r.lIndv = 2, number(uint32(len(r.indiv)+4*depths+8))
	other := append([]byte{0x11, 2}, kind(depths, 1)...)
	in := io.MultiReader(bytes.NewReader(way{plain: true}.write(t, headText, r.bytes(), other)), io.LimitReader(&endless{some: make([]byte, 1<<16)}, 4*depths))
	b, err := bcf.New(in, bcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := b.Next(&row); err != nil || show(&row) != "1:10 A>C 0/0 0/1 1/1 ./." {
		t.Errorf("got %v", err)
	}
	runtime.ReadMemStats(&after)
	if held := after.TotalAlloc - before.TotalAlloc; held > 1<<20 {
		t.Errorf("%d bytes were held of a record of %d", held, 4*depths)
	}
	if err := b.Next(&row); err != io.EOF {
		t.Errorf("then %v", err)
	}
}

// typed reports whether an error is one that a caller can tell apart.
func typed(err error) bool {
	var there *bcf.RecordError
	if !errors.As(err, &there) {
		return false
	}
	for _, known := range []error{
		bcf.ErrNotBCF, bcf.ErrSamples, bcf.ErrTruncated, bcf.ErrRecord, bcf.ErrGenotype, bcf.ErrNoGT,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
		bgzf.ErrHeader, bgzf.ErrTruncated, bgzf.ErrDamaged, bgzf.ErrNoEnd, bgzf.ErrTrailing,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
