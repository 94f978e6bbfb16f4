package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/protocol"
)

// Allowance is what a custodian adds to a budget.
type Allowance struct {
	// Kind says whose.
	Kind AllowanceKind
	// Study and Cohort are whose budget it is, with OfStudy. Researcher is a name in the
	// study's roster; without one each researcher of the study gets as much.
	Study, Cohort, Researcher string
	// Promise is what is added. To what was promised before it adds up as rho.
	Promise account.Budget
	// Reason is one line for who reads the ledger later.
	Reason string
}

// AllowanceKind says whose budget an allowance is.
type AllowanceKind uint8

// The kinds of an allowance. A private answer needs all three.
const (
	// OfPeople is what everybody at the site may lose in all, for life.
	OfPeople AllowanceKind = iota + 1
	// OfStudy is what a study may spend of a cohort, and each of its researchers or one.
	OfStudy
	// OfRelease is the most that one answer may cost. It is set, and not added to.
	OfRelease
)

// Allow signs an allowance with the custodian's key and follows it. The first of a study
// also lets one answer cost as much, where nothing was said about that before.
func (n *Node) Allow(ctx context.Context, a Allowance) error {
	l, err := n.budget()
	if err != nil {
		return err
	}
	amount, err := a.Promise.Cost()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBudget, err)
	}
	p := price{cohort: a.Cohort, study: a.Study}
	if a.Kind == OfStudy {
		if p, err = n.payer(ctx, a); err != nil {
			return err
		}
	}
	return n.follow(ctx, func(tx querier) (orders []ledger.Order, err error) {
		now, err := l.Show(ctx, tx)
		if err != nil {
			return nil, err
		}
		for _, o := range n.orders(a.Kind, p, ledger.Cost(amount), now.Task == ledger.Cost{}) {
			o.Reason = a.Reason
			orders = append(orders, o)
		}
		if len(orders) == 0 {
			return nil, fmt.Errorf("%w: say whose it is", ErrBudget)
		}
		return orders, n.namePayers(ctx, tx, p)
	})
}

// payer is whose budget an allowance is. The study must be in force here, and ask for the
// cohort.
func (n *Node) payer(ctx context.Context, a Allowance) (price, error) {
	p := price{cohort: a.Cohort, study: a.Study}
	r, err := n.asks(ctx, a.Study, a.Cohort, ErrBudget)
	if err != nil || a.Researcher == "" {
		return p, err
	}
	i := slices.IndexFunc(r.Researchers, func(who protocol.Researcher) bool { return who.Name == a.Researcher })
	if i < 0 {
		return p, fmt.Errorf("%w: study %q has no researcher %q", ErrBudget, a.Study, a.Researcher)
	}
	p.name, p.researcher = a.Researcher, r.Researchers[i].Key.ID()
	return p, nil
}

// orders are those of one allowance.
func (n *Node) orders(kind AllowanceKind, p price, amount ledger.Cost, first bool) []ledger.Order {
	path := n.payers(p)
	order := func(kind ledger.OrderKind, level ledger.Level) ledger.Order {
		return ledger.Order{Kind: kind, Level: level, Path: path.UpTo(level), Amount: amount}
	}
	limit := ledger.Order{Kind: ledger.LimitTask, Amount: amount}
	switch kind {
	case OfPeople:
		return []ledger.Order{order(ledger.Allow, ledger.Population)}
	case OfRelease:
		return []ledger.Order{limit}
	case OfStudy:
		list := []ledger.Order{order(ledger.Allow, ledger.Dataset), order(ledger.Allow, ledger.Study), order(ledger.AllowEach, ledger.Study)}
		if p.name != "" {
			list[2] = order(ledger.Allow, ledger.Researcher)
		}
		if first {
			list = append(list, limit)
		}
		return list
	}
	return nil
}

// follow has the custodian sign orders, and follows all of them or none.
func (n *Node) follow(ctx context.Context, orders func(tx querier) ([]ledger.Order, error)) error {
	err := n.records.update(ctx, func(tx querier) error {
		list, err := orders(tx)
		if err != nil {
			return err
		}
		for _, o := range list {
			signed, err := n.sign(o)
			if err != nil {
				return err
			}
			if _, err := n.ledger.Follow(ctx, tx, signed); err != nil {
				return fmt.Errorf("%w: %w", ErrBudget, err)
			}
			now, err := n.ledger.Show(ctx, tx)
			if err != nil {
				return err
			}
			if _, err := appendLink(ctx, tx, linkBudget, protocol.Digest(now.Head.Digest)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return n.settle(ctx)
}

// sign completes an order for this site's ledger, with the custodian's signature.
func (n *Node) sign(o ledger.Order) (ledger.Signed, error) {
	o.Ledger = ledger.Key(n.keys.PinTag(domainLedger))
	if _, err := io.ReadFull(n.cfg.Entropy, o.Nonce[:]); err != nil {
		return ledger.Signed{}, fmt.Errorf("draw a nonce: %w", err)
	}
	message, err := o.Encode()
	if err != nil {
		return ledger.Signed{}, fmt.Errorf("%w: %w", ErrBudget, err)
	}
	signed, err := protocol.Sign(protocol.BudgetOrder{Order: message}, n.keys.Custodian())
	if err != nil {
		return ledger.Signed{}, fmt.Errorf("sign an order: %w", err)
	}
	return ledger.Signed{Message: message, Signature: signed.Bytes()}, nil
}

// AcceptLoss opens a ledger that is behind its head file: the custodian signs that the
// entries between are lost. Each of them is charged, to every account, as the largest
// answer that was ever allowed.
func (n *Node) AcceptLoss(ctx context.Context, reason string) error {
	if !errors.Is(n.ledgerErr, ledger.ErrBehind) {
		return fmt.Errorf("%w: the ledger is not behind its head file", ErrBudget)
	}
	c := n.ledgerConfig()
	head, known, err := c.Witness.Head(ctx)
	if err != nil || !known {
		return errors.Join(fmt.Errorf("%w: there is no head file", ErrLedger), err)
	}
	order, err := n.sign(ledger.Order{Kind: ledger.AcceptLoss, Head: head, Reason: reason})
	if err != nil {
		return err
	}
	if n.ledger, err = ledger.Recover(ctx, n.records.db, c, order); err != nil {
		return fmt.Errorf("%w: %w", ErrLedger, err)
	}
	n.ledgerErr = nil
	n.cfg.Log.Warn("entries of the privacy ledger are accepted as lost", "to", head.Seq)
	return nil
}
