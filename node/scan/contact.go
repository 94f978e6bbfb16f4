package scan

import "bytes"

const (
	maxLocal  = 64 // RFC 5321, 4.5.3.1.1
	maxDomain = 255
)

// emails looks for addresses: there is nothing else with this sign and a domain.
func (l *looker) emails() {
	for from := 0; ; {
		i := bytes.IndexByte(l.text[from:], '@')
		if i < 0 {
			return
		}
		i += from
		from = i + 1
		end := l.domain(i + 1)
		begin := i
		for begin > 0 && i-begin < maxLocal && isLocal(l.text[begin-1]) {
			begin--
		}
		if end > 0 && begin < i && !l.role(l.text[begin:i]) {
			l.add(Email, begin, true, 0)
		}
	}
}

func isLocal(b byte) bool {
	return classes[b] != notWord || bytes.IndexByte([]byte("._%+-"), b) >= 0
}

// domain is where a domain ends whose last label is two letters or more; 0 if there is
// none.
func (l *looker) domain(from int) int {
	i, label, letters := from, 0, true
	end := 0
	for ; i < len(l.text) && i-from < maxDomain; i++ {
		b := l.text[i]
		switch c := classes[b]; {
		case c == isLower || c == isUpper || c == isOther:
			label++
		case c == isDigit || b == '-' && label > 0:
			letters = false
			label++
		case b == '.' && label > 0:
			label, letters = 0, true
			end = i
			continue
		default:
			if end > 0 && label >= 2 && letters {
				return i
			}
			if end > 0 && label == 0 {
				return l.lastLabel(from, end)
			}
			return 0
		}
	}
	if end > 0 && label >= 2 && letters {
		return i
	}
	if end > 0 && label == 0 {
		return l.lastLabel(from, end)
	}
	return 0
}

// lastLabel is the end of a domain that a full stop follows, if there is a domain.
func (l *looker) lastLabel(from, end int) int {
	if at := bytes.LastIndexByte(l.text[from:end], '.'); at > 0 && end-from-at > 2 && classes[l.text[end-1]] != isDigit {
		return end
	}
	return 0
}

// role reports whether an address is that of an office and no person.
func (l *looker) role(local []byte) bool {
	for len(local) > 0 {
		n := bytes.IndexAny(local, "._%+-")
		part := local
		if n >= 0 {
			part, local = local[:n], local[n+1:]
		} else {
			local = nil
		}
		var b [maxWord]byte
		if n, ok := fold(&b, part); ok && l.lists.words[string(b[:n])].is&mailRole != 0 {
			return true
		}
	}
	return false
}

const (
	minPhone = 7 // digits
	maxPhone = 15
)

// phones looks for numbers with a country's code, as Americans write them, and behind a
// word that says so.
func (l *looker) phones() {
	known, behind := cues{}, 0
	for i := range l.all {
		t := &l.all[i]
		if t.shape != number {
			if t.w.is&phone != 0 {
				known.phone = seen{t.to, t.w.key}
			}
			continue
		}
		from := t.from
		if from > 0 && (l.text[from-1] == '+' || l.text[from-1] == '(') {
			from--
		}
		if from > 0 && (classes[l.text[from-1]] != notWord || l.text[from-1] == '.' || l.text[from-1] == '-' && l.text[from] != '+' && from > 1 && classes[l.text[from-2]] != notWord) {
			continue
		}
		if from >= behind {
			behind = l.phone(i, from, known.phone)
		}
	}
}

// phone judges a number that begins with a token, and returns where it ends, if it is one.
func (l *looker) phone(i, from int, cue seen) int {
	digits, groups, end := l.phoneDigits(from)
	if digits < minPhone || digits > maxPhone || l.taken(from, end) {
		return 0
	}
	first := l.text[l.all[i].from]
	called := l.place.roles&phone != 0
	key := l.place.key
	if l.reaches(cue, from) {
		called, key = true, cue.key
	}
	if l.text[from] == '(' && l.text[from+1] == '+' {
		from++
	}
	if called {
		l.add(Phone, from, true, key)
		return end
	}
	tight := groups == 1
	switch {
	case l.text[from] == '+' && first != '0' && digits >= 9 && (!tight || digits >= 10):
	case first == '0' && l.all[i].to-l.all[i].from > 2 && l.text[l.all[i].from+1] == '0' && l.text[l.all[i].from+2] != '0' && !tight && digits >= 11:
	case digits == 10 && l.american(from, end):
	default:
		return 0
	}
	l.add(Phone, from, false, 0)
	return end
}

// taken reports whether something else was found there.
func (l *looker) taken(from, end int) bool {
	return l.has(NationalNumber, from, end) || l.has(BirthDate, from, end) || l.has(RecordNumber, from, end)
}

// phoneDigits counts the digits of what is written as a phone number from a byte on, and
// their groups. It looks at two more than such a number has at most.
func (l *looker) phoneDigits(from int) (digits, groups, end int) {
	inside := false
	gap := 0
	for i := from; i < len(l.text); i++ {
		switch b := l.text[i]; {
		case classes[b] == isDigit:
			if !inside {
				groups++
			}
			digits++
			inside, gap, end = true, 0, i+1
			if digits > maxPhone+1 {
				return digits, groups, end
			}
		case i == from && b == '+':
		case bytes.IndexByte([]byte(" -./()"), b) >= 0 && gap < 2:
			inside = false
			gap++
		default:
			if classes[b] != notWord && gap == 0 && !l.extension(i) {
				return 0, 0, i // digits that run into letters
			}
			return digits, groups, end
		}
	}
	return digits, groups, end
}

// extension reports whether a number within an office follows: x123 or ext 123.
func (l *looker) extension(i int) bool {
	rest := bytes.TrimPrefix(bytes.TrimPrefix(l.text[i:], []byte("e")), []byte("x"))
	return len(rest) > 0 && len(rest) < len(l.text[i:]) && (classes[rest[0]] == isDigit || rest[0] == 't')
}

// american reports whether ten digits are written (617) 555-0123 or 617-555-0123.
func (l *looker) american(from, end int) bool {
	s := l.text[from:end]
	if len(s) > 0 && s[0] == '(' {
		return len(s) == 14 && s[4] == ')' && s[5] == ' ' && s[9] == '-' && s[1] >= '2'
	}
	return len(s) == 12 && s[3] == '-' && s[7] == '-' && s[0] >= '2' && s[4] >= '2'
}
