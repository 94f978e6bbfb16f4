package bcf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// headOf is what a file of so many samples begins with.
func headOf(samples int) []byte {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##FORMAT=<ID=GT>\n##FORMAT=<ID=GQ>\n##INFO=<ID=END>\n##contig=<ID=1>\n" + columns + "\tFORMAT")
	for i := range samples {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	b.WriteString("\n\x00")
	head := binary.LittleEndian.AppendUint32([]byte("BCF\x02\x02"), uint32(b.Len()))
	return append(head, b.String()...)
}

// recordOf is a record with one ALT, of which the samples have these alleles.
func recordOf(pos int, samples int, alleles []byte, more ...byte) []byte {
	le := binary.LittleEndian
	shared := []byte{0x07, 0x17, 'A', 0x17, 'C', 0x11, 0}
	indiv := append(append([]byte{0x11, 1, 0x21}, alleles...), more...)
	b := le.AppendUint32(le.AppendUint32(nil, uint32(24+len(shared))), uint32(len(indiv)))
	b = le.AppendUint32(le.AppendUint32(b, 0), uint32(pos))
	b = le.AppendUint32(le.AppendUint32(b, 1), 0x7f800001)
	b = le.AppendUint32(le.AppendUint32(b, 2<<16), uint32(samples)|1<<24)
	return append(append(b, shared...), indiv...)
}

// withShared gives a record of recordOf other alleles, filter and INFO.
func withShared(record []byte, alleles, info uint16, shared ...byte) []byte {
	le := binary.LittleEndian
	head := bytes.Clone(record[:8+24])
	le.PutUint32(head, uint32(24+len(shared)))
	le.PutUint16(head[8+16:], info)
	le.PutUint16(head[8+18:], alleles)
	return append(append(head, shared...), record[8+24+7:]...)
}

// FuzzManyAtATime wants of any records that reading many samples at a time gives the
// rows and the error that reading one by one gives.
func FuzzManyAtATime(f *testing.F) {
	for samples := range uint8(4) {
		n := 16 + 49*int(samples)
		usual := bytes.Repeat([]byte{2, 2}, n)
		two, block := recordOf(9, n, usual), recordOf(9, n, bytes.Repeat([]byte{4, 5}, n))
		f.Add(samples, withShared(two, 3, 0, 0x07, 0x17, 'A', 0x17, 'C', 0x17, 'G', 0x11, 0))
		f.Add(samples, withShared(block, 2, 1, 0x07, 0x17, 'A', 0x37, '<', '*', '>', 0x11, 0, 0x11, 3, 0x11, 50))
		f.Add(samples, append(recordOf(9, n, usual), recordOf(10, n, usual)...))
		for _, odd := range []byte{0, 1, 3, 4, 5, 6, 0x80, 0x81, 0xff} {
			for _, at := range []int{0, 1, n, 2*n - 1} {
				alleles := bytes.Clone(usual)
				alleles[at] = odd
				f.Add(samples, recordOf(9, n, alleles))
			}
		}
	}
	f.Fuzz(func(t *testing.T, samples uint8, records []byte) {
		n := 16 + 49*int(samples%4)
		file := append(headOf(n), records...)
		fast, err := New(bytes.NewReader(file), Config{})
		if err != nil {
			t.Fatal(err)
		}
		slow, err := New(bytes.NewReader(file), Config{})
		if err != nil {
			t.Fatal(err)
		}
		slow.testOnlyEach = true
		for {
			var got, want genotype.Row
			gotErr, wantErr := fast.Next(&got), slow.Next(&want)
			if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
				t.Fatalf("%v, and one by one %v", gotErr, wantErr)
			}
			if gotErr != nil {
				return
			}
			if len(got.Classes) > 0 && len(got.Classes) != max(1, len(got.Alts)) {
				t.Fatalf("%d classes of %d ALTs", len(got.Classes), len(got.Alts))
			}
			got.Expand(n)
			sortAlleles(got.Calls)
			sortAlleles(want.Calls)
			if !slices.Equal(got.Calls, want.Calls) || got.Pos != want.Pos || got.End != want.End || got.Dropped != want.Dropped {
				t.Fatalf("%+v, and one by one %+v", got, want)
			}
		}
	})
}

// sortAlleles puts the lesser allele of a call first.
func sortAlleles(calls []genotype.Call) {
	for i, c := range calls {
		if a, b := c.Alleles(); a > b && b != genotype.Absent {
			calls[i] = genotype.NewCall(b, a)
		}
	}
}
