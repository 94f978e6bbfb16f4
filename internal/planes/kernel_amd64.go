//go:build amd64 && !purego

package planes

import "golang.org/x/sys/cpu"

// What the processor has: AVX2 or the AVX-512 that is used here, and the instructions
// for bits that every such processor has.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT
	hasAVX512 = hasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL
)

// kernels are those of this processor.
var kernels = choose()

func choose() (k struct{ text, pairs kernel }) {
	k.text, k.pairs = textGo, pairsGo
	switch {
	case hasAVX512:
		k.text, k.pairs = text512, pairs512
	case hasAVX2:
		k.text = text2
	}
	return k
}

// counts is where a kernel adds how many it found.
type counts struct{ het, hom, missing int }

//go:noescape
func textAVX2(text *byte, words int, usual uint32, het, hom, missing *uint64, n *counts) bool

//go:noescape
func textAVX512(text *byte, words int, usual uint32, het, hom, missing *uint64, n *counts) bool

//go:noescape
func pairsAVX512(raw *byte, words int, het, hom, missing *uint64, n *counts) bool

// cellsAVX512 copies the four bytes from each tab of whole blocks on to cells, up to
// the block in which there are more than most. It returns how many tabs there were, and
// whether all of them have a colon or a tab four bytes on; after tells which of the last
// four bytes are tabs. It looks at four bytes behind the last block.
//
//go:noescape
func cellsAVX512(text *byte, blocks int, cells *byte, most int, before uint64) (tabs int, sound bool, after uint64)

func text2(text []byte, p *Planes, first, words int) bool {
	var n counts
	ok := textAVX2(&text[0], words, usualOf(text), &p.Het[first], &p.Hom[first], &p.Missing[first], &n)
	p.add(n)
	return ok
}

func text512(text []byte, p *Planes, first, words int) bool {
	var n counts
	ok := textAVX512(&text[0], words, usualOf(text), &p.Het[first], &p.Hom[first], &p.Missing[first], &n)
	p.add(n)
	return ok
}

// usualOf is the cell of two REF with the separator of the first one.
func usualOf(text []byte) uint32 {
	if text[2] == '|' {
		return homRefPhased
	}
	return homRef
}

const homRefPhased = 0x307c3009

func pairs512(raw []byte, p *Planes, first, words int) bool {
	var n counts
	ok := pairsAVX512(&raw[0], words, &p.Het[first], &p.Hom[first], &p.Missing[first], &n)
	p.add(n)
	return ok
}

func (p *Planes) add(n counts) {
	p.Hets += n.het
	p.Homs += n.hom
	p.Missings += n.missing
}

const (
	// inBlock is how many bytes the kernel of cells looks at a time.
	inBlock = 64
	// cellsSlack is how far behind the cells it writes: it copies four at a time.
	cellsSlack = 4 * cell
)

func gather(text, cells []byte, samples int) bool {
	if !hasAVX512 {
		return gatherGo(text, cells, samples)
	}
	return gather512(text, cells, samples)
}

// gather512 is gather. The last bytes are looked at with colons behind them.
func gather512(text, cells []byte, samples int) bool {
	if samples == 0 || len(text) < cell || text[0] != '\t' {
		return samples == 0 && len(text) == 0
	}
	blocks := (len(text) - cell) / inBlock
	tabs, sound, carry := 0, true, uint64(0)
	if blocks > 0 {
		tabs, sound, carry = cellsAVX512(&text[0], blocks, &cells[0], samples, 0)
		if !sound || tabs > samples {
			return false
		}
	}
	var rest [2*inBlock + cell]byte
	for i := copy(rest[:], text[blocks*inBlock:]); i < len(rest); i++ {
		rest[i] = ':'
	}
	last, sound, _ := cellsAVX512(&rest[0], 2, &cells[tabs*cell], samples-tabs, carry)
	return sound && tabs+last == samples
}
