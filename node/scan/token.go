package scan

import (
	"unicode"
	"unicode/utf8"
)

// shape is how a word is written.
type shape uint8

const (
	number shape = iota // digits
	lower
	title // Like this
	upper // LIKE THIS
)

// token is a run of digits, or of letters up to where a new word begins as in camelCase.
type token struct {
	from, to int
	shape    shape
	glued    bool // to the token before
	w        word
}

// letter classes of ASCII.
const (
	notWord = iota
	isDigit
	isLower
	isUpper
	isOther // part of a longer rune
)

var classes = func() (c [256]uint8) {
	for i := range c {
		switch {
		case i >= '0' && i <= '9':
			c[i] = isDigit
		case i >= 'a' && i <= 'z':
			c[i] = isLower
		case i >= 'A' && i <= 'Z':
			c[i] = isUpper
		case i >= utf8.RuneSelf:
			c[i] = isOther
		}
	}
	return c
}()

// letterAt is the class of the letter at i, isLower or isUpper, and its size; or notWord.
func letterAt(text []byte, i int) (class uint8, size int) {
	c := classes[text[i]]
	if c != isOther {
		if c == isDigit {
			c = notWord
		}
		return c, 1
	}
	r, size := utf8.DecodeRune(text[i:])
	switch {
	case unicode.IsUpper(r):
		return isUpper, size
	case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r):
		return isLower, size
	}
	return notWord, size
}

// tokens cuts a text. The words of l are looked up.
func tokens(all []token, text []byte, l *wordLists) []token {
	all = all[:0]
	end := -1
	for i := 0; i < len(text); {
		c := classes[text[i]]
		if c == notWord {
			i++
			continue
		}
		t := token{from: i, glued: i == end}
		if c == isDigit {
			for i < len(text) && classes[text[i]] == isDigit {
				i++
			}
			t.to, end = i, i
			all = append(all, t)
			continue
		}
		class, size := letterAt(text, i)
		i += size
		if class == notWord {
			continue
		}
		i, t.shape = wordEnd(text, i, class)
		t.to, end = i, i
		var b [maxWord]byte
		if n, ok := fold(&b, text[t.from:t.to]); ok {
			if t.w = l.words[string(b[:n])]; !ascii(text[t.from:t.to]) {
				t.w.is &^= common | particle // of English: Bašić is not basic
			}
		}
		if n := len(all); t.glued && all[n-1].shape != number { // PatientName, IdNr
			if n, ok := fold(&b, text[all[n-1].from:t.to]); ok {
				t.w.add(l.words[string(b[:n])])
			}
		}
		if t.shape != lower && t.w.is&maybeHonorific != 0 {
			if h, ok := l.titles[string(text[t.from:t.to])]; ok {
				t.w.is |= h.is
				t.w.key = h.key
			}
		}
		all = append(all, t)
	}
	return all
}

func ascii(w []byte) bool {
	for _, b := range w {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// add adds what a longer word tells that this one ends.
func (w *word) add(longer word) {
	const tells = birth | phone | record | surname
	if longer.is&tells != 0 || longer.schemes != 0 {
		w.is |= longer.is & tells
		w.schemes |= longer.schemes
		w.key = longer.key
	}
}

// wordEnd is where a word ends of which the first letter has been read.
func wordEnd(text []byte, i int, first uint8) (int, shape) {
	last, upperCount, lowerCount := i, 0, 0
	if first == isLower {
		lowerCount++
	} else {
		upperCount++
	}
	for i < len(text) {
		class, size := letterAt(text, i)
		switch {
		case class == notWord:
			return i, shapeOf(first, upperCount, lowerCount)
		case class == isUpper && lowerCount > 0: // camelCase
			return i, shapeOf(first, upperCount, lowerCount)
		case class == isLower && upperCount > 1 && lowerCount == 0: // DNASample
			return last, upper
		case class == isUpper:
			upperCount++
		default:
			lowerCount++
		}
		last = i
		i += size
	}
	return i, shapeOf(first, upperCount, lowerCount)
}

func shapeOf(first uint8, upperCount, lowerCount int) shape {
	switch {
	case first == isLower:
		return lower
	case lowerCount > 0 || upperCount == 1:
		return title
	}
	return upper
}
