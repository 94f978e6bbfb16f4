package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// disagree says that a table is not what follows from the chain.
func disagree(table string) error {
	return fmt.Errorf("%w: ledger_%s is not what its entries say: restore the database from a backup", ErrDamaged, table)
}

// compare holds the tables against the replay, row by row.
func (r *replay) compare(ctx context.Context, tx Tx) error {
	var task, most, lost Cost
	var losses uint64
	err := tx.QueryRowContext(ctx, "SELECT task_rho, task_delta, most_rho, most_delta, lost_rho, lost_delta, losses FROM ledger_state").
		Scan(&task.Rho, &task.Delta, &most.Rho, &most.Delta, &lost.Rho, &lost.Delta, &losses)
	if err != nil {
		return damage(err)
	}
	if task != r.task || most != r.most || lost != r.lost || losses != r.losses {
		return disagree("state")
	}
	for _, table := range []struct {
		name string
		same func(context.Context, Tx) (bool, error)
	}{
		{"accounts", r.sameAccounts}, {"debits", r.sameDebits}, {"orders", r.sameOrders},
	} {
		same, err := table.same(ctx, tx)
		if err != nil {
			return err
		}
		if !same {
			return disagree(table.name)
		}
	}
	return nil
}

// each runs f on every row of a query, with the columns scanned to what f set up.
func each(ctx context.Context, tx Tx, query string, to []any, f func() error, args ...any) (err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return damage(err)
	}
	defer func() { err = errors.Join(err, damage(rows.Close())) }()
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return damage(err)
		}
		if err := f(); err != nil {
			return err
		}
	}
	return damage(rows.Err())
}

const selectAccounts = "SELECT account, level, parent, own_rho, own_delta, each_rho, each_delta, spent_rho, spent_delta FROM ledger_accounts"

func (a *account) columns() []any {
	return []any{&a.level, scanKey{&a.parent}, &a.own.Rho, &a.own.Delta, &a.each.Rho, &a.each.Delta, &a.spent.Rho, &a.spent.Delta}
}

func (r *replay) sameAccounts(ctx context.Context, tx Tx) (bool, error) {
	var id Key
	var got account
	seen, same := 0, true
	err := each(ctx, tx, selectAccounts, append([]any{scanKey{&id}}, got.columns()...), func() error {
		want := r.accounts[id]
		same = same && want != nil && *want == got
		seen++
		return nil
	})
	return same && seen == len(r.accounts), err
}

// sameDebits compares what has been paid for, read in the order of its key, with the
// entries.
func (r *replay) sameDebits(ctx context.Context, tx Tx) (bool, error) {
	want := slices.SortedFunc(slices.Values(r.debits), func(a, b charged) int {
		return cmp.Or(slices.Compare(a.release[:], b.release[:]), slices.Compare(a.account[:], b.account[:]))
	})
	var got charged
	seen, same := 0, true
	const query = "SELECT release, account, seq FROM ledger_debits ORDER BY release, account"
	err := each(ctx, tx, query, []any{scanKey{&got.release}, scanKey{&got.account}, &got.seq}, func() error {
		same = same && seen < len(want) && want[seen] == got
		seen++
		return nil
	})
	return same && seen == len(want), err
}

func (r *replay) sameOrders(ctx context.Context, tx Tx) (bool, error) {
	got := make(map[Key]uint64)
	var digest Key
	var seq uint64
	err := each(ctx, tx, "SELECT digest, seq FROM ledger_orders", []any{scanKey{&digest}, &seq}, func() error {
		got[digest] = seq
		return nil
	})
	return maps.Equal(got, r.orders), err
}

// rewrite makes the tables anew from the replay. Charges of entries that are lost go:
// asked again they are charged again.
func (r *replay) rewrite(ctx context.Context, tx Tx) error {
	run := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return wrote(err)
	}
	err := run("UPDATE ledger_state SET task_rho=?, task_delta=?, most_rho=?, most_delta=?, lost_rho=?, lost_delta=?, losses=?",
		r.task.Rho, r.task.Delta, r.most.Rho, r.most.Delta, r.lost.Rho, r.lost.Delta, r.losses)
	if err != nil {
		return err
	}
	for _, table := range []string{"accounts", "debits", "orders"} {
		if err := run("DELETE FROM ledger_" + table); err != nil {
			return err
		}
	}
	for id, a := range r.accounts {
		if err := writeAccount(ctx, tx, id, *a); err != nil {
			return err
		}
	}
	for _, d := range r.debits {
		err = errors.Join(err, run("INSERT INTO ledger_debits VALUES (?, ?, ?)", d.release[:], d.account[:], d.seq))
	}
	for digest, seq := range r.orders {
		err = errors.Join(err, run("INSERT INTO ledger_orders VALUES (?, ?)", digest[:], seq))
	}
	if err != nil {
		return err
	}
	return r.compare(ctx, tx)
}

// writeAccount writes a row, whether it is there or not.
func writeAccount(ctx context.Context, tx Tx, id Key, a account) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ledger_accounts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (account) DO UPDATE SET own_rho=excluded.own_rho, own_delta=excluded.own_delta, each_rho=excluded.each_rho,
			each_delta=excluded.each_delta, spent_rho=excluded.spent_rho, spent_delta=excluded.spent_delta`,
		id[:], a.level, a.parent[:], a.own.Rho, a.own.Delta, a.each.Rho, a.each.Delta, a.spent.Rho, a.spent.Delta)
	return wrote(err)
}
