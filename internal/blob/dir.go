package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// partSuffix marks what was written of an item with a known digest, unnamedPrefix
// what has none yet.
const (
	partSuffix    = ".part"
	unnamedPrefix = "unnamed-"
)

// Dir is a Store in one directory of a local disk.
type Dir struct{ path string }

// OpenDir opens a directory as a Store, and makes it when there is none. Writes
// without a digest that a crash has left are thrown away.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("open blob directory: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("open blob directory: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), unnamedPrefix) {
			continue
		}
		if err := os.Remove(filepath.Join(path, e.Name())); err != nil {
			return nil, fmt.Errorf("open blob directory: %w", err)
		}
	}
	return &Dir{path: path}, nil
}

func (d *Dir) file(id ID) string { return filepath.Join(d.path, hex.EncodeToString(id[:])) }

// Open reads an item from an offset on.
func (d *Dir) Open(_ context.Context, id ID, offset int64) (io.ReadCloser, int64, error) {
	f, err := os.Open(d.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open blob: %w", err)
	}
	info, err := f.Stat()
	if err == nil && (offset < 0 || offset > info.Size()) {
		err = fmt.Errorf("%w: %d of %d", ErrOffset, offset, info.Size())
	}
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open blob: %w", err), f.Close())
	}
	return f, info.Size(), nil
}

// Begin writes an item, from where an earlier write of it broke off.
func (d *Dir) Begin(_ context.Context, id ID) (Upload, error) {
	if id == (ID{}) {
		f, err := os.CreateTemp(d.path, unnamedPrefix)
		if err != nil {
			return nil, fmt.Errorf("begin blob: %w", err)
		}
		return &upload{dir: d, file: f, hash: sha256.New()}, nil
	}
	f, err := os.OpenFile(d.file(id)+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("begin blob: %w", err)
	}
	// What is there is hashed again: the digest is over all of it.
	u := &upload{dir: d, id: id, file: f, hash: sha256.New()}
	if u.offset, err = io.Copy(u.hash, f); err != nil {
		return nil, errors.Join(fmt.Errorf("begin blob: %w", err), f.Close())
	}
	return u, nil
}

// Delete forgets an item.
func (d *Dir) Delete(_ context.Context, id ID) error {
	for _, path := range []string{d.file(id), d.file(id) + partSuffix} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("delete blob: %w", err)
		}
	}
	return nil
}

// Stale lists what was last written before a time, whole or not.
func (d *Dir) Stale(_ context.Context, before time.Time) (list []ID, err error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("list blobs: %w", err)
	}
	for _, e := range entries {
		raw, err := hex.DecodeString(strings.TrimSuffix(e.Name(), partSuffix))
		if err != nil || len(raw) != len(ID{}) {
			continue // not an item
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list blobs: %w", err)
		}
		if info.ModTime().Before(before) {
			list = append(list, ID(raw))
		}
	}
	return list, nil
}

// upload is a file on its way to its name.
type upload struct {
	dir    *Dir
	id     ID // zero while it is not known
	file   *os.File
	hash   hash.Hash
	offset int64
	done   bool
}

// Write appends.
func (u *upload) Write(p []byte) (int, error) {
	n, err := u.file.Write(p)
	u.hash.Write(p[:n])
	u.offset += int64(n)
	if err != nil {
		return n, fmt.Errorf("write blob: %w", err)
	}
	return n, nil
}

// Offset is how many bytes are there.
func (u *upload) Offset() int64 { return u.offset }

// Commit names the file once its bytes and its name are on disk.
func (u *upload) Commit() (ID, error) {
	got := ID(u.hash.Sum(nil))
	if u.id != (ID{}) && got != u.id {
		u.done = true
		return ID{}, errors.Join(ErrDigest, u.file.Close(), os.Remove(u.file.Name()))
	}
	if err := u.file.Sync(); err != nil {
		return ID{}, fmt.Errorf("commit blob: %w", err)
	}
	if err := os.Rename(u.file.Name(), u.dir.file(got)); err != nil {
		return ID{}, fmt.Errorf("commit blob: %w", err)
	}
	u.done = true
	return got, errors.Join(u.file.Close(), syncDir(u.dir.path))
}

// Close keeps or throws away what was not committed.
func (u *upload) Close() error {
	if u.done {
		return nil
	}
	u.done = true
	err := u.file.Close()
	if u.id == (ID{}) {
		err = errors.Join(err, os.Remove(u.file.Name()))
	}
	return err
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync blob directory: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
