package replica_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/locus-genomics/locus/coordinator/replica"
)

func TestOneMemberCommitsReadsAndRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice")
		for i := range 5 {
			if got, want := c.propose(fmt.Sprintf("id%d", i)), i+1; got != want {
				t.Fatalf("command %d was answered %d, want %d", i, got, want)
			}
		}
		if got, want := c.propose("id2"), 3; got != want {
			t.Fatalf("the same id again was answered %d, want its first answer %d", got, want)
		}
		c.stop("alice")
		c.start("alice")
		if got, want := c.read(), "id0 id1 id2 id3 id4"; got != want {
			t.Fatalf("after a restart: %q, want %q", got, want)
		}
	})
}

func TestThreeMembersHoldTheSameBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		for i := range 20 {
			c.propose(fmt.Sprintf("id%d", i))
		}
		c.converge()
		c.stop("alice", "bob", "carol")
		c.start("alice", "bob", "carol")
		if got := len(strings.Fields(c.read())); got != 20 {
			t.Fatalf("%d commands after all restarted, want 20", got)
		}
		c.converge()
	})
}

func TestAFollowerNamesTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		leader := c.leader()
		c.propose("id")
		for id, m := range c.members {
			if id == leader {
				continue
			}
			c.await(m, "it knows the leader", func() bool { known, _ := m.Leader(); return known == leader })
			_, proposed := m.Propose(t.Context(), []byte("other"))
			read := m.Read(t.Context(), func() { t.Error("a follower showed its state") })
			for what, err := range map[string]error{"Propose": proposed, "Read": read} {
				var not *replica.NotLeaderError
				if !errors.As(err, &not) || not.Leader != leader || !errors.Is(err, replica.ErrNotLeader) {
					t.Errorf("%s on follower %s: %v, want it to name %s", what, id, err, leader)
				}
			}
		}
	})
}

func TestNothingIsLostOrDoneTwiceWhenLeadersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		var want []string
		for round := range 4 {
			old := c.leader()
			before, inFlight := fmt.Sprintf("before%d", round), fmt.Sprintf("flight%d", round)
			c.propose(before)
			c.net.cut(old)
			_, err := c.members[old].Propose(t.Context(), []byte(inFlight))
			if !errors.Is(err, replica.ErrUncertain) {
				t.Fatalf("proposed to a leader that is cut off: %v, want %v", err, replica.ErrUncertain)
			}
			c.propose(inFlight)
			if now := c.leader(); now == old {
				t.Fatalf("%s still leads, from behind a cut", old)
			}
			c.net.heal(old)
			c.converge()
			c.propose(inFlight)
			want = append(want, before, inFlight)
		}
		if got, want := c.read(), strings.Join(want, " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		c.converge()
	})
}

func TestALeaderThatIsCutOffShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		old := c.leader()
		c.propose("one")
		if c.read() != "one" { // so that this term's barrier has passed
			t.Fatal("the first command is not there")
		}
		c.net.cut(old)
		synctest.Wait() // answers that had arrived before the cut are heard
		// Its lease runs, so it believes that it leads and looks: only asking the
		// others can tell.
		if err := c.members[old].Read(t.Context(), func() {}); !errors.Is(err, replica.ErrNotLeader) {
			t.Fatalf("read on a leader that is cut off: %v, want %v", err, replica.ErrNotLeader)
		}
	})
}

func TestAFollowerThatWasAwayIsSentASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		c.propose("first")
		c.converge()
		away := c.follower()
		c.stop(away)
		for i := range 100 {
			c.propose(fmt.Sprintf("id%d", i))
		}
		if err := c.members[c.leader()].Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.start(away)
		c.converge()
		if got := c.machines[away].restores(); got == 0 {
			t.Error("it was not sent a snapshot: the entries were still there")
		}
		// And from its own snapshot after a restart.
		c.propose("last")
		c.stop(away)
		c.start(away)
		c.converge()
		if got := len(strings.Fields(c.read())); got != 102 {
			t.Errorf("%d commands, want 102", got)
		}
	})
}

func TestAFollowerThatWasAwayForLittleGetsTheEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		c.propose("first")
		away := c.follower()
		c.net.cut(away)
		term := c.members[c.leader()].Term()
		for i := range 10 {
			c.propose(fmt.Sprintf("id%d", i))
		}
		time.Sleep(time.Minute) // virtual: it loses hope and asks for votes
		c.net.heal(away)
		c.converge()
		if got := c.machines[away].restores(); got != 0 {
			t.Error("it was sent a snapshot for ten entries")
		}
		if got := c.members[c.leader()].Term(); got != term {
			t.Errorf("term %d after its return, want %d: without a pre-vote it disturbs the others", got, term)
		}
	})
}

func TestMembersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice")
		c.propose("one")
		alice := c.members["alice"]

		// Bob is not there. With a vote he would stop the cluster for good.
		short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := alice.AddMember(short, "bob"); !errors.Is(err, replica.ErrBehind) {
			t.Fatalf("added who is not there: %v, want %v", err, replica.ErrBehind)
		}
		c.propose("two")

		c.join("bob")
		if err := alice.AddMember(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		c.join("carol")
		if err := alice.AddMember(t.Context(), "carol"); err != nil {
			t.Fatal(err)
		}
		if err := alice.AddMember(t.Context(), "carol"); err != nil {
			t.Errorf("added again: %v, want nil", err)
		}
		c.propose("three")
		c.converge()

		if err := alice.Transfer(t.Context(), "bob"); err != nil {
			t.Fatal(err)
		}
		if got := c.leader(); got != "bob" {
			t.Fatalf("%s leads after a transfer to bob", got)
		}
		bob := c.members["bob"]
		if err := bob.RemoveMember(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
		c.stop("alice")
		c.propose("four")
		for _, m := range bob.Members() {
			if m.ID == "alice" || !m.Voter || m.Leader != (m.ID == "bob") || m.Index == 0 || m.Heard.IsZero() {
				t.Errorf("Members shows %+v", m)
			}
		}
		if got, want := c.read(), "one two three four"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestChangesOfMembersThatMakeNoSenseAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice")
		c.leader()
		alice := c.members["alice"]
		for what, err := range map[string]error{
			"remove the last":     alice.RemoveMember(t.Context(), "alice"),
			"remove a stranger":   alice.RemoveMember(t.Context(), "mallory"),
			"transfer to one":     alice.Transfer(t.Context(), "mallory"),
			"add one with no id":  alice.AddMember(t.Context(), ""),
			"add one with a long": alice.AddMember(t.Context(), replica.MemberID(strings.Repeat("x", 257))),
		} {
			if !errors.Is(err, replica.ErrMember) {
				t.Errorf("%s: %v, want %v", what, err, replica.ErrMember)
			}
		}
		c.propose("still-here")
	})
}

func TestALeaderThatRemovesItselfStepsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		c.propose("one")
		old := c.leader()
		if err := c.members[old].RemoveMember(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		if _, err := c.members[old].Propose(t.Context(), []byte("two")); !errors.Is(err, replica.ErrNotLeader) {
			t.Errorf("it answers %v, want %v", err, replica.ErrNotLeader)
		}
		c.stop(old)
		c.propose("two")
		if got, want := c.read(), "one two"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestCommandsThatMustNotBeCommittedAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice")
		c.leader()
		alice := c.members["alice"]
		if _, err := alice.Propose(t.Context(), make([]byte, replica.MaxCommand+1)); !errors.Is(err, replica.ErrTooLarge) {
			t.Errorf("a command that is too large: %v, want %v", err, replica.ErrTooLarge)
		}
		if _, err := alice.Propose(t.Context(), []byte{0}); !errors.Is(err, replica.ErrCommand) {
			t.Errorf("a command that is not understood: %v, want %v", err, replica.ErrCommand)
		}
		if _, err := alice.Propose(t.Context(), []byte(strings.Repeat("x", replica.MaxCommand))); err != nil {
			t.Errorf("a command of the largest size: %v", err)
		}
	})
}

func TestNothingIsAnsweredBeforeRunOrAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t)
		r, err := replica.Open(c.config("alice", "alice"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Propose(t.Context(), []byte("x")); !errors.Is(err, replica.ErrNotLeader) {
			t.Errorf("Propose before Run: %v, want %v", err, replica.ErrNotLeader)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Run(ctx); err != nil {
			t.Errorf("Run until a context that has ended: %v", err)
		}
		if _, err := r.Propose(t.Context(), []byte("x")); !errors.Is(err, replica.ErrStopped) {
			t.Errorf("Propose after Run: %v, want %v", err, replica.ErrStopped)
		}
		if err := r.Read(t.Context(), func() {}); !errors.Is(err, replica.ErrStopped) {
			t.Errorf("Read after Run: %v, want %v", err, replica.ErrStopped)
		}
		if err := r.Run(t.Context()); !errors.Is(err, replica.ErrStopped) {
			t.Errorf("Run again: %v, want %v", err, replica.ErrStopped)
		}
	})
}

func TestALeaderThatStopsHandsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "alice", "bob", "carol")
		c.propose("one")
		c.converge()
		begun := time.Now()
		c.stop(c.leader())
		c.leader()
		if gone := time.Since(begun); gone >= time.Second {
			t.Errorf("%v without a leader, want less than the second that a follower waits", gone)
		}
	})
}
