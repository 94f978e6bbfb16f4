package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// ErrStopped is returned when the replica has stopped or is stopping.
var ErrStopped = errors.New("replica: stopped")

// Replica is one member's copy of the Machine. Its methods may be called from
// any goroutine.
type Replica struct {
	cfg   Config
	disk  *disk
	fsm   *fsm
	fault *fault

	changed  signal
	progress progress

	used   atomic.Bool               // Run or Close was called
	node   atomic.Pointer[raft.Raft] // nil until Run has started it
	barred atomic.Uint64             // the term in which a Barrier has passed
	done   chan struct{}             // closed when raft has stopped

	mu      sync.Mutex
	closing bool
	asked   sync.WaitGroup // questions that raft has not answered
}

// Open checks the configuration and opens what is on disk. It founds the
// cluster if there is nothing and Config.Members is set. Nothing moves until
// Run.
func Open(cfg Config) (*Replica, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	r := &Replica{cfg: cfg, fault: newFault(), done: make(chan struct{})}
	r.progress.last = make(map[MemberID]report)
	r.fsm = &fsm{fault: r.fault, changed: &r.changed, machine: cfg.Machine, settle: cfg.Settle}
	var err error
	if r.disk, err = openDisk(&r.cfg, r.fault, newLogger(cfg.Log)); err != nil {
		return nil, err
	}
	return r, nil
}

// Close gives back what Open took, if Run was never called.
func (r *Replica) Close() error {
	if r.used.Swap(true) {
		return nil
	}
	close(r.done)
	return r.disk.Close()
}

// Run takes part in the cluster until ctx ends, and returns nil then. A leader
// hands leadership on first. Any other return is a failure of this member after
// which the process MUST end: [ErrStorage], [ErrMachine].
func (r *Replica) Run(ctx context.Context) error {
	if r.used.Swap(true) {
		return ErrStopped
	}
	lines := newStreams(ctx, r.cfg.Layer, r.cfg.Self)
	node, err := r.start(lines)
	if err != nil {
		close(r.done)
		return errors.Join(err, r.disk.Close())
	}
	events := make(chan raft.Observation, 1)
	observer := raft.NewObserver(events, false, concernsLeader)
	node.RegisterObserver(observer)
	r.node.Store(node)
	r.changed.fire()

	err = r.follow(ctx, node, events)

	stopped := node.Shutdown()
	_ = lines.Close() // so that nothing of raft's waits for another member
	_ = stopped.Error()
	lines.wait()
	node.DeregisterObserver(observer)
	close(r.done)
	r.changed.fire()
	return errors.Join(err, r.disk.Close())
}

// start starts raft, which restores the newest snapshot.
func (r *Replica) start(lines *streams) (*raft.Raft, error) {
	conf := r.cfg.raft()
	carrier := transport{progress: &r.progress, patience: r.cfg.io(), NetworkTransport: raft.NewNetworkTransportWithConfig(
		&raft.NetworkTransportConfig{Stream: lines, MaxPool: 3, Timeout: r.cfg.io(), Logger: conf.Logger})}
	node, err := raft.NewRaft(conf, r.fsm, r.disk, r.disk, r.disk, carrier)
	// A snapshot that is damaged must not be passed over for an older one.
	if broken := r.fault.err(); broken != nil && err == nil {
		_ = node.Shutdown().Error()
		err = broken
	}
	if err != nil {
		_ = carrier.Close()
		lines.wait()
		return nil, fmt.Errorf("replica: start: %w", errors.Join(err, r.fault.err()))
	}
	return node, nil
}

// follow passes raft's news on until this member has to stop.
func (r *Replica) follow(ctx context.Context, node *raft.Raft, events <-chan raft.Observation) error {
	for {
		select {
		case <-ctx.Done():
			r.leave(node)
			return r.fault.err()
		case <-r.fault.tripped:
			return r.fault.err()
		case <-events:
			// One event may stand for several: the listener looks again.
			r.changed.fire()
		}
	}
}

// leave lets no more questions in, hands leadership on, and waits for the
// answers that are due. Raft forgets those that are left when it is shut down.
func (r *Replica) leave(node *raft.Raft) {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
	if node.State() == raft.Leader {
		_ = node.LeadershipTransfer().Error() // there may be nobody to take it
	}
	answered := make(chan struct{})
	go func() {
		r.asked.Wait()
		close(answered)
	}()
	bound := time.NewTimer(drainTimeout)
	defer bound.Stop()
	select {
	case <-answered:
	case <-bound.C:
	case <-r.fault.tripped:
	}
}

// concernsLeader picks the news that Changed passes on.
func concernsLeader(o *raft.Observation) bool {
	switch o.Data.(type) {
	case raft.LeaderObservation, raft.RaftState, raft.PeerObservation:
		return true
	}
	return false
}

// Changed returns a channel that is closed when the state, the leader or the
// members may have changed, or the replica has stopped. Take the channel first,
// then look, then wait.
func (r *Replica) Changed() <-chan struct{} { return r.changed.next() }

// Applied is the index of the last command in this member's copy of the state.
func (r *Replica) Applied() uint64 { return r.fsm.applied() }

// Snapshot writes the state to disk now, and drops the entries that it makes
// needless. Raft does so by itself from time to time.
func (r *Replica) Snapshot(ctx context.Context) error {
	node := r.node.Load()
	if node == nil {
		return ErrStopped
	}
	err := r.ask(ctx, func() error { return node.Snapshot().Error() })
	if err == nil || errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return nil
	}
	return fmt.Errorf("replica: snapshot: %w", err)
}
