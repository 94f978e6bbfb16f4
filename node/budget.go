package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/keystore"
	"github.com/locus-genomics/locus/protocol"
)

// What private answers cost is kept in the ledger, in the one database. A debit is durable
// before noise is drawn for it, stands in the node's chain, and is never given back.

var (
	// ErrBudget is returned when a budget cannot be changed as is asked.
	ErrBudget = errors.New("node: the budget cannot be changed so")
	// ErrLedger is returned when the ledger cannot be used: it is damaged, or behind the
	// head that the head file has.
	ErrLedger = errors.New("node: the privacy ledger cannot be used")
)

// The domains of keys in the ledger, which never sees a name.
const (
	domainLedger     = "locus/budget/ledger/v1"
	domainPopulation = "locus/budget/population/v1"
	domainDataset    = "locus/budget/dataset/v1"
	domainStudy      = "locus/budget/study/v1"
	domainResearcher = "locus/budget/researcher/v1"
)

// price is what a private answer costs, and whom.
type price struct {
	cohort, study string
	researcher    protocol.KeyID
	// name is the researcher's in the roster.
	name string
	cost account.Cost
}

// priceOf is that of a question in mode dp.
func priceOf(q *question) (price, error) {
	event, ok := q.vector.Event()
	if !ok {
		return price{}, fmt.Errorf("%w: an exact answer has no price", ErrLedger)
	}
	cost, err := account.Of(event)
	if err != nil {
		return price{}, fmt.Errorf("%w: %w", protocol.TooLarge, err)
	}
	h := &q.header.Message
	who, _ := q.pinned.roster.Message.Researcher(h.Researcher)
	return price{cohort: q.cohort.Name, study: h.Study, researcher: h.Researcher, name: who.Name, cost: cost}, nil
}

// payers are the accounts of a price: everybody at the site, the cohort, the study and the
// researcher in it.
func (n *Node) payers(p price) ledger.Path {
	tag := func(domain string, parts ...[]byte) ledger.Key { return ledger.Key(n.keys.PinTag(domain, parts...)) }
	return ledger.Path{
		Population: tag(domainPopulation), Dataset: tag(domainDataset, []byte(p.cohort)), Study: tag(domainStudy, []byte(p.study)),
		Researcher: tag(domainResearcher, p.researcher[:]),
	}
}

// affordable tells whether a release can be paid for, and changes nothing. What has been
// paid for before can.
func (n *Node) affordable(ctx context.Context, identity protocol.Digest, p price) error {
	l, err := n.budget()
	if err != nil {
		return err
	}
	errUndone := errors.New("undone")
	err = n.records.update(ctx, func(tx querier) error {
		if _, err := l.Reserve(ctx, tx, n.charge(identity, p)); err != nil {
			return err
		}
		return errUndone
	})
	if errors.Is(err, errUndone) {
		return nil
	}
	return spent(err)
}

// debit charges a release to its payers: all of them, or none and nothing is changed. It is
// durable and witnessed when debit returns. What has been paid for before is not charged
// again.
func (n *Node) debit(ctx context.Context, identity protocol.Digest, p price) (*ledger.Hold, error) {
	l, err := n.budget()
	if err != nil {
		return nil, err
	}
	var hold *ledger.Hold
	err = n.records.update(ctx, func(tx querier) error {
		if hold, err = l.Reserve(ctx, tx, n.charge(identity, p)); err != nil || hold.Replayed() {
			return err
		}
		if err := n.namePayers(ctx, tx, p); err != nil {
			return err
		}
		if _, err := appendLink(ctx, tx, linkDebit, protocol.Digest(hold.Head().Digest)); err != nil {
			return err
		}
		return n.tellLow(ctx, tx, l, n.charge(identity, p), p.study)
	})
	if err != nil {
		return nil, spent(err)
	}
	return hold, n.settle(ctx)
}

func (n *Node) charge(identity protocol.Digest, p price) ledger.Charge {
	c := ledger.Charge{Release: ledger.Key(identity), Path: n.payers(p), Cost: ledger.Cost(p.cost)}
	if debug.Without(debug.PrivacyBudget) {
		c.Cost = ledger.Cost{Rho: 1}
	}
	return c
}

// settle brings the ledger's head to the head file. After an error nothing more is answered.
func (n *Node) settle(ctx context.Context) error {
	if err := n.ledger.Settle(ctx, n.records.db); err != nil {
		return diskFailed(ctx, err)
	}
	return nil
}

// diskFailed marks an error of the ledger after which nothing may be answered any more.
func diskFailed(ctx context.Context, err error) error {
	if errors.Is(err, ledger.ErrClosed) {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	return diskError(ctx, "settle", err)
}

// spent says what a charge that is refused means to who asks: which account it was stays
// in the site's own log.
func spent(err error) error {
	var short *ledger.Exhausted
	switch {
	case errors.As(err, &short):
		return fmt.Errorf("%w: the %s has rho %.3g left and the answer costs %.3g; the custodian allows more with locus-node budget allow",
			protocol.BudgetExhausted, short.Level, float64(short.Left.Rho)/account.RhoUnits, float64(short.Need.Rho)/account.RhoUnits)
	case err == nil, errors.As(err, new(protocol.Code)):
		return err
	case errors.Is(err, ledger.ErrCost):
		return fmt.Errorf("%w: %w", protocol.BudgetExhausted, err)
	case errors.Is(err, ledger.ErrClosed), errors.Is(err, ledger.ErrDamaged):
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	return err
}

// budget is the ledger, or why it cannot be used.
func (n *Node) budget() (*ledger.Ledger, error) {
	if n.ledger == nil {
		return nil, fmt.Errorf("%w: %w", ErrLedger, n.ledgerErr)
	}
	return n.ledger, nil
}

// openLedger opens the ledger in the records. That it cannot be used is kept: a node that
// cannot answer can still be looked at and mended.
func (n *Node) openLedger(ctx context.Context) {
	n.ledger, n.ledgerErr = ledger.Open(ctx, n.records.db, n.ledgerConfig())
}

func (n *Node) ledgerConfig() ledger.Config {
	return ledger.Config{
		ID:      ledger.Key(n.keys.PinTag(domainLedger)),
		Witness: ledger.NewHeadFile(n.cfg.HeadFile, headSigner{n.keys}),
		Verify:  n.custodianSigned,
	}
}

// custodianSigned requires that this site's custodian has signed an order.
func (n *Node) custodianSigned(message, signature []byte) error {
	o, err := protocol.Open[protocol.BudgetOrder](signature, protocol.NewKeyring(n.card.CustodianKey))
	if err == nil && string(o.Message.Order) != string(message) {
		err = protocol.ErrSignature
	}
	return err
}

// headSigner signs heads with the node's key.
type headSigner struct{ keys *keystore.Store }

// Sign implements ledger.Signer.
func (s headSigner) Sign(message []byte) ([]byte, error) {
	signed, err := protocol.Sign(protocol.LedgerHead{Head: message}, s.keys.Signing())
	return signed.Bytes(), err
}

// Verify implements ledger.Signer.
func (s headSigner) Verify(message, signature []byte) error {
	h, err := protocol.Open[protocol.LedgerHead](signature, protocol.NewKeyring(s.keys.Signing().Public()))
	if err == nil && string(h.Message.Head) != string(message) {
		err = protocol.ErrSignature
	}
	return err
}

// namePayers writes down what people call the accounts.
func (n *Node) namePayers(ctx context.Context, tx querier, p price) error {
	path := n.payers(p)
	for level, name := range map[ledger.Level]string{ledger.Population: "everybody here", ledger.Dataset: p.cohort, ledger.Study: p.study, ledger.Researcher: p.name} {
		if name == "" {
			continue
		}
		id, err := path.UpTo(level).ID(level)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO payers (account, name) VALUES (?, ?)", id[:], name); err != nil {
			return err
		}
	}
	return nil
}

// verifyBudget requires that the ledger has every entry that the chain names since the
// records were last restored, so that neither can be set back without the other.
func (n *Node) verifyBudget(ctx context.Context) error {
	l, err := n.budget()
	if err != nil {
		return err
	}
	heads := make(map[protocol.Digest]bool)
	err = l.Lines(ctx, n.records.db, 0, func(line ledger.Line) error {
		heads[protocol.Digest(line.Head.Digest)] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLedger, err)
	}
	rows, err := n.records.db.QueryContext(ctx, `SELECT digest FROM chain WHERE kind IN ('budget', 'debit')
		AND seq > coalesce((SELECT max(seq) FROM chain WHERE kind = 'restored'), 0)`)
	if err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return errors.Join(eachDigest(rows, func(d protocol.Digest) error {
		if !heads[d] {
			return fmt.Errorf("%w: the chain names an entry that the ledger lacks: restore the records from a newer backup", ErrLedger)
		}
		return nil
	}), rows.Close())
}

func eachDigest(rows *sql.Rows, f func(protocol.Digest) error) error {
	for rows.Next() {
		var d protocol.Digest
		if err := rows.Scan(digestTo(&d)); err != nil {
			return fmt.Errorf("%w: the chain: %w", ErrRecords, err)
		}
		if err := f(d); err != nil {
			return err
		}
	}
	return rows.Err()
}
