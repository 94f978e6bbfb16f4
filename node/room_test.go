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
	} {
		t.Run(c.name, func(t *testing.T) {
			s, asked := newShelf(t), 0
			s.askRoom = 1
			s.free = func(string) (int64, error) { asked++; return c.free, c.freeErr }
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
