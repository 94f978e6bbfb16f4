package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
)

var (
	// ErrNotLeader is matched by every [NotLeaderError].
	ErrNotLeader = errors.New("replica: this member is not the leader")
	// ErrUncertain is returned by Propose when it is not known whether the
	// command was committed. Propose it again, under the same command id.
	ErrUncertain = errors.New("replica: it is not known whether the command was committed: propose it again under the same id")
	// ErrBusy is returned when the leader's queue stayed full. Nothing was done.
	ErrBusy = errors.New("replica: the leader is busy")
	// ErrTooLarge is returned by Propose for a command over MaxCommand.
	ErrTooLarge = errors.New("replica: the command is too large")
	// ErrCommand is returned by Propose for a command that Config.Admit refused.
	ErrCommand = errors.New("replica: the command is not understood")
)

// NotLeaderError says that nothing was done, and who to ask instead.
type NotLeaderError struct {
	// Leader is the leader as far as this member knows, or empty.
	Leader MemberID
}

// Error names the leader.
func (e *NotLeaderError) Error() string {
	if e.Leader == "" {
		return ErrNotLeader.Error() + ", and knows of none: ask again soon"
	}
	return fmt.Sprintf("%v: ask %q", ErrNotLeader, string(e.Leader))
}

// Is makes the error match ErrNotLeader.
func (e *NotLeaderError) Is(target error) bool { return target == ErrNotLeader }

// Propose commits a command, and returns what Machine.Apply said to it here. It
// works on the leader alone. The error tells nothing about what the Machine
// decided: that is in the result.
func (r *Replica) Propose(ctx context.Context, command []byte) (any, error) {
	if len(command) > MaxCommand {
		return nil, fmt.Errorf("%w: %d bytes, want at most %d", ErrTooLarge, len(command), MaxCommand)
	}
	if r.cfg.Admit != nil {
		if err := r.cfg.Admit(command); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCommand, err)
		}
	}
	node, err := r.leading()
	if err != nil {
		return nil, err
	}
	command = bytes.Clone(command) // raft keeps it for longer than the caller may
	var answer applied
	err = r.ask(ctx, func() error {
		future := node.Apply(command, enqueueTimeout)
		if err := future.Error(); err != nil {
			return err
		}
		answer, _ = future.Response().(applied)
		return nil
	})
	switch {
	case err == nil && answer.err == nil:
		return answer.result, nil
	case err == nil:
		return nil, fmt.Errorf("%w: %w", ErrUncertain, answer.err)
	case isUndone(err):
		return nil, r.undone(err)
	default:
		return nil, fmt.Errorf("%w: %w", ErrUncertain, err)
	}
}

// Read runs look while the Machine stands still. If Read returns nil, look saw
// every command that was answered, anywhere, before Read was called. Otherwise
// what look saw, if it ran, MUST be thrown away. It works on the leader alone.
// Look MUST NOT call Propose or Read, nor keep what it was shown.
func (r *Replica) Read(ctx context.Context, look func()) error {
	node, err := r.leading()
	if err != nil {
		return err
	}
	// A new leader holds all that was committed before, but has not applied it
	// until something of its own term has passed.
	term := node.CurrentTerm()
	if r.barred.Load() != term {
		if err := r.ask(ctx, func() error { return node.Barrier(enqueueTimeout).Error() }); err != nil {
			return r.undone(err)
		}
		r.barred.Store(term)
	}
	if err := r.fault.err(); err != nil {
		return err
	}
	r.fsm.view(look)
	if err := r.ask(ctx, func() error { return node.VerifyLeader().Error() }); err != nil {
		return r.undone(err)
	}
	// Leadership that was lost and won again may have missed a command between.
	if node.CurrentTerm() != term {
		return r.undone(raft.ErrLeadershipLost)
	}
	return nil
}

// leading returns raft if this member leads.
func (r *Replica) leading() (*raft.Raft, error) {
	if err := r.fault.err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStopped, err)
	}
	select {
	case <-r.done:
		return nil, ErrStopped
	default:
	}
	node := r.node.Load()
	if node == nil || node.State() != raft.Leader {
		return nil, r.notLeader()
	}
	return node, nil
}

func (r *Replica) notLeader() error {
	leader, self := r.Leader()
	if self {
		leader = "" // not for long
	}
	return &NotLeaderError{Leader: leader}
}

// ask waits for raft's answer, for ctx, or for the end. Raft's futures know
// neither of the latter, hence the goroutine, which Run waits for.
func (r *Replica) ask(ctx context.Context, question func() error) error {
	r.mu.Lock()
	if r.closing {
		r.mu.Unlock()
		return ErrStopped
	}
	r.asked.Add(1)
	r.mu.Unlock()
	answer := make(chan error, 1)
	go func() {
		defer r.asked.Done()
		answer <- question()
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return raft.ErrRaftShutdown
	}
}

// isUndone reports whether an error means that nothing was or will be done.
func isUndone(err error) bool {
	return errors.Is(err, raft.ErrNotLeader) || errors.Is(err, raft.ErrLeadershipTransferInProgress) ||
		errors.Is(err, raft.ErrEnqueueTimeout) || errors.Is(err, ErrStopped)
}

// undone is what the caller is told when nothing was done, or nothing that
// matters.
func (r *Replica) undone(err error) error {
	switch {
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipLost),
		errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return r.notLeader()
	case errors.Is(err, raft.ErrEnqueueTimeout):
		return ErrBusy
	case errors.Is(err, raft.ErrRaftShutdown):
		return ErrStopped
	default:
		return err
	}
}
