package ledger_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

// failing is a witness that remembers until it fails.
type failing struct {
	ledger.Witness
	err error
}

func (f *failing) Record(ctx context.Context, h ledger.Head) error {
	if f.err != nil {
		return f.err
	}
	return f.Witness.Record(ctx, h)
}

func nothing() error { return nil }

func TestNoiseIsDrawnAfterTheDebitIsSettled(t *testing.T) {
	h := funded(t, 300, 300, 300, 300)
	tx, err := h.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hold, err := h.l.Reserve(t.Context(), tx, charge("r", "alice", 40))
	if err != nil {
		t.Fatal(err)
	}
	if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrUnsettled) {
		t.Errorf("before the commit: got %v, want %v", err, ledger.ErrUnsettled)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrUnsettled) {
		t.Errorf("before the witness knows: got %v, want %v", err, ledger.ErrUnsettled)
	}
	if err := h.l.Settle(t.Context(), h.db); err != nil {
		t.Fatal(err)
	}
	if got := h.l.Head(); got != hold.Head() {
		t.Errorf("the ledger is at %v, the debit at %v", got, hold.Head())
	}
	drawn := errors.New("drawn")
	if err := hold.Draw(func() error { return drawn }); err != drawn {
		t.Errorf("got %v, want what draw returned", err)
	}
	if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrDrawn) {
		t.Errorf("a second time: got %v, want %v", err, ledger.ErrDrawn)
	}
}

func TestADebitThatWasGivenUpIsNotDrawnOn(t *testing.T) {
	h := funded(t, 300, 300, 300, 300)
	tx, err := h.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	hold, err := h.l.Reserve(t.Context(), tx, charge("r", "alice", 40))
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	// Another debit takes the number of the one that was given up.
	if _, err := h.charge(charge("s", "alice", 1)); err != nil {
		t.Fatal(err)
	}
	if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrUnsettled) {
		t.Errorf("got %v, want %v", err, ledger.ErrUnsettled)
	}
	if diff := cmp.Diff([]uint64{1, 1, 1, 1}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

func TestAReplayIsDrawnWithoutCharge(t *testing.T) {
	h := funded(t, 40, 40, 40, 40)
	first, err := h.charge(charge("r", "alice", 40))
	if err != nil {
		t.Fatal(err)
	}
	// The crash: what was committed is opened by another process.
	if err := h.reopen(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		hold, err := h.charge(charge("r", "alice", 40))
		if err != nil {
			t.Fatal(err)
		}
		if !hold.Replayed() || hold.Head() != first.Head() {
			t.Errorf("replayed %v at %v, want the debit at %v", hold.Replayed(), hold.Head(), first.Head())
		}
		if err := hold.Draw(nothing); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]uint64{40, 40, 40, 40}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

func TestAReleaseTwiceInOneTransactionIsChargedOnce(t *testing.T) {
	h := funded(t, 40, 40, 40, 40)
	var holds [2]*ledger.Hold
	err := h.in(func(tx ledger.Tx) (err error) {
		for i := range holds {
			if holds[i], err = h.l.Reserve(t.Context(), tx, charge("r", "alice", 40)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, hold := range holds {
		if err := hold.Draw(nothing); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]uint64{40, 40, 40, 40}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

func TestAWitnessThatFailsClosesTheLedger(t *testing.T) {
	h := funded(t, 300, 300, 300, 300)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is gone")
	w := &failing{Witness: ledger.NewHeadFile(h.headFile(), newSigner("witness"))}
	cfg := h.config()
	cfg.Witness = w
	var err error
	if h.db, err = ledger.OpenFile(t.Context(), h.database()); err != nil {
		t.Fatal(err)
	}
	if h.l, err = ledger.Open(t.Context(), h.db, cfg); err != nil {
		t.Fatal(err)
	}
	before, err := h.charge(charge("q", "alice", 40))
	if err != nil {
		t.Fatal(err)
	}
	w.err = broken
	hold, err := h.charge(charge("r", "alice", 40))
	if !errors.Is(err, ledger.ErrClosed) || !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v of %v", err, ledger.ErrClosed, broken)
	}
	w.err = nil
	if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("the debit: got %v, want %v", err, ledger.ErrClosed)
	}
	if err := before.Draw(nothing); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("the debit before: got %v, want %v", err, ledger.ErrClosed)
	}
	if _, err := h.charge(charge("s", "alice", 40)); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("another debit: got %v, want %v", err, ledger.ErrClosed)
	}
	if _, err := h.raise(nil); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("raising: got %v, want %v", err, ledger.ErrClosed)
	}
	if err := h.l.Settle(t.Context(), h.db); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("settling: got %v, want %v", err, ledger.ErrClosed)
	}
	// The debit was durable. It stands, and its release is let go without a second.
	if err := h.reopen(); err != nil {
		t.Fatal(err)
	}
	if hold, err = h.charge(charge("r", "alice", 40)); err != nil || !hold.Replayed() {
		t.Errorf("after a restart: got %v, %v, want a replay", hold, err)
	}
	if diff := cmp.Diff([]uint64{80, 80, 80, 80}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}
