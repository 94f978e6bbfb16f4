package state_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/audit"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
)

// What members write to their logs of a study, from its first site to its first table.
func TestEachDecisionIsRecordedOnce(t *testing.T) {
	w := newWorld(t)
	session, study := w.task.Message.Session(), audit.StudyDigest("demo")
	type line struct {
		Kind    string
		Subject protocol.Digest
		Study   protocol.Digest
		Session protocol.Digest
		Party   protocol.KeyID
		Epoch   uint64
		Code    uint16
	}
	var want []line
	add := func(l line) { want = append(want, l) }
	for i, c := range w.cards {
		add(line{Kind: "key", Subject: must[protocol.Digest](t)(c.Digest()), Party: w.nodes[i].Public().ID()})
	}
	add(line{Kind: "roster", Subject: w.roster.Digest(), Study: study, Epoch: 1})
	for i, d := range w.declarations {
		add(line{Kind: "declaration", Subject: d.Digest(), Study: study, Party: w.nodes[i].Public().ID()})
	}
	add(line{Kind: "query", Subject: w.id(), Study: study, Party: w.alice.Public().ID()})
	add(line{Kind: "task", Subject: w.task.Digest(), Study: study, Session: session, Party: w.member.Public().ID()})
	for i, h := range w.headers {
		add(line{Kind: "contribution", Subject: h.Digest(), Study: study, Session: session, Party: w.nodes[i].Public().ID()})
	}
	for i, r := range w.received {
		add(line{Kind: "received", Subject: r.Digest(), Study: study, Session: session, Party: w.nodes[i].Public().ID()})
	}
	add(line{Kind: "cut", Subject: w.cut.Digest(), Study: study, Session: session, Party: w.member.Public().ID()})
	for i, raw := range w.openings {
		o := must[protocol.SealedOpening](t)(w.roster.Message.ParseOpening(raw))
		add(line{Kind: "opening", Subject: o.Opening.Digest(), Study: study, Session: session, Party: w.nodes[i].Public().ID()})
	}
	var got []line
	m := state.New()
	for _, c := range w.done() {
		e := applyAt(t, m, c, now).Entry
		if again := applyAt(t, m, c, now.Add(time.Second)).Entry; again != nil {
			t.Errorf("%q is recorded twice", c.Name)
		}
		if e != nil {
			got = append(got, line{e.Kind.String(), e.Subject, e.Study, e.Session, e.Party, e.Epoch, e.Code})
		}
	}
	add(line{Kind: "released", Subject: w.look(m).Sum, Study: study, Session: session})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
}

// No, too late and withdrawn are decisions too.
func TestEndsAreRecordedWithTheirCodes(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.started()...)
	refused := applyAt(t, m, state.Refused(w.id(), w.refusal(2, protocol.CohortTooSmall)), now).Entry
	if refused == nil || refused.Kind != audit.KindRefusal || refused.Code != uint16(protocol.CohortTooSmall) || refused.Party != w.nodes[1].Public().ID() {
		t.Errorf("a refusal is recorded as %+v", refused)
	}
	failed := applyAt(t, m, state.Fail(w.id(), 1, state.RefusedBySite), now).Entry
	if failed == nil || failed.Kind != audit.KindDecision || failed.Code != uint16(state.RefusedBySite) || failed.Subject != w.id() {
		t.Errorf("the end of a task is recorded as %+v", failed)
	}
	m = state.New()
	apply(t, m, w.released()...)
	against := applyAt(t, m, w.judged(1, time.Minute, false), now).Entry
	if against == nil || against.Kind != audit.KindVerdict || against.Code != 2 || against.Party != w.custodians[0].Public().ID() {
		t.Errorf("a verdict is recorded as %+v", against)
	}
}

// The records are a chain: members that agree have the same, one that starts from a
// snapshot goes on with it, and any other order has other heads.
func TestRecordsAreAChain(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	var number uint64
	heads := make(map[protocol.Digest]bool)
	for _, c := range w.released() {
		e := applyAt(t, m, c, now).Entry
		if e == nil {
			continue
		}
		if number++; e.Sequence != number || e.Head.IsZero() || heads[e.Head] {
			t.Fatalf("%q is record %d with head %s, want %d with another", c.Name, e.Sequence, e.Head.Short(), number)
		}
		heads[e.Head] = true
		m.View(func(s *state.State) {
			if s.Records != number || s.Head != e.Head {
				t.Errorf("the state has %d records", s.Records)
			}
		})
		restored := state.New()
		if err := restored.Restore(bytes.NewReader(snapshot(t, m))); err != nil {
			t.Fatal(err)
		}
		m = restored
	}
	if number < 20 {
		t.Errorf("%d records are too few to tell", number)
	}
	one, two := state.New(), state.New()
	apply(t, one, w.started()...)
	apply(t, two, w.started()...)
	first, second := state.Contributed(w.id(), w.headers[0]), state.Contributed(w.id(), w.headers[1])
	apply(t, one, first, second)
	apply(t, two, second, first)
	var a, b protocol.Digest
	one.View(func(s *state.State) { a = s.Head })
	two.View(func(s *state.State) { b = s.Head })
	if a == b {
		t.Error("another order has the same head")
	}
}
