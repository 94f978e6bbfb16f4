package store

import (
	"encoding/binary"
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// The kinds of a set, the lower two bits of what control says of it. Above them stands
// how many samples it has or, of a reference, the number of the set meant.
const (
	kindVarint = iota // distances to the sample before
	kindShort         // 16-bit numbers, for each chunk of the samples
	kindBitmap        // in the bitmaps
	kindNamed         // a set that stood before
)

const (
	// fewest is from where a list has 16-bit numbers, which decode without branches.
	fewest = 16
	// small is the cohort whose lists are varints where that is shorter: speed is
	// nothing to it, and 16 bits for its samples are too many.
	small = 1 << 14
)

// packed is a set made ready to be written. Its slices are valid until the next one.
type packed struct {
	kind  uint64
	count int
	list  []byte   // of a list
	bits  []uint64 // of a bitmap
}

// setPacker finds out the shortest good form of a set.
type setPacker struct {
	samples int
	ids     []uint32
	bits    []uint64
	list    []byte
	other   []byte
}

// pack takes a set in any form. It is not ok if it is no set of the samples.
func (p *setPacker) pack(s genotype.Set) (packed, bool) {
	if !s.Fits(p.samples) || s.Bits == nil && !ascend(s.IDs) {
		return packed{}, false
	}
	n := s.Len()
	if n > genotype.MostListed(p.samples) {
		return packed{kind: kindBitmap, count: n, bits: p.bitmap(s)}, true
	}
	ids := p.numbers(s)
	if n < fewest {
		p.list = appendVarints(p.list[:0], ids)
		return packed{kind: kindVarint, count: n, list: p.list}, true
	}
	p.list = appendShorts(p.list[:0], ids, p.samples)
	if p.samples <= small {
		if p.other = appendVarints(p.other[:0], ids); len(p.other) < len(p.list) {
			return packed{kind: kindVarint, count: n, list: p.other}, true
		}
	}
	return packed{kind: kindShort, count: n, list: p.list}, true
}

func (p *setPacker) bitmap(s genotype.Set) []uint64 {
	if s.Bits != nil {
		return s.Bits
	}
	if p.bits == nil {
		p.bits = make([]uint64, genotype.Words(p.samples))
	}
	clear(p.bits)
	for _, id := range s.IDs {
		p.bits[id/64] |= 1 << (id % 64)
	}
	return p.bits
}

func (p *setPacker) numbers(s genotype.Set) []uint32 {
	if s.Bits == nil {
		return s.IDs
	}
	p.ids = slices.AppendSeq(p.ids[:0], s.All())
	return p.ids
}

func ascend(ids []uint32) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] {
			return false
		}
	}
	return true
}

func appendVarints(b []byte, ids []uint32) []byte {
	next := uint32(0)
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id-next))
		next = id + 1
	}
	return b
}

// appendShorts writes the lower halves of the numbers. Where there is more than one
// chunk, how many there are of each stands before them.
func appendShorts(b []byte, ids []uint32, samples int) []byte {
	for c := 0; c < samples; c += chunk {
		n := 0
		for n < len(ids) && int(ids[n]) < c+chunk {
			n++
		}
		if samples > chunk {
			b = binary.AppendUvarint(b, uint64(n))
		}
		for _, id := range ids[:n] {
			b = binary.LittleEndian.AppendUint16(b, uint16(id))
		}
		ids = ids[n:]
	}
	return b
}

// varints reads n distances and appends the numbers.
func (d *decoder) varints(ids []uint32, n, samples int) []uint32 {
	if n > len(d.rest) {
		d.fault(true, errShort)
		return ids
	}
	next := uint64(0)
	for range n {
		next += d.uvarint(uint64(samples))
		if next >= uint64(samples) {
			d.fault(true, errSet)
			return ids
		}
		ids = append(ids, uint32(next))
		next++
	}
	return ids
}

// shorts reads n numbers of 16 bits and appends them.
func (d *decoder) shorts(ids []uint32, n, samples int) []uint32 {
	left := n
	for c := 0; c < samples; c += chunk {
		k := left
		if samples > chunk {
			k = int(d.uvarint(uint64(left)))
		}
		raw := d.take(2 * k)
		if raw == nil {
			break
		}
		left -= k
		ids = slices.Grow(ids, k)[:len(ids)+k]
		if !bitmap.Widen(ids[len(ids)-k:], raw, uint32(c)) || k > 0 && int(ids[len(ids)-1]) >= samples {
			d.fault(true, errSet)
		}
	}
	d.fault(left != 0, errSet)
	return ids
}
