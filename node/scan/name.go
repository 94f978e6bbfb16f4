package scan

import "bytes"

// Names are told by what stands before them (a key, a title, a word such as patient), by
// the lists, and, where a text is nothing else, by how they are written: two words with
// capitals that are no words of English or of genetics.

// standing is how much a word looks like a name.
type standing uint8

const (
	noName     standing = iota
	weakName            // it is listed, and a word besides: Baker
	maybeName           // it is a word that is not known
	listedName          // it is listed
)

// words of these roles are never a part of a name that was not announced.
const noNames = honorific | institution | nameWord | surname | person | birth | phone | record | recordHead | account | monthWord | userWord | patientDir

func (l *looker) standing(t *token) standing {
	switch {
	case t.shape == number || t.shape == lower:
		return noName
	case t.w.is&listed != 0 && t.w.is&(common|noNames) == 0:
		return listedName
	case t.w.is&listed != 0:
		return weakName
	case t.w.is&(common|noNames|particle) != 0 || t.w.schemes != 0 || t.to-t.from < 3:
		return noName
	}
	return maybeName
}

// run is words that follow each other as those of a name do.
type run struct {
	words  int // not weak
	weak   int
	given  int // listed as given names, and not weak
	family int
	listed int
	to     int // the token behind it
	caret  bool
	comma  bool
	before bool // something that is no name is joined to its beginning
	behind bool // or its end
	digits bool // digits are joined to its end
}

// runFrom takes the words from one on that may be a name.
func (l *looker) runFrom(i int) (r run) {
	r.before = i > 0 && l.joined(i-1)
	for ; i < len(l.all); i++ {
		t := &l.all[i]
		if s := l.standing(t); s != noName {
			r.count(s, t.w.is)
		} else if t.w.is&particle == 0 && (t.to-t.from != 1 || t.shape != title) {
			break // neither a part of a name nor an initial
		}
		r.to = i + 1
		sep, ok := l.nameSep(i)
		if !ok {
			return r
		}
		next := l.standing(&l.all[i+1]) != noName
		r.caret = r.caret || sep == "^" && next
		r.comma = r.comma || sep == ", " && next
	}
	if r.to > 0 && r.to < len(l.all) && l.joined(r.to-1) {
		r.digits = l.all[r.to].shape == number
		r.behind = !r.digits
	}
	return r
}

func (r *run) count(s standing, is role) {
	if s == weakName {
		r.weak++
		return
	}
	r.words++
	if s != listedName {
		return
	}
	r.listed++
	if is&given != 0 {
		r.given++
	}
	if is&family != 0 {
		r.family++
	}
}

// joined reports whether a token is one identifier with the next.
func (l *looker) joined(i int) bool {
	from, to := l.all[i].to, l.all[i+1].from
	return from == to || to-from == 1 && bytes.IndexByte([]byte("_-.^"), l.text[from]) >= 0
}

// nameSep is what stands between a token and the next, if it can stand within a name.
func (l *looker) nameSep(i int) (string, bool) {
	if i+1 >= len(l.all) {
		return "", false
	}
	sep := l.text[l.all[i].to:l.all[i+1].from]
	switch string(sep) {
	case "", " ", "_", ".", "-", "^", ", ", ",", ". ", "'":
		return string(sep), true
	}
	return "", false
}

// name looks at a word, and at the name that it begins.
func (l *looker) name(i int) {
	t := &l.all[i]
	if t.w.is&userWord != 0 {
		l.userBehind(t)
	}
	if t.shape == lower {
		l.lowerPair(i)
		return
	}
	if l.standing(t) == noName || i > 0 && t.from < l.after {
		return
	}
	r := l.runFrom(i)
	if r.to == 0 {
		return
	}
	end := l.all[r.to-1].to
	l.after = end
	if sure, key, ok := l.isName(i, r, end); ok && !l.has(PersonName, t.from, end) {
		l.add(PersonName, t.from, sure, key)
	}
}

// isName decides.
func (l *looker) isName(i int, r run, end int) (sure bool, k Key, ok bool) {
	if sure, k, ok = l.announced(i, r); ok {
		return sure, k, true
	}
	two := r.words >= 2 || r.listed == 1 && r.weak > 0
	switch {
	case !two:
		return false, 0, l.place.part == SampleName && r.listed == 1 && !r.before && !r.behind && !r.digits
	case l.institutional(r.to):
		return false, 0, false
	case r.caret, l.inPatients(i), l.isFileOfReads(l.all[i].from, end):
		return true, 0, true
	case l.place.part == SampleName, l.place.part == FileName:
		return r.listed > 0, 0, true
	case r.given > 0 && (r.words >= 2 || r.weak > 0) && (!r.before && !r.behind || r.family > 0 && r.given+r.family > 1):
		return false, 0, true
	}
	return false, 0, false
}

// announced reports whether what stands before a run says that a name comes.
func (l *looker) announced(i int, r run) (sure bool, k Key, ok bool) {
	if i == 0 {
		return false, 0, false
	}
	p := &l.all[i-1]
	sep := l.text[p.to:l.all[i].from]
	if len(sep) > 4 || len(sep) == 0 && p.w.is&surname == 0 {
		return false, 0, false
	}
	is := p.w.is
	key := bytes.IndexByte(sep, '=') >= 0 || bytes.IndexByte(sep, ':') >= 0
	spaced := sep[len(sep)-1] == ' '
	switch {
	case is&honorific != 0 && !key && (spaced || sep[0] == '.'):
		return true, p.w.key, true
	case !key && !(spaced && is&(proseCue|surname) != 0):
	case is&surname != 0, is&nameWord != 0 && l.ofPerson(i-1):
		return true, p.w.key, key || r.words+r.weak > 1
	case is&(person|nameWord) != 0 && key, is&proseCue != 0 && spaced:
		two := r.words >= 2 || r.listed == 1 && r.weak > 0
		single := key && is&person != 0 && r.words == 1 && !r.digits && !r.behind && r.listed == 1
		return r.listed > 0, p.w.key, (two || single) && !l.institutional(r.to)
	}
	return false, 0, false
}

// ofPerson reports whether a word such as name is that of a person: patient name.
func (l *looker) ofPerson(i int) bool {
	return i > 0 && l.all[i-1].w.is&personPart != 0 && l.all[i].from-l.all[i-1].to <= 1
}

// institutional reports whether what follows makes a disease, a place or a method of what
// could be a name.
func (l *looker) institutional(i int) bool {
	for n := 0; n < 3 && i < len(l.all); n++ {
		if i > 0 && l.all[i].from-l.all[i-1].to > 2 {
			return false
		}
		if l.all[i].w.is&institution != 0 {
			return true
		}
		i++
	}
	return false
}

// lowerPair looks for a listed given name and a listed family name in small letters, as
// files are called.
func (l *looker) lowerPair(i int) {
	if i+1 >= len(l.all) || l.place.part == Table {
		return
	}
	a, b := &l.all[i], &l.all[i+1]
	if b.shape != lower || b.from-a.to != 1 || bytes.IndexByte([]byte("_.-"), l.text[a.to]) < 0 || (a.w.is|b.w.is)&(common|noNames) != 0 {
		return
	}
	pair := a.w.is&given != 0 && b.w.is&family != 0 || a.w.is&family != 0 && b.w.is&given != 0
	if pair && !l.has(Email, a.from-maxLocal, b.to) {
		l.add(PersonName, a.from, false, 0)
	}
}

// userBehind takes what stands behind a word such as user for one.
func (l *looker) userBehind(t *token) {
	at := t.to
	if at >= len(l.text) {
		return
	}
	option := t.from > 1 && l.text[t.from-1] == '-' && l.text[t.from-2] == '-' && l.text[at] == ' '
	if l.text[at] != '=' && l.text[at] != ':' && !option {
		return
	}
	for n := 0; n < 3 && at < len(l.text) && bytes.IndexByte([]byte(`=: "'`), l.text[at]) >= 0; n++ {
		at++
	}
	l.account(at, t.w.key)
}

// whole judges a text as a whole, as the cell of a table is one.
func (l *looker) whole() {
	if l.place.part != Table || len(l.all) == 0 || len(l.text) > margin {
		return
	}
	first := 0
	for first < len(l.all) && l.all[first].w.is&honorific != 0 {
		first++
	}
	if first == len(l.all) {
		return
	}
	r := l.runFrom(first)
	all := r.to == len(l.all)
	two := r.words >= 2 || r.listed > 0 && r.weak > 0
	l.named = all && (two || r.listed > 0) && r.words+r.weak <= 5
	if l.has(PersonName, 0, len(l.text)) {
		return
	}
	is := l.place.roles
	switch {
	case is&surname != 0 && all && r.words+r.weak > 0, is&surname != 0 && l.oneWord():
		l.add(PersonName, 0, true, l.place.key)
	case is&(person|nameWord) != 0 && l.named:
		l.add(PersonName, 0, r.listed > 0, l.place.key)
	}
}

// oneWord reports whether a text is one word that is no word, in small letters.
func (l *looker) oneWord() bool {
	return len(l.all) == 1 && l.all[0].shape == lower && l.all[0].w.is&(common|noNames) == 0 && l.all[0].to-l.all[0].from > 2
}
