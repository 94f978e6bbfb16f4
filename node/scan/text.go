package scan

import "bytes"

const (
	// window is how much of a text is looked at once. A header may have lines of
	// megabytes, and what is kept of each byte is many.
	window = 16 << 10
	// margin is how much is looked at on either side besides: no mark that tells what a
	// value is stands farther away from it, and no value is longer.
	margin = 256
)

// hit is a finding at a byte of the text.
type hit struct {
	sort   Sort
	scheme Scheme
	sure   bool
	at     int
	key    Key
	home   bool // it is the name of a user's folder
}

// place is what is known of where a text stands before it is read.
type place struct {
	part  Part
	roles role   // of the column's name
	words uint64 // schemes that the column's name names
	key   Key
}

// looker looks at texts. It keeps its memory from one to the next.
type looker struct {
	lists    *wordLists
	text     []byte // the window
	all      []token
	place    place
	hits     []hit
	cues     cues
	valid    uint64 // schemes whose check digits a whole text passes, by themselves no evidence
	named    bool   // a whole text is two or more words as a name has them
	numbered [maxGroups]candidate
	homes    []stretch // names of users' folders, in the window
	after    int       // where the last run of words ends that was judged
}

func newLooker() *looker { return &looker{lists: lists()} }

// look gives what is in a text, in windows. What it returns holds until the next call.
func (l *looker) look(p place, text []byte) []hit {
	l.hits, l.place = l.hits[:0], p
	for from := 0; from < len(text); from += window {
		to := min(from+window, len(text))
		begin := max(0, from-margin)
		l.text = text[begin:min(to+margin, len(text))]
		first := len(l.hits)
		l.once()
		kept := l.hits[:first]
		for _, h := range l.hits[first:] {
			if h.at += begin; h.at >= from && h.at < to {
				kept = append(kept, h)
			}
		}
		l.hits = kept
	}
	return l.hits
}

// once looks at a window.
func (l *looker) once() {
	l.all = tokens(l.all, l.text, l.lists)
	l.cues, l.valid, l.named, l.after, l.homes = cues{}, 0, false, 0, l.homes[:0]
	l.emails()
	for i := range l.all {
		t := &l.all[i]
		if t.shape == number || !t.glued && l.digitFollows(i) {
			l.numbers(i)
		}
		if t.shape == number {
			continue
		}
		if t.w.is&monthWord != 0 {
			l.monthFirst(i)
		}
		l.cues.see(t)
		l.name(i)
	}
	l.paths()
	l.phones()
	l.whole()
	l.atHome()
}

func (l *looker) add(s Sort, at int, sure bool, k Key) {
	l.hits = append(l.hits, hit{sort: s, at: at, sure: sure, key: k})
}

// has reports whether there is one of a sort at a byte or nearby already.
func (l *looker) has(s Sort, from, to int) bool {
	for i := len(l.hits) - 1; i >= 0 && i >= len(l.hits)-8; i-- {
		if h := &l.hits[i]; h.sort == s && h.at >= from && h.at < to {
			return true
		}
	}
	return false
}

// digitFollows reports whether a word of few letters runs into digits, as numbers of some
// countries do.
func (l *looker) digitFollows(i int) bool {
	t := &l.all[i]
	n := t.to - t.from
	if n > 6 || t.to+1 >= len(l.text) || i+1 == len(l.all) || l.all[i+1].shape != number {
		return false
	}
	b := l.text[t.to]
	return classes[b] == isDigit || n <= 2 && (b == ' ' || b == '-')
}

// cues are the words last seen that tell what stands behind them.
type cues struct {
	birth, phone, record, weak, head seen
	schemes                          [8]struct {
		seen
		mask uint64
	}
	next int // of schemes
}

// seen is where a cue ends, and which one it is.
type seen struct {
	at  int // its end, 0 for none
	key Key
}

func (c *cues) see(t *token) {
	w := &t.w
	s := seen{t.to, w.key}
	if w.is&birth != 0 {
		c.birth = s
	}
	if w.is&phone != 0 {
		c.phone = s
	}
	if w.is&record != 0 {
		c.record = s
	}
	if w.is&recordTail != 0 && c.head.at > 0 && t.from-c.head.at <= 4 {
		c.weak = seen{t.to, c.head.key}
	}
	if w.is&recordHead != 0 {
		c.head = s
	}
	if w.schemes != 0 {
		c.schemes[c.next].seen, c.schemes[c.next].mask = s, w.schemes
		c.next = (c.next + 1) % len(c.schemes)
	}
}

// reach is how far a cue reaches.
const reach = 32

// reaches reports whether a cue stands before a value, with nothing between them that
// ends what it says.
func (l *looker) reaches(c seen, at int) bool {
	if c.at == 0 || at < c.at || at-c.at > reach {
		return false
	}
	between := l.text[c.at:at]
	return !bytes.ContainsAny(between, ",;<>\t|") && bytes.Count(between, []byte("=")) < 2
}

// named is the mask of schemes that are named before a byte.
func (l *looker) schemesNamed(at int) (mask uint64, k Key) {
	for i := range l.cues.schemes {
		if c := &l.cues.schemes[i]; c.mask != 0 && l.reaches(c.seen, at) {
			mask |= c.mask
			k = c.key
		}
	}
	return mask | l.place.words, k
}
