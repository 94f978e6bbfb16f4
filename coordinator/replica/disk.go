package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	// ErrStorage is wrapped by what Run returns when the log or a snapshot could
	// not be written or read. The member stops: what is on disk is not known.
	ErrStorage = errors.New("replica: storage failed")
	// ErrLocked is returned by Open when another process has the log open.
	ErrLocked = errors.New("replica: the log is open in another process")
	// ErrOtherMember is returned by Open when the folder belongs to another
	// member, whose votes are in it.
	ErrOtherMember = errors.New("replica: the folder belongs to another member")
	// ErrGap is returned by Open when something is missing between the newest
	// snapshot and the log.
	ErrGap = errors.New("replica: the log does not reach back to the snapshot")
)

const (
	logFile     = "raft.db"
	snapshotDir = "snapshots" // raft's name for it
	unfinished  = ".tmp"      // how raft ends the name of a snapshot until it is durable
)

var (
	keyTerm = []byte("CurrentTerm") // raft's own key
	keySelf = []byte("LocusMember") // ours: whose folder this is
)

// disk is everything that a member keeps: log, votes and snapshots. The first
// error of any of them stops the member, since an fsync that failed once and
// then succeeds tells nothing about the bytes of the first.
type disk struct {
	dir   string
	bolt  *raftboltdb.BoltStore
	snaps *raft.FileSnapshotStore
	fault *fault
}

var (
	_ raft.LogStore      = (*disk)(nil)
	_ raft.StableStore   = (*disk)(nil)
	_ raft.SnapshotStore = (*disk)(nil)
)

// openDisk opens the folder, creates what is missing, and checks that it is
// this member's and whole.
func openDisk(cfg *Config, f *fault, log hclog.Logger) (*disk, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("replica: create the folder of the log: %w", err)
	}
	path := filepath.Join(cfg.Dir, logFile)
	bolt, err := raftboltdb.New(raftboltdb.Options{Path: path, BoltOptions: &bbolt.Options{Timeout: lockTimeout}})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("replica: open %s: %w", path, err)
	}
	d := &disk{dir: cfg.Dir, bolt: bolt, fault: f}
	if d.snaps, err = raft.NewFileSnapshotStoreWithLogger(cfg.Dir, retained, log); err == nil {
		err = d.prepare(cfg)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", cfg.Dir, err), bolt.Close())
	}
	return d, nil
}

// prepare makes the folder this member's, and a new one the beginning of the
// cluster.
func (d *disk) prepare(cfg *Config) error {
	// The names of new files must outlive a crash too, or the member forgets
	// what it voted.
	if err := errors.Join(syncDir(cfg.Dir), syncDir(filepath.Dir(cfg.Dir))); err != nil {
		return err
	}
	if err := d.claim(cfg.Self); err != nil {
		return err
	}
	if len(cfg.Members) > 0 {
		if err := d.bootstrap(cfg.Members); err != nil {
			return err
		}
	}
	return d.whole(cfg.Dir)
}

// claim writes whose folder this is, or checks it.
func (d *disk) claim(self MemberID) error {
	owner, err := d.Get(keySelf)
	switch {
	case errors.Is(err, raftboltdb.ErrKeyNotFound):
		return d.Set(keySelf, []byte(self))
	case err != nil:
		return err
	case !bytes.Equal(owner, []byte(self)):
		return fmt.Errorf("%w: it is %q's, and this is %q", ErrOtherMember, owner, self)
	}
	return nil
}

// bootstrap writes the first entry of a new cluster. It does what
// raft.BootstrapCluster does, which refuses to go on where a crash had cut it
// short: a member with term 1 and no entry, and so no members, for ever.
func (d *disk) bootstrap(members []MemberID) error {
	last, err := d.LastIndex()
	if err != nil {
		return err
	}
	snapshots, err := d.List()
	if err != nil {
		return err
	}
	term, err := d.GetUint64(keyTerm)
	if err != nil && !errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return err
	}
	// Elections begin at term 2, so with a term above 1 this member has met a
	// cluster, and must not found another.
	if last > 0 || len(snapshots) > 0 || term > 1 {
		return nil
	}
	// Sorted, so that the entry is the same on every member.
	var first raft.Configuration
	for _, id := range slices.Sorted(slices.Values(members)) {
		first.Servers = append(first.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	if err := d.SetUint64(keyTerm, 1); err != nil {
		return err
	}
	return d.StoreLog(&raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(first)})
}

// whole checks that every snapshot can be described, and that the newest meets
// the log. Raft would pass over one that it cannot describe, and then stop with
// a panic, or go on without what was in it.
func (d *disk) whole(dir string) error {
	const mend = "restore the folder from a backup of this moment, or remove this member and add a new one"
	finished, err := sweep(filepath.Join(dir, snapshotDir))
	if err != nil {
		return err
	}
	snapshots, err := d.List()
	if err != nil {
		return err
	}
	if want := min(finished, retained); len(snapshots) < want {
		return fmt.Errorf("%w: of %d snapshots %d cannot be described: %s", ErrGap, want, want-len(snapshots), mend)
	}
	var covered uint64
	if len(snapshots) > 0 {
		// A crash may have come between a snapshot and what its end asks for.
		covered = snapshots[0].Index
		if err := d.meet(covered, snapshots[0].Term); err != nil {
			return err
		}
	}
	first, err := d.FirstIndex()
	if err != nil {
		return err
	}
	if first > covered+1 {
		return fmt.Errorf("%w: the log begins at entry %d, the snapshot ends at entry %d: %s", ErrGap, first, covered, mend)
	}
	return nil
}

// sweep removes what a crash left of unfinished snapshots, which raft does not,
// and counts the finished ones.
func sweep(dir string) (finished int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		switch {
		case !e.IsDir():
		case strings.HasSuffix(e.Name(), unfinished):
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return 0, err
			}
		default:
			finished++
		}
	}
	return finished, nil
}

// guard does one thing to the disk, unless something failed before.
func (d *disk) guard(doing string, do func() error) error {
	if err := d.fault.err(); err != nil {
		return err
	}
	err := do()
	if err == nil || errors.Is(err, raft.ErrLogNotFound) || errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return err
	}
	return d.fault.trip(fmt.Errorf("%w: %s: %w", ErrStorage, doing, err))
}

// FirstIndex is the index of the oldest entry.
func (d *disk) FirstIndex() (index uint64, err error) {
	err = d.guard("find the first entry", func() error { index, err = d.bolt.FirstIndex(); return err })
	return index, err
}

// LastIndex is the index of the newest entry.
func (d *disk) LastIndex() (index uint64, err error) {
	err = d.guard("find the last entry", func() error { index, err = d.bolt.LastIndex(); return err })
	return index, err
}

// GetLog reads an entry. Of the last one of a snapshot, index and term are known
// when the log has it no more.
func (d *disk) GetLog(index uint64, into *raft.Log) error {
	err := d.guard("read an entry", func() error { return d.bolt.GetLog(index, into) })
	if errors.Is(err, raft.ErrLogNotFound) {
		return d.boundary(index, into)
	}
	return err
}

// StoreLog writes an entry.
func (d *disk) StoreLog(entry *raft.Log) error { return d.StoreLogs([]*raft.Log{entry}) }

// StoreLogs writes entries.
func (d *disk) StoreLogs(entries []*raft.Log) error {
	return d.guard("write entries", func() error { return d.bolt.StoreLogs(entries) })
}

// DeleteRange deletes the entries from first to last.
func (d *disk) DeleteRange(first, last uint64) error {
	return d.guard("delete entries", func() error { return d.bolt.DeleteRange(first, last) })
}

// Set writes a value.
func (d *disk) Set(key, value []byte) error {
	return d.guard("write "+string(key), func() error { return d.bolt.Set(key, value) })
}

// Get reads a value.
func (d *disk) Get(key []byte) (value []byte, err error) {
	err = d.guard("read "+string(key), func() error { value, err = d.bolt.Get(key); return err })
	return value, err
}

// SetUint64 writes a number.
func (d *disk) SetUint64(key []byte, value uint64) error {
	return d.guard("write "+string(key), func() error { return d.bolt.SetUint64(key, value) })
}

// GetUint64 reads a number.
func (d *disk) GetUint64(key []byte) (value uint64, err error) {
	err = d.guard("read "+string(key), func() error { value, err = d.bolt.GetUint64(key); return err })
	return value, err
}

// Create begins a snapshot.
func (d *disk) Create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, t raft.Transport) (raft.SnapshotSink, error) {
	guarded := &sink{disk: d, index: index, term: term}
	err := d.guard("create a snapshot", func() (err error) {
		guarded.SnapshotSink, err = d.snaps.Create(version, index, term, members, membersIndex, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return guarded, nil
}

// List describes the snapshots, the newest first.
func (d *disk) List() (metas []*raft.SnapshotMeta, err error) {
	err = d.guard("list the snapshots", func() error { metas, err = d.snaps.List(); return err })
	return metas, err
}

// Open checks a snapshot's sum and opens it.
func (d *disk) Open(id string) (meta *raft.SnapshotMeta, from io.ReadCloser, err error) {
	err = d.guard("open snapshot "+id, func() error { meta, from, err = d.snaps.Open(id); return err })
	return meta, from, err
}

// Close lets the log go.
func (d *disk) Close() error { return d.bolt.Close() }

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
