package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/coordinator/api"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/session"
)

// Submit takes a query. Its name is the digest of its header, so that submitting it
// again is no second query.
func (b backend) Submit(ctx context.Context, study string, raw []byte) (id protocol.Digest, err error) {
	err = fmt.Errorf("%w: study", api.ErrNotFound)
	b.machine.View(func(s *state.State) {
		st, ok := s.Studies[study]
		if !ok {
			return
		}
		open, ok := st.Open()
		if !ok {
			err = stated{api.ErrConflict, "the study is not open yet"}
			return
		}
		var q protocol.Query
		if q, err = open.Message.ParseQuery(raw, open.Digest()); err == nil {
			id = q.Header.Digest()
		}
	})
	if err != nil {
		return id, err
	}
	return id, b.put(ctx, state.Submit(study, raw))
}

// task copies a task out.
func (c *Coordinator) task(d protocol.Digest) (t *state.Task, err error) {
	err = fmt.Errorf("%w: task", api.ErrNotFound)
	c.machine.View(func(s *state.State) {
		if found, ok := s.Tasks[d]; ok {
			t, err = found.Clone(), nil
		}
	})
	return t, err
}

// Task shows a task, and who asked.
func (b backend) Task(d protocol.Digest) (rest.Task, protocol.KeyID, error) {
	t, err := b.task(d)
	if err != nil {
		return rest.Task{}, protocol.KeyID{}, err
	}
	return b.showTask(t), t.Header.Message.Researcher, nil
}

// Tasks shows the tasks of a study that a researcher has asked, or all of them for the
// zero key, newest first.
func (b backend) Tasks(study string, asker protocol.KeyID) []rest.Task {
	var tasks []*state.Task
	b.machine.View(func(s *state.State) {
		for _, t := range s.Tasks {
			if t.Header.Message.Study == study && (asker.IsZero() || t.Header.Signer() == asker) {
				tasks = append(tasks, t.Clone())
			}
		}
	})
	slices.SortFunc(tasks, func(a, b *state.Task) int {
		if c := b.Submitted.Compare(a.Submitted); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	list := make([]rest.Task, len(tasks))
	for i, t := range tasks {
		list[i] = b.showTask(t)
	}
	return list
}

func (b backend) showTask(t *state.Task) rest.Task {
	h := &t.Header.Message
	out := rest.Task{
		APIVersion: rest.APIVersion, ID: t.ID, Study: h.Study, Analysis: h.Analysis, Mode: h.Mode.String(), Size: h.Size,
		Issued: h.Issued, Expires: h.Expires, Changed: t.Changed,
	}
	out.State, out.Reason = stateOf(t)
	points := t.Rules().Asked()
	if t.Attempt != nil {
		out.Attempt, points = t.Attempt.Number, t.Attempt.Points()
	}
	ready, busy := b.readiness(), b.busy(t)
	for _, p := range points {
		site, _ := t.Roster.Message.Site(p)
		shown := rest.TaskSite{Point: p, Name: site.Name, Step: "waiting"}
		if t.Attempt != nil {
			shown.Step, shown.Reason = stepOf(t.Attempt.Sites[p], busy[p])
		}
		if shown.Step == "waiting" && !t.Final() && !ready(t.Roster.Digest(), site.Peer) {
			shown.Reason = "not connected, or not ready"
		}
		out.Sites = append(out.Sites, shown)
	}
	return out
}

// busy are the sites that have said to this leader that they are at it, or that people have
// to decide.
func (c *Coordinator) busy(t *state.Task) map[uint32]string {
	l := c.leader.Load()
	if l == nil || t.Attempt == nil {
		return nil
	}
	return held(l, t, func(m *memory) map[uint32]string { return m.busy })
}

// stateOf is a task's state in one word, and why it is not done.
func stateOf(t *state.Task) (word, reason string) {
	switch {
	case t.Failed == state.QueryExpired:
		return "expired", lastReason(t)
	case t.Failed != 0:
		return "failed", lastReason(t)
	case t.Attempt == nil:
		return "submitted", ""
	case t.Attempt.Phase == session.Failed: // the next attempt is to come
		return "submitted", t.Attempt.Reason.String()
	case t.Done():
		return "done", ""
	case t.Attempt.Phase == session.Done: // the sum is to come
		return session.Opening.String(), ""
	}
	return t.Attempt.Phase.String(), ""
}

// lastReason is why a task has ended, with how its last attempt did.
func lastReason(t *state.Task) string {
	reason := t.Failed.String()
	if t.Attempt != nil && t.Attempt.Reason != session.None && t.Attempt.Reason.String() != reason {
		reason += "; the last attempt: " + t.Attempt.Reason.String()
	}
	return reason
}

func stepOf(s *session.Site, busy string) (step, reason string) {
	switch {
	case s.Refused != 0:
		return "refused", s.Refused.String()
	case s.Opened:
		return "opened", ""
	case s.Voted:
		return "voted", ""
	case s.HasReceived:
		return "received", ""
	case !s.Header.IsZero():
		return "contributed", ""
	case busy != "":
		return busy, ""
	}
	return "waiting", ""
}

// Result is every signature that an answer rests on.
func (b backend) Result(_ context.Context, d protocol.Digest) ([]byte, error) {
	t, err := b.task(d)
	if err != nil {
		return nil, err
	}
	if !t.Done() {
		return nil, api.ErrNotDone
	}
	r := protocol.Result{Header: t.Header, Task: t.Task, Cut: t.Cut, Sum: t.Sum}
	if r.Headers, r.Received, err = t.Evidence(); err != nil {
		return nil, fmt.Errorf("result of task %s: %w", d.Short(), err)
	}
	for _, p := range t.Attempt.Members() {
		raw, ok := t.Openings[p]
		if !ok {
			continue
		}
		o, err := t.Roster.Message.ParseOpening(raw)
		if err != nil {
			return nil, fmt.Errorf("result of task %s: %w", d.Short(), err)
		}
		r.Openings = append(r.Openings, o)
	}
	return r.Bytes()
}

// Sum opens the masked sum.
func (b backend) Sum(ctx context.Context, d protocol.Digest) (io.ReadCloser, error) {
	t, err := b.task(d)
	if err != nil {
		return nil, err
	}
	if !t.Done() {
		return nil, api.ErrNotDone
	}
	r, err := b.fetch(ctx, item{t.Sum, t.SumSize})
	if errors.Is(err, api.ErrNoLeader) {
		// The sites are asked for their words again.
		if l := b.leader.Load(); l != nil {
			l.note(t, func(m *memory) { m.sum = false })
			l.nudge()
		}
	}
	return r, err
}
