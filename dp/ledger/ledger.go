package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrBehind is returned when the ledger lacks entries that its witness has seen.
	ErrBehind = errors.New("ledger: the ledger is behind its witnessed head")
	// ErrForked is returned when the ledger has other entries than its witness has seen.
	ErrForked = errors.New("ledger: the ledger is not the one that was witnessed")
	// ErrClosed is returned by a ledger whose witness could not be written to. What it
	// stands at is not known any more until it is opened again.
	ErrClosed = errors.New("ledger: the ledger is closed")
)

// Config is what a ledger is opened with. Every field is needed.
type Config struct {
	// ID is the ledger's own, the same for ever. A site takes it from its own key, so
	// that an order for one site is none for another.
	ID Key
	// Witness keeps the head outside of the database.
	Witness Witness
	// Verify checks an operator's signature on the bytes of an order.
	Verify func(message, signature []byte) error
}

// Check says all that is missing.
func (c Config) Check() error {
	var faults []error
	if c.ID.isZero() {
		faults = append(faults, errors.New("ledger: Config.ID is zero"))
	}
	if c.Witness == nil {
		faults = append(faults, errors.New("ledger: Config.Witness is missing"))
	}
	if c.Verify == nil {
		faults = append(faults, errors.New("ledger: Config.Verify is missing"))
	}
	return errors.Join(faults...)
}

// Ledger says what may be spent. It is safe for concurrent use; the transactions that
// it is given are not its own.
type Ledger struct {
	cfg Config

	// settling is held while a head goes to the witness: heads arrive there in order.
	settling sync.Mutex

	mu      sync.Mutex
	settled Head // the last head that the witness has
	pending map[Head][]*Hold
	failed  error
}

// Open checks the whole ledger in db and returns it. The tables of Schema MUST be
// there. A last entry that is damaged is charged as the largest release that was
// ever allowed; any other damage, and a ledger that is not at its witnessed head, are
// refused.
func Open(ctx context.Context, db *sql.DB, cfg Config) (*Ledger, error) {
	return open(ctx, db, cfg, Signed{})
}

// Recover opens a ledger that is behind its witnessed head. The order is an
// AcceptLoss of that very head, signed. Each missing entry is charged as the largest
// release that was ever allowed, to every account there is or will be.
func Recover(ctx context.Context, db *sql.DB, cfg Config, order Signed) (*Ledger, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	o, err := cfg.verify(order)
	if err != nil {
		return nil, err
	}
	if o.Kind != AcceptLoss {
		return nil, fmt.Errorf("%w: it is %v: a ledger is recovered by %v", ErrOrder, o.Kind, AcceptLoss)
	}
	return open(ctx, db, cfg, order)
}

func open(ctx context.Context, db *sql.DB, cfg Config, order Signed) (*Ledger, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	witnessed, known, err := cfg.Witness.Head(ctx)
	if err != nil {
		return nil, err
	}
	if known && witnessed.Ledger != cfg.ID {
		return nil, fmt.Errorf("%w: its witness speaks of ledger %s, this is %s", ErrForked, witnessed.Ledger, cfg.ID)
	}
	l := &Ledger{cfg: cfg, pending: make(map[Head][]*Hold)}
	err = transact(ctx, db, func(tx Tx) error {
		r, err := check(ctx, tx, cfg.ID)
		if err != nil {
			return err
		}
		if err := r.reconcile(ctx, tx, witnessed, known, order); err != nil {
			return err
		}
		l.settled, err = lastHead(ctx, tx, cfg.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	// The witness hears of an empty ledger too: that it is lost later is known then.
	if err := l.Settle(ctx, db); err != nil {
		return nil, err
	}
	return l, nil
}

// verify takes an order in: its signature first, then its bytes.
func (c Config) verify(order Signed) (Order, error) {
	if len(order.Message) > maxOrder || len(order.Signature) > maxSignature {
		return Order{}, fmt.Errorf("%w: it is larger than an order can be", ErrOrder)
	}
	if err := c.Verify(order.Message, order.Signature); err != nil {
		return Order{}, fmt.Errorf("%w: its signature: %w", ErrOrder, err)
	}
	o, err := ParseOrder(order.Message)
	if err != nil {
		return Order{}, err
	}
	if o.Ledger != c.ID {
		return Order{}, fmt.Errorf("%w: it is for ledger %s, this is %s", ErrOrder, o.Ledger, c.ID)
	}
	return o, nil
}

// Head is the last head that the witness has.
func (l *Ledger) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.settled
}

// alive refuses once a head could not be witnessed.
func (l *Ledger) alive() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// lastHead is where the chain stands in a transaction.
func lastHead(ctx context.Context, tx Tx, id Key) (Head, error) {
	h := Head{Ledger: id}
	err := tx.QueryRowContext(ctx, "SELECT seq, head FROM ledger_entries ORDER BY seq DESC LIMIT 1").Scan(&h.Seq, scanKey{&h.Digest})
	if errors.Is(err, sql.ErrNoRows) {
		return genesis(id), nil
	}
	return h, damage(err)
}

// add appends an entry to the chain.
func add(ctx context.Context, tx Tx, id Key, e entry) (Head, error) {
	last, err := lastHead(ctx, tx, id)
	if err != nil {
		return Head{}, err
	}
	seq := last.Seq + 1
	if lost, is := e.(loss); is {
		// It does not stand on the damaged entry before it: its own head holds where
		// the sound ones end.
		seq = lost.to + 1
		if last, err = headAt(ctx, tx, id, lost.from); err != nil {
			return Head{}, err
		}
	}
	body := e.encode()
	next := last.next(seq, body)
	_, err = tx.ExecContext(ctx, "INSERT INTO ledger_entries (seq, body, head) VALUES (?, ?, ?)", next.Seq, body, next.Digest[:])
	return next, wrote(err)
}

func headAt(ctx context.Context, tx Tx, id Key, seq uint64) (Head, error) {
	if seq == 0 {
		return genesis(id), nil
	}
	h := Head{Ledger: id, Seq: seq}
	err := tx.QueryRowContext(ctx, "SELECT head FROM ledger_entries WHERE seq = ?", seq).Scan(scanKey{&h.Digest})
	return h, damage(err)
}
