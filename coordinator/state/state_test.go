package state_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

func TestTheLifeOfAQuery(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name     string
		commands []state.Command
		phase    session.Phase
		done     bool
	}{
		{"an attempt starts", w.started(), session.Contributing, false},
		{"all have contributed", w.contributed(), session.Receiving, false},
		{"all have received, and the cut is decided", w.cutDecided(), session.Opening, false},
		{"all have opened, and the sum is there", w.done(), session.Done, true},
		{"opened without a sum it is not done", w.done()[:len(w.done())-1], session.Done, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := state.New()
			apply(t, m, tt.commands...)
			task := w.look(m)
			if task.Attempt.Phase != tt.phase || task.Done() != tt.done || task.Final() != tt.done {
				t.Errorf("phase %s, done %v", task.Attempt.Phase, task.Done())
			}
			if tt.done && (len(task.Bodies) > 0 || len(task.Declarations) > 0) {
				t.Error("a final task keeps what it does not need")
			}
		})
	}
}

func TestACutIsTheOneThatWasDecided(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.cutDecided()...)
	task := w.look(m)
	cut := task.CutOf()
	if cut.Set() != w.cut.Message.Set() {
		t.Error("the cut is not over what was contributed")
	}
	headers, received, err := task.Evidence()
	if err != nil || len(headers) != siteCount || len(received) != siteCount {
		t.Errorf("%d headers, %d received, %v", len(headers), len(received), err)
	}
	m.View(func(s *state.State) {
		if set, ok := s.Decided(cut.Session); !ok || set != cut.Set() {
			t.Error("the log does not know the set that it decided")
		}
		if _, ok := s.Decided(protocol.Hash("another")); ok {
			t.Error("the log knows a set that it never decided")
		}
	})
}

// Two members that apply the same commands are equal, a command that comes again
// changes nothing, and a member that starts from a snapshot goes on alike.
func TestMembersStayEqual(t *testing.T) {
	w := newWorld(t)
	commands := w.released()
	one, two := state.New(), state.New()
	for _, c := range commands {
		apply(t, one, c)
		apply(t, two, c)
		before := snapshot(t, one)
		if !bytes.Equal(before, snapshot(t, two)) {
			t.Fatalf("after %q the members differ", c.Name)
		}
		if r := applyAt(t, one, c, now.Add(time.Second)); r.Err != nil || r.Changed {
			t.Errorf("%q again: %+v", c.Name, r)
		}
		if !bytes.Equal(before, snapshot(t, one)) {
			t.Fatalf("%q again changed something", c.Name)
		}
		restored := state.New()
		if err := restored.Restore(bytes.NewReader(before)); err != nil {
			t.Fatalf("after %q: %v", c.Name, err)
		}
		if !bytes.Equal(before, snapshot(t, restored)) {
			t.Fatalf("after %q what is restored is another state", c.Name)
		}
		two = restored
	}
}

// In whatever order and however often commands come, members that see the same ones
// are equal, and so is one that was restored in between.
func TestMembersStayEqualInAnyOrder(t *testing.T) {
	w := newWorld(t)
	commands := append(w.released(), w.judged(1, time.Minute, false), w.judged(2, time.Minute, false), w.judged(1, time.Hour, true))
	for p := 1; p <= siteCount; p++ {
		commands = append(commands, state.Refused(w.id(), w.refusal(p, protocol.Internal)))
	}
	commands = append(commands, state.Fail(w.id(), 1, state.Exhausted), state.Fail(w.id(), 0, state.QueryExpired), state.Start(w.attempt(2), w.contributeBy))
	var base []byte
	m := state.New()
	apply(t, m, w.started()...)
	base = snapshot(t, m)
	rapid.Check(t, func(r *rapid.T) {
		one, two := state.New(), state.New()
		for _, m := range []*state.Machine{one, two} {
			if err := m.Restore(bytes.NewReader(base)); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 12).Draw(r, "commands") {
			c := rapid.SampledFrom(commands).Draw(r, "command")
			at := now.Add(time.Duration(rapid.IntRange(0, 90).Draw(r, "minutes")) * time.Minute)
			a, b := applyAt(t, one, c, at), applyAt(t, two, c, at)
			if (a.Err == nil) != (b.Err == nil) || a.Changed != b.Changed {
				r.Fatalf("%s: answered %+v and %+v", c.Name, a, b)
			}
			image := snapshot(t, one)
			if !bytes.Equal(image, snapshot(t, two)) {
				r.Fatalf("after %s the members differ", c.Name)
			}
			if a.Err != nil && a.Changed {
				r.Fatalf("%s was refused and changed something", c.Name)
			}
			two = state.New()
			if err := two.Restore(bytes.NewReader(image)); err != nil {
				r.Fatalf("after %s: %v", c.Name, err)
			}
		}
	})
}

func TestARefusedCommandChangesNothing(t *testing.T) {
	w := newWorld(t)
	mallory := newKey(t, "mallory")
	foreign := must[protocol.Signed[protocol.Task]](t)(protocol.Sign(w.task.Message, mallory))
	otherCut := w.cut.Message
	otherCut.Entries = otherCut.Entries[:2]
	smaller := must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(otherCut, w.member))
	stranger := w.cards[0]
	stranger.Name = "nobody"
	wrongPeer := w.newRoster()
	wrongPeer.Sites[1].Peer = "peer-of-mallory"
	noPanel := w.newRoster()
	noPanel.Panels[0].Digest = protocol.Hash("another")
	second := w.newRoster()
	second.Epoch, second.Previous = 2, w.roster.Digest()
	signed := w.started()
	for _, tt := range []struct {
		name   string
		before []state.Command
		bad    state.Command
		at     time.Duration
		want   error
	}{
		{"a site without a name is not invited", nil, state.Invite("", mallory.Public()), 0, state.ErrInvalid},
		{"an approved site is not invited again", w.sites(), state.Invite("site-1", mallory.Public()), 0, state.ErrConflict},
		{"a site that is not invited does not join", nil, state.Join(w.request(1)), 0, state.ErrInvalid},
		{"nor does one with another's token", w.sites()[:1], state.Join(must[[]byte](t)(w.cards[0].JoinRequest(w.invitations[1]))), 0, state.ErrInvalid},
		{"nor one whose request is no request", nil, state.Join([]byte("hello")), 0, state.ErrInvalid},
		{"a token is used once", w.sites()[:2], state.Join(must[[]byte](t)(card(w, "other").JoinRequest(w.invitations[0]))), 0, state.ErrConflict},
		{"what has not joined is not approved", w.sites()[:1], w.approve(1), 0, state.ErrConflict},
		{"nor what nobody knows", nil, w.approve(1), 0, state.ErrNotFound},
		{"nor another card than was compared", w.sites()[:2], state.Approve("site-1", protocol.Hash("other")), 0, state.ErrInvalid},
		{"a panel of nothing is not stored", nil, state.AddPanel(state.Panel{Digest: protocol.Hash("p"), Blob: protocol.Hash("b"), Size: 1}), 0, state.ErrInvalid},
		{"a roster of unapproved sites is not proposed", nil, state.Propose(w.proposal), 0, state.ErrConflict},
		{"nor one that has a site otherwise than its card", w.opened()[:10], state.Propose(must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(wrongPeer))), 0, state.ErrInvalid},
		{"nor one with a panel that is not here", w.opened()[:10], state.Propose(must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(noPanel))), 0, state.ErrConflict},
		{"nor one after its deadline", w.opened()[:10], state.Propose(w.proposal), 48 * time.Hour, state.ErrInvalid},
		{"nor the second epoch before the first", w.opened()[:10], state.Propose(must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(second))), 0, state.ErrConflict},
		{"nor the second while the first waits", w.opened()[:12], state.Propose(must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(second))), 0, state.ErrConflict},
		{"nothing is endorsed in an unknown study", nil, state.Endorse("demo", w.endorsements[0].Bytes()), 0, state.ErrNotFound},
		{"nor is another roster", w.opened()[:11], state.Endorse("demo", must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(second)), w.custodians[0])).Bytes()), 0, state.ErrInvalid},
		{"a study does not open before all have signed", w.opened()[:12], state.OpenStudy("demo"), 0, state.ErrConflict},
		{"nor after its deadline", w.opened()[:14], state.OpenStudy("demo"), 48 * time.Hour, state.ErrConflict},
		{"nothing is declared in a study that is not open", w.opened()[:14], state.Declare("demo", w.declarations[0].Bytes()), 0, state.ErrConflict},
		{"nor by a stranger", w.opened(), state.Declare("demo", must[protocol.Signed[protocol.Declaration]](t)(protocol.Sign(w.declarations[0].Message, mallory)).Bytes()), 0, state.ErrInvalid},
		{"nor something older than before", w.opened(), state.Declare("demo", w.declaration(1, "older", now.Add(-time.Hour)).Bytes()), 0, state.ErrConflict},
		{"a query to a study that is not open is not taken", w.opened()[:14], w.submit(), 0, state.ErrConflict},
		{"nor one after its end", w.opened(), w.submit(), 24 * time.Hour, state.ErrInvalid},
		{"nor one from the future", w.opened(), w.submit(), -time.Hour, state.ErrInvalid},
		{"nor one before all have declared", w.opened()[:16], w.submit(), 0, state.ErrConflict},
		{"nor one that does not parse", w.opened(), state.Submit("demo", []byte("hello")), 0, state.ErrInvalid},
		{"an attempt at an unknown query does not start", w.opened(), state.Start(w.task, w.contributeBy), 0, state.ErrNotFound},
		{"nor one that no member has signed", signed[:len(signed)-1], state.Start(foreign, w.contributeBy), 0, state.ErrInvalid},
		{"nor the second before the first", signed[:len(signed)-1], state.Start(w.attempt(2), w.contributeBy), 0, state.ErrConflict},
		{"nor the second during the first", signed, state.Start(w.attempt(2), w.contributeBy), 0, state.ErrConflict},
		{"nor one that is over already", signed[:len(signed)-1], state.Start(w.task, w.contributeBy), 2 * time.Hour, state.ErrInvalid},
		{"a contribution to another attempt is not taken", signed, state.Contributed(w.id(), w.header(1, func(h *protocol.ContributionHeader) { h.Session = protocol.Hash("x") })), 0, state.ErrConflict},
		{"nor one from another dataset", signed, state.Contributed(w.id(), w.header(1, func(h *protocol.ContributionHeader) { h.Declaration = protocol.Hash("x") })), 0, state.ErrInvalid},
		{"nor one with other parameters", signed, state.Contributed(w.id(), w.header(1, func(h *protocol.ContributionHeader) { h.Params = "a50g9" })), 0, state.ErrInvalid},
		{"nor one with more words than counts", signed, state.Contributed(w.id(), w.header(1, func(h *protocol.ContributionHeader) { h.Coefficients = 2*variants + 1 })), 0, state.ErrInvalid},
		{"nor one with another number of words than before", w.contributed()[:len(w.contributed())-2], state.Contributed(w.id(), w.header(2, func(h *protocol.ContributionHeader) { h.Coefficients-- })), 0, state.ErrInvalid},
		{"nor a second one of a site", w.contributed()[:len(w.contributed())-2], state.Contributed(w.id(), w.header(1, func(h *protocol.ContributionHeader) { h.Words = protocol.Hash("x") })), 0, state.ErrConflict},
		{"nobody has received before all have contributed", w.contributed()[:len(w.contributed())-1], state.Received(w.id(), w.received[0]), 0, state.ErrConflict},
		{"nobody votes before the cut", w.contributed(), state.Voted(w.id(), w.task.Message.Session(), 1), 0, state.ErrConflict},
		{"nor a site that was not asked", w.cutDecided(), state.Voted(w.id(), w.task.Message.Session(), 9), 0, state.ErrConflict},
		{"no cut is signed before it is decided", w.contributed(), state.SignCut(w.id(), w.cut), 0, state.ErrConflict},
		{"nor another than was decided", w.cutDecided(), state.SignCut(w.id(), smaller), 0, state.ErrInvalid},
		{"nobody opens before the cut", w.contributed(), state.Opened(w.id(), w.openings[0]), 0, state.ErrInvalid},
		{"nor another set", w.cutDecided(), state.Opened(w.id(), w.opening(1, func(o *protocol.Opening) { o.Set = smaller.Message.Set() })), 0, state.ErrInvalid},
		{"nor to another recipient", w.cutDecided(), state.Opened(w.id(), w.opening(1, func(o *protocol.Opening) { o.Recipient = protocol.Hash("mallory") })), 0, state.ErrInvalid},
		{"there is no sum before the cut", w.contributed(), state.SetSum(w.id(), 1, protocol.Hash("sum"), 6*variants), 0, state.ErrConflict},
		{"nor one of another length", w.cutDecided(), state.SetSum(w.id(), 1, protocol.Hash("sum"), 6*variants+6), 0, state.ErrInvalid},
		{"nor a second one", w.done(), state.SetSum(w.id(), 1, protocol.Hash("other"), 6*variants), 0, state.ErrConflict},
		{"what is done does not fail", w.done(), state.Fail(w.id(), 1, state.QueryExpired), 0, state.ErrConflict},
		{"nor does what has gone on", w.started(), state.Fail(w.id(), 0, state.QueryExpired), 0, state.ErrConflict},
		{"nor anything without a reason", w.started(), state.Fail(w.id(), 1, 0), 0, state.ErrInvalid},
		{"time does not pass in another attempt", w.started(), state.Pass(w.id(), 2), 0, state.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := state.New()
			apply(t, m, tt.before...)
			before, version := snapshot(t, m), m.Version()
			r := applyAt(t, m, tt.bad, now.Add(tt.at))
			if !errors.Is(r.Err, tt.want) || r.Changed {
				t.Errorf("got %+v, want %v", r, tt.want)
			}
			if !bytes.Equal(before, snapshot(t, m)) || m.Version() != version {
				t.Error("it changed something")
			}
		})
	}
}

// card is the first site's card under other keys.
func card(w *world, name string) protocol.Card {
	c := w.cards[0]
	c.NodeKey = newKey(w.t, name).Public()
	return c
}

func TestTimeEndsAnAttempt(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.started()...)
	if r := applyAt(t, m, state.Pass(w.id(), 1), w.contributeBy.Add(-time.Second)); r.Err != nil || r.Changed {
		t.Errorf("before its time: %+v", r)
	}
	if r := applyAt(t, m, state.Pass(w.id(), 1), w.contributeBy); r.Err != nil || !r.Changed {
		t.Errorf("at its time: %+v", r)
	}
	if task := w.look(m); task.Attempt.Phase != session.Failed || task.Attempt.Reason != session.Late || task.Final() {
		t.Errorf("phase %s, reason %q, final %v", task.Attempt.Phase, task.Attempt.Reason, task.Final())
	}
	apply(t, m, state.Start(w.attempt(2), w.contributeBy))
	if task := w.look(m); task.Attempt.Number != 2 || len(task.Contributions) != 0 {
		t.Error("the second attempt does not start afresh")
	}
}

func TestASecondEpochEndsTheTasksOfTheFirst(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.started()...)
	first := w.id()
	next := w.newRoster()
	next.Epoch, next.Previous = 2, w.roster.Digest()
	w.propose(next)
	apply(t, m, state.Propose(w.proposal))
	for _, e := range w.endorsements {
		apply(t, m, state.Endorse("demo", e.Bytes()))
	}
	apply(t, m, state.OpenStudy("demo"))
	m.View(func(s *state.State) {
		if got := s.Tasks[first]; got.Failed != state.RosterEnded {
			t.Errorf("the task under the first epoch stands at %q", got.Failed)
		}
		if open, ok := s.Studies["demo"].Open(); !ok || open.Message.Epoch != 2 {
			t.Error("the second epoch is not in force")
		}
		if len(s.Studies["demo"].Declarations) != 0 {
			t.Error("declarations of the first epoch are still there")
		}
	})
}

func TestAProposalThatNobodyHasSignedMayBePutRight(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.opened()[:11]...)
	better := w.newRoster()
	better.Title = "A better title"
	fixed := must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(better))
	apply(t, m, state.Propose(fixed))
	apply(t, m, state.Endorse("demo", must[protocol.Signed[protocol.Roster]](t)(protocol.Endorse(fixed, w.custodians[0])).Bytes()))
	if r := applyAt(t, m, state.Propose(w.proposal), now); !errors.Is(r.Err, state.ErrConflict) {
		t.Errorf("after the first signature: %+v", r)
	}
}

func TestOldTasksAreForgotten(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.done()...)
	old := w.id()
	later := now.Add(100 * 24 * time.Hour)
	w.ask(func(h *protocol.QueryHeader) { h.Issued, h.Expires = later, later.Add(time.Hour) })
	if r := applyAt(t, m, w.submit(), later); r.Err != nil {
		t.Fatal(r.Err)
	}
	m.View(func(s *state.State) {
		if _, ok := s.Tasks[old]; ok || len(s.Tasks) != 1 {
			t.Errorf("%d tasks are kept", len(s.Tasks))
		}
	})
}

func TestATaskIsSmall(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.opened()...)
	before := len(snapshot(t, m))
	apply(t, m, w.done()[len(w.opened()):]...)
	if size := len(snapshot(t, m)) - before; size > 50<<10 {
		t.Errorf("a done task of %d sites takes %d bytes", siteCount, size)
	} else {
		t.Logf("a done task of %d sites takes %d bytes, %d of them signatures", siteCount, size, (3+3*siteCount)*3400)
	}
}

func FuzzApply(f *testing.F) {
	w := newWorld(f)
	for _, c := range w.released() {
		f.Add(must[[]byte](f)(c.Bytes(now)))
	}
	m := state.New()
	apply(f, m, w.contributed()...)
	base := snapshot(f, m)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if state.Admit(raw) != nil {
			return
		}
		m := state.New()
		if err := m.Restore(bytes.NewReader(base)); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Apply(1, raw); err != nil {
			t.Errorf("what is admitted must be understood: %v", err)
		}
		snapshot(t, m)
	})
}

func FuzzRestore(f *testing.F) {
	w := newWorld(f)
	for _, commands := range [][]state.Command{nil, w.sites(), w.opened(), w.contributed(), w.done(), w.released()} {
		m := state.New()
		apply(f, m, commands...)
		f.Add(snapshot(f, m))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := state.New()
		if m.Restore(bytes.NewReader(raw)) == nil {
			snapshot(t, m)
		}
	})
}
