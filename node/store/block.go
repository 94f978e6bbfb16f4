package store

import (
	"encoding/binary"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
)

// Bits of a site's flags and of a class's control byte.
const (
	sitePass    = 1 << 0
	siteCoded   = 1 << 1
	siteBlock   = 1 << 2 // it has an End
	siteAligned = 1 << 3
	siteDropped = 1 << 4

	hasAllAlt  = 1 << 0 // as base
	hasHet     = 1 << 1
	hasHom     = 1 << 2
	hasMissing = 1 << 3
	hasHalves  = 1 << 4
	hasHaploid = 1 << 5
	hasOther   = 1 << 6
)

// blockHeadSize is the sizes of a block's columns: bytes of bitmaps, of alleles packed
// and plain, of positions, control and lists; then eight zeros.
const blockHeadSize = 32

// worthNaming is the size from which a set is written once.
const worthNaming = 4

// blockWriter gathers the sites of a block.
type blockWriter struct {
	entry
	samples   int
	sets      setPacker
	bitmaps   []uint64
	text      []byte // alleles and flags
	positions []byte
	control   []byte
	lists     []byte
	named     map[string]int // sets that may be referred to, by kind and what is written of them
	key       []byte
}

func newBlockWriter(samples int) *blockWriter {
	return &blockWriter{samples: samples, sets: setPacker{samples: samples}, named: make(map[string]int)}
}

func (w *blockWriter) reset() {
	w.entry = entry{}
	w.bitmaps, w.text, w.positions = w.bitmaps[:0], w.text[:0], w.positions[:0]
	w.control, w.lists = w.control[:0], w.lists[:0]
	clear(w.named)
}

func (w *blockWriter) bytes() int {
	return 8*len(w.bitmaps) + len(w.text) + len(w.positions) + len(w.control) + len(w.lists)
}

// add takes a site, whose position is not below the last one's. After an error the
// block is of no use.
func (w *blockWriter) add(row *genotype.Row, classes []genotype.Classes) error {
	s := &row.Site
	if len(s.Alts) > genotype.MaxAlts || len(s.Ref)+len(s.Contig) > maxText {
		return ErrTooLarge
	}
	if s.End != 0 && s.End < s.Pos || len(s.Aligned) != 0 && len(s.Aligned) != len(s.Alts) || row.Dropped < 0 || row.Dropped > w.samples {
		return ErrRow
	}
	w.addSite(row)
	for i := range classes {
		if !w.addClasses(&classes[i]) {
			return ErrRow
		}
	}
	if len(w.text) > maxText || w.bytes() > maxPart-maxPart/8 {
		return ErrTooLarge
	}
	return nil
}

func (w *blockWriter) addSite(row *genotype.Row) {
	s := &row.Site
	if w.rows == 0 {
		w.first, w.last, w.low = s.Pos, 0, s.Pos
	}
	w.positions = binary.AppendUvarint(w.positions, uint64(s.Pos-w.last))
	w.rows++
	w.last = s.Pos
	from, to := span(s)
	w.low, w.reach = min(w.low, from), max(w.reach, to)
	w.text = append(w.text, bit(s.Pass, sitePass)|bit(row.Coded, siteCoded)|bit(s.End != 0, siteBlock)|
		bit(len(s.Aligned) != 0, siteAligned)|bit(row.Dropped != 0, siteDropped))
	w.text = binary.AppendUvarint(w.text, uint64(len(s.Alts)))
	w.text = appendText(w.text, s.Ref)
	for _, alt := range s.Alts {
		w.text = appendText(w.text, alt)
	}
	if s.End != 0 {
		w.text = binary.AppendUvarint(w.text, uint64(s.End-s.Pos))
	}
	for _, a := range s.Aligned {
		w.text = appendSpelling(w.text, a, s.Pos)
	}
	if row.Dropped != 0 {
		w.text = binary.AppendUvarint(w.text, uint64(row.Dropped))
	}
}

// appendSpelling writes a spelling by its distance from the site, which may be to either
// side. That of the site itself is one zero.
func appendSpelling(b []byte, a genotype.Spelling, pos uint32) []byte {
	if a == (genotype.Spelling{}) {
		return append(b, 0)
	}
	away := int64(a.Pos) - int64(pos)
	b = binary.AppendUvarint(b, uint64(away<<1^away>>63)+1)
	return appendText(appendText(b, a.Ref), a.Alt)
}

// span is from where to where a site tells something, as it is written and aligned.
func span(s *genotype.Site) (from, to uint32) {
	from, to = s.Pos, max(s.End, covered(s.Pos, s.Ref))
	for _, a := range s.Aligned {
		if a != (genotype.Spelling{}) {
			from, to = min(from, a.Pos), max(to, covered(a.Pos, a.Ref))
		}
	}
	return from, to
}

// covered is the last position of a REF.
func covered(pos uint32, ref string) uint32 {
	return uint32(min(uint64(pos)+uint64(max(len(ref), 1))-1, maxUint32))
}

func (w *blockWriter) addClasses(c *genotype.Classes) bool {
	at := len(w.control)
	has := bit(c.Base == genotype.AllAlt, hasAllAlt)
	w.control = append(w.control, 0)
	ok := c.Base == genotype.NoAlt || c.Base == genotype.AllAlt
	add := func(s genotype.Set, mask byte, named bool) {
		p, good := w.sets.pack(s)
		if ok = ok && good; !ok || p.count == 0 {
			return
		}
		has |= mask
		w.addSet(p, named)
	}
	add(c.Het, hasHet, false)
	add(c.Hom, hasHom, false)
	add(c.Missing, hasMissing, true)
	if len(c.Halves) > 0 {
		has |= hasHalves
		ok = ok && w.addHalves(c.Halves)
	}
	add(c.Haploid, hasHaploid, true)
	add(c.Other, hasOther, true)
	w.control[at] = has
	return ok
}

func (w *blockWriter) addSet(p packed, named bool) {
	body := p.list
	if p.kind == kindBitmap {
		body = bytesOf(p.bits)
	}
	if named && len(body) >= worthNaming {
		w.key = append(append(w.key[:0], byte(p.kind)), body...)
		if k, stood := w.named[string(w.key)]; stood {
			w.control = binary.AppendUvarint(w.control, uint64(k)<<2|kindNamed)
			return
		}
		w.named[string(w.key)] = len(w.named)
	}
	w.control = binary.AppendUvarint(w.control, uint64(p.count)<<2|p.kind)
	if p.kind == kindBitmap {
		w.bitmaps = append(w.bitmaps, p.bits...)
		return
	}
	w.lists = append(w.lists, p.list...)
}

func (w *blockWriter) addHalves(halves []genotype.Half) bool {
	w.control = binary.AppendUvarint(w.control, uint64(len(halves)))
	next := uint32(0)
	for _, h := range halves {
		if h.Sample < next || uint64(h.Sample) >= uint64(w.samples) {
			return false
		}
		w.lists = binary.AppendUvarint(w.lists, uint64(h.Sample-next)<<1|uint64(bit(h.Alt, 1)))
		next = h.Sample + 1
	}
	return true
}

// appendTo writes the block's columns.
func (w *blockWriter) appendTo(b []byte, z *zstd.Encoder) []byte {
	packed := z.EncodeAll(w.text, nil)
	for _, n := range [...]int{8 * len(w.bitmaps), len(packed), len(w.text), len(w.positions), len(w.control), len(w.lists), 0, 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for _, word := range w.bitmaps {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	b = append(b, packed...)
	b = append(b, w.positions...)
	b = append(b, w.control...)
	return append(b, w.lists...)
}

// bytesOf is the memory of words, as a key of equal ones on this machine.
func bytesOf(w []uint64) []byte {
	if len(w) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 8*len(w))
}
