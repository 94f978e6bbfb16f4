package tally

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

// ErrTwice is returned when two rows of a file spell one variant.
var ErrTwice = fmt.Errorf("tally: two rows spell one variant: %w", genotype.ErrDuplicate)

// Per variant, AlleleFrequency gives this many counters: AC and AN.
const perVariant = 2

// frequency is the state of one AlleleFrequency or Strata.
type frequency struct {
	matcher
	assembly genotype.Assembly
	counter  *counter
	counts   [][]int64 // by stratum
	// Of the present row: whether it was counted, and as if it stood where.
	counted bool
	as      genotype.Place
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
	f := frequency{assembly: a, counter: c, counts: make([][]int64, c.strata)}
	f.matcher = newMatcher(w, p.Callable, f.take)
	for i := range f.counts {
		f.counts[i] = make([]int64, perVariant*w.Len())
	}
	packs(r)
	if err := each(ctx, r, f.add); err != nil {
		return nil, Warnings{}, err
	}
	if err := f.absent(); err != nil {
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
	f.counted = false
	filtered, err := f.match(row)
	if filtered {
		f.counter.warnings.Filtered++
	}
	return err
}

// take answers a place by a row: by its ALT k, or, for noALT, by who has no ALT.
func (f *frequency) take(row *genotype.Row, place, k int) error {
	canonical := f.places.canonical
	at := f.assembly.PlaceOf(canonical, f.places.wanted.pos[place])
	if !f.counted {
		if err := f.counter.fits(row); err != nil {
			return err
		}
		if canonical == "X" && f.assembly == genotype.UnknownAssembly {
			return ErrAssembly
		}
		f.counter.warnings.Dropped += row.Dropped
	}
	// A row may reach over the end of a pseudo-autosomal region.
	if !f.counted || at != f.as {
		f.counter.count(row, at)
		f.counted, f.as = true, at
	}
	for s, counts := range f.counts {
		ac, an := int64(0), f.counter.called(s)
		if k != noALT {
			ac = f.counter.copies(s, k)
		} else {
			an -= f.unlisted(row, s)
		}
		counts[perVariant*place], counts[perVariant*place+1] = ac, an
	}
	return nil
}

// unlisted is how many alleles of a stratum may be any that the row does not list.
func (f *frequency) unlisted(row *genotype.Row, stratum int) (n int64) {
	for k, alt := range row.Alts {
		if genotype.IsUnlisted(alt) {
			n += f.counter.copies(stratum, k)
		}
	}
	return n
}

// absent answers the places of which no row tells, where the file is declared to have
// looked at everybody: as a bed does that has everybody hom-ref.
func (f *frequency) absent() error {
	if f.callable == nil {
		return nil
	}
	var called [4][]int64 // AN by genotype.Place and stratum
	return f.eachAbsent(func(canonical string, place int) error {
		if canonical == "X" && f.assembly == genotype.UnknownAssembly {
			return ErrAssembly
		}
		at := f.assembly.PlaceOf(canonical, f.places.wanted.pos[place])
		if called[at] == nil {
			called[at] = f.homRef(at)
		}
		for s, counts := range f.counts {
			counts[perVariant*place+1] = called[at][s]
		}
		return nil
	})
}

// homRef is AN of each stratum where everybody is hom-ref. Nobody is warned of: the file
// has no such call.
func (f *frequency) homRef(at genotype.Place) []int64 {
	warnings := f.counter.warnings
	f.counter.count(&genotype.Row{Classes: make([]genotype.Classes, 1), Coded: true}, at)
	f.counter.warnings = warnings
	called := make([]int64, len(f.counts))
	for s := range called {
		called[s] = f.counter.called(s)
	}
	return called
}
