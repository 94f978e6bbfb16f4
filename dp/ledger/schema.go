package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	_ "modernc.org/sqlite" // the driver of a ledger's own file
)

var (
	// ErrDamaged is returned when the ledger's tables do not say what its chain says, or
	// the chain does not follow from its own beginning.
	ErrDamaged = errors.New("ledger: the ledger is damaged")
	// ErrVersion is returned when the ledger was made by another version of the program.
	ErrVersion = errors.New("ledger: the ledger is of another version")
	// ErrFull is returned when there was no room to write. Nothing was charged.
	ErrFull = errors.New("ledger: there is no room to write")
)

// Version is that of Schema. It is raised with every change of it.
const Version = 1

// Schema makes the tables, in the database of whoever calls Open. The chain of
// entries is the truth; the other tables are what follows from it, kept so that a
// charge need not read the chain, and compared with it at every Open.
var Schema = strings.Join(schema[:], ";\n") + ";\n"

var schema = [...]string{
	`CREATE TABLE ledger_state (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	version    INTEGER NOT NULL,
	id         BLOB NOT NULL CHECK (length(id) = 32),
	task_rho   INTEGER NOT NULL CHECK (task_rho >= 0),
	task_delta INTEGER NOT NULL CHECK (task_delta >= 0),
	most_rho   INTEGER NOT NULL CHECK (most_rho >= task_rho),
	most_delta INTEGER NOT NULL CHECK (most_delta >= task_delta),
	lost_rho   INTEGER NOT NULL CHECK (lost_rho >= 0),
	lost_delta INTEGER NOT NULL CHECK (lost_delta >= 0),
	losses     INTEGER NOT NULL CHECK (losses >= 0)
) STRICT`,
	`CREATE TABLE ledger_entries (
	seq  INTEGER PRIMARY KEY CHECK (seq > 0),
	body BLOB NOT NULL,
	head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT`,
	`CREATE TRIGGER ledger_is_appended_to BEFORE INSERT ON ledger_entries
WHEN NEW.seq <= coalesce((SELECT max(seq) FROM ledger_entries), 0)
BEGIN SELECT raise(ABORT, 'the ledger is appended to'); END`,
	`CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger_entries
BEGIN SELECT raise(ABORT, 'the ledger is not changed'); END`,
	`CREATE TRIGGER ledger_is_not_cut BEFORE DELETE ON ledger_entries
BEGIN SELECT raise(ABORT, 'the ledger is not cut'); END`,
	`CREATE TABLE ledger_accounts (
	account     BLOB PRIMARY KEY CHECK (length(account) = 32),
	level       INTEGER NOT NULL CHECK (level BETWEEN 1 AND 4),
	parent      BLOB NOT NULL CHECK (length(parent) = 32),
	own_rho     INTEGER NOT NULL CHECK (own_rho >= 0),
	own_delta   INTEGER NOT NULL CHECK (own_delta >= 0),
	each_rho    INTEGER NOT NULL CHECK (each_rho >= 0),
	each_delta  INTEGER NOT NULL CHECK (each_delta >= 0),
	spent_rho   INTEGER NOT NULL CHECK (spent_rho >= 0),
	spent_delta INTEGER NOT NULL CHECK (spent_delta >= 0)
) STRICT, WITHOUT ROWID`,
	`CREATE TRIGGER ledger_odometer_only_rises BEFORE UPDATE ON ledger_accounts
WHEN NEW.spent_rho < OLD.spent_rho OR NEW.spent_delta < OLD.spent_delta
BEGIN SELECT raise(ABORT, 'what is spent stays spent'); END`,
	`CREATE TABLE ledger_debits (
	release BLOB NOT NULL CHECK (length(release) = 32),
	account BLOB NOT NULL CHECK (length(account) = 32),
	seq     INTEGER NOT NULL,
	PRIMARY KEY (release, account)
) STRICT, WITHOUT ROWID`,
	`CREATE INDEX ledger_debits_of ON ledger_debits (seq)`,
	`CREATE TABLE ledger_orders (
	digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
	seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
}

// Tx is what the ledger asks of a transaction. *sql.Tx is one.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// applicationID tells a ledger's own file from another program's: "LOCL".
const applicationID = 0x4c4f434c

// OpenFile opens a ledger's own database, and makes it when there is none. A node
// keeps its ledger in its one database instead; this is for tools and tests.
func OpenFile(ctx context.Context, path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the ledger's file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open the ledger's file: %w", err)
	}
	pragmas := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)",
	}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: pragmas.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open the ledger's file: %w", err)
	}
	db.SetMaxOpenConns(1)
	if err := transact(ctx, db, func(tx Tx) error { return prepare(ctx, tx) }); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prepare makes the tables of a new file, or checks that the file is a ledger's.
func prepare(ctx context.Context, tx Tx) error {
	var id, version, objects int
	for query, to := range map[string]*int{"PRAGMA application_id": &id, "PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &objects} {
		if err := tx.QueryRowContext(ctx, query).Scan(to); err != nil {
			return damage(err)
		}
	}
	switch {
	case id == applicationID && version == Version && objects > 0:
		return nil
	case id == applicationID && version != Version:
		return fmt.Errorf("%w: it is of version %d, this program knows %d", ErrVersion, version, Version)
	case id != 0 || version != 0 || objects != 0:
		return fmt.Errorf("%w: the file is not a ledger's", ErrDamaged)
	}
	stamp := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, Version)
	_, err := tx.ExecContext(ctx, Schema+stamp)
	return err
}

// checkSchema refuses tables that are not those of Schema to the letter: a check that
// a flipped bit has made weaker protects nothing.
func checkSchema(ctx context.Context, tx Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE tbl_name GLOB 'ledger_*' AND sql IS NOT NULL")
	if err != nil {
		return damage(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() && len(got) <= len(schema) {
		var text string
		if err := rows.Scan(&text); err != nil {
			return damage(err)
		}
		got = append(got, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return damage(err)
	}
	want := slices.Sorted(slices.Values(schema[:]))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%w: its tables are not those of version %d: restore the database from a backup", ErrDamaged, Version)
	}
	return nil
}

// checkPages asks SQLite whether each table and its indexes hold together.
func checkPages(ctx context.Context, tx Tx) error {
	for _, table := range []string{"state", "entries", "accounts", "debits", "orders"} {
		var said string
		if err := tx.QueryRowContext(ctx, "PRAGMA integrity_check(ledger_"+table+")").Scan(&said); err != nil {
			return damage(err)
		}
		if said != "ok" {
			return fmt.Errorf("%w: the pages of ledger_%s do not hold together: restore the database from a backup", ErrDamaged, table)
		}
	}
	return nil
}

// transact runs f in one transaction. Either all of it is durable when transact
// returns nil, or none of it is there.
func transact(ctx context.Context, db *sql.DB, f func(tx Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return damage(err)
	}
	if err := f(tx); err != nil {
		// The error that ended the work says more than that of the rollback.
		_ = tx.Rollback()
		return wrote(err)
	}
	return wrote(tx.Commit())
}

// The result codes of SQLite that the ledger tells apart, as in sqlite3.h.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteIO         = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCannotOpen = 14
	sqliteNotADB     = 26
)

func code(err error) int {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code() & 0xff
	}
	return 0
}

// wrote names what SQLite says of a write.
func wrote(err error) error {
	switch code(err) {
	case sqliteFull:
		return fmt.Errorf("%w: nothing was charged: make room and ask again: %w", ErrFull, err)
	case sqliteCorrupt, sqliteNotADB:
		return damage(err)
	}
	return err
}

// damage marks an error of reading the tables, unless the call was given up or the
// file is only busy, full or out of reach.
func damage(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrDamaged), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	switch code(err) {
	case sqliteBusy, sqliteLocked, sqliteIO, sqliteFull, sqliteCannotOpen:
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
