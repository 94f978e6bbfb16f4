package coordinator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrJournal is returned when this member's audit log could not be written. It stops
	// the member: nothing takes effect that is not in it.
	ErrJournal = errors.New("coordinator: the audit log could not be written")
	// ErrOtherPast is returned when a member's log holds other decisions than its state has
	// come from: one of the two was put back, or is another cluster's.
	ErrOtherPast = errors.New("coordinator: the audit log and the state of this member do not have the same past; one of them was restored from an old copy")
)

// AuditDir is the member's audit log, in its home.
const AuditDir = "audit"

// journal is the state with this member's audit log beside it. Commands are applied, and
// settled before anybody is told of them: their entries are durable and under a signed
// checkpoint then. The log tells by the number of its last record which commands it has,
// so what was committed and is not in it when a process dies is written by the next one,
// when the commands are applied again.
type journal struct {
	*state.Machine
	own protocol.KeyID
	log *audit.Log
	// step is told before and after entries are written.
	step func(string)

	// queue is what was applied and is not settled; of the goroutine that applies.
	queue []audit.Entry
	// grown is spread when the log has grown or broken.
	grown news

	mu   sync.Mutex
	last uint64 // the number of the last record in the log
	head protocol.Digest
	err  error
}

// openJournal opens the log of a member, or makes it.
func openJournal(dir string, key *protocol.SigningKey, now func() time.Time, step func(string)) (*journal, error) {
	id := key.Public().ID()
	// Opening waits for nobody.
	log, err := audit.Open(context.Background(), audit.Config{
		Dir: dir, Origin: audit.CoordinatorOrigin(id), Key: key, Now: now, Grace: cosignGrace,
	})
	if err != nil {
		return nil, err
	}
	j := &journal{Machine: state.New(), own: id, log: log, step: step}
	for i := log.Head().Size; i > 0 && j.last == 0; i-- {
		e, err := log.Entry(i - 1)
		if err != nil {
			return nil, errors.Join(err, log.Close())
		}
		j.last, j.head = e.Sequence, e.Head
	}
	return j, nil
}

// Close gives the log back.
func (j *journal) Close() error { return j.log.Close() }

// started writes down that this process begins.
func (j *journal) started(ctx context.Context, version string) error {
	_, err := j.log.Append(ctx, audit.Entry{Kind: audit.KindStart, Subject: protocol.Hash("locus/start/v1", []byte(version))})
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return err
}

// Apply applies a command and remembers what is to be written of it.
func (j *journal) Apply(index uint64, command []byte) (any, error) {
	answer, err := j.Machine.Apply(index, command)
	if result, ok := answer.(state.Result); ok && result.Entry != nil {
		e := *result.Entry
		if e.Party == j.own {
			e.Party = protocol.KeyID{} // the owner of the log
		}
		j.queue = append(j.queue, e)
	}
	return answer, err
}

// Restore replaces the state by a snapshot. Where it is ahead of the log, this member was
// away while the others decided, and what they did stands in their logs.
func (j *journal) Restore(r io.Reader) error {
	if err := j.Machine.Restore(r); err != nil {
		return err
	}
	j.View(func(s *state.State) {
		if s.Records > 0 {
			j.queue = append(j.queue, audit.Entry{Kind: audit.KindRestored, Subject: s.Head, Head: s.Head, Sequence: s.Records})
		}
	})
	return nil
}

// settle writes what was applied and is not in the log.
func (j *journal) settle() error {
	j.mu.Lock()
	last, head, err := j.last, j.head, j.err
	j.mu.Unlock()
	if err != nil {
		return err
	}
	var due []audit.Entry
	for _, e := range j.queue {
		switch {
		case e.Sequence > last:
			due = append(due, e)
		case e.Sequence == last && e.Head != head && !debug.Without(debug.LogPast):
			return j.stop(fmt.Errorf("%w: they differ at decision %d", ErrOtherPast, last))
		}
	}
	j.queue = j.queue[:0]
	if len(due) == 0 {
		return nil
	}
	j.step("before record")
	if !debug.Without(debug.LogBeforeEffect) {
		// Whoever waits for an answer: what was committed is written.
		if _, err := j.log.AppendAll(context.Background(), due); err != nil {
			return j.stop(fmt.Errorf("%w: %w", ErrJournal, err))
		}
	}
	j.step("after record")
	newest := due[len(due)-1]
	j.mu.Lock()
	j.last, j.head = newest.Sequence, newest.Head
	j.mu.Unlock()
	j.grown.spread()
	return nil
}

// stop tells everybody who waits that it is in vain.
func (j *journal) stop(reason error) error {
	j.mu.Lock()
	if j.err == nil {
		j.err = reason
	}
	j.mu.Unlock()
	j.grown.spread()
	return reason
}

// settled returns once all that is in the state now is in the log. Whatever is made of
// what was looked up before may leave then.
func (j *journal) settled(ctx context.Context) error {
	var want uint64
	j.View(func(s *state.State) { want = s.Records })
	for {
		grown := j.grown.next()
		j.mu.Lock()
		last, err := j.last, j.err
		j.mu.Unlock()
		if err != nil || last >= want {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// caughtUp requires of a member that knows all that was committed that its log is not
// ahead: what was decided is not decided again in another way.
func (j *journal) caughtUp() error {
	var have uint64
	j.View(func(s *state.State) { have = s.Records })
	j.mu.Lock()
	defer j.mu.Unlock()
	if have < j.last && !debug.Without(debug.LogPast) {
		return fmt.Errorf("%w: the log has %d decisions, and the state %d", ErrOtherPast, j.last, have)
	}
	return nil
}
