package detect

import (
	"slices"

	"github.com/locus-genomics/locus/protocol"
)

// keep makes what is remembered of a question.
func keep(e *Event) kept {
	k := kept{
		at: e.At, query: e.Query, cohort: e.Cohort, people: e.People, panel: e.Panel, asks: e.asks(),
		exact: e.Mode == protocol.Exact, tiles: tilesOf(e.Ranges),
	}
	k.size = extent(k.tiles)
	return k
}

// near reports whether a question that is kept asks nearly what another asks.
func (r *Alike) near(old, k *kept) bool {
	return old.panel == k.panel && within(k.at, old.at, r.Window) && alike(old.tiles, k.tiles, old.size, k.size, r.Overlap)
}

// compare looks at a question beside those of the same researcher.
func (d *Detector) compare(v *Verdict, e *Event, who Subject, t *tracker, k *kept) {
	if len(k.tiles) == 0 {
		return
	}
	cohorts, again := map[protocol.Digest]bool{k.cohort: true}, 1
	for i := range t.kept {
		old := &t.kept[i]
		if !cohorts[old.cohort] && d.cfg.SameRanges.near(old, k) {
			cohorts[old.cohort] = true
		}
		if old.cohort == k.cohort && d.cfg.SameCohort.near(old, k) {
			again++
		}
	}
	d.raise(v, e, SameRanges, who, t, len(cohorts))
	d.raise(v, e, SameCohort, who, t, again)
	d.raise(v, e, Walk, who, t, d.walked(t, k))
	d.raise(v, e, Singletons, who, t, d.singletons(t, k))
}

// changedPeople is over how many sets of people of one cohort nearly the same was asked.
func (d *Detector) changedPeople(t *tracker, k *kept) int {
	if k.people.IsZero() || len(k.tiles) == 0 {
		return 0
	}
	people := map[protocol.Digest]bool{k.people: true}
	for i := range t.kept {
		old := &t.kept[i]
		if old.exact && old.cohort == k.cohort && !old.people.IsZero() && !people[old.people] && d.cfg.ChangedPeople.near(old, k) {
			people[old.people] = true
		}
	}
	return len(people)
}

// walked is how many questions the longest walk has that this one is a step of.
func (d *Detector) walked(t *tracker, k *kept) int {
	gap := uint32(d.cfg.Walk.Gap)
	var steps []step
	add := func(question int, tiles []tile) {
		for _, t := range join(tiles, gap) {
			steps = append(steps, step{t, question})
		}
	}
	for i := range t.kept {
		if old := &t.kept[i]; old.panel == k.panel && within(k.at, old.at, d.cfg.Walk.Window) {
			add(i, old.tiles)
		}
	}
	add(len(t.kept), k.tiles)
	return walkThrough(steps, len(t.kept), gap)
}

// singletons is how many different questions of few variants there were.
func (d *Detector) singletons(t *tracker, k *kept) int {
	few := uint64(d.cfg.Singletons.Variants)
	if k.size > few {
		return 0
	}
	asked := map[protocol.Digest]bool{k.asks: true}
	for i := range t.kept {
		if old := &t.kept[i]; old.size <= few && len(old.tiles) > 0 && within(k.at, old.at, d.cfg.Singletons.Window) {
			asked[old.asks] = true
		}
	}
	return len(asked)
}

// hit is the number of the first variant in the list that a question asks for narrowly.
func (p *Pots) hit(e *Event) (number int, is bool) {
	for i, pot := range p.Variants {
		if slices.ContainsFunc(e.Ranges, func(r Range) bool {
			return r.To-r.From <= uint64(p.Narrow) && pot.in(e.Panel, r)
		}) {
			return i + 1, true
		}
	}
	return 0, false
}

func (p *Pot) in(panel protocol.Digest, r Range) bool {
	if p.Index != nil {
		return p.Panel == panel && r.From <= *p.Index && *p.Index < r.To
	}
	return r.Contig != "" && plainContig(r.Contig) == plainContig(p.Contig) && r.First <= p.Position && p.Position <= r.Last
}
