package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxEvidence bounds the forks of one log that are kept. One is enough.
const maxEvidence = 8

// DirMemory is a Memory in a directory: one file for each log, and two for each fork that
// was shown.
type DirMemory struct {
	disk *disk
	lock *os.File
	turn chan struct{}
}

// OpenMemory opens a directory, and makes it when it is not there.
func OpenMemory(dir string) (*DirMemory, error) {
	d := &disk{dir: dir}
	if err := d.mkdir(d.path(stateDir)); err != nil {
		return nil, fmt.Errorf("open the witness's memory: %w", err)
	}
	lock, err := d.lock()
	if err != nil {
		return nil, err
	}
	return &DirMemory{disk: d, lock: lock, turn: make(chan struct{}, 1)}, nil
}

// The file of a log is named as c2sp.org/tlog-witness names it.
func memoryName(origin string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(origin))) }

// Load returns the note that is remembered.
func (m *DirMemory) Load(_ context.Context, origin string) ([]byte, error) {
	note, err := m.disk.read(memoryName(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return note, err
}

// Advance replaces the note.
func (m *DirMemory) Advance(ctx context.Context, origin string, from, to []byte) error {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	was, err := m.Load(ctx, origin)
	if err != nil {
		return err
	}
	if !bytes.Equal(was, from) {
		return ErrChanged
	}
	return m.disk.put(memoryName(origin), to)
}

// Keep stores a proof of a fork.
func (m *DirMemory) Keep(_ context.Context, origin string, known, shown []byte) error {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	for i := range maxEvidence {
		name := fmt.Sprintf("%s.fork.%d", memoryName(origin), i)
		if _, err := m.disk.read(name + ".shown"); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		return errors.Join(m.disk.put(name+".known", known), m.disk.put(name+".shown", shown))
	}
	return nil
}

// Close gives the directory back.
func (m *DirMemory) Close() error { return m.lock.Close() }
