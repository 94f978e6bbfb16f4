package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/ledger"
)

func TestWriter(t *testing.T) {
	h := funded(t, 300, 300, 300, 300)
	if _, err := h.db.Exec("CREATE TABLE tasks (name TEXT PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	w := ledger.NewWriter(h.l, h.db)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()

	refused := errors.New("the task has moved on")
	task := func(c ledger.Charge, name string, last error) error {
		return w.Do(t.Context(), func(ctx context.Context, tx ledger.Tx) error {
			if _, err := h.l.Reserve(ctx, tx, c); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO tasks VALUES (?)", name); err != nil {
				return err
			}
			return last
		})
	}
	if err := task(charge("r", "alice", 40), "one", nil); err != nil {
		t.Error(err)
	}
	if err := task(charge("s", "alice", 40), "two", refused); !errors.Is(err, refused) {
		t.Errorf("got %v, want what the work returned", err)
	}
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	if err := w.Do(given, func(context.Context, ledger.Tx) error { return nil }); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was given up: got %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the writer ended: %v", err)
	}
	if err := task(charge("t", "alice", 40), "three", nil); !errors.Is(err, ledger.ErrStopped) {
		t.Errorf("after the end: got %v, want %v", err, ledger.ErrStopped)
	}

	var tasks int
	if err := h.db.QueryRow("SELECT count(*) FROM tasks").Scan(&tasks); err != nil {
		t.Fatal(err)
	}
	if tasks != 1 {
		t.Errorf("%d tasks moved on, want the one whose debit stands", tasks)
	}
	if diff := cmp.Diff([]uint64{40, 40, 40, 40}, h.spent()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

func TestAWriterEndsWhenTheWitnessFails(t *testing.T) {
	h := funded(t, 300, 300, 300, 300)
	if err := h.db.Close(); err != nil {
		t.Fatal(err)
	}
	witness := &failing{Witness: ledger.NewHeadFile(h.headFile(), newSigner("witness"))}
	cfg := h.config()
	cfg.Witness = witness
	db, err := ledger.OpenFile(t.Context(), h.database())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(t.Context(), db, cfg)
	if err != nil {
		t.Fatal(err)
	}
	witness.err = errors.New("the disk is gone")
	w := ledger.NewWriter(l, db)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(t.Context()) }()
	err = w.Do(t.Context(), func(ctx context.Context, tx ledger.Tx) error {
		_, err := l.Reserve(ctx, tx, charge("r", "alice", 1))
		return err
	})
	if !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("the work: got %v, want %v", err, ledger.ErrClosed)
	}
	if err := <-ended; !errors.Is(err, witness.err) {
		t.Errorf("the writer: got %v, want %v", err, witness.err)
	}
}

// BenchmarkTable puts debits that are committed together beside debits that wait for
// the disk one by one.
func BenchmarkTable(b *testing.B) {
	b.Run("debit/single", func(b *testing.B) {
		h := funded(b, 1<<60, 1<<60, 1<<60, 1<<60)
		n := 0
		for b.Loop() {
			n++
			if _, err := h.charge(charge(fmt.Sprint(n), "alice", 1)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/debit")
	})
	b.Run("debit/go", func(b *testing.B) {
		h := funded(b, 1<<60, 1<<60, 1<<60, 1<<60)
		together(b, h.l, h.db)
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/debit")
	})
}

// together has 256 callers charge b.N releases through one writer.
func together(b *testing.B, l *ledger.Ledger, db *sql.DB) {
	ctx, stop := context.WithCancel(b.Context())
	w := ledger.NewWriter(l, db)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	var n atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range 256 {
		all.Go(func() {
			for at := n.Add(1); at <= int64(b.N); at = n.Add(1) {
				err := w.Do(ctx, func(ctx context.Context, tx ledger.Tx) error {
					_, err := l.Reserve(ctx, tx, charge(fmt.Sprint(at), "alice", 1))
					return err
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	stop()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
