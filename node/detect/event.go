package detect

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/locus-genomics/locus/internal/strictjson"
	"github.com/locus-genomics/locus/protocol"
)

// ErrEvent is returned for what is not an event.
var ErrEvent = errors.New("detect: not an event")

// Bounds of an event.
const (
	// MaxRanges is the most ranges of one question, as in protocol.
	MaxRanges = 4096
	// MaxEventSize bounds an event as it is written: MaxRanges with all their numbers.
	MaxEventSize = 1 << 20
	// MaxContig is how long the name of a contig may be.
	MaxContig = 64

	maxStudy = 63
)

// Kind is what an event is about.
type Kind uint8

// The kinds of events.
const (
	// Asked is a question that was offered to the site, whatever became of it.
	Asked Kind = 1
	// Unsigned is a message that is not signed by whom it speaks for.
	Unsigned Kind = 2
	// Froze is that a person, or an earlier part of a record that was cut, froze a subject.
	Froze Kind = 3
	// Thawed is that a person has thawed a subject, and what was remembered of it is over.
	Thawed Kind = 4
)

// Range is variants [From, To) of a panel.
type Range struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	// Contig, First and Last are where the first and the last of them lie, if it is known:
	// the contig as the panel calls it, positions from 1. A range that spans contigs has none.
	Contig string `json:"contig,omitempty"`
	First  uint32 `json:"first,omitempty"`
	Last   uint32 `json:"last,omitempty"`
}

// Event is what a site was asked, or what else bears on it: signed bytes and public
// declarations, and no data.
type Event struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
	// Study is the name of the study, empty where there is none.
	Study string `json:"study,omitempty"`
	// Researcher is the key that signed a question.
	Researcher protocol.KeyID `json:"researcher,omitzero"`
	// Peer is the PeerID of who sent what is not signed. Of a question it may be who offered
	// it: what stops the peer then stops the question.
	Peer protocol.Digest `json:"peer,omitzero"`
	// Query is the digest of a question's signed header: a second offer of it counts once.
	Query protocol.Digest `json:"query,omitzero"`
	// Mode is the question's. Of Froze, Exact freezes exact questions alone.
	Mode protocol.Mode `json:"mode,omitempty"`
	// Cohort is a tag of the cohort's name under the site's key, the same in each study.
	Cohort protocol.Digest `json:"cohort,omitzero"`
	// People is a tag of the set of people counted, under the site's key. It is looked at in
	// mode exact alone: in mode dp it would make a decision depend on data.
	People protocol.Digest `json:"people,omitzero"`
	// Panel and Ranges are those of the body that the question was signed with, also where a
	// check refused the question before it looked at them. Ranges are not empty, ascend and do
	// not overlap.
	Panel  protocol.Digest `json:"panel,omitzero"`
	Ranges []Range         `json:"ranges,omitempty"`
	// Outcome is the code that the question was refused with, 0 if it was not. It is shown
	// in findings; no rule asks for it.
	Outcome protocol.Code `json:"outcome,omitempty"`
	// Subject is who was frozen or thawed.
	Subject Subject `json:"subject,omitzero"`
}

// Check returns all that is wrong with an event.
func (e *Event) Check() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrEvent}, args...)...))
	}
	if year := e.At.UTC().Year(); year < 1970 || year > 2200 {
		bad("it has no time that a clock could have shown")
	}
	if len(e.Study) > maxStudy || !utf8.ValidString(e.Study) {
		bad("the name of a study has at most %d bytes", maxStudy)
	}
	switch e.Kind {
	case Asked:
		if e.Study == "" || e.Researcher.IsZero() || e.Query.IsZero() || e.Mode != protocol.Exact && e.Mode != protocol.Private {
			bad("a question has a study, a researcher, a digest and a mode")
		}
	case Unsigned:
		if e.Peer.IsZero() {
			bad("what is not signed was sent by somebody")
		}
	case Froze, Thawed:
		if e.Subject.Of < OfResearcher || e.Subject.Of > OfPeer || e.Subject.ID.IsZero() {
			bad("somebody is frozen and thawed")
		}
	default:
		bad("of kind %d", e.Kind)
	}
	if err := checkRanges(e.Ranges); err != nil {
		bad("%w", err)
	}
	return errors.Join(errs...)
}

func checkRanges(ranges []Range) error {
	if len(ranges) > MaxRanges {
		return fmt.Errorf("%d ranges, at most %d", len(ranges), MaxRanges)
	}
	end := uint64(0)
	for _, r := range ranges {
		if r.From < end || r.From >= r.To || r.To > protocol.MaxVariants {
			return errors.New("ranges are not empty, ascend and do not overlap")
		}
		if len(r.Contig) > MaxContig || !utf8.ValidString(r.Contig) || r.First > r.Last || (r.Contig == "") != (r.Last == 0) {
			return errors.New("a range has a contig and two positions, or neither")
		}
		end = r.To
	}
	return nil
}

// PeerID names a peer of the transport.
func PeerID(name string) protocol.Digest { return protocol.Hash("locus/detect/peer/v1", []byte(name)) }

// StudyID names a study where its name would be text of a person.
func StudyID(name string) protocol.Digest {
	return protocol.Hash("locus/detect/study/v1", []byte(name))
}

// Bytes is the event as a record of events keeps it: one line of JSON, without its end.
func (e *Event) Bytes() ([]byte, error) {
	if err := e.Check(); err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// ParseEvent reads what Bytes writes.
func ParseEvent(raw []byte) (Event, error) {
	var e Event
	if err := strictjson.Decode(raw, MaxEventSize, &e); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	if err := e.Check(); err != nil {
		return Event{}, err
	}
	e.At = e.At.UTC()
	return e, nil
}

// asks names what a question asks for, whatever of: two questions for the same variants of
// one panel have one name.
func (e *Event) asks() protocol.Digest {
	raw := make([]byte, 0, len(e.Ranges)*16)
	for _, r := range e.Ranges {
		raw = binary.BigEndian.AppendUint64(raw, r.From)
		raw = binary.BigEndian.AppendUint64(raw, r.To)
	}
	return protocol.Hash("locus/detect/asks/v1", e.Panel[:], raw)
}
