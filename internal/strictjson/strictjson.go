// Package strictjson reads a JSON document in which two readers could not see different
// things: what a person has set, and what is checked before it leaves. Start with Decode.
//
// What must hold: a key that the value does not have, a key that stands twice in one object
// (in whatever case), a second document behind the first, text that is not UTF-8, too many
// bytes and too deep a nesting are refused. encoding/json alone takes the last of two equal
// keys and does not tell.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// ErrDocument is returned for what is not one document of the wanted form.
var ErrDocument = errors.New("not the JSON that is wanted here")

// maxDepth bounds nesting: no document of ours has more than six levels.
const maxDepth = 8

// Decode reads a document of at most so many bytes into a value. What the document does not
// name stays as it is in the value.
func Decode(raw []byte, most int, into any) error {
	switch {
	case len(raw) > most:
		return fmt.Errorf("%w: larger than %d bytes", ErrDocument, most)
	case !utf8.Valid(raw):
		return fmt.Errorf("%w: not UTF-8", ErrDocument)
	}
	keys := json.NewDecoder(bytes.NewReader(raw))
	keys.UseNumber()
	if err := once(keys, 0); err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if _, err := keys.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something stands behind the document", ErrDocument)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return nil
}

// once reads a value and requires that no object has a key twice.
func once(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, is := t.(json.Delim)
	if !is {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("nested deeper than %d", maxDepth)
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			// encoding/json finds a field whatever the case of its key, also by letters
			// beyond ASCII that fold to one of it; no field of ours has such a name.
			folded := strings.ToLower(fmt.Sprint(key))
			if seen[folded] || strings.ContainsFunc(folded, func(r rune) bool { return r >= utf8.RuneSelf }) {
				return fmt.Errorf("%q stands twice, or is no key", key)
			}
			seen[folded] = true
		}
		if err := once(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
