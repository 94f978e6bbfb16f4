package node_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// private lets a study ask in mode dp too.
func private(r *protocol.Roster) { r.Modes = []protocol.Mode{protocol.Exact, protocol.Private} }

// report is what a site tells of its budget, nil for nothing.
func (w *network) report(i int) *protocol.SiteReport {
	w.t.Helper()
	raw := w.state(i).Report
	if raw == nil {
		return nil
	}
	s := must[protocol.Signed[protocol.SiteReport]](w.t)(w.r().OpenSiteReport(raw, w.roster.Digest()))
	return &s.Message
}

// class is what a site says of the one cohort.
func (w *network) class(i int) protocol.BudgetClass {
	w.t.Helper()
	r := w.report(i)
	if r == nil {
		w.t.Fatal("the site says nothing")
	}
	c, ok := r.Cohort(cohortName)
	if !ok || len(r.Cohorts) != 1 {
		w.t.Fatalf("the site reports %v", r.Cohorts)
	}
	return c.Left
}

func (w *network) tell(i int, tell bool) {
	w.t.Helper()
	if err := w.sites[i].node.ReportBudget(w.t.Context(), studyName, tell); err != nil {
		w.t.Fatal(err)
	}
}

func TestNothingIsSaidOfABudgetUnlessTheCustodianLetsIt(t *testing.T) {
	w := newNetwork(t, 2, private)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	if r := w.report(0); r != nil {
		t.Errorf("before anybody let it: %v", r)
	}
	w.tell(0, true)
	if w.report(0) == nil {
		t.Error("nothing is said though the custodian lets it")
	}
	for i, want := range []bool{true, false} {
		if list := must[[]node.Study](t)(w.sites[i].node.Studies(t.Context())); len(list) != 1 || list[0].Reports != want {
			t.Errorf("site %d lists %+v", i+1, list)
		}
	}
	if r := w.report(1); r != nil {
		t.Errorf("the other site says %v", r)
	}
	w.restart(0)
	if w.report(0) == nil {
		t.Error("what the custodian said is forgotten")
	}
	w.tell(0, false)
	if r := w.report(0); r != nil {
		t.Errorf("after it was ended: %v", r)
	}
	if err := w.sites[0].node.ReportBudget(t.Context(), "other", true); !errors.Is(err, node.ErrNoStudy) {
		t.Errorf("of another study: got %v, want %v", err, node.ErrNoStudy)
	}
}

func TestAStudyWithoutPrivateAnswersIsToldNothing(t *testing.T) {
	w := newNetwork(t, 2)
	w.tell(0, true)
	if r := w.report(0); r != nil {
		t.Errorf("got %v", r)
	}
}

// The class is of the account that has least, whatever else is left, and of the day.
func TestAReportIsOfTheDayAndOfWhatAnybodyMayAsk(t *testing.T) {
	w := newNetwork(t, 2, private)
	w.tell(0, true)
	if got := w.class(0); got != 0 {
		t.Errorf("before anything was allowed: class %d", got)
	}
	w.clock.Move(24 * time.Hour)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	if got, want := w.class(0), protocol.ClassOfBudget(promised(t)); got != want || got == 0 {
		t.Errorf("of an untouched budget: class %d, want %d", got, want)
	}
	if _, err := w.debit(0, "r", promised(t)*3/4); err != nil {
		t.Fatal(err)
	}
	if got, want := w.class(0), protocol.ClassOfBudget(promised(t)); got != want {
		t.Errorf("on the day of a release it changes: class %d, was %d", got, want)
	}
	w.clock.Move(24 * time.Hour)
	if got, want := w.class(0), protocol.ClassOfBudget(promised(t)/4); got != want {
		t.Errorf("on the day after: class %d, want %d", got, want)
	}
	first := w.state(0).Report
	w.clock.Move(-48 * time.Hour)
	if again := w.state(0).Report; string(again) != string(first) {
		t.Error("under a clock that was set back something else is said")
	}
}

// What is said must not tell a class's neighbours apart: reports of budgets of one class
// are equal but for their signatures.
func TestReportsOfOneClassAreEqual(t *testing.T) {
	w := newNetwork(t, 2, private)
	for i, rho := range []uint64{1000, 2_000_000} {
		w.tell(i, true)
		w.allow(i, allowance(node.OfPeople), allowance(node.OfStudy))
		if _, err := w.debit(i, "r", rho); err != nil {
			t.Fatal(err)
		}
	}
	a, b := w.report(0), w.report(1)
	if a.Cohorts[0] != b.Cohorts[0] || a.Day != b.Day || len(w.state(0).Report) != len(w.state(1).Report) {
		t.Errorf("one says %v and one %v", a, b)
	}
}

func TestOfASpentBudgetNothingIsLeft(t *testing.T) {
	w := newNetwork(t, 2, private)
	w.tell(0, true)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	if _, err := w.debit(0, "r", promised(t)); err != nil {
		t.Fatal(err)
	}
	if got := w.class(0); got != 0 {
		t.Errorf("class %d", got)
	}
}

// What is reported is compared with what the ledger lets a researcher have who has spent
// nothing: the class can be had, and what is beyond it cannot.
func TestWhatIsReportedCanBeHadAndNotMore(t *testing.T) {
	w := newNetwork(t, 2, private)
	w.tell(0, true)
	w.allow(0, allowance(node.OfPeople), allowance(node.OfStudy))
	n, dice := w.sites[0].node, rand.New(rand.NewPCG(5, 8))
	seen := make(map[protocol.BudgetClass]bool)
	for day := range 40 {
		c := w.class(0)
		seen[c] = true
		release := protocol.Hash("asked", []byte{byte(day)})
		if err := n.Affordable(t.Context(), release, w.priced(c.Rho())); c > 0 && err != nil {
			t.Errorf("day %d, class %d: what is reported cannot be had: %v", day, c, err)
		}
		if err := n.Affordable(t.Context(), release, w.priced(c.Below())); !errors.Is(err, protocol.BudgetExhausted) {
			t.Errorf("day %d, class %d: more than is reported can be had: %v", day, c, err)
		}
		bob := w.priced(1 + dice.Uint64N(promised(t)/16))
		bob.Researcher = protocol.Hash("bob", []byte{byte(day)})
		if _, err := n.Debit(t.Context(), protocol.Hash("spent", []byte{byte(day)}), bob); err != nil && !errors.Is(err, protocol.BudgetExhausted) {
			t.Fatal(err)
		}
		w.clock.Move(24 * time.Hour)
	}
	if len(seen) < 4 {
		t.Errorf("only the classes %v were reported", seen)
	}
}
