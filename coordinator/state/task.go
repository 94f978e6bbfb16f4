package state

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state/statepb"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

// wordBytes is what one hidden word takes.
const wordBytes = 6

func (s *State) submit(m *statepb.Submit, at time.Time, e *audit.Entry) (bool, error) {
	st, roster, err := s.inForce(m.Study)
	if err != nil {
		return false, err
	}
	q, err := roster.Message.ParseQuery(m.Query, roster.Digest())
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	id := q.Header.Digest()
	if _, ok := s.Tasks[id]; ok {
		return false, nil
	}
	t := &Task{ID: id, Roster: roster, Header: q.Header, Bodies: q.Bodies, Submitted: at, Changed: at}
	if err := t.admissible(at); err != nil {
		return false, err
	}
	for i, d := range q.Header.Message.Declarations {
		have, ok := st.Declarations[uint32(i+1)]
		if !ok || have.Digest() != d {
			return false, fmt.Errorf("%w: site %d declares another dataset now; make the query anew", ErrConflict, i+1)
		}
		t.Declarations = append(t.Declarations, have)
	}
	s.forget(at)
	live := 0
	for _, other := range s.Tasks {
		if other.Header.Message.Study == st.Name && !other.Final() {
			live++
		}
	}
	if live >= maxLive || len(s.Tasks) >= maxTasks {
		return false, fmt.Errorf("%w: %d tasks of this study wait, of %d in all; try again later", ErrConflict, live, len(s.Tasks))
	}
	s.Tasks[id] = t
	*e = audit.Entry{Kind: audit.KindQuery, Subject: id, Study: audit.StudyDigest(st.Name), Party: q.Header.Signer()}
	return true, nil
}

// admissible refuses a query that every site would refuse.
func (t *Task) admissible(at time.Time) error {
	h := &t.Header.Message
	if _, err := protocol.ParseAnalysis(h.Analysis); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case !at.Before(h.Expires):
		return fmt.Errorf("%w: the query has expired", ErrInvalid)
	case h.Issued.After(at.Add(protocol.MaxSkew)):
		return fmt.Errorf("%w: the query is from the future", ErrInvalid)
	case !slices.Contains(t.Roster.Message.Modes, h.Mode):
		return fmt.Errorf("%w: the roster does not allow this mode", ErrInvalid)
	case h.Mode == protocol.Exact && len(h.Points) == 0:
		return fmt.Errorf("%w: an exact query names its sites", ErrInvalid)
	}
	for _, p := range h.Points {
		if _, ok := t.Roster.Message.Site(p); !ok {
			return fmt.Errorf("%w: no site %d", ErrInvalid, p)
		}
	}
	if rules := t.Rules(); !rules.Valid(rules.Asked()) {
		return fmt.Errorf("%w: fewer sites than the roster's threshold, or too few organisations", ErrInvalid)
	}
	return nil
}

// forget drops final tasks whose query has been over for long.
func (s *State) forget(at time.Time) {
	maps.DeleteFunc(s.Tasks, func(_ protocol.Digest, t *Task) bool {
		return t.Final() && at.After(t.Header.Message.Expires.Add(keepFor))
	})
}

// settle drops what a task does not need once it is final.
func (t *Task) settle() {
	if t.Final() {
		t.Bodies, t.Declarations = nil, nil
	}
}

func (t *Task) start(m *statepb.Start, at time.Time, e *audit.Entry) (bool, error) {
	signed, err := t.Roster.Message.OpenTask(m.Task, t.Roster.Digest())
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	task := &signed.Message
	contributeBy := time.UnixMilli(m.ContributeBy).UTC()
	switch {
	case task.Query != t.ID:
		return false, fmt.Errorf("%w: a task for another query", ErrInvalid)
	case !t.Task.IsZero() && t.Task.Digest() == signed.Digest():
		return false, nil
	case t.Final():
		return false, fmt.Errorf("%w: the task is over", ErrConflict)
	case t.Attempt != nil && t.Attempt.Phase != session.Failed:
		return false, fmt.Errorf("%w: attempt %d is under way", ErrConflict, t.Attempt.Number)
	case task.Attempt != t.attempts()+1:
		return false, fmt.Errorf("%w: the next attempt is %d", ErrConflict, t.attempts()+1)
	case task.Expires.After(t.Header.Message.Expires) || !at.Before(task.Expires) || contributeBy.After(task.Expires):
		return false, fmt.Errorf("%w: an attempt ends before its query does", ErrInvalid)
	}
	t.Task = signed
	t.Attempt = session.NewAttempt(task.Attempt, t.Rules(), contributeBy, task.Expires)
	t.Cut = protocol.Signed[protocol.Cut]{}
	t.Contributions, t.Received, t.Openings = make(map[uint32][]byte), make(map[uint32][]byte), make(map[uint32][]byte)
	t.Sum, t.SumSize = protocol.Digest{}, 0
	note(e, audit.KindTask, signed)
	return true, nil
}

// session is that of the present attempt, zero before the first.
func (t *Task) session() protocol.SessionID {
	if t.Attempt == nil {
		return protocol.SessionID{}
	}
	return t.Session()
}

// attempts is the number of the present attempt, 0 before the first.
func (t *Task) attempts() uint32 {
	if t.Attempt == nil {
		return 0
	}
	return t.Attempt.Number
}

func (t *Task) say(m *statepb.Say, e *audit.Entry) (bool, error) {
	if t.Attempt == nil || t.Failed != 0 {
		return false, fmt.Errorf("%w: no attempt is under way", ErrConflict)
	}
	before := t.Attempt.Phase
	changed, err := t.hear(m, e)
	if err != nil {
		return false, err
	}
	if t.Attempt.Phase == session.Failed && before != session.Failed && t.Attempt.Reason == session.NoCut {
		t.NoCuts++
	}
	if len(t.Attempt.Cut) > 0 && before != session.Opening && t.Attempt.Phase == session.Opening {
		cut := t.CutOf()
		t.Sets = append(t.Sets, Set{Session: cut.Session, Digest: cut.Set()})
	}
	return changed, nil
}

// CutOf is the cut that was decided, to be signed.
func (t *Task) CutOf() protocol.Cut {
	return protocol.Cut{Session: t.Session(), Roster: t.Roster.Digest(), Entries: slices.Clone(t.Attempt.Cut)}
}

func (t *Task) hear(m *statepb.Say, e *audit.Entry) (bool, error) {
	switch w := m.What.(type) {
	case *statepb.Say_Contribution:
		return t.contributed(w.Contribution, e)
	case *statepb.Say_Received:
		return t.received(w.Received, e)
	case *statepb.Say_Vote:
		return t.voted(w.Vote, m.Point)
	case *statepb.Say_Opening:
		return t.opened(w.Opening, e)
	case *statepb.Say_Refusal:
		return t.refused(w.Refusal, e)
	}
	return false, fmt.Errorf("%w: nothing was said", ErrInvalid)
}

// present requires what was said to be of this attempt.
func (t *Task) present(id protocol.SessionID) error {
	if id != t.Session() {
		return fmt.Errorf("%w: of another attempt", ErrConflict)
	}
	return nil
}

// Contribution opens the header that a site has contributed.
func (t *Task) Contribution(point uint32) (protocol.Signed[protocol.ContributionHeader], error) {
	raw, ok := t.Contributions[point]
	if !ok {
		return protocol.Signed[protocol.ContributionHeader]{}, fmt.Errorf("%w: no contribution of site %d", ErrNotFound, point)
	}
	return t.Roster.Message.OpenContributionHeader(raw, t.Roster.Digest())
}

// Evidence opens what the members of the cut have signed, by ascending point: their
// contributions, and what they have received.
func (t *Task) Evidence() (headers []protocol.Signed[protocol.ContributionHeader], received []protocol.Signed[protocol.Received], err error) {
	for _, e := range t.Attempt.Cut {
		h, err := t.Contribution(e.Point)
		if err != nil {
			return nil, nil, err
		}
		r, err := t.Roster.Message.OpenReceived(t.Received[e.Point])
		if err != nil {
			return nil, nil, fmt.Errorf("what site %d has received: %w", e.Point, err)
		}
		headers, received = append(headers, h), append(received, r)
	}
	return headers, received, nil
}

// WordBytes is what the hidden words of a contribution take.
func WordBytes(h *protocol.ContributionHeader) uint64 { return wordBytes * h.Coefficients }

func (t *Task) contributed(raw []byte, e *audit.Entry) (bool, error) {
	s, err := t.Roster.Message.OpenContributionHeader(raw, t.Roster.Digest())
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	h, asked := &s.Message, &t.Header.Message
	if err := t.present(h.Session); err != nil {
		return false, err
	}
	if h.Declaration != asked.Declarations[h.Point-1] || h.Params != asked.Params {
		return false, fmt.Errorf("%w: site %d answers for another dataset or with other parameters", ErrInvalid, h.Point)
	}
	analysis, err := protocol.ParseAnalysis(asked.Analysis)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if h.Coefficients > asked.Numbers(analysis) {
		return false, fmt.Errorf("%w: site %d gives more words than the question has counts", ErrInvalid, h.Point)
	}
	if others := t.Attempt.Contributors(); len(others) > 0 {
		first, err := t.Contribution(others[0])
		if err != nil {
			return false, err
		}
		if first.Message.Coefficients != h.Coefficients {
			return false, fmt.Errorf("%w: site %d gives another number of words than site %d", ErrInvalid, h.Point, others[0])
		}
	}
	_, had := t.Contributions[h.Point]
	if err := t.Attempt.Contributed(h.Point, s.Digest(), h.Bound, t.Rules()); err != nil {
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if !had {
		t.Contributions[h.Point] = raw
		note(e, audit.KindContribution, s)
	}
	return !had, nil
}

func (t *Task) received(raw []byte, e *audit.Entry) (bool, error) {
	s, err := t.Roster.Message.OpenReceived(raw)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r := &s.Message
	if err := t.present(r.Session); err != nil {
		return false, err
	}
	var points []uint32
	for _, p := range t.Attempt.Contributors() {
		if slices.Contains(r.Headers, t.Attempt.Sites[p].Header) {
			points = append(points, p)
		}
	}
	_, had := t.Received[r.Point]
	if err := t.Attempt.Received(r.Point, points, t.Rules()); err != nil {
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if !had {
		t.Received[r.Point] = raw
		note(e, audit.KindReceived, s)
	}
	return !had, nil
}

func (t *Task) voted(id []byte, point uint32) (bool, error) {
	d, err := protocol.ParseDigest(id)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := t.present(d); err != nil {
		return false, err
	}
	site, ok := t.Attempt.Sites[point]
	had := ok && site.Voted
	if err := t.Attempt.Voted(point); err != nil {
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return !had, nil
}

func (t *Task) opened(raw []byte, e *audit.Entry) (bool, error) {
	o, err := t.Roster.Message.ParseOpening(raw)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m := &o.Opening.Message
	if err := t.present(m.Session); err != nil {
		return false, err
	}
	if cut := t.CutOf(); m.Set != cut.Set() || m.Recipient != t.Header.Message.Recipient {
		return false, fmt.Errorf("%w: site %d opens something else", ErrInvalid, m.Point)
	}
	_, had := t.Openings[m.Point]
	if err := t.Attempt.OpenedBy(m.Point, t.Rules()); err != nil {
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if !had {
		t.Openings[m.Point] = raw
		note(e, audit.KindOpening, o.Opening)
	}
	return !had, nil
}

func (t *Task) refused(raw []byte, e *audit.Entry) (bool, error) {
	s, err := t.Roster.Message.OpenRefusal(raw)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	r := &s.Message
	if err := t.present(r.Session); err != nil {
		return false, err
	}
	if site, ok := t.Attempt.Sites[r.Point]; ok && site.Refused != 0 {
		return false, nil
	}
	if err := t.Attempt.Refuse(r.Point, r.Code, t.Rules()); err != nil {
		return false, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	note(e, audit.KindRefusal, s)
	e.Code = uint16(r.Code)
	return true, nil
}

func (t *Task) signCut(m *statepb.SignCut, e *audit.Entry) (bool, error) {
	s, err := t.Roster.Message.OpenCut(m.Cut, t.Roster.Digest())
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if t.Attempt == nil || len(t.Attempt.Cut) == 0 || t.Failed != 0 {
		return false, fmt.Errorf("%w: no cut is decided", ErrConflict)
	}
	if want := t.CutOf(); s.Message.Set() != want.Set() {
		return false, fmt.Errorf("%w: not the cut that was decided", ErrInvalid)
	}
	if !t.Cut.IsZero() {
		return false, nil
	}
	t.Cut = s
	note(e, audit.KindCut, s)
	return true, nil
}

func (t *Task) pass(m *statepb.Pass, at time.Time) (bool, error) {
	if t.Attempt == nil || t.Attempt.Number != m.Attempt || t.Failed != 0 {
		return false, fmt.Errorf("%w: attempt %d is not under way", ErrConflict, m.Attempt)
	}
	before := t.Attempt.Phase
	t.Attempt.Pass(at, t.Rules())
	return t.Attempt.Phase != before, nil
}

func (t *Task) setSum(m *statepb.SetSum, e *audit.Entry) (bool, error) {
	sum, err := protocol.ParseDigest(m.Sum)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if t.Attempt == nil || t.Attempt.Number != m.Attempt || len(t.Attempt.Cut) == 0 || t.Failed != 0 {
		return false, fmt.Errorf("%w: no cut of attempt %d to sum over", ErrConflict, m.Attempt)
	}
	first, err := t.Contribution(t.Attempt.Cut[0].Point)
	if err != nil {
		return false, err
	}
	switch {
	case m.Size != WordBytes(&first.Message):
		return false, fmt.Errorf("%w: a sum of %d bytes", ErrInvalid, m.Size)
	case t.Sum == sum:
		return false, nil
	case !t.Sum.IsZero():
		return false, fmt.Errorf("%w: the sum is another one", ErrConflict)
	}
	t.Sum, t.SumSize = sum, m.Size
	e.Kind, e.Subject = audit.KindReleased, sum
	return true, nil
}

func (t *Task) fail(m *statepb.Fail, e *audit.Entry) (bool, error) {
	why := Failure(m.Reason)
	switch {
	case m.Reason == 0 || m.Reason > uint32(RosterEnded):
		return false, fmt.Errorf("%w: no reason", ErrInvalid)
	case t.Failed == why:
		return false, nil
	case t.Final() || t.attempts() != m.Attempt:
		return false, fmt.Errorf("%w: the task has gone on", ErrConflict)
	}
	t.Failed = why
	e.Kind, e.Subject, e.Code = audit.KindDecision, t.ID, uint16(why)
	return true, nil
}
