package plink

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrLine is returned for a line of bim or fam that cannot be read.
	ErrLine = errors.New("plink: a line cannot be read")
	// ErrSamples is returned when fam names no sample, too many, or one twice.
	ErrSamples = errors.New("plink: the samples in fam cannot be used")
)

// LineError says where in a bim or fam something is wrong.
type LineError struct {
	// File is "bim" or "fam"; Line is counted from 1.
	File string
	Line int
	// Err is one of the errors of this package, or of genotype.
	Err error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s, line %d: %v%s", e.File, e.Line, e.Err, e.mend())
}

// mend is what to do about it, where the error itself does not say.
func (e *LineError) mend() string {
	switch {
	case errors.Is(e.Err, ErrLine):
		return "; mend the line, or write the files anew (plink2 --make-bed)"
	case errors.Is(e.Err, ErrSamples):
		return "; give each sample an IID of its own (plink2 --update-ids)"
	}
	return ""
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

const (
	// maxLine bounds a line: a bim may hold two alleles of some thousand bases.
	maxLine = 1 << 20
	// firstLine is how much is read at a time while lines are shorter.
	firstLine = 64 << 10
	// columns are those of a line, of bim as of fam.
	columns = 6
	// maxSamples bounds the lines of fam.
	maxSamples = 1 << 24
)

// table reads lines of columns that are separated by tabs or spaces.
type table struct {
	file string
	s    *bufio.Scanner
	line int
	row  [columns][]byte
}

func newTable(file string, r io.Reader) *table {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, firstLine), maxLine)
	return &table{file: file, s: s}
}

// next returns a line's columns, valid until the next call, or io.EOF.
func (t *table) next() ([][]byte, error) {
	t.line++
	if !t.s.Scan() {
		switch err := t.s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			return nil, t.at(fmt.Errorf("%w: it is over %d bytes long", ErrLine, maxLine))
		case err != nil:
			return nil, err
		}
		return nil, io.EOF
	}
	if n := t.split(t.s.Bytes()); n != columns {
		return nil, t.at(fmt.Errorf("%w: %d columns; want %d", ErrLine, n, columns))
	}
	return t.row[:], nil
}

// split takes a line's columns, and returns how many there are.
func (t *table) split(line []byte) (n int) {
	for i := 0; i < len(line); {
		if blank(line[i]) {
			i++
			continue
		}
		from := i
		for i < len(line) && !blank(line[i]) {
			i++
		}
		if n < columns {
			t.row[n] = line[from:i:i]
		}
		n++
	}
	return n
}

func blank(c byte) bool { return c <= ' ' && (c == ' ' || c-'\t' <= '\r'-'\t') }

func (t *table) at(err error) error { return &LineError{File: t.file, Line: t.line, Err: err} }

// readFam takes a sample's name from the second column, IID, and its sex from the fifth.
func readFam(r io.Reader) ([]string, []genotype.Sex, error) {
	var (
		names []string
		sexes []genotype.Sex
		seen  = make(map[string]struct{})
		t     = newTable("fam", r)
	)
	for {
		f, err := t.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		name := string(f[1])
		if _, twice := seen[name]; twice {
			return nil, nil, t.at(fmt.Errorf("%w: two of them have the same IID", ErrSamples))
		}
		if len(names) == maxSamples {
			return nil, nil, t.at(fmt.Errorf("%w: over %d", ErrSamples, maxSamples))
		}
		seen[name] = struct{}{}
		names = append(names, name)
		sex := genotype.UnknownSex
		switch string(f[4]) {
		case "1":
			sex = genotype.Male
		case "2":
			sex = genotype.Female
		}
		sexes = append(sexes, sex)
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%w: fam is empty", ErrSamples)
	}
	return names, sexes, nil
}
