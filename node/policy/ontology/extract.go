package ontology

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An extract is text, one line a term in ascending order, with tabs between id, parents and
// name. An obsolete term has a mark before its id, and its successor in place of parents. The
// last line has how many there are, and the SHA-256 of all before it.
const (
	extractHead = "locus-ontology/v1"
	gone        = "!"
	extractEnd  = "end"
)

// Extract writes what Read reads again.
func (o *Ontology) Extract(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\t%s\n", extractHead, o.version)
	for i, id := range o.ids {
		var above []string
		for _, p := range o.parents[i] {
			above = append(above, o.ids[p])
		}
		if o.state[i] == obsolete {
			b.WriteString(gone)
			if o.next[i] != none {
				above = append(above, o.ids[o.next[i]])
			}
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\n", id, strings.Join(above, ","), o.names[i])
	}
	sum := sha256.Sum256(b.Bytes())
	fmt.Fprintf(&b, "%s\t%d\t%x\n", extractEnd, len(o.ids), sum)
	_, err := w.Write(b.Bytes())
	return err
}

// readExtract reads one that is whole.
func readExtract(b *bounded) (*collection, error) {
	c := &collection{terms: map[string]*raw{}}
	sum := sha256.New()
	var buffer []byte
	last := ""
	for n := 1; ; n++ {
		line, err := b.line(buffer)
		if errors.Is(err, io.EOF) {
			return nil, faultAt(n, "the extract is cut off; write it again")
		}
		if err != nil {
			return nil, faultAt(n, "%w", err)
		}
		buffer = line
		field := strings.Split(string(line), "\t")
		switch {
		case n == 1 && len(field) == 2:
			c.version = field[1]
		case len(field) != 3:
			return nil, faultAt(n, "an extract has three columns")
		case field[0] == extractEnd:
			return c, wholeExtract(b, n, field, len(c.terms), hex.EncodeToString(sum.Sum(nil)))
		default:
			t, err := extractLine(n, field)
			if err != nil {
				return nil, err
			}
			if t.id <= last {
				return nil, faultAt(n, "%s is not in ascending order", t.id)
			}
			if last = t.id; c.add(t) != nil {
				return nil, faultAt(n, "more terms or parents than an ontology may have")
			}
		}
		sum.Write(line)
		sum.Write([]byte{'\n'})
	}
}

func extractLine(n int, field []string) (*raw, error) {
	t := &raw{name: field[2], line: n}
	id, isGone := strings.CutPrefix(field[0], gone)
	var ok bool
	if t.id, ok = termID(id); !ok || t.id != id {
		return nil, faultAt(n, "%.40q is not the id of a term", id)
	}
	t.obsolete = isGone
	if field[1] == "" {
		return t, nil
	}
	for above := range strings.SplitSeq(field[1], ",") {
		if a, ok := termID(above); !ok || a != above {
			return nil, faultAt(n, "%.40q is not the id of a term", above)
		}
		if isGone {
			t.replaced = append(t.replaced, above)
		} else {
			t.parents = append(t.parents, above)
		}
	}
	return t, nil
}

// wholeExtract compares the last line with what was read, and wants nothing after it.
func wholeExtract(b *bounded, n int, field []string, terms int, sum string) error {
	if field[1] != strconv.Itoa(terms) || field[2] != sum {
		return faultAt(n, "the extract was altered: its sum is another; write it again from the ontology")
	}
	if _, err := b.in.ReadByte(); !errors.Is(err, io.EOF) {
		return faultAt(n+1, "there is something after the end")
	}
	return nil
}
