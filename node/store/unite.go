package store

import (
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// united are the rows that become one: of each side one, or none.
type united struct {
	pos  uint32
	rows []*held // by side
	// failed are the sides whose row is left out because it does not pass.
	failed []bool
}

// pair puts together the rows of a position, by REF in the order in which it comes.
func pair(sides []side, pos uint32) (queue []united) {
	type key struct {
		ref, alts string
		nth       int
	}
	several := make(map[string]bool) // by REF
	for i := range sides {
		refs := make(map[string]int)
		for k := range sides[i].here[:sides[i].count] {
			h := &sides[i].here[k]
			refs[h.Ref]++
			if refs[h.Ref] > 1 || slices.ContainsFunc(h.Alts, symbolic) {
				several[h.Ref] = true
			}
		}
	}
	places := make(map[key]int)
	for i := range sides {
		seen := make(map[key]int)
		for k := range sides[i].here[:sides[i].count] {
			h := &sides[i].here[k]
			is := key{ref: h.Ref}
			if several[h.Ref] {
				is.alts = strings.Join(h.Alts, ",")
			}
			is.nth = seen[is]
			seen[key{is.ref, is.alts, 0}]++
			at, there := places[is]
			if !there {
				at = len(queue)
				places[is] = at
				queue = append(queue, united{pos: pos, rows: make([]*held, len(sides)), failed: make([]bool, len(sides))})
			}
			queue[at].rows[i] = h
		}
	}
	return queue
}

// symbolic reports whether an ALT is no sequence and not "*". What two files call <DEL>
// need not be the same.
func symbolic(alt string) bool { return alt != "*" && !genotype.IsBases(alt) }

// uniter makes one row of several. What it makes is valid until the next one.
type uniter struct {
	samples int
	maps    []bitset // all that there are
	free    []bitset // and those that are in no set of the present row
	ids     []uint32
	halves  []genotype.Half
	alts    []string
	aligned []genotype.Spelling
}

// row fills row with what is united.
func (u *uniter) row(row *genotype.Row, of united, sides []side, contig string) error {
	u.free, u.ids, u.halves = append(u.free[:0], u.maps...), u.ids[:0], u.halves[:0]
	if err := u.site(row, of, contig); err != nil {
		return err
	}
	row.Calls, row.Packed, row.Classes = row.Calls[:0], nil, row.Classes[:0]
	for k := range max(1, len(row.Alts)) {
		alt := ""
		if k < len(row.Alts) {
			alt = row.Alts[k]
		}
		row.Classes = append(row.Classes, u.classes(row, alt, of, sides))
	}
	return nil
}

// site unites what rows say beside their classes. Those that do not pass are left out
// where another one does.
func (u *uniter) site(row *genotype.Row, of united, contig string) error {
	row.Site, row.Dropped = genotype.Site{Contig: contig, Pos: of.pos}, 0
	coded, written := false, false
	for _, h := range of.rows {
		row.Pass = row.Pass || h != nil && h.Pass
	}
	u.alts, u.aligned = u.alts[:0], u.aligned[:0]
	for i, h := range of.rows {
		if h == nil || h.Pass != row.Pass {
			of.rows[i], of.failed[i] = nil, h != nil
			continue
		}
		row.Ref, row.End = h.Ref, h.End
		row.Dropped += h.Dropped
		coded, written = coded || h.Coded, written || !h.Coded
		for k, alt := range h.Alts {
			at := slices.Index(u.alts, alt)
			if at < 0 {
				at = len(u.alts)
				u.alts, u.aligned = append(u.alts, alt), append(u.aligned, genotype.Spelling{})
			}
			if len(h.Aligned) > 0 && u.aligned[at] == (genotype.Spelling{}) {
				u.aligned[at] = h.Aligned[k]
			}
		}
	}
	row.Alts, row.Coded = u.alts, coded && !written
	if slices.ContainsFunc(u.aligned, func(s genotype.Spelling) bool { return s != genotype.Spelling{} }) {
		row.Aligned = u.aligned
	}
	if len(u.alts) > genotype.MaxAlts {
		return ErrTooLarge
	}
	if coded && written && bySex(contig) {
		return ErrPloidy
	}
	return nil
}

// bySex reports whether how many alleles people have on a contig is told by their sex,
// or is one.
func bySex(contig string) bool {
	switch panel.CanonicalContig(contig) {
	case "X", "Y", "MT":
		return true
	}
	return false
}

// classes are everyone's for one ALT of a row, or for none where it has none.
func (u *uniter) classes(row *genotype.Row, alt string, of united, sides []side) genotype.Classes {
	p := pile{het: u.empty(), all: u.empty(), missing: u.empty(), haploid: u.empty(), other: u.empty(), halves: len(u.halves)}
	for i, h := range of.rows {
		s := &sides[i]
		first, n := s.first, len(s.Samples())
		if h == nil {
			if of.failed[i] || !s.isREF(row) {
				p.missing.fill(first, n)
			}
			continue
		}
		k := slices.Index(h.Alts, alt)
		c := &h.Classes[max(k, 0)]
		if k >= 0 {
			onlyALT(p.all, c, first, n)
			p.het.add(c.Het, first)
		} else { // who carries something carries another ALT than this one
			onlyALT(p.other, c, first, n)
			p.other.add(c.Het, first)
		}
		p.other.add(c.Other, first)
		p.missing.add(c.Missing, first)
		p.haploid.add(c.Haploid, first)
		for _, half := range c.Halves {
			at := uint32(first) + half.Sample
			if k < 0 && half.Alt {
				p.other[at/64] |= 1 << (at % 64)
			}
			u.halves = append(u.halves, genotype.Half{Sample: at, Alt: half.Alt && k >= 0})
		}
	}
	return u.made(p)
}

// isREF reports whether the samples of a side that has no such row have REF twice.
func (s *side) isREF(row *genotype.Row) bool {
	return s.Callable != nil && (row.Coded || !bySex(row.Contig)) && s.Callable(row.Contig, row.Pos, covered(row.Pos, row.Ref))
}

// pile is what the classes of several sides come to.
type pile struct {
	het, all, missing, haploid, other bitset
	halves                            int // where they begin in the uniter's
}

// made makes classes of a pile, in the form that Classify gives them.
func (u *uniter) made(p pile) genotype.Classes {
	c := genotype.Classes{Base: genotype.NoAlt, Halves: u.halves[p.halves:len(u.halves):len(u.halves)]}
	hom := p.all
	if 2*p.all.count() > u.samples {
		c.Base = genotype.AllAlt
		for i := range hom {
			hom[i] = ^(p.het[i] | hom[i] | p.missing[i])
		}
		if over := u.samples % 64; over > 0 {
			hom[len(hom)-1] &= 1<<over - 1
		}
		for _, h := range c.Halves {
			hom[h.Sample/64] &^= 1 << (h.Sample % 64)
		}
	}
	c.Het, c.Hom, c.Missing, c.Haploid, c.Other = u.set(p.het), u.set(hom), u.set(p.missing), u.set(p.haploid), u.set(p.other)
	return c
}

// set is a list where few are in it; the bitmap is then free again.
func (u *uniter) set(b bitset) genotype.Set {
	n := b.count()
	if n > genotype.MostListed(u.samples) {
		return genotype.Set{Bits: b}
	}
	u.free = append(u.free, b)
	from := len(u.ids)
	u.ids = slices.AppendSeq(u.ids, (&genotype.Set{Bits: b}).All())
	return genotype.Set{IDs: u.ids[from:len(u.ids):len(u.ids)]}
}

// empty is a bitmap of nobody.
func (u *uniter) empty() bitset {
	n := len(u.free)
	if n == 0 {
		b := make(bitset, genotype.Words(u.samples))
		u.maps = append(u.maps, b)
		return b
	}
	b := u.free[n-1]
	u.free = u.free[:n-1]
	clear(b)
	return b
}

// bitset is a bitmap of the samples of all sides.
type bitset []uint64

func (b bitset) count() int { return (&genotype.Set{Bits: b}).Len() }

// add puts in a side's set, whose first sample is numbered first here.
func (b bitset) add(s genotype.Set, first int) {
	b.each(s, first, func(word int, mask uint64) { b[word] |= mask })
}

func (b bitset) remove(s genotype.Set, first int) {
	b.each(s, first, func(word int, mask uint64) { b[word] &^= mask })
}

func (b bitset) each(s genotype.Set, first int, do func(word int, mask uint64)) {
	if s.Bits == nil {
		for _, id := range s.IDs {
			at := uint32(first) + id
			do(int(at/64), 1<<(at%64))
		}
		return
	}
	word, shift := first/64, first%64
	for i, w := range s.Bits {
		do(word+i, w<<shift)
		if over := w >> (64 - shift); over != 0 { // nothing is left of a word shifted by 64
			do(word+i+1, over)
		}
	}
}

// fill puts in n samples from the first on.
func (b bitset) fill(first, n int) {
	for at := first; at < first+n; {
		word, bit := at/64, at%64
		k := min(64-bit, first+n-at)
		b[word] |= ^uint64(0) >> (64 - k) << bit
		at += k
	}
}

// onlyALT puts in those of a side who have the ALT and nothing else, of whom nobody is
// in b yet.
func onlyALT(b bitset, c *genotype.Classes, first, n int) {
	if c.Base == genotype.NoAlt {
		b.add(c.Hom, first)
		return
	}
	b.fill(first, n)
	b.remove(c.Het, first)
	b.remove(c.Hom, first)
	b.remove(c.Missing, first)
	for _, h := range c.Halves {
		at := uint32(first) + h.Sample
		b[at/64] &^= 1 << (at % 64)
	}
}
