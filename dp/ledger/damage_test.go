package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/dp/ledger"
)

// stride leaves bytes out: all of them take a minute.
var stride = flag.Int("stride", 61, "damage one byte in so many; 1 for every byte")

// small makes a ledger in pages of 512 bytes, so that each table has pages of its own
// and the whole is still short, with a few entries of each kind. The folder then holds
// the database and its witness; alive says whether the database still has a log that
// was not written into it.
func small(t testing.TB, alive bool) *house {
	t.Helper()
	h := &house{t: t, folder: t.TempDir()}
	db, err := sql.Open("sqlite", "file:"+h.database()+"?_pragma=page_size(512)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("VACUUM"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	h.open()
	h.follow(task(t, 100), allowance(t, ledger.Population, 300))
	h.follow(allowance(t, ledger.Dataset, 300), allowance(t, ledger.Study, 300), allowance(t, ledger.Researcher, 200))
	for _, c := range []ledger.Charge{charge("r", "alice", 40), charge("r", "bob", 40), charge("s", "alice", 90)} {
		if _, err := h.charge(c); err != nil {
			t.Fatal(err)
		}
	}
	if alive {
		// What follows stays in the log of the database.
		if err := h.reopen(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.charge(charge("s", "bob", 90)); err != nil {
		t.Fatal(err)
	}
	if !alive {
		if err := h.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// overspends opens a damaged copy and says how it would let more be spent than the
// sound one. It tells of a refusal whether it was one.
func overspends(h *house, sound ledger.Statement) (refused bool, err error) {
	if err := h.tryOpen(); err != nil {
		for _, known := range []error{ledger.ErrDamaged, ledger.ErrBehind, ledger.ErrForked, ledger.ErrVersion, ledger.ErrWitness} {
			if errors.Is(err, known) {
				return true, nil
			}
		}
		return true, fmt.Errorf("refused for no known reason: %w", err)
	}
	defer func() { err = errors.Join(err, h.db.Close()) }()
	s, err := h.l.Show(context.Background(), h.db)
	if err != nil {
		return false, err
	}
	if s.Task.Rho > sound.Task.Rho {
		return false, fmt.Errorf("a release may cost %v", s.Task)
	}
	after := make(map[ledger.Key]uint64)
	for _, a := range s.Accounts {
		after[a.ID] = a.Left.Rho
	}
	for _, a := range sound.Accounts {
		if rho, there := after[a.ID]; !there || rho > a.Left.Rho {
			return false, fmt.Errorf("account %s has %d left, had %d", a.ID, rho, a.Left.Rho)
		}
	}
	// The accounts are at their ends: what would have been refused still is, also for
	// somebody who has no account yet.
	for _, c := range []ledger.Charge{charge("t", "alice", 71), charge("r", "carol", 201)} {
		if _, err := h.charge(c); err == nil {
			return false, fmt.Errorf("a release of %v was charged and is more than what was left", c.Cost)
		}
	}
	return false, nil
}

// files reads a folder.
func files(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	read := make(map[string][]byte)
	for _, e := range entries {
		if read[e.Name()], err = os.ReadFile(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return read
}

// lay makes a folder hold these files and no others.
func lay(t testing.TB, folder string, files map[string][]byte) {
	t.Helper()
	old, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range old {
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Every byte of every file, cut off there or flipped there: the ledger is refused, or
// lets no more be spent than before.
func TestNoDamageLetsMoreBeSpent(t *testing.T) {
	for _, c := range []struct {
		name, file string
		alive      bool
	}{
		{"the database", "ledger.db", false},
		{"the log of the database", "ledger.db-wal", true},
		{"the head of the witness", "head", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := small(t, c.alive)
			sound := files(t, h.folder)
			delete(sound, "ledger.db-shm")
			copied := &house{t: t, folder: t.TempDir()}
			lay(t, copied.folder, sound)
			copied.open()
			want := copied.show()
			if err := copied.db.Close(); err != nil {
				t.Fatal(err)
			}
			b := sound[c.file]
			t.Logf("%d bytes", len(b))
			refused, opened := 0, 0
			for at := 0; at < len(b); at += *stride {
				for _, damage := range []struct {
					name string
					b    []byte
				}{
					{"cut", b[:at:at]},
					{"flipped", append(append(b[:at:at], b[at]^1<<(at%8)), b[at+1:]...)},
				} {
					sound[c.file] = damage.b
					lay(t, copied.folder, sound)
					was, err := overspends(copied, want)
					if err != nil {
						t.Errorf("%s at byte %d: %v", damage.name, at, err)
					}
					if was {
						refused++
					} else {
						opened++
					}
				}
			}
			t.Logf("refused %d times, opened %d times", refused, opened)
		})
	}
}
