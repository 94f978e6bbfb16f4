package store

import (
	"encoding/binary"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
)

// blockReader gives the sites of an opened block, one after another.
type blockReader struct {
	samples int
	contig  string
	entry   entry
	left    int    // sites
	last    uint32 // position of the last one given

	text      string // alleles and flags
	bitmaps   []uint64
	positions decoder
	control   decoder
	lists     decoder
	unpacked  []byte

	named    []genotype.Set // that may be referred to
	namedIDs []uint32       // of named, until the block's end
	ids      []uint32       // of the present site
	halves   []genotype.Half
	aligned  []genotype.Spelling
}

// open takes a block whose words it keeps.
func (r *blockReader) open(plain []byte, e entry, contig string, z *zstd.Decoder) error {
	if len(plain) < blockHeadSize {
		return errShort
	}
	var sizes [blockHeadSize / 4]int
	for i := range sizes {
		sizes[i] = int(binary.LittleEndian.Uint32(plain[4*i:]))
	}
	bitmaps, size := sizes[0], sizes[2]
	if sizes[6] != 0 || sizes[7] != 0 || bitmaps%8 != 0 || size > maxText {
		return errColumns
	}
	d := decoder{rest: plain[blockHeadSize:]}
	raw := d.take(bitmaps)
	packed := d.take(sizes[1])
	r.positions, r.control, r.lists = decoder{rest: d.take(sizes[3])}, decoder{rest: d.take(sizes[4])}, decoder{rest: d.take(sizes[5])}
	if err := d.end(); err != nil {
		return err
	}
	text, err := z.DecodeAll(packed, r.unpacked[:0])
	if err != nil {
		return err
	}
	if len(text) != size {
		return errColumns
	}
	r.unpacked, r.text = text, string(text)
	r.bitmaps = wordsOf(raw)
	r.entry, r.contig, r.left, r.last = e, contig, e.rows, 0
	r.named, r.namedIDs = r.named[:0], r.namedIDs[:0]
	return nil
}

// next fills row with the next site; r.left is how many there are. What row refers to
// is valid until the call after.
func (r *blockReader) next(row *genotype.Row) error {
	r.ids, r.halves = r.ids[:0], r.halves[:0]
	first := r.left == r.entry.rows
	r.left--
	if err := r.site(row, first); err != nil {
		return err
	}
	row.Calls = row.Calls[:0]
	n := max(1, len(row.Alts))
	row.Classes = row.Classes[:0]
	for range n {
		row.Classes = append(row.Classes, genotype.Classes{})
		if err := r.classes(&row.Classes[len(row.Classes)-1]); err != nil {
			return err
		}
	}
	if r.left > 0 {
		return nil
	}
	if r.last != r.entry.last || len(r.text) != 0 || len(r.bitmaps) != 0 || len(r.positions.rest)+len(r.control.rest)+len(r.lists.rest) != 0 {
		return errLong
	}
	return nil
}

func (r *blockReader) site(row *genotype.Row, first bool) error {
	row.Contig = r.contig
	row.Pos = r.last + uint32(r.positions.uvarint(uint64(r.entry.last-r.last)))
	if r.positions.err != nil {
		return r.positions.err
	}
	if first && row.Pos != r.entry.first {
		return errColumns
	}
	r.last = row.Pos
	t := textDecoder{rest: r.text}
	flags := t.byte()
	if flags >= siteDropped<<1 {
		return errColumns
	}
	row.Pass, row.Coded = flags&sitePass != 0, flags&siteCoded != 0
	alts := t.uvarint()
	row.Ref = t.take(t.uvarint())
	row.Alts = row.Alts[:0]
	if alts > genotype.MaxAlts || alts > len(t.rest) {
		return errColumns
	}
	for range alts {
		row.Alts = append(row.Alts, t.take(t.uvarint()))
	}
	row.End, row.Aligned, row.Dropped = 0, nil, 0
	if flags&siteBlock != 0 {
		row.End = t.position(row.Pos, int64(t.uvarint()))
	}
	if flags&siteAligned != 0 {
		row.Aligned = r.spelled(&t, row.Pos, alts)
	}
	if flags&siteDropped != 0 {
		row.Dropped = t.uvarint()
	}
	if t.bad || row.Dropped > r.samples {
		return errColumns
	}
	if from, to := span(&row.Site); from < r.entry.low || to > r.entry.reach {
		return errColumns
	}
	r.text = t.rest
	return nil
}

// spelled reads how each ALT of a row is written once it is aligned.
func (r *blockReader) spelled(t *textDecoder, pos uint32, alts int) []genotype.Spelling {
	r.aligned = r.aligned[:0]
	for range alts {
		n := t.uvarint() - 1
		if n < 0 {
			r.aligned = append(r.aligned, genotype.Spelling{})
			continue
		}
		at := t.position(pos, int64(n>>1)^-int64(n&1))
		r.aligned = append(r.aligned, genotype.Spelling{Pos: at, Ref: t.take(t.uvarint()), Alt: t.take(t.uvarint())})
	}
	return r.aligned
}

func (r *blockReader) classes(c *genotype.Classes) error {
	has := r.control.byte()
	if has&hasAllAlt != 0 {
		c.Base = genotype.AllAlt
	}
	r.set(&c.Het, has&hasHet, false)
	r.set(&c.Hom, has&hasHom, false)
	r.set(&c.Missing, has&hasMissing, true)
	if has&hasHalves != 0 {
		c.Halves = r.half()
	}
	r.set(&c.Haploid, has&hasHaploid, true)
	r.set(&c.Other, has&hasOther, true)
	if r.control.err != nil {
		return r.control.err
	}
	r.lists.fault(has > hasOther<<1-1, errColumns)
	return r.lists.err
}

// set reads a set, if it is there.
func (r *blockReader) set(s *genotype.Set, there byte, named bool) {
	if there == 0 {
		return
	}
	v := r.control.uvarint(1 << 32)
	kind, n := v&3, int(v>>2)
	switch {
	case r.control.err != nil:
		return
	case kind == kindNamed:
		if !named || n >= len(r.named) {
			r.control.fault(true, errSet)
			return
		}
		*s = r.named[n]
		return
	case n == 0 || n > r.samples:
		r.control.fault(true, errSet)
		return
	case kind == kindBitmap:
		size := genotype.Words(r.samples)
		if size > len(r.bitmaps) {
			r.control.fault(true, errShort)
			return
		}
		s.Bits, r.bitmaps = r.bitmaps[:size:size], r.bitmaps[size:]
		r.control.fault(!s.Fits(r.samples), errSet)
		if named && 8*size >= worthNaming {
			r.named = append(r.named, *s)
		}
		return
	}
	before := len(r.lists.rest)
	ids := &r.ids
	if named {
		ids = &r.namedIDs
	}
	from := len(*ids)
	if kind == kindVarint {
		*ids = r.lists.varints(*ids, n, r.samples)
	} else {
		*ids = r.lists.shorts(*ids, n, r.samples)
	}
	s.IDs = (*ids)[from:len(*ids):len(*ids)]
	if named && before-len(r.lists.rest) >= worthNaming {
		r.named = append(r.named, *s)
	}
}

func (r *blockReader) half() []genotype.Half {
	n := int(r.control.uvarint(uint64(r.samples)))
	if n > len(r.lists.rest) {
		r.lists.fault(true, errShort)
		return nil
	}
	from, next := len(r.halves), uint64(0)
	for range n {
		v := r.lists.uvarint(uint64(r.samples) << 1)
		next += v >> 1
		if next >= uint64(r.samples) {
			r.lists.fault(true, errSet)
			return nil
		}
		r.halves = append(r.halves, genotype.Half{Sample: uint32(next), Alt: v&1 != 0})
		next++
	}
	return r.halves[from:len(r.halves):len(r.halves)]
}

// textDecoder is a decoder of a string, whose parts need no copy.
type textDecoder struct {
	rest string
	bad  bool
}

func (t *textDecoder) byte() byte {
	if len(t.rest) == 0 {
		t.bad = true
		return 0
	}
	b := t.rest[0]
	t.rest = t.rest[1:]
	return b
}

func (t *textDecoder) uvarint() int {
	v := 0
	for shift := 0; shift < 35; shift += 7 {
		b := t.byte()
		v |= int(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	t.bad = true
	return 0
}

// position is one that is so far away from another.
func (t *textDecoder) position(from uint32, away int64) uint32 {
	at := int64(from) + away
	if at < 0 || at > maxUint32 {
		t.bad = true
		return 0
	}
	return uint32(at)
}

func (t *textDecoder) take(n int) string {
	if n < 0 || n > len(t.rest) {
		t.bad, t.rest = true, ""
		return ""
	}
	s := t.rest[:n]
	t.rest = t.rest[n:]
	return s
}

// wordsOf are little-endian words, in place where this machine reads them so. What it
// is given stays as it is while they are used.
func wordsOf(b []byte) []uint64 {
	if len(b) == 0 {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	one := uint16(1)
	if *(*byte)(unsafe.Pointer(&one)) == 1 && uintptr(p)%8 == 0 {
		return unsafe.Slice((*uint64)(p), len(b)/8)
	}
	w := make([]uint64, len(b)/8)
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return w
}
