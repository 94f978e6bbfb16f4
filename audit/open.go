package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locus-genomics/locus/internal/debug"
)

// Open opens a log, or makes one where there is none. It trusts its own signature and
// nothing else on the disk: the head is the one of the signed checkpoint, and the end of
// the tree must have that root. What a process that was killed left beyond the checkpoint
// was never acknowledged and is removed. The rest of the tree is audit/verify's to check.
func Open(ctx context.Context, c Config) (*Log, error) {
	if err := errors.Join(c.Check(), ctx.Err()); err != nil {
		return nil, err
	}
	if c.Grace == 0 {
		c.Grace = 50 * time.Millisecond
	}
	d := &disk{dir: c.Dir}
	if err := d.mkdir(d.path(stateDir)); err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	lock, err := d.lock()
	if err != nil {
		return nil, err
	}
	l := &Log{
		config: c, disk: d, lock: lock, turn: make(chan struct{}, 1), rounds: make(chan struct{}, 1),
		asked: make(map[string]*witnessed), edge: &edge{}, witnesses: c.Witnesses, quorum: c.Quorum,
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the log in %s: %w", c.Dir, err), lock.Close())
	}
	return l, nil
}

func (l *Log) load() error {
	note, err := l.disk.read(checkpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return l.create()
	}
	if err != nil {
		return err
	}
	h, err := openCheckpoint(note, l.config.Origin, l.config.Key.Public())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if l.edge, err = l.disk.loadEdge(h); err != nil {
		return err
	}
	l.head, l.note = h, note
	if err := l.loadLast(); err != nil {
		return err
	}
	if err := l.loadCosigned(); err != nil {
		return err
	}
	if l.config.Remembered != nil {
		if err := l.remembers(l.config.Remembered); err != nil {
			return err
		}
	}
	return l.removeBeyond()
}

// create writes the checkpoint of an empty log, before there is anything else. A
// directory with tiles and without a checkpoint has lost it.
func (l *Log) create() error {
	if _, err := os.Lstat(l.disk.path(tileDir)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it has no checkpoint", ErrDamaged)
	}
	if l.config.Remembered != nil && !debug.Without(debug.LogRemembered) {
		return fmt.Errorf("%w: there is no log", ErrBehind)
	}
	return l.publish()
}

// loadLast reads the entries of the last bundle against the tree, and the time of the
// last one.
func (l *Log) loadLast() error {
	if l.head.Size == 0 {
		return nil
	}
	index := (l.head.Size - 1) / tileWidth
	width := int(l.head.Size - index*tileWidth)
	_, entries, err := l.disk.bundle(index, width)
	if err != nil {
		return err
	}
	tile, err := l.disk.readWidth(0, index, width)
	if err != nil {
		return err
	}
	for i, raw := range entries {
		if tlog.RecordHash(raw) != tlog.Hash(tile[i*tlog.HashSize:]) {
			return fmt.Errorf("%w: entry %d is not the one in the tree", ErrDamaged, index*tileWidth+uint64(i))
		}
	}
	e, err := ParseEntry(entries[width-1])
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	l.last = e.Time
	return nil
}

// remembers holds the log against a checkpoint of it that others have kept. A note that
// this log has not signed proves nothing.
func (l *Log) remembers(note []byte) error {
	known, err := openCheckpoint(note, l.config.Origin, l.config.Key.Public())
	if err != nil {
		return fmt.Errorf("what is remembered of the log: %w", err)
	}
	h := l.Head()
	if debug.Without(debug.LogRemembered) {
		return nil
	}
	if known.Size > h.Size {
		return fmt.Errorf("%w: %d entries are remembered, %d are here", ErrBehind, known.Size, h.Size)
	}
	root, err := l.disk.rootAt(h, known.Size)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if root != known.Root {
		return fmt.Errorf("%w: at %d entries", ErrForked, known.Size)
	}
	return nil
}

// removeBeyond removes what a commit wrote that was not finished. It reached at most
// maxBatch entries beyond the checkpoint.
func (l *Log) removeBeyond() error {
	size := l.head.Size
	for level := -1; level <= len(l.edge.tiles)+1; level++ {
		count := size >> (8 * max(level, 0))
		for index := count / tileWidth; index <= count/tileWidth+maxBatch/tileWidth+1; index++ {
			whole := l.disk.path(tilePath(level, index, tileWidth))
			if err := os.Remove(whole); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			width := 0
			if index == count/tileWidth {
				width = int(count % tileWidth)
			}
			if err := removePartial(whole+".p", width); err != nil {
				return err
			}
		}
	}
	return nil
}

// removePartial removes partial tiles that are wider.
func removePartial(dir string, width int) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range list {
		if w, err := strconv.Atoi(f.Name()); err == nil && w <= width {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}
