package cohort

import "fmt"

// Language lists what an expression may have, as a page shows it.
func Language() (all []string) {
	for _, f := range language {
		switch {
		case f.name == "_?_:_":
			all = append(all, "`? :`")
		case f.member:
			all = append(all, "`."+f.shown+"(…)`")
		case isName(f.shown) && f.shown != "in":
			all = append(all, "`"+f.shown+"(…)`")
		default:
			all = append(all, "`"+f.shown+"`")
		}
	}
	return all
}

// Bounds are those that a page names.
func Bounds() (all []string) {
	for _, n := range []int{maxFilter, maxNodes, maxDepth, maxUsed, maxCell, maxTerms, maxWork} {
		all = append(all, fmt.Sprintf("| %d |", n))
	}
	return all
}

// Reserved are words that are no names of columns.
func Reserved() []string { return reserved }

// Chosen is how many lines of a table its filter chooses.
func Chosen(t *Table) (n int) {
	for i := range t.rows {
		if t.rows[i].chosen {
			n++
		}
	}
	return n
}

// Lines is how many lines a table has.
func Lines(t *Table) int { return len(t.rows) }
