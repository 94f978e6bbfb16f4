package cohort

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrTable is returned for a sample table that cannot be read.
	ErrTable = errors.New("cohort: the sample table cannot be read")
	// ErrTwice is returned when a sample has two lines, or a person two samples.
	ErrTwice = errors.New("cohort: a person is counted once")
	// ErrStrata is returned when people cannot be told apart by a column.
	ErrStrata = errors.New("cohort: not a column of strata")
)

// LineError says where in the table something is wrong.
type LineError struct {
	// Table is which one; the sample table if it is empty.
	Table string
	// Line is counted from 1.
	Line int
	// Err is one of the errors of this package.
	Err error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s, line %d: %v", cmp.Or(e.Table, "sample table"), e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

const (
	maxLine    = 1 << 20 // bytes
	maxColumns = 4096
	maxRows    = 1 << 24
	maxField   = 1024 // bytes of a sample's, a person's or a column's name
	maxStrata  = 255  // what a label tells apart
)

// The columns that every table has.
const (
	sampleColumn = "sample_id"
	personColumn = "person_id"
	sexColumn    = "sex"
)

// Table is a site's sample table, as far as counting needs it.
type Table struct {
	rows   []row
	strata []string // the values of the column of strata, sorted
}

type row struct {
	sample, person string
	line           int32
	sex            genotype.Sex
	chosen         bool  // by the filter
	stratum        uint8 // its value in the column of strata, by its place among them
}

// Strata are the values of the column of strata, sorted; nil where the table was read
// without.
func (t *Table) Strata() []string { return t.strata }

// Read takes a table and notes which of its lines the filter chooses.
func Read(r io.Reader, where Filter) (*Table, error) { return ReadStrata(r, where, "") }

// ReadStrata is Read that also notes a column by which the people of the chosen lines are
// told apart; none if it is empty. A stratum's name is 1 to 64 letters, digits and any of
// _ + - . (the last two not first), so that files can be named by it.
func ReadStrata(r io.Reader, where Filter, column string) (*Table, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	p := parser{where: where, by: column}
	for s.Scan() {
		p.line++
		line := s.Bytes()
		var err error
		switch {
		case p.line == 1:
			err = p.header(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf")))
		case len(bytes.TrimSpace(line)) > 0:
			err = p.row(line)
		}
		if err != nil {
			return nil, &LineError{Line: p.line, Err: err}
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &LineError{Line: p.line + 1, Err: fmt.Errorf("%w: over %d bytes", ErrTable, maxLine)}
	case err != nil:
		return nil, err
	case len(p.table.rows) == 0:
		return nil, fmt.Errorf("%w: want a line of column names and one line a sample", ErrTable)
	}
	if p.where.where != nil {
		if err := p.choose(p.where.where); err != nil {
			return nil, err
		}
	}
	p.sortStrata()
	return &p.table, p.once()
}

// parser reads line by line.
type parser struct {
	where               Filter
	by                  string // the column of strata, "" for none
	table               Table
	line, columns       int
	sample, person, sex int              // which column
	filter, stratum     int              // -1 for none
	strata              map[string]uint8 // numbered as they came
	fields              [][]byte         // of the line
	kept                []*kept          // what an expression speaks of
	groups              *kept            // the column of strata, beside an expression
}

func (p *parser) header(line []byte) error {
	if !utf8.Valid(line) {
		return fmt.Errorf("%w: it is not UTF-8", ErrTable)
	}
	names := strings.Split(string(line), "\t")
	if len(names) > maxColumns {
		return fmt.Errorf("%w: over %d columns", ErrTable, maxColumns)
	}
	at := make(map[string]int, len(names))
	for i, name := range names {
		name = strings.TrimPrefix(strings.TrimSpace(name), "#")
		names[i] = name
		if _, twice := at[name]; twice || name == "" || len(name) > maxField {
			return fmt.Errorf("%w: column %d has no name, too long a name, or that of another", ErrTable, i+1)
		}
		at[name] = i
	}
	for _, want := range []struct {
		name string
		at   *int
	}{{sampleColumn, &p.sample}, {personColumn, &p.person}, {sexColumn, &p.sex}} {
		i, ok := at[want.name]
		if !ok {
			return fmt.Errorf("%w: no column %q; the first line names the columns sample_id, person_id and sex, separated by tabs", ErrTable, want.name)
		}
		*want.at = i
	}
	p.columns, p.filter, p.stratum = len(names), -1, -1
	if p.by != "" {
		i, ok := at[p.by]
		if !ok {
			return fmt.Errorf("%w: the table has no column %q; its first line names those that it has", ErrStrata, p.by)
		}
		p.stratum, p.strata = i, make(map[string]uint8)
	}
	if p.where.where != nil {
		return p.keep(p.where.where, names, at)
	}
	if p.where != (Filter{}) {
		i, ok := at[p.where.Column]
		if !ok {
			return fmt.Errorf("%w: the table has no column %q; its first line names those that it has", ErrFilter, p.where.Column)
		}
		p.filter = i
	}
	return nil
}

func (p *parser) row(line []byte) error {
	if !utf8.Valid(line) {
		return fmt.Errorf("%w: it is not UTF-8", ErrTable)
	}
	f := p.split(line)
	if len(f) != p.columns {
		return fmt.Errorf("%w: %d columns; the first line has %d", ErrTable, len(f), p.columns)
	}
	if len(p.table.rows) == maxRows {
		return fmt.Errorf("%w: over %d samples", ErrTable, maxRows)
	}
	sample, person := bytes.TrimSpace(f[p.sample]), bytes.TrimSpace(f[p.person])
	if len(sample) == 0 || len(person) == 0 || len(sample) > maxField || len(person) > maxField {
		return fmt.Errorf("%w: a sample_id and a person_id have 1 to %d bytes", ErrTable, maxField)
	}
	r := row{
		sample: string(sample), line: int32(p.line),
		chosen: p.where.where == nil && (p.filter < 0 || string(bytes.TrimSpace(f[p.filter])) == p.where.Value),
	}
	if r.person = r.sample; !bytes.Equal(sample, person) {
		r.person = string(person)
	}
	var ok bool
	if r.sex, ok = parseSex(f[p.sex]); !ok {
		return fmt.Errorf("%w: sex is male, female or unknown", ErrTable)
	}
	if p.where.where != nil {
		if err := p.keepRow(&r, f); err != nil {
			return err
		}
	}
	if r.chosen && p.stratum >= 0 {
		if err := p.note(&r, bytes.TrimSpace(f[p.stratum])); err != nil {
			return err
		}
	}
	if len(p.table.rows) == cap(p.table.rows) { // append would grow a long slice by a quarter
		p.table.rows = slices.Grow(p.table.rows, max(len(p.table.rows), 1024))
	}
	p.table.rows = append(p.table.rows, r)
	return nil
}

// split parts a line at its tabs, into one field more than there are columns at most.
func (p *parser) split(line []byte) [][]byte {
	p.fields = p.fields[:0]
	for len(p.fields) < p.columns {
		field, rest, more := bytes.Cut(line, []byte{'\t'})
		p.fields = append(p.fields, field)
		if !more {
			return p.fields
		}
		line = rest
	}
	for range bytes.Count(line, []byte{'\t'}) + 1 {
		p.fields = append(p.fields, nil)
	}
	return p.fields
}

// once requires that no sample and no person has two lines.
func (p *parser) once() error {
	for _, of := range []struct {
		name func(*row) string
		why  string
	}{
		{func(r *row) string { return r.sample }, "this sample has a line above"},
		{func(r *row) string { return r.person }, "this person has another sample above; keep one of them"},
	} {
		if p.ascends(of.name, strings.Compare) || p.ascends(of.name, byLength) {
			continue
		}
		seen := make(map[string]struct{}, len(p.table.rows))
		for i := range p.table.rows {
			r := &p.table.rows[i]
			seen[of.name(r)] = struct{}{}
			if len(seen) == i {
				return &LineError{Line: int(r.line), Err: fmt.Errorf("%w: %s", ErrTwice, of.why)}
			}
		}
	}
	return nil
}

// ascends reports whether names are in an order, each once, as many tables have them.
func (p *parser) ascends(name func(*row) string, compare func(a, b string) int) bool {
	for i := 1; i < len(p.table.rows); i++ {
		if compare(name(&p.table.rows[i-1]), name(&p.table.rows[i])) >= 0 {
			return false
		}
	}
	return true
}

// byLength is the order of s9 and s10.
func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// note gives a row its stratum.
func (p *parser) note(r *row, value []byte) error {
	known, ok := p.strata[string(value)]
	switch {
	case !ok && !isStratum(string(value)):
		return fmt.Errorf("%w: a stratum is named by 1 to 64 letters, digits and _ + - . (the last two not first)", ErrStrata)
	case !ok && len(p.strata) == maxStrata:
		return fmt.Errorf("%w: over %d strata", ErrStrata, maxStrata)
	case !ok:
		known = uint8(len(p.strata))
		p.strata[string(value)] = known
	}
	r.stratum = known
	return nil
}

// sortStrata gives strata their places in order.
func (p *parser) sortStrata() {
	p.table.strata = slices.Sorted(maps.Keys(p.strata))
	var place [maxStrata]uint8
	for i, name := range p.table.strata {
		place[p.strata[name]] = uint8(i)
	}
	for i := range p.table.rows {
		p.table.rows[i].stratum = place[p.table.rows[i].stratum]
	}
}

func isStratum(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && strings.IndexByte("_+-.", c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 64 && s[0] != '.' && s[0] != '-'
}

func parseSex(field []byte) (genotype.Sex, bool) {
	switch string(field) { // as most write it
	case "male":
		return genotype.Male, true
	case "female":
		return genotype.Female, true
	}
	switch strings.ToLower(string(bytes.TrimSpace(field))) {
	case "male", "m", "1":
		return genotype.Male, true
	case "female", "f", "2":
		return genotype.Female, true
	case "", "unknown", "u", "0", "-9", "na", "n/a", ".":
		return genotype.UnknownSex, true
	}
	return genotype.UnknownSex, false
}
