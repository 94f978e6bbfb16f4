package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Names in the directory of a log. All but stateDir may be copied, served and mirrored.
const (
	checkpointFile = "checkpoint" // the newest, signed by the log
	cosignedFile   = "cosigned"   // the newest that enough witnesses have cosigned
	tileDir        = "tile"
	stateDir       = ".state" // the lock, and files that are not whole yet
)

// tileWidth is that of c2sp.org/tlog-tiles.
const tileWidth = 256

// tilePath is the place of a tile, or with level -1 of a bundle of entries.
func tilePath(level int, index uint64, width int) string {
	kind := "entries"
	if level >= 0 {
		kind = strconv.Itoa(level)
	}
	name := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	if width < tileWidth {
		name += ".p/" + strconv.Itoa(width)
	}
	return tileDir + "/" + kind + "/" + name
}

// disk is a directory whose files appear whole and stay.
type disk struct {
	dir  string
	made map[string]bool // directories that are known to be there

	testOnlyFault func() error // asked before each effect
}

// maxMade bounds what is remembered of directories; a log of 1 M entries has 4,000.
const maxMade = 10_000

func (d *disk) path(name string) string { return filepath.Join(d.dir, filepath.FromSlash(name)) }

func (d *disk) read(name string) ([]byte, error) { return os.ReadFile(d.path(name)) }

// put writes a file as a whole or not at all. When it returns nil the file survives a
// loss of power: its bytes and its name are synced, and so are new directories above it.
func (d *disk) put(name string, data []byte) error {
	to := d.path(name)
	if err := d.mkdir(filepath.Dir(to)); err != nil {
		return err
	}
	from := d.path(stateDir + "/new")
	for _, effect := range []func() error{
		func() error { return writeSynced(from, data) },
		func() error { return os.Rename(from, to) },
		func() error { return syncDir(filepath.Dir(to)) },
	} {
		if d.testOnlyFault != nil {
			if err := d.testOnlyFault(); err != nil {
				return err
			}
		}
		if err := effect(); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) mkdir(dir string) error {
	if d.made[dir] {
		return nil
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := d.mkdir(filepath.Dir(dir)); err != nil {
			return err
		}
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	if d.made == nil || len(d.made) >= maxMade {
		d.made = map[string]bool{}
	}
	d.made[dir] = true
	return nil
}

// forget removes the directory of partial tiles: the whole one is there.
func (d *disk) forget(level int, index uint64) {
	dir := d.path(tilePath(level, index, tileWidth) + ".p")
	delete(d.made, dir)
	// What stays behind is a prefix of the whole tile. It costs room and harms nobody.
	_ = os.RemoveAll(dir)
}

func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// lock keeps other processes, and this one a second time, out of a log. The kernel gives
// it back when the process ends, however it ends.
func (d *disk) lock() (*os.File, error) {
	f, err := os.OpenFile(d.path(stateDir+"/lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the log: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrLocked, d.dir), f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock the log: %w", err), f.Close())
	}
	return f, nil
}
