package state

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/coordinator/state/statepb"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

// maxSnapshot bounds a snapshot: every bound of the state together stays below it.
const maxSnapshot = 1 << 30

// out is the state as it is written, every list sorted.
func (s *State) out() *statepb.Snapshot {
	m := new(statepb.Snapshot)
	for _, name := range slices.Sorted(maps.Keys(s.Sites)) {
		site := s.Sites[name]
		m.Sites = append(m.Sites, &statepb.Site{
			Name: name, Invitation: site.Invitation.Bytes(), Request: site.Request, Approved: site.State == Approved,
		})
	}
	for _, d := range sortedDigests(s.Panels) {
		m.Panels = append(m.Panels, panelOut(s.Panels[d]))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Studies)) {
		st := s.Studies[name]
		p := &statepb.Study{Name: name}
		for _, r := range st.Opened {
			p.Opened = append(p.Opened, r.Bytes())
		}
		if !st.Proposed.IsZero() {
			p.Proposed = st.Proposed.Bytes()
		}
		for _, point := range slices.Sorted(maps.Keys(st.Declarations)) {
			p.Declarations = append(p.Declarations, st.Declarations[point].Bytes())
		}
		for _, point := range slices.Sorted(maps.Keys(st.Reports)) {
			p.Reports = append(p.Reports, st.Reports[point].Bytes())
		}
		m.Studies = append(m.Studies, p)
	}
	for _, d := range sortedDigests(s.Tasks) {
		m.Tasks = append(m.Tasks, s.Tasks[d].out())
	}
	for _, d := range sortedDigests(s.Tables) {
		m.Tables = append(m.Tables, s.Tables[d].out())
	}
	if m.Records = s.Records; s.Records > 0 {
		m.RecordHead = s.Head[:]
	}
	return m
}

func sortedDigests[V any](m map[protocol.Digest]V) []protocol.Digest {
	return slices.SortedFunc(maps.Keys(m), func(a, b protocol.Digest) int { return slices.Compare(a[:], b[:]) })
}

func (t *Task) out() *statepb.Task {
	roster := t.Roster.Digest()
	m := &statepb.Task{
		Study: t.Header.Message.Study, Roster: roster[:], Header: t.Header.Bytes(), Bodies: t.Bodies,
		Submitted: t.Submitted.UnixMilli(), Changed: t.Changed.UnixMilli(), Failed: uint32(t.Failed), NoCuts: t.NoCuts,
		Contributions: inOrder(t.Contributions), Received: inOrder(t.Received), Openings: inOrder(t.Openings), SumSize: t.SumSize,
	}
	for _, d := range t.Declarations {
		m.Declarations = append(m.Declarations, d.Bytes())
	}
	for _, s := range t.Sets {
		m.Sets = append(m.Sets, &statepb.Set{Session: s.Session[:], Digest: s.Digest[:]})
	}
	if !t.Sum.IsZero() {
		m.Sum = t.Sum[:]
	}
	if !t.Cut.IsZero() {
		m.Cut = t.Cut.Bytes()
	}
	if t.Attempt != nil {
		m.Task, m.Attempt = t.Task.Bytes(), attemptOut(t.Attempt)
	}
	return m
}

func inOrder(by map[uint32][]byte) (list [][]byte) {
	for _, p := range slices.Sorted(maps.Keys(by)) {
		list = append(list, by[p])
	}
	return list
}

func attemptOut(a *session.Attempt) *statepb.Attempt {
	m := &statepb.Attempt{
		Number: a.Number, Phase: uint32(a.Phase), Reason: uint32(a.Reason),
		ContributeBy: a.ContributeBy.UnixMilli(), Expires: a.Expires.UnixMilli(), Cut: a.Members(),
	}
	for _, p := range a.Points() {
		s := a.Sites[p]
		site := &statepb.AttemptSite{
			Point: p, Bound: s.Bound, Received: s.Received, HasReceived: s.HasReceived,
			Voted: s.Voted, Opened: s.Opened, Refused: uint32(s.Refused),
		}
		if !s.Header.IsZero() {
			site.Header = s.Header[:]
		}
		m.Sites = append(m.Sites, site)
	}
	return m
}

func panelOut(p Panel) *statepb.Panel {
	return &statepb.Panel{Digest: p.Digest[:], Assembly: p.Assembly, Variants: p.Variants, Blob: p.Blob[:], Size: p.Size}
}

func panelIn(m *statepb.Panel) (Panel, error) {
	p := Panel{Assembly: m.GetAssembly(), Variants: m.GetVariants(), Size: m.GetSize()}
	var err error
	if p.Digest, err = protocol.ParseDigest(m.GetDigest()); err != nil {
		return p, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if p.Blob, err = protocol.ParseDigest(m.GetBlob()); err != nil {
		return p, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if p.Digest.IsZero() || p.Blob.IsZero() || p.Size == 0 || p.Variants == 0 || p.Variants > protocol.MaxVariants || len(p.Assembly) > maxNameLength {
		return p, fmt.Errorf("%w: a panel has a digest, an assembly and at least one variant", ErrInvalid)
	}
	return p, nil
}

// parseState reads what out wrote.
func parseState(raw []byte) (*State, error) {
	if len(raw) > maxSnapshot {
		return nil, fmt.Errorf("%w: a state over %d bytes", ErrInvalid, maxSnapshot)
	}
	m := new(statepb.Snapshot)
	if err := proto.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%w: not a state", ErrInvalid)
	}
	s := newState()
	for _, p := range m.Sites {
		site, err := siteIn(p)
		if err != nil {
			return nil, fmt.Errorf("site: %w", err)
		}
		s.Sites[site.Name] = site
	}
	for _, p := range m.Panels {
		panel, err := panelIn(p)
		if err != nil {
			return nil, err
		}
		s.Panels[panel.Digest] = panel
	}
	for _, p := range m.Studies {
		st, err := studyIn(p)
		if err != nil {
			return nil, fmt.Errorf("study: %w", err)
		}
		s.Studies[st.Name] = st
	}
	for _, p := range m.Tasks {
		t, err := s.taskIn(p)
		if err != nil {
			return nil, fmt.Errorf("task: %w", err)
		}
		s.Tasks[t.ID] = t
	}
	for _, p := range m.Tables {
		t, err := s.tableIn(p)
		if err != nil {
			return nil, fmt.Errorf("table: %w", err)
		}
		s.Tables[t.ID] = t
	}
	if s.Records = m.Records; s.Records > 0 {
		var err error
		if s.Head, err = protocol.ParseDigest(m.RecordHead); err != nil {
			return nil, fmt.Errorf("head of the records: %w", err)
		}
	}
	return s, nil
}

func siteIn(m *statepb.Site) (*Site, error) {
	key, err := protocol.ParsePublicKey(m.Invitation)
	if err != nil {
		return nil, err
	}
	s := &Site{Name: m.Name, State: Invited, Invitation: key, Request: m.Request}
	if len(m.Request) == 0 {
		return s, nil
	}
	if s.Card, err = protocol.ParseCard(m.Request); err != nil {
		return nil, err
	}
	s.State = Pending
	if m.Approved {
		s.State = Approved
	}
	return s, nil
}

func studyIn(m *statepb.Study) (*Study, error) {
	st := newStudy(m.Name)
	for _, raw := range m.Opened {
		r, err := protocol.OpenRoster(raw)
		if err != nil {
			return nil, err
		}
		st.Opened = append(st.Opened, r)
	}
	if len(m.Proposed) > 0 {
		var err error
		if st.Proposed, err = openProposal(m.Proposed); err != nil {
			return nil, err
		}
	}
	open, ok := st.Open()
	for _, raw := range m.Declarations {
		if !ok {
			return nil, fmt.Errorf("%w: declarations without a roster", ErrInvalid)
		}
		d, err := open.Message.OpenDeclaration(raw)
		if err != nil {
			return nil, err
		}
		st.Declarations[d.Message.Point] = d
	}
	for _, raw := range m.Reports {
		r, err := open.Message.OpenSiteReport(raw, open.Digest())
		if err != nil {
			return nil, err
		}
		st.Reports[r.Message.Point] = r
	}
	return st, nil
}

func (s *State) taskIn(m *statepb.Task) (*Task, error) {
	roster, err := s.rosterOf(m.Study, m.Roster)
	if err != nil {
		return nil, err
	}
	t := &Task{
		Roster: roster, Bodies: m.Bodies, Submitted: time.UnixMilli(m.Submitted).UTC(), Changed: time.UnixMilli(m.Changed).UTC(),
		Failed: Failure(m.Failed), SumSize: m.SumSize, NoCuts: m.NoCuts,
	}
	if t.Header, err = roster.Message.OpenQuery(m.Header, roster.Digest()); err != nil {
		return nil, err
	}
	t.ID = t.Header.Digest()
	for _, raw := range m.Declarations {
		d, err := roster.Message.OpenDeclaration(raw)
		if err != nil {
			return nil, err
		}
		t.Declarations = append(t.Declarations, d)
	}
	for _, p := range m.Sets {
		a, err := protocol.ParseDigest(p.Session)
		if err != nil {
			return nil, err
		}
		b, err := protocol.ParseDigest(p.Digest)
		if err != nil {
			return nil, err
		}
		t.Sets = append(t.Sets, Set{Session: a, Digest: b})
	}
	if m.Attempt == nil {
		return t, nil
	}
	return t, t.attemptIn(m)
}

// attemptIn reads the present attempt. What sites said stays as sent, and is opened
// again by who looks at it.
func (t *Task) attemptIn(m *statepb.Task) (err error) {
	if t.Task, err = t.Roster.Message.OpenTask(m.Task, t.Roster.Digest()); err != nil {
		return err
	}
	a := m.Attempt
	t.Attempt = &session.Attempt{
		Number: a.Number, Phase: session.Phase(a.Phase), Reason: session.Reason(a.Reason),
		ContributeBy: time.UnixMilli(a.ContributeBy).UTC(), Expires: time.UnixMilli(a.Expires).UTC(), Sites: make(map[uint32]*session.Site),
	}
	t.Contributions, t.Received, t.Openings = make(map[uint32][]byte), make(map[uint32][]byte), make(map[uint32][]byte)
	contributions, received, openings := m.Contributions, m.Received, m.Openings
	missing := false
	next := func(list *[][]byte, into map[uint32][]byte, point uint32) {
		if missing = missing || len(*list) == 0; missing {
			return
		}
		into[point], *list = (*list)[0], (*list)[1:]
	}
	for _, p := range a.Sites {
		s := &session.Site{
			Bound: p.Bound, Received: p.Received, HasReceived: p.HasReceived, Voted: p.Voted, Opened: p.Opened, Refused: protocol.Code(p.Refused),
		}
		if len(p.Header) > 0 {
			if s.Header, err = protocol.ParseDigest(p.Header); err != nil {
				return err
			}
			next(&contributions, t.Contributions, p.Point)
		}
		if p.HasReceived {
			next(&received, t.Received, p.Point)
		}
		if p.Opened {
			next(&openings, t.Openings, p.Point)
		}
		t.Attempt.Sites[p.Point] = s
	}
	if missing || len(contributions)+len(received)+len(openings) > 0 {
		return fmt.Errorf("%w: what sites said does not fit where they stand", ErrInvalid)
	}
	for _, p := range a.Cut {
		s, ok := t.Attempt.Sites[p]
		if !ok {
			return fmt.Errorf("%w: a cut with a site that was not asked", ErrInvalid)
		}
		t.Attempt.Cut = append(t.Attempt.Cut, protocol.CutEntry{Point: p, Header: s.Header})
	}
	if len(m.Cut) > 0 {
		if t.Cut, err = t.Roster.Message.OpenCut(m.Cut, t.Roster.Digest()); err != nil {
			return err
		}
	}
	if len(m.Sum) > 0 {
		if t.Sum, err = protocol.ParseDigest(m.Sum); err != nil {
			return err
		}
	}
	return nil
}
