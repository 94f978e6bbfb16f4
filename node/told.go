package node

import (
	"context"
	"slices"
	"time"

	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/node/notify"
	"github.com/locus-genomics/locus/protocol"
)

// tellMotion tells that something waits for people, with what it is about.
func (n *Node) tellMotion(ctx context.Context, tx querier, study string, id protocol.Digest) error {
	var waiting uint64
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM motions WHERE state = 'open' AND ends > ?", n.cfg.Now().Unix()).Scan(&waiting)
	if err != nil {
		return err
	}
	return n.tell(ctx, tx, notify.Notice{Kind: notify.ApprovalWaiting, Study: study, About: id, Numbers: []uint64{waiting}})
}

// lowBudget is the share of what was allowed, in percent, below which it is told that little
// is left.
const lowBudget = 10

// tellLow tells that a debit has left little of a study's account, or of everybody's at the
// site. It is told when an account comes below the bound, and not with every answer after.
func (n *Node) tellLow(ctx context.Context, tx querier, l *ledger.Ledger, c ledger.Charge, study string) error {
	now, err := l.Show(ctx, tx)
	if err != nil {
		return err
	}
	for _, level := range []ledger.Level{ledger.Population, ledger.Study} {
		id, err := c.Path.UpTo(level).ID(level)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(now.Accounts, func(a ledger.Account) bool { return a.ID == id })
		if i < 0 {
			continue
		}
		a := &now.Accounts[i]
		left := percentOf(a.Left, a.Cap)
		if left >= lowBudget || percentOf(ledger.Cost{Rho: a.Left.Rho + c.Cost.Rho, Delta: a.Left.Delta + c.Cost.Delta}, a.Cap) < lowBudget {
			continue
		}
		if err := n.tell(ctx, tx, notify.Notice{Kind: notify.BudgetLow, Study: study, About: protocol.Digest(id), Numbers: []uint64{left}}); err != nil {
			return err
		}
	}
	return nil
}

// percentOf is how much of a cost another is, of rho or of delta, whichever is less.
func percentOf(part, whole ledger.Cost) uint64 {
	share := 100.0
	for _, of := range [][2]uint64{{part.Rho, whole.Rho}, {part.Delta, whole.Delta}} {
		if of[1] > 0 {
			share = min(share, 100*float64(of[0])/float64(of[1]))
		}
	}
	return uint64(share)
}

// maxDone bounds the refused tasks that are remembered. They are told again after more.
const maxDone = 4096

// tellRefused tells, once, that a task is over which was refused. What may be answered when it
// is offered again is not over.
func (s *server) tellRefused(ctx context.Context, on about, code protocol.Code) error {
	if on.session.IsZero() || mayPass(code) {
		return nil
	}
	s.mu.Lock()
	last, known := s.done[on.session]
	s.mu.Unlock()
	if known && last == code {
		return nil
	}
	err := s.records.update(ctx, func(tx querier) error {
		return s.tell(ctx, tx, notify.Notice{Kind: notify.TaskDone, Study: on.pinned.roster.Message.Study, About: on.session, Numbers: []uint64{uint64(code)}})
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.done) >= maxDone {
		clear(s.done)
	}
	s.done[on.session] = code
	return nil
}

// mayPass reports whether what was refused with a code may be answered later.
func mayPass(code protocol.Code) bool {
	switch code {
	case protocol.Internal, protocol.NotReady, protocol.Lost, protocol.Expired, protocol.AwaitingApproval, protocol.Frozen, protocol.Throttled:
		return true
	}
	return false
}

// oldKey is how long before its end it is told that a key was not replaced.
const oldKey = 14 * 24 * time.Hour

// tellOldKeys tells, once a day, that the key which questions are sealed to ends soon. The node
// replaces it long before, whenever a coordinator greets it: none has for weeks.
func (s *server) tellOldKeys(ctx context.Context) error {
	k, err := s.keys.LastKEM()
	if err != nil {
		return err
	}
	left := max(k.Until.Sub(s.cfg.Now()), 0)
	days := uint64(left / (24 * time.Hour))
	if left > oldKey || s.daysTold != nil && *s.daysTold == days {
		return nil
	}
	s.daysTold = &days
	return s.records.update(ctx, func(tx querier) error {
		return s.tell(ctx, tx, notify.Notice{Kind: notify.KeyExpiring, About: k.ID(), Numbers: []uint64{days}})
	})
}
