package cohort

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrConsents is returned for a table of consents that cannot be read.
var ErrConsents = errors.New("cohort: the table of consents cannot be read")

// Consent is one person's: whether it stands, and what for.
type Consent struct {
	Person string
	// Given is false once it was withdrawn.
	Given bool
	// Codes are terms of the Data Use Ontology, such as DUO:0000006, and of diseases, such as
	// MONDO:0005015, ascending. Some have a value, as in DUO:0000027=lipids.
	Codes []string
	// Studies are those it is for, ascending; none for any.
	Studies []string
}

// Bounds of a person's consent.
const (
	maxCodes   = 64
	maxStudies = 256
)

// The columns of a table of consents. The last two may be left out.
const (
	statusColumn  = "status"
	codesColumn   = "duo"
	studiesColumn = "studies"
)

var (
	code  = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,15}:[A-Za-z0-9_]{1,32}(=[^,\t]{1,128})?$`)
	study = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// ReadConsents reads a table of consents: text with one line of column names and one line
// a person, its columns separated by tabs. person_id and status (given or withdrawn) have to
// be there; duo and studies hold lists with commas. Nobody is there twice.
func ReadConsents(r io.Reader) ([]Consent, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	var p consentParser
	for s.Scan() {
		p.line++
		line := s.Bytes()
		var err error
		switch {
		case !utf8.Valid(line):
			err = fmt.Errorf("%w: it is not UTF-8", ErrConsents)
		case p.line == 1:
			err = p.header(string(bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))))
		case len(bytes.TrimSpace(line)) > 0:
			err = p.row(string(line))
		}
		if err != nil {
			return nil, &LineError{Table: "table of consents", Line: p.line, Err: err}
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &LineError{Table: "table of consents", Line: p.line + 1, Err: fmt.Errorf("%w: over %d bytes", ErrConsents, maxLine)}
	case err != nil:
		return nil, err
	case len(p.list) == 0:
		return nil, fmt.Errorf("%w: want a line of column names and one line a person", ErrConsents)
	}
	return p.list, nil
}

// consentParser reads line by line.
type consentParser struct {
	line, columns                  int
	person, status, codes, studies int // which column, -1 for none
	seen                           map[string]bool
	list                           []Consent
}

func (p *consentParser) header(line string) error {
	names := strings.Split(line, "\t")
	if len(names) > maxColumns {
		return fmt.Errorf("%w: over %d columns", ErrConsents, maxColumns)
	}
	for i := range names {
		names[i] = strings.TrimPrefix(strings.TrimSpace(names[i]), "#")
		// Where the line of names is left out these are somebody's data: they are not repeated.
		if first := slices.Index(names[:i], names[i]); first >= 0 {
			return fmt.Errorf("%w: columns %d and %d have one name", ErrConsents, first+1, i+1)
		}
	}
	p.columns, p.seen = len(names), make(map[string]bool)
	p.person, p.status = slices.Index(names, personColumn), slices.Index(names, statusColumn)
	p.codes, p.studies = slices.Index(names, codesColumn), slices.Index(names, studiesColumn)
	if p.person < 0 || p.status < 0 {
		return fmt.Errorf("%w: the first line names the columns person_id and status, and may name duo and studies, separated by tabs", ErrConsents)
	}
	return nil
}

func (p *consentParser) row(line string) error {
	f := strings.Split(line, "\t")
	if len(f) != p.columns {
		return fmt.Errorf("%w: %d columns; the first line has %d", ErrConsents, len(f), p.columns)
	}
	if len(p.list) == maxRows {
		return fmt.Errorf("%w: over %d people", ErrConsents, maxRows)
	}
	c := Consent{Person: strings.TrimSpace(f[p.person])}
	if c.Person == "" || len(c.Person) > maxField {
		return fmt.Errorf("%w: a person_id has 1 to %d bytes", ErrConsents, maxField)
	}
	if p.seen[c.Person] {
		return fmt.Errorf("%w: this person has a line above", ErrConsents)
	}
	p.seen[c.Person] = true
	switch status := strings.TrimSpace(f[p.status]); status {
	case "given", "withdrawn":
		c.Given = status == "given"
	default:
		return fmt.Errorf("%w: a status is given or withdrawn", ErrConsents)
	}
	var err error
	if c.Codes, err = listOf(f, p.codes, maxCodes, code); err != nil {
		return fmt.Errorf("%w in column duo, such as DUO:0000006,DUO:0000021", err)
	}
	if c.Studies, err = listOf(f, p.studies, maxStudies, study); err != nil {
		return fmt.Errorf("%w in column studies, by the names of studies", err)
	}
	p.list = append(p.list, c)
	return nil
}

// listOf reads a list with commas, sorted and each once.
func listOf(fields []string, column, most int, each *regexp.Regexp) (list []string, err error) {
	if column < 0 || strings.TrimSpace(fields[column]) == "" {
		return nil, nil
	}
	for one := range strings.SplitSeq(fields[column], ",") {
		if one = strings.TrimSpace(one); !each.MatchString(one) || len(list) == most {
			return nil, fmt.Errorf("%w: want a list of at most %d with commas", ErrConsents, most)
		}
		list = append(list, one)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// Only leaves out everybody but those who are kept: they are counted nowhere.
func (c *Cohort) Only(keep func(person string) bool) {
	kept := 0
	for i, p := range c.persons {
		if !keep(p) {
			c.Labels[c.places[i]] = 0
			continue
		}
		c.persons[kept], c.places[kept] = p, c.places[i]
		kept++
	}
	c.persons, c.places, c.People = c.persons[:kept], c.places[:kept], kept
}

// Persons are the ids of who the filter chooses. They MUST NOT leave the site.
func (t *Table) Persons() (list []string) {
	for i := range t.rows {
		if t.rows[i].chosen {
			list = append(list, t.rows[i].person)
		}
	}
	return list
}
