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
	if t.shape == number || t.shape == lower {
		return noName
	}
	is := t.w.is
	switch {
	case is&listed != 0 && is&(common|noNames) == 0:
		return listedName
	case is&(listed|monthWord) != 0:
		return weakName
	case is&(common|noNames|particle|recordTail|notBirth) != 0 || t.w.schemes != 0:
		return noName
	case t.to-t.from < 3 && t.to-t.from > 1 && t.shape == title: // Li
		return weakName
	case t.to-t.from < 3 || !l.spoken(t):
		return noName
	case t.shape == upper && t.to-t.from < 5: // an acronym, or ERIC
		return weakName
	}
	return maybeName
}

// spoken reports whether a word that is not known can be said, as SmplAAA cannot.
func (l *looker) spoken(t *token) bool {
	w := l.text[t.from:t.to]
	vowels, alike := 0, 1
	for i, b := range w {
		if classes[b] == isOther || bytes.IndexByte([]byte("aeiouyAEIOUY"), b) >= 0 {
			vowels++
		}
		if i > 0 && b|0x20 == w[i-1]|0x20 {
			if alike++; alike > 2 {
				return false
			}
		} else {
			alike = 1
		}
	}
	return vowels > 0
}

// initial reports whether a token is a letter that stands for a name.
func (l *looker) initial(t *token) bool {
	n := t.to - t.from
	return t.shape == title && (n == 1 || n == 2 && classes[l.text[t.from]] == isOther)
}

// two reports whether a run is a name's two words, if it is one: known ones or such as
// are no words, of which one may be a word besides.
func (r *run) two() bool { return r.words >= 2 || r.words == 1 && r.weak > 0 }

// run is words that follow each other as those of a name do.
type run struct {
	words                 int // not weak
	weak                  int
	weakGiven, weakFamily bool
	given                 int // listed as given names, and not weak
	family                int
	listed                int
	to                    int // the token behind it
	caret                 bool
	comma                 bool
	before                bool // something that is no name is joined to its beginning
	behind                bool // or its end
	digits                bool // digits are joined to its end
}

// runFrom takes the words from one on that may be a name.
func (l *looker) runFrom(i int) (r run) {
	r.before = i > 0 && l.joined(i-1)
	for ; i < len(l.all); i++ {
		t := &l.all[i]
		if s := l.standing(t); s != noName {
			r.count(s, t.w.is)
		} else if t.w.is&particle == 0 && !l.initial(t) && !l.afterApostrophe(i) {
			break
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

// afterApostrophe reports whether a token ends a word, as in Ng'ang'a.
func (l *looker) afterApostrophe(i int) bool {
	t := &l.all[i]
	return i > 0 && t.shape == lower && t.from-l.all[i-1].to == 1 && l.text[t.from-1] == '\''
}

func (r *run) count(s standing, is role) {
	if s == weakName {
		r.weak++
		r.weakGiven = r.weakGiven || is&given != 0
		r.weakFamily = r.weakFamily || is&family != 0
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

// inside reports whether a run is in the middle of a longer word: CountTheRossiMethod.
func (l *looker) inside(i, to int) bool {
	return l.all[i].glued || to < len(l.all) && l.all[to].glued && l.all[to].shape != number
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
	switch {
	case r.weak == 2 && r.words == 0 && r.weakGiven && r.weakFamily && !r.before && !r.behind && !r.digits:
		return false, 0, l.place.part == SampleName || l.place.part == FileName
	case !r.two():
		return false, 0, r.listed > 0 && (l.place.part == SampleName || l.inPatients(i))
	case l.institutional(r.to):
		return false, 0, false
	case r.caret, l.inPatients(i), l.isFileOfReads(l.all[i].from, end):
		return true, 0, true
	case l.place.part == SampleName, l.place.part == FileName:
		return r.listed > 0, 0, !l.inside(i, r.to)
	case r.given > 0 && (r.words >= 2 || r.weak > 0) && (!r.before && !r.behind || r.family > 0 && r.given+r.family > 1):
		return false, 0, true
	}
	return false, 0, false
}

// announced reports whether what stands before a run says that a name comes. Of a name
// that is announced one word may be any: Long, Jason.
func (l *looker) announced(i int, r run) (sure bool, k Key, ok bool) {
	if r.listed > 0 && r.to < len(l.all) && l.anyWord(r.to) {
		if _, within := l.nameSep(r.to - 1); within {
			r.weak++
		}
	}
	if i > 1 && r.listed > 0 && l.anyWord(i-1) {
		if _, within := l.nameSep(i - 1); within {
			more := r
			more.weak++
			if sure, k, ok = l.announcedBy(i-1, more); ok {
				return sure, k, ok
			}
		}
	}
	return l.announcedBy(i, r)
}

// anyWord reports whether a token is a word with a capital that is no cue.
func (l *looker) anyWord(i int) bool {
	t := &l.all[i]
	return (t.shape == title || t.shape == upper) && t.to-t.from > 2 && t.w.is&noNames == 0 && t.w.schemes == 0
}

func (l *looker) announcedBy(i int, r run) (sure bool, k Key, ok bool) {
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
		two := r.words+r.weak >= 2
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
	l.named = all && (r.two() || r.listed > 0) && r.words+r.weak <= 5
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
