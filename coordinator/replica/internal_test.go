package replica

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/raft"
)

// newDisk opens a member's folder; reopen opens it again, as after a restart.
func newDisk(t *testing.T) (d *disk, reopen func() *disk) {
	t.Helper()
	cfg := &Config{Dir: t.TempDir(), Self: "alice"}
	open := func() *disk {
		t.Helper()
		d, err := openDisk(cfg, newFault(), newLogger(nil))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d = open()
	t.Cleanup(func() { _ = d.Close() })
	return d, func() *disk {
		t.Helper()
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d = open()
		return d
	}
}

// entries are those from one index to another, all of one term.
func entries(from, to, term uint64) (all []*raft.Log) {
	for i := from; i <= to; i++ {
		all = append(all, &raft.Log{Index: i, Term: term, Type: raft.LogCommand, Data: fmt.Append(nil, i)})
	}
	return all
}

// install writes a snapshot as raft does with one that it is sent.
func install(t *testing.T, d *disk, index, term uint64, text string) (id string) {
	t.Helper()
	s, err := d.Create(1, index, term, raft.Configuration{}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.ID()
}

func TestASnapshotAndTheLogMeet(t *testing.T) {
	type entry struct{ index, term uint64 }
	for _, c := range []struct {
		name   string
		before []*raft.Log // in the log when the snapshot to 104 of term 2 comes
		after  []*raft.Log // appended then
		want   []entry     // of 1, 3, 103, 104, 105, 106: those that are there
	}{
		{"one's own, of which the log has the last entry", entries(100, 106, 2), nil,
			[]entry{{103, 2}, {104, 2}, {105, 2}, {106, 2}}},
		{"to a new member", nil, entries(105, 105, 2),
			[]entry{{104, 2}, {105, 2}}},
		{"to a member that is far behind", entries(1, 3, 1), entries(105, 106, 2),
			[]entry{{104, 2}, {105, 2}, {106, 2}}},
		{"to a member that is behind by one entry", entries(1, 103, 2), entries(105, 106, 2),
			[]entry{{104, 2}, {105, 2}, {106, 2}}},
		{"to a member with an end of its own", entries(1, 106, 1), nil,
			[]entry{{104, 2}, {105, 1}, {106, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, reopen := newDisk(t)
			store := func(logs []*raft.Log) {
				if len(logs) > 0 {
					if err := d.StoreLogs(logs); err != nil {
						t.Fatal(err)
					}
				}
			}
			store(c.before)
			install(t, d, 104, 2, "state")
			store(c.after)
			for _, when := range []string{"at once", "after a restart"} {
				var got []entry
				for _, i := range []uint64{1, 3, 103, 104, 105, 106} {
					var l raft.Log
					switch err := d.GetLog(i, &l); {
					case err == nil:
						got = append(got, entry{l.Index, l.Term})
					case !errors.Is(err, raft.ErrLogNotFound):
						t.Fatal(err)
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: the log has %v, want %v", when, got, c.want)
				}
				d = reopen()
			}
		})
	}
}

// A crash after the snapshot was durable and before the log was cut.
func TestASnapshotAndTheLogMeetWhenTheFolderIsOpened(t *testing.T) {
	d, reopen := newDisk(t)
	if err := d.StoreLogs(entries(1, 3, 1)); err != nil {
		t.Fatal(err)
	}
	s, err := d.snaps.Create(1, 104, 2, raft.Configuration{}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if first, err := reopen().FirstIndex(); err != nil || first != 0 {
		t.Errorf("the log begins at entry %d, %v; want it to be empty", first, err)
	}
}

func TestTheSameSnapshotTwiceWithinAMillisecondIsHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock stands still
		d, _ := newDisk(t)
		if a, b := install(t, d, 104, 2, "state"), install(t, d, 104, 2, "state"); a != b {
			t.Fatalf("%s and %s have two names: this tests nothing", a, b)
		}
		snapshots, err := d.List()
		if err != nil || len(snapshots) != 1 {
			t.Fatalf("%d snapshots, %v; want 1", len(snapshots), err)
		}
		_, from, err := d.Open(snapshots[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		defer from.Close()
		if text, err := io.ReadAll(from); err != nil || string(text) != "state" {
			t.Errorf("it holds %q, %v", text, err)
		}
		if finished, err := sweep(d.dir + "/" + snapshotDir); err != nil || finished != 1 {
			t.Errorf("%d finished ones on disk, %v; want 1", finished, err)
		}
	})
}
