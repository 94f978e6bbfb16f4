package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// ErrNotJoined is returned when a node has no coordinator yet.
var ErrNotJoined = errors.New("node: this site has joined no coordinator; use join with the operator's token")

// cleanEvery is how often what is over is forgotten.
const cleanEvery = time.Hour

// Run connects with the coordinator and answers it until ctx ends. A second Run or
// Serve in the same directory is refused (ErrServing).
func (n *Node) Run(ctx context.Context) error {
	endpoints := n.Coordinator()
	if len(endpoints) == 0 {
		return ErrNotJoined
	}
	host, err := n.door.Host(n.keys.Network(), endpoints, n.observe)
	if err != nil {
		return err
	}
	return errors.Join(n.Serve(ctx, host), host.Close())
}

// observe tells the log what the transport noticed.
func (n *Node) observe(e wire.Event) {
	l := n.cfg.Log.With("peer", e.Peer)
	if e.Err != nil {
		l = l.With("why", e.Err)
	}
	if e.What == wire.Connected || e.What == wire.Disconnected {
		l.Info("coordinator " + e.What.String())
		return
	}
	l.Warn("coordinator " + e.What.String())
}

// Serve answers over a transport until ctx ends, or until the disk fails.
func (n *Node) Serve(ctx context.Context, t wire.Transport) error {
	held, err := lock(n.cfg.Dir)
	if err != nil {
		return err
	}
	defer held.Close()
	memory, err := audit.OpenMemory(filepath.Join(n.cfg.Dir, witnessName))
	if err != nil {
		return err
	}
	defer memory.Close()
	to, err := n.notifier()
	if err != nil {
		return err
	}
	var w *watch
	for _, first := range []func(context.Context) error{
		n.records.verifyChain,
		n.verifyBudget,
		n.verifyReleased,
		n.verifyConsents,
		n.verifyPolicy,
		func(ctx context.Context) error { return n.clean(ctx, n.cfg.Now()) },
		func(ctx context.Context) (err error) { w, err = n.watching(ctx); return err },
	} {
		if err := first(ctx); err != nil {
			if ctx.Err() != nil && !fatal(err) {
				return nil // told to end before it began
			}
			return err
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	journal, err := n.openJournal(ctx)
	if err == nil {
		defer journal.Close()
		err = journal.started(ctx, n.cfg.Version)
	}
	if err != nil {
		if ctx.Err() != nil && !fatal(err) {
			return nil
		}
		return err
	}
	s := &server{Node: n, journal: journal, jobs: newJobs(), memory: memory, watch: w, fresh: make(map[string]*freshness), done: make(map[protocol.SessionID]protocol.Code)}
	guarded := &failStop{n.door.Guard(s), n.door.GuardBulk(s), n.cfg.Log, stop}
	t.Serve(guarded, guarded)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return t.Run(ctx) })
	work.Go(func() error { return s.jobs.run(ctx, n.cfg.Workers) })
	work.Go(func() error { return s.cleanAlways(ctx) })
	work.Go(func() error { return n.feedConsents(ctx) })
	work.Go(func() error { return s.keepCosigned(ctx) })
	work.Go(func() error { return n.tellAlways(ctx, to) })
	if to != nil {
		work.Go(func() error { return to.Run(ctx) })
	}
	err = work.Wait()
	if cause := context.Cause(ctx); fatal(cause) {
		n.cfg.Log.Error("stopped: the records or the log could not be written", "why", cause)
		return cause
	}
	return err
}

func (s *server) cleanAlways(ctx context.Context) error {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		if err := s.tellOldKeys(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			now := s.cfg.Now()
			if err := errors.Join(s.clean(ctx, now), s.watch.clean(ctx, now)); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// failStop writes down what went wrong, which nobody else is told, and ends serving at
// the first error after which nothing may leave.
type failStop struct {
	calls wire.Handler
	bulk  wire.BulkHandler
	log   *slog.Logger
	stop  context.CancelCauseFunc
}

// ServeCall answers a call.
func (f *failStop) ServeCall(ctx context.Context, from wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	answer, err := f.calls.ServeCall(ctx, from, kind, request)
	return answer, f.see(ctx, "call "+callName(kind), err)
}

// OpenBulk opens stored words.
func (f *failStop) OpenBulk(ctx context.Context, from wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	bulk, err := f.bulk.OpenBulk(ctx, from, id, offset)
	return bulk, f.see(ctx, "bulk", err)
}

func (f *failStop) see(ctx context.Context, what string, err error) error {
	switch {
	case fatal(err):
		f.stop(err)
	case err != nil && ctx.Err() == nil:
		f.log.Warn("not answered", "what", what, "why", err)
	}
	return err
}

func callName(kind wire.Kind) string {
	for _, c := range protocol.Calls() {
		if wire.Kind(c.Call) == kind {
			return c.Name
		}
	}
	return "unknown"
}

func fatal(err error) bool {
	return errors.Is(err, errDisk) || errors.Is(err, egress.ErrLog) || errors.Is(err, errJournal) || errors.Is(err, notify.ErrDisk)
}

// server is a node while it serves.
type server struct {
	*Node
	jobs    *jobs
	journal *journal
	watch   *watch
	// memory is what this site has cosigned of others' logs.
	memory audit.Memory
	fresh  map[string]*freshness // by study; guarded by Node.mu
	// done are tasks of which it was told with what they were refused; guarded by Node.mu.
	done map[protocol.SessionID]protocol.Code
	// daysTold is how long a key lasts that it was told of last; of cleanAlways alone.
	daysTold *uint64
}

// about names what a call is about, for refusals and for the log.
type about struct {
	pinned  *pinned
	session protocol.SessionID
	// task is what the audit log is told of the task that an offer is of.
	task audit.Entry
}

// ServeCall answers one call of a coordinator member.
func (s *server) ServeCall(ctx context.Context, from wire.PeerID, kind wire.Kind, request []byte) ([]byte, error) {
	if !s.isCoordinator(from) {
		return nil, wire.CodeRefused
	}
	var on about
	var answer []byte
	var err error
	switch protocol.Call(kind) {
	case protocol.CallSync:
		answer, err = s.sync(ctx, from, request)
		return answer, errors.Join(err, s.journal.follow(ctx, s.records.db))
	case protocol.CallTestify:
		on, answer, err = s.testify(ctx, from, request)
	case protocol.CallOffer:
		on, answer, err = s.offer(ctx, from, request)
	case protocol.CallDeliver:
		on, answer, err = s.deliver(ctx, from, request)
	case protocol.CallCut:
		on, answer, err = s.cut(ctx, from, request)
	case protocol.CallWitness:
		on, answer, err = s.witness(ctx, from, request)
	case protocol.CallOpen:
		on, answer, err = s.open(ctx, from, request)
	case protocol.CallCosign:
		on, answer, err = s.cosign(ctx, from, request)
	default:
		return nil, wire.CodeUnsupported
	}
	if errors.Is(err, protocol.BadSignature) && on.pinned != nil {
		if err := s.unsigned(ctx, from, on.pinned.roster.Message.Study); err != nil {
			return nil, err
		}
	}
	return s.reply(ctx, protocol.Call(kind), on, answer, err)
}

// errWorking says that the answer is not there yet.
var errWorking = errors.New("node: still at it")

// boundError refuses with the set that the release is bound to.
type boundError struct {
	protocol.Code
	points []uint32
}

// Unwrap is the code.
func (e boundError) Unwrap() error { return e.Code }

// reply turns what a call came to into what leaves: an answer, a word of patience, or
// a code that is signed. Why is for the log alone.
func (s *server) reply(ctx context.Context, call protocol.Call, on about, answer []byte, err error) ([]byte, error) {
	switch {
	case err == nil:
		if err := s.recorded(ctx, call, on, answer); err != nil {
			return nil, err
		}
		return protocol.Reply{Answer: answer}.Bytes()
	case errors.Is(err, errWorking):
		return protocol.Reply{Working: true}.Bytes()
	case fatal(err), ctx.Err() != nil, on.pinned == nil, errors.As(err, new(wire.Code)):
		return nil, err
	}
	refusal := protocol.Refusal{Session: on.session, Point: on.pinned.point, Code: protocol.Internal}
	errors.As(err, &refusal.Code)
	var bound boundError
	if errors.As(err, &bound) {
		refusal.Code, refusal.Bound = bound.Code, bound.points
	}
	l := s.cfg.Log.With("call", callName(wire.Kind(call)), "study", on.pinned.roster.Message.Study, "session", on.session.Short())
	if refusal.Code == protocol.DataChanged {
		l.Error("ALARM: the same question would have another answer than before", "why", err)
	} else {
		l.Warn("refused", "code", refusal.Code.String(), "why", err)
	}
	if call == protocol.CallOffer {
		if err := s.tellRefused(ctx, on, refusal.Code); err != nil {
			return nil, err
		}
	}
	signed, err := protocol.Sign(refusal, s.keys.Signing())
	if err != nil {
		return nil, fmt.Errorf("sign a refusal: %w", err)
	}
	if err := s.record(ctx, on, audit.Entry{Kind: audit.KindRefusal, Subject: signed.Digest(), Code: uint16(refusal.Code)}); err != nil {
		return nil, err
	}
	return protocol.Reply{Refusal: signed.Bytes()}.Bytes()
}

// isCoordinator reports whether a peer is of the coordinator that the site joined.
func (s *server) isCoordinator(from wire.PeerID) bool {
	return debug.Without(debug.AllowList) ||
		slices.ContainsFunc(s.Coordinator(), func(e protocol.Endpoint) bool { return e.Peer == string(from) })
}

// admits refuses a peer that the study's roster does not name as a member.
func (p *pinned) admits(from wire.PeerID) error {
	if debug.Without(debug.AllowList) ||
		slices.ContainsFunc(p.roster.Message.Members, func(m protocol.Member) bool { return m.Peer == string(from) }) {
		return nil
	}
	return wire.CodeRefused
}

// study is the roster in force of a study. Without one nothing can be signed about
// it: the transport's code must do.
func (s *server) study(ctx context.Context, from wire.PeerID, name string) (about, error) {
	p, err := s.pinnedRoster(ctx, s.records.db, name)
	switch {
	case errors.Is(err, protocol.UnknownStudy):
		return s.ended(ctx, from, name)
	case err != nil:
		return about{}, err
	}
	if err := p.admits(from); err != nil {
		return about{}, err
	}
	on := about{pinned: p}
	if err := p.inForce(); err != nil {
		return on, err
	}
	return on, s.heard(ctx, s.records.db, p, from)
}

// inForce refuses a roster that is not signed by all, or has ended.
func (p *pinned) inForce() error {
	if p.state != rosterInForce {
		return fmt.Errorf("%w: epoch %d is %s", protocol.RosterNotPinned, p.roster.Message.Epoch, p.state)
	}
	return nil
}

// task is the stored session that a call is about, with its roster. One that is not
// known is refused under the roster whose signatures the call carries: speaks tells
// whether it is a given one.
func (s *server) task(ctx context.Context, from wire.PeerID, id protocol.SessionID, speaks func(*pinned) error) (about, *stored, error) {
	row, err := readSession(ctx, s.records.db, id)
	if err != nil {
		return about{}, nil, err
	}
	if row == nil {
		return s.strange(ctx, from, id, speaks)
	}
	p, err := s.rosterByDigest(ctx, s.records.db, row.roster)
	if err != nil {
		return about{}, nil, err
	}
	if err := p.admits(from); err != nil {
		return about{}, nil, err
	}
	on := about{pinned: p, session: id}
	if err := errors.Join(p.inForce(), notFrozen(ctx, s.records.db), s.heard(ctx, s.records.db, p, from), s.unrevoked(ctx, s.records.db, p, row)); err != nil {
		return on, nil, err
	}
	if !s.cfg.Now().Before(row.expires) && !debug.Without(debug.Expiry) {
		return on, nil, fmt.Errorf("%w: the attempt is over", protocol.Expired)
	}
	return on, row, nil
}

func (s *server) strange(ctx context.Context, from wire.PeerID, id protocol.SessionID, speaks func(*pinned) error) (about, *stored, error) {
	known, err := rostersOf(ctx, s.records.db, "")
	if err != nil {
		return about{}, nil, err
	}
	for _, k := range known {
		if k.state != rosterInForce {
			continue
		}
		p, err := s.rosterByDigest(ctx, s.records.db, k.digest)
		if err != nil {
			return about{}, nil, err
		}
		if p.admits(from) == nil && speaks(p) == nil {
			return about{pinned: p, session: id}, nil, protocol.UnknownSession
		}
	}
	return about{}, nil, wire.CodeNotFound
}

// OpenBulk opens the masked words of a contribution that has left.
func (s *server) OpenBulk(ctx context.Context, from wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	if !s.isCoordinator(from) {
		return wire.Bulk{}, wire.CodeRefused
	}
	sent, err := sessionsOfWords(ctx, s.records.db, id, s.cfg.Now())
	if err != nil {
		return wire.Bulk{}, err
	}
	for _, session := range sent {
		row, err := readSession(ctx, s.records.db, session)
		if err != nil || row == nil {
			return wire.Bulk{}, errors.Join(err, wire.CodeNotFound)
		}
		p, err := s.rosterByDigest(ctx, s.records.db, row.roster)
		if err != nil {
			return wire.Bulk{}, err
		}
		err = errors.Join(p.admits(from), p.inForce(), notFrozen(ctx, s.records.db), s.heard(ctx, s.records.db, p, from), s.unrevoked(ctx, s.records.db, p, row))
		switch {
		case err == nil:
			return s.outbox.open(id, offset)
		case fatal(err):
			return wire.Bulk{}, err
		}
	}
	return wire.Bulk{}, wire.CodeNotFound
}
