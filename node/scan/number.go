package scan

import "bytes"

const (
	// maxNumber bounds the characters of a number, without what separates them, and
	// maxGroups its parts.
	maxNumber   = 18
	leastNumber = 8
	maxGroups   = 7
)

// candidate is something that may be a number, in its groups.
type candidate struct {
	chars  [maxNumber]byte // digits and upper case letters
	n      int
	groups [maxGroups]uint8 // how many are in each
	count  int              // of groups
	sep    [maxGroups]byte  // before each but the first
	end    int
}

func (c *candidate) text() []byte { return c.chars[:c.n] }

// form reports whether the groups are of these lengths, separated so.
func (c *candidate) form(seps string, lengths ...uint8) bool {
	if c.count != len(lengths) {
		return false
	}
	for i, n := range lengths {
		if c.groups[i] != n || i > 0 && (c.sep[i] != seps[min(i, len(seps))-1]) {
			return false
		}
	}
	return true
}

// numbers looks at what begins with a token: a national number, a date, a record number.
func (l *looker) numbers(i int) {
	t := &l.all[i]
	if !l.begins(t.from) {
		return
	}
	if t.shape == number && l.date(i) {
		return
	}
	if l.national(t.from) {
		return
	}
	if t.shape == number || t.to-t.from <= 4 {
		l.recordNumber(t.from)
	}
}

// begins reports whether nothing stands before a byte that it would be the rest of.
func (l *looker) begins(at int) bool {
	if at == 0 {
		return true
	}
	before := l.text[at-1]
	if classes[before] != notWord {
		return classes[before] == isOther && at > 1
	}
	if (before == '-' || before == '.' || before == '/') && at > 1 && classes[l.text[at-2]] == isDigit {
		return false
	}
	return before != '+'
}

// national tries the longest form first.
func (l *looker) national(at int) bool {
	all := &l.numbered
	n := l.candidates(at, all)
	if n == 0 || all[n-1].n < leastNumber {
		return false
	}
	mask, key := l.schemesNamed(at)
	phoned := l.place.roles&phone != 0 || l.reaches(l.cues.phone, at)
	within := at > 1 && l.text[at-1] == ' ' && classes[l.text[at-2]] == isDigit
	for k := n - 1; k >= 0; k-- {
		c := &all[k]
		if c.n < leastNumber {
			return false
		}
		whole := at == 0 && c.end == len(l.text)
		found, sure := Scheme(0), false
		for s := range schemes {
			of := &schemes[s]
			if c.n < of.least || c.n > of.most || within && c.count > 1 && c.sep[1] == ' ' || !of.ok(c) {
				continue
			}
			if whole && !of.free && !(c.n == 9 && of.most == 10) {
				l.valid |= 1 << s
			}
			named := mask&(1<<s) != 0
			if (named || !phoned && of.alone != nil && of.alone(c)) && (found == 0 || named && !sure) {
				found, sure = Scheme(s+1), named
			}
		}
		if found != 0 {
			if !sure {
				key = 0
			} else if key == 0 {
				key = l.place.key
			}
			l.hits = append(l.hits, hit{sort: NationalNumber, scheme: found, sure: true, at: at, key: key})
			return true
		}
	}
	return false
}

// candidates are what begins at a byte and ends with a group, the shortest first.
func (l *looker) candidates(at int, all *[maxGroups]candidate) (n int) {
	var c candidate
	for i := at; c.count < maxGroups; {
		from := i
		for i < len(l.text) && classes[l.text[i]]-1 < isUpper { // ASCII letters and digits
			if c.n == maxNumber {
				return n
			}
			b := l.text[i]
			if b >= 'a' {
				b -= 0x20
			}
			c.chars[c.n] = b
			c.n++
			i++
		}
		if i == from || i < len(l.text) && classes[l.text[i]] == isOther {
			return n
		}
		c.groups[c.count] = uint8(i - from)
		c.count++
		c.end = i
		if l.ends(i) {
			all[n] = c
			n++
		}
		if i+1 >= len(l.text) || bytes.IndexByte([]byte(" .-/+"), l.text[i]) < 0 || c.count == maxGroups {
			return n
		}
		c.sep[c.count] = l.text[i]
		i++
	}
	return n
}

// ends reports whether nothing stands behind a number that belongs to it.
func (l *looker) ends(at int) bool {
	if at+1 >= len(l.text) {
		return true
	}
	class := classes[l.text[at+1]]
	switch l.text[at] {
	case '-':
		return class == notWord
	case '.', '/', '+', ':':
		return class != isDigit
	}
	return true
}

// recordNumber looks for what a hospital calls a person by.
func (l *looker) recordNumber(at int) {
	strong, weak := l.cues.record, l.cues.weak
	var k Key
	need := 4
	switch {
	case l.place.roles&record != 0:
		k = l.place.key
	case l.reaches(strong, at):
		k = strong.key
	case l.reaches(weak, at):
		k = weak.key
		if k.String() == "patient" || k.String() == "file" || k.String() == "case" {
			need = 6
		}
	default:
		return
	}
	all := &l.numbered
	n := l.candidates(at, all)
	for i := n - 1; i >= 0; i-- {
		c := &all[i]
		digits := 0
		for _, b := range c.text() {
			if b <= '9' {
				digits++
			}
		}
		spaced := bytes.IndexByte(l.text[at:c.end], ' ') >= 0
		if digits >= need && c.n-digits <= 3 && !spaced {
			l.add(RecordNumber, at, true, k)
			l.cues.record, l.cues.weak = seen{}, seen{}
			return
		}
	}
}
