package worker

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// maxPos is what VCF allows.
const maxPos = 1<<31 - 1

// The flags of a row.
const (
	rowPass = 1 << iota
	rowCoded
	rowContig  // the contig follows; else it is that of the row before
	rowCalls   // calls follow
	rowClasses // classes follow
	rowFlags   = 1<<iota - 1
)

// rowWriter writes rows one after another.
type rowWriter struct {
	contig  string // of the row before
	samples int
	begun   bool
}

// append writes a row. It has as many calls as there are samples, or none.
func (w *rowWriter) append(b []byte, row *genotype.Row) ([]byte, error) {
	flags := rowPass*bit(row.Pass) | rowCoded*bit(row.Coded)
	if !w.begun || row.Contig != w.contig {
		flags |= rowContig
	}
	switch {
	case len(row.Classes) > 0:
		flags |= rowClasses
	case len(row.Calls) > 0:
		if len(row.Calls) != w.samples {
			return b, fmt.Errorf("%w: a row of %d calls", ErrFrame, len(row.Calls))
		}
		flags |= rowCalls
	}
	b = append(b, flags)
	if flags&rowContig != 0 {
		b = appendText(b, row.Contig)
		w.contig, w.begun = row.Contig, true
	}
	b = binary.AppendUvarint(b, uint64(row.Pos))
	b = appendText(b, row.Ref)
	b = binary.AppendUvarint(b, uint64(len(row.Alts)))
	for _, alt := range row.Alts {
		b = appendText(b, alt)
	}
	switch {
	case flags&rowClasses != 0:
		b = appendClasses(b, row.Classes)
	case flags&rowCalls != 0:
		b = appendCalls(b, row.Calls, len(row.Alts))
	}
	return b, nil
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// rowReader reads the rows of one child.
type rowReader struct {
	samples int
	places  *Places // nil for all
	contig  string
	begun   bool
	pairs   *pairs
	calls   []genotype.Call
	alts    []string
	classes classesReader
}

func newRowReader(samples int, places *Places) *rowReader {
	return &rowReader{samples: samples, places: places, pairs: newPairs(), classes: classesReader{samples: samples}}
}

// read fills row, which is valid until the next call.
func (r *rowReader) read(c *cursor, row *genotype.Row) error {
	flags := c.byte()
	if flags&^rowFlags != 0 || flags&(rowCalls|rowClasses) == rowCalls|rowClasses {
		c.fail()
	}
	row.Pass, row.Coded = flags&rowPass != 0, flags&rowCoded != 0
	r.site(c, &row.Site, flags&rowContig != 0)
	row.Calls, row.Classes = nil, nil
	if c.bad {
		return fmt.Errorf("%w: a site", ErrFrame)
	}
	told := flags&(rowCalls|rowClasses) != 0
	if told != (r.samples > 0 && (r.places == nil || r.places.Covers(&row.Site))) {
		return fmt.Errorf("%w: genotypes of a site that nobody asked for, or none of one that was", ErrFrame)
	}
	switch {
	case flags&rowCalls != 0:
		in := c.bytes(widthOf(len(row.Alts)).size(r.samples))
		if c.bad {
			break
		}
		r.calls = slices.Grow(r.calls[:0], r.samples)[:r.samples]
		if !r.pairs.unpackCalls(r.calls, in, len(row.Alts)) {
			c.fail()
		}
		row.Calls = r.calls
	case flags&rowClasses != 0:
		row.Classes = r.classes.read(c, len(row.Alts))
	}
	if c.bad {
		return fmt.Errorf("%w: genotypes", ErrFrame)
	}
	return nil
}

func (r *rowReader) site(c *cursor, s *genotype.Site, named bool) {
	if named {
		if name := c.bytes(c.count()); string(name) != r.contig {
			r.contig = string(name)
		}
		r.begun = true
	}
	pos := c.uvarint()
	s.Contig, s.Pos, s.Ref = r.contig, uint32(pos), allele(c.bytes(c.count()))
	n := c.count()
	if !r.begun || r.contig == "" || pos > maxPos || s.Ref == "" || n > genotype.MaxAlts {
		c.fail()
	}
	r.alts = r.alts[:0]
	for range n {
		alt := allele(c.bytes(c.count()))
		if c.bad || alt == "" {
			c.fail()
			break
		}
		r.alts = append(r.alts, alt)
	}
	s.Alts = r.alts
}

// allele is b as text, without an allocation for the usual ones.
func allele(b []byte) string {
	if len(b) == 1 {
		switch b[0] {
		case 'A':
			return "A"
		case 'C':
			return "C"
		case 'G':
			return "G"
		case 'T':
			return "T"
		}
	}
	return string(b)
}
