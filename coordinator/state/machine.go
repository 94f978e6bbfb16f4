package state

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state/statepb"
)

// Result is what a command is answered with, the same on every member.
type Result struct {
	// Err is nil, or wraps ErrNotFound, ErrConflict or ErrInvalid: then nothing
	// was changed.
	Err error
	// Changed tells whether the state is another than before.
	Changed bool
	// Entry is what is to be written to an audit log of it, nil where that is nothing.
	Entry *audit.Entry
}

// Machine is the state under the commands of the log.
type Machine struct {
	mu      sync.RWMutex
	state   *State
	version uint64 // counts changes
}

// New is the state before the first command.
func New() *Machine { return &Machine{state: newState()} }

// View runs look while nothing changes. What it is shown MUST NOT be changed or kept.
func (m *Machine) View(look func(*State)) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	look(m.state)
}

// Version is another number after every change.
func (m *Machine) Version() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version
}

// Apply changes the state by a command and returns a Result.
func (m *Machine) Apply(_ uint64, command []byte) (any, error) {
	c, err := parseCommand(command)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var e audit.Entry
	changed, err := m.state.apply(c, time.UnixMilli(c.At).UTC(), &e)
	if changed {
		m.version++
	}
	r := Result{Err: err, Changed: changed && err == nil}
	if r.Changed && e.Kind != 0 {
		r.Entry = m.state.record(e)
	}
	return r, nil
}

// Snapshot returns a copy of the state.
func (m *Machine) Snapshot() (io.WriterTo, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	raw, err := marshal(m.state.out())
	if err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	return image(raw), nil
}

// image is an encoded state.
type image []byte

// WriteTo writes the image.
func (i image) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(i)
	return int64(n), err
}

// Restore replaces the state by what a Snapshot wrote. Every signature in what is
// not final is verified again.
func (m *Machine) Restore(r io.Reader) error {
	raw, err := io.ReadAll(io.LimitReader(r, maxSnapshot+1))
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	s, err := parseState(raw)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
	m.version++
	return nil
}

// apply finds who a command is for. It fills in what an audit log is told if the command
// changes something.
func (s *State) apply(c *statepb.Command, at time.Time, e *audit.Entry) (changed bool, err error) {
	switch w := c.What.(type) {
	case *statepb.Command_Invite:
		return s.invite(w.Invite)
	case *statepb.Command_Join:
		return s.join(w.Join)
	case *statepb.Command_Approve:
		return s.approve(w.Approve, e)
	case *statepb.Command_AddPanel:
		return s.addPanel(w.AddPanel)
	case *statepb.Command_Propose:
		return s.propose(w.Propose, at)
	case *statepb.Command_Endorse:
		return s.endorse(w.Endorse)
	case *statepb.Command_OpenStudy:
		return s.openStudy(w.OpenStudy, at, e)
	case *statepb.Command_Declare:
		return s.declare(w.Declare, e)
	case *statepb.Command_Report:
		return s.report(w.Report)
	case *statepb.Command_Submit:
		return s.submit(w.Submit, at, e)
	case *statepb.Command_Publish:
		return s.publish(w.Publish, at, e)
	case *statepb.Command_Judge:
		return s.judge(w.Judge, at, e)
	}
	return s.applyToTask(c, at, e)
}

func (s *State) applyToTask(c *statepb.Command, at time.Time, e *audit.Entry) (changed bool, err error) {
	var query []byte
	var do func(*Task) (bool, error)
	switch w := c.What.(type) {
	case *statepb.Command_Start:
		query, do = w.Start.GetQuery(), func(t *Task) (bool, error) { return t.start(w.Start, at, e) }
	case *statepb.Command_Say:
		query, do = w.Say.GetQuery(), func(t *Task) (bool, error) { return t.say(w.Say, e) }
	case *statepb.Command_SignCut:
		query, do = w.SignCut.GetQuery(), func(t *Task) (bool, error) { return t.signCut(w.SignCut, e) }
	case *statepb.Command_Pass:
		query, do = w.Pass.GetQuery(), func(t *Task) (bool, error) { return t.pass(w.Pass, at) }
	case *statepb.Command_SetSum:
		query, do = w.SetSum.GetQuery(), func(t *Task) (bool, error) { return t.setSum(w.SetSum, e) }
	case *statepb.Command_Fail:
		query, do = w.Fail.GetQuery(), func(t *Task) (bool, error) { return t.fail(w.Fail, e) }
	default:
		return false, fmt.Errorf("%w: %T", ErrInvalid, w)
	}
	t, err := s.task(query)
	if err != nil {
		return false, err
	}
	changed, err = do(t)
	e.Study, e.Session = audit.StudyDigest(t.Header.Message.Study), t.session()
	if changed && err == nil {
		t.Changed = at
		t.settle()
	}
	return changed, err
}
