package ontology

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The vocabularies.
const (
	rdf  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	rdfs = "http://www.w3.org/2000/01/rdf-schema#"
	owl  = "http://www.w3.org/2002/07/owl#"
	obo  = "http://purl.obolibrary.org/obo/"

	// obsoleteClass is above the terms of duo.owl that are obsolete and do not say so otherwise.
	obsoleteClass = "http://www.geneontology.org/formats/oboInOwl#ObsoleteClass"
)

// The elements that are read.
var (
	root        = xml.Name{Space: rdf, Local: "RDF"}
	class       = xml.Name{Space: owl, Local: "Class"}
	description = xml.Name{Space: rdf, Local: "Description"}
	self        = xml.Name{Space: owl, Local: "Ontology"}
	versionIRI  = xml.Name{Space: owl, Local: "versionIRI"}
	label       = xml.Name{Space: rdfs, Local: "label"}
	subClassOf  = xml.Name{Space: rdfs, Local: "subClassOf"}
	deprecated  = xml.Name{Space: owl, Local: "deprecated"}
	replacedBy  = xml.Name{Space: obo, Local: "IAO_0100001"}
)

// owlReader is where in a document it reads: the root is at depth 1, a class at 2, what is
// said of it at 3, and a class that is not named by an attribute at 4.
type owlReader struct {
	c     *collection
	d     *xml.Decoder
	depth int
	of    xml.Name // the element at depth 2
	term  *raw     // the class, if it is one of ours
	says  xml.Name // the element at depth 3
	text  strings.Builder
}

func readOWL(b *bounded) (*collection, error) {
	r := &owlReader{c: &collection{terms: map[string]*raw{}}, d: xml.NewDecoder(b)}
	for {
		b.token = 0
		token, err := r.d.Token()
		if errors.Is(err, io.EOF) {
			if r.of == (xml.Name{}) {
				return nil, faultAt(r.line(), "there is no rdf:RDF with a class in it")
			}
			return r.c, nil
		}
		if err != nil {
			return nil, r.fault(err)
		}
		switch t := token.(type) {
		case xml.Directive:
			err = r.entities(string(t))
		case xml.StartElement:
			err = r.start(t)
		case xml.EndElement:
			err = r.end()
		case xml.CharData:
			if r.depth == 3 && r.term != nil {
				r.text.Write(t)
			}
			if r.text.Len() > maxLine {
				err = errLong
			}
		}
		if err != nil {
			return nil, r.fault(err)
		}
	}
}

func (r *owlReader) line() int {
	line, _ := r.d.InputPos()
	return line
}

func (r *owlReader) fault(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, ErrOntology):
		return err
	case errors.As(err, &syntax):
		return faultAt(syntax.Line, "%s", syntax.Msg)
	}
	return faultAt(r.line(), "%w", err)
}

// entity is a declaration as the OWL API writes them; one that speaks of others is not read,
// so that none can grow.
var entity = regexp.MustCompile(`<!ENTITY\s+([A-Za-z][\w.-]*)\s+(?:"([^"&<%]*)"|'([^'&<%]*)')\s*>`)

const maxEntities = 256

func (r *owlReader) entities(doctype string) error {
	found := entity.FindAllStringSubmatch(doctype, maxEntities+1)
	if len(found) > maxEntities {
		return fmt.Errorf("more than %d entities", maxEntities)
	}
	r.d.Entity = map[string]string{}
	for _, f := range found {
		if len(f[2])+len(f[3]) > maxName {
			return fmt.Errorf("entity %s is longer than %d bytes", f[1], maxName)
		}
		r.d.Entity[f[1]] = f[2] + f[3]
	}
	return nil
}

func (r *owlReader) start(e xml.StartElement) error {
	r.depth++
	switch {
	case r.depth > maxDepth:
		return fmt.Errorf("elements are nested deeper than %d", maxDepth)
	case r.depth == 1 && e.Name != root:
		return fmt.Errorf("the root is %s, not rdf:RDF; of OWL the form RDF/XML is read", e.Name.Local)
	case r.depth == 2:
		r.of, r.term = e.Name, nil
		if id, ours := termID(attribute(e, "about")); ours && (e.Name == class || e.Name == description) {
			r.term = &raw{id: id, line: r.line()}
		}
	case r.depth == 3 && r.of == self && e.Name == versionIRI:
		r.c.version = attribute(e, "resource")
	case r.depth == 3 && r.term != nil:
		r.says = e.Name
		r.text.Reset()
		r.names(attribute(e, "resource"))
		if e.Name == subClassOf && attribute(e, "resource") == obsoleteClass {
			r.term.obsolete = true
		}
	case r.depth == 4 && r.term != nil && e.Name == class:
		r.names(attribute(e, "about"))
	}
	if r.term != nil && len(r.term.parents)+len(r.term.replaced) > maxParents {
		return fmt.Errorf("%s has more than %d parents or successors", r.term.id, maxParents)
	}
	return nil
}

// names takes in what a statement points to.
func (r *owlReader) names(iri string) {
	id, ours := termID(iri)
	switch {
	case !ours:
	case r.says == subClassOf:
		r.term.parents = append(r.term.parents, id)
	case r.says == replacedBy:
		r.term.replaced = append(r.term.replaced, id)
	}
}

func (r *owlReader) end() error {
	defer func() { r.depth-- }()
	if r.term == nil {
		return nil
	}
	text := strings.TrimSpace(r.text.String())
	switch {
	case r.depth == 2:
		term := r.term
		r.term = nil
		return r.c.add(term)
	case r.depth != 3:
	case r.says == label && r.term.name == "":
		r.term.name = text
	case r.says == deprecated:
		r.term.obsolete = r.term.obsolete || text == "true" || text == "1"
	case r.says == replacedBy:
		r.names(text) // a literal, in some files
	}
	return nil
}

// attribute is one of RDF's.
func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == rdf {
			return a.Value
		}
	}
	return ""
}
