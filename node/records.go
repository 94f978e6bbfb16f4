package node

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/locus-genomics/locus/dp/ledger"
	"github.com/locus-genomics/locus/protocol"

	_ "modernc.org/sqlite" // the driver of the one database
)

var (
	// ErrRecords is returned when the records are damaged, or of another version.
	ErrRecords = errors.New("node: the records cannot be used")
	// errDisk marks errors after which nothing may be answered any more.
	errDisk = errors.New("node: the records could not be written; see that their disk works and has room")
)

// schemaVersion is raised with every change of the schema.
const schemaVersion = 7

// applicationID tells the file from another program's: "LOCU".
const applicationID = 0x4c4f4355

// schema is the whole database but for the ledger's tables. Every blob that names
// something has its length checked, so that a damaged row is seen before it is believed.
const schema = `
CREATE TABLE chain (
	seq    INTEGER PRIMARY KEY CHECK (seq > 0),
	kind   TEXT NOT NULL CHECK (kind IN ('roster', 'cohort', 'declaration', 'contribution', 'released', 'vote', 'restored', 'grant', 'reopening', 'consent', 'revoked', 'budget', 'debit', 'verdict', 'policy', 'officers', 'voice', 'freeze', 'thaw', 'terms', 'evidence', 'key', 'key revoked', 'erased', 'left')),
	digest BLOB NOT NULL CHECK (length(digest) = 32),
	head   BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;
CREATE INDEX keys_revoked ON chain (digest) WHERE kind = 'key revoked';
CREATE TRIGGER chain_is_appended BEFORE INSERT ON chain
WHEN NEW.kind != 'restored' AND NEW.seq != 1 + coalesce((SELECT max(seq) FROM chain), 0)
  OR NEW.seq <= coalesce((SELECT max(seq) FROM chain), 0)
BEGIN SELECT raise(ABORT, 'the chain is appended to'); END;
CREATE TRIGGER chain_is_not_changed BEFORE UPDATE ON chain
BEGIN SELECT raise(ABORT, 'the chain is not changed'); END;
CREATE TRIGGER chain_is_not_cut BEFORE DELETE ON chain
BEGIN SELECT raise(ABORT, 'the chain is not cut'); END;

CREATE TABLE cohorts (
	name       TEXT PRIMARY KEY CHECK (length(name) > 0),
	definition BLOB NOT NULL,
	added      INTEGER NOT NULL
) STRICT;

CREATE TABLE erasures ( -- what the site has signed of cohorts that it erased
	digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
	name   TEXT NOT NULL,
	note   BLOB NOT NULL
) STRICT;

CREATE TABLE rosters (
	digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
	study  TEXT NOT NULL,
	epoch  INTEGER NOT NULL CHECK (epoch > 0),
	raw    BLOB NOT NULL,
	state  TEXT NOT NULL CHECK (state IN ('endorsed', 'in force', 'ended'))
) STRICT;
CREATE INDEX rosters_of_study ON rosters (study, epoch);

CREATE TABLE declarations (
	digest  BLOB PRIMARY KEY CHECK (length(digest) = 32),
	study   TEXT NOT NULL,
	roster  BLOB NOT NULL CHECK (length(roster) = 32),
	content BLOB NOT NULL CHECK (length(content) = 32),
	raw     BLOB NOT NULL,
	current INTEGER NOT NULL CHECK (current IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX one_current_declaration ON declarations (study) WHERE current = 1;

CREATE TABLE sessions (
	session      BLOB PRIMARY KEY CHECK (length(session) = 32),
	study        TEXT NOT NULL,
	roster       BLOB NOT NULL CHECK (length(roster) = 32),
	query        BLOB NOT NULL CHECK (length(query) = 32),
	attempt      INTEGER NOT NULL CHECK (attempt > 0),
	task         BLOB NOT NULL CHECK (length(task) = 32),        -- digest of the task, as a member signed it
	expires      INTEGER NOT NULL,
	identity     BLOB NOT NULL CHECK (length(identity) = 32),
	params       TEXT NOT NULL,
	kem          BLOB NOT NULL,
	asked        BLOB NOT NULL,                                  -- the query's header, as signed
	recipient    BLOB NOT NULL,                                  -- the key that the opening is sealed to
	header       BLOB NOT NULL CHECK (length(header) = 32),      -- digest of the contribution's header
	contribution BLOB,                                           -- as it left, until the session is over
	words        BLOB NOT NULL CHECK (length(words) = 32),       -- digest of the masked words in the outbox
	received     BLOB,
	vote         BLOB,
	opening      BLOB,
	UNIQUE (query, attempt),
	CHECK (opening IS NULL OR vote IS NOT NULL)
) STRICT;

CREATE TABLE shares (
	session BLOB NOT NULL REFERENCES sessions (session),
	point   INTEGER NOT NULL CHECK (point > 0),
	header  BLOB NOT NULL CHECK (length(header) = 32),
	sealed  BLOB NOT NULL,
	PRIMARY KEY (session, point)
) STRICT;

CREATE TABLE pairs ( -- keys of pairs that dealers have sealed to this site
	dealer BLOB NOT NULL CHECK (length(dealer) = 32), -- its node key
	kem    BLOB NOT NULL,                             -- the key of this site's that it is sealed to
	sealed BLOB NOT NULL,
	PRIMARY KEY (dealer, kem)
) STRICT;

CREATE TABLE paired ( -- receivers that were told the key of the pair with this site
	receiver BLOB PRIMARY KEY CHECK (length(receiver) = 32), -- its node key
	kem      BLOB NOT NULL CHECK (length(kem) = 32),         -- digest of both sites' KEM keys
	session  BLOB NOT NULL CHECK (length(session) = 32),     -- that told it the key
	holds    INTEGER NOT NULL CHECK (holds IN (0, 1))        -- it has signed that a share opened
) STRICT;

CREATE TABLE pins (
	identity BLOB PRIMARY KEY CHECK (length(identity) = 32),
	words    BLOB NOT NULL CHECK (length(words) = 32)
) STRICT;

CREATE TABLE votes (
	identity BLOB PRIMARY KEY CHECK (length(identity) = 32),
	points   BLOB NOT NULL,
	session  BLOB NOT NULL CHECK (length(session) = 32),
	cut_set  BLOB NOT NULL CHECK (length(cut_set) = 32),
	cut      BLOB NOT NULL
) STRICT;

CREATE TABLE people ( -- who was in a cohort, with all that decides what they contribute
	list     BLOB PRIMARY KEY CHECK (length(list) = 32),
	class    INTEGER NOT NULL CHECK (class >= 0),    -- how many, as a declaration says it
	variants INTEGER NOT NULL CHECK (variants >= 0), -- given of them in exact answers
	tags     BLOB CHECK (length(tags) % 8 = 0)       -- one of each, under the pin key; none where a snapshot brought them back
) STRICT;

CREATE TABLE released ( -- which variants were given of them, and added up over which sites
	list   BLOB NOT NULL REFERENCES people (list),
	sites  BLOB NOT NULL CHECK (length(sites) = 32),
	panel  BLOB NOT NULL CHECK (length(panel) = 32),
	size   INTEGER NOT NULL CHECK (size > 0), -- of the panel
	ranges BLOB NOT NULL,
	PRIMARY KEY (list, sites, panel)
) STRICT;

CREATE TABLE grants (
	digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
	raw    BLOB NOT NULL
) STRICT;

CREATE TABLE reopenings ( -- of this site, and of others that it took in
	digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
	raw    BLOB NOT NULL
) STRICT;

CREATE TABLE payers ( -- what people call the accounts of the ledger
	account BLOB PRIMARY KEY CHECK (length(account) = 32),
	name    TEXT NOT NULL
) STRICT;

CREATE TABLE seen (
	study    TEXT NOT NULL,
	node     BLOB NOT NULL CHECK (length(node) = 32), -- whose head: its node key
	seq      INTEGER NOT NULL CHECK (seq > 0),
	head     BLOB NOT NULL CHECK (length(head) = 32),
	snapshot BLOB,                                    -- the last one it sent, for itself alone
	PRIMARY KEY (study, node)
) STRICT;
`

// records is the one database of a node.
type records struct{ db *sql.DB }

// querier is what a transaction and the database have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// openRecords opens the database and makes it when there is none.
func openRecords(path string) (*records, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)", "secure_delete(1)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: pragmas.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open the records: %w", err)
	}
	// One connection: a node's writes are few, and their order is the chain's.
	db.SetMaxOpenConns(1)
	r := &records{db: db}
	if err := r.prepare(context.Background()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// prepare makes the schema, or checks that it is the one this program knows.
func (r *records) prepare(ctx context.Context) error {
	return r.update(ctx, func(tx querier) error {
		var id, version int
		if err := tx.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		switch {
		case id == applicationID && version == schemaVersion:
			return nil
		case id != 0 || version != 0:
			return fmt.Errorf("%w: they are of version %d, this program knows %d", ErrRecords, version, schemaVersion)
		}
		stamp := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
		_, err := tx.ExecContext(ctx, schema+reportSchema+tableSchema+consentSchema+governanceSchema+noticeSchema+watchSchema+ledger.Schema+stamp)
		return err
	})
}

// Close gives the database back.
func (r *records) Close() error {
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close the records: %w", err)
	}
	return nil
}

// update runs f in one transaction. Either all of it is durable when update
// returns nil, or none of it is there.
func (r *records) update(ctx context.Context, f func(tx querier) error) error {
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return diskError(ctx, "begin", err)
	}
	if err := f(tx); err != nil {
		// The error that ended the work says more than that of the rollback.
		_ = tx.Rollback()
		return diskError(ctx, "write", err)
	}
	if err := tx.Commit(); err != nil {
		return diskError(ctx, "commit", err)
	}
	return nil
}

// diskError marks what SQLite says went wrong with the file. A refusal and a call
// that was given up are no fault of the disk.
func diskError(ctx context.Context, doing string, err error) error {
	var code interface{ Code() int }
	if ctx.Err() != nil || !errors.As(err, &code) {
		return err
	}
	if strings.Contains(err.Error(), "locked") {
		return fmt.Errorf("%s the records: %w", doing, err)
	}
	return fmt.Errorf("%w: %s: %w", errDisk, doing, err)
}

// link is one entry of the chain.
type link struct {
	seq  uint64
	head protocol.Digest
}

// The kinds of a link.
const (
	linkRoster       = "roster"
	linkCohort       = "cohort"
	linkDeclaration  = "declaration"
	linkContribution = "contribution"
	linkReleased     = "released"
	linkVote         = "vote"
	linkRestored     = "restored"
	linkGrant        = "grant"
	linkReopening    = "reopening"
	linkConsent      = "consent"
	linkRevoked      = "revoked"
	linkVerdict      = "verdict"
	linkBudget       = "budget"
	linkDebit        = "debit"
	linkPolicy       = "policy"
	linkOfficers     = "officers"
	linkVoice        = "voice"
	linkFreeze       = "freeze"
	linkThaw         = "thaw"
	linkTerms        = "terms"
	linkEvidence     = "evidence"
	linkKey          = "key"
	linkKeyRevoked   = "key revoked"
	linkErased       = "erased"
	linkLeft         = "left"
)

// lastLink is where the chain stands, the zero link when it is empty.
func lastLink(ctx context.Context, q querier) (link, error) {
	var l link
	err := q.QueryRowContext(ctx, "SELECT seq, head FROM chain ORDER BY seq DESC LIMIT 1").Scan(&l.seq, digestTo(&l.head))
	if errors.Is(err, sql.ErrNoRows) {
		return link{}, nil
	}
	return l, err
}

// lastNamed is what the last link of a kind names, zero where there is none.
func lastNamed(ctx context.Context, q querier, kind string) (named protocol.Digest, err error) {
	err = q.QueryRowContext(ctx, "SELECT digest FROM chain WHERE kind = ? ORDER BY seq DESC LIMIT 1", kind).Scan(digestTo(&named))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return named, fmt.Errorf("read the chain: %w", err)
	}
	return named, nil
}

// appendLink adds what a digest names to the chain.
func appendLink(ctx context.Context, tx querier, kind string, digest protocol.Digest) (link, error) {
	last, err := lastLink(ctx, tx)
	if err != nil {
		return link{}, err
	}
	next := link{seq: last.seq + 1, head: nextHead(last.head, kind, digest)}
	_, err = tx.ExecContext(ctx, "INSERT INTO chain (seq, kind, digest, head) VALUES (?, ?, ?, ?)", next.seq, kind, digest[:], next.head[:])
	return next, err
}

func nextHead(previous protocol.Digest, kind string, digest protocol.Digest) protocol.Digest {
	return protocol.Hash("locus/chain/v1", previous[:], []byte(kind), digest[:])
}

// verifyChain recomputes every head. A restored link has the head that others had
// seen: what lies before it is lost, and its own digest names the snapshot.
func (r *records) verifyChain(ctx context.Context) error {
	rows, err := r.db.QueryContext(ctx, "SELECT seq, kind, digest, head FROM chain ORDER BY seq")
	if err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	defer rows.Close()
	var last link
	for rows.Next() {
		var l link
		var kind string
		var digest protocol.Digest
		if err := rows.Scan(&l.seq, &kind, digestTo(&digest), digestTo(&l.head)); err != nil {
			return fmt.Errorf("%w: the chain: %w", ErrRecords, err)
		}
		if kind != linkRestored && (l.seq != last.seq+1 || l.head != nextHead(last.head, kind, digest)) {
			return fmt.Errorf("%w: link %d of the chain does not follow from the one before", ErrRecords, l.seq)
		}
		last = l
	}
	return rows.Err()
}

// knowsHead reports whether a head is in the chain, or in the stretch that a
// restored snapshot stands for, or where that snapshot was taken.
func knowsHead(ctx context.Context, q querier, seq uint64, head protocol.Digest) (bool, error) {
	if seq > maxSequence {
		return false, nil
	}
	at := restoredAt(seq, head)
	restored, err := readDigest(ctx, q, "SELECT digest FROM chain WHERE kind = 'restored' AND digest = ?", at)
	if err != nil || !restored.IsZero() {
		return err == nil, err
	}
	var kind string
	var here uint64
	err = q.QueryRowContext(ctx, "SELECT seq, kind, head FROM chain WHERE seq >= ? ORDER BY seq LIMIT 1", seq).Scan(&here, &kind, digestTo(&at))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return here == seq && at == head || here > seq && kind == linkRestored, err
}

// readDigest returns the digest that a query of one row gives, zero without a row.
func readDigest(ctx context.Context, q querier, query string, key protocol.Digest) (d protocol.Digest, err error) {
	err = q.QueryRowContext(ctx, query, key[:]).Scan(digestTo(&d))
	if errors.Is(err, sql.ErrNoRows) {
		return protocol.Digest{}, nil
	}
	if err != nil {
		return protocol.Digest{}, fmt.Errorf("read the records: %w", err)
	}
	return d, nil
}

// digestTo scans a blob of 32 bytes.
func digestTo(d *protocol.Digest) sql.Scanner { return (*scannedDigest)(d) }

type scannedDigest protocol.Digest

// Scan takes 32 bytes.
func (d *scannedDigest) Scan(src any) error {
	b, _ := src.([]byte)
	parsed, err := protocol.ParseDigest(b)
	*d = scannedDigest(parsed)
	return err
}
