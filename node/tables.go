package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// tableSchema keeps what a custodian needs to judge a table: what was really asked, and
// what was said of tables before.
const tableSchema = `
CREATE TABLE questions ( -- what was answered
	query  BLOB PRIMARY KEY CHECK (length(query) = 32),
	cohort TEXT NOT NULL,
	panel  BLOB NOT NULL CHECK (length(panel) = 32),
	ranges BLOB NOT NULL,
	study  TEXT NOT NULL,
	mode   INTEGER NOT NULL,
	list   BLOB NOT NULL REFERENCES people (list), -- who was counted
	variants INTEGER NOT NULL CHECK (variants > 0),
	answered INTEGER NOT NULL -- first
) STRICT;

CREATE TABLE verdicts ( -- what the custodian said last of each publication
	publication BLOB PRIMARY KEY CHECK (length(publication) = 32),
	raw         BLOB NOT NULL
) STRICT;
`

// asked is what a query asked for, as this site has answered it. The header does not say
// it, and a publication says it in its researcher's words only.
type asked struct {
	cohort string
	panel  protocol.PanelRef
	ranges []panel.Range
}

// rememberQuestion writes down what a query asks for, with the first answer to it.
func (n *Node) rememberQuestion(ctx context.Context, tx querier, q *question) error {
	query, list, h := q.header.Digest(), q.data.list(n.keys.PinTag), &q.header.Message
	_, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO questions (query, cohort, panel, ranges, study, mode, list, variants, answered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		query[:], q.cohort.Name, q.panel.Digest[:], encodeRanges(union(q.ranges, nil)), h.Study, uint32(h.Mode), list[:], int64(h.Size), n.cfg.Now().Unix())
	return err
}

// readQuestion returns what a query of this roster asked for, nil where it was not
// answered here.
func readQuestion(ctx context.Context, q querier, r *protocol.Roster, query protocol.Digest) (*asked, error) {
	a := new(asked)
	var digest protocol.Digest
	var raw []byte
	err := q.QueryRowContext(ctx, "SELECT cohort, panel, ranges FROM questions WHERE query = ?", query[:]).Scan(&a.cohort, digestTo(&digest), &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was asked: %w", err)
	}
	var ok bool
	if a.panel, ok = r.Panel(digest); !ok {
		return nil, fmt.Errorf("%w: a question about a panel that its roster does not name", ErrRecords)
	}
	a.ranges, err = parseRanges(raw, a.panel.Size)
	return a, err
}

// readVerdict returns what was said of a publication, the zero value for nothing.
func readVerdict(ctx context.Context, q querier, r *protocol.Roster, publication protocol.Digest) (v protocol.Signed[protocol.Verdict], err error) {
	var raw []byte
	err = q.QueryRowContext(ctx, "SELECT raw FROM verdicts WHERE publication = ?", publication[:]).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return v, nil
	}
	if err != nil {
		return v, fmt.Errorf("read the verdicts: %w", err)
	}
	if v, err = r.OpenVerdict(raw); err != nil {
		return v, fmt.Errorf("%w: a verdict: %w", ErrRecords, err)
	}
	return v, nil
}
