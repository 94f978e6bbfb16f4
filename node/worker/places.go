package worker

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"sort"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrPlaces is returned for positions that do not ascend on their contig, or for a
// contig that comes twice.
var ErrPlaces = errors.New("worker: the places are not in order")

// Places are the positions that are asked for. A child is told of them, so that it
// need not read the calls of other sites, and of nothing else of the question.
type Places struct {
	names   []string // canonical, in the order in which they came
	contigs map[string][]uint32
	size    int

	named string // the contig of the site before
	here  []uint32
}

// NewPlaces takes contigs, each once, and their positions in ascending order.
func NewPlaces(all iter.Seq2[string, uint32]) (*Places, error) {
	p := &Places{contigs: make(map[string][]uint32)}
	contig, canonical := "", ""
	var here []uint32
	for c, pos := range all {
		if here == nil || c != contig {
			if here != nil {
				p.contigs[canonical] = here
			}
			contig, canonical, here = c, panel.CanonicalContig(c), nil
			if _, twice := p.contigs[canonical]; twice {
				return nil, ErrPlaces
			}
			p.names = append(p.names, canonical)
		}
		switch n := len(here); {
		case n > 0 && here[n-1] > pos:
			return nil, ErrPlaces
		case n > 0 && here[n-1] == pos:
			continue
		}
		here = append(here, pos)
		p.size++
	}
	if here != nil {
		p.contigs[canonical] = here
	}
	return p, nil
}

// Covers is a genotype.Covers. It MUST NOT be called from two goroutines.
func (p *Places) Covers(s *genotype.Site) bool {
	if s.Contig != p.named || p.here == nil {
		p.named, p.here = s.Contig, p.contigs[panel.CanonicalContig(s.Contig)]
	}
	first, last := s.Span()
	i := sort.Search(len(p.here), func(i int) bool { return p.here[i] >= first })
	return i < len(p.here) && p.here[i] <= last
}

// append writes contigs with the differences of their positions.
func (p *Places) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(p.names)))
	for _, name := range p.names {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, uint64(len(p.contigs[name])))
		before := uint32(0)
		for _, pos := range p.contigs[name] {
			b = binary.AppendUvarint(b, uint64(pos-before))
			before = pos
		}
	}
	return b
}

func readPlaces(c *cursor) *Places {
	p := &Places{contigs: make(map[string][]uint32)}
	for range c.count() {
		name := string(c.bytes(c.count()))
		if _, twice := p.contigs[name]; twice {
			c.fail()
		}
		p.names = append(p.names, name)
		positions := make([]uint32, 0, c.count())
		before := uint64(0)
		for range cap(positions) {
			before += c.uvarint()
			if before > maxPos {
				c.fail()
			}
			positions = append(positions, uint32(before))
		}
		if c.bad {
			return nil
		}
		p.contigs[name] = slices.Clip(positions)
		p.size += len(positions)
	}
	return p
}
