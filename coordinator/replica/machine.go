package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"
)

// ErrMachine is wrapped by what Run returns when the Machine could not apply,
// copy or restore: this member, and most likely every other, stops.
var ErrMachine = errors.New("replica: the machine stopped this member")

// Machine is the state that is kept equal on every member. It is never called
// from two goroutines at once, so it needs no lock.
//
// It MUST be deterministic: the same commands at the same indexes give the same
// state and the same results, so it has no clock, no dice, no network, and
// ranges over no map unsorted.
type Machine interface {
	// Apply changes the state by one committed command, and returns what the
	// proposer is told. A refusal is a result. An error means that the bytes
	// cannot be understood: this member stops, for going on would be another
	// state than the others'. Indexes grow, with gaps. Apply MUST NOT change
	// command.
	Apply(index uint64, command []byte) (result any, err error)
	// Snapshot returns a copy of the state, which is written out while Apply
	// goes on.
	Snapshot() (io.WriterTo, error)
	// Restore replaces the whole state by what a Snapshot wrote.
	Restore(r io.Reader) error
}

// applied is what raft hands from the fsm to Propose.
type applied struct {
	result any
	err    error
}

// fsm is the Machine as raft wants it.
type fsm struct {
	fault   *fault
	changed *signal
	settle  func() error // nil for nothing

	mu      sync.RWMutex
	machine Machine
	index   uint64 // of the last command in machine
}

var _ raft.BatchingFSM = (*fsm)(nil)

// view runs look while the Machine stands still.
func (f *fsm) view(look func()) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	look()
}

// applied is the index of the last command in the state.
func (f *fsm) applied() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.index
}

// ApplyBatch applies committed entries, has them settled, and wakes the waiting once.
func (f *fsm) ApplyBatch(entries []*raft.Log) []any {
	answers := make([]any, len(entries))
	f.mu.Lock()
	for i, entry := range entries {
		if entry.Type == raft.LogCommand {
			answers[i] = f.apply(entry)
		}
	}
	f.mu.Unlock()
	if err := f.settled(); err != nil {
		for i := range answers {
			answers[i] = applied{err: err}
		}
	}
	f.changed.fire()
	return answers
}

// settled settles what was applied. What was applied before a fault is settled too: it
// is committed, and its proposers will be told.
func (f *fsm) settled() error {
	if f.settle == nil {
		return nil
	}
	if err := f.settle(); err != nil {
		return f.fault.trip(fmt.Errorf("%w: settle what was applied: %w", ErrMachine, err))
	}
	return nil
}

// Apply is ApplyBatch for one entry.
func (f *fsm) Apply(entry *raft.Log) any { return f.ApplyBatch([]*raft.Log{entry})[0] }

func (f *fsm) apply(entry *raft.Log) applied {
	if err := f.fault.err(); err != nil {
		return applied{err: err}
	}
	if entry.Index <= f.index {
		return applied{err: f.fault.trip(fmt.Errorf("%w: entry %d came after entry %d", ErrMachine, entry.Index, f.index))}
	}
	result, err := f.machine.Apply(entry.Index, entry.Data)
	if err != nil {
		return applied{err: f.fault.trip(fmt.Errorf("%w: apply entry %d: %w", ErrMachine, entry.Index, err))}
	}
	f.index = entry.Index
	return applied{result: result}
}

// Snapshot copies the state, with the index it stands at.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if err := f.fault.err(); err != nil {
		return nil, err
	}
	body, err := f.machine.Snapshot()
	if err != nil {
		return nil, f.fault.trip(fmt.Errorf("%w: snapshot at entry %d: %w", ErrMachine, f.index, err))
	}
	return &snapshot{index: f.index, body: body, fault: f.fault}, nil
}

// Restore replaces the state by a snapshot from disk, and has it settled.
func (f *fsm) Restore(from io.ReadCloser) error {
	if err := f.restore(from); err != nil {
		return err
	}
	if err := f.settled(); err != nil {
		return err
	}
	f.changed.fire()
	return nil
}

// restore holds the lock while the file is read: there is nothing to look at meanwhile.
func (f *fsm) restore(from io.Reader) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fault.err(); err != nil {
		return err
	}
	index, err := readHeader(from)
	if err == nil {
		err = f.machine.Restore(from)
	}
	if err != nil {
		return f.fault.trip(fmt.Errorf("%w: restore a snapshot: %w", ErrMachine, err))
	}
	f.index = index
	return nil
}

// snapshot is a copy of the state on its way to disk.
type snapshot struct {
	index uint64
	body  io.WriterTo
	fault *fault
}

// Persist writes the snapshot. Raft cancels the sink if it fails.
func (s *snapshot) Persist(sink raft.SnapshotSink) error {
	_, err := sink.Write(appendHeader(nil, s.index))
	if err == nil {
		_, err = s.body.WriteTo(sink)
	}
	if err != nil {
		return s.fault.trip(fmt.Errorf("%w: write the snapshot at entry %d: %w", ErrMachine, s.index, err))
	}
	return sink.Close()
}

// Release does nothing: the copy is garbage once Persist is over.
func (s *snapshot) Release() {}

// A snapshot is a mark with the number of its format, the index of the last
// command in it (8 bytes, big-endian), and what the Machine wrote.
const (
	mark       = "LOCUSRP1"
	headerSize = len(mark) + 8
)

// errSnapshot is returned when a snapshot does not begin as ours do.
var errSnapshot = errors.New("not a snapshot of this format")

func appendHeader(to []byte, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append(to, mark...), index)
}

func readHeader(from io.Reader) (uint64, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return 0, fmt.Errorf("%w: it ends within the first %d bytes: %w", errSnapshot, headerSize, err)
	}
	if string(header[:len(mark)]) != mark {
		return 0, fmt.Errorf("%w: it does not begin with %s", errSnapshot, mark)
	}
	return binary.BigEndian.Uint64(header[len(mark):]), nil
}
