package fasta

import (
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Aligner is a genotype.Reader that compares the rows of another one with a reference,
// and tells how their insertions and deletions are written when they stand as far to the
// left as they can (Site.Aligned).
type Aligner struct {
	genotype.Reader
	reference *Reader
	contig    string // of the row before
	entry     *entry // nil for one that the reference has not
	aligned   []genotype.Spelling
	err       error
}

var _ genotype.Packer = (*Aligner)(nil)

// Align reads the rows of r. A REF that is not the reference's, or a contig that it has
// not, is an error: the file is of another assembly, or its alleles are exchanged. Letters
// of REF that are no base claim nothing.
//
// Rows stay where they are, so that an aligned allele may stand to the left of rows that
// came before. One that could move further than genotype.MaxShift keeps its spelling. Rows
// of single bases cost a look at one letter.
//
// Where r gives the calls of some sites only, it MUST give those too that may reach one of
// them once they are aligned: insertions and deletions up to genotype.MaxShift behind it.
func Align(r genotype.Reader, reference *Reader) *Aligner {
	return &Aligner{Reader: r, reference: reference}
}

// Pack is genotype.Packer's, if the reader below is one.
func (a *Aligner) Pack() {
	if p, ok := a.Reader.(genotype.Packer); ok {
		p.Pack()
	}
}

// Next reads the next row.
func (a *Aligner) Next(row *genotype.Row) error {
	if a.err != nil {
		return a.err
	}
	if a.err = a.Reader.Next(row); a.err == nil {
		a.err = a.align(&row.Site)
	}
	return a.err
}

func (a *Aligner) align(s *genotype.Site) error {
	s.Aligned = nil
	if s.Contig != a.contig || a.entry == nil {
		a.contig, a.entry = s.Contig, a.reference.entries[panel.CanonicalContig(s.Contig)]
	}
	if s.Pos == 0 {
		return nil // the telomere, or a variant without a place
	}
	if err := a.compare(s); err != nil {
		return err
	}
	if !movable(s) {
		return nil
	}
	moved := false
	a.aligned = a.aligned[:0]
	for _, alt := range s.Alts {
		to, err := a.spell(s, alt)
		if err != nil {
			return err
		}
		a.aligned = append(a.aligned, to)
		moved = moved || to.Pos > 0
	}
	if moved {
		s.Aligned = a.aligned
	}
	return nil
}

// compare looks REF up in the reference.
func (a *Aligner) compare(s *genotype.Site) error {
	for i := range len(s.Ref) {
		if baseOf(s.Ref[i]) == 'N' {
			continue
		}
		pos := int64(s.Pos) + int64(i)
		switch {
		case a.entry == nil:
			return fmt.Errorf("%w: %.40q; take the reference that the file was made with", ErrContig, s.Contig)
		case pos > a.entry.length:
			return fmt.Errorf("%w: %.40s:%d, of %d; take the reference that the file was made with", ErrRange, s.Contig, pos, a.entry.length)
		}
		c, err := a.reference.code(a.entry, pos)
		if err != nil {
			return err
		}
		if !stands(s.Ref[i], c) {
			return fmt.Errorf("%w: %.40s:%d; take the reference that the file was made with, "+
				"or put its alleles in order (plink2 --ref-from-fa force, bcftools norm --check-ref x)", ErrReference, s.Contig, pos)
		}
	}
	return nil
}

// spell is how an ALT is written when it is aligned: the zero Spelling where that is how
// it is written anyway, but for the bases that it shares with REF.
func (a *Aligner) spell(s *genotype.Site, alt string) (genotype.Spelling, error) {
	if len(alt) == len(s.Ref) || !genotype.IsBases(alt) || len(alt) > panel.MaxAllele || len(s.Ref) > panel.MaxAllele {
		return genotype.Spelling{}, nil
	}
	v := panel.Variant{Contig: s.Contig, Pos: s.Pos, Ref: s.Ref, Alt: alt}
	to, err := a.reference.place(a.entry, v)
	switch {
	case errors.Is(err, ErrRepeat):
		return genotype.Spelling{}, nil
	case err != nil:
		return genotype.Spelling{}, err
	case to == panel.Trim(v):
		return genotype.Spelling{}, nil
	}
	return genotype.Spelling{Pos: to.Pos, Ref: to.Ref, Alt: to.Alt}, nil
}

// movable reports whether a site has an insertion or a deletion that is written out.
func movable(s *genotype.Site) bool {
	for _, alt := range s.Alts {
		if len(alt) != len(s.Ref) && genotype.IsBases(alt) {
			return genotype.IsBases(s.Ref)
		}
	}
	return false
}
