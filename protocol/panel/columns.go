package panel

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// The columns of a block, in the order in which they are hashed.
const (
	positions = iota // varint of the distance to the variant before, on one contig
	codes            // 4 bits a variant
	lengths          // of REF and ALT of the others, varints
	letters          // of the others
	columns
)

// plain is the columns of one block, before compression.
type plain [columns][]byte

func (c *plain) size() (n int) {
	for _, column := range c {
		n += len(column)
	}
	return n
}

// leaf is the digest of a block: the columns are hashed as if they were one text.
func (c *plain) leaf() [32]byte {
	h := sha256.New()
	h.Write([]byte{0})
	for _, column := range c {
		h.Write(column)
	}
	return [32]byte(h.Sum(nil))
}

// encode writes the columns of the block that starts at variant from.
func (p *Panel) encode(b *block, from int) plain {
	gaps := make([]byte, 0, b.len()+b.len()/8)
	c := p.contigOf(from)
	var before uint32
	for i, pos := range b.pos {
		if from+i == p.contigs[c].to {
			c, before = c+1, 0
		}
		gaps = binary.AppendUvarint(gaps, uint64(pos-before))
		before = pos
	}
	sizes := make([]byte, 0, len(b.ends))
	var at uint32
	for _, end := range b.ends {
		sizes = binary.AppendUvarint(sizes, uint64(end-at))
		at = end
	}
	return plain{gaps, b.codes, sizes, []byte(b.heap)}
}

var (
	errColumns = errors.New("its columns do not fit each other")
	errOrder   = errors.New("its variants are not sorted or not unique")
	errAlleles = errors.New("its alleles are not trimmed bases")
)

// decode reads the columns of the block that starts at variant from, and compares them
// with what must hold of every variant: trimmed, in its one encoding, and after the one
// before it. It keeps none of them.
func (p *Panel) decode(c *plain, from int) (block, error) {
	n := min(blockSize, p.size-from)
	b := block{pos: make([]uint32, n)}
	ties, err := p.decodePositions(&b, c[positions], from)
	if err != nil {
		return block{}, err
	}
	if len(c[codes]) != (n+1)/2 || n%2 == 1 && c[codes][n/2]>>4 != 0 {
		return block{}, errColumns
	}
	b.codes = append(make([]byte, 0, len(c[codes])), c[codes]...)
	others, ok := b.rank()
	if !ok {
		return block{}, errColumns
	}
	if err := b.decodeOthers(c[lengths], c[letters], others); err != nil {
		return block{}, err
	}
	for _, i := range ties {
		if !b.ascends(i) {
			return block{}, errOrder
		}
	}
	if k := p.contigOf(from); from > p.contigs[k].from && len(p.blocks) > 0 {
		// The contig goes on from the block before.
		before := &p.blocks[len(p.blocks)-1]
		last := before.len() - 1
		if compareHere(before.variant(last), b.variant(0)) >= 0 {
			return block{}, errOrder
		}
	}
	return b, nil
}

// decodePositions fills the positions. Those on one contig never descend: ties are the
// variants that stand at the position of the one before.
func (p *Panel) decodePositions(b *block, gaps []byte, from int) (ties []int, err error) {
	for i, c := 0, p.contigOf(from); i < len(b.pos); c++ {
		to := min(p.contigs[c].to-from, len(b.pos))
		if gaps, ties, err = sumGaps(b.pos[:to], i, gaps, ties); err != nil {
			return nil, err
		}
		i = to
	}
	if len(gaps) != 0 {
		return nil, errColumns
	}
	return ties, nil
}

const (
	high8  = 0x8080808080808080
	low8   = 0x0101010101010101
	even8  = 0x00ff00ff00ff00ff
	low16  = 0x0001000100010001
	octave = 8 * 0x7f // eight distances of one byte
)

// sumGaps fills pos from place i to its end, on one contig, and returns what is left of
// the column.
func sumGaps(pos []uint32, i int, gaps []byte, ties []int) ([]byte, []int, error) {
	var at uint64
	for i < len(pos) {
		if len(gaps) >= 8 && len(pos)-i >= 8 && at > 0 && at <= MaxPos-octave {
			w := binary.LittleEndian.Uint64(gaps)
			if w&high8 == 0 && (w-low8)&^w&high8 == 0 {
				// Eight distances of one byte, and none is 0: add them up in lanes of 16 bits.
				odd := w >> 8 & even8
				sums := (w&even8 + odd) * low16 // of 2, 4, 6 and 8 of them
				less := sums - odd              // of 1, 3, 5 and 7 of them
				eight, base := (*[8]uint32)(pos[i:]), uint32(at)
				eight[0], eight[1] = base+uint32(less&0xffff), base+uint32(sums&0xffff)
				eight[2], eight[3] = base+uint32(less>>16&0xffff), base+uint32(sums>>16&0xffff)
				eight[4], eight[5] = base+uint32(less>>32&0xffff), base+uint32(sums>>32&0xffff)
				eight[6], eight[7] = base+uint32(less>>48), base+uint32(sums>>48)
				at += sums >> 48
				gaps, i = gaps[8:], i+8
				continue
			}
		}
		gap, n := binary.Uvarint(gaps)
		if n <= 0 || gap > MaxPos || n > 1 && gaps[n-1] == 0 {
			return nil, nil, errColumns
		}
		if at += gap; at == 0 || at > MaxPos {
			return nil, nil, errColumns
		}
		if gap == 0 {
			ties = append(ties, i)
		}
		pos[i] = uint32(at)
		gaps, i = gaps[n:], i+1
	}
	return gaps, ties, nil
}

// rank fills ranks from codes. It returns how many others there are, and whether every
// code is one.
func (b *block) rank() (others int, ok bool) {
	b.ranks = make([]uint16, (b.len()+group-1)/group)
	var bad uint64
	for g := range b.ranks {
		b.ranks[g] = uint16(others) // at most blockSize - group
		for k := g * group / 2; k < min((g+1)*group/2, len(b.codes)); k += 8 {
			w := word(b.codes, k)
			twelve := w >> 3 & (w >> 2) & ones // 12 to 15
			bad |= twelve & (w | w>>1)
			others += bits.OnesCount64(twelve)
		}
	}
	return others, bad == 0
}

// decodeOthers reads the alleles that are no single-base change.
func (b *block) decodeOthers(sizes, bases []byte, others int) error {
	b.ends = make([]uint32, 0, 2*others)
	total := uint32(0)
	for range others {
		ref, n := smallUvarint(sizes)
		alt, m := smallUvarint(sizes[n:])
		if n == 0 || m == 0 || ref > MaxAllele || alt > MaxAllele || int(total+ref+alt) > len(bases) {
			return errColumns
		}
		sizes = sizes[n+m:]
		v := bases[total : total+ref+alt]
		if !isOther(v[:ref], v[ref:]) {
			return errAlleles
		}
		b.ends = append(b.ends, total+ref, total+ref+alt)
		total += ref + alt
	}
	if len(sizes) != 0 || int(total) != len(bases) {
		return errColumns
	}
	if !isText(bases) {
		return errAlleles
	}
	b.heap = string(bases)
	return nil
}

// smallUvarint reads a number of one or two bytes in its shortest form, and how many bytes it has: 0 if
// there is none.
func smallUvarint(b []byte) (v uint32, n int) {
	switch {
	case len(b) > 0 && b[0] < 0x80:
		return uint32(b[0]), 1
	case len(b) > 1 && b[1] > 0 && b[1] < 0x80:
		return uint32(b[0]&0x7f) | uint32(b[1])<<7, 2
	}
	return 0, 0
}

// isOther reports whether alleles are trimmed, and no change that has a code.
func isOther(ref, alt []byte) bool {
	switch {
	case len(ref) == 0 || len(alt) == 0:
		return false
	case len(ref) > 1 && len(alt) > 1:
		return ref[0] != alt[0] && ref[len(ref)-1] != alt[len(alt)-1]
	case len(ref) == 1 && len(alt) == 1:
		return ref[0] != alt[0] && (ref[0] == 'N' || alt[0] == 'N')
	}
	return true
}

// isText reports whether bytes are A, C, G, T and N only.
func isText(b []byte) bool {
	const letters = 1<<('A'&31) | 1<<('C'&31) | 1<<('G'&31) | 1<<('T'&31) | 1<<('N'&31)
	good, high := uint32(1), byte(0)
	for _, c := range b {
		good &= letters >> (c & 31)
		high |= c&^31 ^ 'A'&^31
	}
	return good&1 == 1 && high == 0
}

// variant is variant i without its contig.
func (b *block) variant(i int) Variant {
	ref, alt := b.alleles(i)
	return Variant{Pos: b.pos[i], Ref: ref, Alt: alt}
}

// ascends reports whether variant i comes after the one before it.
func (b *block) ascends(i int) bool { return compareHere(b.variant(i-1), b.variant(i)) < 0 }
