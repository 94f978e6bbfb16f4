package notify_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/notify"
)

// box is a Sender that keeps what it takes, and fails as long as it is told to.
type box struct {
	mu    sync.Mutex
	fails func(attempt int) error // or nil
	took  []notify.Item
	times []time.Time
}

func (b *box) Send(_ context.Context, item notify.Item) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times = append(b.times, time.Now())
	if b.fails != nil {
		if err := b.fails(len(b.times)); err != nil {
			return err
		}
	}
	b.took = append(b.took, item)
	return nil
}

func (b *box) epochs(t testing.TB) (list []uint64) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.took {
		n, err := notify.ParseNotice(i.Body)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n.Numbers[0])
	}
	return list
}

// epoch is a notice that can be told from others.
func epoch(n uint64) notify.Notice {
	return notify.Notice{Kind: notify.ConsentWithdrawn, At: at, Numbers: []uint64{n}}
}

func open(t testing.TB, s notify.Settings) *notify.Notifier {
	t.Helper()
	n, err := notify.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func put(t testing.TB, n *notify.Notifier, from, to uint64) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := n.Notify(epoch(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func upTo(from, to uint64) (list []uint64) {
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

// running runs a notifier until stop is called.
func running(t testing.TB, n *notify.Notifier) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestEachTargetIsToldWhatItWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, some, siem := new(box), new(box), new(box)
		n := open(t, notify.Settings{Dir: t.TempDir(), Targets: []notify.Target{
			{Name: "all", Sender: all}, {Name: "some", Sender: some, Kinds: []notify.Kind{notify.Frozen, notify.BudgetLow}},
			{Name: "siem", Sender: siem, Kinds: []notify.Kind{notify.Frozen}, Findings: true},
		}})
		defer running(t, n)()
		for _, k := range notify.Kinds() {
			if err := n.Notify(notice(k)); err != nil {
				t.Fatal(err)
			}
		}
		if err := n.Finding([]byte(`{"class_uid":2004}`)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(all.took) != len(notify.Kinds()) || len(some.took) != 2 || len(siem.took) != 2 {
			t.Fatalf("%d, %d, %d items", len(all.took), len(some.took), len(siem.took))
		}
		if got := siem.took[1]; got.Form != notify.AsFinding || string(got.Body) != `{"class_uid":2004}` {
			t.Errorf("got %+v", got)
		}
		for i, item := range all.took {
			if item.ID == "" || slices.ContainsFunc(all.took[:i], func(o notify.Item) bool { return o.ID == item.ID }) {
				t.Errorf("item %d has the id %q", i, item.ID)
			}
		}
		for _, s := range n.States() {
			if s.Waiting != 0 || s.Dropped != 0 || s.Failures != 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}

// A target is tried once, whatever it wants, and what waits for it stays.
func TestATargetIsTriedOnce(t *testing.T) {
	for name, fails := range map[string]error{"it is there": nil, "it is away": notify.ErrUnreachable} {
		b := &box{fails: func(int) error { return fails }}
		n := notice(notify.Trial)
		target := notify.Target{Name: "siem", Sender: b, Kinds: []notify.Kind{notify.Frozen}}
		if err := target.Try(t.Context(), n); !errors.Is(err, fails) || len(b.times) != 1 {
			t.Errorf("%s: got %v after %d attempts", name, err, len(b.times))
		}
		if n.Study = "no name"; target.Try(t.Context(), n) == nil || len(b.times) != 1 {
			t.Errorf("%s: what is no notice was sent", name)
		}
	}
}

// A target that is not there is tried again after a second, two, four and so on, and is told
// everything in order when it comes back.
func TestATargetThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{fails: func(attempt int) error {
			if attempt <= 15 {
				return notify.ErrUnreachable
			}
			return nil
		}}
		dir := t.TempDir()
		n := open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: b}}})
		stop := running(t, n)
		put(t, n, 0, 5)
		time.Sleep(10 * time.Second) // virtual
		synctest.Wait()
		if s := n.States()[0]; s.Waiting != 5 || s.Failures != 4 {
			t.Errorf("%+v", s)
		}
		time.Sleep(24 * time.Hour) // virtual
		synctest.Wait()
		if diff := cmp.Diff(upTo(0, 5), b.epochs(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for i := 1; i < 15; i++ {
			want := min(time.Second<<(i-1), 15*time.Minute)
			if got := b.times[i].Sub(b.times[i-1]); got != want {
				t.Errorf("attempt %d is made after %s, want %s", i+1, got, want)
			}
		}
		stop()
		if left, err := os.ReadDir(filepath.Join(dir, "siem")); err != nil || len(left) != 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
}

// A target that is away keeps no other from being told.
func TestTargetsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, here := &box{fails: func(int) error { return notify.ErrUnreachable }}, new(box)
		n := open(t, notify.Settings{Dir: t.TempDir(), Targets: []notify.Target{{Name: "away", Sender: away}, {Name: "here", Sender: here}}})
		defer running(t, n)()
		put(t, n, 0, 20)
		synctest.Wait()
		if diff := cmp.Diff(upTo(0, 20), here.epochs(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What waits is there after the program has ended, in its order and with its ids; of what is
// too much the oldest is dropped, and the count of it stays.
func TestWhatWaitsOutlivesTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		settings := func(b *box) notify.Settings {
			return notify.Settings{Dir: dir, Waiting: 10, Targets: []notify.Target{{Name: "siem", Sender: b}}}
		}
		n := open(t, settings(new(box)))
		put(t, n, 0, 14)
		put(t, n, 10, 14) // they wait already
		n = open(t, settings(new(box)))
		if s := n.States()[0]; s.Waiting != 10 || s.Dropped != 4 {
			t.Fatalf("%+v", s)
		}
		put(t, n, 14, 16)
		b := new(box)
		n = open(t, settings(b))
		if s := n.States()[0]; s.Waiting != 10 || s.Dropped != 6 {
			t.Fatalf("%+v", s)
		}
		defer running(t, n)()
		synctest.Wait()
		if diff := cmp.Diff(upTo(6, 16), b.epochs(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		put(t, n, 16, 17)
		synctest.Wait()
		if got := b.epochs(t); got[len(got)-1] != 16 {
			t.Errorf("got %v", got)
		}
	})
}

// A program that is killed between telling and taking away tells again, under the same id.
func TestAtLeastOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, first, second := t.TempDir(), new(box), new(box)
		n := open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: first}}})
		put(t, n, 0, 3)
		kept := make(map[string][]byte)
		files, err := filepath.Glob(filepath.Join(dir, "siem", "*"))
		if err != nil || len(files) != 3 {
			t.Fatal(files, err)
		}
		for _, f := range files {
			if kept[f], err = os.ReadFile(f); err != nil {
				t.Fatal(err)
			}
		}
		stop := running(t, n)
		synctest.Wait()
		stop()
		for f, raw := range kept {
			if err := os.WriteFile(f, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n = open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: second}}})
		defer running(t, n)()
		synctest.Wait()
		if diff := cmp.Diff(first.took, second.took); diff != "" || len(first.took) != 3 {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

// What a crash or a hand left in a folder does not keep the rest from being told.
func TestAFolderWithOtherThings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, b := t.TempDir(), new(box)
		n := open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: b}}})
		put(t, n, 0, 3)
		files, err := filepath.Glob(filepath.Join(dir, "siem", "*"))
		if err != nil {
			t.Fatal(err)
		}
		in := func(name string) string { return filepath.Join(dir, "siem", name) }
		for name, text := range map[string]string{
			files[0]: "other bytes", in("half.new"): "hal", in("README"): "mine", in("dropped-0000000000000003"): "", in("dropped-0000000000000007"): "", in("dropped-x"): "",
		} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		n = open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: b}}})
		defer running(t, n)()
		synctest.Wait()
		if diff := cmp.Diff(upTo(1, 3), b.epochs(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if s := n.States()[0]; s.Dropped != 8 {
			t.Errorf("%+v", s)
		}
		var left []string
		entries, err := os.ReadDir(in(""))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			left = append(left, e.Name())
		}
		if diff := cmp.Diff([]string{"README", "dropped-0000000000000008", "dropped-x"}, left); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What is refused again and again makes room for what is behind it.
func TestWhatIsRefusedIsDroppedInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &box{fails: func(attempt int) error {
			if attempt <= 20 {
				return fmt.Errorf("%w: status 400", notify.ErrRefused)
			}
			return nil
		}}
		n := open(t, notify.Settings{Dir: t.TempDir(), Targets: []notify.Target{{Name: "siem", Sender: b}}})
		defer running(t, n)()
		put(t, n, 0, 3)
		time.Sleep(24 * time.Hour) // virtual
		synctest.Wait()
		if diff := cmp.Diff(upTo(1, 3), b.epochs(t)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if s := n.States()[0]; s.Dropped != 1 || s.Failures != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(box)
		n := open(t, notify.Settings{Dir: t.TempDir(), Waiting: 5, Targets: []notify.Target{{Name: "siem", Sender: b}}})
		defer running(t, n)()
		var work sync.WaitGroup
		for w := range uint64(8) {
			work.Go(func() { put(t, n, 100*w, 100*w+20) })
		}
		work.Wait()
		synctest.Wait()
		if s := n.States()[0]; s.Waiting != 0 || int(s.Dropped)+len(b.took) < 160 {
			t.Errorf("%+v, %d told", s, len(b.took))
		}
	})
}

// A disk that fails ends it: what could not be kept was not promised.
func TestADiskThatFails(t *testing.T) {
	dir := t.TempDir()
	n := open(t, notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem", Sender: new(box)}}})
	if err := os.Remove(filepath.Join(dir, "siem")); err != nil {
		t.Fatal(err)
	}
	if err := n.Notify(epoch(1)); !errors.Is(err, notify.ErrDisk) || n.States()[0].Waiting != 0 {
		t.Errorf("got %v, %+v", err, n.States())
	}
	if err := os.WriteFile(filepath.Join(dir, "siem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := notify.Open(notify.Settings{Dir: dir, Targets: []notify.Target{{Name: "siem"}}}); !errors.Is(err, notify.ErrDisk) {
		t.Errorf("got %v", err)
	}
}

// An egress log that cannot be written ends it, as it ends the node.
func TestWhatIsFatalEndsIt(t *testing.T) {
	errLog := errors.New("the log")
	b := &box{fails: func(int) error { return fmt.Errorf("%w: %w", notify.ErrUnreachable, errLog) }}
	n := open(t, notify.Settings{Dir: t.TempDir(), Targets: []notify.Target{{Name: "siem", Sender: b}}, Fatal: func(err error) bool { return errors.Is(err, errLog) }})
	put(t, n, 0, 1)
	if err := n.Run(t.Context()); !errors.Is(err, errLog) {
		t.Errorf("got %v", err)
	}
}

func TestSettingsThatAreRefused(t *testing.T) {
	for name, s := range map[string]notify.Settings{
		"no folder":         {},
		"a relative folder": {Dir: "queue"},
		"too many":          {Dir: t.TempDir(), Waiting: 1 << 20},
		"no name":           {Dir: t.TempDir(), Targets: []notify.Target{{}}},
		"a way out":         {Dir: t.TempDir(), Targets: []notify.Target{{Name: "../other"}}},
		"one name twice":    {Dir: t.TempDir(), Targets: []notify.Target{{Name: "a"}, {Name: "a"}}},
	} {
		if _, err := notify.Open(s); !errors.Is(err, notify.ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	n := open(t, notify.Settings{Dir: t.TempDir()})
	if err := n.Finding([]byte(strings.Repeat("a", notify.MaxBody+1))); err == nil {
		t.Error("a finding without a bound")
	}
}
