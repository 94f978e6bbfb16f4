package coordinator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/locus-genomics/locus/coordinator/aggregate"
	"github.com/locus-genomics/locus/coordinator/schedule"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

var (
	// errWorking is for a site that should be asked again.
	errWorking = errors.New("coordinator: the site is still at it")
	// errSite is for what a site says that cannot be.
	errSite = errors.New("coordinator: the site's answer is not believed")
)

// take takes one step for a task, and says how long to rest before it is taken again
// if it is still due then.
func (l *leader) take(ctx context.Context, t *state.Task, step schedule.Step) time.Duration {
	log := l.c.log.With("task", t.ID.Short(), "step", step.Kind.String())
	if step.Point != 0 {
		site, _ := t.Roster.Message.Site(step.Point)
		log = log.With("site", site.Name)
	}
	err := l.do(ctx, t, step, log)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		return l.c.cfg.Timing.Retry
	case errors.Is(err, errWorking):
		l.note(t, func(m *memory) {
			m.tell(step.Point, stepWorking, l.c.news.spread)
		})
		return l.c.cfg.Timing.Poll
	case errors.Is(err, protocol.AwaitingApproval):
		l.note(t, func(m *memory) { m.tell(step.Point, stepApproval, l.c.news.spread) })
		return l.c.cfg.Timing.Approval
	case errors.Is(err, state.ErrConflict), errors.Is(err, wire.ErrNotConnected), errors.Is(err, wire.ErrBroken):
		// Things have gone on meanwhile.
		log.Debug("step not taken", "why", err)
	default:
		log.Warn("step not taken", "why", err)
	}
	return l.c.cfg.Timing.Retry
}

func (l *leader) do(ctx context.Context, t *state.Task, step schedule.Step, log *slog.Logger) error {
	switch step.Kind {
	case schedule.Start:
		return l.start(ctx, t, log)
	case schedule.Pass:
		return l.commit(ctx, state.Pass(t.ID, t.Attempt.Number))
	case schedule.Fail:
		log.Info("task failed", "why", step.Failure)
		number := uint32(0)
		if t.Attempt != nil {
			number = t.Attempt.Number
		}
		return l.commit(ctx, state.Fail(t.ID, number, step.Failure))
	case schedule.SignCut:
		return l.signCut(ctx, t)
	case schedule.Offer:
		return l.offer(ctx, t, step.Point)
	case schedule.Fetch:
		return l.fetch(ctx, t, step.Point)
	case schedule.Deliver:
		return l.deliver(ctx, t, step.Point)
	case schedule.Cut:
		return l.cut(ctx, t, step.Point)
	case schedule.Witness:
		return l.witness(ctx, t, step.Point)
	case schedule.Open:
		return l.open(ctx, t, step.Point)
	case schedule.Sum:
		return l.sum(ctx, t, log)
	}
	return fmt.Errorf("coordinator: no way to take step %s", step.Kind)
}

func (l *leader) commit(ctx context.Context, cmd state.Command) error {
	_, err := l.c.commit(ctx, cmd)
	return err
}

// start signs the next attempt. It is committed before any site sees it.
func (l *leader) start(ctx context.Context, t *state.Task, log *slog.Logger) error {
	now := l.c.cfg.Now().UTC().Truncate(time.Second)
	h := &t.Header.Message
	task := protocol.Task{Study: h.Study, Roster: t.Roster.Digest(), Query: t.ID, Attempt: 1, Issued: now, Expires: now.Add(l.c.cfg.Timing.Attempt)}
	if t.Attempt != nil {
		task.Attempt = t.Attempt.Number + 1
	}
	if task.Expires.After(h.Expires) {
		task.Expires = h.Expires
	}
	contributeBy := now.Add(l.c.cfg.Timing.Contribute)
	if waitedForPeople(t) {
		task.Expires, contributeBy = h.Expires, h.Expires
	}
	if contributeBy.After(task.Expires) {
		contributeBy = task.Expires
	}
	signed, err := protocol.Sign(task, l.c.cfg.Home.Signing)
	if err != nil {
		return err
	}
	log.Info("attempt starts", "attempt", task.Attempt)
	return l.commit(ctx, state.Start(signed, contributeBy))
}

// call makes a call of a task's site, and commits a refusal that is for good.
func (l *leader) call(ctx context.Context, t *state.Task, point uint32, call protocol.Call, request []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	site, _ := t.Roster.Message.Site(point)
	reply, err := l.ask(ctx, wire.PeerID(site.Peer), call, request)
	switch {
	case err != nil:
		return nil, err
	case reply.Working:
		return nil, errWorking
	case len(reply.Refusal) > 0:
		return nil, l.refused(ctx, t, point, reply.Refusal)
	}
	return reply.Answer, nil
}

// refused takes a site's no. A site that is not ready is greeted again and asked
// again, and so is one that waits for more witnesses: the attempt's end bounds both.
func (l *leader) refused(ctx context.Context, t *state.Task, point uint32, raw []byte) error {
	refusal, err := t.Roster.Message.OpenRefusal(raw)
	if err != nil {
		return err
	}
	if refusal.Message.Point != point || refusal.Message.Session != t.Session() {
		return fmt.Errorf("%w: a refusal of something else", errSite)
	}
	switch refusal.Message.Code {
	case protocol.NotReady:
		l.greetAgain(t, point)
		return refusal.Message.Code
	case protocol.DeclarationChanged:
		l.greetAgain(t, point) // who asks again is told the new one
	case protocol.AwaitingApproval:
		if patient(t) {
			return refusal.Message.Code
		}
	case protocol.NotWitnessed:
		l.note(t, func(m *memory) { delete(m.seen, point) })
		return refusal.Message.Code
	}
	l.c.log.Info("site refused", "task", t.ID.Short(), "point", point, "code", refusal.Message.Code.String())
	return l.commit(ctx, state.Refused(t.ID, refusal))
}

// People take hours or days. So an attempt that a site has refused because people have to
// decide is followed by one that lasts as long as its query, in which the site is asked again.

// waitedForPeople reports whether people had to decide in the last attempt.
func waitedForPeople(t *state.Task) bool {
	if t.Attempt == nil {
		return false
	}
	for _, s := range t.Attempt.Sites {
		if s.Refused == protocol.AwaitingApproval {
			return true
		}
	}
	return false
}

// patient reports whether an attempt lasts as long as its query.
func patient(t *state.Task) bool {
	return t.Attempt != nil && !t.Attempt.ContributeBy.Before(t.Header.Message.Expires)
}

// What is shown of a site that has neither contributed nor refused.
const (
	stepWorking  = "working"
	stepApproval = "approval"
)

// tell notes a step, and spreads the news where it is one.
func (m *memory) tell(point uint32, step string, spread func()) {
	if m.busy[point] != step {
		m.busy[point] = step
		spread()
	}
}

// greetAgain has a site say anew how it is, before the next greeting is due.
func (l *leader) greetAgain(t *state.Task, point uint32) {
	site, _ := t.Roster.Message.Site(point)
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sites, wire.PeerID(site.Peer))
}

// offer asks a site to contribute, or for what it has contributed.
func (l *leader) offer(ctx context.Context, t *state.Task, point uint32) error {
	if int(point) > len(t.Bodies) {
		return fmt.Errorf("%w: the task is over", state.ErrConflict)
	}
	request, err := protocol.Offer{Task: t.Task, Header: t.Header, Body: t.Bodies[point-1], Declarations: t.Declarations}.Bytes()
	answer, err := l.call(ctx, t, point, protocol.CallOffer, request, err)
	if err != nil || answer == nil {
		return err
	}
	c, err := t.Roster.Message.ParseContribution(answer, t.Roster.Digest())
	if err != nil {
		return err
	}
	h := &c.Header.Message
	if h.Point != point || h.Session != t.Session() {
		return fmt.Errorf("%w: a contribution to something else", errSite)
	}
	if known := t.Attempt.Sites[point].Header; !known.IsZero() && known != c.Header.Digest() {
		return fmt.Errorf("%w: another contribution than before", errSite)
	}
	if err := l.bound(t, c); err != nil {
		return err
	}
	if err := l.commit(ctx, state.Contributed(t.ID, c.Header)); err != nil {
		return err
	}
	l.note(t, func(m *memory) {
		m.contributions[point] = c
		delete(m.busy, point)
	})
	return nil
}

// bound believes that a release is bound to a set only by a cut that a member has
// signed, and that this log has decided if it knows of the session.
func (l *leader) bound(t *state.Task, c protocol.Contribution) error {
	points := c.Header.Message.Bound
	// A set that the query names is the cut whoever says so. A site that learnt its
	// vote back from its own snapshot has no cut to show for it.
	if len(points) == 0 || slices.Equal(points, t.Rules().Named) {
		return nil
	}
	cut, err := t.Roster.Message.OpenCut(c.BoundBy, t.Roster.Digest())
	if err != nil {
		return fmt.Errorf("the cut that site %d is bound by: %w", c.Header.Message.Point, err)
	}
	if !slices.Equal(cut.Message.Points(), points) {
		return fmt.Errorf("%w: site %d says another set than the cut that bound it", errSite, c.Header.Message.Point)
	}
	l.c.machine.View(func(s *state.State) {
		if set, ok := s.Decided(cut.Message.Session); ok && set != cut.Message.Set() {
			err = fmt.Errorf("%w: site %d is bound by a cut that was not decided here", errSite, c.Header.Message.Point)
		}
	})
	return err
}

// held copies a leader's memory of an attempt out from under the lock.
func held[V any](l *leader, t *state.Task, pick func(*memory) map[uint32]V) map[uint32]V {
	out := make(map[uint32]V)
	l.note(t, func(m *memory) {
		for p, v := range pick(m) {
			out[p] = v
		}
	})
	return out
}

// deliver hands a site the key shares that are meant for it.
func (l *leader) deliver(ctx context.Context, t *state.Task, point uint32) error {
	contributions := held(l, t, func(m *memory) map[uint32]protocol.Contribution { return m.contributions })
	d := protocol.Delivery{Session: t.Session()}
	for _, p := range t.Attempt.Contributors() {
		c, ok := contributions[p]
		if !ok {
			return fmt.Errorf("%w: no shares of site %d here yet", state.ErrConflict, p)
		}
		d.Add(c, point)
	}
	request, err := d.Bytes()
	answer, err := l.call(ctx, t, point, protocol.CallDeliver, request, err)
	if err != nil || answer == nil {
		return err
	}
	r, err := t.Roster.Message.OpenReceived(answer)
	if err != nil {
		return err
	}
	if r.Message.Point != point || r.Message.Session != t.Session() {
		return fmt.Errorf("%w: received something else", errSite)
	}
	return l.commit(ctx, state.Received(t.ID, r))
}

// partOf is what a site has contributed to the sum.
func partOf(t *state.Task, point uint32) (aggregate.Part, error) {
	h, err := t.Contribution(point)
	if err != nil {
		return aggregate.Part{}, err
	}
	site, _ := t.Roster.Message.Site(point)
	return aggregate.Part{Point: point, Peer: wire.PeerID(site.Peer), Words: h.Message.Words, Size: int64(state.WordBytes(&h.Message))}, nil
}

// fetch brings a site's words to this member's disk: from another member that has
// them, or from the site.
func (l *leader) fetch(ctx context.Context, t *state.Task, point uint32) error {
	part, err := partOf(t, point)
	if err != nil {
		return err
	}
	here, err := l.c.obtain(ctx, item{part.Words, uint64(part.Size)})
	if err == nil && !here {
		err = aggregate.Fetch(ctx, l.c.transport, l.c.blobs, part)
	}
	if err != nil {
		return err
	}
	l.note(t, func(m *memory) { m.words[point] = true })
	return nil
}

// sum adds up the words of the cut's members, once for each leader.
func (l *leader) sum(ctx context.Context, t *state.Task, log *slog.Logger) error {
	if !t.Sum.IsZero() {
		here, err := l.c.obtain(ctx, item{t.Sum, t.SumSize})
		if err != nil {
			return err
		}
		if here {
			l.note(t, func(m *memory) { m.sum = true })
			return nil
		}
	}
	var parts []aggregate.Part
	for _, p := range t.Attempt.Members() {
		part, err := partOf(t, p)
		if err != nil {
			return err
		}
		parts = append(parts, part)
	}
	began := l.c.cfg.Now()
	sum, err := aggregate.Sum(ctx, l.c.transport, l.c.blobs, parts)
	if err != nil {
		return err
	}
	if !t.Sum.IsZero() && t.Sum != sum {
		return fmt.Errorf("%w: the words of this cut add up to another sum than before", errSite)
	}
	log.Info("summed", "sites", len(parts), "bytes", parts[0].Size, "took", l.c.cfg.Now().Sub(began))
	if err := l.commit(ctx, state.SetSum(t.ID, t.Attempt.Number, sum, uint64(parts[0].Size))); err != nil {
		return err
	}
	l.note(t, func(m *memory) { m.sum = true })
	return aggregate.Forget(ctx, l.c.blobs, parts, sum)
}
