package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// DefaultWaiting is how many items wait for a target that does not answer.
	DefaultWaiting = 1000
	maxWaiting     = 100_000

	// An attempt that failed is made again after firstPause, then after twice as long and so
	// on up to longestPause.
	firstPause   = time.Second
	longestPause = 15 * time.Minute
	// maxRefusals is how often an item is refused before it is dropped, so that the ones
	// behind it are told: with the pauses that is more than two hours.
	maxRefusals = 20
)

// Settings open a Notifier. Zero means the documented default.
type Settings struct {
	// Dir is where items wait, in a folder for each target. Needed.
	Dir string
	// Targets are who is told.
	Targets []Target
	// Waiting is how many items wait for one target; when there are more, the oldest is
	// dropped. Zero means DefaultWaiting.
	Waiting int
	// Log is told what an operator may want to know. Nil drops it.
	Log *slog.Logger
	// Fatal tells of a sender's error that nothing may be sent after it, so that Run ends with
	// it: an egress log that cannot be written. Nil means there is none.
	Fatal func(error) bool
}

// Notifier keeps what is to be told, and tells it.
type Notifier struct {
	log     *slog.Logger
	fatal   func(error) bool
	targets []target
}

type target struct {
	Target
	queue *queue
}

// Open opens the folders, with what still waits in them. Folders of targets that are no more
// are left alone.
func Open(s Settings) (*Notifier, error) {
	if s.Waiting == 0 {
		s.Waiting = DefaultWaiting
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Waiting < 1 || s.Waiting > maxWaiting || !filepath.IsAbs(s.Dir) {
		return nil, fmt.Errorf("%w: want an absolute folder, and 1 to %d items that wait", ErrConfig, maxWaiting)
	}
	if s.Fatal == nil {
		s.Fatal = func(error) bool { return false }
	}
	n := &Notifier{log: s.Log, fatal: s.Fatal}
	for _, t := range s.Targets {
		if !targetName.MatchString(t.Name) || slices.ContainsFunc(n.targets, func(o target) bool { return o.Name == t.Name }) {
			return nil, fmt.Errorf("%w: target %q has no name of its own", ErrConfig, t.Name)
		}
		q, err := openQueue(folder(filepath.Join(s.Dir, t.Name)), s.Waiting)
		if err != nil {
			return nil, err
		}
		n.targets = append(n.targets, target{t, q})
	}
	return n, nil
}

// Notify makes a notice durable for all targets that want it.
func (n *Notifier) Notify(notice Notice) error {
	body, err := notice.Bytes()
	if err != nil {
		return err
	}
	return n.put(AsNotice, body, func(t *Target) bool { return t.Kinds == nil || slices.Contains(t.Kinds, notice.Kind) })
}

// Finding makes a finding durable, as detect writes it, for all targets that want them.
func (n *Notifier) Finding(body []byte) error {
	return n.put(AsFinding, body, func(t *Target) bool { return t.Findings })
}

func (n *Notifier) put(form Form, body []byte, wants func(*Target) bool) error {
	item, err := newItem(form, body)
	if err != nil {
		return err
	}
	for i := range n.targets {
		if t := &n.targets[i]; wants(&t.Target) {
			err = errors.Join(err, t.queue.put(item))
		}
	}
	return err
}

// State is how it stands with a target.
type State struct {
	Target string
	// Waiting is how many items wait, Dropped how many were ever dropped.
	Waiting int
	Dropped uint64
	// Failures is how many attempts have failed in a row.
	Failures int
}

// States are those of all targets.
func (n *Notifier) States() (list []State) {
	for _, t := range n.targets {
		t.queue.mu.Lock()
		list = append(list, State{t.Name, len(t.queue.waiting), t.queue.dropped, t.queue.failures})
		t.queue.mu.Unlock()
	}
	return list
}

// Run tells what waits until ctx ends, or until the disk fails.
func (n *Notifier) Run(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	for _, t := range n.targets {
		work.Go(func() error { return t.run(ctx, n.log.With("target", t.Name), n.fatal) })
	}
	return work.Wait()
}

// run tells one target, one item after the other.
func (t *target) run(ctx context.Context, log *slog.Logger, fatal func(error) bool) error {
	var oldest entry
	var refused int // how often the oldest was
	for ctx.Err() == nil {
		e, ok := t.queue.head()
		if !ok {
			select {
			case <-ctx.Done():
			case <-t.queue.wake:
			}
			continue
		}
		if e != oldest {
			oldest, refused = e, 0
		}
		err := t.tell(ctx, e)
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case errors.Is(err, ErrDisk) || fatal(err):
			return err
		case errors.Is(err, ErrRefused):
			refused++
		}
		if errors.Is(err, errDamaged) || refused == maxRefusals {
			log.Error("a notice was dropped", "id", e.id, "why", err)
			if err := t.queue.drop(e); err != nil {
				return err
			}
			continue
		}
		failures := t.queue.failed()
		if failures == 1 {
			log.Warn("a target is not told; its notices wait", "why", err)
		}
		pause(ctx, failures)
	}
	return nil
}

// errDamaged says that a file is not what was written.
var errDamaged = errors.New("notify: damaged")

// tell tells one item and takes it away.
func (t *target) tell(ctx context.Context, e entry) error {
	item, err := t.queue.folder.read(e)
	switch {
	case gone(err) && !t.queue.holds(e):
		return nil
	case err != nil:
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	attempt, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := t.Sender.Send(attempt, item); err != nil {
		return err
	}
	return t.queue.told(e)
}

// pause waits before the next attempt.
func pause(ctx context.Context, failures int) {
	d := longestPause
	if failures < 20 { // no overflow
		d = min(d, firstPause<<(failures-1))
	}
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-wait.C:
	}
}
