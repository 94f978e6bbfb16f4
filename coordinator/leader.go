package coordinator

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/coordinator/schedule"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// maxJobs bounds the steps that are under way at a time. Each may hold a message of
// some megabytes.
const maxJobs = 64

// leader is what a member does while it leads. All of it is lost with leadership,
// and got again from the sites.
type leader struct {
	c    *Coordinator
	wake chan struct{} // holds one: something here has changed
	jobs sync.WaitGroup

	mu    sync.Mutex
	sites map[wire.PeerID]*greeted
	tasks map[protocol.Digest]*memory
	busy  map[job]bool
	rest  map[job]time.Time
}

// job names a step that is under way. A greeting has no query.
type job struct {
	query protocol.Digest
	kind  schedule.Kind
	point uint32
	peer  wire.PeerID
}

// follow leads whenever this member is the leader, until ctx ends.
func (c *Coordinator) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := c.replica.Changed()
		if _, self := c.replica.Leader(); self {
			if err := c.lead(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return nil
}

// lead leads for one term.
func (c *Coordinator) lead(ctx context.Context) error {
	term := c.replica.Term()
	// What was committed before must be here first.
	if err := c.replica.Read(ctx, func() {}); err != nil {
		return c.pause(ctx, err)
	}
	if err := c.journal.caughtUp(); err != nil {
		return err
	}
	c.log.Info("this member leads", "term", term)
	ctx, stop := context.WithCancel(ctx)
	l := &leader{
		c: c, wake: make(chan struct{}, 1), sites: make(map[wire.PeerID]*greeted), tasks: make(map[protocol.Digest]*memory),
		busy: make(map[job]bool), rest: make(map[job]time.Time),
	}
	c.leader.Store(l)
	c.leads.Store(true)
	l.run(ctx, term)
	c.leads.Store(false)
	c.leader.Store(nil)
	stop()
	l.jobs.Wait()
	c.log.Info("this member does not lead any more", "term", term)
	return nil
}

// pause waits before a read that did not work is tried again.
func (c *Coordinator) pause(ctx context.Context, err error) error {
	if errors.Is(err, replica.ErrStopped) {
		<-ctx.Done()
		return nil
	}
	wait := time.NewTimer(c.cfg.Timing.Poll)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	return nil
}

// run takes steps until leadership is lost.
func (l *leader) run(ctx context.Context, term uint64) {
	for {
		changed := l.c.replica.Changed()
		if _, self := l.c.replica.Leader(); !self || l.c.replica.Term() != term {
			return
		}
		connected, linked := l.c.transport.Peers()
		again := l.greetAll(ctx, connected)
		if at := l.plan(ctx, connected); !at.IsZero() {
			again = earliest(again, at)
		}
		var due <-chan time.Time
		timer := time.NewTimer(max(again.Sub(l.c.cfg.Now()), 0))
		if !again.IsZero() {
			due = timer.C
		}
		select {
		case <-changed:
		case <-linked:
		case <-l.wake:
		case <-due:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// work is a step with the task as it was when the step was planned.
type work struct {
	task *state.Task
	step schedule.Step
}

// plan begins the steps that are due, and says when to plan again.
func (l *leader) plan(ctx context.Context, connected []wire.PeerID) (again time.Time) {
	now := l.c.cfg.Now()
	pace := schedule.Pace{Again: l.c.cfg.Timing.Again}
	var due []work
	l.mu.Lock()
	defer l.mu.Unlock()
	live := make(map[protocol.Digest]bool)
	l.c.machine.View(func(s *state.State) {
		for id, t := range s.Tasks {
			if t.Failed != 0 || t.Done() && !now.Before(t.Attempt.Expires) {
				continue
			}
			live[id] = true
			steps, at := schedule.Plan(t, l.remember(t, connected), pace, now)
			again = earliest(again, at)
			if len(steps) == 0 {
				continue
			}
			clone := t.Clone()
			for _, step := range steps {
				due = append(due, work{clone, step})
			}
		}
	})
	l.forget(live)
	// The oldest question first, whatever order the map gave.
	slices.SortStableFunc(due, func(a, b work) int {
		return cmp.Or(a.task.Submitted.Compare(b.task.Submitted), slices.Compare(a.task.ID[:], b.task.ID[:]))
	})
	for _, w := range due {
		j := job{query: w.task.ID, kind: w.step.Kind, point: w.step.Point}
		at := l.begin(ctx, j, now, func() time.Duration { return l.take(ctx, w.task, w.step) })
		again = earliest(again, at)
	}
	return again
}

// begin starts a job unless it is under way, rests or there are too many; then it
// says when to try again. The job waits until what it was planned by is in this member's
// audit log, and says how long it rests before it is begun again. The caller holds mu.
func (l *leader) begin(ctx context.Context, j job, now time.Time, do func() time.Duration) (again time.Time) {
	if l.busy[j] || len(l.busy) >= maxJobs {
		return time.Time{} // the end of a job wakes the planner
	}
	if at, ok := l.rest[j]; ok && now.Before(at) {
		return at
	}
	delete(l.rest, j)
	l.busy[j] = true
	l.jobs.Go(func() {
		pause := l.c.cfg.Timing.Retry
		if l.c.journal.settled(ctx) == nil {
			pause = do()
		}
		l.mu.Lock()
		delete(l.busy, j)
		if pause > 0 {
			l.rest[j] = l.c.cfg.Now().Add(pause)
		}
		l.mu.Unlock()
		l.nudge()
	})
	return time.Time{}
}

// nudge makes the planner look again.
func (l *leader) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// forget drops what belongs to tasks that are over. The caller holds mu.
func (l *leader) forget(live map[protocol.Digest]bool) {
	for id := range l.tasks {
		if !live[id] {
			delete(l.tasks, id)
		}
	}
	for j := range l.rest {
		if !j.query.IsZero() && !live[j.query] {
			delete(l.rest, j)
		}
	}
}

// memory is what a leader holds of one attempt.
type memory struct {
	session       protocol.SessionID
	contributions map[uint32]protocol.Contribution
	votes         map[uint32]protocol.Signed[protocol.Vote]
	// seen are the words on a site's vote, by that site and by who has seen it.
	seen map[uint32]map[uint32]protocol.Signed[protocol.Seen]
	// words are the sites whose words are on this member's disk.
	words map[uint32]bool
	// busy are the sites that said that they are at it, or that people have to decide: the
	// step that is shown.
	busy map[uint32]string
	// cut is the offer of the cut: the same bytes for every member of it.
	cut []byte
	sum bool
}

// memoryOf returns what is held of a task's present attempt. The caller holds mu.
func (l *leader) memoryOf(t *state.Task) *memory {
	m := l.tasks[t.ID]
	if m == nil || m.session != t.Session() {
		m = &memory{
			session: t.Session(), contributions: make(map[uint32]protocol.Contribution), votes: make(map[uint32]protocol.Signed[protocol.Vote]),
			seen: make(map[uint32]map[uint32]protocol.Signed[protocol.Seen]), busy: make(map[uint32]string),
			words: make(map[uint32]bool),
		}
		l.tasks[t.ID] = m
	}
	return m
}

// note changes what is held of the attempt that t was planned for, if it is still
// the present one here.
func (l *leader) note(t *state.Task, change func(*memory)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.tasks[t.ID]; m != nil && m.session == t.Session() {
		change(m)
	}
}

// remember is what the planner is told beside the state. The caller holds mu.
func (l *leader) remember(t *state.Task, connected []wire.PeerID) schedule.Memory {
	out := schedule.Memory{Sites: make(map[uint32]schedule.Site, len(t.Roster.Message.Sites))}
	var m *memory
	if t.Attempt != nil {
		m = l.memoryOf(t)
		out.Sum = m.sum
	}
	for i, site := range t.Roster.Message.Sites {
		p := uint32(i + 1)
		s := schedule.Site{Ready: l.ready(t.Roster.Digest(), wire.PeerID(site.Peer))}
		_, s.Connected = slices.BinarySearch(connected, wire.PeerID(site.Peer))
		if m != nil {
			_, s.Shares = m.contributions[p]
			_, s.Vote = m.votes[p]
			s.Words = m.words[p]
			for of, by := range m.seen {
				if _, ok := by[p]; ok {
					s.Sees = append(s.Sees, of)
				}
			}
		}
		out.Sites[p] = s
	}
	return out
}
