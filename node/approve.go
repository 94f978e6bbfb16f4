package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/internal/vector"
	"github.com/locus-genomics/locus/node/egress"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
)

// ErrTable is returned when a table may not be approved.
var ErrTable = errors.New("node: this table cannot be approved")

// TableRelease is a table that a researcher wants everybody of a study to read, as the
// custodian sees it.
type TableRelease struct {
	// ID is the digest of what the researcher has signed, and so names the table.
	ID                          protocol.Digest
	Study, Title, Cohort, Panel string
	Researcher, Purpose         string
	Use                         protocol.Use
	Mode                        protocol.Mode
	// Release is which answer to the question it is in mode dp, Epsilon what it cost a
	// person at Delta.
	Release        uint32
	Epsilon, Delta float64
	Rows           uint64
	Content        protocol.Digest
	Issued         time.Time
	// Sites are those whose counts are in it, Waiting those that have said nothing yet, and
	// Against those that have said no.
	Sites, Waiting, Against []string
	// State is the coordinator's word; Own what this site has said: yes, no, or nothing.
	State, Own string
	// First are the first rows.
	First []protocol.TableRow
	// Fault is why this site cannot approve it, nil when it can, and where it has said
	// something.
	Fault error

	record *protocol.TableRecord
	pinned *pinned
}

// delta is where the epsilon of a release is shown.
const delta = 1e-9

// TableReleases lists the tables of all studies here whose sums this site is in, newest
// first. What is signed of each was verified, and those that this site has said nothing
// of were read, row by row.
func (n *Node) TableReleases(ctx context.Context) ([]TableRelease, error) {
	c, err := n.asCustodian()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	known, err := rostersOf(ctx, n.records.db, "")
	if err != nil {
		return nil, err
	}
	var list []TableRelease
	for _, k := range known {
		if k.state == rosterEnded {
			continue
		}
		tables, err := c.Tables(ctx, k.study)
		if err != nil {
			return nil, err
		}
		for _, t := range tables {
			r, err := n.tableRelease(ctx, c, k.study, t.ID)
			if err != nil {
				return nil, err
			}
			if r != nil {
				list = append(list, *r)
			}
		}
	}
	return list, nil
}

// TableRelease finds one of TableReleases by the beginning of its id.
func (n *Node) TableRelease(ctx context.Context, id string) (TableRelease, error) {
	list, err := n.TableReleases(ctx)
	if err != nil {
		return TableRelease{}, err
	}
	found := slices.DeleteFunc(list, func(t TableRelease) bool { return id == "" || !strings.HasPrefix(t.ID.String(), id) })
	if len(found) != 1 {
		return TableRelease{}, fmt.Errorf("%w: %d tables with this site in them begin with %q; locus-node release pending shows them", ErrTable, len(found), id)
	}
	return found[0], nil
}

// tableRelease fetches a table and asks all that an approval needs. It is nil when this
// site has no part in the table.
func (n *Node) tableRelease(ctx context.Context, c *egress.Coordinator, study string, id protocol.Digest) (*TableRelease, error) {
	shown, err := c.Table(ctx, study, id)
	if err != nil {
		return nil, err
	}
	p, err := n.rosterByDigest(ctx, n.records.db, shown.Roster)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // a table from before this site was in the study
	}
	if err != nil {
		return nil, err
	}
	record, err := p.roster.Message.ParseTableRecord(shown.Record, p.digest())
	if err == nil && record.Publication.Digest() != id {
		err = fmt.Errorf("%w: it is another table", protocol.ErrMalformed)
	}
	if err != nil {
		// It hides no other table.
		return &TableRelease{ID: id, Study: study, State: stateOf(shown), Fault: fmt.Errorf("%w: %w", ErrTable, err)}, nil
	}
	if _, in := record.Cut.Message.Entry(p.point); !in {
		return nil, nil
	}
	t := n.describeTable(p, record, shown)
	own, err := n.lastVerdict(ctx, n.records.db, t)
	if err != nil {
		return nil, err
	}
	switch {
	case own.IsZero():
	case own.Message.Approve:
		t.Own = "yes"
	default:
		t.Own = "no"
	}
	if t.Own == "" {
		t.Fault = n.approvable(ctx, c, t)
	}
	return t, nil
}

// describeTable says what a table is, by what is signed.
func (n *Node) describeTable(p *pinned, record *protocol.TableRecord, shown rest.Table) *TableRelease {
	r, says, h := &p.roster.Message, &record.Publication.Message, &record.Header.Message
	t := &TableRelease{
		ID: record.Publication.Digest(), Study: says.Study, Title: says.Title, Cohort: says.Cohort, Purpose: h.Purpose, Use: h.Use, Mode: says.Mode,
		Release: h.Release, Rows: says.Rows, Content: says.Content, Issued: says.Issued, State: stateOf(shown), record: record, pinned: p,
	}
	if who, ok := r.Researcher(record.Publication.Signer()); ok {
		t.Researcher = who.Name + ", " + who.Organisation
	}
	if ref, ok := r.Panel(says.Panel); ok {
		t.Panel = ref.Name
	}
	names := func(points []uint32) (list []string) {
		for _, point := range points {
			if s, ok := r.Site(point); ok {
				list = append(list, s.Name)
			}
		}
		return list
	}
	waiting, against := record.Standing()
	t.Sites, t.Waiting, t.Against = names(record.Cut.Message.Points()), names(waiting), names(against)
	if says.Mode == protocol.Private {
		t.Epsilon, t.Delta = epsilonOf(r, h), delta
	}
	return t
}

// stateOf is the coordinator's word, where it is one of those that it may be.
func stateOf(t rest.Table) string {
	switch t.State {
	case rest.TablePending, rest.TablePublished, rest.TableRefused, rest.TableWithdrawn:
		return t.State
	}
	return "unknown"
}

// epsilonOf is what a private release costs a person, 0 where that is not known.
func epsilonOf(r *protocol.Roster, h *protocol.QueryHeader) float64 {
	v, err := vector.Of(r, h)
	if err != nil {
		return 0
	}
	event, ok := v.Event()
	if !ok {
		return 0
	}
	cost, err := account.Of(event)
	if err != nil {
		return 0
	}
	return account.Epsilon(float64(cost.Rho)/account.RhoUnits, delta)
}

// Judge signs the custodian's yes or no to a table that was shown, and hands it in. The
// same word again is handed in again. A no needs no reason; a yes needs a table without a
// Fault.
func (n *Node) Judge(ctx context.Context, t TableRelease, approve bool) error {
	if t.record == nil {
		return errors.Join(fmt.Errorf("%w: it was not shown", ErrTable), t.Fault)
	}
	c, err := n.asCustodian()
	if err != nil {
		return err
	}
	defer c.Close()
	if approve {
		if err := n.approvable(ctx, c, &t); err != nil {
			return err
		}
	}
	signed, err := n.verdict(ctx, &t, approve)
	if err != nil {
		return err
	}
	return c.Judge(ctx, t.Study, t.ID, signed.Bytes())
}

// verdict makes the word durable, as a link of the chain, before it leaves.
func (n *Node) verdict(ctx context.Context, t *TableRelease, approve bool) (signed protocol.Signed[protocol.Verdict], err error) {
	err = n.records.update(ctx, func(tx querier) error {
		last, err := n.lastVerdict(ctx, tx, t)
		if err != nil {
			return err
		}
		if !last.IsZero() && last.Message.Approve == approve {
			signed = last
			return nil
		}
		v := protocol.Verdict{Study: t.Study, Publication: t.ID, Point: t.pinned.point, Approve: approve, Issued: n.cfg.Now()}
		// The latest word counts, so that it is later than the one before by a whole second.
		if after := last.Message.Issued.Add(time.Second); !last.IsZero() && v.Issued.Before(after) {
			v.Issued = after
		}
		if signed, err = protocol.Sign(v, n.keys.Custodian()); err != nil {
			return fmt.Errorf("sign a verdict: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO verdicts (publication, raw) VALUES (?, ?)", t.ID[:], signed.Bytes()); err != nil {
			return err
		}
		_, err = appendLink(ctx, tx, linkVerdict, signed.Digest())
		return err
	})
	if err == nil {
		n.cfg.Log.Info("table judged", "study", t.Study, "table", t.ID.Short(), "approved", approve)
	}
	return signed, err
}

// lastVerdict is what this site's custodian said last: by the records, or by what the
// coordinator has of it when they were restored since.
func (n *Node) lastVerdict(ctx context.Context, q querier, t *TableRelease) (protocol.Signed[protocol.Verdict], error) {
	last, err := readVerdict(ctx, q, &t.pinned.roster.Message, t.ID)
	if err != nil {
		return last, err
	}
	for _, v := range t.record.Verdicts {
		if v.Message.Point == t.pinned.point && (last.IsZero() || v.Message.Issued.After(last.Message.Issued)) {
			last = v
		}
	}
	return last, nil
}
