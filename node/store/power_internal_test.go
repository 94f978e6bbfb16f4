package store

import (
	"bytes"
	"errors"
	"maps"
	"testing"
)

var errPower = errors.New("the power is gone")

// volatile is a disk that loses its power after some calls. What was written and not
// synced is lost then, and so are, or are not, the names that were given since their
// directory was synced: a file system may do either.
type volatile struct {
	left    int
	names   map[string]*inode
	durable map[string]*inode
}

type inode struct {
	disk   *volatile
	data   []byte
	synced int
}

func (v *volatile) call() error {
	if v.left--; v.left < 0 {
		return errPower
	}
	return nil
}

func (v *volatile) create(name string) (file, error) {
	if err := v.call(); err != nil {
		return nil, err
	}
	v.names[name] = &inode{disk: v}
	return v.names[name], nil
}

func (v *volatile) rename(from, to string) error {
	if err := v.call(); err != nil {
		return err
	}
	v.names[to] = v.names[from]
	delete(v.names, from)
	return nil
}

func (v *volatile) remove(name string) error {
	if err := v.call(); err != nil {
		return err
	}
	delete(v.names, name)
	return nil
}

func (v *volatile) syncDir(string) error {
	if err := v.call(); err != nil {
		return err
	}
	v.durable = maps.Clone(v.names)
	return nil
}

func (i *inode) Write(p []byte) (int, error) {
	if err := i.disk.call(); err != nil {
		return 0, err
	}
	i.data = append(i.data, p...)
	return len(p), nil
}

func (i *inode) Sync() error {
	if err := i.disk.call(); err != nil {
		return err
	}
	i.synced = len(i.data)
	return nil
}

func (i *inode) Close() error { return i.disk.call() }

// Wherever the power goes, what is found afterwards is the old store or the new one,
// whole; and the new one once Commit has returned.
func TestALossOfPowerLeavesTheOldStoreOrTheNewOne(t *testing.T) {
	const path = "dir/cohort"
	for n := 0; ; n++ {
		v := &volatile{left: 1 << 20, names: make(map[string]*inode)}
		if err := build(v, path, oldOne); err != nil {
			t.Fatal(err)
		}
		v.left = n
		err := build(v, path, newOne)
		for names, at := range map[string]*inode{"kept": v.names[path], "lost": v.durable[path]} {
			if at == nil {
				t.Fatalf("call %d, new names are %s: no store is there", n, names)
			}
			raw := at.data[:at.synced]
			r, openErr := New(bytes.NewReader(raw), int64(len(raw)), fuzzKey())
			if openErr != nil {
				t.Errorf("call %d, new names are %s: %v", n, names, openErr)
				continue
			}
			if err := r.Check(t.Context()); err != nil {
				t.Errorf("call %d, new names are %s: %v", n, names, err)
			}
			if is := r.Header().Dataset; is != oldOne && is != newOne || err == nil && is != newOne {
				t.Errorf("call %d, new names are %s: the store is %x and Commit says %v", n, names, is[:1], err)
			}
			r.Close()
		}
		if v.left >= 0 {
			if err != nil || n < 10 {
				t.Errorf("the power was there for all of %d calls: %v", n, err)
			}
			return
		}
	}
}
