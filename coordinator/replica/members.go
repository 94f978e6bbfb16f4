package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

// ErrMember is returned when a change of members makes no sense.
var ErrMember = errors.New("replica: no such change of members")

// ErrBehind is returned by AddMember when the new member has not caught up in
// time. It takes part without a vote; add it again to finish, or remove it.
var ErrBehind = errors.New("replica: the new member has not caught up, and has no vote yet")

// Member is a member as the leader sees it.
type Member struct {
	ID     MemberID
	Voter  bool
	Leader bool
	// Index is the last entry of its log, and Heard when it said so. Both are
	// zero on a follower, which hears of nobody else, and for who never answered.
	Index uint64
	Heard time.Time
}

// Leader is the leader as far as this member knows, or empty, and whether it is
// this member.
func (r *Replica) Leader() (id MemberID, self bool) {
	node := r.node.Load()
	if node == nil {
		return "", false
	}
	_, leader := node.LeaderWithID()
	return MemberID(leader), leader == raft.ServerID(r.cfg.Self) && node.State() == raft.Leader
}

// Term is the number of the newest election that this member knows of.
func (r *Replica) Term() uint64 {
	if node := r.node.Load(); node != nil {
		return node.CurrentTerm()
	}
	return 0
}

// Members lists the members, in the order in which they came.
func (r *Replica) Members() []Member {
	node := r.node.Load()
	if node == nil {
		return nil
	}
	leader, self := r.Leader()
	var members []Member
	for _, s := range node.GetConfiguration().Configuration().Servers {
		m := Member{ID: MemberID(s.ID), Voter: s.Suffrage == raft.Voter, Leader: MemberID(s.ID) == leader}
		switch {
		case m.ID == r.cfg.Self:
			m.Index, m.Heard = node.LastIndex(), time.Now()
		case self:
			report := r.progress.of(m.ID)
			m.Index, m.Heard = report.index, report.at
		}
		members = append(members, m)
	}
	return members
}

// AddMember adds a member, first without a vote, and gives it one when its log
// has caught up: a voter that cannot be reached could stop the cluster for
// good. It works on the leader alone, and may be called again.
func (r *Replica) AddMember(ctx context.Context, id MemberID) error {
	if !id.valid() {
		return fmt.Errorf("%w: add %q: want an id of 1 to %d bytes", ErrMember, clip(id), maxID)
	}
	node, err := r.leading()
	if err != nil {
		return err
	}
	members := r.Members()
	for _, m := range members {
		if m.ID == id && m.Voter {
			return nil
		}
	}
	if len(members) >= MaxMembers {
		return fmt.Errorf("%w: add %q: there are %d members, the most there may be", ErrMember, id, len(members))
	}
	server, address := raft.ServerID(id), raft.ServerAddress(id)
	target := node.LastIndex() // the member is added by a later entry
	err = r.change(ctx, func() raft.Future { return node.AddNonvoter(server, address, 0, enqueueTimeout) })
	if err != nil {
		return fmt.Errorf("add %q: %w", id, err)
	}
	if err := r.caughtUp(ctx, id, target); err != nil {
		return fmt.Errorf("add %q: %w", id, err)
	}
	err = r.change(ctx, func() raft.Future { return node.AddVoter(server, address, 0, enqueueTimeout) })
	if err != nil {
		return fmt.Errorf("add %q: %w", id, err)
	}
	return nil
}

// caughtUp waits until a member's log goes beyond an entry.
func (r *Replica) caughtUp(ctx context.Context, id MemberID, target uint64) error {
	for {
		heard, changed := r.progress.changed.next(), r.changed.next()
		if r.progress.of(id).index > target {
			return nil
		}
		if _, err := r.leading(); err != nil {
			return err
		}
		select {
		case <-heard:
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrBehind, ctx.Err())
		}
	}
}

// RemoveMember takes a member out. A leader that removes itself steps down. The
// one removed is not always told: stop it. It works on the leader alone.
func (r *Replica) RemoveMember(ctx context.Context, id MemberID) error {
	node, err := r.leading()
	if err != nil {
		return err
	}
	if err := r.known(id); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	voters := 0
	for _, m := range r.Members() {
		if m.Voter && m.ID != id {
			voters++
		}
	}
	if voters == 0 {
		return fmt.Errorf("%w: remove %q: it is the last with a vote", ErrMember, id)
	}
	err = r.change(ctx, func() raft.Future { return node.RemoveServer(raft.ServerID(id), 0, enqueueTimeout) })
	if err != nil {
		return fmt.Errorf("remove %q: %w", id, err)
	}
	return nil
}

// Transfer hands leadership to a member, or to the one that is furthest if id
// is empty. It works on the leader alone.
func (r *Replica) Transfer(ctx context.Context, id MemberID) error {
	node, err := r.leading()
	if err != nil {
		return err
	}
	if id == r.cfg.Self {
		return nil
	}
	hand := func() raft.Future { return node.LeadershipTransfer() }
	if id != "" {
		if err := r.known(id); err != nil {
			return fmt.Errorf("transfer leadership: %w", err)
		}
		hand = func() raft.Future {
			return node.LeadershipTransferToServer(raft.ServerID(id), raft.ServerAddress(id))
		}
	}
	if err := r.change(ctx, hand); err != nil {
		return fmt.Errorf("transfer leadership: %w", err)
	}
	return nil
}

// known checks that a member is one.
func (r *Replica) known(id MemberID) error {
	for _, m := range r.Members() {
		if m.ID == id {
			return nil
		}
	}
	return fmt.Errorf("%w: %q is not a member", ErrMember, clip(id))
}

// change asks raft for a change. It may be asked for again whatever comes back.
func (r *Replica) change(ctx context.Context, begin func() raft.Future) error {
	if err := r.ask(ctx, func() error { return begin().Error() }); err != nil {
		return r.undone(err)
	}
	return nil
}
