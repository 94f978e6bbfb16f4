package node_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/pb"
)

// What was asked privately is not answered exactly, whoever says so. The exact question is
// one of its own, under the limits of exact answers.
func TestAPrivateQuestionIsNotAnsweredExactly(t *testing.T) {
	exactly := func(a *asking) { a.header.Mode, a.header.Points = protocol.Exact, []uint32{1, 2} }
	for _, tt := range []struct {
		name  string
		offer func(*network) []byte
		want  protocol.Code
	}{
		{"the coordinator alters the mode", func(w *network) []byte {
			o, h := new(pb.Offer), new(pb.QueryHeader)
			if err := errors.Join(proto.Unmarshal(w.offer(w.ask(privately), 0), o), proto.Unmarshal(o.Header.Payload, h)); err != nil {
				t.Fatal(err)
			}
			h.Mode, h.Release, h.Noise, h.Points = uint32(protocol.Exact), 0, nil, []uint32{1, 2}
			o.Header.Payload = must[[]byte](t)(proto.Marshal(h))
			return must[[]byte](t)(proto.Marshal(o))
		}, protocol.BadSignature},
		{"the coordinator sends an exact header with the private body", func(w *network) []byte {
			a := w.ask(exactly)
			a.query.Bodies = w.ask(privately).query.Bodies
			return w.offer(a, 0)
		}, protocol.BadBody},
		{"Alice asks the same exactly", func(w *network) []byte { return w.offer(w.ask(exactly), 0) }, protocol.ReleaseLimit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			w.revokeAll()
			if err := w.offered(w.ask(privately)); err != nil {
				t.Fatal(err)
			}
			before := w.sites[0].spent(t)
			if _, err := w.answer(0, protocol.CallOffer, tt.offer(w)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if d := cmp.Diff(before, w.sites[0].spent(t)); d != "" {
				t.Errorf("it is charged (-before +after):\n%s", d)
			}
			if n := w.chain(0, "contribution"); n != 1 {
				t.Errorf("%d contributions were made", n)
			}
		})
	}
}

// An earlier contribution of site 2 is handed in again, to an attempt of its own or to an
// exact question. Site 1 opens no sum that it is in.
func TestAPrivateContributionCountsInItsOwnSessionOnly(t *testing.T) {
	for _, tt := range []struct {
		name string
		next func(*network, *asking) *asking
	}{
		{"in the next attempt", func(w *network, a *asking) *asking { w.try(a, 2); return a }},
		{"in the next release", func(w *network, _ *asking) *asking { return w.ask(privately, again(2)) }},
		{"in an exact answer", func(w *network, _ *asking) *asking { return w.ask() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newPrivateNetwork(t, 2)
			a := w.ask(privately)
			old := w.contribute(a)
			b := tt.next(w, a)
			c := w.contribute(b)
			c.contributions[1], c.headers[1] = old.contributions[1], old.headers[1]
			if _, err := w.answer(0, protocol.CallDeliver, w.delivery(b, c, 0)); !errors.Is(err, protocol.BadSignature) {
				t.Errorf("its share is handed in: got %v, want %v", err, protocol.BadSignature)
			}
		})
	}
}

// Of the four accounts that pay, and the most that one answer may cost, one has too little.
// The site says so with the one code, charges none of them and answers nothing. What the
// other site has charged stands.
func TestAllThatPayMustHaveEnough(t *testing.T) {
	little := account.Budget{Epsilon: 0.02, Delta: 1e-9}
	of := func(kind node.AllowanceKind, promise account.Budget, researcher string) node.Allowance {
		a := allowance(kind)
		a.Promise, a.Researcher = promise, researcher
		return a
	}
	for _, tt := range []struct {
		name  string
		allow []node.Allowance
		want  error
	}{
		{"enough of all", []node.Allowance{of(node.OfPeople, promise, ""), of(node.OfStudy, promise, "")}, nil},
		{"too little for everybody here", []node.Allowance{of(node.OfPeople, little, ""), of(node.OfStudy, promise, "")}, protocol.BudgetExhausted},
		{"too little for the cohort and the study", []node.Allowance{
			of(node.OfPeople, promise, ""), of(node.OfStudy, little, ""), of(node.OfRelease, promise, ""),
		}, protocol.BudgetExhausted},
		{"too little for the researcher", []node.Allowance{
			of(node.OfPeople, promise, ""), of(node.OfStudy, promise, "Bob"), of(node.OfStudy, little, "Alice"),
		}, protocol.BudgetExhausted},
		{"too little for one answer", []node.Allowance{
			of(node.OfPeople, promise, ""), of(node.OfStudy, promise, ""), of(node.OfRelease, little, ""),
		}, protocol.BudgetExhausted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newNetwork(t, 2, bothModes, func(r *protocol.Roster) {
				bob := protocol.Researcher{Name: "Bob", Organisation: "Elsewhere", Key: newKey(t, "bob").Public()}
				r.Researchers = append(r.Researchers, bob)
			})
			w.allow(0, tt.allow...)
			w.allow(1, allowance(node.OfPeople), allowance(node.OfStudy))
			a := w.ask(privately)
			before := w.sites[0].spent(t)
			w.must(1, protocol.CallOffer, w.offer(a, 1))
			if err := w.offered(a); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if spent := w.sites[1].spent(t)["study demo"]; spent != w.price(a) {
				t.Errorf("the other has spent %d, want %d", spent, w.price(a))
			}
			if tt.want == nil {
				return
			}
			if d := cmp.Diff(before, w.sites[0].spent(t)); d != "" {
				t.Errorf("it is charged (-before +after):\n%s", d)
			}
			if n := w.chain(0, "debit") + w.chain(0, "contribution"); n != 0 {
				t.Errorf("%d debits and contributions are in the chain", n)
			}
		})
	}
}

// A cohort that is below what the roster asks of exact answers is answered with noise, and
// charged: a refusal would be an exact answer to how many there are.
func TestACohortBelowItsMinimumIsAnsweredWithNoise(t *testing.T) {
	w := newNetwork(t, 2, bothModes, func(r *protocol.Roster) { r.Cohorts[0].Minimum = people + 1 })
	for i := range w.sites {
		w.allow(i, allowance(node.OfPeople), allowance(node.OfStudy))
	}
	a := w.ask(privately)
	_, want := w.sums(a)
	if d := cmp.Diff(want, w.read(a, w.carry(a))); d != "" {
		t.Errorf("the sum (-want +got):\n%s", d)
	}
	if spent := w.sites[0].spent(t)["population everybody here"]; spent != w.price(a) {
		t.Errorf("it has spent %d, want %d", spent, w.price(a))
	}
	if err := w.offered(w.ask()); !errors.Is(err, protocol.CohortTooSmall) {
		t.Errorf("exactly: got %v, want %v", err, protocol.CohortTooSmall)
	}
}

// recap stops a site and sets its cap on people, as who edits its settings does.
func (w *network) recap(i int, people int) {
	w.t.Helper()
	s := w.sites[i]
	if err := s.stop(); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(s.dir, "node.json")
	settings := make(map[string]any)
	if err := json.Unmarshal(must[[]byte](w.t)(os.ReadFile(path)), &settings); err != nil {
		w.t.Fatal(err)
	}
	settings["peopleCap"] = people
	if err := os.WriteFile(path, must[[]byte](w.t)(json.Marshal(settings)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.reopen(s)
}

// A site takes in more people than the roster reckons with. The room that sums have is of
// the roster, and whether the answer fits must not be found out by counting: the cohort is
// not declared for mode dp any more.
func TestACohortThatHasOutgrownTheRosterIsNotDeclaredForModeDP(t *testing.T) {
	w := newPrivateNetwork(t, 2)
	modes := func() []protocol.Mode {
		d := must[protocol.Signed[protocol.Declaration]](t)(w.r().OpenDeclaration(w.state(0).Declaration))
		return d.Message.Cohorts[0].Modes
	}
	if got := modes(); !slices.Contains(got, protocol.Private) {
		t.Fatalf("it is declared for %v", got)
	}
	w.recap(0, 2000)
	spec, _ := writeCohort(t, t.TempDir(), 5, 1001)
	if _, err := w.sites[0].node.AddCohort(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	w.serve(0)
	w.greet()
	if got := modes(); slices.Contains(got, protocol.Private) {
		t.Errorf("with more people than the roster's cap it is declared for %v", got)
	}
	if err := w.offered(w.ask(privately)); !errors.Is(err, protocol.UnknownCohort) {
		t.Errorf("got %v, want %v", err, protocol.UnknownCohort)
	}
	if spent := w.sites[0].spent(t)["population everybody here"]; spent != 0 {
		t.Errorf("it was charged %d", spent)
	}
}
