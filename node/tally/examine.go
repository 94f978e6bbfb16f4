package tally

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Examination is what is known of a file that was read once from end to end.
type Examination struct {
	// Variants is how many alleles can be asked for: written out, at sites that pass.
	Variants int
	// Warnings are those of counting everything.
	Warnings Warnings
	// Digest names samples, sites and genotypes, however the file is packed, phased
	// or annotated. It is a plain hash: it MUST NOT leave the site unless it is keyed.
	Digest [32]byte
}

// Examine reads a file to its end. What it accepts, AlleleFrequency accepts too. An
// unknown assembly is no fault here: hets of men on X are then not warned of.
func Examine(ctx context.Context, r genotype.Reader, p People, a genotype.Assembly) (Examination, error) {
	c, err := newCounter(p.together(), len(r.Samples()))
	if err != nil {
		return Examination{}, err
	}
	e := examiner{assembly: a, counter: c, sum: sha256.New()}
	e.writeSamples(r.Samples())
	if err := each(ctx, r, e.add); err != nil {
		return Examination{}, err
	}
	e.found.Warnings, e.found.Digest = c.warnings, [32]byte(e.sum.Sum(nil))
	return e.found, nil
}

type examiner struct {
	assembly genotype.Assembly
	counter  *counter
	found    Examination
	sum      hash.Hash
	buf      []byte
	spelled  spellings
}

func (e *examiner) add(row *genotype.Row) error {
	if err := e.counter.fits(row); err != nil {
		return err
	}
	canonical := panel.CanonicalContig(row.Contig)
	e.writeRow(row, canonical)
	if !row.Pass {
		e.counter.warnings.Filtered++
		return nil
	}
	for _, alt := range row.Alts {
		v, ok := spell(&row.Site, alt)
		if !ok {
			continue
		}
		if !e.spelled.add(canonical, row.Pos, v) {
			return fmt.Errorf("%w: %.40s:%d", ErrTwice, row.Contig, row.Pos)
		}
		e.found.Variants++
	}
	if canonical != "X" || e.assembly != genotype.UnknownAssembly {
		if place := e.assembly.PlaceOf(canonical, row.Pos); place != genotype.Diploid {
			e.counter.count(row, place)
		}
	}
	return nil
}

func (e *examiner) writeSamples(names []string) {
	e.buf = append(e.buf[:0], "locus/genotypes/v1"...)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(names)))
	for _, n := range names {
		e.text(n)
	}
	e.sum.Write(e.buf)
}

func (e *examiner) text(s string) {
	e.buf = binary.AppendUvarint(e.buf, uint64(len(s)))
	e.buf = append(e.buf, s...)
}

// writeRow digests a row: one byte a call where every allele is below 16, else four,
// and which of the two alleles was written first does not matter.
func (e *examiner) writeRow(row *genotype.Row, canonical string) {
	e.buf = e.buf[:0]
	e.text(canonical)
	e.buf = binary.AppendUvarint(e.buf, uint64(row.Pos))
	e.text(row.Ref)
	e.buf = binary.AppendUvarint(e.buf, uint64(len(row.Alts)))
	for _, alt := range row.Alts {
		e.text(alt)
	}
	e.buf = append(e.buf, bit(row.Pass), bit(row.Coded))
	narrow := int(genotype.Reference)+len(row.Alts) < 16
	if narrow && len(row.Classes) == 1 {
		e.writeClasses(&row.Classes[0])
		e.sum.Write(e.buf)
		return
	}
	for _, c := range e.counter.calls(row) {
		a, b := c.Alleles()
		a, b = min(a, b), max(a, b)
		if narrow {
			e.buf = append(e.buf, narrowCall(a, b))
		} else {
			e.buf = binary.BigEndian.AppendUint32(e.buf, uint32(a)<<16|uint32(b))
		}
	}
	e.sum.Write(e.buf)
}

// narrowCall is the byte of a call.
func narrowCall(a, b genotype.Allele) byte { return byte(a)<<4 | byte(b) }

// writeClasses appends the bytes that the calls of a row of one class have.
func (e *examiner) writeClasses(c *genotype.Classes) {
	const ref, alt = genotype.Reference, genotype.Reference + 1
	usual, other := narrowCall(ref, ref), narrowCall(alt, alt)
	if c.Base == genotype.AllAlt {
		usual, other = other, usual
	}
	from := len(e.buf)
	e.buf = slices.Grow(e.buf, len(e.counter.people.Sexes))[:from+len(e.counter.people.Sexes)]
	calls := e.buf[from:]
	for i := range calls {
		calls[i] = usual
	}
	for i := range c.Het.All() {
		calls[i] = narrowCall(ref, alt)
	}
	for i := range c.Hom.All() {
		calls[i] = other
	}
	for i := range c.Missing.All() {
		calls[i] = narrowCall(genotype.Missing, genotype.Missing)
	}
	for _, h := range c.Halves {
		calls[h.Sample] = narrowCall(genotype.Missing, ref)
		if h.Alt {
			calls[h.Sample] = narrowCall(genotype.Missing, alt)
		}
	}
	for i := range c.Haploid.All() {
		a := genotype.Allele(calls[i] & 15)
		calls[i] = narrowCall(min(a, genotype.Absent), max(a, genotype.Absent))
	}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// spellings remembers the trimmed variants that a later row may still spell: trimming
// moves a position up, never down.
type spellings struct {
	contig string
	last   uint32 // the greatest position in seen
	seen   map[panel.Variant]struct{}
	prune  int // at this size
}

// minPrune is the size below which looking for old spellings is not worth while.
const minPrune = 1024

// add reports whether the variant, spelled by a row at pos, is new.
func (s *spellings) add(canonical string, pos uint32, v panel.Variant) bool {
	if s.seen == nil || canonical != s.contig || pos > s.last {
		s.seen, s.contig, s.last, s.prune = cleared(s.seen), canonical, 0, minPrune
	}
	if len(s.seen) >= s.prune {
		for old := range s.seen {
			if old.Pos < pos {
				delete(s.seen, old)
			}
		}
		s.prune = max(minPrune, 2*len(s.seen))
	}
	if _, twice := s.seen[v]; twice {
		return false
	}
	s.seen[v] = struct{}{}
	s.last = max(s.last, v.Pos)
	return true
}

func cleared(m map[panel.Variant]struct{}) map[panel.Variant]struct{} {
	if m == nil {
		return make(map[panel.Variant]struct{})
	}
	clear(m)
	return m
}
