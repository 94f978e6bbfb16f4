package pgen

import (
	"encoding/binary"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// turned is what makes the codes of a bed count up from those of most people.
const turned = 0xff

// classes reads a record of one ALT, or of none, and returns how many have it.
func (d *decoder) classes(r, base *record, to *genotype.Classes) (carriers int, err error) {
	if r.sparse() && r.kind&3 != codeMissing {
		return d.listed(r, to)
	}
	if r.main() == oneBit {
		return d.marked(r, to)
	}
	if err := d.decode(r, base); err != nil {
		return 0, err
	}
	n := d.split(r.codes, to)
	c := r.rest
	return n.OneAlt + n.AllAlt, d.tail(r.kind, &c, n.OneAlt, 1)
}

// split makes classes of codes.
func (d *decoder) split(codes []byte, to *genotype.Classes) (n genotype.Sizes) {
	p := d.planes
	if d.bed {
		c := bitmap.Split(codes, turned, d.samples, p)
		n = genotype.Sizes{OneAlt: c.One, AllAlt: c.Three, NotCalled: c.Two}
		to.Take(d.samples, p.One, p.Three, p.Two, n)
		return n
	}
	c := bitmap.Split(codes, 0, d.samples, p)
	n = genotype.Sizes{OneAlt: c.One, AllAlt: c.Two, NotCalled: c.Three}
	to.Take(d.samples, p.One, p.Two, p.Three, n)
	return n
}

// listed reads a list of who differs from people of two REF, or of two ALTs.
func (d *decoder) listed(r *record, to *genotype.Classes) (carriers int, err error) {
	c := cursor{p: r.raw}
	if err := d.list.read(&c, d.samples, true); err != nil {
		return 0, err
	}
	usual := r.kind & 3
	hets, homs, none := d.apart(usual)
	*to = genotype.Classes{
		Het: genotype.Set{IDs: hets}, Hom: genotype.Set{IDs: homs}, Missing: genotype.Set{IDs: none},
	}
	carriers = len(hets) + len(homs)
	if usual == codeAlts {
		to.Base = genotype.AllAlt
		carriers = d.samples - len(homs) - len(none)
	}
	return carriers, d.tail(r.kind, &c, len(hets), 1)
}

// apart gives the samples of a list by code. Most lists are of hets alone. They are
// copied: who has a dosage is a list too.
func (d *decoder) apart(usual byte) (hets, homs, none []uint32) {
	if d.list.hets() {
		d.lists[0] = append(d.lists[0][:0], d.list.ids...)
		return d.lists[0], nil, nil
	}
	hets, homs, none = d.lists[0][:0], d.lists[1][:0], d.lists[2][:0]
	four := byte(0)
	for i, id := range d.list.ids {
		if i%4 == 0 {
			four = d.list.codes[i/4]
		}
		switch code := four & 3; {
		case code == codeHet:
			hets = append(hets, id)
		case code == codeMissing:
			none = append(none, id)
		case code != usual:
			homs = append(homs, id)
		}
		four >>= 2
	}
	d.lists = [3][]uint32{hets, homs, none}
	return hets, homs, none
}

// marked reads a bit for each sample that tells which of two codes it has, and a list of
// who has neither.
func (d *decoder) marked(r *record, to *genotype.Classes) (carriers int, err error) {
	c := cursor{p: r.raw}
	low, high, marks, err := d.readMarks(&c)
	if err != nil {
		return 0, err
	}
	if err := d.list.readNeither(&c, d.samples, low, high); err != nil {
		return 0, err
	}
	p := d.planes
	planes := [4][]uint64{codeHet: p.One, codeAlts: p.Two, codeMissing: p.Three}
	var n [4]int
	for code, plane := range planes {
		if code != low && code != high {
			clear(plane)
		}
	}
	upper := planes[high] // no code is higher than none: it is of a plane
	fromBytes(upper, marks)
	n[high] = bitmap.Count(upper)
	n[low] = d.samples - n[high]
	if low != codeHomRef {
		invert(planes[low], upper, d.samples)
	}
	for i, id := range d.list.ids {
		before := low
		word, bit := id/64, uint64(1)<<(id%64)
		if upper[word]&bit != 0 {
			before = high
		}
		after := int(d.list.code(i))
		if before != codeHomRef {
			planes[before][word] &^= bit
		}
		if after != codeHomRef {
			planes[after][word] |= bit
		}
		n[before]--
		n[after]++
	}
	to.Take(d.samples, p.One, p.Two, p.Three, genotype.Sizes{OneAlt: n[codeHet], AllAlt: n[codeAlts], NotCalled: n[codeMissing]})
	return n[codeHet] + n[codeAlts], d.tail(r.kind, &c, n[codeHet], 1)
}

// fromBytes fills a bitmap from one of bytes, which may end sooner.
func fromBytes(to []uint64, from []byte) {
	for i := range to {
		if len(from) >= 8 {
			to[i], from = binary.LittleEndian.Uint64(from), from[8:]
			continue
		}
		var rest [8]byte
		copy(rest[:], from)
		to[i] = binary.LittleEndian.Uint64(rest[:])
	}
}

// invert makes a bitmap of who is not in another.
func invert(to, of []uint64, samples int) {
	for i, w := range of {
		to[i] = ^w
	}
	if over := samples % 64; over > 0 {
		to[len(to)-1] &= 1<<over - 1
	}
}
