package scan

import (
	"bytes"
	"strings"
)

const (
	// maxColumns bounds the columns of a table that are told apart: others are looked at
	// as one.
	maxColumns = 4096
	// maxCell bounds the cells of a column that are remembered to see whether they differ.
	maxCell = 64
	// enough are the cells of a column from which on what all of them have is no chance:
	// one in ten numbers passes the weakest check.
	enough = 8
	// inAll is how many cells of a hundred have it then.
	inAll = 90
)

// column is what is known of one, whatever the length of the table.
type column struct {
	place place
	skip  bool // the names of samples are looked at elsewhere
	cells int  // not empty
	named int  // that could be a name
	seen  map[uint64]struct{}
	clean map[string]struct{} // cells in which is nothing, that may come again
	valid [64]int             // cells that are a number of a scheme, by themselves
	line  uint32
	found [lastSort]Finding
}

// Columns looks at a table, cell by cell. It says what it has found by column, when
// all was read.
type Columns struct {
	look    *looker
	report  *Report
	file    uint16
	part    Part
	columns []column
	line    uint32
}

func newColumns(r *Report, file int, part Part) *Columns {
	return &Columns{look: newLooker(), report: r, file: uint16(file), part: part}
}

// name says what a column is called.
func (c *Columns) name(i int, name []byte) {
	k := c.at(i)
	for _, t := range tokens(nil, name, c.look.lists) {
		is := t.w.is
		k.place.roles |= is & (birth | notBirth | phone | record | surname | person | nameWord)
		k.place.words |= t.w.schemes
		if t.w.key != 0 && is&(birth|phone|record|surname|person|nameWord) != 0 || t.w.schemes != 0 && k.place.key == 0 {
			k.place.key = t.w.key
		}
	}
	k.place.name(tokens(nil, name, c.look.lists))
	if isID(string(bytes.TrimSpace(name))) {
		k.place.part = SampleName
	}
}

// isID reports whether a column has what samples or people are called by.
func isID(name string) bool {
	switch strings.ToLower(name) {
	case "sample_id", "person_id", "iid", "fid", "id_1", "id_2", "id", "sid", "pat", "mat":
		return true
	}
	return false
}

// name settles what words mean together.
func (p *place) name(all []token) {
	for i := range all {
		is := all[i].w.is
		if is&nameWord != 0 && i > 0 && all[i-1].w.is&personPart != 0 {
			p.roles |= surname
		}
		if is&recordTail != 0 && i > 0 && all[i-1].w.is&recordHead != 0 && all[i-1].w.key.String() != "patient" {
			p.roles |= record
			p.key = all[i-1].w.key
		}
	}
	if p.roles&surname != 0 && len(all) > 1 && all[0].w.is&nameWord != 0 {
		p.roles &^= nameWord
	}
}

func (c *Columns) at(i int) *column {
	i = min(i, maxColumns-1)
	for len(c.columns) <= i {
		c.columns = append(c.columns, column{place: place{part: c.part}, seen: make(map[uint64]struct{}), clean: make(map[string]struct{})})
	}
	return &c.columns[i]
}

// cell looks at one.
func (c *Columns) cell(i int, text []byte) {
	text = bytes.Trim(text, " \"'")
	if len(text) == 0 || isMissing(text) {
		return
	}
	k := c.at(i)
	if k.skip {
		return
	}
	k.cells++
	if k.line == 0 {
		k.line = c.line
	}
	if _, known := k.clean[string(text)]; known {
		return
	}
	hits := c.look.look(k.place, text)
	for _, h := range hits {
		k.add(c, uint32(i+1), h)
	}
	if len(hits) == 0 && !c.look.named && c.look.valid == 0 && len(k.clean) < maxCell && len(text) <= maxCell {
		k.clean[string(text)] = struct{}{}
	}
	if c.look.named {
		k.named++
		if len(k.seen) < maxCell {
			k.seen[hash(text)] = struct{}{}
		}
	}
	for s, v := 0, c.look.valid; v != 0; s, v = s+1, v>>1 {
		k.valid[s] += int(v & 1)
	}
}

func (k *column) add(c *Columns, number uint32, h hit) {
	f := &k.found[h.sort-1]
	if f.Times == 0 {
		*f = Finding{Sort: h.sort, Scheme: h.scheme, Sure: h.sure, Part: c.part, File: c.file, Line: c.line, Column: number, Key: h.key}
	}
	f.Times++
}

func isMissing(text []byte) bool {
	if len(text) > len("unknown") {
		return false
	}
	for _, m := range []string{"na", "n/a", ".", "-", "nan", "none", "null", "unknown", "-9", "0"} {
		if len(m) == len(text) && strings.EqualFold(m, string(text)) {
			return true
		}
	}
	return false
}

// hash tells cells apart, FNV-1a.
func hash(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// end gives what was found in columns.
func (c *Columns) end() {
	for i := range c.columns {
		k := &c.columns[i]
		k.numbered(c, uint32(i+1))
		k.people(c, uint32(i+1))
		for s := range k.found {
			if f := &k.found[s]; f.Times > 0 {
				c.report.Add(*f)
			}
		}
	}
}

// numbered takes a column all of which passes the check of a scheme for numbers of it.
func (k *column) numbered(c *Columns, number uint32) {
	f := &k.found[NationalNumber-1]
	if k.cells < enough || int(f.Times)*100 >= k.cells*inAll {
		return
	}
	for s, n := range k.valid {
		if n*100 >= k.cells*inAll {
			*f = Finding{Sort: NationalNumber, Scheme: Scheme(s + 1), Sure: true, Part: c.part, File: c.file, Line: k.line, Column: number, Times: uint32(n)}
			return
		}
	}
}

// people takes a column for names of which most could be some and hardly any two are the
// same, and drops a few that could be in a column of something else.
func (k *column) people(c *Columns, number uint32) {
	f := &k.found[PersonName-1]
	if k.place.roles&(surname|person|nameWord) == 0 && k.cells >= enough && int(f.Times)*100 < k.named*100 &&
		k.named*100 >= k.cells*60 && len(k.seen)*100 >= min(k.named, maxCell)*80 {
		*f = Finding{Sort: PersonName, Part: c.part, File: c.file, Line: k.line, Column: number, Times: uint32(k.named)}
	}
}
