package bgen

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// ErrPloidy is returned for samples of more than two chromosomes.
var ErrPloidy = errors.New("bgen: samples of more than two chromosomes cannot be counted; leave them out")

// errSum is what probabilities are that are too large.
var errSum = fmt.Errorf("%w: those of a sample are more than 1", ErrBlock)

// planes are who has what where there are two alleles: bitmaps of samples.
type planes struct{ one, all, none, haploid []uint64 }

// decode fills a row from a block, and returns how many carry an ALT if there are two
// alleles.
func (d *decoder) decode(p []byte, alleles int, row *genotype.Row) (carriers int, err error) {
	if d.header.layout == 1 {
		return d.layout1(p, row)
	}
	h, err := d.head(p, alleles)
	if err != nil {
		return 0, err
	}
	// Where everyone is written as diploid, so are men on X: their copies are told by sex
	// and place. Where anyone is not, they are as written.
	row.Coded = h.counts[diploid] == d.header.samples
	if d.scale.bits != h.bits {
		d.scale = newScale(d.threshold, h.bits)
	}
	if alleles != 2 {
		row.Calls = slices.Grow(row.Calls, d.header.samples)[:d.header.samples]
		return 0, d.calls(&h, alleles, row.Calls)
	}
	switch {
	case !row.Coded:
		err = d.mixed(&h)
	case h.bits == 8 && !h.phased:
		err = d.bytes(&h)
	default:
		err = d.diploids(&h)
	}
	if err != nil {
		return 0, err
	}
	return d.classes(row), nil
}

// classes fills a row from the planes.
func (d *decoder) classes(row *genotype.Row) (carriers int) {
	p := &d.planes
	n := genotype.Sizes{OneAlt: count(p.one), AllAlt: count(p.all), NotCalled: count(p.none)}
	row.Classes = slices.Grow(row.Classes, 1)[:1]
	c := &row.Classes[0]
	c.Take(d.header.samples, p.one, p.all, p.none, n)
	if !row.Coded {
		c.Haploid = genotype.Set{Bits: p.haploid}
	}
	return n.OneAlt + n.AllAlt
}

func count(of []uint64) (n int) {
	for _, w := range of {
		n += bits.OnesCount64(w)
	}
	return n
}

// put writes up to 64 codes, of whom no one is missing otherwise than none tells.
func (d *decoder) put(word, samples int, low, high, damage, none uint64) error {
	if damage&^none != 0 {
		return errSum
	}
	low, high = low|none, high|none
	some := ^uint64(0) >> (64 - samples)
	if d.refLast {
		high ^= ^low & some
	}
	p := &d.planes
	p.one[word], p.all[word], p.none[word] = low&^high, high&^low, low&high
	return nil
}

// spread puts the three bits of a code to where a sample is in three words.
func spread(code byte, i int, low, high, damage *uint64) {
	*low |= uint64(code&1) << i
	*high |= uint64(code>>1&1) << i
	*damage |= uint64(code>>2) << i
}

// missingOf is who of up to 64 samples is missing.
func missingOf(ploidies []byte) (none uint64) {
	i := 0
	for ; i+8 <= len(ploidies); i += 8 {
		// The product brings the highest bits of eight bytes together in the last one.
		w := binary.LittleEndian.Uint64(ploidies[i:]) >> 7 & 0x0101010101010101
		none |= w * 0x0102040810204080 >> 56 << i
	}
	for ; i < len(ploidies); i++ {
		none |= uint64(ploidies[i]>>7) << i
	}
	return none
}

// bytes decodes diploids of two probabilities of 8 bits, which nearly all files have.
func (d *decoder) bytes(h *head) error {
	if d.pairs == nil {
		d.pairs = newPairs(d.scale)
	}
	p := h.numbers
	for from := 0; from < len(h.ploidies); from += 64 {
		who := h.ploidies[from:min(from+64, len(h.ploidies))]
		pairs := p[2*from : 2*(from+len(who))]
		var low, high, damage uint64
		for i := len(pairs) - 2; i >= 0; i -= 2 { // the last first, so that all shift by one
			code := uint64(d.pairs[uint16(pairs[i])|uint16(pairs[i+1])<<8])
			low, high, damage = low<<1|code&1, high<<1|code>>1&1, damage<<1|code>>2
		}
		if err := d.put(from/64, len(who), low, high, damage, missingOf(who)); err != nil {
			return err
		}
	}
	return nil
}

// diploids decodes those of any number of bits.
func (d *decoder) diploids(h *head) error {
	code := d.scale.pair
	if h.phased {
		code = d.scale.phased
	}
	s := newStream(h.numbers, h.bits)
	for from := 0; from < len(h.ploidies); from += 64 {
		who := h.ploidies[from:min(from+64, len(h.ploidies))]
		var low, high, damage uint64
		for i := range who {
			a, b := s.next(), s.next()
			spread(code(a, b), i, &low, &high, &damage)
		}
		if err := d.put(from/64, len(who), low, high, damage, missingOf(who)); err != nil {
			return err
		}
	}
	return nil
}

// mixed decodes samples of different ploidies. Who has no chromosome has no call, and is
// like a haploid who has none.
func (d *decoder) mixed(h *head) error {
	s := newStream(h.numbers, h.bits)
	for from := 0; from < len(h.ploidies); from += 64 {
		who := h.ploidies[from:min(from+64, len(h.ploidies))]
		var low, high, damage, haploid uint64
		for i, ploidy := range who {
			code := byte(codeNone)
			switch ploidy &^ missing {
			case diploid:
				a, b := s.next(), s.next()
				if code = d.scale.pair(a, b); h.phased {
					code = d.scale.phased(a, b)
				}
			case 1:
				code = d.scale.sole(s.next())
				haploid |= 1 << i
			default:
				haploid |= 1 << i
			}
			spread(code, i, &low, &high, &damage)
		}
		d.planes.haploid[from/64] = haploid
		if err := d.put(from/64, len(who), low, high, damage, missingOf(who)); err != nil {
			return err
		}
	}
	return nil
}

// layout1 decodes three probabilities of 16 bits a sample.
func (d *decoder) layout1(p []byte, row *genotype.Row) (carriers int, err error) {
	s := scale{all: parts, least: d.threshold.least(parts)}
	for from := 0; from < d.header.samples; from += 64 {
		n := min(64, d.header.samples-from)
		var low, high, damage uint64
		for i := range n {
			q := p[6*(from+i):]
			a, b, c := binary.LittleEndian.Uint16(q), binary.LittleEndian.Uint16(q[2:]), binary.LittleEndian.Uint16(q[4:])
			spread(s.three(uint64(a), uint64(b), uint64(c)), i, &low, &high, &damage)
		}
		if err := d.put(from/64, n, low, high, damage, 0); err != nil {
			return 0, err
		}
	}
	return d.classes(row), nil
}
