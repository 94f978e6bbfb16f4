package store

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrBlocks is returned for the blocks of a gVCF, which end at other places in each
	// file. Cut where any of them ends, they would no longer tell of a deletion over a cut,
	// and a site would count less than its files say, without a word.
	ErrBlocks = errors.New("store: the blocks of a gVCF end at other places in each file, and are not put beside other samples; merge the gVCFs (bcftools merge --gvcf) and add the cohort again from that file")
	// ErrSplit is returned where one file has the ALTs of a site in one row, and another
	// has them in several.
	ErrSplit = errors.New("store: the files write the ALTs of a site in different ways; split or join them in all files (bcftools norm -m)")
	// ErrPloidy is returned where one file writes out how many alleles people have on X,
	// Y or MT and another one, as bed, does not.
	ErrPloidy = errors.New("store: on X, Y or MT one file tells ploidy and another does not; bring them to one format")
)

// maxHere bounds the rows that one file has at a position, which are held all at once.
const maxHere = 1 << 10

// Side is one of the files whose samples are put beside each other.
type Side struct {
	genotype.Reader
	// Callable reports whether everyone of this side is REF wherever the stretch has no
	// row. Nil is nowhere. It is not asked on X, Y and MT unless the other sides leave
	// ploidy to sex and place (Row.Coded): REF once or twice is not known there.
	Callable func(contig string, from, to uint32) bool
}

var _ genotype.Reader = (*Joined)(nil)

// Joined reads files of different samples as if they were one file. It is not safe for
// concurrent use.
type Joined struct {
	sides   []side
	samples []string
	contig  string // the present one's key
	name    string // and as the first side that has it writes it
	opened  bool
	done    map[string]struct{}
	queue   []united
	order   genotype.Order
	unite   uniter
	err     error // what Next ended with
}

// side is a Side with the row that comes next.
type side struct {
	Side
	first          int // number of its first sample
	head           genotype.Row
	key            string // key of the head's contig
	started, ended bool
	order          genotype.Order
	course         course
	later          map[string]struct{} // contigs that it is known to have, if it knows them beforehand
	here           []held
	count          int // of here, at the present position
}

// Join puts the samples of files beside each other, in the sides' order. Rows of one
// position and REF become one row with the ALTs of all of them; where a side has no such
// row, or one that does not pass while another's does, its samples are missing, unless
// they are callable. A side that has several rows of a position and REF is joined ALTs by
// ALTs instead. Contigs come in an order that all sides keep to. Beside one position's
// rows of each side nothing is held. The sides stay the caller's to close.
func Join(sides ...Side) (*Joined, error) {
	j := &Joined{sides: make([]side, len(sides)), done: make(map[string]struct{})}
	known := make(map[string]struct{})
	for i, s := range sides {
		j.sides[i] = side{Side: s, first: len(j.samples), later: make(map[string]struct{})}
		for _, name := range contigsOf(s.Reader) {
			j.sides[i].later[panel.CanonicalContig(name)] = struct{}{}
		}
		j.samples = append(j.samples, s.Samples()...)
		if len(j.samples) > maxSamples {
			return nil, fmt.Errorf("%w: %d samples", ErrTooLarge, len(j.samples))
		}
		for k, name := range s.Samples() {
			if _, twice := known[name]; twice {
				return nil, fmt.Errorf("%w: sample %d of file %d is in it or in one before it already", ErrParts, k+1, i+1)
			}
			known[name] = struct{}{}
		}
	}
	if len(sides) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrParts)
	}
	j.unite.samples = len(j.samples)
	return j, nil
}

// Samples are those of all sides, one side after another.
func (j *Joined) Samples() []string { return j.samples }

// Next fills row with the classes of the next site. It returns io.EOF when every side
// has.
func (j *Joined) Next(row *genotype.Row) error {
	if j.err == nil {
		j.err = j.next(row)
	}
	return j.err
}

func (j *Joined) next(row *genotype.Row) error {
	if len(j.queue) == 0 {
		if err := j.gather(); err != nil {
			return err
		}
	}
	u := j.queue[0]
	j.queue = j.queue[1:]
	if err := j.unite.row(row, u, j.sides, j.name); err != nil {
		return fmt.Errorf("%w: %.40s:%d", err, j.name, u.pos)
	}
	if err := j.order.Check(j.contig, &row.Site); err != nil {
		if errors.Is(err, genotype.ErrDuplicate) {
			err = ErrSplit
		}
		return fmt.Errorf("%w: %.40s:%d", err, j.name, u.pos)
	}
	return nil
}

// gather takes the rows of the next position from every side.
func (j *Joined) gather() error {
	pos, found, err := j.position()
	if err != nil {
		return err
	}
	if !found {
		if err := j.open(); err != nil {
			return err
		}
		if pos, _, err = j.position(); err != nil {
			return err
		}
	}
	for i := range j.sides {
		s := &j.sides[i]
		for s.count = 0; !s.ended && s.key == j.contig && s.head.Pos == pos; {
			if s.count == maxHere {
				return fmt.Errorf("%w: file %d has over %d rows at %.40s:%d", ErrTooLarge, i+1, maxHere, j.name, pos)
			}
			if s.head.End != 0 && len(j.sides) > 1 {
				return fmt.Errorf("%w: file %d, %.40s:%d", ErrBlocks, i+1, j.name, pos)
			}
			s.hold()
			if err := s.advance(i); err != nil {
				return err
			}
		}
	}
	j.queue = pair(j.sides, pos)
	return nil
}

// position is that of the first row of the present contig.
func (j *Joined) position() (pos uint32, found bool, err error) {
	for i := range j.sides {
		s := &j.sides[i]
		if !s.started {
			if err := s.advance(i); err != nil {
				return 0, false, err
			}
		}
		if j.opened && !s.ended && s.key == j.contig && (!found || s.head.Pos < pos) {
			pos, found = s.head.Pos, true
		}
	}
	return pos, found, nil
}

// open goes to a contig that no side has before its next one.
func (j *Joined) open() error {
	if j.opened {
		j.done[j.contig] = struct{}{}
	}
	left := false
	for i := range j.sides {
		s := &j.sides[i]
		if s.ended {
			continue
		}
		left = true
		if _, again := j.done[s.key]; again {
			return fmt.Errorf("%w: file %d has its contigs in another order than one before it; sort them alike", ErrParts, i+1)
		}
		if !j.awaited(s.key) {
			j.contig, j.name, j.opened = s.key, s.head.Contig, true
			return nil
		}
	}
	if !left {
		return io.EOF
	}
	return fmt.Errorf("%w: their contigs are in different orders; sort them alike", ErrParts)
}

// awaited reports whether a side that is at another contig has this one later.
func (j *Joined) awaited(key string) bool {
	for i := range j.sides {
		s := &j.sides[i]
		if _, has := s.later[key]; has && !s.ended && s.key != key {
			return true
		}
	}
	return false
}

// advance reads the side's next row.
func (s *side) advance(number int) error {
	s.started = true
	s.head.Classes = s.head.Classes[:0]
	err := s.Next(&s.head)
	if err == io.EOF {
		s.ended = true
		return nil
	}
	if err == nil {
		s.key = s.course.key(&s.head.Site)
		err = s.order.Check(s.key, &s.head.Site)
	}
	if err == nil {
		s.head.Classify()
		if len(s.head.Classes) == 0 && len(s.Samples()) == 0 {
			s.head.Classes = append(s.head.Classes, make([]genotype.Classes, max(1, len(s.head.Alts)))...)
		}
		err = fits(&s.head, len(s.Samples()))
	}
	if err != nil {
		return fmt.Errorf("file %d: %w", number+1, err)
	}
	return nil
}

// fits checks that a row has classes of so many samples for each ALT.
func fits(row *genotype.Row, samples int) error {
	if len(row.Classes) != max(1, len(row.Alts)) || len(row.Aligned) != 0 && len(row.Aligned) != len(row.Alts) {
		return fmt.Errorf("%w: %d classes for %d ALTs", ErrRow, len(row.Classes), len(row.Alts))
	}
	for i := range row.Classes {
		if !row.Classes[i].Fits(samples) {
			return fmt.Errorf("%w: a sample that is not there", ErrRow)
		}
	}
	return nil
}

// held is a row that stays as it is while its side reads on.
type held struct {
	genotype.Row
	ids    []uint32
	bits   []uint64
	halves []genotype.Half
}

// hold keeps the head among the rows that are here.
func (s *side) hold() {
	if s.count == len(s.here) {
		s.here = append(s.here, held{})
	}
	h := &s.here[s.count]
	s.count++
	h.Site = s.head.Site
	h.Coded, h.Dropped = s.head.Coded, s.head.Dropped
	h.Ref, h.Alts, h.Aligned = strings.Clone(s.head.Ref), h.Alts[:0:0], slices.Clone(s.head.Aligned)
	for _, alt := range s.head.Alts {
		h.Alts = append(h.Alts, strings.Clone(alt))
	}
	h.ids, h.bits, h.halves = h.ids[:0], h.bits[:0], h.halves[:0]
	h.Classes = h.Classes[:0]
	for i := range s.head.Classes {
		c := &s.head.Classes[i]
		h.halves = append(h.halves, c.Halves...)
		h.Classes = append(h.Classes, genotype.Classes{
			Base: c.Base, Halves: h.halves[len(h.halves)-len(c.Halves):],
			Het: h.set(c.Het), Hom: h.set(c.Hom), Missing: h.set(c.Missing), Haploid: h.set(c.Haploid), Other: h.set(c.Other),
		})
	}
}

func (h *held) set(s genotype.Set) genotype.Set {
	if s.Bits != nil {
		h.bits = append(h.bits, s.Bits...)
		return genotype.Set{Bits: h.bits[len(h.bits)-len(s.Bits):]}
	}
	h.ids = append(h.ids, s.IDs...)
	return genotype.Set{IDs: h.ids[len(h.ids)-len(s.IDs):]}
}
