package tally

import (
	"errors"
	"fmt"
	"sort"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrWanted is returned when a list of variants, or what is asked of it, is out of order.
var ErrWanted = errors.New("tally: the wanted variants are not in order")

// Variants is a sorted list of variants; *panel.Panel is one.
type Variants interface {
	Len() int
	At(i int) panel.Variant
}

// Wanted is the variants that are asked for, made ready to be found. It does not
// change; its places are numbered from 0 in the order of the question.
type Wanted struct {
	list    Variants
	ranges  []panel.Range
	starts  []int    // the first place of each range
	pos     []uint32 // by place
	contigs map[string]stretch
}

// stretch is the places [from, to) of one contig.
type stretch struct{ from, to int }

// Want takes ranges of a list, which ascend and do not overlap.
func Want(list Variants, ranges []panel.Range) (*Wanted, error) {
	size, before := 0, uint64(0)
	for _, r := range ranges {
		if r.From < before || r.From >= r.To || r.To > uint64(list.Len()) {
			return nil, fmt.Errorf("%w: ranges ascend within the list and are not empty", ErrWanted)
		}
		before = r.To
		size += int(r.To - r.From)
	}
	w := &Wanted{list: list, ranges: ranges, pos: make([]uint32, 0, size), contigs: make(map[string]stretch)}
	var last filling
	for _, r := range ranges {
		w.starts = append(w.starts, len(w.pos))
		for c := range columnsOf(list, int(r.From), int(r.To)) {
			if err := last.add(w, c.Contig, c.Pos); err != nil {
				return nil, err
			}
		}
	}
	last.close(w)
	return w, nil
}

// columned is Variants whose positions need not be taken one by one.
type columned interface {
	Columns(from, to int) func(yield func(panel.Column) bool)
}

// columnsOf are the positions of the variants [from, to), many at a time where they can be.
func columnsOf(list Variants, from, to int) func(yield func(panel.Column) bool) {
	if c, ok := list.(columned); ok {
		return c.Columns(from, to)
	}
	return func(yield func(panel.Column) bool) {
		var pos [1]uint32
		for i := from; i < to; i++ {
			v := list.At(i)
			pos[0] = v.Pos
			if !yield(panel.Column{Contig: v.Contig, From: i, Pos: pos[:]}) {
				return
			}
		}
	}
}

// filling is the contig that places are added to.
type filling struct {
	open              bool
	contig, canonical string
	from              int
}

func (f *filling) add(w *Wanted, contig string, pos []uint32) error {
	if !f.open || contig != f.contig {
		f.close(w)
		*f = filling{true, contig, panel.CanonicalContig(contig), len(w.pos)}
		if _, seen := w.contigs[f.canonical]; seen {
			return fmt.Errorf("%w: a contig comes twice", ErrWanted)
		}
	}
	for _, p := range pos {
		if n := len(w.pos); n > f.from && p < w.pos[n-1] {
			return fmt.Errorf("%w: positions ascend on a contig", ErrWanted)
		}
		w.pos = append(w.pos, p)
	}
	return nil
}

// close keeps where the places of the contig are.
func (f *filling) close(w *Wanted) {
	if f.open {
		w.contigs[f.canonical] = stretch{f.from, len(w.pos)}
	}
}

// Len is the number of places.
func (w *Wanted) Len() int { return len(w.pos) }

// at is the variant of a place.
func (w *Wanted) at(place int) panel.Variant {
	r := 0
	if len(w.starts) > 1 {
		r = sort.SearchInts(w.starts, place+1) - 1
	}
	return w.list.At(int(w.ranges[r].From) + place - w.starts[r])
}

// Covers reports whether a wanted variant may be answered from a site. It is a
// genotype.Covers.
func (w *Wanted) Covers(s *genotype.Site) bool {
	first, last := s.Span()
	i, to := w.from(panel.CanonicalContig(s.Contig), first)
	return i < to && w.pos[i] <= last
}

// from is the first place at or after a position, and where its contig ends.
func (w *Wanted) from(canonical string, pos uint32) (place, to int) {
	s, ok := w.contigs[canonical]
	if !ok {
		return 0, 0
	}
	n := sort.Search(s.to-s.from, func(i int) bool { return w.pos[s.from+i] >= pos })
	return s.from + n, s.to
}

// finder finds one place after another, as the rows of a file come.
type finder struct {
	wanted    *Wanted
	contig    string // the last one, as it is named in the file
	canonical string
	at        stretch // what is left of its places
	pos       uint32  // up to which they were passed
}

// from is the first place at or after a position, and where its contig ends.
func (f *finder) from(contig string, pos uint32) (place, to int) {
	if contig != f.contig || pos < f.pos {
		f.contig, f.canonical = contig, panel.CanonicalContig(contig)
		f.at = f.wanted.contigs[f.canonical]
	}
	f.pos = pos
	left := f.wanted.pos[f.at.from:f.at.to]
	// The place is near, mostly the next: double the steps until one is too far.
	step := 1
	for step <= len(left) && left[step-1] < pos {
		step *= 2
	}
	low := step / 2
	f.at.from += low + sort.Search(min(step, len(left))-low, func(i int) bool { return left[low+i] >= pos })
	return f.at.from, f.at.to
}

// find is the place of a trimmed variant at the position of the last from or behind it,
// -1 if it is not wanted.
func (f *finder) find(v panel.Variant) int {
	i, to := f.at.from, f.at.to
	pos := f.wanted.pos
	if v.Pos != f.pos {
		i += sort.Search(to-i, func(k int) bool { return pos[i+k] >= v.Pos })
	}
	for ; i < to && pos[i] == v.Pos; i++ {
		if have := f.wanted.at(i); have.Ref == v.Ref && have.Alt == v.Alt {
			return i
		}
	}
	return -1
}
