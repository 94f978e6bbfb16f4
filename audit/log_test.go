package audit_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/audit/verify"
	"github.com/locus-genomics/locus/protocol"
)

func TestALogIsWhatWasAppended(t *testing.T) {
	dir := t.TempDir()
	bern, zug := newSite(t, "locus/witness/bern", 2), newSite(t, "locus/witness/zug", 3)
	l := open(t, dir, func(c *audit.Config) { c.Witnesses, c.Quorum = []audit.Remote{bern.remote(), zug.remote()}, 2 })
	p := policy(t, 2, bern, zug)
	flood(t, l, 245)
	fill(t, l, 10)
	for i := 255; i < 259; i++ { // over the edge of a tile
		index, receipt, err := l.AppendWitnessed(t.Context(), entry(i))
		if err != nil || index != uint64(i) {
			t.Fatalf("entry %d is at %d, %v", i, index, err)
		}
		proven, at, c, err := verify.Receipt(receipt, p)
		if err != nil || at != uint64(i) || proven.Subject != entry(i).Subject || len(c.Witnesses) != 2 {
			t.Fatalf("receipt of %d: %+v, %v", i, proven, err)
		}
	}
	report, err := verify.Log(os.DirFS(dir), p, verify.Options{Now: time.Now()})
	if err != nil || report.Newest.Size != 259 || report.Cosigned.Size != 259 || report.Beyond != 0 || report.Newest.Root != l.Head().Root {
		t.Fatalf("%+v, %v", report, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), entry(0)); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	l = open(t, dir, nil)
	for i := 245; i < 259; i++ {
		got, err := l.Entry(uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		want := entry(i)
		if want.Time = got.Time; got.Time.IsZero() {
			t.Errorf("entry %d has no time", i)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("entry %d (-want +got):\n%s", i, diff)
		}
	}
	flood(t, l, 300)
	if report, err := verify.Log(os.DirFS(dir), p, verify.Options{}); err != nil || report.Newest.Size != 559 || report.Cosigned.Size != 259 {
		t.Errorf("%+v, %v", report, err)
	}
	// A receipt from before stays good, and one of each place can be had.
	for i := range uint64(559) {
		raw, err := l.Receipt(i)
		if err == nil {
			_, _, _, err = verify.Receipt(raw, policy(t, 0))
		}
		if err != nil {
			t.Fatalf("receipt of %d: %v", i, err)
		}
	}
}

func TestALogOfThreeLevels(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	flood(t, l, 66_000)
	report, err := verify.Log(os.DirFS(dir), policy(t, 0), verify.Options{})
	if err != nil || report.Newest.Size != 66_000 || report.Beyond != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	l.Close()
	l = open(t, dir, nil)
	fill(t, l, 2)
	for _, i := range []uint64{0, 255, 256, 65_535, 65_536, 66_001} {
		raw, err := l.Receipt(i)
		if err == nil {
			_, _, _, err = verify.Receipt(raw, policy(t, 0))
		}
		if err != nil {
			t.Errorf("receipt of %d: %v", i, err)
		}
	}
}

func TestWhatALogRefuses(t *testing.T) {
	l := open(t, t.TempDir(), nil)
	for name, e := range map[string]audit.Entry{
		"no kind":      {Subject: protocol.Hash("x")},
		"unknown kind": {Kind: 200, Subject: protocol.Hash("x")},
		"no subject":   {Kind: audit.KindTask},
	} {
		if _, err := l.Append(t.Context(), e); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if l.Head().Size != 0 {
		t.Errorf("%d entries", l.Head().Size)
	}
	if _, err := l.Receipt(0); err == nil {
		t.Error("a receipt of an entry that is not there")
	}
}

func TestConfigNamesAllFaults(t *testing.T) {
	bern := newSite(t, "bern", 2)
	c := audit.Config{Origin: "a b", Witnesses: []audit.Remote{bern.remote(), bern.remote(), {}}, Quorum: 4}
	if joined, ok := c.Check().(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 5 {
		t.Errorf("%v", c.Check())
	}
	if _, err := audit.Open(t.Context(), c); err == nil {
		t.Error("it opens")
	}
}

func TestOneProcessWritesALog(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	_, err := audit.Open(t.Context(), audit.Config{Dir: dir, Origin: origin, Key: newKey(t, 1)})
	if !errors.Is(err, audit.ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
}

func TestAClockThatIsSetBackDoesNotSetTheLogBack(t *testing.T) {
	dir, c := t.TempDir(), &clock{at: time.UnixMilli(1_800_000_000_000)}
	l := open(t, dir, func(f *audit.Config) { f.Now = c.Now })
	fill(t, l, 1)
	c.add(-time.Hour)
	fill(t, l, 1)
	l.Close()
	l = open(t, dir, func(f *audit.Config) { f.Now = c.Now })
	fill(t, l, 1)
	c.add(2 * time.Hour)
	fill(t, l, 1)
	var got []time.Time
	for i := range uint64(4) {
		e, err := l.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Time)
	}
	if !slices.IsSortedFunc(got, time.Time.Compare) || !got[3].Equal(c.Now()) {
		t.Errorf("%v", got)
	}
}

// What the disk holds is believed only as far as the log's own signature goes.
func TestOpenRefusesADamagedEnd(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"the checkpoint is gone":  func(dir string) error { return os.Remove(filepath.Join(dir, "checkpoint")) },
		"a checkpoint of another": func(dir string) error { return flip(filepath.Join(dir, "checkpoint"), 30) },
		"the last bundle is gone": func(dir string) error { return os.Remove(filepath.Join(dir, "tile/entries/000.p/5")) },
		"an entry is another":     func(dir string) error { return flip(filepath.Join(dir, "tile/entries/000.p/5"), 30) },
		"a length is another":     func(dir string) error { return flip(filepath.Join(dir, "tile/entries/000.p/5"), 0) },
		"a hash is another":       func(dir string) error { return flip(filepath.Join(dir, "tile/0/000.p/5"), 30) },
		"the tile is short":       func(dir string) error { return os.Truncate(filepath.Join(dir, "tile/0/000.p/5"), 150) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir, nil)
			fill(t, l, 5)
			l.Close()
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			_, err := audit.Open(t.Context(), audit.Config{Dir: dir, Origin: origin, Key: newKey(t, 1)})
			if !errors.Is(err, audit.ErrDamaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
		})
	}
}

func TestALogThatCannotBeWrittenStops(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	fill(t, l, 3)
	// A directory where the next bundle goes.
	if err := os.MkdirAll(filepath.Join(dir, "tile/entries/000.p/4/x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), entry(3)); err == nil {
		t.Fatal("it was appended")
	}
	if err := os.RemoveAll(filepath.Join(dir, "tile/entries/000.p/4")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), entry(3)); err == nil {
		t.Error("it goes on after a write has failed")
	}
	l.Close()
	l = open(t, dir, nil)
	if fill(t, l, 1); l.Head().Size != 4 {
		t.Errorf("%d entries", l.Head().Size)
	}
}

// What is appended in one go stands together, whoever else appends.
func TestEntriesOfOneCallStandTogether(t *testing.T) {
	l := open(t, t.TempDir(), nil)
	const callers, each = 8, 300
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			var list []audit.Entry
			for i := range each {
				list = append(list, audit.Entry{Kind: audit.KindQuery, Subject: protocol.Hash("of", []byte{byte(c)}), Epoch: uint64(i + 1)})
			}
			first, err := l.AppendAll(t.Context(), list)
			if err != nil {
				t.Error(err)
				return
			}
			for i, want := range list {
				got, err := l.Entry(first + uint64(i))
				if err != nil || got.Subject != want.Subject || got.Epoch != want.Epoch {
					t.Errorf("caller %d, entry %d: %+v, %v", c, i, got, err)
				}
			}
		})
	}
	wg.Wait()
	if got := l.Head().Size; got != callers*each {
		t.Errorf("%d entries, want %d", got, callers*each)
	}
	if _, err := l.AppendAll(t.Context(), []audit.Entry{entry(0), {Kind: audit.KindQuery}}); !errors.Is(err, audit.ErrEntry) || l.Head().Size != callers*each {
		t.Errorf("one that is no entry: %v, %d entries", err, l.Head().Size)
	}
	if _, err := l.AppendAll(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
}

// A log is read while another process writes it.
func TestALogIsReadWhileItIsOpen(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, nil)
	flood(t, l, 600)
	key := newKey(t, 1).Public()
	for _, from := range []uint64{0, 1, 255, 256, 599, 600, 900} {
		next := from
		h, err := audit.Read(dir, origin, key, from, func(index uint64, e audit.Entry) error {
			if want, err := l.Entry(index); index != next || err != nil || e != want {
				t.Errorf("from %d: entry %d is %+v, %v", from, index, e, err)
			}
			next++
			return nil
		})
		if err != nil || h != l.Head() || next != max(from, 600) {
			t.Errorf("from %d: up to %d, %v", from, next, err)
		}
	}
	enough := errors.New("enough")
	if _, err := audit.Read(dir, origin, key, 0, func(uint64, audit.Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
	if _, err := audit.Read(dir, origin, newKey(t, 2).Public(), 0, nil); err == nil {
		t.Error("another's log is read as one's own")
	}
	if err := flip(filepath.Join(dir, "tile/entries/001"), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Read(dir, origin, key, 0, func(uint64, audit.Entry) error { return nil }); !errors.Is(err, audit.ErrDamaged) {
		t.Errorf("of a damaged log: got %v, want %v", err, audit.ErrDamaged)
	}
}

func flip(name string, at int) error {
	raw, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	raw[at] ^= 1
	return os.WriteFile(name, raw, 0o600)
}
