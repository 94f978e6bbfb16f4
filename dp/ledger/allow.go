package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Follow carries out an operator's order in the caller's transaction: an allowance or the
// limit of one release. The order goes into the chain with its signature. It
// counts once the transaction is committed; Settle then brings it to the witness.
func (l *Ledger) Follow(ctx context.Context, tx Tx, order Signed) (Order, error) {
	if err := l.alive(); err != nil {
		return Order{}, err
	}
	o, err := l.cfg.verify(order)
	if err != nil {
		return Order{}, err
	}
	digest := Key(sha256.Sum256(order.Message))
	var before int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM ledger_orders WHERE digest = ?", digest[:]).Scan(&before); err != nil {
		return Order{}, damage(err)
	}
	if before > 0 {
		return Order{}, fmt.Errorf("%w: it was followed before: sign a new one to add the same again", ErrOrder)
	}
	if err := carryOut(ctx, tx, o); err != nil {
		return Order{}, err
	}
	head, err := add(ctx, tx, l.cfg.ID, ordered{order})
	if err != nil {
		return Order{}, err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO ledger_orders VALUES (?, ?)", digest[:], head.Seq)
	return o, wrote(err)
}

func carryOut(ctx context.Context, tx Tx, o Order) error {
	switch o.Kind {
	case Allow, AllowEach:
		return allow(ctx, tx, o)
	case LimitTask:
		s, err := readState(ctx, tx)
		if err != nil {
			return err
		}
		highest := most(s.most, o.Amount)
		_, err = tx.ExecContext(ctx, "UPDATE ledger_state SET task_rho = ?, task_delta = ?, most_rho = ?, most_delta = ?",
			o.Amount.Rho, o.Amount.Delta, highest.Rho, highest.Delta)
		return wrote(err)
	}
	return fmt.Errorf("%w: %v is for a ledger that does not open: use Recover", ErrOrder, o.Kind)
}

// allow adds to the account at the order's level, and opens it and those above.
func allow(ctx context.Context, tx Tx, o Order) error {
	rows, err := readPath(ctx, tx, o.Path.accounts())
	if err != nil {
		return err
	}
	for i, r := range rows[:o.Level] {
		if Level(i+1) == o.Level {
			grown := &r.own
			if o.Kind == AllowEach {
				grown = &r.each
			}
			sum, counted := plus(*grown, o.Amount)
			if !counted {
				return fmt.Errorf("%w: the %v has %v, %v cannot be added to it", ErrOverflow, r.level, *grown, o.Amount)
			}
			*grown = sum
		}
		if err := writeAccount(ctx, tx, r.id, r.account); err != nil {
			return err
		}
	}
	return nil
}
