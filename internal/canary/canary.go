package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ErrShort is returned for a canary that would be found by chance.
var ErrShort = errors.New("canary: too short: it would be found by chance")

// Shortest is how many bytes a canary has at least. Eight bytes that are not text are in a
// gigabyte of noise with a chance of 2^-34; of these, base64 at two of three alignments
// leaves six.
const Shortest = 8

// Canary is something that must not be found.
type Canary struct {
	// Name says what it is, such as "the names of samples". Several may share it.
	Name string
	// Bytes are it, or the beginning that all of its sort have.
	Bytes []byte
}

// Hit is where a canary was found.
type Hit struct {
	Name string // of the canary
	Form string // that it was found in, and what was unpacked before
	At   int    // where in that
}

// String is for people.
func (h Hit) String() string { return fmt.Sprintf("%s, %s, at byte %d", h.Name, h.Form, h.At) }

// Scanner finds canaries. It looks at each byte once, however many patterns there are: four
// bytes say by a bit whether a pattern may begin with them, and by a map which.
type Scanner struct {
	patterns []pattern
	begins   map[uint32][]int // patterns by their first four bytes
	may      []bool           // by a hash of these
}

// pattern is one form of a canary.
type pattern struct {
	name, form string
	bytes      []byte
}

// New makes a scanner. Check that it finds what it should: a canary in a form that nobody
// thought of is not found.
func New(canaries ...Canary) (*Scanner, error) {
	s := &Scanner{begins: make(map[uint32][]int), may: make([]bool, 1<<mayBits)}
	for _, c := range canaries {
		if len(c.Bytes) < Shortest {
			return nil, fmt.Errorf("%w: %q has %d bytes", ErrShort, c.Name, len(c.Bytes))
		}
		seen := make(map[string]bool)
		for _, f := range forms(c.Bytes) {
			if !seen[string(f.bytes)] {
				seen[string(f.bytes)] = true
				s.add(pattern{c.Name, f.form, f.bytes})
			}
		}
	}
	return s, nil
}

const mayBits = 18

func hash(begin uint32) uint32 { return begin * 0x9e3779b1 >> (32 - mayBits) }

func (s *Scanner) add(p pattern) {
	begin := binary.LittleEndian.Uint32(p.bytes)
	s.begins[begin] = append(s.begins[begin], len(s.patterns))
	s.may[hash(begin)] = true
	s.patterns = append(s.patterns, p)
}

// Find looks through bytes, and through what is packed in them. Of each canary and form it
// tells the first place.
func (s *Scanner) Find(b []byte) (hits []Hit) {
	for _, l := range unpacked(b) {
		found := make(map[int]bool)
		for at := 0; at+4 <= len(l.bytes); at++ {
			begin := binary.LittleEndian.Uint32(l.bytes[at:])
			if !s.may[hash(begin)] {
				continue
			}
			for _, i := range s.begins[begin] {
				if p := &s.patterns[i]; !found[i] && bytes.HasPrefix(l.bytes[at:], p.bytes) {
					found[i] = true
					hits = append(hits, Hit{Name: p.name, Form: p.form + l.how, At: at})
				}
			}
		}
	}
	return hits
}

// form is how bytes can look.
type form struct {
	form  string
	bytes []byte
}

// forms are all that are looked for.
func forms(raw []byte) (list []form) {
	add := func(name string, b []byte) { list = append(list, form{name, b}) }
	add("as it is", raw)
	add("in hexadecimal", []byte(hex.EncodeToString(raw)))
	add("in HEXADECIMAL", []byte(strings.ToUpper(hex.EncodeToString(raw))))
	for _, between := range []string{" ", ":", ", 0x"} {
		add("in hexadecimal with "+strconv.Quote(between), spelled(raw, "%02x", between))
		add("in HEXADECIMAL with "+strconv.Quote(between), spelled(raw, "%02X", between))
	}
	for _, between := range []string{" ", ",", ", "} {
		add("in numbers with "+strconv.Quote(between), spelled(raw, "%d", between))
	}
	add("percent-encoded", append([]byte("%"), spelled(raw, "%02X", "%")...))
	add("percent-encoded in small letters", append([]byte("%"), spelled(raw, "%02x", "%")...))
	add("in octal", append([]byte(`\`), spelled(raw, "%03o", `\`)...))
	add(`in \x`, append([]byte(`\x`), spelled(raw, "%02x", `\x`)...))
	for alphabet, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64 of URLs": base64.RawURLEncoding} {
		for before := range 3 {
			add(fmt.Sprintf("in %s, %d bytes behind", alphabet, before), aligned(e, raw, before))
		}
	}
	if utf8.Valid(raw) {
		list = append(list, ofText(string(raw))...)
	}
	return list
}

// ofText are forms that only text has.
func ofText(s string) (list []form) {
	add := func(name string, b string) { list = append(list, form{name, []byte(b)}) }
	add("in small letters", strings.ToLower(s))
	add("in capitals", strings.ToUpper(s))
	add("in a query of a URL", url.QueryEscape(s))
	add("in a path of a URL", url.PathEscape(s))
	add("quoted", inner(strconv.Quote(s)))
	add("quoted in ASCII", inner(strconv.QuoteToASCII(s)))
	if j, err := json.Marshal(s); err == nil {
		add("in JSON", inner(string(j)))
	}
	little, big := new(bytes.Buffer), new(bytes.Buffer)
	for _, u := range utf16.Encode([]rune(s)) {
		little.Write([]byte{byte(u), byte(u >> 8)})
		big.Write([]byte{byte(u >> 8), byte(u)})
	}
	add("in UTF-16, little end first", little.String())
	add("in UTF-16, big end first", big.String())
	return list
}

// inner takes off quotation marks.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// spelled writes byte by byte.
func spelled(raw []byte, verb, between string) []byte {
	var b bytes.Buffer
	for i, c := range raw {
		if i > 0 {
			b.WriteString(between)
		}
		fmt.Fprintf(&b, verb, c)
	}
	return b.Bytes()
}

// aligned is what base64 makes of bytes, whatever stands before and behind them: of digits
// that have a bit of a neighbour there are none.
func aligned(e *base64.Encoding, raw []byte, before int) []byte {
	skip := (3 - before) % 3
	whole := raw[skip:]
	return []byte(e.EncodeToString(whole[:len(whole)/3*3]))
}
