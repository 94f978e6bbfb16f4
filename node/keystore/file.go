package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFile bounds a key file: a seed, and what a sealer puts around it.
const maxFile = 64 << 10

func checkDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("open the key directory: %w", err)
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("%w: %s must be a directory of mode 0700; chmod 700 it after you have looked who read it", ErrMode, dir)
	}
	return nil
}

// read returns the secret in a file.
func (s *Store) read(name string) ([]byte, error) {
	path := filepath.Join(s.dir, name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("open a key: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm() != 0o600 {
		return nil, fmt.Errorf("%w: %s must be a file of mode 0600; chmod 600 it after you have looked who read it", ErrMode, path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%w: %s", ErrDamaged, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a key: %w", err)
	}
	if s.sealer == nil {
		return raw, nil
	}
	secret, err := s.sealer.Open(name, raw)
	if err != nil {
		return nil, fmt.Errorf("unseal key %s: %w", name, err)
	}
	return secret, nil
}

// write puts a secret into a file that is whole or not there, whatever happens.
func (s *Store) write(name string, secret []byte) error {
	raw := secret
	if s.sealer != nil {
		var err error
		if raw, err = s.sealer.Seal(name, secret); err != nil {
			return fmt.Errorf("seal key %s: %w", name, err)
		}
	}
	path := filepath.Join(s.dir, name)
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("write a key: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(fmt.Errorf("write a key: %w", err), closeIf(old))
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, closeIf(old))
	}
	// The file that was replaced has no name any more, but it has its bytes.
	return overwrite(old)
}

// erase overwrites a file and takes it away.
func (s *Store) erase(name string) error {
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("erase a key: %w", err)
	}
	if err := errors.Join(overwrite(f), os.Remove(path)); err != nil {
		return fmt.Errorf("erase a key: %w", err)
	}
	return syncDir(s.dir)
}

// overwrite fills a file with zeros and closes it. Nil is no file.
func overwrite(f *os.File) error {
	if f == nil {
		return nil
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.CopyN(f, zeros{}, info.Size())
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("overwrite a key: %w", err)
	}
	return nil
}

type zeros struct{}

// Read gives zeros without end.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func closeIf(f *os.File) error {
	if f == nil {
		return nil
	}
	return f.Close()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the key directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the key directory: %w", err)
	}
	return nil
}
