package coordinator

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
)

// approvals are the commands by which sites join, and are approved: one record a site.
func approvals(t *testing.T, names ...string) (list []state.Command) {
	t.Helper()
	key := func(name string) protocol.PublicKey {
		seed := protocol.Hash("test", []byte(name))
		k, err := protocol.NewSigningKey(seed[:])
		if err != nil {
			t.Fatal(err)
		}
		return k.Public()
	}
	for _, name := range names {
		card := protocol.Card{
			Name: name, Organisation: "Hospital " + name, Country: "CH", Region: "eu", NodeKey: key(name), CustodianKey: key(name + "'s custodian"),
			Peer: "peer-" + name, PeopleCap: 100,
		}
		secret := []byte("secret of " + name)
		request, err := card.JoinRequest(secret)
		if err != nil {
			t.Fatal(err)
		}
		invitation, err := protocol.InvitationKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := card.Digest()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, state.Invite(name, invitation), state.Join(request), state.Approve(name, digest))
	}
	return list
}

// follow applies commands to a member's journal as its replica does.
func (j *journal) follow(t *testing.T, commands ...state.Command) error {
	t.Helper()
	for i, c := range commands {
		raw, err := c.Bytes(time.UnixMilli(int64(1_000_000 + i)))
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := j.Apply(uint64(i), raw); err != nil || answer.(state.Result).Err != nil {
			t.Fatalf("%s: %+v, %v", c.Name, answer, err)
		}
	}
	return j.settle()
}

func newJournal(t *testing.T, dir, name string) *journal {
	t.Helper()
	seed := protocol.Hash("member", []byte(name))
	key, err := protocol.NewSigningKey(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(dir, key, time.Now, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// lines are what a log says, in short.
func (j *journal) lines(t *testing.T) (list []string) {
	t.Helper()
	for i := range j.log.Head().Size {
		e, err := j.log.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(e.Kind, " ", e.Sequence))
	}
	return list
}

func (j *journal) snapshot(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w, err := j.Snapshot()
	if err == nil {
		_, err = w.WriteTo(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b
}

// A member that was away for so long that it is sent the state says in its log up to which
// decision it took it over, and goes on from there.
func TestAMemberThatIsSentTheStateSaysSo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	alice, bob := newJournal(t, t.TempDir(), "alice"), newJournal(t, dir, "bob")
	first, second, third := approvals(t, "geneva"), approvals(t, "bern", "lyon"), approvals(t, "turin")
	if err := errors.Join(alice.follow(t, first...), bob.follow(t, first...), alice.follow(t, second...)); err != nil {
		t.Fatal(err)
	}
	restore := func() error { return errors.Join(bob.Restore(alice.snapshot(t)), bob.settle()) }
	// A second time, as at its next start, it says nothing new.
	for range 2 {
		if err := restore(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(alice.follow(t, third...), bob.follow(t, third...)); err != nil {
		t.Fatal(err)
	}
	want := "[key 1 restored 3 key 4]"
	if got := fmt.Sprint(bob.lines(t)); got != want {
		t.Errorf("its log says %s, want %s", got, want)
	}
	if alice.head != bob.head || alice.head.IsZero() {
		t.Error("the members have other heads")
	}
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	bob = newJournal(t, dir, "bob")
	if err := bob.follow(t, first...); err != nil {
		t.Fatal(err)
	}
	if err := bob.caughtUp(); !errors.Is(err, ErrOtherPast) {
		t.Errorf("with the state of the beginning: got %v, want %v", err, ErrOtherPast)
	}
	if err := errors.Join(bob.follow(t, second...), bob.follow(t, third...), bob.caughtUp()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(bob.lines(t)); got != want {
		t.Errorf("after a restart its log says %s, want %s", got, want)
	}
}

// Another state of the same length is not taken for the one of the log.
func TestAStateOfAnotherPastIsSeen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "audit")
	bob := newJournal(t, dir, "bob")
	if err := errors.Join(bob.follow(t, approvals(t, "geneva", "bern")...), bob.Close()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		take func(*journal) error
		want error
	}{
		{"the same commands", func(j *journal) error { return j.follow(t, approvals(t, "geneva", "bern")...) }, nil},
		{"other commands", func(j *journal) error { return j.follow(t, approvals(t, "geneva", "lyon")...) }, ErrOtherPast},
		{"in another order", func(j *journal) error { return j.follow(t, approvals(t, "bern", "geneva")...) }, ErrOtherPast},
		{"a snapshot of others", func(j *journal) error {
			other := newJournal(t, t.TempDir(), "alice")
			return errors.Join(other.follow(t, approvals(t, "geneva", "lyon")...), j.Restore(other.snapshot(t)), j.settle())
		}, ErrOtherPast},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJournal(t, dir, "bob")
			defer j.Close()
			if err := tt.take(j); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil {
				if err := j.settled(t.Context()); !errors.Is(err, tt.want) {
					t.Errorf("who waits is told %v", err)
				}
			}
			if got := fmt.Sprint(j.lines(t)); got != "[key 1 key 2]" {
				t.Errorf("its log says %s", got)
			}
		})
	}
}

func TestAFullLogStopsTheMember(t *testing.T) {
	j := newJournal(t, t.TempDir(), "bob")
	if err := j.log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.follow(t, approvals(t, "geneva")...); !errors.Is(err, ErrJournal) || !errors.Is(err, audit.ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrJournal)
	}
	if err := j.settled(t.Context()); !errors.Is(err, ErrJournal) {
		t.Errorf("who waits is told %v, want %v", err, ErrJournal)
	}
}
