package replica

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/hashicorp/raft"
)

// sink is a snapshot that is being written.
type sink struct {
	raft.SnapshotSink
	disk        *disk
	index, term uint64
}

// Write adds to the snapshot.
func (s *sink) Write(p []byte) (n int, err error) {
	err = s.disk.guard("write a snapshot", func() error { n, err = s.SnapshotSink.Write(p); return err })
	return n, err
}

// Close makes the snapshot durable, and then lets the log begin where it ends if
// the log does not lead to it.
func (s *sink) Close() error {
	if err := s.disk.guard("finish a snapshot", s.finish); err != nil {
		return err
	}
	return s.disk.meet(s.index, s.term)
}

// finish moves the snapshot into place. Raft names a snapshot for its term, its
// index and the millisecond: one of that name is the same state, and durable, so
// that this one is not needed.
func (s *sink) finish() error {
	_, err := os.Stat(filepath.Join(s.disk.dir, snapshotDir, s.ID()))
	switch {
	case err == nil:
		return s.Cancel()
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	return s.SnapshotSink.Close()
}

// meet drops the entries up to a snapshot's last if that one is not among them, or
// is another's. Such a log is left when a leader sends a snapshot to a member that
// is behind. What raft would make of it:
//
//	entries 1..3, snapshot to 104, entries 105..   a log with a gap
//	entries 1..104' .., snapshot to 104            an end that nobody committed
//
// The snapshot holds what all of them did, so nothing is lost. Raft clears what
// follows entry 104' itself, when it is told of other entries.
func (d *disk) meet(index, term uint64) error {
	first, err := d.FirstIndex()
	if err != nil || first == 0 || first > index {
		return err
	}
	var last raft.Log
	err = d.guard("read an entry", func() error { return d.bolt.GetLog(index, &last) })
	if err == nil && last.Term == term {
		return nil
	}
	if err != nil && !errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	return d.DeleteRange(first, index)
}

// boundary answers for the last entry of a snapshot when the log begins after it.
// Raft asks whether a leader's entries follow on, and looks for the entry before
// them in the log alone: without an answer it refuses them, is sent the snapshot
// once more, and refuses them again, without end.
//
// It is an index and a term, and no entry to be sent to anyone: the entry before it
// is not in the log (meet), and a leader reads that one first. Of entry 1 this is
// not so, but no snapshot ends there: entry 1 founds the cluster.
func (d *disk) boundary(index uint64, into *raft.Log) error {
	snapshots, err := d.List()
	if err != nil {
		return err
	}
	for _, s := range snapshots {
		if s.Index == index && index > 1 {
			*into = raft.Log{Index: s.Index, Term: s.Term, Type: raft.LogNoop}
			return nil
		}
	}
	return raft.ErrLogNotFound
}
