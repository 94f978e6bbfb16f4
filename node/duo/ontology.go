package duo

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ErrOntology is returned for a file that is no ontology of diseases.
var ErrOntology = errors.New("duo: the ontology cannot be read")

// Bounds of an ontology: MONDO has 30,000 terms, with 3 parents at most ten levels deep.
const (
	maxDiseases = 1 << 20
	maxParents  = 256
	maxOBOLine  = 1 << 20
)

// disease is a term of MONDO, the Monarch Disease Ontology.
var disease = regexp.MustCompile(`^MONDO:[0-9]{7}$`)

// Ontology says which diseases are kinds of which.
type Ontology struct{ parents map[string][]string }

// Len is how many diseases it has.
func (o *Ontology) Len() int { return len(o.parents) }

// Is reports whether a disease is another, or a kind of it, over any number of steps.
func (o *Ontology) Is(disease, other string) bool {
	seen := map[string]bool{disease: true}
	for next := []string{disease}; len(next) > 0; {
		d := next[len(next)-1]
		next = next[:len(next)-1]
		if d == other {
			return true
		}
		for _, p := range o.parents[d] {
			if !seen[p] {
				seen[p] = true
				next = append(next, p)
			}
		}
	}
	return false
}

// ReadOntology reads the diseases of MONDO from a file of its publisher, OBO or OWL
// (RDF/XML), or from what WriteTo wrote. Obsolete terms are left out. A disease that is a
// kind of itself is refused.
func ReadOntology(r io.Reader) (*Ontology, error) {
	o := &Ontology{parents: make(map[string][]string)}
	b := bufio.NewReader(r)
	head, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	read := o.readOBO
	if bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))), []byte("<")) {
		read = o.readOWL
	}
	if err := read(b); err != nil {
		return nil, err
	}
	if len(o.parents) == 0 {
		return nil, fmt.Errorf("%w: it has no term MONDO:0000000; want mondo.obo or mondo.owl", ErrOntology)
	}
	return o, o.acyclic()
}

// WriteTo writes it as OBO, in one way only.
func (o *Ontology) WriteTo(w io.Writer) (written int64, err error) {
	b := bufio.NewWriter(w)
	say := func(parts ...string) {
		for _, p := range parts {
			n, _ := b.WriteString(p) // Flush tells
			written += int64(n)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(o.parents)) {
		say("[Term]\nid: ", d, "\n")
		for _, p := range o.parents[d] {
			say("is_a: ", p, "\n")
		}
	}
	return written, b.Flush()
}

// add takes a term in. Parents are sorted, each once.
func (o *Ontology) add(id string, parents []string, obsolete bool) error {
	if obsolete || !disease.MatchString(id) {
		return nil
	}
	parents = slices.DeleteFunc(parents, func(p string) bool { return !disease.MatchString(p) })
	slices.Sort(parents)
	parents = slices.Compact(parents)
	if len(o.parents) == maxDiseases || len(parents) > maxParents {
		return fmt.Errorf("%w: over %d terms, or over %d parents of one", ErrOntology, maxDiseases, maxParents)
	}
	if _, twice := o.parents[id]; twice {
		return fmt.Errorf("%w: %s is there twice", ErrOntology, id)
	}
	o.parents[id] = parents
	return nil
}

func (o *Ontology) readOBO(r io.Reader) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxOBOLine)
	var t oboTerm
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			if err := o.add(t.id, t.parents, t.obsolete); err != nil {
				return err
			}
			t = oboTerm{inTerm: line == "[Term]"}
			continue
		}
		t.take(line)
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrOntology, err)
	}
	return o.add(t.id, t.parents, t.obsolete)
}

// oboTerm is a stanza of an OBO file (OBO flat file format 1.4).
type oboTerm struct {
	inTerm, obsolete bool
	id               string
	parents          []string
}

func (t *oboTerm) take(line string) {
	tag, rest, ok := strings.Cut(line, ": ")
	if !ok || !t.inTerm {
		return
	}
	value, _, _ := strings.Cut(strings.TrimSpace(rest), " ") // before a comment or a qualifier
	switch tag {
	case "id":
		t.id = value
	case "is_a":
		if len(t.parents) <= maxParents {
			t.parents = append(t.parents, value)
		}
	case "is_obsolete":
		t.obsolete = value == "true"
	}
}

// owlClass is a class of an OWL file in RDF/XML, as far as it says what it is a kind of.
type owlClass struct {
	About      string `xml:"about,attr"`
	SubClassOf []struct {
		Resource string `xml:"resource,attr"`
	} `xml:"subClassOf"`
	Deprecated string `xml:"deprecated"`
}

func (o *Ontology) readOWL(r io.Reader) error {
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOntology, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "Class" {
			continue
		}
		var c owlClass
		if err := d.DecodeElement(&c, &start); err != nil {
			return fmt.Errorf("%w: %w", ErrOntology, err)
		}
		var parents []string
		for _, p := range c.SubClassOf {
			parents = append(parents, ofIRI(p.Resource))
		}
		if err := o.add(ofIRI(c.About), parents, c.Deprecated == "true"); err != nil {
			return err
		}
	}
}

// ofIRI is the term that an IRI names: http://purl.obolibrary.org/obo/MONDO_0005015.
func ofIRI(iri string) string {
	return strings.Replace(iri[strings.LastIndexByte(iri, '/')+1:], "_", ":", 1)
}

// acyclic refuses a disease that is a kind of itself.
func (o *Ontology) acyclic() error {
	const open, done = 1, 2
	state := make(map[string]int, len(o.parents))
	for d := range o.parents {
		type step struct {
			disease string
			next    int
		}
		for path := []step{{disease: d}}; len(path) > 0; {
			last := &path[len(path)-1]
			if last.next == 0 {
				if state[last.disease] == done {
					path = path[:len(path)-1]
					continue
				}
				if state[last.disease] == open {
					return fmt.Errorf("%w: %s is a kind of itself", ErrOntology, last.disease)
				}
				state[last.disease] = open
			}
			if last.next == len(o.parents[last.disease]) {
				state[last.disease] = done
				path = path[:len(path)-1]
				continue
			}
			last.next++
			path = append(path, step{disease: o.parents[last.disease][last.next-1]})
		}
	}
	return nil
}
