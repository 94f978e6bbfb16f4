package fasta

import (
	"errors"
	"fmt"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrReference is returned for a variant whose REF is not what the reference has.
	ErrReference = errors.New("fasta: REF is not what the reference has there")
	// ErrRepeat is returned for a change within a repeat that is longer than any known.
	ErrRepeat = errors.New("fasta: the change can be moved too far")
)

// Align compares a variant's REF with the reference, and writes the change as far to the
// left as it can stand, with as few bases as it needs: the normal form of Tan, Abecasis
// and Kang (2015), which `bcftools norm` writes too. It is panel.Trim for changes of one
// base. Alleles MUST be bases in upper case.
func (r *Reader) Align(v panel.Variant) (panel.Variant, error) {
	e := r.entries[panel.CanonicalContig(v.Contig)]
	switch {
	case e == nil:
		return panel.Variant{}, fmt.Errorf("%w: %.40q", ErrContig, v.Contig)
	case v.Pos == 0 || v.Ref == "" || v.Alt == "" || int64(v.Pos)+int64(len(v.Ref))-1 > e.length:
		return panel.Variant{}, fmt.Errorf("%w: %d, of %d", ErrRange, v.Pos, e.length)
	case len(v.Ref) > panel.MaxAllele || len(v.Alt) > panel.MaxAllele:
		return panel.Variant{}, fmt.Errorf("%w: an allele over %d bases", ErrRange, panel.MaxAllele)
	}
	for i := range len(v.Ref) {
		c, err := r.code(e, int64(v.Pos)+int64(i))
		if err != nil {
			return panel.Variant{}, err
		}
		if !stands(v.Ref[i], c) {
			return panel.Variant{}, fmt.Errorf("%w: %.40s:%d", ErrReference, v.Contig, int64(v.Pos)+int64(i))
		}
	}
	return r.place(e, v)
}

// place is Align of a change whose REF was compared.
func (r *Reader) place(e *entry, v panel.Variant) (panel.Variant, error) {
	if v.Ref == v.Alt {
		return v, nil // no change; who takes variants refuses it
	}
	for len(v.Ref) > 0 && len(v.Alt) > 0 && v.Ref[len(v.Ref)-1] == v.Alt[len(v.Alt)-1] {
		v.Ref, v.Alt = v.Ref[:len(v.Ref)-1], v.Alt[:len(v.Alt)-1]
	}
	if len(v.Ref) > 0 && len(v.Alt) > 0 {
		return panel.Trim(v), nil
	}
	return r.shift(e, v)
}

// shift moves an insertion or a deletion without an anchor to the left: as long as its
// last base is also the one before it, the same change is one place further left, and its
// bases turn by one. Then it gets its anchor.
func (r *Reader) shift(e *entry, v panel.Variant) (panel.Variant, error) {
	bases, pos, turned := v.Ref+v.Alt, int64(v.Pos), 0
	for ; pos > 1; pos-- {
		before, err := r.base(e, pos-1)
		if err != nil {
			return panel.Variant{}, err
		}
		if before != bases[len(bases)-1-turned%len(bases)] {
			break
		}
		if turned++; turned == genotype.MaxShift {
			return panel.Variant{}, fmt.Errorf("%w: over %d bases from %.40s:%d", ErrRepeat, genotype.MaxShift, v.Contig, v.Pos)
		}
	}
	cut := len(bases) - turned%len(bases)
	bases = bases[cut:] + bases[:cut]
	if pos > 1 {
		anchor, err := r.base(e, pos-1)
		if err != nil {
			return panel.Variant{}, err
		}
		return anchored(v, uint32(pos-1), string(anchor)+bases, string(anchor)), nil
	}
	// At the very start the anchor is the base behind.
	behind := pos
	if v.Ref != "" {
		behind += int64(len(bases))
	}
	if behind > e.length {
		return panel.Variant{}, fmt.Errorf("%w: all of %.40s is deleted", ErrRange, v.Contig)
	}
	anchor, err := r.base(e, behind)
	if err != nil {
		return panel.Variant{}, err
	}
	return anchored(v, uint32(pos), bases+string(anchor), string(anchor)), nil
}

// anchored is a deletion of v's kind if v lacks ALT, and an insertion if it lacks REF.
func anchored(v panel.Variant, pos uint32, long, short string) panel.Variant {
	to := panel.Variant{Contig: v.Contig, Pos: pos, Ref: long, Alt: short}
	if v.Ref == "" {
		to.Ref, to.Alt = short, long
	}
	to.Ref, to.Alt = strings.Clone(to.Ref), strings.Clone(to.Alt)
	return to
}
