package pgen

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// The low three bits of a record's kind: how its hard calls are written.
const (
	mainTrack = 7

	twoBits    = 0
	oneBit     = 1
	likeBase   = 2 // differs from the last record that is not like this
	unlikeBase = 3 // the same, and REF and ALT change places
	allRef     = 5
	// 4, 6 and 7 are lists of who does not have the code of the low two bits.
	differs = 4
)

// The other bits: what follows the hard calls.
const (
	hasAlts        = 0x08
	hasPhase       = 0x10
	hasDosage      = 0x60
	dosageListed   = 0x20
	dosageForAll   = 0x40
	dosageMarked   = 0x60
	hasDosagePhase = 0x80
)

// The codes of hard calls.
const (
	codeHomRef = iota
	codeHet
	codeAlts
	codeMissing
)

// record is one as it is in the file, and what was made of it.
type record struct {
	number uint64 // of the variant, from 1
	kind   byte
	raw    []byte // in the buffer that the file is read with, or in kept
	kept   []byte
	codes  []byte // two bits a sample, nil before decode; perhaps within raw
	rest   cursor // what follows the hard calls, after decode
	memory []byte // for codes
}

func (r *record) main() byte { return r.kind & mainTrack }

func (r *record) linked() bool { return r.main() == likeBase || r.main() == unlikeBase }

// sparse reports whether the hard calls are a list of who differs.
func (r *record) sparse() bool { return r.kind&differs != 0 && r.main() != allRef }

// decoder turns records into classes or calls.
type decoder struct {
	samples int
	quads   [256][4]genotype.Call // by a byte of four codes
	list    list
	patches patches
	bed     bool          // codes are those of a bed
	planes  bitmap.Planes // memory of classes
	lists   [3][]uint32   // the same
}

func newDecoder(samples int, bed bool) *decoder {
	d := &decoder{samples: samples, bed: bed, planes: bitmap.NewPlanes(samples)}
	alt := genotype.Reference + 1
	calls := [4]genotype.Call{genotype.HomRef, genotype.NewCall(genotype.Reference, alt), genotype.NewCall(alt, alt), genotype.NoCall}
	if bed {
		calls = [4]genotype.Call{calls[codeAlts], genotype.NoCall, calls[codeHet], genotype.HomRef}
	}
	for b := range d.quads {
		for i := range d.quads[b] {
			d.quads[b][i] = calls[b>>(2*i)&3]
		}
	}
	return d
}

// width is the bytes of two bits a sample.
func (d *decoder) width() int { return (d.samples + 3) / 4 }

// longest bounds a record: per sample it takes less than 15 bytes to say everything,
// each track in its longest form.
func (d *decoder) longest() uint64 { return 64 + 16*uint64(d.samples) }

// call is what two bits mean.
func (d *decoder) call(code byte) genotype.Call { return d.quads[code][0] }

// decode reads a record's hard calls into codes. A linked one needs its base.
func (d *decoder) decode(r, base *record) error {
	c := cursor{p: r.raw}
	if err := d.mainTrack(r, base, &c); err != nil {
		r.codes = nil
		return err
	}
	r.rest = c
	return nil
}

func (d *decoder) mainTrack(r, base *record, c *cursor) (err error) {
	if r.main() == twoBits {
		r.codes, err = c.takeBits(d.samples, 2)
		return err
	}
	if len(r.memory) == 0 {
		r.memory = make([]byte, d.width())
	}
	r.codes = r.memory
	switch r.main() {
	case oneBit:
		return d.oneBit(r, c)
	case likeBase, unlikeBase:
		copy(r.codes, base.codes)
		if err = d.apply(r.codes, c); err == nil && r.main() == unlikeBase {
			exchange(r.codes)
			d.clean(r.codes)
		}
		return err
	case allRef:
		clear(r.codes)
		return nil
	}
	fill(r.codes, (r.kind&3)*0x55)
	d.clean(r.codes)
	return d.apply(r.codes, c)
}

// readMarks reads which two codes most samples have, and a bit for each that tells who
// has the upper one.
func (d *decoder) readMarks(c *cursor) (low, high int, marks []byte, err error) {
	two, err := c.take(1)
	if err != nil {
		return 0, 0, nil, err
	}
	low, step := int(two[0]>>2), int(two[0]&3)
	if step == 0 || low+step > 3 {
		return 0, 0, nil, fmt.Errorf("%w: its two usual codes are not two", ErrRecord)
	}
	marks, err = c.takeBits(d.samples, 1)
	return low, low + step, marks, err
}

// oneBit reads which of two codes each sample has, and a list of who has neither.
func (d *decoder) oneBit(r *record, c *cursor) error {
	low, high, marks, err := d.readMarks(c)
	if err != nil {
		return err
	}
	step := high - low
	for i, m := range marks {
		// Each bit of m goes to the lower one of a pair.
		x := uint16(m)
		x = (x | x<<4) & 0x0f0f
		x = (x | x<<2) & 0x3333
		x = (x | x<<1) & 0x5555
		x = uint16(low)*0x5555 + x*uint16(step)
		r.codes[2*i] = byte(x)
		if 2*i+1 < len(r.codes) {
			r.codes[2*i+1] = byte(x >> 8)
		}
	}
	d.clean(r.codes)
	if err := d.list.readNeither(c, d.samples, low, high); err != nil {
		return err
	}
	d.put(r.codes)
	return nil
}

// apply reads a list and gives its samples their codes.
func (d *decoder) apply(codes []byte, c *cursor) error {
	if err := d.list.read(c, d.samples, true); err != nil {
		return err
	}
	d.put(codes)
	return nil
}

// put gives the samples of the list their codes.
func (d *decoder) put(codes []byte) {
	for i, id := range d.list.ids {
		shift := 2 * (id % 4)
		codes[id/4] = codes[id/4]&^(3<<shift) | d.list.code(i)<<shift
	}
}

// clean takes away what is behind the last sample.
func (d *decoder) clean(codes []byte) {
	if used := d.samples % 4; used > 0 {
		codes[len(codes)-1] &= 1<<(2*used) - 1
	}
}

// exchange lets REF and ALT change places: 0 and 2, that is, but not 1 and 3.
func exchange(codes []byte) {
	for i, b := range codes {
		codes[i] = b ^ ^b&0x55<<1
	}
}

// count is how many samples have a code, which is not that of REF.
func count(codes []byte, code byte) (n int) {
	other := uint64(codeMissing-code) * 0x5555555555555555
	for ; len(codes) >= 8; codes = codes[8:] {
		x := binary.LittleEndian.Uint64(codes) ^ other
		n += bits.OnesCount64(x & (x >> 1) & 0x5555555555555555)
	}
	for _, b := range codes {
		x := b ^ byte(other)
		n += bits.OnesCount8(x & (x >> 1) & 0x55)
	}
	return n
}

// calls reads a record into calls. With many ALTs it says which; phases and dosages
// are passed over.
func (d *decoder) calls(r, base *record, alts int, calls []genotype.Call) ([]genotype.Call, error) {
	calls = slices.Grow(calls[:0], d.samples)[:d.samples]
	if r.sparse() && r.kind&hasAlts == 0 {
		return calls, d.sparse(r, alts, calls)
	}
	if err := d.decode(r, base); err != nil {
		return nil, err
	}
	d.unpack(r.codes, calls)
	c := r.rest
	hets := 0
	if r.kind&(hasPhase|hasAlts) != 0 {
		hets = count(r.codes, codeHet)
	}
	if r.kind&hasAlts != 0 {
		more, err := d.patches.read(&c, r.codes, d.samples, alts, calls)
		if err != nil {
			return nil, err
		}
		hets += more
	}
	return calls, d.tail(r.kind, &c, hets, alts)
}

// sparse reads a list of who differs straight into calls.
func (d *decoder) sparse(r *record, alts int, calls []genotype.Call) error {
	c := cursor{p: r.raw}
	if err := d.list.read(&c, d.samples, true); err != nil {
		return err
	}
	fill(calls, d.call(r.kind&3))
	hets := 0
	for i, id := range d.list.ids {
		code := d.list.code(i)
		calls[id] = d.call(code)
		if code == codeHet {
			hets++
		}
	}
	return d.tail(r.kind, &c, hets, alts)
}

// fill gives all of p, which is not empty, one value.
func fill[T any](p []T, v T) {
	p[0] = v
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
}

// unpack looks up four calls at a time.
func (d *decoder) unpack(codes []byte, calls []genotype.Call) {
	whole := len(calls) / 4
	for i, b := range codes[:whole] {
		*(*[4]genotype.Call)(calls[4*i:]) = d.quads[b]
	}
	if whole < len(codes) {
		copy(calls[4*whole:], d.quads[codes[whole]][:])
	}
}

// tail passes over what follows the alleles, and wants the record to end with it.
func (d *decoder) tail(kind byte, c *cursor, hets, alts int) error {
	if kind&hasPhase != 0 {
		if err := skipPhase(c, hets); err != nil {
			return err
		}
	}
	if kind&(hasDosage|hasDosagePhase) != 0 {
		if err := d.skipDosage(kind, c); err != nil {
			return err
		}
		if alts > 1 {
			return nil // how the dosages of many ALTs are shared out is not settled yet
		}
	}
	if c.left() > 0 {
		return fmt.Errorf("%w: %d bytes are left over", ErrRecord, c.left())
	}
	return nil
}

// skipPhase passes over which hets are phased, if not all are, and how.
func skipPhase(c *cursor, hets int) error {
	first, err := c.takeBits(1+hets, 1)
	switch {
	case err != nil:
		return err
	case hets == 0:
		return fmt.Errorf("%w: it has phases, and no hets", ErrRecord)
	case first[0]&1 == 0:
		return nil
	}
	_, err = c.takeBits(ones(first)-1, 1)
	return err
}

// skipDosage passes over who has a dosage, if not everyone has, and the dosages.
func (d *decoder) skipDosage(kind byte, c *cursor) error {
	n := d.samples
	switch kind & hasDosage {
	case 0:
		return fmt.Errorf("%w: it has phases of dosages, and no dosages", ErrRecord)
	case dosageListed:
		if err := d.list.read(c, d.samples, false); err != nil {
			return err
		}
		n = len(d.list.ids)
	case dosageMarked:
		marks, err := c.takeBits(d.samples, 1)
		if err != nil {
			return err
		}
		n = ones(marks)
	}
	if _, err := c.take(2 * n); err != nil || kind&hasDosagePhase == 0 {
		return err
	}
	if kind&hasDosage != dosageForAll {
		marks, err := c.takeBits(n, 1)
		if err != nil {
			return err
		}
		n = ones(marks)
	}
	_, err := c.take(2 * n)
	return err
}

func ones(p []byte) (n int) {
	for _, b := range p {
		n += bits.OnesCount8(b)
	}
	return n
}
