package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/protocol"
)

// Where the custodian lets it, the coordinator and the researchers of a study are told
// about how much of its privacy budget is left here: in classes, and as of a day, so that
// nobody sees which answer has used up how much.

// reportSchema keeps for each study whose custodian lets it what was said last.
const reportSchema = `
CREATE TABLE reports (
	study TEXT PRIMARY KEY,
	raw   BLOB -- of the last day on which something was said
) STRICT;
`

// ReportBudget sets whether the study is told about how much of its budget is left. Nobody
// is told before it was set.
func (n *Node) ReportBudget(ctx context.Context, study string, tell bool) error {
	return n.records.update(ctx, func(tx querier) error {
		if _, err := n.pinnedRoster(ctx, tx, study); err != nil {
			if errors.Is(err, protocol.UnknownStudy) {
				return fmt.Errorf("%w: %q", ErrNoStudy, study)
			}
			return err
		}
		if !tell {
			_, err := tx.ExecContext(ctx, "DELETE FROM reports WHERE study = ?", study)
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO reports (study) VALUES (?)", study)
		return err
	})
}

// siteReport is what is said of the budget today, nil where the custodian does not let it.
// Said once, it is said again until the day is over.
func (n *Node) siteReport(ctx context.Context, p *pinned) ([]byte, error) {
	r := &p.roster.Message
	if !slices.Contains(r.Modes, protocol.Private) {
		return nil, nil
	}
	l, err := n.budget()
	if err != nil {
		return nil, nil // nothing can be spent, and the log says why
	}
	said, allowed, err := n.saidToday(ctx, n.records.db, p)
	if err != nil || said != nil || !allowed {
		return said, err
	}
	err = n.records.update(ctx, func(tx querier) error {
		if said, allowed, err = n.saidToday(ctx, tx, p); err != nil || said != nil || !allowed {
			return err
		}
		now, err := l.Show(ctx, tx)
		if err != nil {
			return err
		}
		h, err := n.content(ctx, tx, r, p.point)
		if err != nil {
			return err
		}
		report := protocol.SiteReport{Study: r.Study, Roster: p.digest(), Point: p.point, Day: protocol.DayOf(n.cfg.Now())}
		for _, c := range h.cohorts {
			left, err := n.left(now, price{study: r.Study, cohort: c.Name})
			if err != nil {
				return err
			}
			report.Cohorts = append(report.Cohorts, protocol.ReportedCohort{Name: c.Name, Left: protocol.ClassOfBudget(left.Rho)})
		}
		signed, err := protocol.Sign(report, n.keys.Signing())
		if err != nil {
			return fmt.Errorf("sign a report: %w", err)
		}
		said = signed.Bytes()
		_, err = tx.ExecContext(ctx, "UPDATE reports SET raw = ? WHERE study = ?", said, r.Study)
		return err
	})
	return said, err
}

// saidToday is what was said today, or on a later day by a clock that was set back, under
// this roster; and whether the custodian lets anything be said.
func (n *Node) saidToday(ctx context.Context, q querier, p *pinned) (raw []byte, allowed bool, err error) {
	err = q.QueryRowContext(ctx, "SELECT raw FROM reports WHERE study = ?", p.roster.Message.Study).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the reports: %w", err)
	}
	if len(raw) == 0 {
		return nil, true, nil
	}
	last, err := p.roster.Message.OpenSiteReport(raw, p.digest())
	if err != nil || last.Message.Day.Before(protocol.DayOf(n.cfg.Now())) {
		return nil, true, nil
	}
	return raw, true, nil
}

// left is what one answer to a researcher may cost, or without one to anybody of the study:
// the least that any account above the researcher's has left, and the researcher's own, and
// no more than one answer may cost. An account that nothing was spent from has what the one
// above lets each have.
func (n *Node) left(now ledger.Statement, p price) (account.Cost, error) {
	known := make(map[ledger.Key]ledger.Account, len(now.Accounts))
	for _, a := range now.Accounts {
		known[a.ID] = a
	}
	least := now.Task
	each := ledger.Cost{}
	path := n.payers(p)
	levels := []ledger.Level{ledger.Population, ledger.Dataset, ledger.Study}
	if p.researcher != (protocol.KeyID{}) {
		levels = append(levels, ledger.Researcher)
	}
	for _, level := range levels {
		at := path.UpTo(level)
		id, err := at.ID(level)
		if err != nil {
			return account.Cost{}, err
		}
		a, ok := known[id]
		if !ok {
			a.Left = ledger.Cost{Rho: each.Rho - min(now.Lost.Rho, each.Rho), Delta: each.Delta - min(now.Lost.Delta, each.Delta)}
		}
		least = ledger.Cost{Rho: min(least.Rho, a.Left.Rho), Delta: min(least.Delta, a.Left.Delta)}
		each = a.Each
	}
	if least.Delta == 0 {
		return account.Cost{}, nil // every sampler errs a little
	}
	return account.Cost(least), nil
}
