package scan

// The years in which somebody may have been born who is in a file.
const (
	firstYear = 1895
	lastYear  = 2045
)

// date looks at a date that begins with digits, and whether it is one of birth. It
// reports whether there is a date, whatever of.
func (l *looker) date(i int) bool {
	to, ok := l.dateAt(i)
	if !ok {
		return false
	}
	l.birth(l.all[i].from, to)
	return l.has(BirthDate, l.all[i].from, to)
}

// birth takes what is a date for one of birth, if something says so.
func (l *looker) birth(from, to int) {
	key := l.cues.birth.key
	switch {
	case l.place.roles&birth != 0 && l.place.roles&notBirth == 0:
		key = l.place.key
	case l.reaches(l.cues.birth, from):
	case l.birthFollows(to):
		key = 0
	default:
		return
	}
	if !l.has(BirthDate, from, to) {
		l.add(BirthDate, from, true, key)
	}
}

// birthFollows reports whether a date is said to be one of birth behind it.
func (l *looker) birthFollows(to int) bool {
	i := l.tokenFrom(to)
	return i < len(l.all) && l.all[i].from-to <= 3 && l.all[i].w.is&birth != 0 && l.all[i].to-l.all[i].from > 2
}

// tokenFrom is the first token from a byte on.
func (l *looker) tokenFrom(at int) int {
	low, high := 0, len(l.all)
	for low < high {
		if mid := (low + high) / 2; l.all[mid].from < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// value is that of a token of few digits.
func (l *looker) value(i int) (v, digits int) {
	if i >= len(l.all) || l.all[i].shape != number {
		return 0, 0
	}
	t := &l.all[i]
	if digits = t.to - t.from; digits > 8 {
		return 0, 0
	}
	for _, b := range l.text[t.from:t.to] {
		v = v*10 + int(b-'0')
	}
	return v, digits
}

// between is what separates a token from the next one; "" if it is longer than two bytes.
func (l *looker) between(i int) string {
	if i+1 >= len(l.all) || l.all[i+1].from-l.all[i].to > 2 {
		return ""
	}
	return string(l.text[l.all[i].to:l.all[i+1].from])
}

func isYear(v, digits int) bool { return digits == 4 && v >= firstYear && v <= lastYear }
func isDay(v, digits int) bool  { return digits >= 1 && digits <= 2 && v >= 1 && v <= 31 }
func isMonth(v, n int) bool     { return n >= 1 && n <= 2 && v >= 1 && v <= 12 }

// dateAt is where a date ends that begins with digits.
func (l *looker) dateAt(i int) (to int, ok bool) {
	a, an := l.value(i)
	if an == 8 {
		y, m, d := a/10000, a/100%100, a%100
		e, f, g := a%10000, a/10000%100, a/1000000
		return l.all[i].to, isYear(y, 4) && isMonth(m, 2) && isDay(d, 2) || isYear(e, 4) && isMonth(f, 2) && isDay(g, 2)
	}
	if an == 0 || an == 3 || an > 4 || i+2 >= len(l.all) {
		return 0, false
	}
	s, s2 := l.between(i), l.between(i+1)
	c, cn := l.value(i + 2)
	if m := &l.all[i+1].w; m.is&monthWord != 0 && len(s) > 0 { // 12. March 1975, 12-MAR-1975
		return l.all[i+2].to, isDay(a, an) && len(s2) > 0 && (isYear(c, cn) || cn == 2)
	}
	b, bn := l.value(i + 1)
	if s == "" || s[0] != s2Of(s2) || (s != "." && s != "-" && s != "/" && s != ". ") {
		return 0, false
	}
	end := l.all[i+2].to
	switch {
	case isYear(a, an):
		return end, isMonth(b, bn) && isDay(c, cn)
	case isYear(c, cn) || cn == 2 && an == 2 && bn == 2:
		return end, isDay(a, an) && isMonth(b, bn) || isMonth(a, an) && isDay(b, bn)
	}
	return 0, false
}

func s2Of(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// monthFirst looks at a date that begins with a month's name: March 12, 1975.
func (l *looker) monthFirst(i int) {
	if i+2 >= len(l.all) || l.between(i) == "" || l.between(i+1) == "" {
		return
	}
	d, dn := l.value(i + 1)
	y, yn := l.value(i + 2)
	if isDay(d, dn) && isYear(y, yn) {
		l.birth(l.all[i].from, l.all[i+2].to)
	}
}
