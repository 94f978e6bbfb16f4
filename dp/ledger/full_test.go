package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

// room lets the database grow by so many pages.
func (h *house) room(pages int) {
	h.t.Helper()
	var now int
	if err := h.db.QueryRow("PRAGMA page_count").Scan(&now); err != nil {
		h.t.Fatal(err)
	}
	if err := h.db.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", now+pages)).Scan(&now); err != nil {
		h.t.Fatal(err)
	}
}

// A disk that is full in the middle of a debit: at its entry, its accounts, its payments
// or its commit, wherever the next page is needed.
func TestAFullDiskChargesNothing(t *testing.T) {
	for _, by := range []string{"a transaction", "the writer"} {
		t.Run(by, func(t *testing.T) {
			h := small(t, true)
			h.follow(order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Population, Path: path("a").UpTo(ledger.Population), Amount: ledger.Cost{Rho: 1 << 40, Delta: 1 << 40}}, "a"),
				order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Dataset, Path: path("a").UpTo(ledger.Dataset), Amount: ledger.Cost{Rho: 1 << 40, Delta: 1 << 40}}, "b"),
				order(t, ledger.Order{Kind: ledger.Allow, Level: ledger.Study, Path: path("a").UpTo(ledger.Study), Amount: ledger.Cost{Rho: 1 << 40, Delta: 1 << 40}}, "c"))
			ctx, stop := context.WithCancel(t.Context())
			w := ledger.NewWriter(h.l, h.db)
			ended := make(chan error, 1)
			go func() { ended <- w.Run(ctx) }()
			reserve := func(c ledger.Charge) (hold *ledger.Hold, err error) {
				if by == "a transaction" {
					return h.charge(c)
				}
				err = w.Do(t.Context(), func(ctx context.Context, tx ledger.Tx) error {
					hold, err = h.l.Reserve(ctx, tx, c)
					return err
				})
				return hold, err
			}
			full := 0
			for n := range 60 {
				// A new account each time: more than one table has to grow.
				c := charge(fmt.Sprint("full", n), fmt.Sprint("researcher", n), 1)
				before := h.show()
				h.room(0)
				hold, err := reserve(c)
				if err == nil {
					continue
				}
				full++
				if !errors.Is(err, ledger.ErrFull) {
					t.Fatalf("debit %d: got %v, want %v", n, err, ledger.ErrFull)
				}
				if hold != nil {
					if err := hold.Draw(nothing); !errors.Is(err, ledger.ErrUnsettled) {
						t.Errorf("debit %d: noise was drawn: %v", n, err)
					}
				}
				if diff := cmp.Diff(before, h.show()); diff != "" {
					t.Fatalf("debit %d changed the ledger (-before +after):\n%s", n, diff)
				}
				h.room(100)
				if hold, err = reserve(c); err != nil || hold.Replayed() {
					t.Fatalf("debit %d once there is room: got %v, %v, want it charged", n, hold, err)
				}
			}
			if full < 10 {
				t.Errorf("the disk was full %d times in 60 debits", full)
			}
			stop()
			if err := <-ended; err != nil {
				t.Errorf("the writer ended: %v", err)
			}
			before := h.show()
			if err := h.reopen(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, h.show()); diff != "" {
				t.Errorf("after a restart (-before +after):\n%s", diff)
			}
		})
	}
}
