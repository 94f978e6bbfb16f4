package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// replay is what the chain says, worked out from its beginning.
type replay struct {
	last       Head // of the last sound entry
	end        Head // of the last entry that is there, sound or not
	bad        int  // entries after last
	heads      map[uint64]Key
	task, most Cost
	lost       Cost
	losses     uint64
	accounts   map[Key]*account
	orders     map[Key]uint64
	debits     []charged
	witnesses  map[Head]bool // heads that losses stand for
}

// charged is a row of ledger_debits.
type charged struct {
	release, account Key
	seq              uint64
}

func newReplay(id Key) *replay {
	return &replay{
		last: genesis(id), end: genesis(id), heads: make(map[uint64]Key), accounts: make(map[Key]*account), orders: make(map[Key]uint64),
		witnesses: make(map[Head]bool),
	}
}

// check reads the whole ledger. It returns what the chain says, and fails when there
// is damage that is not at its end or when the tables say another thing.
func check(ctx context.Context, tx Tx, id Key) (*replay, error) {
	if err := checkState(ctx, tx, id); err != nil {
		return nil, err
	}
	if err := checkSchema(ctx, tx); err != nil {
		return nil, err
	}
	if err := checkPages(ctx, tx); err != nil {
		return nil, err
	}
	r := newReplay(id)
	if err := r.readChain(ctx, tx); err != nil {
		return nil, err
	}
	if r.bad > 0 {
		// What the damaged entries did to the tables cannot be told: they are made anew
		// from the sound ones, and the loss is charged on top.
		return r, nil
	}
	return r, r.compare(ctx, tx)
}

// checkState refuses another version or another ledger, and begins a new one.
func checkState(ctx context.Context, tx Tx, id Key) error {
	var rows, version int
	var named Key
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ledger_state").Scan(&rows); err != nil {
		return damage(err)
	}
	if rows == 0 {
		_, err := tx.ExecContext(ctx, "INSERT INTO ledger_state VALUES (1, ?, ?, 0, 0, 0, 0, 0, 0, 0)", Version, id[:])
		return wrote(err)
	}
	if err := tx.QueryRowContext(ctx, "SELECT version, id FROM ledger_state").Scan(&version, scanKey{&named}); err != nil {
		return damage(err)
	}
	if version != Version {
		return fmt.Errorf("%w: it is of version %d, this program knows %d", ErrVersion, version, Version)
	}
	if named != id {
		return fmt.Errorf("%w: the database holds ledger %s, this is %s", ErrForked, named, id)
	}
	return nil
}

// readChain follows the entries. Those that do not follow are bad; a loss that stands
// on the last sound entry covers them; a sound one after them is damage inside.
func (r *replay) readChain(ctx context.Context, tx Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT seq, body, head FROM ledger_entries ORDER BY seq")
	if err != nil {
		return damage(err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq uint64
		var body []byte
		var digest Key
		if err := rows.Scan(&seq, &body, scanKey{&digest}); err != nil {
			return damage(err)
		}
		if err := r.step(seq, body, digest); err != nil {
			return err
		}
	}
	return damage(rows.Err())
}

func (r *replay) step(seq uint64, body []byte, digest Key) error {
	here := Head{r.last.Ledger, seq, digest}
	e, err := parseEntry(body)
	lost, isLoss := e.(loss)
	switch {
	case err == nil && !isLoss && r.bad == 0 && seq == r.last.Seq+1 && r.last.next(seq, body) == here,
		err == nil && isLoss && lost.from == r.last.Seq && seq == lost.to+1 && seq > r.end.Seq && r.last.next(seq, body) == here:
		if err := r.apply(e, here); err != nil {
			return err
		}
		r.last, r.bad = here, 0
		r.heads[seq] = digest
	case r.bad > 0 && r.end.next(seq, body) == here:
		return fmt.Errorf("%w: entry %d does not follow from entry %d, and entries after it are sound: restore the database from a backup",
			ErrDamaged, r.last.Seq+1, r.last.Seq)
	default:
		r.bad++
	}
	r.end = here
	return nil
}

// apply does to the replay what an entry did to the tables.
func (r *replay) apply(e entry, at Head) error {
	switch e := e.(type) {
	case debit:
		r.applyDebit(e, at.Seq)
	case ordered:
		return r.applyOrder(e.Signed, at.Seq)
	case raise:
		r.applyRaise(e)
	case loss:
		r.lost, r.losses = upTo(r.lost, e.charge), r.losses+1
		if e.witness != (Head{}) {
			r.witnesses[e.witness] = true
		}
		if len(e.order.Message) > 0 {
			r.orders[sha256.Sum256(e.order.Message)] = at.Seq
		}
	}
	return nil
}

func (r *replay) applyDebit(d debit, seq uint64) {
	parent := Key{}
	for i, id := range d.path.accounts() {
		a := r.account(Level(i+1), id, parent)
		parent = id
		if d.paid&(1<<i) == 0 {
			continue
		}
		a.spent = upTo(a.spent, d.cost)
		r.debits = append(r.debits, charged{d.release, id, seq})
	}
}

func (r *replay) applyOrder(s Signed, seq uint64) error {
	o, err := ParseOrder(s.Message)
	if err != nil {
		return fmt.Errorf("%w: entry %d: %w", ErrDamaged, seq, err)
	}
	r.orders[sha256.Sum256(s.Message)] = seq
	switch o.Kind {
	case Allow, AllowEach:
		parent := Key{}
		ids := o.Path.accounts()
		for i := range o.Level {
			a := r.account(i+1, ids[i], parent)
			parent = ids[i]
			if i+1 < o.Level {
				continue
			}
			if o.Kind == Allow {
				a.own = upTo(a.own, o.Amount)
			} else {
				a.each = upTo(a.each, o.Amount)
			}
		}
	case LimitTask:
		r.task, r.most = o.Amount, most(r.most, o.Amount)
	}
	return nil
}

func (r *replay) account(l Level, id, parent Key) *account {
	if r.accounts[id] == nil {
		r.accounts[id] = &account{level: l, parent: parent}
	}
	return r.accounts[id]
}

// reconcile holds the chain against the witnessed head, charges what is lost, and
// makes the tables anew if anything is.
func (r *replay) reconcile(ctx context.Context, tx Tx, witnessed Head, known bool, order Signed) error {
	accept := len(order.Message) > 0
	switch {
	case !known && r.end.Seq > 0:
		return fmt.Errorf("%w: it has entries, and its witness has never heard of it: bring the witness back", ErrForked)
	case known && witnessed.Seq > r.end.Seq && !accept:
		return fmt.Errorf("%w: it ends at entry %d and %d was witnessed: restore a newer backup, or have the operator sign that the difference is lost",
			ErrBehind, r.end.Seq, witnessed.Seq)
	case known && witnessed.Seq <= r.last.Seq && !r.holds(witnessed):
		return fmt.Errorf("%w: entry %d is another than was witnessed: restore the database that the witness belongs to", ErrForked, witnessed.Seq)
	}
	behind := known && witnessed.Seq > r.end.Seq
	if !behind && accept {
		return fmt.Errorf("%w: the ledger is not behind its witnessed head: open it", ErrOrder)
	}
	if r.bad == 0 && !behind {
		return nil
	}
	if r.end.Seq-r.last.Seq != uint64(r.bad) {
		return fmt.Errorf("%w: entries are missing after entry %d: restore the database from a backup", ErrDamaged, r.last.Seq)
	}
	lost := loss{from: r.last.Seq, to: max(r.end.Seq, witnessed.Seq)}
	if known && witnessed.Seq > r.last.Seq {
		lost.witness = witnessed
	}
	if behind {
		o, err := ParseOrder(order.Message)
		if err != nil {
			return err
		}
		if o.Head != witnessed {
			return fmt.Errorf("%w: it accepts the loss up to entry %d of another chain or length than the %d that were witnessed", ErrOrder, o.Head.Seq, witnessed.Seq)
		}
		lost.order = order
	}
	lost.charge = times(r.most, lost.to-lost.from)
	head, err := add(ctx, tx, r.last.Ledger, lost)
	if err != nil {
		return err
	}
	if err := r.apply(lost, head); err != nil {
		return err
	}
	return r.rewrite(ctx, tx)
}

// holds reports whether a head is one of the chain's, or of what a loss stands for.
func (r *replay) holds(h Head) bool {
	if h == genesis(h.Ledger) || r.witnesses[h] {
		return true
	}
	digest, is := r.heads[h.Seq]
	return is && digest == h.Digest
}
