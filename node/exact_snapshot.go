package node

import (
	"context"
	"encoding/binary"
	"math"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// releasedPeople is what a snapshot tells of one list of people: which variants were
// given of them, and not who they are. Until the cohort is added again, they are taken
// to be nearly any other people.
type releasedPeople struct {
	list  protocol.Digest
	class uint32
	given []release
	// variants is how many were given in all. A snapshot leaves it out.
	variants uint64
}

const (
	peopleSize = 32 + 4 + 2
	givenSize  = 32 + 32 + 8 + 4
	rangeSize  = 16
)

func (p *releasedPeople) size() int {
	n := peopleSize
	for _, g := range p.given {
		n += givenSize + rangeSize*len(g.ranges)
	}
	return n
}

// readReleases reads all that was given, in one order.
func readReleases(ctx context.Context, q querier) (list []releasedPeople, err error) {
	lists, err := readReleased(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		given, err := readGiven(ctx, q, l.list)
		if err != nil {
			return nil, err
		}
		list = append(list, releasedPeople{list: l.list, class: uint32(l.class), given: given, variants: l.variants})
	}
	return list, nil
}

// takePeople takes all lists of people, and tells whether there was room. Where their
// ranges would take more than half of it, the gaps in them are closed: then a snapshot
// tells of more variants than were given.
func takePeople(ctx context.Context, q querier, room *int) (list []releasedPeople, all bool, err error) {
	list, err = readReleases(ctx, q)
	if err != nil {
		return nil, false, err
	}
	need := 0
	for _, p := range list {
		if len(p.given) > math.MaxUint16 {
			return nil, false, nil
		}
		need += p.size()
	}
	if need > *room/2 {
		need = 0
		for i := range list {
			for k := range list[i].given {
				list[i].given[k].ranges = coarsen(list[i].given[k].ranges, 1)
			}
			need += list[i].size()
		}
	}
	if need > *room {
		return nil, false, nil
	}
	*room -= need
	return list, true, nil
}

func (p *releasedPeople) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(append(b, p.list[:]...), p.class)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.given)))
	for _, g := range p.given {
		b = binary.BigEndian.AppendUint64(append(append(b, g.sites[:]...), g.panel[:]...), g.size)
		b = binary.BigEndian.AppendUint32(b, uint32(len(g.ranges)))
		for _, r := range g.ranges {
			b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, r.From), r.To)
		}
	}
	return b
}

func (r *reader) people() releasedPeople {
	p := releasedPeople{list: r.digest(), class: binary.BigEndian.Uint32(r.take(4))}
	for range binary.BigEndian.Uint16(r.take(2)) {
		if r.short {
			return p
		}
		g := release{sites: r.digest(), panel: r.digest(), size: binary.BigEndian.Uint64(r.take(8))}
		end := uint64(0)
		for i := range r.count(rangeSize) {
			one := panel.Range{From: binary.BigEndian.Uint64(r.take(8)), To: binary.BigEndian.Uint64(r.take(8))}
			if one.From < end || i > 0 && one.From == end || one.To <= one.From || one.To > g.size {
				r.short = true
			}
			g.ranges, end = append(g.ranges, one), one.To
		}
		if g.size < 1 || g.size > protocol.MaxVariants || len(g.ranges) < 1 || len(g.ranges) > maxStretches {
			r.short = true
		}
		p.given = append(p.given, g)
	}
	return p
}

// restore adds what was given to what the records know. How many different variants it
// is together is not known without the panels: all of them are counted.
func (p *releasedPeople) restore(ctx context.Context, tx querier) error {
	if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO people (list, class, variants) VALUES (?, ?, 0)", p.list[:], p.class); err != nil {
		return err
	}
	for _, g := range p.given {
		known, err := readGivenOf(ctx, tx, p.list, g.sites, g.panel)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO released (list, sites, panel, size, ranges) VALUES (?, ?, ?, ?, ?)",
			p.list[:], g.sites[:], g.panel[:], int64(g.size), encodeRanges(coarsen(union(known, g.ranges), maxStretches))); err != nil {
			return err
		}
	}
	now, err := readGiven(ctx, tx, p.list)
	if err != nil {
		return err
	}
	variants := uint64(0)
	for _, g := range now {
		variants += size(g.ranges)
	}
	_, err = tx.ExecContext(ctx, "UPDATE people SET variants = max(variants, ?) WHERE list = ?", int64(variants), p.list[:])
	return err
}
