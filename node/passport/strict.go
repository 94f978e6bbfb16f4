package passport

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of one JSON document. A passport needs a depth of seven; unknown claims of a
// broker may be deeper, and nothing recurses further than this.
const (
	maxDepth  = 16
	maxValues = 4096
)

// object is a JSON object in which each name stands once.
type object map[string]any

// parseObject reads a document that is one object, and nothing in which two readers
// could see different things: encoding/json alone takes the last of two equal names, is
// blind to case where it fills a struct, and replaces what is not UTF-8.
func parseObject(raw []byte) (object, Reason) {
	v, r := parseJSON(raw)
	if r != 0 {
		return nil, r
	}
	o, is := v.(object)
	if !is {
		return nil, NotJSON
	}
	return o, 0
}

// parseJSON gives object, []any, string, json.Number, bool or nil.
func parseJSON(raw []byte) (any, Reason) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, NotJSON
	}
	return readStrictly(raw, maxValues)
}

// readStrictly reads valid JSON of at most so many values.
func readStrictly(raw []byte, most int) (any, Reason) {
	s := strictReader{d: json.NewDecoder(bytes.NewReader(raw)), left: most}
	s.d.UseNumber()
	return s.value(0)
}

type strictReader struct {
	d    *json.Decoder
	left int // values that may still come
}

func (s *strictReader) value(depth int) (any, Reason) {
	if s.left--; s.left < 0 {
		return nil, TooMany
	}
	t, err := s.d.Token()
	if err != nil {
		return nil, NotJSON
	}
	switch t := t.(type) {
	case json.Delim:
		if depth == maxDepth {
			return nil, NotJSON
		}
		if t == '{' {
			return s.object(depth + 1)
		}
		return s.list(depth + 1)
	case string:
		// A lone surrogate becomes U+FFFD, so that two texts would be one.
		if strings.ContainsRune(t, utf8.RuneError) {
			return nil, NotJSON
		}
		return t, 0
	default:
		return t, 0
	}
}

func (s *strictReader) object(depth int) (any, Reason) {
	o := object{}
	for s.d.More() {
		name, r := s.value(depth)
		if r != 0 {
			return nil, r
		}
		v, r := s.value(depth)
		if r != 0 {
			return nil, r
		}
		key, is := name.(string)
		if !is {
			return nil, NotJSON
		}
		if _, twice := o[key]; twice {
			return nil, RepeatedName
		}
		o[key] = v
	}
	if _, err := s.d.Token(); err != nil {
		return nil, NotJSON
	}
	return o, 0
}

func (s *strictReader) list(depth int) (any, Reason) {
	l := []any{}
	for s.d.More() {
		v, r := s.value(depth)
		if r != 0 {
			return nil, r
		}
		l = append(l, v)
	}
	if _, err := s.d.Token(); err != nil {
		return nil, NotJSON
	}
	return l, 0
}

// text is a member that must be there, printable and not over a length.
func (o object) text(name string, longest int) (string, Reason) {
	if _, there := o[name]; !there {
		return "", ClaimMissing
	}
	return o.optionalText(name, longest)
}

// optionalText is "" where there is no such member.
func (o object) optionalText(name string, longest int) (string, Reason) {
	v, there := o[name]
	if !there {
		return "", 0
	}
	s, is := v.(string)
	if !is || !fit(s, longest) {
		return "", ClaimUnfit
	}
	return s, 0
}

// fit reports whether a text may become a fact: custodians see facts on a terminal, so
// that no control character and nothing that turns the direction of writing is in one.
func fit(s string, longest int) bool {
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// seconds is a member that must be there: whole seconds since 1970. RFC 7519 section 2
// would allow fractions; the specification writes seconds.
func (o object) seconds(name string) (time.Time, Reason) {
	v, there := o[name]
	if !there {
		return time.Time{}, ClaimMissing
	}
	n, is := v.(json.Number)
	if !is {
		return time.Time{}, ClaimUnfit
	}
	const tooFar = 1 << 38 // the year 10680: time.Time and JSON can write it
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || i < 0 || i >= tooFar {
		return time.Time{}, ClaimUnfit
	}
	return time.Unix(i, 0).UTC(), 0
}
