package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// longVCF has the toy's people at many sites.
func longVCF(sites int) string {
	text := toyVCF()
	head, last := text[:strings.LastIndex(text, "chr1")], text[strings.LastIndex(text, "chr1"):]
	var b strings.Builder
	b.WriteString(head)
	for i := range sites {
		b.WriteString(strings.Replace(last, "\t11\t", fmt.Sprintf("\t%d\t", 11+i), 1))
	}
	return b.String()
}

func TestADiskThatWillNotHoldTheStoreIsSaidSoEarly(t *testing.T) {
	dir := toyFiles(t)
	writeFile(t, filepath.Join(dir, "long.vcf"), longVCF(100*tellEvery))
	for _, c := range []struct {
		name    string
		free    int64
		freeErr error
		want    error
	}{
		{"room enough", 1 << 40, nil, nil},
		{"no room", 0, nil, ErrRoom},
		{"room for a part", 10 << 10, nil, ErrRoom},
		{"room that cannot be told", 0, os.ErrPermission, os.ErrPermission},
		{"room that others take meanwhile", -1, nil, ErrRoom},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, asked := newShelf(t), 0
			s.askRoom = 1
			s.free = func(string) (int64, error) {
				if asked++; c.free < 0 {
					return int64(max(0, 2-asked)) << 40, nil
				}
				return c.free, c.freeErr
			}
			_, _, err := readDataset(t.Context(), nil, toySpec(dir, "long.vcf"), s)
			if !errors.Is(err, c.want) || asked == 0 {
				t.Errorf("asked %d times: %v", asked, err)
			}
			if left, err := os.ReadDir(s.dir); err != nil || (len(left) > 0) != (c.want == nil) {
				t.Errorf("%d files are left, %v", len(left), err)
			}
		})
	}
}

// What a store takes is told before there is one, from the kind and size of its source,
// or from its beginning. Neither is less than what it took in the end.
func TestWhatAStoreTakesIsToldBefore(t *testing.T) {
	dir := toyFiles(t)
	writeFile(t, filepath.Join(dir, "long.vcf"), longVCF(60*tellEvery))
	for _, c := range []struct {
		name      string
		from, len int64
		timed     bool
	}{
		{"by its kind", 1 << 40, 0, false}, {"by its beginning", 0, 1 << 20, true}, {"by all of it", 0, 1 << 40, false},
	} {
		for _, file := range []string{"long.vcf", "toy.vcf.gz", "toy.bed", "toy2.pgen"} {
			s := newShelf(t)
			s.gaugeFrom, s.gaugeBytes = c.from, c.len
			var told []Estimate
			spec := toySpec(dir, file)
			spec.Estimated = func(e Estimate) {
				if left, err := os.ReadDir(s.dir); err != nil || len(left) > 0 {
					t.Errorf("%s: %d files are written by now, %v", file, len(left), err)
				}
				told = append(told, e)
			}
			d, _, err := readDataset(t.Context(), child(t), spec, s)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(s.dir, d.Store.name()))
			if err != nil {
				t.Fatal(err)
			}
			const around = 1 << 13 // of a store: seals, directory and end
			if len(told) != 1 || told[0].Store+around < info.Size() || told[0].Free <= 0 || told[0].Source <= 0 ||
				(told[0].Time > 0) != (c.timed && file == "long.vcf") || !strings.Contains(told[0].String(), " MB to read") {
				t.Errorf("%s, %s: %d bytes, told %#v", c.name, file, info.Size(), told)
			}
		}
	}
}

// A disk that is full ends the adding, and what was there before is as it was. The new
// store's name is known here, and leads to a device that is always full.
func TestAFullDiskLeavesTheOldCohort(t *testing.T) {
	const device = "/dev/full"
	if _, err := os.Stat(device); err != nil {
		t.Skip("there is no " + device)
	}
	dir, s := toyFiles(t), newShelf(t)
	old := keepOn(t, s, toySpec(dir, "toy.vcf"))
	s.entropy = zeros{}
	if err := os.Symlink(device, filepath.Join(s.dir, storeRecord{}.name()+".new")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "long.vcf"), longVCF(100*tellEvery))
	if _, _, err := readDataset(t.Context(), child(t), toySpec(dir, "long.vcf"), s); !errors.Is(err, ErrRoom) || !strings.Contains(err.Error(), "--no-store") {
		t.Errorf("got %v, want %v", err, ErrRoom)
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are on the shelf, %v", len(left), err)
	}
	if now, _, err := s.scrub(t.Context(), old); err != nil || now.content(plainTag) != old.content(plainTag) {
		t.Errorf("the old cohort: %v", err)
	}
}

// zeros is no entropy at all.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestProgressIsToldWhileFilesAreRead(t *testing.T) {
	dir := toyFiles(t)
	writeFile(t, filepath.Join(dir, "long.vcf"), longVCF(100*tellEvery))
	for _, how := range []*parsing{nil, child(t)} {
		for _, on := range []*shelf{nil, newShelf(t)} {
			var told []Progress
			spec := toySpec(dir, "long.vcf")
			spec.Progress = func(p Progress) { told = append(told, p) }
			if _, _, err := readDataset(t.Context(), how, spec, on); err != nil {
				t.Fatal(err)
			}
			if len(told) < 50 {
				t.Fatalf("told %d times", len(told))
			}
			for i, p := range told {
				if p.Total <= 0 || p.Read > p.Total || i > 0 && (p.Read < told[i-1].Read || p.Stored < told[i-1].Stored) || (p.Stored > 0) != (on != nil) {
					t.Fatalf("%d: %+v", i, p)
				}
			}
		}
	}
}

func TestWhatAStoreWillTakeIsToldFromWhatWasRead(t *testing.T) {
	for _, c := range []struct {
		p    Progress
		want int64
	}{
		{Progress{Read: 0, Total: 100, Stored: 7}, 7}, {Progress{Read: 25, Total: 100, Stored: 7}, 28},
		{Progress{Read: 25, Total: 100, Stored: 1007, before: 1000}, 1028},
		{Progress{Read: 100, Total: 100, Stored: 30}, 30}, {Progress{Read: 110, Total: 100, Stored: 30}, 30},
	} {
		if got := c.p.storeSize(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.p, got, c.want)
		}
	}
	if free, err := freeBytes(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("a disk has %d bytes of room, %v", free, err)
	}
	if _, err := freeBytes(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}
