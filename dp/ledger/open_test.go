package ledger_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

// tamper runs statements on a closed ledger's file as its triggers would not let
// anybody, and puts the triggers back.
func (h *house) tamper(statements string) {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.database())
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		h.t.Fatal(err)
	}
	var drop, restore []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			h.t.Fatal(err)
		}
		drop, restore = append(drop, "DROP TRIGGER "+name), append(restore, text)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		h.t.Fatal(err)
	}
	for _, s := range append(append(drop, statements), restore...) {
		if _, err := db.Exec(s); err != nil {
			h.t.Fatalf("%s: %v", s, err)
		}
	}
}

// misplace swaps the first and the last account in their page. Who reads all of them
// finds all; who looks for one finds none, and would open it again with nothing spent.
func (h *house) misplace() {
	h.t.Helper()
	db, err := sql.Open("sqlite", h.database())
	if err != nil {
		h.t.Fatal(err)
	}
	var root, size int
	err = errors.Join(db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger_accounts'").Scan(&root),
		db.QueryRow("PRAGMA page_size").Scan(&size), db.Close())
	if err != nil {
		h.t.Fatal(err)
	}
	b, err := os.ReadFile(h.database())
	if err != nil {
		h.t.Fatal(err)
	}
	const leaf, header = 0x0a, 8
	page := b[(root-1)*size : root*size]
	cells := int(binary.BigEndian.Uint16(page[3:]))
	if page[0] != leaf || cells < 2 {
		h.t.Fatalf("the accounts are no page of two rows or more: kind %d, %d rows", page[0], cells)
	}
	first, last := page[header:header+2], page[header+2*(cells-1):header+2*cells]
	first[0], first[1], last[0], last[1] = last[0], last[1], first[0], first[1]
	if err := os.WriteFile(h.database(), b, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// spender is a closed ledger of eight entries: five orders, a debit of 40, an order and a
// debit of 30.
func spender(t *testing.T) *house {
	t.Helper()
	h := funded(t, 500, 500, 500, 400)
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	h.follow(allowance(t, ledger.Population, 1))
	if _, err := h.charge(charge("s", "alice", 30)); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	return h
}

// head writes the witness's file.
func (h *house) head(head ledger.Head, by string) {
	h.t.Helper()
	if err := os.RemoveAll(h.headFile()); err != nil {
		h.t.Fatal(err)
	}
	if err := ledger.NewHeadFile(h.headFile(), newSigner(by)).Record(context.Background(), head); err != nil {
		h.t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	run := func(statements string) func(*house) { return func(h *house) { h.tamper(statements) } }
	for _, c := range []struct {
		name   string
		damage func(*house)
		want   error
	}{
		{"an entry that does not follow", run("UPDATE ledger_entries SET body = zeroblob(10) WHERE seq = 6"), ledger.ErrDamaged},
		{"an entry with another head", run("UPDATE ledger_entries SET head = zeroblob(32) WHERE seq = 6"), ledger.ErrDamaged},
		{"an entry that is gone", run("DELETE FROM ledger_entries WHERE seq = 6"), ledger.ErrDamaged},
		{"entries that are out of line", run("UPDATE ledger_entries SET seq = 80 WHERE seq = 8"), ledger.ErrDamaged},
		{"a last entry that is gone", run("DELETE FROM ledger_entries WHERE seq = 8; DELETE FROM ledger_debits WHERE seq = 8; UPDATE ledger_accounts SET spent_rho = 40, spent_delta = 1"), ledger.ErrBehind},
		{"no entries at all", run("DELETE FROM ledger_entries; DELETE FROM ledger_debits; DELETE FROM ledger_accounts; DELETE FROM ledger_orders; DELETE FROM ledger_state"), ledger.ErrBehind},
		{"entries without a state", run("DELETE FROM ledger_state"), ledger.ErrDamaged},
		{"an odometer turned back", run("UPDATE ledger_accounts SET spent_rho = 0"), ledger.ErrDamaged},
		{"a larger cap", run("UPDATE ledger_accounts SET own_rho = own_rho + 1 WHERE level = 1"), ledger.ErrDamaged},
		{"a larger cap of accounts below", run("UPDATE ledger_accounts SET each_delta = each_delta + 1 WHERE level = 3"), ledger.ErrDamaged},
		{"an account that nobody opened", run("INSERT INTO ledger_accounts SELECT zeroblob(32), 1, zeroblob(32), 5, 5, 5, 5, 0, 0"), ledger.ErrDamaged},
		{"an account that is gone", run("DELETE FROM ledger_accounts WHERE level = 4"), ledger.ErrDamaged},
		{"a dataset under other people", run("UPDATE ledger_accounts SET parent = zeroblob(32) WHERE level = 2"), ledger.ErrDamaged},
		{"a release that nobody paid", run("INSERT INTO ledger_debits SELECT zeroblob(32), account, seq FROM ledger_debits WHERE seq = 8"), ledger.ErrDamaged},
		{"a payment of another release", run("UPDATE ledger_debits SET release = zeroblob(32) WHERE seq = 8"), ledger.ErrDamaged},
		{"a payment that is gone", run("DELETE FROM ledger_debits WHERE release = (SELECT max(release) FROM ledger_debits)"), ledger.ErrDamaged},
		{"accounts that are not where they are looked for", (*house).misplace, ledger.ErrDamaged},
		{"an order that may be followed again", run("DELETE FROM ledger_orders WHERE seq = 2"), ledger.ErrDamaged},
		{"a limit of one release that nobody signed", run("UPDATE ledger_state SET task_rho = 1000, most_rho = 1000"), ledger.ErrDamaged},
		{"a loss that never was", run("UPDATE ledger_state SET losses = 1"), ledger.ErrDamaged},
		{"a table with weaker checks", run("DROP TABLE ledger_orders; CREATE TABLE ledger_orders (digest, seq)"), ledger.ErrDamaged},
		{"a trigger too many", run("CREATE TRIGGER later AFTER INSERT ON ledger_debits BEGIN DELETE FROM ledger_debits; END"), ledger.ErrDamaged},
		{"a ledger of a newer version", run("UPDATE ledger_state SET version = version + 1"), ledger.ErrVersion},
		{"a file of a newer version", run("PRAGMA user_version = 2"), ledger.ErrVersion},
		{"a file of another program", run("PRAGMA application_id = 7"), ledger.ErrDamaged},
		{"a file that is no database", func(h *house) {
			if err := os.WriteFile(h.database(), []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
				h.t.Fatal(err)
			}
		}, ledger.ErrDamaged},
		{"another site's ledger", run("UPDATE ledger_state SET id = zeroblob(32)"), ledger.ErrForked},
		{"a witness that is gone", func(h *house) {
			if err := os.Remove(h.headFile()); err != nil {
				h.t.Fatal(err)
			}
		}, ledger.ErrForked},
		{"a witness of another ledger", func(h *house) { h.head(ledger.Head{Ledger: key("other"), Seq: 1}, "witness") }, ledger.ErrForked},
		{"a witness of more entries of another ledger", func(h *house) { h.head(ledger.Head{Ledger: key("other"), Seq: 100}, "witness") }, ledger.ErrForked},
		{"a witness of other entries", func(h *house) { h.head(ledger.Head{Ledger: key("ledger"), Seq: 8}, "witness") }, ledger.ErrForked},
		{"a witness of other entries long ago", func(h *house) { h.head(ledger.Head{Ledger: key("ledger"), Seq: 2}, "witness") }, ledger.ErrForked},
		{"a witness of more entries", func(h *house) { h.head(ledger.Head{Ledger: key("ledger"), Seq: 9}, "witness") }, ledger.ErrBehind},
		{"a head that somebody else signed", func(h *house) { h.head(ledger.Head{Ledger: key("ledger"), Seq: 1}, "mallory") }, ledger.ErrWitness},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := spender(t)
			c.damage(h)
			before := files(t, h.folder)
			if err := h.tryOpen(); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			after := files(t, h.folder)
			if !cmp.Equal(before["head"], after["head"]) {
				t.Error("the witness was told of a ledger that was refused")
			}
			if err := h.tryOpen(); !errors.Is(err, c.want) {
				t.Errorf("the second time: got %v, want %v", err, c.want)
			}
		})
	}
}

// A backup of yesterday is a sound ledger. Nothing but the witness tells that it is of
// yesterday: with the witness of yesterday beside it what was spent today comes back.
func TestARestoredBackupIsRefusedByTheWitnessAlone(t *testing.T) {
	h := funded(t, 100, 100, 100, 100)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	yesterday := files(t, h.folder)
	h.open()
	if _, err := h.charge(charge("r", "alice", 80)); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	today := files(t, h.folder)

	lay(t, h.folder, map[string][]byte{"ledger.db": yesterday["ledger.db"], "head": today["head"]})
	if err := h.tryOpen(); !errors.Is(err, ledger.ErrBehind) {
		t.Fatalf("got %v, want %v", err, ledger.ErrBehind)
	}
	lay(t, h.folder, yesterday)
	h.open()
	if diff := cmp.Diff([]uint64{0, 0, 0}, h.spent()); diff != "" {
		t.Errorf("the control is no control (-want +got):\n%s", diff)
	}
}

func TestADamagedLastEntryIsChargedAtTheMostOfOneRelease(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage string
		lost   uint64
		want   []uint64
	}{
		{"a debit whose bytes are others", "UPDATE ledger_entries SET body = zeroblob(10) WHERE seq = 8", 100, []uint64{140, 140, 140, 140}},
		{"a debit that says what another says", "UPDATE ledger_entries SET body = (SELECT body FROM ledger_entries WHERE seq = 6) WHERE seq = 8", 100, []uint64{140, 140, 140, 140}},
		{"a debit whose head is another", "UPDATE ledger_entries SET head = zeroblob(32) WHERE seq = 8", 100, []uint64{140, 140, 140, 140}},
		{"two entries", "UPDATE ledger_entries SET head = zeroblob(32) WHERE seq >= 7", 200, []uint64{240, 240, 240, 240}},
		{"a head that the last entry stands on", "UPDATE ledger_entries SET head = zeroblob(32) WHERE seq = 7", 200, []uint64{240, 240, 240, 240}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := spender(t)
			h.tamper(c.damage)
			h.open()
			if diff := cmp.Diff(c.want, h.spent()); diff != "" {
				t.Errorf("spent (-want +got):\n%s", diff)
			}
			s := h.show()
			if s.Losses != 1 || s.Lost.Rho != c.lost {
				t.Errorf("got %d losses of %v, want one of rho %d", s.Losses, s.Lost, c.lost)
			}
			for range 2 {
				if err := h.reopen(); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(s, h.show()); diff != "" {
					t.Errorf("after a restart (-before +after):\n%s", diff)
				}
			}
			// An account that is opened later bears the loss too: it may have been its own.
			if _, err := h.charge(charge("r", "bob", 40)); err != nil {
				t.Fatal(err)
			}
			if _, err := h.charge(charge("t", "bob", 100)); err != nil {
				t.Fatal(err)
			}
			for _, a := range h.show().Accounts {
				if a.Spent.Rho < c.lost+40 {
					t.Errorf("%v %s has spent %d after a loss of %d", a.Level, a.ID, a.Spent.Rho, c.lost)
				}
			}
		})
	}
}

func TestRecover(t *testing.T) {
	h := spender(t)
	lost := files(t, h.folder)
	h.open()
	for _, release := range []string{"t", "u"} {
		if _, err := h.charge(charge(release, "alice", 50)); err != nil {
			t.Fatal(err)
		}
	}
	witnessed := h.l.Head()
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	lay(t, h.folder, map[string][]byte{"ledger.db": lost["ledger.db"], "head": files(t, h.folder)["head"]})
	if err := h.tryOpen(); !errors.Is(err, ledger.ErrBehind) {
		t.Fatalf("got %v, want %v", err, ledger.ErrBehind)
	}

	recover := func(o ledger.Signed) (err error) {
		if h.db, err = ledger.OpenFile(t.Context(), h.database()); err != nil {
			t.Fatal(err)
		}
		if h.l, err = ledger.Recover(t.Context(), h.db, h.config(), o); err != nil {
			return errors.Join(err, h.db.Close())
		}
		return nil
	}
	other := witnessed
	other.Seq--
	good := order(t, ledger.Order{Kind: ledger.AcceptLoss, Head: witnessed}, "loss")
	forged := ledger.Signed{Message: good.Message, Signature: make([]byte, 64)}
	for _, c := range []struct {
		name  string
		order ledger.Signed
		says  string
	}{
		{"of another head", order(t, ledger.Order{Kind: ledger.AcceptLoss, Head: other}, "loss"), "of another chain or length"},
		{"that nobody signed", forged, "signature"},
		{"that is an allowance", allowance(t, ledger.Population, 100), "recovered by accept loss"},
	} {
		if err := recover(c.order); !errors.Is(err, ledger.ErrOrder) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("an order %s: got %v, want %v that says %q", c.name, err, ledger.ErrOrder, c.says)
		}
	}
	if err := recover(good); err != nil {
		t.Fatal(err)
	}
	// 70 are remembered, and two entries are lost at 100 each.
	if diff := cmp.Diff([]uint64{270, 270, 270, 270}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
	if hold, err := h.charge(charge("t", "alice", 50)); err != nil || hold.Replayed() {
		t.Errorf("a release whose debit is lost: got %v, %v, want it charged again", hold, err)
	}
	if err := h.reopen(); err != nil {
		t.Fatal(err)
	}
	if got := h.l.Head().Seq; got != witnessed.Seq+2 {
		t.Errorf("the head is at %d, want it after all that was witnessed, at %d", got, witnessed.Seq+2)
	}
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := recover(good); !errors.Is(err, ledger.ErrOrder) {
		t.Errorf("a second recovery: got %v, want %v", err, ledger.ErrOrder)
	}
}

func TestConfigIsWhole(t *testing.T) {
	h := newHouse(t)
	if _, err := ledger.Open(t.Context(), h.db, ledger.Config{}); err == nil || strings.Count(err.Error(), "Config.") != 3 {
		t.Errorf("got %v, want three faults", err)
	}
}

func TestOpenFileNeedsAFolder(t *testing.T) {
	if _, err := ledger.OpenFile(t.Context(), filepath.Join(t.TempDir(), "none", "ledger.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}
