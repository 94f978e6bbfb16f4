package scan

import (
	"bytes"
	"path/filepath"
	"strings"
)

// Scanner looks at what comes with genotypes, part by part, and gathers what it finds.
// The zero Scanner is ready. It is for one goroutine.
type Scanner struct {
	// File is which file of the dataset findings are of, from 1; 0 where there is one.
	File   int
	report Report
	look   *looker
}

// Report is what was found up to now.
func (s *Scanner) Report() Report { return s.report }

func (s *Scanner) looker() *looker {
	if s.look == nil {
		s.look = newLooker()
	}
	return s.look
}

// Text looks at a text of a part, of any length, and gives what is in it, the byte as the
// column. For a Table see NewTable.
func Text(part Part, text []byte) (found []Finding) {
	for _, h := range newLooker().look(place{part: part}, text) {
		found = append(found, finding(part, h))
	}
	return found
}

func finding(part Part, h hit) Finding {
	return Finding{Sort: h.sort, Scheme: h.scheme, Sure: h.sure, Home: h.home, Part: part, Column: uint32(h.at + 1), Key: h.key, Times: 1}
}

// authors begin the lines in which programs name those who wrote them.
var authors = [][]byte{[]byte("##SnpEffVersion="), []byte("##SnpSiftVersion=")}

// Header looks at a line of a header, without its end. The line of column names is none:
// its samples are for Sample.
func (s *Scanner) Header(line int, text []byte) {
	if bytes.HasPrefix(text, []byte("#CHROM\t")) {
		return
	}
	for _, h := range s.looker().look(place{part: Header}, text) {
		if h.sort == PersonName && isAuthors(text) {
			continue
		}
		f := finding(Header, h)
		f.File, f.Line = uint16(s.File), uint32(line)
		s.report.Add(f)
	}
}

func isAuthors(line []byte) bool {
	for _, a := range authors {
		if bytes.HasPrefix(line, a) {
			return true
		}
	}
	return false
}

// Samples looks at the names of all samples of a file: each by itself, and as a column,
// all of which may be numbers of one scheme.
func (s *Scanner) Samples(names []string) {
	var all Report
	c := newColumns(&all, s.File, SampleName)
	c.look = s.looker()
	for i, name := range names {
		c.line = uint32(i + 1)
		c.cell(0, []byte(name))
		if k := &c.columns; len(*k) > 0 { // each by itself
			for _, f := range (*k)[0].found {
				if f.Times > 0 {
					f.Column = 0
					s.report.Add(f)
				}
			}
			(*k)[0].found = [lastSort]Finding{}
		}
	}
	if len(c.columns) > 0 && s.report.Counts[NationalNumber-1] == 0 {
		c.columns[0].numbered(c, 0)
		if f := c.columns[0].found[NationalNumber-1]; f.Times > 0 {
			s.report.Add(f)
		}
	}
}

// Name looks at the name of a file, with its folders. That of a user's home is not what
// is meant: whoever takes files in knows where they lie.
func (s *Scanner) Name(number int, path string) {
	home := false
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == filepath.Separator }) {
		if was := home; !was {
			for _, h := range s.looker().look(place{part: FileName}, []byte(part)) {
				f := finding(FileName, h)
				f.Line, f.Column = uint32(number), 0
				s.report.Add(f)
			}
		}
		home = part == "home" || part == "Users" || part == "homes"
	}
}

// Typed looks at what was typed with a command and will be kept or shown, such as the name
// of a cohort. It is judged as the name of a file is.
func (s *Scanner) Typed(number int, text string) {
	for _, h := range s.looker().look(place{part: FileName}, []byte(text)) {
		f := finding(Typed, h)
		f.Line, f.Column = uint32(number), 0
		s.report.Add(f)
	}
}
