package scan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/scan"
)

// BenchmarkHeader scans headers as callers write them.
func BenchmarkHeader(b *testing.B) {
	m := newMaker(5, true)
	var lines [][]byte
	size := 0
	for range 200 {
		for _, l := range m.document(false).header {
			lines = append(lines, []byte(l))
			size += len(l) + 1
		}
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		var s scan.Scanner
		for i, l := range lines {
			s.Header(i+1, l)
		}
	}
}

// BenchmarkContigs scans what is most of a header where there are many.
func BenchmarkContigs(b *testing.B) {
	m := newMaker(5, true)
	var lines [][]byte
	size := 0
	for range 3000 {
		l := m.fill("##contig=<ID=chrUn_KI{6}v1,length={7},assembly=GRCh38,md5={h32},species=\"Homo sapiens\">")
		lines = append(lines, []byte(l))
		size += len(l) + 1
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		var s scan.Scanner
		for i, l := range lines {
			s.Header(i+1, l)
		}
	}
}

// BenchmarkTable scans a sample table.
func BenchmarkTable(b *testing.B) {
	m := newMaker(5, true)
	text := "sample_id\tperson_id\tsex\tstatus\tage\thpo\tnotes\n"
	var rows strings.Builder
	rows.WriteString(text)
	for i := range 10_000 {
		fmt.Fprintf(&rows, "%s\tp%05d\tfemale\tcase\t%d\t%s\t%s\n", m.sampleName(), i, m.IntN(90), m.fill("HP:000{4}"), "low DNA yield")
	}
	b.SetBytes(int64(rows.Len()))
	for b.Loop() {
		var r scan.Report
		t := scan.NewTable(&r, 0, scan.Tabbed)
		_, _ = t.Write([]byte(rows.String()))
		t.Close()
	}
}
