package cohort

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrFilter is returned for a filter that cannot be read, or does not fit the table. What
// says where is a *FilterError.
var ErrFilter = errors.New("cohort: bad filter")

// maxFilter bounds a filter in bytes: a list of some two hundred codes has room. All of it is
// kept with the cohort, and shown in one line of a list.
const maxFilter = 4096

// Filter chooses the lines of a table: those in which a column has a value, or those for
// which an expression is true. The zero Filter chooses all.
type Filter struct {
	Column, Value string

	where *expression // instead of them
}

// ParseFilter reads column=value, or an expression. Nothing is the zero Filter.
func ParseFilter(s string) (Filter, error) {
	text := strings.TrimSpace(s)
	switch {
	case text == "":
		return Filter{}, nil
	case len(text) > maxFilter:
		return Filter{}, &FilterError{Why: fmt.Sprintf("it has over %d bytes; write a column of the table that says the same", maxFilter)}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
		return Filter{}, &FilterError{Why: "it is not UTF-8, or has control characters; write it anew"}
	}
	if column, value, ok := pair(text); ok {
		return parsePair(text, column, value)
	}
	e, err := parseExpression(text)
	if err != nil {
		return Filter{}, err
	}
	return Filter{where: e}, nil
}

// String is what ParseFilter reads.
func (f Filter) String() string {
	switch {
	case f.where != nil:
		return f.where.text
	case f == Filter{}:
		return ""
	}
	return f.Column + "=" + f.Value
}

// isControl lets lines be broken, as in an expression of several.
func isControl(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }

// pair parts column=value. An expression has an = as part of == != <= >= or between quotes
// only.
func pair(text string) (column, value string, ok bool) {
	column, value, ok = strings.Cut(text, "=")
	// Spaces around the = are not kept, and must not make another sign of it.
	name, first := strings.TrimSpace(column), strings.TrimSpace(value)
	if !ok || strings.ContainsAny(column, "\"'") || strings.HasPrefix(first, "=") {
		return "", "", false
	}
	if name != "" && strings.IndexByte("!<>", name[len(name)-1]) >= 0 {
		return "", "", false
	}
	return column, value, true
}

func parsePair(text, column, value string) (Filter, error) {
	at := utf8.RuneCountInString(column) + 1
	column, value = strings.TrimSpace(column), strings.TrimSpace(value)
	switch {
	case column == "":
		return Filter{}, &FilterError{Text: text, At: at, Why: "want column=value, as in ancestry=EUR"}
	case strings.HasPrefix(value, `"`) || strings.HasPrefix(value, "'") || strings.Contains(value, "&&") || strings.Contains(value, "||"):
		return Filter{}, &FilterError{Text: text, At: at, Why: `an expression compares with ==, as in ancestry == "EUR"; with one = it is column=value, without quotes`}
	}
	return Filter{Column: column, Value: value}, nil
}

// FilterError says where a filter is wrong, and how to mend it. It has nothing of a cell.
type FilterError struct {
	// Text is the filter, or empty where there is nothing in it to point to.
	Text string
	// At is the character, counted from 1; 0 for all of it.
	At int
	// Why is what is wrong, and how to mend it.
	Why string
}

func (e *FilterError) Error() string {
	if e.At == 0 {
		return fmt.Sprintf("%v: %s", ErrFilter, e.Why)
	}
	if line, _, character := e.Line(); strings.Contains(e.Text, "\n") {
		return fmt.Sprintf("%v: line %d, character %d: %s", ErrFilter, line, character, e.Why)
	}
	return fmt.Sprintf("%v: character %d: %s", ErrFilter, e.At, e.Why)
}

// Unwrap returns ErrFilter.
func (e *FilterError) Unwrap() error { return ErrFilter }

// Line is the line of the text that At is in, counted from 1, and the character there.
func (e *FilterError) Line() (n int, line string, character int) {
	character = e.At
	for line = range strings.SplitSeq(e.Text, "\n") {
		n++
		length := utf8.RuneCountInString(line) + 1
		if character <= length {
			break
		}
		character -= length
	}
	return n, line, character
}
