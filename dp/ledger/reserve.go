package ledger

import (
	"context"
	"fmt"
	"strings"
)

// Charge is what one release costs, and whom.
type Charge struct {
	// Release is the identity of the release. Whatever is in it twice is one release,
	// with one noise; whatever is not is another.
	Release Key
	Path    Path
	Cost    Cost
}

// Reserve debits a release from the four accounts of its path, in the caller's
// transaction: all of them or none. An account that has paid for the release before
// does not pay again. The debit stands once the transaction is committed and Settle
// has returned; the Hold lets the noise be drawn only then. Nothing gives a debit back.
func (l *Ledger) Reserve(ctx context.Context, tx Tx, c Charge) (*Hold, error) {
	if err := l.alive(); err != nil {
		return nil, err
	}
	if c.Release.isZero() || !c.Path.whole(Researcher) {
		return nil, fmt.Errorf("%w: a charge needs a release and four accounts", ErrPath)
	}
	state, err := readState(ctx, tx)
	if err != nil {
		return nil, err
	}
	if c.Cost.Rho == 0 {
		return nil, fmt.Errorf("%w: a release without rho has no noise that this ledger counts", ErrCost)
	}
	if !within(c.Cost, state.task) {
		return nil, fmt.Errorf("%w: %v, and one release may cost %v: ask for more noise, or have the operator sign another limit", ErrCost, c.Cost, state.task)
	}
	paid, first, err := l.paid(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	rows, err := readPath(ctx, tx, c.Path.accounts())
	if err != nil {
		return nil, err
	}
	d := debit{release: c.Release, path: c.Path, cost: c.Cost}
	for i, r := range rows {
		if !paid[r.id] {
			d.paid |= 1 << i
		}
	}
	if d.paid == 0 {
		return l.hold(first, true)
	}
	if err := room(rows, d, state.lost); err != nil {
		return nil, err
	}
	return l.debit(ctx, tx, rows, d)
}

// debit writes what has been found affordable.
func (l *Ledger) debit(ctx context.Context, tx Tx, rows [levels]row, d debit) (*Hold, error) {
	head, err := add(ctx, tx, l.cfg.ID, d)
	if err != nil {
		return nil, err
	}
	pay := []any{d.cost.Rho, d.cost.Delta}
	var debits []any
	for i, r := range rows {
		if d.paid&(1<<i) == 0 {
			continue
		}
		if !r.there {
			if err := writeAccount(ctx, tx, r.id, r.account); err != nil {
				return nil, err
			}
		}
		pay = append(pay, r.id[:])
		debits = append(debits, d.release[:], r.id[:], head.Seq)
	}
	// The sum is at most a cap, so that it can be counted.
	n := len(debits) / 3
	_, err = tx.ExecContext(ctx, "UPDATE ledger_accounts SET spent_rho=spent_rho+?, spent_delta=spent_delta+? WHERE account IN (?"+strings.Repeat(",?", n-1)+")", pay...)
	if err != nil {
		return nil, wrote(err)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO ledger_debits VALUES (?,?,?)"+strings.Repeat(",(?,?,?)", n-1), debits...)
	if err != nil {
		return nil, wrote(err)
	}
	return l.hold(head, false)
}

// room refuses when one of the accounts that are to pay has too little left.
func room(rows [levels]row, d debit, lost Cost) error {
	above := Cost{}
	for i, r := range rows {
		left := minus(upTo(r.own, above), upTo(r.spent, lost))
		above = r.each
		if d.paid&(1<<i) != 0 && !within(d.cost, left) {
			return &Exhausted{Level: r.level, Account: r.id, Need: d.cost, Left: left}
		}
	}
	return nil
}

// paid says which accounts have paid for a release, and where it was first charged.
// The release must have cost the same then: its noise is part of its identity.
func (l *Ledger) paid(ctx context.Context, tx Tx, c Charge) (map[Key]bool, Head, error) {
	paid := make(map[Key]bool)
	first := Head{Ledger: l.cfg.ID}
	var id Key
	var seq uint64
	err := each(ctx, tx, "SELECT account, seq FROM ledger_debits WHERE release = ?", []any{scanKey{&id}, &seq}, func() error {
		paid[id] = true
		if first.Seq == 0 || seq < first.Seq {
			first.Seq = seq
		}
		return nil
	}, c.Release[:])
	if err != nil || first.Seq == 0 {
		return paid, first, err
	}
	var body []byte
	err = tx.QueryRowContext(ctx, "SELECT body, head FROM ledger_entries WHERE seq = ?", first.Seq).Scan(&body, scanKey{&first.Digest})
	if err != nil {
		return nil, Head{}, damage(err)
	}
	e, err := parseEntry(body)
	if err != nil {
		return nil, Head{}, err
	}
	before, is := e.(debit)
	if !is || before.release != c.Release {
		return nil, Head{}, fmt.Errorf("%w: entry %d is not the debit that the tables name", ErrDamaged, first.Seq)
	}
	if before.cost != c.Cost {
		return nil, Head{}, fmt.Errorf("%w: the release was charged at %v before, now it is %v", ErrCost, before.cost, c.Cost)
	}
	return paid, first, nil
}

// row is an account as it is in the tables. One that is not there yet is empty.
type row struct {
	account
	id    Key
	there bool
}

// readPath reads the accounts of a path from the top.
func readPath(ctx context.Context, tx Tx, ids [levels]Key) (rows [levels]row, err error) {
	parent := Key{}
	for i, id := range ids {
		rows[i] = row{account{level: Level(i + 1), parent: parent}, id, false}
		parent = id
	}
	var id Key
	var a account
	err = each(ctx, tx, selectAccounts+" WHERE account IN (?,?,?,?)", append([]any{scanKey{&id}}, a.columns()...), func() error {
		for i := range rows {
			r := &rows[i]
			if r.id != id {
				continue
			}
			if a.level != r.level || a.parent != r.parent {
				return fmt.Errorf("%w: the %v %s is of another %v", ErrPath, r.level, id, r.level-1)
			}
			r.account, r.there = a, true
		}
		return nil
	}, ids[0][:], ids[1][:], ids[2][:], ids[3][:])
	return rows, err
}

// state is what holds for the whole ledger.
type state struct {
	task, most, lost Cost
	losses           uint64
}

func readState(ctx context.Context, tx Tx) (s state, err error) {
	err = tx.QueryRowContext(ctx, "SELECT task_rho, task_delta, most_rho, most_delta, lost_rho, lost_delta, losses FROM ledger_state").
		Scan(&s.task.Rho, &s.task.Delta, &s.most.Rho, &s.most.Delta, &s.lost.Rho, &s.lost.Delta, &s.losses)
	return s, damage(err)
}
