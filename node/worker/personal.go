package worker

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/locus-genomics/locus/node/scan"
)

// looking looks for personal data in what a reader drops: only here it is read. Nil looks
// for none.
type looking struct {
	scanners []*scan.Scanner
	tables   []*scan.Lines
	report   scan.Report
}

func (s Source) looking() *looking {
	if !s.Scan {
		return nil
	}
	return &looking{}
}

// header looks at the lines of a file's header.
func (l *looking) header(file int) func(line int, text []byte) {
	if l == nil {
		return nil
	}
	s := &scan.Scanner{File: file}
	l.scanners = append(l.scanners, s)
	return s.Header
}

// free looks at parts of a text that has no lines.
func (l *looking) free(file int) func(part []byte) {
	if l == nil {
		return nil
	}
	each, number := l.header(file), 0
	return func(part []byte) {
		number++
		each(number, part)
	}
}

// table looks at a table while it is read.
func (l *looking) table(file int, form scan.Form, r io.Reader) io.Reader {
	if l == nil {
		return r
	}
	t := scan.NewTable(&l.report, file, form)
	l.tables = append(l.tables, t)
	return io.TeeReader(r, t)
}

// lines looks at a table of which each line is shown.
func (l *looking) lines(file int, form scan.Form) func(line int, text []byte) {
	if l == nil {
		return nil
	}
	t := scan.NewTable(&l.report, file, form)
	l.tables = append(l.tables, t)
	return func(_ int, text []byte) {
		_, _ = t.Write(text)
		_, _ = t.Write([]byte{'\n'})
	}
}

// found is what was found by now.
func (l *looking) found() scan.Report {
	if l == nil {
		return scan.Report{}
	}
	for _, t := range l.tables {
		t.Close()
	}
	for _, s := range l.scanners {
		l.report.Merge(s.Report())
	}
	l.tables, l.scanners = nil, nil
	return l.report
}

// sendPersonal sends what was found, as numbers.
func sendPersonal(f *frameWriter, r scan.Report) error {
	for _, n := range r.Counts {
		f.b = binary.AppendUvarint(f.b, n)
	}
	for _, n := range r.Homes {
		f.b = binary.AppendUvarint(f.b, n)
	}
	for _, x := range r.Findings {
		f.b = append(f.b, byte(x.Sort), byte(x.Scheme), bit(x.Sure), bit(x.Home), byte(x.Part))
		for _, n := range []uint32{uint32(x.File), x.Line, x.Column, uint32(x.Key), x.Times} {
			f.b = binary.AppendUvarint(f.b, uint64(n))
		}
	}
	return f.send(framePersonal)
}

// readPersonal takes framePersonal. A child that was taken over can lie about what it
// found, and cannot put words into it.
func readPersonal(b []byte) (r scan.Report, err error) {
	c := cursor{b: b}
	for i := range r.Counts {
		r.Counts[i] = c.uvarint()
	}
	for i := range r.Homes {
		if r.Homes[i] = c.uvarint(); r.Homes[i] > r.Counts[i] {
			c.fail()
		}
	}
	for !c.bad && len(c.b) > 0 {
		f := scan.Finding{Sort: scan.Sort(c.byte()), Scheme: scan.Scheme(c.byte())}
		sure, home := c.byte(), c.byte()
		f.Sure, f.Home, f.Part = sure == 1, home == 1, scan.Part(c.byte())
		var n [5]uint64
		for i := range n {
			if n[i] = c.uvarint(); n[i] > math.MaxUint32 {
				c.fail()
			}
		}
		if n[0] > math.MaxUint16 || n[3] > math.MaxUint16 {
			c.fail()
		}
		f.File, f.Line, f.Column, f.Key, f.Times = uint16(n[0]), uint32(n[1]), uint32(n[2]), scan.Key(n[3]), uint32(n[4])
		if c.bad || sure > 1 || home > 1 || !f.Valid() || len(r.Findings) == scan.MaxFindings {
			return scan.Report{}, fmt.Errorf("%w: personal data", ErrFrame)
		}
		r.Findings = append(r.Findings, f)
	}
	return r, c.end("personal data")
}
