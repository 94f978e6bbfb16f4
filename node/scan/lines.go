package scan

import (
	"bytes"
	"io"
)

// maxHeld is what is kept of a line of a table before its end has come. Of a longer one
// it is looked at in parts of this length.
const maxHeld = 1 << 20

// Form is how a table is written.
type Form uint8

// The forms.
const (
	Tabbed Form = iota // tabs separate, the first line names the columns
	Psam               // so does a blank, and the last line that begins with # names them
	Fam                // as Psam, and nothing names them
	Bgen               // a .sample file: two lines of names and types
)

// Lines is an io.Writer that looks at a table that is written to it, as an io.TeeReader
// does. Close it when all was written.
type Lines struct {
	form Form
	cols *Columns
	held []byte
	done bool
}

var _ io.WriteCloser = (*Lines)(nil)

// NewTable returns one whose findings go to r when it is closed.
func NewTable(r *Report, file int, form Form) *Lines {
	l := &Lines{form: form, cols: newColumns(r, file, Table)}
	if form == Fam {
		l.cols.at(1).skip = true
		for _, i := range []int{0, 2, 3} { // the family, and what parents are called
			l.cols.at(i).place.part = SampleName
		}
	}
	return l
}

// Write takes a part of the table. It never fails.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		at := bytes.IndexByte(p, '\n')
		if at < 0 {
			for len(p) > 0 {
				part := p[:min(len(p), maxHeld-len(l.held))]
				l.held, p = append(l.held, part...), p[len(part):]
				if len(l.held) == maxHeld {
					l.line(l.held)
					l.held = l.held[:0]
				}
			}
			return n, nil
		}
		if len(l.held) > 0 {
			l.held = append(l.held, p[:at]...)
			l.line(l.held)
			l.held = l.held[:0]
		} else {
			l.line(p[:at])
		}
		p = p[at+1:]
	}
	return n, nil
}

// Close looks at what has no end, and hands out what was found.
func (l *Lines) Close() error {
	if len(l.held) > 0 {
		l.line(l.held)
	}
	if !l.done {
		l.cols.end()
	}
	l.held, l.done = nil, true
	return nil
}

func (l *Lines) line(text []byte) {
	l.cols.line++
	text = bytes.TrimSuffix(text, []byte("\r"))
	first := l.cols.line == 1
	if first {
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	switch {
	case l.form == Bgen && l.cols.line == 2:
		return // types
	case l.form <= Psam && bytes.HasPrefix(text, []byte("#")) && (l.form == Psam || first), l.form == Tabbed && first, l.form == Bgen && first:
		l.each(bytes.TrimPrefix(text, []byte("#")), l.name)
		return
	}
	l.each(text, l.cols.cell)
}

// name takes the name of a column. In all forms but one the samples' are in the file of
// genotypes, whose names Scanner.Samples has.
func (l *Lines) name(i int, name []byte) {
	l.cols.name(i, name)
	if l.form != Tabbed {
		switch string(name) {
		case "IID", "ID_2", "ID":
			l.cols.at(i).skip = true
		}
	}
}

// each cuts a line into its columns.
func (l *Lines) each(text []byte, do func(int, []byte)) {
	if l.form == Tabbed {
		for i := 0; ; i++ {
			cell, rest, more := bytes.Cut(text, []byte("\t"))
			do(i, cell)
			if !more {
				return
			}
			text = rest
		}
	}
	i := 0
	for cell := range bytes.FieldsSeq(text) {
		do(i, cell)
		i++
	}
}
