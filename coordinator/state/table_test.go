package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
)

// reported is what a site says of its budget.
func (w *world) reported(point int, change func(*protocol.SiteReport)) []byte {
	w.t.Helper()
	r := protocol.SiteReport{
		Study: "demo", Roster: w.roster.Digest(), Point: uint32(point), Day: protocol.DayOf(now), Cohorts: []protocol.ReportedCohort{{Name: "all", Left: 7}},
	}
	if change != nil {
		change(&r)
	}
	return must[protocol.Signed[protocol.SiteReport]](w.t)(protocol.Sign(r, w.nodes[point-1])).Bytes()
}

// publication is alice's of the answer, after change.
func (w *world) publication(change func(*protocol.Publication)) protocol.Signed[protocol.Publication] {
	w.t.Helper()
	p := protocol.Publication{
		Study: "demo", Roster: w.roster.Digest(), Query: w.id(), Attempt: 1, Set: w.cut.Message.Set(), Mode: protocol.Exact, Cohort: "all",
		Panel: w.panel.Digest, Rows: variants, Content: protocol.Hash("table"), Size: 1234, Issued: now,
	}
	if change != nil {
		change(&p)
	}
	return must[protocol.Signed[protocol.Publication]](w.t)(protocol.Sign(p, w.alice))
}

// verdict is a custodian's, after change.
func (w *world) verdict(point int, change func(*protocol.Verdict)) []byte {
	w.t.Helper()
	v := protocol.Verdict{Study: "demo", Publication: w.publication(nil).Digest(), Point: uint32(point), Approve: true, Issued: now}
	if change != nil {
		change(&v)
	}
	return must[protocol.Signed[protocol.Verdict]](w.t)(protocol.Sign(v, w.custodians[point-1])).Bytes()
}

func (w *world) judged(point int, after time.Duration, approve bool) state.Command {
	return state.Judge(w.publication(nil).Digest(), w.verdict(point, func(v *protocol.Verdict) { v.Issued, v.Approve = now.Add(after), approve }))
}

// released are the commands up to a table that everybody may read.
func (w *world) released() []state.Command {
	list := append(w.done(), state.Report("demo", 1, w.reported(1, nil)), state.Publish(w.publication(nil)))
	for p := range siteCount {
		list = append(list, w.judged(p+1, 0, true))
	}
	return list
}

func (w *world) table(m *state.Machine) (t *state.Table) {
	w.t.Helper()
	m.View(func(s *state.State) {
		if found, ok := s.Tables[w.publication(nil).Digest()]; ok {
			t = found.Clone()
		}
	})
	if t == nil {
		w.t.Fatal("there is no such table")
	}
	return t
}

func TestATableIsReleasedWhenAllCustodiansHaveApproved(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.done()...)
	for _, tt := range []struct {
		name    string
		command state.Command
		want    state.TableState
	}{
		{"published by its researcher", state.Publish(w.publication(nil)), state.Awaited},
		{"approved by one", w.judged(1, 0, true), state.Awaited},
		{"approved by two", w.judged(2, 0, true), state.Awaited},
		{"taken back by one of them", w.judged(1, time.Minute, false), state.Declined},
		{"approved by the third", w.judged(3, 0, true), state.Declined},
		{"the first yes, replayed", w.judged(1, 0, true), state.Declined},
		{"approved by the first after all", w.judged(1, time.Hour, true), state.Released},
		{"taken back by the second", w.judged(2, time.Hour, false), state.Withdrawn},
		{"the second's first yes, replayed", w.judged(2, 0, true), state.Withdrawn},
		{"the second is for it again", w.judged(2, 2*time.Hour, true), state.Released},
	} {
		apply(t, m, tt.command)
		if got := w.table(m).State(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	if at := w.table(m).Released; !at.Equal(now) {
		t.Errorf("released %s, want %s", at, now)
	}
}

func TestATableThatIsNotAsItMustBeChangesNothing(t *testing.T) {
	w := newWorld(t)
	done, waits := w.done(), w.released()[:len(w.done())+2]
	says := func(change func(*protocol.Publication)) state.Command { return state.Publish(w.publication(change)) }
	signedBy := func(key *protocol.SigningKey) state.Command {
		return state.Publish(must[protocol.Signed[protocol.Publication]](t)(protocol.Sign(w.publication(nil).Message, key)))
	}
	judge := func(point int, key *protocol.SigningKey, change func(*protocol.Verdict)) state.Command {
		v := protocol.Verdict{Study: "demo", Publication: w.publication(nil).Digest(), Point: uint32(point), Approve: true, Issued: now}
		if change != nil {
			change(&v)
		}
		return state.Judge(w.publication(nil).Digest(), must[protocol.Signed[protocol.Verdict]](t)(protocol.Sign(v, key)).Bytes())
	}
	for _, tt := range []struct {
		name   string
		before []state.Command
		bad    state.Command
		want   error
	}{
		{"a table of a task that is not known", w.opened(), state.Publish(w.publication(nil)), state.ErrNotFound},
		{"a table of a task without an answer", w.cutDecided(), state.Publish(w.publication(nil)), state.ErrConflict},
		{"a table by the operator's member", done, signedBy(w.member), state.ErrInvalid},
		{"a table by a site", done, signedBy(w.nodes[0]), state.ErrInvalid},
		{"a table of another attempt", done, says(func(p *protocol.Publication) { p.Attempt = 2 }), state.ErrInvalid},
		{"a table of another set", done, says(func(p *protocol.Publication) { p.Set = protocol.Hash("x") }), state.ErrInvalid},
		{"a table in another mode", done, says(func(p *protocol.Publication) { p.Mode = protocol.Private }), state.ErrInvalid},
		{"a table of fewer variants", done, says(func(p *protocol.Publication) { p.Rows-- }), state.ErrInvalid},
		{"a second table while the first waits", waits, says(func(p *protocol.Publication) { p.Title = "Other" }), state.ErrConflict},
		{"a second table while the first is read", w.released(), says(func(p *protocol.Publication) { p.Title = "Other" }), state.ErrConflict},
		{"a verdict on a table that is not known", done, w.judged(1, 0, true), state.ErrNotFound},
		{"a verdict by a stranger", waits, judge(1, newKey(t, "mallory"), nil), state.ErrInvalid},
		{"a verdict by the node in place of the custodian", waits, judge(1, w.nodes[0], nil), state.ErrInvalid},
		{"a verdict by another custodian", waits, judge(1, w.custodians[1], nil), state.ErrInvalid},
		{"a verdict by the researcher", waits, judge(1, w.alice, nil), state.ErrInvalid},
		{"a verdict on another table", waits, judge(1, w.custodians[0], func(v *protocol.Verdict) { v.Publication = protocol.Hash("x") }), state.ErrInvalid},
		{"a verdict in another study", waits, judge(1, w.custodians[0], func(v *protocol.Verdict) { v.Study = "other" }), state.ErrInvalid},
		{"a verdict that is none", waits, state.Judge(w.publication(nil).Digest(), []byte("yes")), state.ErrInvalid},
		{"a report by a stranger", done, state.Report("demo", 1, must[protocol.Signed[protocol.SiteReport]](t)(protocol.Sign(protocol.SiteReport{
			Study: "demo", Roster: w.roster.Digest(), Point: 1, Day: protocol.DayOf(now),
		}, newKey(t, "mallory"))).Bytes()), state.ErrInvalid},
		{"a report of another site", done, state.Report("demo", 2, w.reported(1, nil)), state.ErrInvalid},
		{"a report under another roster", done, state.Report("demo", 1, w.reported(1, func(r *protocol.SiteReport) { r.Roster = protocol.Hash("x") })), state.ErrInvalid},
		{"a report of an earlier day", waits, state.Report("demo", 1, w.reported(1, func(r *protocol.SiteReport) { r.Day = r.Day.AddDate(0, 0, -1) })), state.ErrConflict},
		{"a report in an unknown study", nil, state.Report("demo", 1, w.reported(1, nil)), state.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := state.New()
			apply(t, m, tt.before...)
			before := snapshot(t, m)
			if r := applyAt(t, m, tt.bad, now); !errors.Is(r.Err, tt.want) || r.Changed {
				t.Errorf("got %+v, want %v", r, tt.want)
			}
			if !bytes.Equal(before, snapshot(t, m)) {
				t.Error("it changed something")
			}
		})
	}
}

func TestASecondTableMayFollowOneThatWasRefused(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.done()...)
	apply(t, m, state.Publish(w.publication(nil)), w.judged(1, 0, false))
	apply(t, m, state.Publish(w.publication(func(p *protocol.Publication) { p.Title = "Put right" })))
}

func TestAStudyHasRoomForItsOwnTablesAlone(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.released()...)
	published := w.table(m)
	// many are n tables of a study, each of a task of its own.
	many := func(study string, n int, released time.Time) map[protocol.Digest]*state.Table {
		tables := make(map[protocol.Digest]*state.Table, n)
		for i := range n {
			x := published.Clone()
			x.Record.Publication.Message.Study, x.Record.Publication.Message.Query = study, protocol.Hash("query", fmt.Append(nil, i))
			x.ID, x.Released = protocol.Hash("table", fmt.Append(nil, i)), released
			tables[x.ID] = x
		}
		return tables
	}
	const whenForgotten = "try again after 2027-02-22"
	for _, tt := range []struct {
		name string
		kept map[protocol.Digest]*state.Table
		at   time.Time
		says string // empty: it is taken
	}{
		{"beside a thousand that another study published", many("other", 1000, now), now, ""},
		{"beside a thousand of another study that wait", many("other", 1000, time.Time{}), now, ""},
		{"as the last of those that may wait", many("demo", 31, time.Time{}), now, ""},
		{"beside as many as may wait", many("demo", 32, time.Time{}), now, whenForgotten},
		{"beside as many as may wait, once they are forgotten", many("demo", 32, time.Time{}), now.AddDate(0, 0, 91), ""},
		{"as the last of all", many("demo", 127, now), now, ""},
		{"beside as many as a study may have", many("demo", 128, now), now, "study \"demo\" has 128 tables"},
		{"beside as many as a study may have, much later", many("demo", 128, now), now.AddDate(1, 0, 0), "open another study"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := state.New()
			apply(t, m, w.done()...)
			m.View(func(s *state.State) {
				maps.Copy(s.Tables, tt.kept)
				_, known, err := s.Publishable(w.id(), w.publication(nil).Bytes(), tt.at)
				switch {
				case known:
					t.Error("it is known already")
				case tt.says == "" && err != nil:
					t.Error(err)
				case tt.says != "" && (!errors.Is(err, state.ErrConflict) || !strings.Contains(err.Error(), tt.says)):
					t.Errorf("got %v, want what says %q", err, tt.says)
				}
			})
		})
	}
}

func TestTablesThatNobodyReleasesAreForgotten(t *testing.T) {
	w := newWorld(t)
	other := w.publication(func(p *protocol.Publication) { p.Title = "Later" })
	const long = 91 * 24 * time.Hour
	for _, tt := range []struct {
		name     string
		commands []state.Command
		want     int
	}{
		{"refused long ago", append(w.done(), state.Publish(w.publication(nil)), w.judged(1, 0, false)), 1},
		{"released and withdrawn", append(w.released(), w.judged(1, time.Minute, false)), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := state.New()
			apply(t, m, tt.commands...)
			if r := applyAt(t, m, state.Publish(other), now.Add(long)); r.Err != nil {
				t.Fatal(r.Err)
			}
			m.View(func(s *state.State) {
				if len(s.Tables) != tt.want {
					t.Errorf("%d tables are kept, want %d", len(s.Tables), tt.want)
				}
			})
		})
	}
}

func TestWhatASiteSaysOfItsBudgetEndsWithTheRosterOrWithItsWord(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	kept := func() (n int) {
		m.View(func(s *state.State) { n = len(s.Studies["demo"].Reports) })
		return n
	}
	apply(t, m, w.released()...)
	if kept() != 1 {
		t.Fatalf("%d reports are kept, want 1", kept())
	}
	apply(t, m, state.Report("demo", 1, w.reported(1, func(r *protocol.SiteReport) { r.Day = r.Day.AddDate(0, 0, 1) })))
	apply(t, m, state.Report("demo", 1, nil))
	if kept() != 0 {
		t.Error("a report is kept after its site ended it")
	}
	apply(t, m, state.Report("demo", 2, w.reported(2, nil)))
	second := w.newRoster()
	second.Epoch, second.Previous = 2, w.roster.Digest()
	w.propose(second)
	apply(t, m, state.Propose(w.proposal))
	for _, e := range w.endorsements {
		apply(t, m, state.Endorse("demo", e.Bytes()))
	}
	apply(t, m, state.OpenStudy("demo"))
	if kept() != 0 {
		t.Error("a report under the roster before is kept")
	}
}

func TestRostersLeadFromATableToTheOneInForce(t *testing.T) {
	w := newWorld(t)
	m := state.New()
	apply(t, m, w.opened()...)
	rosters := []protocol.Signed[protocol.Roster]{w.roster}
	for epoch := range uint64(2) {
		r := w.newRoster()
		r.Epoch, r.Previous = epoch+2, w.roster.Digest()
		w.propose(r)
		apply(t, m, state.Propose(w.proposal))
		for _, e := range w.endorsements {
			apply(t, m, state.Endorse("demo", e.Bytes()))
		}
		apply(t, m, state.OpenStudy("demo"))
		rosters = append(rosters, w.roster)
	}
	m.View(func(s *state.State) {
		for i := range rosters {
			got := s.Studies["demo"].Since(rosters[i].Digest())
			if len(got) != 2-i {
				t.Errorf("from epoch %d on %d rosters lead to the one in force, want %d", i+1, len(got), 2-i)
			}
			for k, raw := range got {
				if r := must[protocol.Signed[protocol.Roster]](t)(protocol.OpenRoster(raw)); r.Digest() != rosters[i+k].Digest() {
					t.Errorf("from epoch %d on, roster %d is epoch %d", i+1, k+1, r.Message.Epoch)
				}
			}
		}
		if got := s.Studies["demo"].Since(protocol.Hash("unknown")); got != nil {
			t.Errorf("from a roster that is not known %d lead on", len(got))
		}
	})
}
