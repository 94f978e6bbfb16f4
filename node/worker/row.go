package worker

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// maxPos is what VCF allows.
const maxPos = 1<<31 - 1

// The flags of a row. Its form, which is 0 where no genotypes follow, takes two of them.
const (
	rowPass = 1 << iota
	rowCoded
	rowContig  // the contig follows; else it is that of the row before
	rowEnd     // the end of a block follows
	rowAligned // other spellings of the ALTs follow
	rowDropped // the number of calls that were dropped follows
	rowForm

	formCalls   = 1 * rowForm
	formClasses = 2 * rowForm
	formPacked  = 3 * rowForm
)

// rowWriter writes rows one after another.
type rowWriter struct {
	contig  string // of the row before
	samples int
	begun   bool
}

// append writes a row. It has as many calls as there are samples, or none.
func (w *rowWriter) append(b []byte, row *genotype.Row) ([]byte, error) {
	flags := rowPass*bit(row.Pass) | rowCoded*bit(row.Coded) | rowEnd*bit(row.End > 0) | rowAligned*bit(row.Aligned != nil) | rowDropped*bit(row.Dropped > 0)
	if !w.begun || row.Contig != w.contig {
		flags |= rowContig
	}
	switch {
	case row.Raw != nil:
		return b, fmt.Errorf("%w: a row that only its reader can count", ErrFrame)
	case row.Packed != nil:
		flags |= formPacked
	case len(row.Classes) > 0:
		flags |= formClasses
	case len(row.Calls) > 0:
		if len(row.Calls) != w.samples {
			return b, fmt.Errorf("%w: a row of %d calls", ErrFrame, len(row.Calls))
		}
		flags |= formCalls
	}
	b = append(b, flags)
	if flags&rowContig != 0 {
		b = appendText(b, row.Contig)
		w.contig, w.begun = row.Contig, true
	}
	b = appendSite(b, &row.Site)
	if flags&rowDropped != 0 {
		b = binary.AppendUvarint(b, uint64(row.Dropped))
	}
	switch flags & formPacked {
	case formPacked:
		b = append(b, row.Packed...)
	case formClasses:
		b = appendClasses(b, row.Classes)
	case formCalls:
		b = appendCalls(b, row.Calls, len(row.Alts))
	}
	return b, nil
}

// appendSite writes a site but for its contig.
func appendSite(b []byte, s *genotype.Site) []byte {
	b = binary.AppendUvarint(b, uint64(s.Pos))
	b = appendText(b, s.Ref)
	b = binary.AppendUvarint(b, uint64(len(s.Alts)))
	for _, alt := range s.Alts {
		b = appendText(b, alt)
	}
	if s.End > 0 {
		b = binary.AppendUvarint(b, uint64(s.End))
	}
	for _, a := range s.Aligned {
		if b = binary.AppendUvarint(b, uint64(a.Pos)); a.Pos > 0 {
			b = appendText(appendText(b, a.Ref), a.Alt)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// rowReader reads the rows of one child.
type rowReader struct {
	samples int
	places  *Places // nil for all
	packs   bool    // whoever reads takes rows that are packed
	contig  string
	begun   bool
	pairs   *pairs
	calls   []genotype.Call
	alts    []string
	aligned []genotype.Spelling
	classes classesReader
	planes  bitmap.Planes
}

func newRowReader(samples int, places *Places) *rowReader {
	return &rowReader{samples: samples, places: places, pairs: newPairs(), classes: classesReader{samples: samples}}
}

// read fills row, which is valid until the next call.
func (r *rowReader) read(c *cursor, row *genotype.Row) error {
	flags := c.byte()
	form := flags & formPacked
	row.Pass, row.Coded = flags&rowPass != 0, flags&rowCoded != 0
	r.site(c, &row.Site, flags)
	row.Dropped = 0
	if flags&rowDropped != 0 {
		n := c.uvarint()
		if form == 0 || n == 0 || n > uint64(r.samples) {
			c.fail()
		}
		row.Dropped = int(n)
	}
	row.Calls, row.Classes, row.Packed, row.Raw = nil, nil, nil, nil
	if c.bad {
		return fmt.Errorf("%w: a site", ErrFrame)
	}
	if (form != 0) != (r.samples > 0 && (r.places == nil || r.places.Covers(&row.Site))) {
		return fmt.Errorf("%w: genotypes of a site that nobody asked for, or none of one that was", ErrFrame)
	}
	switch form {
	case formCalls:
		in := c.bytes(widthOf(len(row.Alts)).size(r.samples))
		if c.bad {
			break
		}
		r.calls = slices.Grow(r.calls[:0], r.samples)[:r.samples]
		if !r.pairs.unpackCalls(r.calls, in, len(row.Alts)) {
			c.fail()
		}
		row.Calls = r.calls
	case formClasses:
		row.Classes = r.classes.read(c, len(row.Alts))
	case formPacked:
		r.packed(c, row)
	}
	if c.bad {
		return fmt.Errorf("%w: genotypes", ErrFrame)
	}
	return nil
}

// turned is what turns the codes of a bed over: in it 11 is two copies of REF, 10 one of
// each, 01 no call and 00 two of ALT.
const turned = 0xff

// packed takes genotypes as a bed has them, and leaves them so for who takes them.
func (r *rowReader) packed(c *cursor, row *genotype.Row) {
	in := c.bytes((r.samples + 3) / 4)
	if c.bad || len(row.Alts) != 1 {
		c.fail()
		return
	}
	if over := r.samples % 4; over > 0 && in[len(in)-1]>>(2*over) != 0 {
		c.fail()
		return
	}
	if r.packs {
		row.Packed = in
		return
	}
	if r.planes.One == nil {
		r.planes = bitmap.NewPlanes(r.samples)
	}
	n := bitmap.Split(in, turned, r.samples, r.planes)
	row.Classes = r.classes.room(1)
	row.Classes[0].Take(r.samples, r.planes.One, r.planes.Three, r.planes.Two, genotype.Sizes{OneAlt: n.One, AllAlt: n.Three, NotCalled: n.Two})
}

func (r *rowReader) site(c *cursor, s *genotype.Site, flags byte) {
	if flags&rowContig != 0 {
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
	s.Alts, s.End, s.Aligned = r.alts, 0, nil
	if flags&rowEnd != 0 {
		end := c.uvarint()
		if end < max(pos, 1) || end > maxPos {
			c.fail()
		}
		s.End = uint32(end)
	}
	if flags&rowAligned != 0 {
		s.Aligned = r.spellings(c, s)
	}
}

// spellings are as many as there are ALTs. None of them is further to the left than an
// allele can stand, nor behind the end of REF.
func (r *rowReader) spellings(c *cursor, s *genotype.Site) []genotype.Spelling {
	if len(s.Alts) == 0 {
		c.fail()
	}
	r.aligned = r.aligned[:0]
	for range s.Alts {
		a := genotype.Spelling{}
		if pos := c.uvarint(); pos > 0 {
			a = genotype.Spelling{Pos: uint32(pos), Ref: allele(c.bytes(c.count())), Alt: allele(c.bytes(c.count()))}
			if pos+genotype.MaxShift < uint64(s.Pos) || pos >= uint64(s.Pos)+uint64(len(s.Ref)) || a.Ref == "" || a.Alt == "" {
				c.fail()
			}
		}
		if c.bad {
			return nil
		}
		r.aligned = append(r.aligned, a)
	}
	return r.aligned
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
