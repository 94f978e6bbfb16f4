package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/locus-genomics/locus/node/policy/duo"
)

// ErrCases is returned for a file that is no table of cases.
var ErrCases = errors.New("policy: not a table of cases")

// TableVersion is what a table says first.
const TableVersion = "locus/v1"

// Bounds on a table. The packs have 20 cases each.
const (
	MaxTableSize = 16 << 20
	maxCases     = 20_000
	maxCaseDepth = 8
)

// Case is a question with the verdict that is expected of a policy.
type Case struct {
	Name string
	// Facts are those of the table, with what the case has of its own in their place.
	Facts Facts
	// Want is missing in a record of what was asked, which Diff takes too.
	Want *Verdict
	// By are rules that have to be among those that decide.
	By []string
	// Place is file and line.
	Place string
}

// ReadCases reads a table: an object with the facts that all cases have, and the cases; or a
// record of what was asked, one object a line. A key that is unknown or comes twice is refused.
func ReadCases(name string, text []byte) ([]Case, error) {
	if len(text) > MaxTableSize {
		return nil, fmt.Errorf("%w: %s: larger than %d bytes", ErrCases, name, MaxTableSize)
	}
	t := table{name: name, text: text, d: json.NewDecoder(bytes.NewReader(text))}
	var err error
	if bytes.Contains(text[:min(len(text), 1<<10)], []byte(`"apiVersion"`)) {
		err = t.read()
	} else {
		err = t.records()
	}
	switch {
	case err != nil:
		return nil, err
	case len(t.cases) == 0:
		return nil, t.fault(0, errors.New("there is no case"))
	}
	return t.cases, nil
}

// Record is a line of a record of what was asked, which ReadCases takes.
func Record(name string, f Facts) ([]byte, error) {
	line, err := json.Marshal(struct {
		Name  string `json:"name"`
		Facts Facts  `json:"facts"`
	}{name, f})
	return append(line, '\n'), err
}

// table is one that is being read.
type table struct {
	name  string
	text  []byte
	d     *json.Decoder
	facts json.RawMessage
	cases []Case
	names map[string]bool // of a table; a record may have one name often
}

// fault names the line of an offset, after the blanks that stand there.
func (t *table) fault(offset int64, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrCases, t.place(offset), err)
}

func (t *table) place(offset int64) string {
	at := min(int(offset), len(t.text))
	at += len(t.text[at:]) - len(bytes.TrimLeft(t.text[at:], " \t\r\n,"))
	return fmt.Sprintf("%s:%d", t.name, 1+bytes.Count(t.text[:at], []byte("\n")))
}

// read reads an object of apiVersion, facts and cases, in this order.
func (t *table) read() error {
	var version string
	for i, want := range []any{json.Delim('{'), "apiVersion", &version, "facts", &t.facts, "cases", json.Delim('[')} {
		at := t.d.InputOffset()
		switch want := want.(type) {
		case *string, *json.RawMessage:
			if err := t.d.Decode(want); err != nil {
				return t.fault(at, err)
			}
		default:
			got, err := t.d.Token()
			if err != nil || got != want {
				return t.fault(at, errors.New(`a table is {"apiVersion": …, "facts": {…}, "cases": […]}, in this order`))
			}
		}
		if i == 2 && version != TableVersion {
			return t.fault(at, fmt.Errorf("apiVersion %.20q is not %q", version, TableVersion))
		}
	}
	t.names = map[string]bool{}
	if err := strict(t.facts, &Facts{}); err != nil {
		return t.fault(0, fmt.Errorf("facts of the table: %w", err))
	}
	for t.d.More() {
		if err := t.one(); err != nil {
			return err
		}
	}
	for _, want := range []json.Delim{']', '}'} {
		if got, err := t.d.Token(); err != nil || got != want {
			return t.fault(t.d.InputOffset(), errors.New("after the cases there is something else"))
		}
	}
	if _, err := t.d.Token(); !errors.Is(err, io.EOF) {
		return t.fault(t.d.InputOffset(), errors.New("after the table there is something else"))
	}
	return nil
}

// records reads one case after another.
func (t *table) records() error {
	for t.d.More() {
		if err := t.one(); err != nil {
			return err
		}
	}
	return nil
}

// one reads a case.
func (t *table) one() error {
	at := t.d.InputOffset()
	if len(t.cases) == maxCases {
		return t.fault(at, fmt.Errorf("more than %d cases", maxCases))
	}
	var raw json.RawMessage
	if err := t.d.Decode(&raw); err != nil {
		return t.fault(t.d.InputOffset(), err)
	}
	var c struct {
		Name  string          `json:"name"`
		Facts json.RawMessage `json:"facts"`
		Want  string          `json:"want"`
		By    []string        `json:"by"`
	}
	if err := strict(raw, &c); err != nil {
		return t.fault(at, fmt.Errorf("case %.60q: %w", c.Name, err))
	}
	done := Case{Name: c.Name, By: c.By, Place: t.place(at)}
	if c.Want != "" {
		want, err := duo.ParseVerdict(c.Want)
		if err != nil {
			return t.fault(at, fmt.Errorf("case %.60q: %w", c.Name, err))
		}
		done.Want = &want
	}
	if c.Name == "" || t.names[c.Name] {
		return t.fault(at, fmt.Errorf("case %.60q: each case has a name of its own", c.Name))
	}
	if t.names != nil {
		t.names[c.Name] = true
	}
	// Those of the table are read anew for each case, so that no two share a list.
	for _, facts := range []json.RawMessage{t.facts, c.Facts} {
		if facts == nil {
			continue
		}
		if err := strict(facts, &done.Facts); err != nil {
			return t.fault(at, fmt.Errorf("case %.60q: %w", c.Name, err))
		}
	}
	t.cases = append(t.cases, done)
	return nil
}

// strict decodes one value without unknown and without repeated keys.
func strict(raw []byte, into any) error {
	if err := noRepeats(raw); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// noRepeats refuses an object that has a key twice, of which encoding/json takes the last. It
// takes keys in other letters for the same.
func noRepeats(raw []byte) error {
	type level struct {
		keys map[string]bool // of an object
		key  bool            // a key comes next
	}
	var levels []level
	for d := json.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if end, is := token.(json.Delim); is && (end == '}' || end == ']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if n := len(levels) - 1; n >= 0 && levels[n].keys != nil {
			if l := &levels[n]; l.key {
				key := strings.ToLower(token.(string))
				if l.keys[key] {
					return fmt.Errorf("%.40q is there twice", key)
				}
				l.keys[key], l.key = true, false
				continue
			}
			levels[n].key = true
		}
		if begin, is := token.(json.Delim); is {
			if len(levels) == maxCaseDepth {
				return fmt.Errorf("nested deeper than %d", maxCaseDepth)
			}
			l := level{}
			if begin == '{' {
				l = level{keys: map[string]bool{}, key: true}
			}
			levels = append(levels, l)
		}
	}
}
