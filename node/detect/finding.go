package detect

import (
	"encoding/binary"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Finding is something odd.
type Finding struct {
	// ID is the same for the same finding, however often a record of events is read.
	ID     protocol.Digest
	Rule   Rule
	Action Action
	At     time.Time
	// Until is when a throttle ends.
	Until   time.Time
	Subject Subject
	// Study is StudyID of the event's, StudyName its name, for the site's own log and notices
	// alone: a finding as OCSF does not have it.
	Study     protocol.Digest
	StudyName string
	// Query is the digest of the question's signed header, Cohort and Panel are as in Event.
	Query, Cohort, Panel protocol.Digest
	Mode                 protocol.Mode
	Outcome              protocol.Code
	// Count is how many there were in the window, Threshold from how many on it is odd.
	Count, Threshold int
	Window           time.Duration
	// Pot is the number of the variant in the custodian's list that was hit, from 1.
	Pot int
}

func newFinding(e *Event, r Rule, s Subject, reaction Reaction, count int) Finding {
	f := Finding{
		Rule: r, Action: reaction.Action, At: e.At.UTC(), Subject: s, StudyName: e.Study,
		Query: e.Query, Cohort: e.Cohort, Panel: e.Panel, Mode: e.Mode, Outcome: e.Outcome,
		Count: count, Threshold: reaction.Count, Window: time.Duration(reaction.Window),
	}
	if e.Study != "" {
		f.Study = StudyID(e.Study)
	}
	if r == Honeypot {
		f.Threshold = 1
	}
	if f.Action == Throttle {
		f.Until = f.At.Add(time.Duration(reaction.Throttle))
	}
	at := binary.BigEndian.AppendUint64(nil, uint64(f.At.UnixNano()))
	f.ID = protocol.Hash("locus/detect/finding/v1", []byte{byte(r), byte(s.Of)}, s.ID[:], e.Query[:], e.Peer[:], at)
	return f
}
