package bgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
)

// ErrLine is returned for a line of a .sample file that cannot be read.
var ErrLine = errors.New("bgen: a line cannot be read")

// LineError says where in a .sample file something is wrong.
type LineError struct {
	// Line is counted from 1.
	Line int
	// Err is one of the errors of this package.
	Err error
}

func (e *LineError) Error() string { return fmt.Sprintf("sample, line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

const (
	// maxLine bounds a line: there may be some thousand phenotypes.
	maxLine = 1 << 20
	// firstLine is how much is read at a time while lines are shorter.
	firstLine = 64 << 10
)

// table reads a .sample file: a line of names of columns, a line of their types, and a
// line for each sample.
type table struct {
	s         *bufio.Scanner
	line      int
	width     int // columns of a line
	one, name int // columns of ID_1, -1 where there is none, and of the identifier
	sex       int // -1 where there is none
	firsts    []string
	names     []string
	sexes     []genotype.Sex // nil where the file does not tell them
}

func readSample(r io.Reader) (*table, error) {
	t := &table{s: bufio.NewScanner(r), one: -1, sex: -1}
	t.s.Buffer(make([]byte, firstLine), maxLine)
	err := t.head()
	for err == nil {
		var f [][]byte
		if f, err = t.next(); err == nil {
			err = t.add(f)
		}
	}
	switch {
	case err != io.EOF:
		return nil, err
	case len(t.names) == 0:
		return nil, fmt.Errorf("%w: the .sample file is empty", ErrSamples)
	}
	return t, nil
}

// next returns a line's columns, valid until the next call, or io.EOF.
func (t *table) next() ([][]byte, error) {
	t.line++
	if !t.s.Scan() {
		switch err := t.s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			return nil, t.at(fmt.Errorf("%w: it is over %d bytes long", ErrLine, maxLine))
		case err != nil:
			return nil, fmt.Errorf("read .sample file: %w", err)
		}
		return nil, io.EOF
	}
	f := bytes.FieldsFunc(t.s.Bytes(), func(c rune) bool { return c == ' ' || c == '\t' || c == '\r' })
	if t.width > 0 && len(f) != t.width || len(f) == 0 {
		return nil, t.at(fmt.Errorf("%w: %d columns; want %d", ErrLine, len(f), max(1, t.width)))
	}
	return f, nil
}

func (t *table) at(err error) error { return &LineError{Line: t.line, Err: err} }

// head reads the first two lines. The columns of type 0 come first and are ID_1, ID_2
// and missing, or ID alone.
func (t *table) head() error {
	f, err := t.next()
	if err != nil {
		return err
	}
	t.width = len(f)
	names := make([]string, len(f))
	for i := range f {
		names[i] = string(f[i])
	}
	switch {
	case len(names) >= 3 && names[0] == "ID_1" && names[1] == "ID_2" && names[2] == "missing":
		t.one, t.name = 0, 1
	case names[0] == "ID":
		t.name = 0
	default:
		return t.at(fmt.Errorf("%w: the columns begin with ID_1, ID_2 and missing, or with ID", ErrLine))
	}
	types, err := t.next()
	if err == io.EOF {
		return t.at(fmt.Errorf("%w: the types of the columns are missing", ErrLine))
	}
	if err != nil {
		return err
	}
	for i, is := range types {
		own := i <= t.name || names[i] == "missing"
		if own != (string(is) == "0") || !own && !strings.Contains("DCPB", string(is)) || len(is) != 1 {
			return t.at(fmt.Errorf("%w: column %d has a type that it cannot have", ErrLine, i+1))
		}
		if strings.EqualFold(names[i], "sex") {
			if t.sex >= 0 {
				return t.at(fmt.Errorf("%w: two columns are called sex", ErrLine))
			}
			t.sex = i
		}
	}
	return nil
}

func (t *table) add(f [][]byte) error {
	name := f[t.name]
	switch {
	case !printable(name):
		return t.at(fmt.Errorf("%w: one is over %d bytes long, or has signs that no name has", ErrSamples, maxName))
	case len(t.names) == maxSamples:
		return t.at(fmt.Errorf("%w: over %d", ErrSamples, maxSamples))
	}
	t.names = append(t.names, string(name))
	if t.one >= 0 {
		t.firsts = append(t.firsts, string(f[t.one]))
	}
	if t.sex >= 0 {
		t.sexes = append(t.sexes, parseSex(string(f[t.sex])))
	}
	return nil
}

func parseSex(text string) genotype.Sex {
	switch text {
	case "1", "M", "m":
		return genotype.Male
	case "2", "F", "f":
		return genotype.Female
	}
	return genotype.UnknownSex
}

// agrees reports whether the identifiers of a BGEN are those of the table: those of
// ID_2, of ID_1, or of both with "_" between them, as plink2 writes them.
func (t *table) agrees(names []string) bool {
	second, first, both := true, t.one >= 0, t.one >= 0
	for i, name := range names {
		second = second && name == t.names[i]
		first = first && name == t.firsts[i]
		both = both && name == t.firsts[i]+"_"+t.names[i]
	}
	return second || first || both
}
