package panel

import "sort"

// Code is a pair of alleles as a small number: 3 * REF + ALT among the three that REF is
// not, in the order of ACGT, or Other.
type Code uint8

// Other is the code of alleles that are no change of one base of ACGT.
const Other Code = other

// CodeOf is the code of a pair of alleles.
func CodeOf(ref, alt string) Code { return Code(codeOf(ref, alt)) }

// Column is consecutive variants of one contig as numbers: From, From+1 and so on of the
// panel. It shares memory with the panel and MUST NOT be changed.
type Column struct {
	Contig string
	From   int
	Pos    []uint32

	block *block
	at    int // of the first one in its block
}

// Code is the code of variant i of the column.
func (c *Column) Code(i int) Code { return Code(c.block.code(c.at + i)) }

// Alleles are REF and ALT of variant i of the column, without a copy.
func (c *Column) Alleles(i int) (ref, alt string) { return c.block.alleles(c.at + i) }

// Columns hands over the variants [from, to) in order, a block or a contig at a time,
// until yield returns false. It is an iter.Seq once from and to are given.
func (p *Panel) Columns(from, to int) func(yield func(Column) bool) {
	return func(yield func(Column) bool) {
		for c := p.contigOf(from); from < to; {
			if from == p.contigs[c].to {
				c++
			}
			b, at := &p.blocks[from/blockSize], from%blockSize
			n := min(to, p.contigs[c].to, from-at+b.len()) - from
			if !yield(Column{Contig: p.contigs[c].name, From: from, Pos: b.pos[at : at+n], block: b, at: at}) {
				return
			}
			from += n
		}
	}
}

// Cursor finds variants in a panel one after another. It is fast when they come in
// the panel's order, and right in any. It is not for several goroutines at once.
type Cursor struct {
	panel  *Panel
	named  string // the contig of the last one
	contig contig // its places, none if the panel has none
	// Of the block that holds the next place: its first place in the panel, and what of
	// it is on the contig.
	block *block
	first int
	pos   []uint32
	at    int    // in pos: the first that is not before floor
	floor uint32 // the position of the last one
}

// NewCursor starts before the first variant.
func (p *Panel) NewCursor() *Cursor { return &Cursor{panel: p} }

// Find is the place of a trimmed variant in the panel, or -1.
func (c *Cursor) Find(v Variant) int {
	if v.Contig != c.named {
		c.enter(v.Contig)
	}
	if !c.seek(v.Pos) {
		return -1
	}
	code := codeOf(v.Ref, v.Alt)
	if code != other && c.block.code(c.at) == code {
		return c.first + c.at
	}
	return c.among(code, v.Ref, v.Alt)
}

// enter goes to a contig, which is matched by CanonicalContig.
func (c *Cursor) enter(named string) {
	c.named, c.contig = named, contig{}
	c.block, c.pos, c.at, c.floor = nil, nil, 0, 0
	canonical := CanonicalContig(named)
	for _, k := range c.panel.contigs {
		if CanonicalContig(k.name) == canonical {
			c.contig = k
			c.load(k.from)
		}
	}
}

// load makes a place the next one.
func (c *Cursor) load(place int) {
	c.block = &c.panel.blocks[place/blockSize]
	c.at = place % blockSize
	c.first = place - c.at
	c.pos = c.block.pos[:min(c.block.len(), c.contig.to-c.first)]
}

// seek reports whether the contig has a variant at a position, and goes to the first one.
func (c *Cursor) seek(pos uint32) bool {
	if pos < c.floor {
		c.rewind(pos)
	}
	c.floor = pos
	if c.at < len(c.pos) && c.pos[c.at] < pos {
		c.at++ // mostly it is the next
	}
	if c.at < len(c.pos) && c.pos[c.at] >= pos {
		return c.pos[c.at] == pos
	}
	return c.forward(pos)
}

// forward doubles the steps until one is too far, and halves them from there.
func (c *Cursor) forward(pos uint32) bool {
	for c.block != nil {
		left := c.pos[c.at:]
		step := 1
		for step <= len(left) && left[step-1] < pos {
			step *= 2
		}
		low := step / 2
		low += sort.Search(min(step, len(left))-low, func(i int) bool { return left[low+i] >= pos })
		if c.at += low; c.at < len(c.pos) {
			return c.pos[c.at] == pos
		}
		if c.first+c.at == c.contig.to {
			return false
		}
		c.load(c.first + blockSize)
	}
	return false
}

// rewind goes back, as the trimmed alleles of two sites may.
func (c *Cursor) rewind(pos uint32) {
	if c.block == nil {
		return
	}
	from, to := c.contig.from, c.contig.to
	if n := sort.Search(to-from, func(i int) bool { return c.panel.pos(from+i) >= pos }); n < to-from {
		c.load(from + n)
	}
}

// among looks for alleles among the variants of the position that was sought. They may go
// on in the next block.
func (c *Cursor) among(code byte, ref, alt string) int {
	for place := c.first + c.at; place < c.contig.to; place++ {
		b, at := &c.panel.blocks[place/blockSize], place%blockSize
		switch {
		case b.pos[at] != c.floor:
			return -1
		case b.code(at) != code:
		case code != other:
			return place
		default:
			if r, a := b.alleles(at); r == ref && a == alt {
				return place
			}
		}
	}
	return -1
}
