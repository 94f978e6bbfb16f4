package ontology

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Ontology is terms with those directly above them. It does not change.
type Ontology struct {
	version string
	ids     []string // ascending
	names   []string
	parents [][]int32
	next    []int32 // the successor of an obsolete term, or none
	state   []state
	stats   Stats
}

type state uint8

const (
	current state = iota
	obsolete
)

const none = -1

// Stats is what was read.
type Stats struct {
	Terms, Obsolete, Replaced, Parents int
	// Dropped are parents and successors that the file does not have, or that are obsolete.
	Dropped int
	// Roots are terms without a parent.
	Roots int
}

// Read reads OBO, OWL in RDF/XML, or an extract; the file's beginning tells which.
func Read(r io.Reader) (*Ontology, error) {
	b := &bounded{in: bufio.NewReaderSize(r, 64<<10), most: maxBytes}
	start, err := b.in.Peek(256)
	if err != nil && len(start) == 0 {
		return nil, faultAt(1, "the file is empty")
	}
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\xef\xbb\xbf")), " \t\r\n")
	var raw *collection
	switch {
	case bytes.HasPrefix(start, []byte(extractHead)):
		raw, err = readExtract(b)
	case bytes.HasPrefix(start, []byte("<")):
		raw, err = readOWL(b)
	case bytes.HasPrefix(start, []byte("format-version:")):
		raw, err = readOBO(b)
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return nil, faultAt(1, "the file is compressed; unpack it first, with gunzip")
	default:
		return nil, faultAt(1, "neither OBO (format-version: first), nor OWL in RDF/XML, nor an extract of this program")
	}
	if err != nil {
		return nil, err
	}
	return raw.build()
}

// Version is what the file calls itself.
func (o *Ontology) Version() string { return o.version }

// Stats is what was read.
func (o *Ontology) Stats() Stats { return o.stats }

// Name is what a term is called, or nothing where it is not known.
func (o *Ontology) Name(term string) string {
	if i := o.find(term); i != none {
		return o.names[i]
	}
	return ""
}

// Current is the term that stands for this one today: itself, or what has replaced it.
func (o *Ontology) Current(term string) (string, bool) {
	i := o.find(term)
	for i != none && o.state[i] == obsolete {
		i = o.next[i]
	}
	if i == none {
		return "", false
	}
	return o.ids[i], true
}

// Within reports whether a term is another or below it.
func (o *Ontology) Within(term, other string) bool {
	i, j := o.find(term), o.find(other)
	if i == none || j == none {
		return false
	}
	found := false
	o.climb(i, func(a int32) bool { found = a == j; return !found })
	return found
}

// Ancestors are the terms above one, ascending.
func (o *Ontology) Ancestors(term string) (above []string) {
	i := o.find(term)
	if i == none {
		return nil
	}
	o.climb(i, func(a int32) bool {
		if a != i {
			above = append(above, o.ids[a])
		}
		return true
	})
	slices.Sort(above)
	return above
}

// climb visits a term and all above it, each once, until visit says no.
func (o *Ontology) climb(from int32, visit func(int32) bool) {
	seen, left := map[int32]bool{from: true}, []int32{from}
	for len(left) > 0 {
		i := left[len(left)-1]
		left = left[:len(left)-1]
		if !visit(i) {
			return
		}
		for _, p := range o.parents[i] {
			if !seen[p] {
				seen[p] = true
				left = append(left, p)
			}
		}
	}
}

func (o *Ontology) find(term string) int32 {
	i, ok := slices.BinarySearch(o.ids, term)
	if !ok {
		return none
	}
	return int32(i)
}

// raw is a term as a file has it.
type raw struct {
	id, name          string
	parents, replaced []string
	obsolete          bool
	line              int
}

// collection is what a reader hands to build.
type collection struct {
	version string
	terms   map[string]*raw
}

// add takes in a term. A file may speak of one in several places.
func (c *collection) add(t *raw) error {
	have, ok := c.terms[t.id]
	switch {
	case !ok && len(c.terms) >= maxTerms:
		return faultAt(t.line, "more than %d terms", maxTerms)
	case !ok:
		have = &raw{id: t.id, line: t.line}
		c.terms[t.id] = have
	}
	have.parents, have.replaced = append(have.parents, t.parents...), append(have.replaced, t.replaced...)
	have.obsolete = have.obsolete || t.obsolete
	if have.name == "" {
		have.name = plain(t.name)
	}
	if len(have.parents) > maxParents || len(have.replaced) > maxParents {
		return faultAt(t.line, "%s has more than %d parents or successors", t.id, maxParents)
	}
	return nil
}

// plain is a name as it can be shown on one line.
func plain(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }), " ")
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return strings.TrimSpace(name)
}

// build resolves names, and refuses circles.
func (c *collection) build() (*Ontology, error) {
	o := &Ontology{version: plain(c.version)}
	for id := range c.terms {
		o.ids = append(o.ids, id)
	}
	if len(o.ids) == 0 {
		return nil, fmt.Errorf("%w: it has no term of MONDO or DUO", ErrOntology)
	}
	slices.Sort(o.ids)
	n := len(o.ids)
	o.names, o.parents, o.next, o.state = make([]string, n), make([][]int32, n), make([]int32, n), make([]state, n)
	for i, id := range o.ids {
		if o.names[i] = c.terms[id].name; c.terms[id].obsolete {
			o.state[i] = obsolete
		}
	}
	for i, id := range o.ids {
		o.link(int32(i), c.terms[id])
	}
	if i := circle(n, func(i int32) []int32 { return o.parents[i] }); i != none {
		return nil, faultAt(c.terms[o.ids[i]].line, "%s is above itself: its parents make a circle", o.ids[i])
	}
	if i := circle(n, func(i int32) []int32 {
		if o.next[i] == none {
			return nil
		}
		return o.next[i : i+1]
	}); i != none {
		return nil, faultAt(c.terms[o.ids[i]].line, "%s is replaced by itself: its successors make a circle", o.ids[i])
	}
	return o, nil
}

// link finds the parents of a term, or the successor of an obsolete one. Of several
// successors none is taken: which of them a consent meant, nobody can say.
func (o *Ontology) link(i int32, t *raw) {
	o.next[i] = none
	if o.state[i] == obsolete {
		o.stats.Obsolete++
		slices.Sort(t.replaced)
		if replaced := slices.Compact(t.replaced); len(replaced) == 1 {
			o.next[i] = o.find(replaced[0])
		}
		switch {
		case o.next[i] != none:
			o.stats.Replaced++
		case len(t.replaced) > 0:
			o.stats.Dropped++
		}
		return
	}
	o.stats.Terms++
	slices.Sort(t.parents)
	for _, id := range slices.Compact(t.parents) {
		p := o.find(id)
		if p == none || o.state[p] == obsolete {
			o.stats.Dropped++
			continue
		}
		o.parents[i] = append(o.parents[i], p)
		o.stats.Parents++
	}
	if len(o.parents[i]) == 0 {
		o.stats.Roots++
	}
}

// circle is a term that its own steps lead back to, or none. It holds a stack of its own: a
// chain may be as long as there are terms.
func circle(n int, steps func(int32) []int32) int32 {
	type place struct {
		term int32
		done int
	}
	const (
		unseen = iota
		open
		closed
	)
	mark := make([]uint8, n)
	for i := range int32(n) {
		if mark[i] != unseen {
			continue
		}
		stack := []place{{term: i}}
		mark[i] = open
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			next := steps(top.term)
			if top.done == len(next) {
				mark[top.term] = closed
				stack = stack[:len(stack)-1]
				continue
			}
			p := next[top.done]
			top.done++
			switch mark[p] {
			case open:
				return p
			case unseen:
				mark[p] = open
				stack = append(stack, place{term: p})
			}
		}
	}
	return none
}

// termID is the id of a term of MONDO or DUO, from an IRI or the form with a colon.
func termID(text string) (string, bool) {
	text = strings.TrimPrefix(text, "http://purl.obolibrary.org/obo/")
	for _, prefix := range []string{"MONDO", "DUO"} {
		number, is := strings.CutPrefix(text, prefix)
		if !is || len(number) < 2 || number[0] != '_' && number[0] != ':' {
			continue
		}
		number = number[1:]
		if prefix == "DUO" && number == "00000044" {
			number = "0000044" // as duo.owl spells NPOA
		}
		return prefix + ":" + number, len(number) == 7 && strings.Trim(number, "0123456789") == ""
	}
	return "", false
}
