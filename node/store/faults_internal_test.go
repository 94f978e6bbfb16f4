package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

// faulty lets one call of the file system fail, or a full disk all writes from one on,
// and counts them.
type faulty struct {
	disk
	left  int // calls until the one that fails
	full  bool
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
	err := f.of.call()
	if f.of.full && f.of.left < 0 {
		err = errFault
	}
	if err != nil {
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

// The datasets of the store that stands there and of the one that takes its place.
var (
	oldOne = [32]byte{1}
	newOne = [32]byte{2}
)

func build(fs files, path string, dataset [32]byte) error {
	w, err := create(fs, path, Header{Dataset: dataset, Samples: []string{"a", "b"}}, fuzzKey())
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

// standing is the dataset of the store at a path, of which every byte is looked at.
func standing(t *testing.T, path string) (dataset [32]byte, err error) {
	t.Helper()
	r, err := Open(path, fuzzKey())
	if err != nil {
		return dataset, err
	}
	defer r.Close()
	if r.Sites() != 1100 {
		t.Errorf("it has %d sites", r.Sites())
	}
	return r.Header().Dataset, r.Check(t.Context())
}

func TestAnyFaultLeavesTheOldStoreOrTheNewOne(t *testing.T) {
	for name, kind := range map[string]faulty{
		"a call that fails":             {},
		"a write that ends early":       {short: true},
		"a disk that is and stays full": {full: true},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 0; ; n++ {
				dir := t.TempDir()
				path := filepath.Join(dir, "cohort")
				if err := build(disk{}, path, oldOne); err != nil {
					t.Fatal(err)
				}
				fs := kind
				fs.left = n
				err := build(&fs, path, newOne)
				if fs.left >= 0 {
					if err != nil || n < 10 {
						t.Fatalf("no fault in %d calls, and %v", n, err)
					}
					break
				}
				is, openErr := standing(t, path)
				// The last call makes the directory durable: by then the new one stands there.
				if last := n == fs.calls-1 && is == newOne; err == nil || openErr != nil || is != oldOne && !last {
					t.Errorf("call %d fails: %v; what stands there: %v", n, err, openErr)
				}
				if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
					t.Errorf("call %d fails: %d files are left, %v", n, len(left), err)
				}
			}
		})
	}
}

// What a kill leaves is overwritten.
func TestTheNextBuildTakesALeftoverAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cohort")
	if err := os.WriteFile(path+temporary, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := build(disk{}, path, newOne); err != nil {
		t.Fatal(err)
	}
	if is, err := standing(t, path); err != nil || is != newOne {
		t.Errorf("it is %x, %v", is[:1], err)
	}
	if _, err := os.Stat(path + temporary); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left is there: %v", err)
	}
}
