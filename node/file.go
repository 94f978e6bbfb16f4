package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// readBounded reads a small file.
func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return raw, nil
}

// writeDurably puts bytes into a file that is whole or not there, whatever happens.
func writeDurably(path string, raw []byte) error {
	return createDurably(filepath.Dir(path), func(w io.Writer) (string, error) {
		_, err := w.Write(raw)
		return filepath.Base(path), err
	})
}

// temporary ends the name of a file that is not whole yet.
const temporary = ".new"

// createDurably is writeDurably for bytes that come one by one and give the file
// its name.
func createDurably(dir string, fill func(io.Writer) (name string, err error)) error {
	f, err := os.CreateTemp(dir, "*"+temporary)
	if err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	name, err := fill(f)
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("%w: %w", errDisk, errors.Join(err, os.Remove(f.Name())))
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	return nil
}

// removeIfThere takes a file away; one that is gone already is no error.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
