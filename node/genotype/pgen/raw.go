package pgen

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// raw is the hard calls of a record of one ALT as they are counted: the code that each
// sample has before a list is looked at, and the list.
type raw struct {
	samples int
	form    form
	usual   byte     // of formUsual
	low     int      // of formMarked: the code of who has no mark,
	high    int      // that of who has one,
	marks   []uint64 // and who that is
	codes   []byte   // of formCodes and formLinked
	base    uint64   // of formLinked: the number of the record whose codes they are
	turn    bool     // REF and ALT change places after all that
	list    list     // empty where there is none
	counts  [][4]int // by part and code; part 0 is who is not counted
	parted  [3]parted
	planes  bitmap.Planes
	// everyone is whose hets have phases.
	everyone genotype.Parts
}

// everyone is one part.
func everyone(samples int) genotype.Parts {
	p := genotype.Parts{Of: make([]uint16, samples), Masks: [][]uint64{bitmap.New(samples)}, People: []int64{int64(samples)}}
	fill(p.Of, 1)
	invert(p.Masks[0], make([]uint64, len(p.Masks[0])), samples)
	return p
}

// raw reads a record of one ALT to where its hard calls are counted from.
func (d *decoder) raw(r, base *record, to *raw) (err error) {
	c := cursor{p: r.raw}
	to.turn, to.list.ids, to.list.codes = false, to.list.ids[:0], nil
	switch main := r.main(); {
	case main == twoBits:
		to.form = formCodes
		to.codes, err = c.takeBits(d.samples, 2)
		return d.rawTail(r, &c, to, err)
	case main == allRef:
		to.form, to.usual = formUsual, codeHomRef
		return d.rawTail(r, &c, to, nil)
	case main == oneBit:
		var marks []byte
		to.form = formMarked
		if to.low, to.high, marks, err = d.readMarks(&c); err != nil {
			return err
		}
		if to.marks == nil {
			to.marks = bitmap.New(d.samples)
		}
		fromBytes(to.marks, marks)
		return d.rawTail(r, &c, to, to.list.readNeither(&c, d.samples, to.low, to.high))
	case r.linked():
		to.form, to.codes, to.base, to.turn = formLinked, base.codes, base.number, main == unlikeBase
	default:
		to.form, to.usual = formUsual, r.kind&3
	}
	err = to.list.read(&c, d.samples, true)
	return d.rawTail(r, &c, to, err)
}

// rawTail checks what follows the hard calls, unless something is wrong already.
func (d *decoder) rawTail(r *record, c *cursor, to *raw, err error) error {
	switch {
	case err != nil:
		return err
	case r.kind&^mainTrack == 0 && c.left() == 0:
		return nil
	case r.kind&hasPhase == 0:
		return d.tail(r.kind, c, 0, 1)
	}
	if to.everyone.Of == nil {
		to.everyone = everyone(d.samples)
	}
	var all [1]genotype.Sizes
	to.Count(&to.everyone, all[:])
	return d.tail(r.kind, c, all[0].OneAlt, 1)
}

// form is how the codes before the list are told.
type form uint8

const (
	formUsual  form = iota // all have the same
	formMarked             // each has one of two
	formCodes              // two bits each
	formLinked             // those of another record
)

// fewParts is how many parts codes are counted for without taking them apart.
const fewParts = 4

// parted is what is made once of the people by whom records are counted.
type parted struct {
	of    *genotype.Parts
	only  []byte     // 3 for who is in the only part; nil where there are more
	all   bool       // everyone is in that part
	pairs [][]uint64 // masks of codes by part; nil where there are many
	base  uint64     // the record whose codes were counted last,
	codes [][4]int   // and how many there are of each
}

// by finds what was made of some parts, or makes it. There are three of them at most:
// for places where the sexes are counted apart, for the others, and everyone.
func (w *raw) by(p *genotype.Parts) *parted {
	for i := range w.parted {
		if w.parted[i].of == p {
			return &w.parted[i]
		}
	}
	copy(w.parted[1:], w.parted[:])
	to := &w.parted[0]
	*to = parted{of: p, codes: make([][4]int, 1+len(p.Masks))}
	if len(p.Masks) == 1 {
		to.only, to.all = make([]byte, len(p.Of)), p.People[0] == int64(len(p.Of))
		for i, part := range p.Of {
			to.only[i] = 3 * byte(part)
		}
	}
	if len(p.Masks) > fewParts {
		return to
	}
	to.pairs = make([][]uint64, len(p.Masks))
	for k := range to.pairs {
		to.pairs[k] = bitmap.Pairs(len(p.Of))
	}
	for i, part := range p.Of {
		if part > 0 {
			bitmap.SetPair(to.pairs[part-1], i)
		}
	}
	return to
}

// Count implements genotype.Raw.
func (w *raw) Count(p *genotype.Parts, to []genotype.Sizes) {
	by := w.by(p)
	w.counts = zeroed(w.counts, 1+len(p.Masks))
	switch w.form {
	case formUsual:
		w.countUsual(by)
	case formMarked:
		w.countMarked(by)
	case formCodes:
		w.countCodes(by, w.counts)
	case formLinked:
		w.countLinked(by)
	}
	alts := codeAlts
	if w.turn {
		alts = codeHomRef
	}
	for k := range to {
		n := &w.counts[k+1]
		to[k] = genotype.Sizes{OneAlt: n[codeHet], AllAlt: n[alts], NotCalled: n[codeMissing]}
	}
}

// countUsual counts who is listed. All others have the usual code, and perhaps some of
// the list too.
func (w *raw) countUsual(by *parted) {
	if by.only != nil {
		w.counts[1] = by.listedCodes(&w.list)
	} else {
		for i, id := range w.list.ids {
			w.counts[by.of.Of[id]][w.list.code(i)]++
		}
	}
	for k, people := range by.of.People {
		n := &w.counts[k+1]
		n[w.usual] = 0
		n[w.usual] = int(people) - n[0] - n[1] - n[2] - n[3]
	}
}

// even is the lower bits of codes.
const even = 0x5555555555555555

// tallied is how many codes there are: the lower bits that are set, the upper ones, those
// of one code, and how many codes that are looked at.
type tallied struct{ lower, upper, both, all int }

func (t *tallied) add(codes, mask uint64) {
	x := codes & mask
	t.lower += bits.OnesCount64(x & even)
	t.upper += bits.OnesCount64(x &^ even)
	t.both += bits.OnesCount64(x & (x >> 1) & even)
	t.all += bits.OnesCount64(mask & even)
}

func (t *tallied) counts() [4]int {
	return [4]int{t.all - t.lower - t.upper + t.both, t.lower - t.both, t.upper - t.both, t.both}
}

// atOnce is how many of a list are looked at together.
const atOnce = 32

// gather gives the codes that some people have in all, 32 of them at most, one after another.
func gather(ids []uint32, all []byte) (codes uint64) {
	if len(ids) == atOnce {
		for i := 0; i < atOnce; i += 4 {
			four := ids[i : i+4 : i+4]
			codes = codes>>8 | uint64(all[four[0]]|all[four[1]]<<2|all[four[2]]<<4|all[four[3]]<<6)<<56
		}
		return codes
	}
	for i, id := range ids {
		codes |= uint64(all[id]) << (2 * i)
	}
	return codes
}

// listedCodes is how many people of the only part are in a list with which code.
func (by *parted) listedCodes(l *list) [4]int {
	var t tallied
	ids, codes := l.ids, l.codes
	for ; len(ids) >= atOnce; ids, codes = ids[atOnce:], codes[atOnce/4:] {
		t.add(binary.LittleEndian.Uint64(codes), by.among(ids[:atOnce]))
	}
	t.add(little(codes, len(codes)), by.among(ids))
	return t.counts()
}

// among has 3 for those of some people, 32 at most, who are in the only part.
func (by *parted) among(ids []uint32) uint64 {
	if by.all {
		return 1<<(2*len(ids)) - 1
	}
	return gather(ids, by.only)
}

// markedCodes is how many people of the only part are in a list with which code, and how
// many of those had a mark and how many had none.
func (w *raw) markedCodes(by *parted) (after [4]int, marked, others int) {
	var t, before tallied
	ids, codes := w.list.ids, w.list.codes
	for ; len(ids) >= atOnce; ids, codes = ids[atOnce:], codes[atOnce/4:] {
		mask := by.among(ids[:atOnce])
		t.add(binary.LittleEndian.Uint64(codes), mask)
		before.add(w.marked(ids[:atOnce]), mask)
	}
	mask := by.among(ids)
	t.add(little(codes, len(codes)), mask)
	before.add(w.marked(ids), mask)
	return t.counts(), before.both, before.all - before.both
}

// countMarked counts who has which of two codes, and then moves who is listed.
func (w *raw) countMarked(by *parted) {
	of := by.of
	addSet(w.counts, w.marks, w.high, of)
	for k, people := range of.People {
		w.counts[k+1][w.low] = int(people) - w.counts[k+1][w.high]
	}
	codes := [2]int{w.low, w.high}
	if by.only != nil {
		after, marked, others := w.markedCodes(by)
		w.counts[1][w.low] -= others
		w.counts[1][w.high] -= marked
		for code, n := range after {
			w.counts[1][code] += n
		}
		return
	}
	for i, id := range w.list.ids {
		n := &w.counts[of.Of[id]]
		n[codes[w.marks[id/64]>>(id%64)&1]]--
		n[w.list.code(i)]++
	}
}

// marked has 3 for those of some people who have a mark, and 0 for the others.
func (w *raw) marked(ids []uint32) (codes uint64) {
	for _, id := range slices.Backward(ids) {
		codes = codes<<2 | w.marks[id/64]>>(id%64)&1
	}
	return 3 * codes
}

// countCodes counts who has which code of two bits.
func (w *raw) countCodes(by *parted, to [][4]int) {
	of := by.of
	if by.pairs != nil {
		for k, mask := range by.pairs {
			c := bitmap.CountCodes(w.codes, 0, mask)
			to[k+1] = [4]int{int(of.People[k]) - c.One - c.Two - c.Three, c.One, c.Two, c.Three}
		}
		return
	}
	if w.planes.One == nil {
		w.planes = bitmap.NewPlanes(w.samples)
	}
	bitmap.Split(w.codes, 0, w.samples, w.planes)
	addSet(to, w.planes.One, codeHet, of)
	addSet(to, w.planes.Two, codeAlts, of)
	addSet(to, w.planes.Three, codeMissing, of)
	for k, people := range of.People {
		n := &to[k+1]
		n[codeHomRef] = int(people) - n[codeHet] - n[codeAlts] - n[codeMissing]
	}
}

// countLinked counts who has which code of another record, once for all that are linked
// to it, and moves who is listed.
func (w *raw) countLinked(by *parted) {
	if by.base != w.base {
		clear(by.codes)
		w.countCodes(by, by.codes)
		by.base = w.base
	}
	copy(w.counts, by.codes)
	for i, id := range w.list.ids {
		n := &w.counts[by.of.Of[id]]
		n[w.codes[id/4]>>(2*(id%4))&3]--
		n[w.list.code(i)]++
	}
}

// perWord is how many words a mask is counted through in the time that one person's
// part is looked up.
const perWord = 8

// addSet adds people to those of a code. Many are counted by masks; few, where there are
// many parts, one by one.
func addSet(to [][4]int, set []uint64, code int, of *genotype.Parts) {
	if n := len(of.Masks); n <= fewParts || bitmap.Count(set) >= n*len(set)/perWord {
		for k, mask := range of.Masks {
			to[k+1][code] += bitmap.CountAnd(set, mask)
		}
		return
	}
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			to[of.Of[64*i+bits.TrailingZeros64(word)]][code]++
		}
	}
}

// zeroed is room for n counts of nobody.
func zeroed(s [][4]int, n int) [][4]int {
	if cap(s) < n {
		return make([][4]int, n)
	}
	s = s[:n]
	clear(s)
	return s
}
