package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/policy"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// Question is a question that waits for people, with all that they need to decide.
type Question struct {
	Motion
	Organisation, Purpose string
	Use                   protocol.Use
	Mode                  protocol.Mode
	Analysis, Cohort      string
	Panel                 string
	Variants              uint64
	Issued, Expires       time.Time
	// Ranges are those of the panel, as they were asked for.
	Ranges []panel.Range
	// Claims are what the passport shows now, nil without one; Passport is why it is not
	// believed.
	Claims   *passport.Claims
	Passport error
	// DataUse is what the dataset's terms say, line by line; Decision is the policy's.
	DataUse  []string
	Decision policy.Decision
	// Cost is what an answer in mode dp would be charged, Left what one to this researcher may
	// cost at most before it.
	Cost, Left account.Cost
	// Alike are earlier answers about the same cohort that have variants of this one: what is
	// asked twice of people who differ by a few tells of these few.
	Alike []ConsentAnswer
	// Leaves is what would leave the site.
	Leaves []Leaving
	// Header is exactly what the researcher has signed.
	Header []byte
}

// showQuestion fills in of a motion what its header says.
func (n *Node) showQuestion(ctx context.Context, q querier, m *motion, shown *Motion) error {
	kept, asked, p, err := n.readQuestion(ctx, q, m)
	if err != nil {
		return err
	}
	shown.Needs = nil
	for _, text := range kept.Needs {
		a, err := policy.ParseApproval(text)
		if err != nil {
			return fmt.Errorf("%w: what waits: %w", ErrRecords, err)
		}
		shown.Needs = append(shown.Needs, a)
	}
	if shown.State == motionOpen {
		shown.State = verdictOf(shown.Needs, shown.Voices)
	}
	who, _ := p.roster.Message.Researcher(asked.Message.Researcher)
	shown.Study, shown.Query, shown.Researcher = asked.Message.Study, asked.Digest(), who.Name
	return nil
}

func (n *Node) readQuestion(ctx context.Context, q querier, m *motion) (kept keptQuestion, asked protocol.Signed[protocol.QueryHeader], p *pinned, err error) {
	if err = json.Unmarshal(m.payload, &kept); err != nil {
		return kept, asked, nil, fmt.Errorf("%w: what waits: %w", ErrRecords, err)
	}
	if p, err = n.rosterByDigest(ctx, q, kept.Roster); err != nil {
		return kept, asked, nil, err
	}
	asked, err = p.roster.Message.OpenQuery(kept.Header, kept.Roster)
	if err != nil {
		err = fmt.Errorf("%w: what waits: %w", ErrRecords, err)
	}
	return kept, asked, p, err
}

// Question shows a question that waits, by the beginning of its motion's id. It changes
// nothing and sends nothing; a key set of a passport's issuer may be fetched.
func (n *Node) Question(ctx context.Context, id string) (Question, error) {
	m, err := findMotion(ctx, n.records.db, id)
	if err != nil {
		return Question{}, err
	}
	if m.kind != motionQuestion {
		return Question{}, fmt.Errorf("%w: %s is a change of kind %s, and no question", ErrMotion, m.id.Short(), m.kind)
	}
	kept, header, p, err := n.readQuestion(ctx, n.records.db, m)
	if err != nil {
		return Question{}, err
	}
	q := &question{pinned: p, now: n.cfg.Now(), header: header, sealed: kept.Sealed}
	h := &header.Message
	view := Question{
		Organisation: h.Organisation, Purpose: h.Purpose, Use: h.Use, Mode: h.Mode, Analysis: h.Analysis,
		Variants: h.Size, Issued: h.Issued, Expires: h.Expires, Header: header.Bytes(),
	}
	if view.Motion, err = n.showMotion(ctx, n.records.db, m.id); err != nil {
		return Question{}, err
	}
	// Until the rules are asked, each finds what the next needs.
	for _, c := range n.checks(h.Mode) {
		err := c.holds(ctx, q)
		if q.ruling != nil {
			break
		}
		if errors.Is(err, protocol.PassportRefused) {
			view.Passport = err
			continue
		}
		if err != nil {
			return view, fmt.Errorf("%w: it would be refused: %w", ErrMotion, err)
		}
	}
	view.Cohort, view.Panel, view.Ranges, view.Claims = q.cohort.Name, q.panel.Name, q.ranges, q.claims
	for _, l := range q.ruling.use.Lines {
		view.DataUse = append(view.DataUse, l.String())
	}
	view.Decision = q.ruling.decision
	var priced Preview
	if err := n.priced(ctx, q, &priced); err != nil {
		return view, err
	}
	view.Cost, view.Left = priced.Cost, priced.Left
	if view.Alike, err = n.alike(ctx, q); err != nil {
		return view, err
	}
	view.Leaves, err = n.leaves(ctx, q)
	return view, err
}

// alike are the answers about a question's cohort that have a variant of it.
func (n *Node) alike(ctx context.Context, q *question) (list []ConsentAnswer, err error) {
	rows, err := n.records.db.QueryContext(ctx,
		"SELECT query, study, cohort, mode, variants, answered, ranges FROM questions WHERE cohort = ? AND panel = ? ORDER BY answered DESC LIMIT 1000",
		q.cohort.Name, q.panel.Digest[:])
	if err != nil {
		return nil, fmt.Errorf("read what was asked: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a ConsentAnswer
		var at int64
		var raw []byte
		if err := rows.Scan(digestTo(&a.Query), &a.Study, &a.Cohort, &a.Mode, &a.Variants, &at, &raw); err != nil {
			return nil, fmt.Errorf("%w: what was asked: %w", ErrRecords, err)
		}
		ranges, err := parseRanges(raw, q.panel.Size)
		if err != nil {
			return nil, err
		}
		if a.At = time.Unix(at, 0); overlap(ranges, q.ranges) {
			list = append(list, a)
		}
	}
	return list, rows.Err()
}

// overlap reports whether two lists of ranges, each ascending, have something in common.
func overlap(a, b []panel.Range) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].To <= b[0].From:
			a = a[1:]
		case b[0].To <= a[0].From:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

// Decision is what was decided last of a question.
type Decision struct {
	Query protocol.Digest
	Study string
	At    time.Time
	// Epoch is the policy's, 0 without one.
	Epoch        uint64
	Verdict, Why string
	// Code is the one that it was refused with, 0 without one.
	Code  uint16
	Facts policy.Facts
}

// Decisions are those since a time, oldest first.
func (n *Node) Decisions(ctx context.Context, since time.Time) (list []Decision, err error) {
	rows, err := n.records.db.QueryContext(ctx, "SELECT query, study, at, epoch, verdict, code, why, facts FROM decisions WHERE at >= ? ORDER BY at, query", since.Unix())
	if err != nil {
		return nil, fmt.Errorf("read the decisions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d Decision
		var at int64
		var facts []byte
		if err := rows.Scan(digestTo(&d.Query), &d.Study, &at, &d.Epoch, &d.Verdict, &d.Code, &d.Why, &facts); err != nil {
			return nil, fmt.Errorf("%w: the decisions: %w", ErrRecords, err)
		}
		if err := json.Unmarshal(facts, &d.Facts); err != nil {
			return nil, fmt.Errorf("%w: the decisions: %w", ErrRecords, err)
		}
		d.At = time.Unix(at, 0)
		list = append(list, d)
	}
	return list, rows.Err()
}
