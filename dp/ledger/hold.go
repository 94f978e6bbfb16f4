package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

var (
	// ErrUnsettled is returned when noise is to be drawn for a debit that is not durable
	// and witnessed.
	ErrUnsettled = errors.New("ledger: the debit is not settled")
	// ErrDrawn is returned when noise is to be drawn a second time for one Hold.
	ErrDrawn = errors.New("ledger: the hold was used before")
	// ErrBusy is returned when too many debits wait to be settled.
	ErrBusy = errors.New("ledger: too many debits wait to be settled")
)

// maxPending bounds the holds that wait: what is never settled must not pile up.
const maxPending = 1 << 16

// Hold is a debit on its way: reserved, then settled, then drawn on once.
type Hold struct {
	l        *Ledger
	head     Head
	replayed bool
	settled  bool
	drawn    bool
}

// Head is the chain's head right after the debit, for the log of the caller.
func (h *Hold) Head() Head { return h.head }

// Replayed reports that nothing was charged: every account had paid before. What is
// released MUST be what was released then, byte for byte.
func (h *Hold) Replayed() bool { return h.replayed }

// Draw runs draw, once, and only after the debit is settled. Noise is drawn in it.
func (h *Hold) Draw(draw func() error) error {
	h.l.mu.Lock()
	switch {
	case h.l.failed != nil:
		h.l.mu.Unlock()
		return h.l.failed
	case !h.settled:
		h.l.mu.Unlock()
		return fmt.Errorf("%w: commit the transaction and call Settle", ErrUnsettled)
	case h.drawn:
		h.l.mu.Unlock()
		return ErrDrawn
	}
	h.drawn = true
	h.l.mu.Unlock()
	return draw()
}

// hold makes the Hold of an entry that waits, or that was settled long ago.
func (l *Ledger) hold(at Head, replayed bool) (*Hold, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &Hold{l: l, head: at, replayed: replayed}
	if at.Seq <= l.settled.Seq {
		// A transaction sees no entry of that number but the settled one, whose number
		// nothing can take again.
		h.settled = replayed
		return h, nil
	}
	if len(l.pending) >= maxPending {
		return nil, fmt.Errorf("%w: call Settle after each commit", ErrBusy)
	}
	l.pending[at] = append(l.pending[at], h)
	return h, nil
}

// Settle tells the witness where the committed chain stands, and lets go what is in
// it. It MUST be called after each commit that has a debit in it and before noise is
// drawn; one call settles all that was committed before. If the witness cannot be
// told, the ledger is closed: open it again once the witness is well.
func (l *Ledger) Settle(ctx context.Context, db *sql.DB) error {
	l.settling.Lock()
	defer l.settling.Unlock()
	if err := l.alive(); err != nil {
		return err
	}
	from := l.Head()
	committed := make(map[Head]bool)
	last := from
	here := Head{Ledger: l.cfg.ID}
	err := each(ctx, db, "SELECT seq, head FROM ledger_entries WHERE seq > ? ORDER BY seq", []any{&here.Seq, scanKey{&here.Digest}}, func() error {
		committed[here] = true
		last = here
		return nil
	}, from.Seq)
	if err != nil {
		return err
	}
	// The head goes out even when nothing is new: the witness may have lost it.
	if err := l.cfg.Witness.Record(context.WithoutCancel(ctx), last); err != nil {
		err = fmt.Errorf("%w: its witness: %w", ErrClosed, err)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.failed = err
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = last
	for at, holds := range l.pending {
		if at.Seq > last.Seq {
			continue
		}
		// A hold whose entry is not there is of a transaction that was given up.
		for _, h := range holds {
			h.settled = committed[at]
		}
		delete(l.pending, at)
	}
	return nil
}
