package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locus-genomics/locus/protocol"
)

var (
	// ErrLocked is returned when the log is open already.
	ErrLocked = errors.New("audit: the log is open in another process; one process writes a log")
	// ErrDamaged is returned when the files of a log do not fit together.
	ErrDamaged = errors.New("audit: the log on the disk is damaged; verify it with `locus audit verify`, and restore it from its mirror")
	// ErrBehind is returned when others remember more of a log than its directory holds.
	ErrBehind = errors.New("audit: others remember more of this log than is here; an old copy was restored: bring the newest back")
	// ErrForked is returned when others remember another history of a log.
	ErrForked = errors.New("audit: others remember another history of this log; two copies of it were written to")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("audit: the log is closed")
	// ErrBusy is returned when too many entries wait for the disk.
	ErrBusy = errors.New("audit: too many entries wait for the log")
)

const (
	// maxBatch bounds the entries of one commit: what one fsync may cost when it fails.
	maxBatch = 1024
	// maxWaiting bounds the entries that wait for a commit.
	maxWaiting = 16 * maxBatch
)

// Config says where a log is and whose.
type Config struct {
	// Dir is the directory of the log, made when it is not there.
	Dir string
	// Origin names the log in its checkpoints, for ever, such as
	// "locus/node/" and the digest of the node's key. No other log has it.
	Origin string
	// Key signs the checkpoints.
	Key *protocol.SigningKey
	// Remembered is a checkpoint of this log that somebody else has kept: Open refuses a
	// directory that does not hold it. Without one a restored copy is not noticed before
	// CheckWitnesses.
	Remembered []byte
	// Witnesses are asked to cosign.
	Witnesses []Remote
	// Quorum is how many of them must have cosigned before AppendWitnessed returns.
	Quorum int
	// Grace is how long the others are waited for once there is a quorum, 50 ms if zero.
	Grace time.Duration
	// Now is the clock, time.Now if nil.
	Now func() time.Time
}

// Check returns all that is wrong.
func (c Config) Check() error {
	var faults []error
	if c.Dir == "" || c.Key == nil {
		faults = append(faults, errors.New("audit: a log needs a directory and a key"))
	}
	faults = append(faults, checkName(c.Origin))
	names := map[string]bool{}
	for _, w := range c.Witnesses {
		if w.Key.IsZero() || w.Call == nil || w.Known == nil || names[w.Name] || c.Key != nil && w.Key.Equal(c.Key.Public()) {
			faults = append(faults, fmt.Errorf("audit: the witness %.40q has no key or no way to it, is there twice, or is the log's owner", w.Name))
		}
		faults, names[w.Name] = append(faults, checkName(w.Name)), true
	}
	if c.Quorum < 0 || c.Quorum > len(c.Witnesses) || len(c.Witnesses) > maxWitnesses {
		faults = append(faults, fmt.Errorf("audit: a quorum of %d among %d witnesses; at most %d are asked", c.Quorum, len(c.Witnesses), maxWitnesses))
	}
	return errors.Join(faults...)
}

// Log is a log that is open for writing. Its methods may be called at once.
type Log struct {
	config Config
	disk   *disk
	lock   *os.File
	turn   chan struct{} // held by who writes
	rounds chan struct{} // held by who asks the witnesses
	// asked is what each witness is thought to know, by its name; of the holder of rounds.
	asked map[string]*witnessed

	// edge and last are of the holder of turn.
	edge *edge
	last time.Time

	mu        sync.Mutex // guards the rest
	waiting   []*waiter
	head      Head
	note      []byte
	cosigned  cosigned
	broken    error
	witnesses []Remote
	quorum    int
}

// waiter is an entry that waits for the disk.
type waiter struct {
	entry Entry
	index uint64
	err   error
	done  chan struct{}
}

// Append takes an entry in and returns its index once it is durable: on the disk, in the
// tree, and under a checkpoint that the log has signed. The context is asked before the
// entry is in the queue and not after, when it could not be told whether it stands.
func (l *Log) Append(ctx context.Context, e Entry) (uint64, error) {
	return l.AppendAll(ctx, []Entry{e})
}

// AppendAll takes entries in one after the other, with nothing between, and returns the
// index of the first once all of them are durable. After an error the first of them may
// stand in the log, and never a later one without those before it.
func (l *Log) AppendAll(ctx context.Context, entries []Entry) (first uint64, err error) {
	if err := ctx.Err(); err != nil || len(entries) == 0 {
		return 0, err
	}
	list := make([]*waiter, len(entries))
	for i, e := range entries {
		e.Time = time.UnixMilli(1)
		if _, err := e.encode(); err != nil {
			return 0, err
		}
		list[i] = &waiter{entry: e, done: make(chan struct{})}
	}
	l.mu.Lock()
	err = l.broken
	if err == nil && len(l.waiting)+len(list) > maxWaiting {
		err = ErrBusy
	}
	if err == nil {
		l.waiting = append(l.waiting, list...)
	}
	l.mu.Unlock()
	if err != nil {
		return 0, err
	}
	// Whoever gets the turn writes for all who wait: while one commit syncs, the next
	// batch gathers.
	for last := list[len(list)-1]; ; {
		select {
		case <-last.done:
			for _, w := range list {
				if w.err != nil {
					return 0, w.err
				}
			}
			return list[0].index, nil
		case l.turn <- struct{}{}:
			l.commitWaiting()
			<-l.turn
		}
	}
}

// commitWaiting writes a batch of those who wait. The turn is held.
func (l *Log) commitWaiting() {
	l.mu.Lock()
	n := min(len(l.waiting), maxBatch)
	batch := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	err := l.broken
	l.mu.Unlock()
	if n > 0 && err == nil {
		if err = l.commit(batch); err != nil {
			// What reached the disk is not known any more: nothing is written on top of it.
			err = l.stop(fmt.Errorf("audit: the log could not be written, and takes nothing more before it is opened again: %w", err))
		}
	}
	for _, w := range batch {
		w.err = err
		close(w.done)
	}
}

// stop makes every later call fail with the first reason.
func (l *Log) stop(reason error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = reason
	}
	return l.broken
}

// commit makes a batch durable: entries and tiles first, then the checkpoint that covers
// them. Without the checkpoint they are not in the log, and Open removes them.
func (l *Log) commit(batch []*waiter) error {
	now := time.Now
	if l.config.Now != nil {
		now = l.config.Now
	}
	// A clock that was set back does not set the log back.
	if t := now().UTC().Truncate(time.Millisecond); t.After(l.last) {
		l.last = t
	}
	var filled []fullTile
	leaves, err := l.bundleOfEdge()
	if err != nil {
		return err
	}
	full := func(level int, index uint64, tile []tlog.Hash) error {
		if level == 0 {
			if err := l.disk.put(tilePath(-1, index, tileWidth), leaves); err != nil {
				return err
			}
			leaves = nil
		}
		filled = append(filled, fullTile{level, index})
		return l.disk.put(tilePath(level, index, tileWidth), tileBytes(tile))
	}
	for _, w := range batch {
		w.entry.Time, w.index = l.last, l.edge.size
		leaf, err := w.entry.encode()
		if err != nil {
			return err
		}
		leaves = append(binary.BigEndian.AppendUint16(leaves, uint16(len(leaf))), leaf...)
		if err := l.edge.push(tlog.RecordHash(leaf), full); err != nil {
			return err
		}
	}
	top := 0
	for _, f := range filled {
		top = max(top, f.level+1)
	}
	if err := l.putPartial(leaves, top); err != nil {
		return err
	}
	if err := l.publish(); err != nil {
		return err
	}
	for _, f := range filled {
		if f.level == 0 {
			l.disk.forget(-1, f.index)
		}
		l.disk.forget(f.level, f.index)
	}
	return nil
}

type fullTile struct {
	level int
	index uint64
}

// bundleOfEdge is the bundle that is not full yet.
func (l *Log) bundleOfEdge() ([]byte, error) {
	width := int(l.edge.size % tileWidth)
	if width == 0 {
		return nil, nil
	}
	raw, _, err := l.disk.bundle(l.edge.size/tileWidth, width)
	return raw, err
}

// putPartial writes the tiles of the edge that have changed: those up to the level above
// the highest that became full.
func (l *Log) putPartial(leaves []byte, top int) error {
	if width := int(l.edge.size % tileWidth); width > 0 {
		if err := l.disk.put(tilePath(-1, l.edge.index(0), width), leaves); err != nil {
			return err
		}
	}
	for level, tile := range l.edge.tiles[:min(len(l.edge.tiles), top+1)] {
		if len(tile) == 0 {
			continue
		}
		if err := l.disk.put(tilePath(level, l.edge.index(level), len(tile)), tileBytes(tile)); err != nil {
			return err
		}
	}
	return nil
}

// publish signs the head of the edge and makes it the log's.
func (l *Log) publish() error {
	h := Head{l.edge.size, l.edge.root()}
	note, err := signCheckpoint(l.config.Origin, l.config.Key, h)
	if err != nil {
		return err
	}
	if err := l.disk.put(checkpointFile, note); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.head, l.note = h, note
	return nil
}

// Head is how long the log is and its root.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Checkpoint is the newest note of the log, and the newest that has a quorum of
// cosignatures, nil without one.
func (l *Log) Checkpoint() (newest, cosigned []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.note), slices.Clone(l.cosigned.note)
}

// Entry reads an entry back.
func (l *Log) Entry(index uint64) (Entry, error) {
	raw, err := l.disk.leaf(index, l.Head())
	if err != nil {
		return Entry{}, err
	}
	return ParseEntry(raw)
}

func (d *disk) leaf(index uint64, h Head) ([]byte, error) {
	if index >= h.Size {
		return nil, fmt.Errorf("audit: entry %d is not in a log of %d entries", index, h.Size)
	}
	width := min(tileWidth, int(h.Size-index/tileWidth*tileWidth))
	_, entries, err := d.bundle(index/tileWidth, width)
	if err != nil {
		return nil, err
	}
	return entries[index%tileWidth], nil
}

// Close waits for what is being written and gives the log back.
func (l *Log) Close() error {
	l.rounds <- struct{}{}
	l.turn <- struct{}{}
	defer func() { <-l.turn; <-l.rounds }()
	_ = l.stop(ErrClosed)
	if l.lock == nil {
		return nil
	}
	err := l.lock.Close()
	l.lock = nil
	return err
}
