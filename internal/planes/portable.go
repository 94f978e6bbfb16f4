package planes

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
)

const (
	// refs is two samples with two REF each, GT being all there is of them; refsPhased
	// is the same with the other separator.
	refs       = 0x302f3009302f3009
	refsPhased = 0x307c3009307c3009
	// fourRefs is four samples of a BCF with two REF each, and phases are the bits of
	// eight alleles that tell their phase.
	fourRefs = 0x0202020202020202
	phases   = 0x0101010101010101
)

// Words of samples with two REF each, as nearly all are: to be compared at once.
var (
	refsWord        = strings.Repeat("\t0/0", inWord)
	refsWordPhased  = strings.Repeat("\t0|0", inWord)
	pairsWord       = strings.Repeat("\x02\x02", inWord)
	pairsWordPhased = strings.Repeat("\x02\x03", inWord)
)

// What a cell is.
const (
	isRef = iota
	isHet
	isHom
	isMissing
	isOdd
)

// kindOf is what two alleles are, each less '.': "." is 0, "0" is 2, "1" is 3. The first
// is the row.
var kindOf = [16]uint8{
	isMissing, isOdd, isOdd, isOdd,
	isOdd, isOdd, isOdd, isOdd,
	isOdd, isOdd, isRef, isHet,
	isOdd, isOdd, isHet, isHom,
}

// textGo is a kernel of Text.
func textGo(text []byte, p *Planes, first, words int) bool {
	usual, word := uint64(refs), refsWord
	if text[2] == '|' {
		usual, word = refsPhased, refsWordPhased
	}
	for w := range words {
		here := text[w*inWord*cell : (w+1)*inWord*cell]
		var m marks
		if string(here) == word {
			m.put(p, first+w)
			continue
		}
		for i := 0; i < inWord; i += 8 {
			eight := here[i*cell : i*cell+8*cell : i*cell+8*cell]
			a, b := binary.LittleEndian.Uint64(eight), binary.LittleEndian.Uint64(eight[8:])
			c, d := binary.LittleEndian.Uint64(eight[16:]), binary.LittleEndian.Uint64(eight[24:])
			if (a^usual)|(b^usual)|(c^usual)|(d^usual) == 0 {
				continue
			}
			for k, two := range [4]uint64{a, b, c, d} {
				if two != usual && !(m.cell(uint32(two), i+2*k) && m.cell(uint32(two>>32), i+2*k+1)) {
					return false
				}
			}
		}
		m.put(p, first+w)
	}
	return true
}

// marks are the bits of one word of each plane.
type marks struct{ het, hom, missing uint64 }

// cell takes the cell of one sample; false if it is odd.
func (m *marks) cell(c uint32, i int) bool {
	a, b, separator := byte(c>>8)-'.', byte(c>>24)-'.', byte(c>>16)
	if a > 3 || b > 3 || byte(c) != '\t' || separator != '/' && separator != '|' {
		return false
	}
	return m.mark(kindOf[a<<2|b], i)
}

func (m *marks) mark(kind uint8, i int) bool {
	bit := uint64(1) << i
	switch kind {
	case isHet:
		m.het |= bit
	case isHom:
		m.hom |= bit
	case isMissing:
		m.missing |= bit
	case isOdd:
		return false
	}
	return true
}

func (m *marks) put(p *Planes, w int) {
	p.Het[w], p.Hom[w], p.Missing[w] = m.het, m.hom, m.missing
	p.Hets += bits.OnesCount64(m.het)
	p.Homs += bits.OnesCount64(m.hom)
	p.Missings += bits.OnesCount64(m.missing)
}

// kindOfPair is what two alleles of a BCF are, each without its phase and halved: "." is
// 0, the first allele 1, the second 2. The first is the column.
var kindOfPair = [16]uint8{
	isMissing, isOdd, isOdd, isOdd,
	isOdd, isRef, isHet, isOdd,
	isOdd, isHet, isHom, isOdd,
	isOdd, isOdd, isOdd, isOdd,
}

// pairsGo is a kernel of Pairs.
func pairsGo(raw []byte, p *Planes, first, words int) bool {
	const large = 0xf8f8f8f8f8f8f8f8 // the bits of alleles over the second ALT
	word := pairsWord
	if raw[1]&1 != 0 {
		word = pairsWordPhased
	}
	for w := range words {
		here := raw[w*inWord*pair : (w+1)*inWord*pair]
		var m marks
		if string(here) == word {
			m.put(p, first+w)
			continue
		}
		for i := 0; i < inWord; i += 4 {
			four := binary.LittleEndian.Uint64(here[i*pair:]) &^ phases
			if four == fourRefs {
				continue
			}
			if four&large != 0 {
				return false
			}
			x := four>>1 | four>>7 // the second allele of each sample beside the first
			for k := range 4 {
				if !m.mark(kindOfPair[x>>(16*k)&15], i+k) {
					return false
				}
			}
		}
		m.put(p, first+w)
	}
	return true
}

// gatherGo is gather. The text begins with a tab.
func gatherGo(text, cells []byte, samples int) bool {
	for i := range samples {
		if len(text) < cell || text[0] != '\t' {
			return false
		}
		copy(cells[i*cell:i*cell+cell], text[:cell])
		text = text[cell:]
		switch {
		case len(text) == 0 || text[0] == '\t':
		case text[0] == ':':
			end := bytes.IndexByte(text, '\t')
			if end < 0 {
				end = len(text)
			}
			text = text[end:]
		default:
			return false
		}
	}
	return len(text) == 0
}
