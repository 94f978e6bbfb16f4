package replica_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/locus-genomics/locus/coordinator/replica"
)

// settling starts a cluster of one member that settles in some way.
func settling(t *testing.T, settle func() error) *cluster {
	t.Helper()
	c := newCluster(t)
	c.all = []replica.MemberID{"alice"}
	cfg := c.config("alice", c.all...)
	cfg.Settle = settle
	c.run("alice", cfg)
	return c
}

// Nobody is told of a command, and no snapshot holds it, before it is settled.
func TestWhatIsAppliedIsSettledBeforeAnybodyIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held chan struct{}
		settled := 0
		c := settling(t, func() error {
			if held != nil {
				<-held
			}
			settled++
			return nil
		})
		c.propose("first")
		if settled == 0 {
			t.Fatal("the first command was answered, and nothing was settled")
		}
		held = make(chan struct{})
		before := settled
		proposed, saved := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := c.members["alice"].Propose(t.Context(), []byte("second"))
			proposed <- err
		}()
		synctest.Wait()
		go func() { saved <- c.members["alice"].Snapshot(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-proposed:
			t.Fatalf("a command is answered while it is not settled: %v", err)
		case err := <-saved:
			t.Fatalf("a snapshot is taken while a command in it is not settled: %v", err)
		default:
		}
		if got := c.machines["alice"].text(); got != "first second" {
			t.Errorf("the member holds %q: the command was not applied, so this tests nothing", got)
		}
		close(held)
		if err := errors.Join(<-proposed, <-saved); err != nil {
			t.Fatal(err)
		}
		if settled == before {
			t.Error("it was not settled")
		}
	})
}

func TestAMemberThatCannotSettleStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		var fails error
		c := settling(t, func() error { return fails })
		c.propose("first")
		fails = full
		if _, err := c.members["alice"].Propose(t.Context(), []byte("second")); !errors.Is(err, replica.ErrUncertain) {
			t.Errorf("the command is answered %v, want %v", err, replica.ErrUncertain)
		}
		stop := c.stops["alice"]
		delete(c.stops, "alice")
		if err := stop(); !errors.Is(err, full) || !errors.Is(err, replica.ErrMachine) {
			t.Errorf("it ended with %v, want %v", err, full)
		}
		// Nothing is lost: what was committed is applied, and settled, at the next start.
		fails = nil
		var at []string
		cfg := c.config("alice", c.all...)
		cfg.Settle = func() error { at = append(at, c.machines["alice"].text()); return nil }
		c.run("alice", cfg)
		if got := c.read(); got != "first second" {
			t.Errorf("after a restart: %q", got)
		}
		if len(at) == 0 || at[len(at)-1] != "first second" {
			t.Errorf("settled: %q", at)
		}
	})
}

// A snapshot that is restored is settled like the commands in it.
func TestARestoredSnapshotIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := settling(t, nil)
		c.propose("first")
		if err := c.members["alice"].Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.stop("alice")
		if list, err := os.ReadDir(filepath.Join(c.root, "alice", "snapshots")); err != nil || len(list) == 0 {
			t.Fatalf("%d snapshots, %v", len(list), err)
		}
		full := errors.New("the disk is full")
		cfg := c.config("alice", c.all...)
		cfg.Settle = func() error { return full }
		r, err := replica.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); !errors.Is(err, full) {
			t.Errorf("it ended with %v, want %v", err, full)
		}
	})
}
