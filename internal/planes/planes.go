package planes

import "encoding/binary"

// Planes are bitmaps of who has which genotype of a site with one ALT: sample i is bit
// i%64 of word i/64. Who is in none of them has two REF.
type Planes struct {
	Het, Hom, Missing []uint64
	// Hets, Homs and Missings are how many are in each.
	Hets, Homs, Missings int

	samples int
	cells   []byte // four bytes a sample, of Cells
}

// New makes room for so many samples.
func New(samples int) *Planes {
	words := (samples + 63) / 64
	return &Planes{Het: make([]uint64, words), Hom: make([]uint64, words), Missing: make([]uint64, words), samples: samples}
}

const (
	// inWord is how many samples a word of a bitmap has.
	inWord = 64
	// cell is the bytes of one sample in a line of GT alone: a tab, an allele, a
	// separator and an allele.
	cell = 4
	// pair is the bytes of one sample in a BCF: two alleles.
	pair = 2
)

// Text reads the cells of a line whose FORMAT is GT alone, each with the tab before it.
// It returns false for a line that has any other cell than two of 0, 1 and ".", ./1
// included, or more or fewer cells than there are samples: the planes mean nothing then.
func (p *Planes) Text(text []byte) bool {
	if len(text) != cell*p.samples {
		return false
	}
	return p.read(text, kernels.text, cell, homRef)
}

// homRef is a cell of two REF.
const homRef = 0x302f3009 // "\t0/0"

// Pairs reads the alleles of a BCF, a byte each and two a sample. It returns false if
// any of them is another than 0, 1 and ".", or only one of two is known.
func (p *Planes) Pairs(raw []byte) bool {
	if len(raw) != pair*p.samples {
		return false
	}
	return p.read(raw, kernels.pairs, pair, 0x02020202)
}

// kernel reads whole words of samples.
type kernel func(raw []byte, p *Planes, first, words int) bool

// read lets a kernel do the whole words, and then the rest with people of two REF
// behind it.
func (p *Planes) read(raw []byte, k kernel, size int, usual uint32) bool {
	p.Hets, p.Homs, p.Missings = 0, 0, 0
	whole := p.samples / inWord
	if whole > 0 && !k(raw[:whole*inWord*size], p, 0, whole) {
		return false
	}
	if whole*inWord == p.samples {
		return true
	}
	var rest [inWord * cell]byte
	for i := 0; i < len(rest); i += 4 {
		binary.LittleEndian.PutUint32(rest[i:], usual)
	}
	copy(rest[:], raw[whole*inWord*size:])
	return k(rest[:inWord*size], p, whole, 1)
}

// Cells reads the cells of a line whose FORMAT begins with GT and goes on, as Text does.
func (p *Planes) Cells(text []byte) bool {
	if p.cells == nil {
		p.cells = make([]byte, cell*p.samples+cellsSlack)
	}
	return gather(text, p.cells, p.samples) && p.Text(p.cells[:cell*p.samples])
}
