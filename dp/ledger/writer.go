package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ErrStopped is returned by a Writer that does not run any more.
var ErrStopped = errors.New("ledger: the writer has stopped")

// maxBatch bounds how many works share one commit.
const maxBatch = 512

// Writer commits the works of many callers together: one wait for the disk settles
// them all. A work is a function of the transaction, so that a debit and what it pays
// for stand or fall together.
type Writer struct {
	l    *Ledger
	db   *sql.DB
	work chan *job
	done chan struct{}
}

type job struct {
	ctx  context.Context
	do   func(ctx context.Context, tx Tx) error
	err  error
	over chan struct{}
}

// NewWriter returns a Writer for the database that the ledger was opened in. Run it.
func NewWriter(l *Ledger, db *sql.DB) *Writer {
	return &Writer{l: l, db: db, work: make(chan *job, maxBatch), done: make(chan struct{})}
}

// Run commits until ctx is done, or until the disk or the witness fails: what was
// committed is then not known, and nothing more may be answered. It can be called once.
func (w *Writer) Run(ctx context.Context) error {
	defer close(w.done)
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-w.work:
			if err := w.commit(ctx, w.batch(first)); err != nil {
				return err
			}
		}
	}
}

// batch takes what waits already. It waits for nobody: while one batch is on its way
// to the disk the next one gathers.
func (w *Writer) batch(first *job) []*job {
	jobs := []*job{first}
	for len(jobs) < maxBatch {
		select {
		case j := <-w.work:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

// Do runs work in a transaction that it may share with others. When it returns nil,
// all that work did is durable and witnessed, and the holds it got are settled. When
// work fails, what it did is undone and the others go on. Work MUST NOT wait for
// another work.
func (w *Writer) Do(ctx context.Context, work func(ctx context.Context, tx Tx) error) error {
	j := &job{ctx: ctx, do: work, over: make(chan struct{})}
	select {
	case w.work <- j:
	case <-w.done:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.over:
		return j.err
	case <-w.done:
		select {
		case <-j.over:
			return j.err
		default:
			return ErrStopped
		}
	}
}

// commit runs one batch. It returns only what ends the writer.
func (w *Writer) commit(ctx context.Context, jobs []*job) error {
	// A batch is finished once it is begun: its callers are told what became of it.
	ctx = context.WithoutCancel(ctx)
	defer func() {
		for _, j := range jobs {
			close(j.over)
		}
	}()
	err := transact(ctx, w.db, func(tx Tx) error {
		for _, j := range jobs {
			if j.err = j.ctx.Err(); j.err != nil {
				continue
			}
			if err := j.run(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = w.l.Settle(ctx, w.db)
	}
	if err == nil {
		return nil
	}
	// A refusal was said in the light of debits that are undone now: it is none.
	for _, j := range jobs {
		j.err = err
	}
	if errors.Is(err, ErrFull) {
		// There was no room: nothing was charged, and there may be room again.
		return nil
	}
	return fmt.Errorf("%w: %w", ErrStopped, err)
}

// run does one work inside a savepoint. It returns an error when the transaction is
// lost with it.
func (j *job) run(ctx context.Context, tx Tx) error {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT one"); err != nil {
		return err
	}
	j.err = j.do(ctx, tx)
	if j.err == nil {
		_, err := tx.ExecContext(ctx, "RELEASE one")
		return err
	}
	// After some errors SQLite has undone the whole transaction: then there is no
	// savepoint, and the others of the batch are undone too.
	if _, err := tx.ExecContext(ctx, "ROLLBACK TO one; RELEASE one"); err != nil {
		return errors.Join(j.err, err)
	}
	return nil
}
