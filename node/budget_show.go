package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/protocol"
)

// Budget is what the site's privacy ledger stands at.
type Budget struct {
	// Accounts are listed from the top, each below the one that it is of.
	Accounts []BudgetAccount
	// Release is the most that one answer may cost.
	Release account.Cost
	// Lost was charged to every account for entries that were damaged or missing, Losses
	// times.
	Lost   account.Cost
	Losses uint64
	// Entries is how long the ledger is, and Head its digest.
	Entries uint64
	Head    protocol.Digest
}

// BudgetAccount is one account as it stands.
type BudgetAccount struct {
	// Level is population, dataset, study or researcher.
	Level string
	// Name is what people call it; the beginning of its key where it has no name.
	Name             string
	Cap, Spent, Left account.Cost
	// Each is what it allows each account right below it.
	Each account.Cost
}

// Budget reads the ledger.
func (n *Node) Budget(ctx context.Context) (b Budget, err error) {
	l, err := n.budget()
	if err != nil {
		return Budget{}, err
	}
	err = n.records.update(ctx, func(tx querier) error {
		s, err := l.Show(ctx, tx)
		if err != nil {
			return err
		}
		names, err := payerNames(ctx, tx)
		if err != nil {
			return err
		}
		b = Budget{
			Release: account.Cost(s.Task), Lost: account.Cost(s.Lost), Losses: s.Losses,
			Entries: s.Head.Seq, Head: protocol.Digest(s.Head.Digest),
		}
		for _, a := range s.Accounts {
			name, known := names[a.ID]
			if !known {
				name = a.ID.String()
			}
			b.Accounts = append(b.Accounts, BudgetAccount{
				Level: a.Level.String(), Name: name, Cap: account.Cost(a.Cap), Spent: account.Cost(a.Spent), Left: account.Cost(a.Left), Each: account.Cost(a.Each),
			})
		}
		return nil
	})
	return b, err
}

// BudgetLines calls f for each entry of the ledger, as it is printed, from the first on. It
// fails at the first that does not follow from those before it.
func (n *Node) BudgetLines(ctx context.Context, f func(line string) error) error {
	l, err := n.budget()
	if err != nil {
		return err
	}
	return l.Lines(ctx, n.records.db, 0, func(line ledger.Line) error { return f(line.String()) })
}

func payerNames(ctx context.Context, q querier) (names map[ledger.Key]string, err error) {
	rows, err := q.QueryContext(ctx, "SELECT account, name FROM payers")
	if err != nil {
		return nil, fmt.Errorf("read the payers: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	names = make(map[ledger.Key]string)
	for rows.Next() {
		var id protocol.Digest
		var name string
		if err := rows.Scan(digestTo(&id), &name); err != nil {
			return nil, fmt.Errorf("%w: the payers: %w", ErrRecords, err)
		}
		names[ledger.Key(id)] = name
	}
	return names, rows.Err()
}
