package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// faulty lets one call of the file system fail, and counts them.
type faulty struct {
	disk
	left  int // calls until the one that fails
	short bool
	calls int
}

var errFault = errors.New("no space left on the device")

func (f *faulty) call() error {
	f.calls++
	if f.left--; f.left == -1 {
		return errFault
	}
	return nil
}

func (f *faulty) create(name string) (file, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	out, err := f.disk.create(name)
	return &faultyFile{out, f}, err
}

func (f *faulty) rename(from, to string) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.disk.rename(from, to)
}

func (f *faulty) syncDir(name string) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.disk.syncDir(name)
}

type faultyFile struct {
	file
	of *faulty
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.of.call(); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		if f.of.short {
			return n, nil
		}
		return n, err
	}
	return f.file.Write(p)
}

func (f *faultyFile) Sync() error {
	if err := f.of.call(); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *faultyFile) Close() error {
	err := f.of.call()
	return errors.Join(err, f.file.Close())
}

func build(fs files, path string) error {
	w, err := create(fs, path, Header{Samples: []string{"a", "b"}}, nil)
	if err != nil {
		return err
	}
	for i := range 1100 {
		row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: uint32(i), Ref: "A", Alts: []string{"C"}}, Calls: []genotype.Call{genotype.HomRef, genotype.NoCall}}
		if err := w.Add(&row); err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Commit()
}

func TestAnyFaultLeavesTheOldStoreOrTheNewOne(t *testing.T) {
	for _, short := range []bool{false, true} {
		for n := 0; ; n++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "cohort")
			if err := os.WriteFile(path, []byte("the old one"), 0o600); err != nil {
				t.Fatal(err)
			}
			fs := &faulty{left: n, short: short}
			err := build(fs, path)
			if fs.left >= 0 {
				if err != nil || n < 10 {
					t.Fatalf("no fault in %d calls, and %v", n, err)
				}
				break
			}
			raw, readErr := os.ReadFile(path)
			if err == nil || readErr != nil {
				t.Fatalf("call %d fails: %v, %v", n, err, readErr)
			}
			_, openErr := New(bytes.NewReader(raw), int64(len(raw)), nil)
			if last := n == fs.calls-1 && openErr == nil; !last && string(raw) != "the old one" {
				t.Errorf("call %d fails: the store is neither the old one nor the new one", n)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("call %d fails: %d files are left, %v", n, len(left), err)
			}
		}
	}
}

// What a kill leaves is overwritten.
func TestTheNextBuildTakesALeftoverAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cohort")
	if err := os.WriteFile(path+temporary, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := build(disk{}, path); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := os.Stat(path + temporary); !errors.Is(err, os.ErrNotExist) || r.Sites() != 1100 {
		t.Errorf("%d sites, %v", r.Sites(), err)
	}
}

// What every checksum passes may still be other rows than were written.
func TestCheckComparesWithWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cohort")
	w, err := Create(path, Header{Samples: []string{"a", "b"}}, fuzzKey())
	if err != nil {
		t.Fatal(err)
	}
	row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: 5, Ref: "A", Alts: []string{"C"}}, Calls: []genotype.Call{genotype.HomRef, genotype.NoCall}}
	if err := w.Add(&row); err != nil {
		t.Fatal(err)
	}
	w.block.bitmaps[0] ^= 3 // the other one is missing
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, fuzzKey())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Next(&row); err != nil || row.Classes[0].Missing.Len() != 1 {
		t.Fatalf("the row does not open, %v", err)
	}
	if err := r.Check(t.Context(), nil); !errors.Is(err, errDigest) || !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}
