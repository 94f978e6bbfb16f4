package tally

import (
	"fmt"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Where the answer for a place comes from. A greater one takes the place of a lesser one;
// of two that are equal the first counts, but for rows of its own, which are an error. So
// each place is answered from one row.
const (
	nowhere   uint8 = iota
	withheld        // a row that did not pass its filters: its place is not absent, and not answered
	block           // a block of a gVCF
	position        // a row of its position that does not list it
	itsOwnRow       // one that lists the variant
)

// noALT is instead of one that a row lists.
const noALT = -1

// matcher finds the wanted variants that the rows of a file answer, by their sites alone.
type matcher struct {
	places   finder
	callable *Regions
	source   []uint8 // by place
	// take is told of each answer, and may be told of another for the same place later.
	take func(row *genotype.Row, place, k int) error
}

func newMatcher(w *Wanted, callable *Regions, take func(*genotype.Row, int, int) error) matcher {
	return matcher{places: finder{wanted: w}, callable: callable, source: make([]uint8, w.Len()), take: take}
}

// match takes a row, and reports whether it was left out because of its filters.
func (m *matcher) match(row *genotype.Row) (filtered bool, err error) {
	first, last := row.Span()
	i, to := m.places.from(row.Contig, first)
	if pos := m.places.wanted.pos; i == to || pos[i] > last {
		return false, nil
	}
	for k := range row.Alts {
		if err := m.listed(row, k); err != nil {
			return false, err
		}
	}
	for ; i < to && m.places.wanted.pos[i] <= max(row.Pos, row.End); i++ {
		if err := m.other(row, i); err != nil {
			return false, err
		}
	}
	return !row.Pass, nil
}

// listed answers by an ALT of a row.
func (m *matcher) listed(row *genotype.Row, k int) error {
	v, ok := spell(&row.Site, k)
	if !ok {
		return nil
	}
	place := m.places.find(v)
	if place >= 0 && row.Pass && m.source[place] == itsOwnRow {
		return fmt.Errorf("%w: %.40s:%d", ErrTwice, row.Contig, row.Pos)
	}
	return m.answer(row, place, k, itsOwnRow)
}

// other answers a place that a row does not list, if it tells of it all the same.
func (m *matcher) other(row *genotype.Row, place int) error {
	if pos := m.places.wanted.pos[place]; pos < row.Pos || m.source[place] == itsOwnRow {
		return nil
	}
	v := m.places.wanted.at(place)
	switch {
	case row.End > 0 && m.inBlock(&row.Site, v):
		return m.answer(row, place, noALT, block)
	case v.Pos == row.Pos && m.tellsOf(&row.Site, v):
		return m.answer(row, place, noALT, position)
	}
	return nil
}

// inBlock reports whether the bases that a variant changes are all of a block.
func (m *matcher) inBlock(s *genotype.Site, v panel.Variant) bool {
	if v.Pos == s.Pos && genotype.IsBases(s.Ref) && s.Ref[0] != v.Ref[0] {
		return false // of another reference
	}
	return lastBase(v) <= uint64(s.End)
}

// tellsOf reports whether a row tells of a variant of its position that it does not list.
func (m *matcher) tellsOf(s *genotype.Site, v panel.Variant) bool {
	if len(s.Alts) == 0 && s.Ref == v.Ref && len(v.Ref) == 1 && len(v.Alt) == 1 {
		return true // the base was looked at
	}
	if !strings.HasPrefix(s.Ref, v.Ref) {
		return false
	}
	bases := len(s.Alts) == 0
	for _, alt := range s.Alts {
		if genotype.IsUnlisted(alt) {
			return true
		}
		bases = bases || alt == "*" || genotype.IsBases(alt)
	}
	// Where everybody was looked at, who is called here has none of the other alleles.
	return bases && m.callable.Hold(m.places.canonical, v.Pos, uint32(lastBase(v)))
}

// lastBase is the position of the last base of REF.
func lastBase(v panel.Variant) uint64 { return uint64(v.Pos) + uint64(len(v.Ref)) - 1 }

// answer lets a row answer a place, or keep others from taking it for absent.
func (m *matcher) answer(row *genotype.Row, place, k int, source uint8) error {
	if !row.Pass {
		source = withheld
	}
	if place < 0 || m.source[place] >= source {
		return nil
	}
	m.source[place] = source
	if source == withheld {
		return nil
	}
	return m.take(row, place, k)
}

// eachAbsent yields the places of which no row tells, in callable regions.
func (m *matcher) eachAbsent(yield func(canonical string, place int) error) error {
	w := m.places.wanted
	for canonical, here := range w.contigs {
		for place := here.from; place < here.to; place++ {
			if m.source[place] != nowhere || !m.callable.Hold(canonical, w.pos[place], uint32(lastBase(w.at(place)))) {
				continue
			}
			if err := yield(canonical, place); err != nil {
				return err
			}
		}
	}
	return nil
}

// spell is one ALT of a site as panels write it; not ok if nothing matches it.
func spell(s *genotype.Site, k int) (v panel.Variant, ok bool) {
	if !genotype.IsBases(s.Ref) || !genotype.IsBases(s.Alts[k]) {
		return panel.Variant{}, false
	}
	if k < len(s.Aligned) && s.Aligned[k].Pos > 0 {
		a := &s.Aligned[k]
		return panel.Variant{Pos: a.Pos, Ref: a.Ref, Alt: a.Alt}, true
	}
	return panel.Trim(panel.Variant{Pos: s.Pos, Ref: s.Ref, Alt: s.Alts[k]}), true
}
