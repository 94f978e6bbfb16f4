package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrServing is returned when another process serves from the directory.
var ErrServing = errors.New("node: another process serves from this directory")

// lock lets one server use the directory. The kernel gives the lock back when the
// process ends, however it ends.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the directory: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrServing, dir), f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the directory: %w", err), f.Close())
	}
	return f, nil
}
