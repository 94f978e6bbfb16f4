package cohort

import (
	"fmt"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
)

// maxListed bounds the columns that an error lists.
const maxListed = 40

// keep finds the columns that an expression speaks of, and the column of strata: of whom is
// not chosen no stratum is looked at, and that is known at the end.
func (p *parser) keep(e *expression, names []string, at map[string]int) error {
	for _, u := range e.used {
		i, ok := at[u.name]
		if !ok {
			return &FilterError{Text: e.text, At: u.at, Why: noColumn(u.name, names)}
		}
		p.kept = append(p.kept, newKept(u.name, i))
	}
	if p.stratum >= 0 {
		p.groups = newKept(p.by, p.stratum)
	}
	return nil
}

// keepRow takes what a row has in those columns.
func (p *parser) keepRow(r *row, fields [][]byte) error {
	for _, k := range p.kept {
		cell := fields[k.place]
		if k.name == sexColumn {
			cell = nil
			switch r.sex {
			case genotype.Male:
				cell = []byte(man)
			case genotype.Female:
				cell = []byte(woman)
			}
		}
		if err := k.add(cell); err != nil {
			return err
		}
	}
	if p.groups == nil {
		return nil
	}
	return p.groups.add(fields[p.groups.place])
}

// choose notes for which rows an expression is true.
func (p *parser) choose(e *expression) error {
	rows := p.table.rows
	line := func(row int) int { return int(rows[row].line) }
	f, err := e.fit(p.kept, line)
	if err != nil {
		return err
	}
	for i := range rows {
		if rows[i].chosen, err = f.holds(i); err != nil {
			return err
		}
		if !rows[i].chosen || p.groups == nil {
			continue
		}
		if err := p.note(&rows[i], []byte(p.groups.values[p.groups.cells[i]])); err != nil {
			return &LineError{Line: line(i), Err: err}
		}
	}
	return nil
}

// noColumn says which columns there are.
func noColumn(name string, names []string) string {
	why := fmt.Sprintf("there is no column %s", written(name))
	if near := nearest(name, names); near != "" {
		why += fmt.Sprintf("; is %s meant?", written(near))
	} else {
		why += " (a text is written in quotes)"
	}
	var all []string
	for _, n := range names[:min(len(names), maxListed)] {
		all = append(all, written(n))
	}
	why += "; the table has " + strings.Join(all, ", ")
	if more := len(names) - len(all); more > 0 {
		why += fmt.Sprintf(" and %d more", more)
	}
	return why
}

// reserved are words that CEL keeps to itself.
var reserved = []string{"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
	"namespace", "null", "package", "return", "true", "var", "void", "while"}

// written is a column's name as an expression writes it.
func written(name string) string {
	if isName(name) && !slices.Contains(reserved, name) {
		return name
	}
	return fmt.Sprintf("column(%q)", name)
}

// isName tells what CEL takes for a name.
func isName(s string) bool {
	for i, c := range []byte(s) {
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// nearest is a name that differs by two letters at most, or by upper and lower case.
func nearest(name string, names []string) (best string) {
	least := min(2, len(name)/2) + 1
	for _, n := range names {
		d := distance(strings.ToLower(name), strings.ToLower(n), least)
		if d < least {
			best, least = n, d
		}
	}
	return best
}

// distance is how many letters are to be put in, left out or exchanged; most if it is more.
func distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	above := make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := range a {
		left, corner := i+1, i
		for j := range b {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = above[j+1]
			above[j] = left
			left = min(change, corner+1, left+1)
		}
		above[len(b)] = left
	}
	return above[len(b)]
}
