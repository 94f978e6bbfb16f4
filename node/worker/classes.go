package worker

import (
	"encoding/binary"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// The ways in which a set is written.
const (
	setList = iota
	setBits
)

func appendClasses(b []byte, all []genotype.Classes) []byte {
	for i := range all {
		c := &all[i]
		b = append(b, byte(c.Base))
		for _, s := range []*genotype.Set{&c.Het, &c.Hom, &c.Missing, &c.Haploid, &c.Other} {
			b = appendSet(b, s)
		}
		b = binary.AppendUvarint(b, uint64(len(c.Halves)))
		next := uint32(0)
		for _, h := range c.Halves {
			b = binary.AppendUvarint(b, uint64(h.Sample-next)<<1|uint64(bit(h.Alt)))
			next = h.Sample + 1
		}
	}
	return b
}

func appendSet(b []byte, s *genotype.Set) []byte {
	if s.Bits != nil {
		b = append(b, setBits)
		for _, w := range s.Bits {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		return b
	}
	b = append(b, setList)
	b = binary.AppendUvarint(b, uint64(len(s.IDs)))
	next := uint32(0)
	for _, id := range s.IDs {
		b = binary.AppendUvarint(b, uint64(id-next))
		next = id + 1
	}
	return b
}

// keptAlts bounds the ALTs whose memory is kept for the next row. A child may not make
// the parent hold more by naming many at one site after another.
const keptAlts = 4

// classesReader keeps the memory of the rows before.
type classesReader struct {
	samples int
	rows    []genotype.Classes
	sets    []setReader // five a class
	taken   []uint64    // who is in a class of this ALT already
}

// setReader keeps both forms of a set.
type setReader struct {
	ids  []uint32
	bits []uint64
}

// read fills classes of so many ALTs. They are checked to hold nobody twice, since a
// person adds at most two to a counter.
func (r *classesReader) read(c *cursor, alts int) []genotype.Classes {
	n := max(1, alts)
	r.room(n)
	for i := range n {
		if c.bad {
			return nil
		}
		r.one(c, &r.rows[i], r.sets[5*i:5*i+5])
		if alts == 0 && (r.rows[i].Base != genotype.NoAlt || r.rows[i].Het.Len()+r.rows[i].Hom.Len()+r.rows[i].Other.Len() > 0 || altHalves(r.rows[i].Halves)) {
			c.fail()
		}
	}
	if c.bad {
		return nil
	}
	return r.rows[:n]
}

// room has classes for so many ALTs. A site has no more than its bytes tell of.
func (r *classesReader) room(n int) []genotype.Classes {
	if len(r.rows) > keptAlts {
		r.rows, r.sets = nil, nil
	}
	for len(r.rows) < n {
		r.rows = append(r.rows, genotype.Classes{})
		r.sets = append(r.sets, make([]setReader, 5)...)
	}
	return r.rows[:n]
}

func altHalves(all []genotype.Half) bool {
	return slices.ContainsFunc(all, func(h genotype.Half) bool { return h.Alt })
}

func (r *classesReader) one(c *cursor, to *genotype.Classes, sets []setReader) {
	if to.Base = genotype.Class(c.byte()); to.Base != genotype.NoAlt && to.Base != genotype.AllAlt {
		c.fail()
	}
	for i, s := range []*genotype.Set{&to.Het, &to.Hom, &to.Missing, &to.Haploid, &to.Other} {
		*s = sets[i].read(c, r.samples)
	}
	to.Halves = to.Halves[:0]
	next := uint64(0)
	for range c.count() {
		v := c.uvarint()
		at := next + v>>1
		if v>>1 > maxSamples || at >= uint64(r.samples) {
			c.fail()
			return
		}
		to.Halves = append(to.Halves, genotype.Half{Sample: uint32(at), Alt: v&1 == 1})
		next = at + 1
	}
	if !c.bad && !r.apart(to) {
		c.fail()
	}
}

// apart reports whether nobody is in two of the classes, and whether who has one
// chromosome is in one that such a person can be in.
func (r *classesReader) apart(c *genotype.Classes) bool {
	r.taken = slices.Grow(r.taken[:0], genotype.Words(r.samples))[:genotype.Words(r.samples)]
	clear(r.taken)
	if !take(r.taken, &c.Het) {
		return false
	}
	for _, h := range c.Halves {
		if r.taken[h.Sample/64]>>(h.Sample%64)&1 != 0 {
			return false
		}
		r.taken[h.Sample/64] |= 1 << (h.Sample % 64)
	}
	return free(r.taken, &c.Haploid) && take(r.taken, &c.Hom) && take(r.taken, &c.Missing)
}

// free reports whether nobody of the set is taken.
func free(taken []uint64, s *genotype.Set) bool {
	for i, w := range s.Bits {
		if taken[i]&w != 0 {
			return false
		}
	}
	for _, id := range s.IDs {
		if taken[id/64]>>(id%64)&1 != 0 {
			return false
		}
	}
	return true
}

// take takes a set that is free.
func take(taken []uint64, s *genotype.Set) bool {
	if !free(taken, s) {
		return false
	}
	for i, w := range s.Bits {
		taken[i] |= w
	}
	for _, id := range s.IDs {
		taken[id/64] |= 1 << (id % 64)
	}
	return true
}

func (r *setReader) read(c *cursor, samples int) genotype.Set {
	switch c.byte() {
	case setList:
		r.ids = r.ids[:0]
		next := uint64(0)
		for range c.count() {
			v := c.uvarint()
			at := next + v
			if v > maxSamples || at >= uint64(samples) {
				c.fail()
				return genotype.Set{}
			}
			r.ids = append(r.ids, uint32(at))
			next = at + 1
		}
		return genotype.Set{IDs: r.ids}
	case setBits:
		in := c.bytes(8 * genotype.Words(samples))
		if c.bad {
			return genotype.Set{}
		}
		r.bits = slices.Grow(r.bits[:0], len(in)/8)[:len(in)/8]
		for i := range r.bits {
			r.bits[i] = binary.LittleEndian.Uint64(in[8*i:])
		}
		set := genotype.Set{Bits: r.bits}
		if !set.Fits(samples) {
			c.fail()
		}
		return set
	}
	c.fail()
	return genotype.Set{}
}
