package cohort

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const (
	// maxCell bounds a cell that a filter looks at, in bytes: what an expression does for a
	// person grows with it.
	maxCell = 16 << 10
	// maxTerms bounds the terms of such a cell. Nobody has a thousand diagnoses.
	maxTerms = 1024
)

// kind is what the cells of a column are, to an expression.
type kind uint8

const (
	whole   kind = iota // numbers without decimals
	decimal             // numbers
	text
	list // of terms
	none // no line has anything
)

func (k kind) String() string {
	return [...]string{"a whole number (int)", "a number (double)", "text (string)", "a list of terms", "empty in every line"}[k]
}

// kept is a column that is looked at again once all of the table was read. Each value is
// there once: most columns have few.
type kept struct {
	name   string
	place  int      // in the table
	cells  []uint32 // a row: which of the values
	values []string // the first is of missing cells
	at     map[string]uint32
}

func newKept(name string, place int) *kept {
	return &kept{name: name, place: place, values: []string{""}, at: make(map[string]uint32)}
}

// add takes the cell of the next row.
func (k *kept) add(cell []byte) error {
	cell = bytes.TrimSpace(cell)
	if len(cell) > maxCell {
		return fmt.Errorf("%w: over %d bytes in column %q, which the filter looks at", ErrTable, maxCell, k.name)
	}
	if isMissing(cell) {
		k.cells = append(k.cells, 0)
		return nil
	}
	n, ok := k.at[string(cell)]
	if !ok {
		n = uint32(len(k.values))
		k.values = append(k.values, string(cell))
		k.at[string(cell)] = n
	}
	k.cells = append(k.cells, n)
	return nil
}

// row is the first that has a value.
func (k *kept) row(value int) int {
	for i, n := range k.cells {
		if int(n) == value {
			return i
		}
	}
	return -1
}

// kind is the narrowest that all values are of. Where one alone keeps the column from being
// numbers it says which one; else 0. Ids are text, whatever they look like.
func (k *kept) kind() (of kind, odd int) {
	switch {
	case k.name == sampleColumn || k.name == personColumn:
		return text, 0
	case len(k.values) == 1:
		return none, 0
	}
	others := 0
	for i, v := range k.values[1:] {
		switch number, whole := isNumber(v); {
		case !number && len(terms(v)) > 1:
			return list, 0
		case !number:
			others++
			odd = i + 1
		case !whole:
			of = decimal
		}
	}
	switch {
	case others == 0:
		return of, 0
	case others == 1 && len(k.values) > 2:
		return text, odd
	}
	return text, 0
}

// isMissing tells cells in which nothing is said.
func isMissing(cell []byte) bool {
	switch len(cell) {
	case 0:
		return true
	case 1:
		return cell[0] == '.'
	case 2, 3, 4:
		switch strings.ToLower(string(cell)) {
		case "na", "n/a", "nan", "null":
			return true
		}
	}
	return false
}

// isNumber tells decimal numbers, and whole ones that an int holds. What begins with a zero
// that says nothing, such as 007, is a code.
func isNumber(s string) (number, whole bool) {
	digits := func(s string) (n int) {
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	rest := strings.TrimPrefix(s, "-")
	n := digits(rest)
	if n == 0 || n > 1 && rest[0] == '0' {
		return false, false
	}
	if rest = rest[n:]; rest == "" {
		_, err := strconv.ParseInt(s, 10, 64)
		return err == nil, err == nil
	}
	if rest[0] == '.' {
		if n = digits(rest[1:]); n == 0 {
			return false, false
		}
		rest = rest[1+n:]
	}
	if rest != "" && rest[0]|0x20 == 'e' {
		rest = rest[1:]
		if rest != "" && (rest[0] == '-' || rest[0] == '+') {
			rest = rest[1:]
		}
		if n = digits(rest); n == 0 {
			return false, false
		}
		rest = rest[n:]
	}
	if rest != "" {
		return false, false
	}
	_, err := strconv.ParseFloat(s, 64) // 1e999 is none
	return err == nil, false
}

// terms are the parts of a cell between ; and |, and between commas where all that these
// part are codes, such as HP:0001250 or I21.4: a comma stands in names and numbers too.
func terms(cell string) (all []string) {
	for part := range strings.FieldsFuncSeq(cell, func(c rune) bool { return c == ';' || c == '|' }) {
		codes := strings.Split(part, ",")
		for i := range codes {
			codes[i] = strings.TrimSpace(codes[i])
			if len(codes) > 1 && !isCode(codes[i]) {
				codes = []string{strings.TrimSpace(part)}
				break
			}
		}
		for _, c := range codes {
			if c != "" {
				all = append(all, c)
			}
		}
	}
	return all
}

// isCode tells a letter and, somewhere after it, a digit, without a blank.
func isCode(s string) bool {
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z') && strings.ContainsAny(s, "0123456789") && !strings.ContainsAny(s, " \"'")
}
