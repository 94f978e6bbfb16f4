package scan

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The lists are lower case without accents, but for honorifics, which are as written.
// english.txt are words that comments of Go's standard library have often.
var (
	//go:embed lists/given.txt
	givenNames string
	//go:embed lists/family.txt
	familyNames string
	//go:embed lists/english.txt
	englishWords string
	//go:embed lists/common.txt
	commonWords string
	//go:embed lists/cues.txt
	cueWords string
)

// role is what a word can tell; a word can have several.
type role uint32

const (
	given role = 1 << iota
	family
	common // no name by itself
	birth
	notBirth
	phone
	record
	recordHead
	recordTail
	nameWord
	surname
	person
	personPart
	proseCue
	honorific // as written
	particle
	institution
	patientDir
	userWord
	account
	mailRole
	monthWord
	maybeHonorific // in small letters
	listed         = given | family
)

var roleNames = map[string]role{
	"birth": birth, "notbirth": notBirth, "phone": phone, "record": record, "recordhead": recordHead, "recordtail": recordTail,
	"nameword": nameWord, "surname": surname, "person": person, "personpart": personPart, "prosecue": proseCue, "honorific": honorific,
	"particle": particle, "institution": institution, "patientdir": patientDir, "user": userWord, "account": account, "mailrole": mailRole,
}

// word is what is known of one.
type word struct {
	is      role
	month   uint8
	key     Key
	schemes uint64 // that it names, a bit each
}

// wordLists are made once and then only read.
type wordLists struct {
	words  map[string]word
	titles map[string]word // honorifics, as written
	names  []string        // of keys
}

var lists = sync.OnceValue(func() *wordLists {
	l := &wordLists{words: make(map[string]word, 1<<13), titles: make(map[string]word), names: []string{""}}
	for _, of := range []struct {
		text string
		is   role
	}{{givenNames, given}, {familyNames, family}, {englishWords, common}, {commonWords, common}} {
		for _, w := range strings.Fields(of.text) {
			was := l.words[w]
			was.is |= of.is
			l.words[w] = was
		}
	}
	for line := range strings.Lines(cueWords) {
		name, rest, _ := strings.Cut(line, ": ")
		l.cue(name, strings.Fields(rest))
	}
	return l
})

// cue adds the words of a line of cues.
func (l *wordLists) cue(name string, words []string) {
	is, month, schemes := roleNames[name], uint8(0), uint64(0)
	if n, ok := strings.CutPrefix(name, "month"); ok {
		is, month = monthWord, (n[0]-'0')*10+n[1]-'0'
	} else if is == 0 {
		schemes = 1 << (schemeOf(name) - 1) // a test sees that there is one
	}
	for _, w := range words {
		to := l.words
		if is == honorific {
			to = l.titles
		}
		if is == honorific {
			small := l.words[strings.ToLower(w)]
			small.is |= maybeHonorific
			l.words[strings.ToLower(w)] = small
		}
		was := to[w]
		was.is |= is
		was.schemes |= schemes
		if month > 0 {
			was.month = month
		}
		if was.key == 0 && month == 0 && is&(recordTail|particle|institution|account|mailRole|notBirth) == 0 {
			was.key = Key(len(l.names))
			l.names = append(l.names, w)
		}
		to[w] = was
	}
}

// maxWord bounds a word that is looked up.
const maxWord = 32

// fold writes a word in lower case and without accents; false if it is too long.
func fold(to *[maxWord]byte, w []byte) (n int, ok bool) {
	for i := 0; i < len(w); {
		c := w[i]
		if n+2 > maxWord {
			return 0, false
		}
		if c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			to[n] = c
			n++
			i++
			continue
		}
		r, size := utf8.DecodeRune(w[i:])
		i += size
		r = unicode.ToLower(r)
		s, known := accents[r]
		if !known {
			if n+utf8.UTFMax > maxWord {
				return 0, false
			}
			n += utf8.EncodeRune(to[n:], r)
			continue
		}
		n += copy(to[n:], s)
	}
	return n, true
}

// accents are letters of Latin scripts without theirs.
var accents = func() map[rune]string {
	m := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ð': "d"}
	for plain, with := range map[string]string{
		"a": "áàâäãåāăą", "c": "çćčĉ", "d": "ďđ", "e": "éèêëēėęě", "g": "ğģ", "i": "íìîïīıį", "k": "ķ", "l": "łľļĺ", "n": "ñńňņ", "o": "óòôöõøőō",
		"r": "řŕ", "s": "śšşșŝ", "t": "ťţț", "u": "úùûüūůűų", "y": "ýÿ", "z": "źżž",
	} {
		for _, r := range with {
			m[r] = plain
		}
	}
	return m
}()
