package panel

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
)

var (
	// ErrVariants is returned when variants cannot make a panel.
	ErrVariants = errors.New("panel: these variants make no panel")
	// ErrDamaged is returned when a file is not a panel, or not all of one.
	ErrDamaged = errors.New("panel: the file is damaged or is not a panel")
	// ErrRegion is returned for a region that cannot be read.
	ErrRegion = errors.New("panel: not a region")
)

// Panel is a list of variants. It does not change; any number of goroutines may use it.
type Panel struct {
	assembly string
	contigs  []contig
	blocks   []block
	leaves   [][32]byte // of the blocks
	size     int
}

// contig is where one contig's variants stand.
type contig struct {
	name     string
	from, to int
}

// New makes a panel of variants in any order. It trims and sorts them, in a copy.
func New(assembly string, variants []Variant) (*Panel, error) {
	if len(assembly) > maxAssembly || !isWord(assembly) {
		return nil, fmt.Errorf("%w: an assembly's name is 1 to %d printable characters without blanks, such as GRCh38", ErrVariants, maxAssembly)
	}
	if len(variants) == 0 || len(variants) > MaxVariants {
		return nil, fmt.Errorf("%w: %d variants; want 1 to %d", ErrVariants, len(variants), MaxVariants)
	}
	sorted := make([]Variant, len(variants))
	for i, v := range variants {
		sorted[i] = Trim(v)
		if err := checkAlleles(sorted[i]); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrVariants, v, err)
		}
	}
	slices.SortFunc(sorted, Compare)
	for i := 1; i < len(sorted); i++ {
		if a, b := sorted[i-1], sorted[i]; a.Contig == b.Contig && compareHere(a, b) == 0 {
			return nil, fmt.Errorf("%w: %s is there twice", ErrVariants, b)
		}
	}
	p := &Panel{assembly: assembly, size: len(sorted)}
	for i := 0; i < len(sorted); {
		c := contig{name: strings.Clone(sorted[i].Contig), from: i, to: i}
		for c.to < len(sorted) && sorted[c.to].Contig == c.name {
			c.to++
		}
		p.contigs, i = append(p.contigs, c), c.to
	}
	if err := checkContigs(p.contigs); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVariants, err)
	}
	for from := 0; from < len(sorted); from += blockSize {
		b := newBlock(sorted[from:min(from+blockSize, len(sorted))])
		plain := p.encode(&b, from)
		if plain.size() > maxPlain {
			return nil, fmt.Errorf("%w: alleles near %s are too long: a block of %d variants takes %d bytes, want at most %d",
				ErrVariants, sorted[from], b.len(), plain.size(), maxPlain)
		}
		p.blocks = append(p.blocks, b)
		p.leaves = append(p.leaves, plain.leaf())
	}
	return p, nil
}

// Compare orders variants as a panel does. Trimmed ones that it finds equal are one
// variant, unless their contig is named in two ways.
func Compare(a, b Variant) int {
	if a.Contig != b.Contig {
		if c := compareContigs(a.Contig, b.Contig); c != 0 {
			return c
		}
		return strings.Compare(a.Contig, b.Contig)
	}
	return compareHere(a, b)
}

// compareHere orders two variants of one contig.
func compareHere(a, b Variant) int {
	switch {
	case a.Pos != b.Pos:
		return int(int64(a.Pos) - int64(b.Pos))
	case a.Ref != b.Ref:
		return strings.Compare(a.Ref, b.Ref)
	}
	return strings.Compare(a.Alt, b.Alt)
}

// checkContigs is what must hold of a panel's contigs: ascending, and named in one way.
func checkContigs(contigs []contig) error {
	if len(contigs) > maxContigs {
		return fmt.Errorf("%d contigs; want at most %d", len(contigs), maxContigs)
	}
	long, short := "", ""
	for i, c := range contigs {
		if err := checkContig(c.name); err != nil {
			return err
		}
		if i > 0 {
			switch d := compareContigs(contigs[i-1].name, c.name); {
			case d == 0:
				return fmt.Errorf("%q and %q are one contig: name it in one way", contigs[i-1].name, c.name)
			case d > 0:
				return fmt.Errorf("contig %q stands after %q", c.name, contigs[i-1].name)
			}
		}
		switch {
		case rank(CanonicalContig(c.name)) > 25:
		case hasPrefix(c.name):
			long = c.name
		default:
			short = c.name
		}
		if long != "" && short != "" {
			return fmt.Errorf("contigs are named in two ways, %q and %q: choose one", short, long)
		}
	}
	return nil
}

// Len is the number of variants.
func (p *Panel) Len() int { return p.size }

// Assembly is the reference that positions are of.
func (p *Panel) Assembly() string { return p.assembly }

// IsPanel reports whether a file that begins with these bytes is meant to be a panel.
func IsPanel(head []byte) bool { return bytes.HasPrefix(head, []byte(magic[:7])) }

// Contigs are the names of the contigs that have variants, in the panel's order.
func (p *Panel) Contigs() []string {
	names := make([]string, len(p.contigs))
	for i, c := range p.contigs {
		names[i] = c.name
	}
	return names
}

// At is variant i, for 0 <= i < Len. It does not allocate.
func (p *Panel) At(i int) Variant {
	b := &p.blocks[i/blockSize]
	k := i % blockSize
	ref, alt := b.alleles(k)
	return Variant{Contig: p.contigs[p.contigOf(i)].name, Pos: b.pos[k], Ref: ref, Alt: alt}
}

// pos is the position of variant i.
func (p *Panel) pos(i int) uint32 { return p.blocks[i/blockSize].pos[i%blockSize] }

// contigOf is the index of the contig of variant i.
func (p *Panel) contigOf(i int) int {
	low, high := 0, len(p.contigs)-1
	for low < high {
		mid := (low + high + 1) / 2
		if p.contigs[mid].from <= i {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// Select is the range [from, to) of the variants whose position lies in a region. It
// is empty, from == to, when there are none.
func (p *Panel) Select(r Region) (from, to int) {
	want := CanonicalContig(r.Contig)
	for _, c := range p.contigs {
		if CanonicalContig(c.name) != want {
			continue
		}
		n := c.to - c.from
		from = c.from + sort.Search(n, func(i int) bool { return p.pos(c.from+i) >= r.From })
		to = c.from + sort.Search(n, func(i int) bool { return p.pos(c.from+i) > r.To })
		return from, max(from, to)
	}
	return 0, 0
}

// Digest names the panel by its content.
func (p *Panel) Digest() [32]byte {
	return root(append([][32]byte{leafHash(p.head())}, p.leaves...))
}
