package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrDisk is returned when a notice could not be kept, or not be taken away.
var ErrDisk = errors.New("notify: the queue could not be written")

// A queue's folder has a file for each item that waits, and an empty one that counts what was
// dropped. A file that is whole has its name, and one that is not ends in unfinished.
const (
	unfinished    = ".new"
	droppedPrefix = "dropped-"
)

var itemFile = regexp.MustCompile(`^([0-9]{16})-([0-9a-f]{32})\.(notice|finding)$`)

// entry is an item that waits.
type entry struct {
	seq  uint64
	id   string
	form Form
}

func (e entry) file() string { return fmt.Sprintf("%016d-%s.%s", e.seq, e.id, e.form) }

// folder is where a queue keeps its items.
type folder string

// open makes the folder if there is none, and lists what waits in it, in order.
func (f folder) open() (waiting []entry, dropped uint64, err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	names, err := os.ReadDir(string(f))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	var counts []uint64
	for _, n := range names { // in the order of their names, which is that of their numbers
		if m := itemFile.FindStringSubmatch(n.Name()); m != nil {
			seq, _ := strconv.ParseUint(m[1], 10, 64) // sixteen digits
			waiting = append(waiting, entry{seq, m[2], Form(m[3])})
		} else if count, is := strings.CutPrefix(n.Name(), droppedPrefix); is {
			if v, err := strconv.ParseUint(count, 10, 63); err == nil {
				counts = append(counts, v)
			}
		} else if strings.HasSuffix(n.Name(), unfinished) {
			err = errors.Join(err, f.remove(n.Name()))
		}
	}
	// A crash leaves several counts, of which the largest counts.
	for _, v := range counts {
		dropped = max(dropped, v)
	}
	for _, v := range counts {
		if v < dropped {
			err = errors.Join(err, f.remove(countFile(v)))
		}
	}
	return waiting, dropped, err
}

func countFile(n uint64) string { return fmt.Sprintf("%s%016d", droppedPrefix, n) }

// write makes an item durable.
func (f folder) write(name string, body []byte) error {
	path := filepath.Join(string(f), name)
	w, err := os.OpenFile(path+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	_, err = w.Write(body)
	if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, errors.Join(err, os.Remove(w.Name())))
	}
	if err := os.Rename(w.Name(), path); err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return f.sync()
}

// read returns an item. One that is not as it was written is none.
func (f folder) read(e entry) (Item, error) {
	r, err := os.Open(filepath.Join(string(f), e.file()))
	if err != nil {
		return Item{}, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err != nil {
		return Item{}, err
	}
	item, err := newItem(e.form, raw)
	if err == nil && item.ID != e.id {
		err = fmt.Errorf("%w: a file with other bytes than its name says", ErrNotice)
	}
	return item, err
}

// count writes down how many were dropped. It may be called by several at once.
func (f folder) count(dropped uint64) error {
	w, err := os.OpenFile(filepath.Join(string(f), countFile(dropped)), os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		err = errors.Join(w.Close(), f.sync())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return f.remove(countFile(dropped - 1))
}

// remove takes a file away; one that is gone already is no error.
func (f folder) remove(name string) error {
	if err := os.Remove(filepath.Join(string(f), name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return nil
}

func (f folder) sync() error {
	d, err := os.Open(string(f))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return nil
}

// inOrder puts an entry among others.
func inOrder(waiting []entry, e entry) []entry {
	i, _ := slices.BinarySearchFunc(waiting, e.seq, func(o entry, seq uint64) int { return int(int64(o.seq) - int64(seq)) })
	return slices.Insert(waiting, i, e)
}
