package tally

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrTwice is returned when two rows of a file spell one variant.
var ErrTwice = fmt.Errorf("tally: two rows spell one variant: %w", genotype.ErrDuplicate)

// Per variant, AlleleFrequency gives this many counters: AC and AN.
const perVariant = 2

// Where the answer for a place came from.
const (
	nowhere   uint8 = iota
	position        // a row without an ALT
	itsOwnRow       // one that lists the variant
)

// frequency is the state of one AlleleFrequency or Strata.
type frequency struct {
	places   finder
	assembly genotype.Assembly
	counter  *counter
	counts   [][]int64 // by stratum
	source   []uint8   // by place
}

// AlleleFrequency counts, for each wanted variant in order, AC and AN of the people
// whose label is not 0. A person adds at most 2 to a counter. It reads r to its end,
// so that a damaged file gives no counts.
func AlleleFrequency(ctx context.Context, r genotype.Reader, w *Wanted, p People, a genotype.Assembly) ([]int64, Warnings, error) {
	counts, warnings, err := Strata(ctx, r, w, p.together(), a)
	switch {
	case err != nil:
		return nil, Warnings{}, err
	case len(counts) == 0:
		return make([]int64, perVariant*w.Len()), warnings, nil // nobody is counted
	}
	return counts[0], warnings, nil
}

// Strata counts in one pass what AlleleFrequency counts, for the people of each label
// from 1 to the greatest by themselves: those of label 1 are the first.
func Strata(ctx context.Context, r genotype.Reader, w *Wanted, p People, a genotype.Assembly) ([][]int64, Warnings, error) {
	c, err := newCounter(p, len(r.Samples()))
	if err != nil {
		return nil, Warnings{}, err
	}
	f := frequency{places: finder{wanted: w}, assembly: a, counter: c, counts: make([][]int64, c.strata), source: make([]uint8, w.Len())}
	for i := range f.counts {
		f.counts[i] = make([]int64, perVariant*w.Len())
	}
	packs(r)
	if err := each(ctx, r, f.add); err != nil {
		return nil, Warnings{}, err
	}
	return f.counts, c.warnings, nil
}

// packs asks for rows that are counted as the file has them, if it can give them.
func packs(r genotype.Reader) {
	if p, ok := r.(genotype.Packer); ok {
		p.Pack()
	}
}

// each reads r to its end.
func each(ctx context.Context, r genotype.Reader, add func(*genotype.Row) error) error {
	var row genotype.Row
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := r.Next(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := add(&row); err != nil {
			return err
		}
	}
}

func (f *frequency) add(row *genotype.Row) error {
	if !f.places.covers(&row.Site) {
		return nil
	}
	if !row.Pass {
		f.counter.warnings.Filtered++
		return nil
	}
	if len(row.Alts) == 0 {
		return f.addPosition(row)
	}
	counted := false
	for k, alt := range row.Alts {
		place := f.find(row, alt)
		if place < 0 {
			continue
		}
		if f.source[place] == itsOwnRow {
			return fmt.Errorf("%w: %.40s:%d", ErrTwice, row.Contig, row.Pos)
		}
		if !counted {
			if err := f.count(row); err != nil {
				return err
			}
			counted = true
		}
		f.set(place, itsOwnRow, k)
	}
	return nil
}

// find is the place that one ALT of a row answers, -1 for none.
func (f *frequency) find(row *genotype.Row, alt string) int {
	v, ok := spell(&row.Site, alt)
	if !ok {
		return -1
	}
	return f.places.find(v)
}

// spell is one ALT of a site as panels write it; not ok if nothing matches it.
func spell(s *genotype.Site, alt string) (v panel.Variant, ok bool) {
	if !genotype.IsBases(s.Ref) || !genotype.IsBases(alt) {
		return panel.Variant{}, false
	}
	return panel.Trim(panel.Variant{Pos: s.Pos, Ref: s.Ref, Alt: alt}), true
}

// addPosition lets a row without an ALT answer for the single-base variants of its
// position, unless they have rows of their own.
func (f *frequency) addPosition(row *genotype.Row) error {
	if len(row.Ref) != 1 {
		return nil
	}
	counted := false
	for i, to := f.places.from(row.Contig, row.Pos); i < to && f.places.wanted.pos[i] == row.Pos; i++ {
		if v := f.places.wanted.at(i); v.Ref != row.Ref || len(v.Alt) != 1 || f.source[i] != nowhere {
			continue
		}
		if !counted {
			if err := f.count(row); err != nil {
				return err
			}
			counted = true
		}
		f.set(i, position, noALT)
	}
	return nil
}

func (f *frequency) count(row *genotype.Row) error {
	if err := f.counter.fits(row); err != nil {
		return err
	}
	canonical := f.places.canonical
	if canonical == "X" && f.assembly == genotype.UnknownAssembly {
		return ErrAssembly
	}
	f.counter.count(row, f.assembly.PlaceOf(canonical, row.Pos))
	return nil
}

// noALT is instead of one that nobody has.
const noALT = -1

func (f *frequency) set(place int, source uint8, k int) {
	f.source[place] = source
	for s, counts := range f.counts {
		ac := int64(0)
		if k != noALT {
			ac = f.counter.copies(s, k)
		}
		counts[perVariant*place], counts[perVariant*place+1] = ac, f.counter.called(s)
	}
}
