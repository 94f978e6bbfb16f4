package ontology

import (
	"errors"
	"io"
	"strings"
)

// readOBO reads the flat file format. Of what it does not need it looks at no more than the
// tag.
func readOBO(b *bounded) (*collection, error) {
	c := &collection{terms: map[string]*raw{}}
	var buffer []byte
	var term *raw
	inside := false // a [Term]
	flush := func() error {
		if term == nil || term.id == "" {
			return nil
		}
		return c.add(term)
	}
	for n := 1; ; n++ {
		line, err := b.line(buffer)
		if errors.Is(err, io.EOF) {
			return c, flush()
		}
		if err != nil {
			return nil, faultAt(n, "%w", err)
		}
		buffer = line
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "[") {
			if err := flush(); err != nil {
				return nil, err
			}
			inside, term = text == "[Term]", &raw{line: n}
			continue
		}
		tag, value, ok := strings.Cut(text, ":")
		switch value = strings.TrimSpace(value); {
		case text == "" || text[0] == '!':
		case !ok:
			return nil, faultAt(n, "%.40q is neither a tag with a value nor a stanza", text)
		case term == nil && tag == "data-version":
			c.version = value
		case inside:
			if err := oboTag(c, term, n, tag, value); err != nil {
				return nil, err
			}
		}
	}
}

// oboTag takes in one line of a term.
func oboTag(c *collection, t *raw, line int, tag, value string) error {
	id, ours := termID(firstWord(value))
	switch tag {
	case "id":
		if t.id != "" {
			return faultAt(line, "a second id in one term")
		}
		if ours {
			t.id = id
		}
	case "name":
		t.name = value
	case "is_a":
		if ours {
			t.parents = append(t.parents, id)
		}
	case "replaced_by":
		if ours {
			t.replaced = append(t.replaced, id)
		}
	case "is_obsolete":
		t.obsolete = t.obsolete || firstWord(value) == "true"
	case "alt_id":
		// A term that was merged into this one. Its id comes after the term's own.
		if ours && t.id != "" && id != t.id {
			return c.add(&raw{id: id, obsolete: true, replaced: []string{t.id}, line: line})
		}
	}
	if len(t.parents) > maxParents || len(t.replaced) > maxParents {
		return faultAt(line, "%s has more than %d parents or successors", t.id, maxParents)
	}
	return nil
}

// firstWord is a value without its qualifiers and comment.
func firstWord(value string) string {
	if i := strings.IndexAny(value, " \t{!"); i >= 0 {
		return value[:i]
	}
	return value
}
