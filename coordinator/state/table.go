package state

import (
	"fmt"
	"maps"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state/statepb"
	"github.com/locus-genomics/locus/protocol"
)

const (
	// maxTables bounds the tables of one study, maxAwaited those of them that were never
	// released. Released ones are kept for good, and each may have a blob of
	// protocol.MaxTable. No study takes the room of another.
	maxTables  = 128
	maxAwaited = 32
)

// TableState is how far a table has come.
type TableState uint8

// The states of a table.
const (
	Awaited   TableState = iota + 1 // some custodians have said nothing yet
	Released                        // all custodians have approved
	Declined                        // a custodian said no before it was released
	Withdrawn                       // a custodian said no after it was released
)

// String is the state in one word, as the API has it.
func (s TableState) String() string {
	switch s {
	case Awaited:
		return "pending"
	case Released:
		return "published"
	case Declined:
		return "refused"
	case Withdrawn:
		return "withdrawn"
	}
	return "unknown"
}

// Table is an answer that its researcher wants everybody of the study to read.
type Table struct {
	// ID is the digest of the publication.
	ID protocol.Digest
	// Roster is the one that it was asked under.
	Roster protocol.Signed[protocol.Roster]
	Record *protocol.TableRecord
	// Submitted and Changed are by the proposers' clocks. Released is when all sites had
	// approved for the first time, zero before.
	Submitted, Changed, Released time.Time
}

// State is how far the table has come.
func (t *Table) State() TableState {
	waiting, against := t.Record.Standing()
	switch {
	case len(against) > 0 && t.Released.IsZero():
		return Declined
	case len(against) > 0:
		return Withdrawn
	case len(waiting) > 0:
		return Awaited
	}
	return Released
}

// Clone is a copy that may be kept after View.
func (t *Table) Clone() *Table {
	c, record := *t, *t.Record
	c.Record = &record
	return &c
}

func (s *State) report(m *statepb.Report) (bool, error) {
	st, open, err := s.inForce(m.Study)
	if err != nil {
		return false, err
	}
	if len(m.Report) == 0 {
		_, had := st.Reports[m.Point]
		delete(st.Reports, m.Point)
		return had, nil
	}
	r, err := open.Message.OpenSiteReport(m.Report, open.Digest())
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if r.Message.Point != m.Point {
		return false, fmt.Errorf("%w: a report of another site", ErrInvalid)
	}
	switch old, ok := st.Reports[m.Point]; {
	case ok && old.Digest() == r.Digest():
		return false, nil
	case ok && r.Message.Day.Before(old.Message.Day):
		return false, fmt.Errorf("%w: site %d has reported since", ErrConflict, m.Point)
	}
	st.Reports[m.Point] = r
	return true, nil
}

func (s *State) publish(m *statepb.Publish, at time.Time, e *audit.Entry) (bool, error) {
	query, err := protocol.ParseDigest(m.Query)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t, known, err := s.Publishable(query, m.Publication, at)
	if err != nil || known {
		return false, err
	}
	s.forgetTables(at)
	t.Submitted, t.Changed = at, at
	s.Tables[t.ID] = t
	note(e, audit.KindPublication, t.Record.Publication)
	e.Study = audit.StudyDigest(t.Record.Publication.Message.Study)
	return true, nil
}

// Publishable is the table that a publication of a task's answer would be, and whether it
// is known already. It changes nothing.
func (s *State) Publishable(query protocol.Digest, publication []byte, at time.Time) (t *Table, known bool, err error) {
	task, err := s.task(query[:])
	if err != nil {
		return nil, false, err
	}
	p, err := task.Roster.Message.OpenPublication(publication, task.Roster.Digest())
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	id := p.Digest()
	if t, ok := s.Tables[id]; ok {
		return t, true, nil
	}
	if !task.Done() {
		return nil, false, fmt.Errorf("%w: the task has no answer", ErrConflict)
	}
	if p.Message.Attempt != task.Attempt.Number {
		return nil, false, fmt.Errorf("%w: the answer is of attempt %d", ErrInvalid, task.Attempt.Number)
	}
	record, err := task.Roster.Message.NewTableRecord(p, task.Header, task.Cut)
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return &Table{ID: id, Roster: task.Roster, Record: record}, false, s.roomFor(record, at)
}

// roomFor requires that no other table of the same answer waits or is released, and that
// the study does not have too many.
func (s *State) roomFor(record *protocol.TableRecord, at time.Time) error {
	wanted := &record.Publication.Message
	awaited, all, oldest := 0, 0, at
	for _, t := range s.Tables {
		p := &t.Record.Publication.Message
		if p.Study != wanted.Study || t.forgotten(at) {
			continue
		}
		if now := t.State(); p.Query == wanted.Query && (now == Awaited || now == Released) {
			return fmt.Errorf("%w: another table of this task waits or is published", ErrConflict)
		}
		all++
		if t.Released.IsZero() {
			awaited++
			if t.Submitted.Before(oldest) {
				oldest = t.Submitted
			}
		}
	}
	switch {
	case awaited >= maxAwaited:
		return fmt.Errorf("%w: %d tables of study %q wait for their sites or were refused, the most there may be; ask the custodians to approve what waits, or try again after %s, when the oldest is forgotten",
			ErrConflict, awaited, wanted.Study, oldest.Add(keepFor).Format(time.DateOnly))
	case all >= maxTables:
		return fmt.Errorf("%w: study %q has %d tables, the most there may be, and published ones are kept; ask its operator to open another study", ErrConflict, wanted.Study, all)
	}
	return nil
}

// forgetTables drops those that were never released, after as long as tasks are kept.
func (s *State) forgetTables(at time.Time) {
	maps.DeleteFunc(s.Tables, func(_ protocol.Digest, t *Table) bool { return t.forgotten(at) })
}

func (t *Table) forgotten(at time.Time) bool {
	return t.Released.IsZero() && at.After(t.Submitted.Add(keepFor))
}

func (s *State) judge(m *statepb.Judge, at time.Time, e *audit.Entry) (bool, error) {
	id, err := protocol.ParseDigest(m.Publication)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t, ok := s.Tables[id]
	if !ok {
		return false, fmt.Errorf("%w: no such table", ErrNotFound)
	}
	v, err := t.Roster.Message.OpenVerdict(m.Verdict)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	changed, err := t.Record.Judge(v)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if !changed {
		return false, nil
	}
	t.Changed = at
	note(e, audit.KindVerdict, v)
	e.Study, e.Code = audit.StudyDigest(v.Message.Study), verdictNo
	if v.Message.Approve {
		e.Code = verdictYes
	}
	if t.State() == Released && t.Released.IsZero() {
		t.Released = at
	}
	return true, nil
}

func (t *Table) out() *statepb.Table {
	roster := t.Roster.Digest()
	record, err := t.Record.Bytes()
	if err != nil {
		panic("state: a record that was parsed does not marshal: " + err.Error())
	}
	m := &statepb.Table{
		Study: t.Record.Publication.Message.Study, Roster: roster[:], Record: record, Submitted: t.Submitted.UnixMilli(), Changed: t.Changed.UnixMilli(),
	}
	if !t.Released.IsZero() {
		m.Released = t.Released.UnixMilli()
	}
	return m
}

func (s *State) tableIn(m *statepb.Table) (*Table, error) {
	roster, err := s.rosterOf(m.Study, m.Roster)
	if err != nil {
		return nil, err
	}
	t := &Table{Roster: roster, Submitted: time.UnixMilli(m.Submitted).UTC(), Changed: time.UnixMilli(m.Changed).UTC()}
	if m.Released != 0 {
		t.Released = time.UnixMilli(m.Released).UTC()
	}
	if t.Record, err = roster.Message.ParseTableRecord(m.Record, roster.Digest()); err != nil {
		return nil, err
	}
	t.ID = t.Record.Publication.Digest()
	return t, nil
}
