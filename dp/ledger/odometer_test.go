package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

func (h *house) odometers() (b []byte) {
	h.t.Helper()
	b, err := h.l.Odometers(context.Background(), h.db)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *house) raise(odometers []byte) (raised bool, err error) {
	err = h.in(func(tx ledger.Tx) error {
		raised, err = h.l.Raise(context.Background(), tx, odometers)
		return err
	})
	return raised, err
}

// backup is a copy of a house's database with a witness that is as old: what is left when
// the disk is lost and restored.
func (h *house) backup() *house {
	h.t.Helper()
	if err := h.reopen(); err != nil { // all of the log is in the database
		h.t.Fatal(err)
	}
	other := &house{t: h.t, folder: h.t.TempDir()}
	for from, to := range map[string]string{h.database(): other.database(), h.headFile(): other.headFile()} {
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, b, 0o600)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return other
}

func TestARestoredLedgerIsRaisedToWhatACopySays(t *testing.T) {
	h := funded(t, 200, 150, 150, 100)
	old := h.backup()
	for _, c := range []ledger.Charge{charge("r", "alice", 40), charge("s", "bob", 30), charge("r", "bob", 40)} {
		if _, err := h.charge(c); err != nil {
			t.Fatal(err)
		}
	}
	copied, want := h.odometers(), h.show().Accounts
	old.open()
	if raised, err := old.raise(copied); !raised || err != nil {
		t.Fatalf("raised: %v, %v", raised, err)
	}
	if diff := cmp.Diff(want, old.show().Accounts); diff != "" {
		t.Errorf("the accounts (-before the loss +after):\n%s", diff)
	}
	if raised, err := old.raise(copied); raised || err != nil {
		t.Errorf("a second time: raised: %v, %v; want nothing to do", raised, err)
	}
	if err := old.reopen(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, old.show().Accounts); diff != "" {
		t.Errorf("after a restart (-before the loss +after):\n%s", diff)
	}
	// Alice has 60 left. What was paid for before the loss is paid for again.
	if _, err := old.charge(charge("t", "alice", 61)); !errors.Is(err, ledger.ErrExhausted) {
		t.Errorf("got %v, want %v", err, ledger.ErrExhausted)
	}
	if hold, err := old.charge(charge("r", "alice", 40)); err != nil || hold.Replayed() {
		t.Errorf("a release from before the loss: %v; want it charged", err)
	}
}

// Each account has spent the more of what both say: the copy is of another time than the
// database.
func TestNothingIsLoweredByACopy(t *testing.T) {
	h := funded(t, 200, 200, 200, 100)
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	copied := h.odometers()
	if _, err := h.charge(charge("s", "bob", 30)); err != nil {
		t.Fatal(err)
	}
	before := h.show()
	if raised, err := h.raise(copied); raised || err != nil {
		t.Errorf("raised: %v, %v", raised, err)
	}
	if diff := cmp.Diff(before, h.show()); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestACopyOfManyAccountsIsRaised(t *testing.T) {
	h := funded(t, 1<<20, 1<<20, 1<<20, 100)
	old := h.backup()
	for i := range 400 { // more than one entry raises
		if _, err := h.charge(charge(fmt.Sprint("r", i), fmt.Sprint("researcher", i), 7)); err != nil {
			t.Fatal(err)
		}
	}
	old.open()
	if raised, err := old.raise(h.odometers()); !raised || err != nil {
		t.Fatalf("raised: %v, %v", raised, err)
	}
	if diff := cmp.Diff(h.show().Accounts, old.show().Accounts); diff != "" {
		t.Errorf("the accounts (-before the loss +after):\n%s", diff)
	}
	if err := old.reopen(); err != nil {
		t.Fatal(err)
	}
}

// What was lost by damage is carried over as well.
func TestALossIsCopied(t *testing.T) {
	h := funded(t, 1000, 1000, 1000, 1000)
	old := h.backup()
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Exec("DROP TRIGGER ledger_is_not_changed; UPDATE ledger_entries SET head = zeroblob(32) WHERE seq = 6"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Exec("CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger_entries\nBEGIN SELECT raise(ABORT, 'the ledger is not changed'); END"); err != nil {
		t.Fatal(err)
	}
	if err := h.reopen(); err != nil {
		t.Fatal(err)
	}
	if h.show().Lost.Rho != 100 {
		t.Fatalf("lost %v, want 100 of rho", h.show().Lost)
	}
	old.open()
	if raised, err := old.raise(h.odometers()); !raised || err != nil {
		t.Fatalf("raised: %v, %v", raised, err)
	}
	if old.show().Lost != h.show().Lost {
		t.Errorf("lost %v, want %v", old.show().Lost, h.show().Lost)
	}
}

func TestBytesThatAreNoOdometersAreRefused(t *testing.T) {
	h := funded(t, 100, 100, 100, 100)
	if _, err := h.charge(charge("r", "alice", 40)); err != nil {
		t.Fatal(err)
	}
	good := h.odometers()
	other := append([]byte(nil), good...)
	other[0]++
	level := append([]byte(nil), good...)
	level[32+16+4]++
	for name, b := range map[string][]byte{
		"none": nil, "with a byte more": append(append([]byte(nil), good...), 0),
		"of another ledger": other, "of an account of another level": level,
	} {
		before := h.show()
		if _, err := h.raise(b); !errors.Is(err, ledger.ErrOdometers) {
			t.Errorf("%s: got %v, want %v", name, err, ledger.ErrOdometers)
		}
		if diff := cmp.Diff(before, h.show()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	for cut := range good {
		if _, err := h.raise(good[:cut]); !errors.Is(err, ledger.ErrOdometers) {
			t.Fatalf("cut at %d: got %v, want %v", cut, err, ledger.ErrOdometers)
		}
	}
}
