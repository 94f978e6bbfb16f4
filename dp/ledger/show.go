package ledger

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
)

// Account is one account as it stands.
type Account struct {
	ID, Parent Key
	Level      Level
	// Cap is what was allowed it, with what its parent allows each account below.
	Cap Cost
	// Each is what it allows each account right below it.
	Each Cost
	// Spent is its odometer, with what was lost. It never goes back.
	Spent Cost
	// Left is what may still be spent.
	Left Cost
}

// Statement is all that a ledger stands at.
type Statement struct {
	Head     Head
	Task     Cost // the most that one release may cost
	Lost     Cost // charged to every account for entries that were damaged or missing
	Losses   uint64
	Accounts []Account // from the top, each below its parent
}

// Show reads a statement. It is the body of "budget show".
func (l *Ledger) Show(ctx context.Context, tx Tx) (s Statement, err error) {
	state, err := readState(ctx, tx)
	if err != nil {
		return s, err
	}
	s.Task, s.Lost, s.Losses = state.task, state.lost, state.losses
	if s.Head, err = lastHead(ctx, tx, l.cfg.ID); err != nil {
		return s, err
	}
	if s.Accounts, err = readTree(ctx, tx, state.lost); err != nil {
		return s, err
	}
	return s, nil
}

// readTree reads the accounts and puts each below its parent.
func readTree(ctx context.Context, tx Tx, lost Cost) ([]Account, error) {
	var id Key
	var a account
	rows := make(map[Key]account)
	below := make(map[Key][]Key)
	err := each(ctx, tx, selectAccounts+" ORDER BY account", append([]any{scanKey{&id}}, a.columns()...), func() error {
		rows[id] = a
		below[a.parent] = append(below[a.parent], id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var tree []Account
	var walk func(parent Key)
	walk = func(parent Key) {
		for _, id := range below[parent] {
			a := rows[id]
			most, spent := upTo(a.own, rows[parent].each), upTo(a.spent, lost)
			tree = append(tree, Account{ID: id, Parent: parent, Level: a.level, Cap: most, Each: a.each, Spent: spent, Left: minus(most, spent)})
			walk(id)
		}
	}
	walk(Key{})
	return tree, nil
}

// Write prints the statement as a table. Name turns an account into what people call it; a
// nil Name prints the beginnings of the keys.
func (s Statement) Write(w io.Writer, name func(Key) string) error {
	if name == nil {
		name = Key.String
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LEVEL\tACCOUNT\tRHO SPENT\tOF\tDELTA SPENT\tOF")
	for _, a := range s.Accounts {
		rho, delta := a.Spent.Decimals()
		ofRho, ofDelta := a.Cap.Decimals()
		fmt.Fprintf(t, "%v\t%s\t%s\t%s\t%s\t%s\n", a.Level, name(a.ID), rho, ofRho, delta, ofDelta)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the statement: %w", err)
	}
	_, err := fmt.Fprintf(w, "\nOne release may cost %v.\n", s.Task)
	if err == nil && s.Losses > 0 {
		_, err = fmt.Fprintf(w, "Losses of entries: %d. For them %v is charged to every account.\n", s.Losses, s.Lost)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "%d entries, head %x.\n", s.Head.Seq, s.Head.Digest[:])
	}
	if err != nil {
		return fmt.Errorf("print the statement: %w", err)
	}
	return nil
}

// Line is one entry of the chain, as it is read.
type Line struct {
	Head Head
	Kind string // debit, loss, raise, or the kind of an order
	// Release and Path are a debit's; Paid are the accounts that paid.
	Release Key
	Path    Path
	Paid    []Level
	// Cost is a debit's, an allowance's, the limit of one release, or what was lost.
	Cost   Cost
	Lost   uint64 // how many entries are lost
	Raised int    // how many accounts were raised to what a copy says
	Order  Signed // an order's bytes, to be verified again
	Reason string // an order's
}

// Lines reads the chain from an entry on and calls f for each, until f returns an
// error. It is the body of "budget ledger". Every line is checked against the one
// before, from the first on.
func (l *Ledger) Lines(ctx context.Context, tx Tx, from uint64, f func(Line) error) error {
	r := newReplay(l.cfg.ID)
	var seq uint64
	var body []byte
	var digest Key
	return each(ctx, tx, "SELECT seq, body, head FROM ledger_entries ORDER BY seq", []any{&seq, &body, scanKey{&digest}}, func() error {
		if err := r.step(seq, body, digest); err != nil {
			return err
		}
		if r.bad > 0 || seq < from {
			return nil
		}
		e, err := parseEntry(body)
		if err != nil {
			return err
		}
		return f(line(r.last, e))
	})
}

func line(at Head, e entry) Line {
	n := Line{Head: at}
	switch e := e.(type) {
	case debit:
		n.Kind, n.Release, n.Path, n.Cost = "debit", e.release, e.path, e.cost
		for i := range levels {
			if e.paid&(1<<i) != 0 {
				n.Paid = append(n.Paid, Level(i+1))
			}
		}
	case raise:
		n.Kind, n.Cost, n.Raised = "raise", e.lost, len(e.at)
	case loss:
		n.Kind, n.Cost, n.Lost, n.Order = "loss", e.charge, e.to-e.from, e.order
	case ordered:
		// An entry of the chain was parsed when it was followed.
		o, _ := ParseOrder(e.Message)
		n.Kind, n.Path, n.Cost, n.Order, n.Reason = o.Kind.String(), o.Path, o.Amount, e.Signed, o.Reason
	}
	return n
}

// String is the line as it is printed, with the beginnings of the keys.
func (n Line) String() string {
	head := fmt.Sprintf("%d %s %s", n.Head.Seq, n.Head.Digest, n.Kind)
	switch {
	case n.Kind == "debit":
		return fmt.Sprintf("%s of release %s: %v, paid by %v", head, n.Release, n.Cost, n.Paid)
	case n.Kind == "raise":
		return fmt.Sprintf("%s of %d accounts to what a copy elsewhere says is spent", head, n.Raised)
	case n.Kind == "loss":
		return fmt.Sprintf("%s of %d entries: %v to every account", head, n.Lost, n.Cost)
	}
	return fmt.Sprintf("%s: %v: %s", head, n.Cost, n.Reason)
}
