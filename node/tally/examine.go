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
	e.counter.warnings.Dropped += row.Dropped
	for k := range row.Alts {
		v, ok := spell(&row.Site, k)
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
	e.buf = append(e.buf, bit(row.Pass), bit(row.Coded)|bit(row.End > 0)<<1|bit(len(row.Aligned) > 0)<<2)
	e.writeReach(&row.Site)
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

// writeReach appends where a block ends and how alleles are aligned, for sites that have
// such a thing: two files that match otherwise are not one.
func (e *examiner) writeReach(s *genotype.Site) {
	if s.End > 0 {
		e.buf = binary.AppendUvarint(e.buf, uint64(s.End))
	}
	if len(s.Aligned) == 0 {
		return
	}
	e.buf = binary.AppendUvarint(e.buf, uint64(len(s.Aligned)))
	for _, a := range s.Aligned {
		e.buf = binary.AppendUvarint(e.buf, uint64(a.Pos))
		e.text(a.Ref)
		e.text(a.Alt)
	}
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

// spellings remembers the variants that a later row may still spell. Trimming moves a
// position up, never down; aligning moves insertions and deletions down, and only so far.
type spellings struct {
	contig       string
	still, moved remembered // what stays where it is, and what moves
}

// add reports whether the variant, spelled by a row at pos, is new.
func (s *spellings) add(canonical string, pos uint32, v panel.Variant) bool {
	if canonical != s.contig {
		*s = spellings{contig: canonical}
	}
	if len(v.Ref) == len(v.Alt) {
		return s.still.add(v, pos)
	}
	return s.moved.add(v, pos-min(pos, genotype.MaxShift))
}

// remembered are variants at some positions.
type remembered struct {
	last  uint32 // the greatest position in seen
	seen  map[panel.Variant]struct{}
	prune int // at this size
}

// minPrune is the size below which looking for old spellings is not worth while.
const minPrune = 1024

// add reports whether a variant is new, and may forget what stands before a position.
func (r *remembered) add(v panel.Variant, before uint32) bool {
	if r.seen == nil || before > r.last {
		if r.seen == nil {
			r.seen = make(map[panel.Variant]struct{})
		}
		clear(r.seen)
		r.last, r.prune = 0, minPrune
	}
	if len(r.seen) >= r.prune {
		for old := range r.seen {
			if old.Pos < before {
				delete(r.seen, old)
			}
		}
		r.prune = max(minPrune, 2*len(r.seen))
	}
	if _, twice := r.seen[v]; twice {
		return false
	}
	r.seen[v] = struct{}{}
	r.last = max(r.last, v.Pos)
	return true
}
