package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/locus-genomics/locus/internal/strictjson"
	"github.com/locus-genomics/locus/protocol"
)

// ErrNotice is returned for what is no notice.
var ErrNotice = errors.New("notify: not a notice")

// Version is what a notice and a configuration say first.
const Version = "locus/v1"

const (
	// MaxBody bounds what is told at once: a finding, which is longer than any notice.
	MaxBody = 4 << 10
	// maxNumber is the largest number in a notice: JSON's readers know no larger integers.
	maxNumber = 1 << 53
)

var studyName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Notice is that something happened, without what it was: who wants to know looks at the site.
type Notice struct {
	Kind Kind
	// At is when, in whole seconds.
	At time.Time
	// Study is the name of the study, empty where it is about none.
	Study string
	// About is the digest of what it is about: a query, a session, a head, a finding, a key.
	About protocol.Digest
	// Numbers are those of the kind, in the order of Kind.Numbers.
	Numbers []uint64
}

// Check returns all that is wrong with a notice.
func (n *Notice) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrNotice}, args...)...))
	}
	if !n.Kind.known() || len(n.Numbers) != len(n.Kind.Numbers()) {
		bad("%s with %d numbers", n.Kind, len(n.Numbers))
	}
	if year := n.At.UTC().Year(); year < 1970 || year > 2200 {
		bad("it has no time that a clock could have shown")
	}
	if n.Study != "" && !studyName.MatchString(n.Study) {
		bad("its study has no name of a study")
	}
	for _, v := range n.Numbers {
		if v > maxNumber {
			bad("the number %d", v)
		}
	}
	return errors.Join(errs...)
}

// body is a notice as it is told.
type body struct {
	APIVersion string            `json:"apiVersion"`
	Kind       Kind              `json:"kind"`
	Time       string            `json:"time"`
	Study      string            `json:"study,omitempty"`
	About      protocol.Digest   `json:"about,omitzero"`
	Numbers    map[string]uint64 `json:"numbers"`
}

// Bytes is the notice as a webhook has it.
func (n *Notice) Bytes() ([]byte, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	b := body{
		APIVersion: Version, Kind: n.Kind, Time: n.time(), Study: n.Study, About: n.About, Numbers: make(map[string]uint64),
	}
	for i, name := range n.Kind.Numbers() {
		b.Numbers[name] = n.Numbers[i]
	}
	return json.Marshal(b) // which sorts the names
}

func (n *Notice) time() string { return n.At.UTC().Format(time.RFC3339) }

// ParseNotice reads what Bytes writes, and nothing that is written in another way.
func ParseNotice(raw []byte) (Notice, error) {
	var b body
	if err := strictjson.Decode(raw, MaxBody, &b); err != nil {
		return Notice{}, fmt.Errorf("%w: %w", ErrNotice, err)
	}
	at, err := time.Parse(time.RFC3339, b.Time)
	if err != nil {
		return Notice{}, fmt.Errorf("%w: %w", ErrNotice, err)
	}
	n := Notice{Kind: b.Kind, At: at.UTC(), Study: b.Study, About: b.About}
	for _, name := range n.Kind.Numbers() {
		n.Numbers = append(n.Numbers, b.Numbers[name])
	}
	again, err := n.Bytes()
	if err != nil || !bytes.Equal(again, raw) {
		return Notice{}, errors.Join(fmt.Errorf("%w: not as it would be written here", ErrNotice), err)
	}
	return n, nil
}
