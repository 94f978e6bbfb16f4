package node_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/node/detect"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// What the first site finds odd in these tests.
const (
	threeAreMany = `"burstResearcher": {"action": "throttle", "count": 3}`
	threeSteps   = `"walk": {"action": "throttle", "count": 3}`
	bait         = `"honeypot": {"variants": [{"contig": "chr22", "position": 1050}]}`
	threeUnsaid  = `"failedSignatures": {"count": 3}`
)

// watching has the first site find things odd, from its next start on.
func (w *network) watching(rules ...string) {
	w.t.Helper()
	text := `{"apiVersion": "locus/v1"`
	for _, r := range rules {
		text += ", " + r
	}
	putFile(w.t, filepath.Join(w.sites[0].dir, node.DetectionName), text+"}")
	w.restart(0)
	w.greet()
}

func putFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// pinWrongly lets the first site find nobody at the coordinator's address whom it believes: it
// gets no panel.
func (w *network) pinWrongly() {
	w.t.Helper()
	somebody := httptest.NewTLSServer(nil)
	w.t.Cleanup(somebody.Close)
	e := w.endpoint
	e.URL = somebody.URL
	if err := w.sites[0].node.Pin([]protocol.Endpoint{e}); err != nil {
		w.t.Fatal(err)
	}
}

// nth makes a question one of many.
func nth(n int) func(*asking) {
	return func(a *asking) { a.header.Nonce = protocol.Hash("nth", []byte{byte(n)}) }
}

// odd are the rules of what the first site has found, with what was done.
func (w *network) odd() (list []string) {
	w.t.Helper()
	for _, f := range must[[]node.Finding](w.t)(w.sites[0].node.Findings(w.t.Context())) {
		list = append(list, fmt.Sprint(f.Rule, " ", f.Action))
	}
	return list
}

// recorded are the events in the first site's record.
func (w *network) recorded() (list []detect.Event) {
	w.t.Helper()
	db := must[*sql.DB](w.t)(sql.Open("sqlite", filepath.Join(w.sites[0].dir, "records.db")))
	defer db.Close()
	rows := must[*sql.Rows](w.t)(db.Query("SELECT raw FROM events ORDER BY seq"))
	defer rows.Close()
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			w.t.Fatal(err)
		}
		list = append(list, must[detect.Event](w.t)(detect.ParseEvent(raw)))
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// Alice's program asks in a loop.
func TestAttackBurstOfQuestions(t *testing.T) {
	for name, how := range map[string]func(*asking){"exactly": func(*asking) {}, "privately": privately} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.Detection, func() error {
				w := newPrivateNetwork(t, 2)
				w.watching(threeAreMany)
				for i := range 2 {
					if err := w.offered(w.ask(how, nth(i))); err != nil {
						t.Fatal(err)
					}
				}
				return expect(t, w.offered(w.ask(how, nth(2))), protocol.Throttled)
			})
		})
	}
}

// Alice asks for a chromosome window by window.
func TestAttackWalkAlongAChromosome(t *testing.T) {
	debug.Defended(t, debug.Detection, func() error {
		w := newNetwork(t, 2)
		w.watching(threeSteps)
		for _, i := range []uint64{2, 6} {
			if err := w.offered(w.ask(part(i, i+2))); err != nil {
				t.Fatal(err)
			}
		}
		err := expect(t, w.offered(w.ask(part(4, 6))), protocol.Throttled)
		if diff := cmp.Diff([]string{"walk throttle"}, w.odd()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
}

// Alice asks for a variant that nobody has a reason to ask for; and while another question of
// hers is counted, or before the site has the panel that says where it lies.
func TestAttackQuestionOfSomebodyWhoIsFrozen(t *testing.T) {
	baited := part(5, 6)
	for name, attack := range map[string]func(w *network) error{
		"the variant itself": func(w *network) error { return w.offered(w.ask(baited)) },
		"the variant before the panel is here": func(w *network) error {
			name := filepath.Join(w.sites[0].dir, "panels", protocol.Digest(w.panel.Digest()).String())
			raw := must[[]byte](t)(os.ReadFile(name))
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			a := w.ask(baited)
			w.pinWrongly()
			if err := w.offered(a); !errors.Is(err, protocol.Internal) {
				t.Fatal(err)
			}
			putFile(t, name, string(raw))
			return w.offered(a)
		},
		"another variant after it": func(w *network) error {
			_ = w.offered(w.ask(baited))
			return w.offered(w.ask(part(0, 2)))
		},
		"the same, after a restart": func(w *network) error {
			_ = w.offered(w.ask(baited))
			w.restart(0)
			w.greet()
			w.clock.Move(time.Hour)
			return w.offered(w.ask(part(0, 2)))
		},
		"what is being counted": func(w *network) error {
			once := false
			w.sites[0].node.ChangeCounts(func([]int64) {
				if !once {
					once = true
					_ = w.offered(w.ask(baited, func(a *asking) { a.body.Cohort = "nobody" }))
				}
			})
			return w.offered(w.ask(part(0, 2)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.Detection, func() error {
				w := newNetwork(t, 2)
				w.watching(bait)
				err := expect(t, attack(w), protocol.Throttled)
				if diff := cmp.Diff([]string{"honeypot freeze"}, w.odd()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				return err
			})
		})
	}
}

func TestAThrottleEndsAndAFreezeDoesNot(t *testing.T) {
	w := newNetwork(t, 2)
	w.watching(threeAreMany, bait)
	first := w.ask(nth(0))
	for _, a := range []*asking{first, w.ask(nth(1))} {
		if err := w.offered(a); err != nil {
			t.Fatal(err)
		}
	}
	third := w.ask(nth(2))
	ask := func(a *asking, want error) {
		t.Helper()
		if err := w.offered(a); !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
	}
	ask(third, protocol.Throttled)
	ask(first, nil) // it was answered: the same bytes leave again
	w.try(first, 2)
	ask(first, nil) // it had passed, in another attempt too
	w.restart(0)
	w.greet()
	n := w.sites[0].node
	ask(third, protocol.Throttled)
	w.clock.Move(16 * time.Minute)
	w.try(third, 1)
	ask(third, nil)
	w.clock.Move(time.Hour)
	ask(w.ask(part(5, 6)), protocol.Throttled)
	w.clock.Move(20 * time.Hour)
	after := w.ask(part(0, 1))
	ask(after, protocol.Throttled)
	frozen := must[[]node.FrozenSubject](t)(n.FrozenSubjects(t.Context()))
	if len(frozen) != 1 || frozen[0].Who != "Alice" || frozen[0].ExactOnly || frozen[0].ID != w.alice.Public().ID() {
		t.Fatalf("frozen are %+v", frozen)
	}
	// A person thaws her by a command, while the node serves.
	beside := must[*node.Node](t)(node.Open(node.Config{Dir: w.sites[0].dir, HeadFile: w.sites[0].head, Now: w.clock.Now}))
	defer beside.Close()
	for _, wrong := range []string{"", "no", strings.Repeat("0", 64)} {
		if _, err := beside.ThawSubject(t.Context(), wrong); !errors.Is(err, node.ErrSubject) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	must[detect.Subject](t)(beside.ThawSubject(t.Context(), frozen[0].ID.Short()))
	ask(after, nil)
	if left := must[[]node.FrozenSubject](t)(n.FrozenSubjects(t.Context())); len(left) != 0 {
		t.Errorf("frozen are %+v", left)
	}
}

// A question is offered again and again while people decide on it. It counts once, and so it
// does in the record.
func TestAQuestionThatIsOfferedAgainIsRecordedOnce(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(oneAsks))
	w.watching(threeAreMany)
	a := w.ask()
	for attempt := range uint32(5) {
		w.try(a, attempt+1)
		if err := w.offered(a); !errors.Is(err, protocol.AwaitingApproval) {
			t.Fatal(err)
		}
	}
	w.decide(w.waiting().ID, true, nil)
	if err := w.offered(a); err != nil {
		t.Fatal(err)
	}
	got := w.recorded()
	if len(got) != 1 {
		t.Fatalf("%d events", len(got))
	}
	e := got[0]
	if e.Kind != detect.Asked || e.Query != a.query.Header.Digest() || e.Researcher != w.alice.Public().ID() || e.Outcome != protocol.AwaitingApproval ||
		e.Cohort.IsZero() || e.People.IsZero() || e.Panel != protocol.Digest(w.panel.Digest()) {
		t.Errorf("%+v", e)
	}
	if diff := cmp.Diff([]detect.Range{{From: 0, To: variants, Contig: "22", First: 1000, Last: 1110}}, e.Ranges); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who is stopped keeps nobody busy: nothing waits for people, and nothing grows.
func TestWhatIsStoppedDoesNotWaitForPeople(t *testing.T) {
	w := newNetwork(t, 2)
	w.govern(rules(oneAsks))
	w.watching(threeAreMany)
	for i := range 6 {
		want := protocol.AwaitingApproval
		if i >= 2 {
			want = protocol.Throttled
		}
		if err := w.offered(w.ask(nth(i))); !errors.Is(err, want) {
			t.Fatalf("question %d: got %v, want %v", i, err, want)
		}
	}
	if all := must[[]node.Motion](t)(w.sites[0].node.Motions(t.Context())); len(all) != 3 { // with the policy
		t.Errorf("%d motions", len(all))
	}
	if got := w.recorded(); len(got) != 3 {
		t.Errorf("%d events", len(got))
	}
}

// What is not signed is counted by who sent it, and by study.
func TestForgedMessagesAreFound(t *testing.T) {
	w := newNetwork(t, 2)
	w.watching(threeUnsaid)
	for range 3 {
		if err := w.offered(w.ask(func(a *asking) { a.signer = newKey(t, "mallory") })); !errors.Is(err, protocol.BadSignature) {
			t.Fatal(err)
		}
	}
	all := must[[]node.Finding](t)(w.sites[0].node.Findings(t.Context()))
	if len(all) != 2 {
		t.Fatalf("%d findings", len(all))
	}
	for _, f := range all {
		if f.Rule != detect.FailedSignatures || f.StudyName != studyName || f.Who != map[detect.SubjectKind]string{detect.OfPeer: "c1", detect.OfStudy: studyName}[f.Subject.Of] {
			t.Errorf("%+v", f)
		}
	}
	if err := w.offered(w.ask()); err != nil {
		t.Errorf("after a warning: %v", err)
	}
}

// The record goes back as far as the longest window. Who is frozen stays it, whatever is cut
// off, and whatever the rules are then.
func TestTheRecordIsCut(t *testing.T) {
	w := newNetwork(t, 2, func(r *protocol.Roster) { r.Deadline = r.Deadline.Add(1000 * time.Hour) })
	w.watching(bait)
	for _, a := range []*asking{w.ask(part(0, 1)), w.ask(part(5, 6))} {
		_ = w.offered(a)
	}
	kinds := func() (list []detect.Kind) {
		for _, e := range w.recorded() {
			list = append(list, e.Kind)
		}
		return list
	}
	if diff := cmp.Diff([]detect.Kind{detect.Asked, detect.Asked, detect.Froze}, kinds()); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	w.clock.Move(31 * 24 * time.Hour)
	w.watching()
	if diff := cmp.Diff([]detect.Kind{detect.Froze}, kinds()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ask := func(want error) {
		t.Helper()
		if err := w.offered(w.ask(part(0, 2))); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	ask(protocol.Throttled)
	must[detect.Subject](t)(w.sites[0].node.ThawSubject(t.Context(), w.alice.Public().ID().String()))
	ask(nil)
	w.clock.Move(31 * 24 * time.Hour)
	w.restart(0)
	w.greet()
	if got := kinds(); len(got) != 0 {
		t.Errorf("left are %v", got)
	}
	ask(nil)
}

// However much is asked, the record has its bound. The oldest goes first, and who is frozen
// stays it.
func TestTheRecordIsBounded(t *testing.T) {
	w := newQuietNetwork(t, 2)
	n := w.sites[0].node
	putFile(t, filepath.Join(w.sites[0].dir, node.DetectionName), `{"apiVersion": "locus/v1", `+bait+`}`)
	const most = 40_000
	var list []detect.Event
	for i := range 200 {
		e := detect.Event{
			Kind: detect.Asked, At: w.clock.Now(), Study: studyName, Mode: protocol.Private, Panel: protocol.Hash("panel"),
			Researcher: protocol.Hash("researcher", []byte{byte(i)}), Query: protocol.Hash("query", []byte{byte(i)}),
		}
		for r := range uint64(i % 20) {
			e.Ranges = append(e.Ranges, detect.Range{From: 10 * r, To: 10*r + 3})
		}
		list = append(list, e)
	}
	list[0].Ranges = []detect.Range{{From: 1, To: 2, Contig: "22", First: 1050, Last: 1050}}
	if err := n.Observe(t.Context(), most, list...); err != nil {
		t.Fatal(err)
	}
	size, left := 0, w.recorded()
	for i := range left {
		size += len(must[[]byte](t)(left[i].Bytes()))
	}
	if size > most || size < most/2 || left[0].Kind != detect.Froze || left[len(left)-1].Query != list[199].Query {
		t.Errorf("%d events of %d bytes, the first of kind %d", len(left), size, left[0].Kind)
	}
	frozen := must[[]node.FrozenSubject](t)(n.FrozenSubjects(t.Context()))
	if len(frozen) != 1 || frozen[0].ID != list[0].Researcher {
		t.Errorf("frozen are %+v", frozen)
	}
}

// Stricter rules hold for what was asked before them.
func TestStricterRulesFreezeAtTheNextStart(t *testing.T) {
	w := newNetwork(t, 2)
	for i := range 3 {
		if err := w.offered(w.ask(nth(i))); err != nil {
			t.Fatal(err)
		}
	}
	w.watching(`"burstResearcher": {"action": "freeze", "count": 3}`)
	if err := w.offered(w.ask(nth(3))); !errors.Is(err, protocol.Throttled) {
		t.Errorf("got %v, want %v", err, protocol.Throttled)
	}
	if frozen := must[[]node.FrozenSubject](t)(w.sites[0].node.FrozenSubjects(t.Context())); len(frozen) != 1 {
		t.Errorf("frozen are %+v", frozen)
	}
}

func TestANodeDoesNotServeWithABadConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		node.DetectionName: `{"apiVersion": "locus/v1", "walks": {}}`,
		node.NotifyName:    `{"apiVersion": "locus/v1", "webhooks": [{"name": "siem", "url": "http://example.org/", "secretFile": "/s"}]}`,
	} {
		w := newQuietNetwork(t, 2)
		putFile(t, filepath.Join(w.sites[0].dir, name), text)
		if err := w.sites[0].node.Serve(t.Context(), nil); !errors.Is(err, node.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDamagedEventsEndTheNode(t *testing.T) {
	w := newNetwork(t, 2)
	if err := w.offered(w.ask()); err != nil {
		t.Fatal(err)
	}
	if err := w.sites[0].stop(); err != nil {
		t.Fatal(err)
	}
	w.insert(0, "UPDATE events SET raw = CAST('{}' AS BLOB)")
	w.reopen(w.sites[0])
	if err := w.sites[0].node.Serve(t.Context(), nil); !errors.Is(err, node.ErrRecords) {
		t.Errorf("got %v, want %v", err, node.ErrRecords)
	}
}

// An event that cannot be recorded ends the node, so that the detector knows no more than its
// record after the next start.
func TestAnEventThatIsNotRecordedEndsTheNode(t *testing.T) {
	w := newNetwork(t, 2)
	s, a := w.sites[0], w.ask()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	w.reopen(s)
	w.insert(0, "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'full'); END")
	id := wire.PeerID(s.node.Card().Peer)
	l := must[*wire.Loopback](t)(w.wires.Join(id, wire.NewAllowList(w.carrier.ID())))
	defer l.Close()
	served := make(chan error, 1)
	go func() { served <- s.node.Serve(t.Context(), l) }()
	if err := w.wires.Link(w.carrier.ID(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.raw(0, protocol.CallOffer, w.offer(a, 0)); err == nil {
		t.Error("it was answered")
	}
	if err := <-served; err == nil || !strings.Contains(err.Error(), "could not be written") {
		t.Errorf("the node ended with %v", err)
	}
}

// In mode dp nothing of what is seen, found and decided depends on data.
func TestWhatIsFoundPrivatelyDoesNotDependOnData(t *testing.T) {
	type trace struct {
		Answers []string
		Odd     []string
		Events  []detect.Event
	}
	watch := func(t *testing.T, change edited, counted func([]int64)) (tr trace) {
		w := newPrivateNetwork(t, 2)
		w.replaceCohort(7, cohortName, change)
		w.watching(`"sameCohort": {"action": "throttle", "count": 3, "throttle": "1s"}`, `"changedPeople": {"action": "freeze", "count": 2}`, `"singletons": {"count": 2}`)
		w.sites[0].node.ChangeCounts(counted)
		start := w.clock.Now()
		for i := range uint32(8) {
			how := again(i + 1)
			if i%3 == 2 {
				how = func(a *asking) {
					again(i + 1)(a)
					a.body.Ranges, a.header.Size = []protocol.Range{{From: uint64(i), To: uint64(i + 1)}}, 1
				}
			}
			w.clock.Move(2 * time.Second)
			tr.Answers = append(tr.Answers, fmt.Sprint(w.offered(w.ask(privately, how))))
		}
		tr.Odd = w.odd()
		for _, e := range w.recorded() {
			// The keys of a site are drawn anew.
			e.Query, e.Peer, e.Cohort, e.At = protocol.Digest{}, protocol.Digest{}, protocol.Hash("cohort"), time.Unix(0, 0).Add(e.At.Sub(start))
			tr.Events = append(tr.Events, e)
		}
		return tr
	}
	want := watch(t, asItIs, nil)
	if len(want.Odd) < 2 || len(want.Events) < 6 || !slices.Contains(want.Answers, fmt.Sprint(protocol.Throttled)) || want.Answers[0] != "<nil>" {
		t.Fatalf("the trace has nothing to compare: %+v", want)
	}
	if slices.ContainsFunc(want.Events, func(e detect.Event) bool { return !e.People.IsZero() }) {
		t.Error("an event says who the people are")
	}
	for name, change := range map[string]edited{"a person less": withoutLast, "another genotype": otherGenotype, "another sex": otherSex} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(want, watch(t, change, nil)); d != "" {
				t.Errorf("-as it is +changed:\n%s", d)
			}
		})
	}
	t.Run("nobody is called", func(t *testing.T) {
		if d := cmp.Diff(want, watch(t, asItIs, func(counts []int64) { clear(counts) })); d != "" {
			t.Errorf("-as it is +changed:\n%s", d)
		}
	})
}

// The log has what a finding has.
func TestTheLogHasCodesAndIds(t *testing.T) {
	w := newNetwork(t, 2)
	w.watching(bait)
	_ = w.offered(w.ask(part(5, 6)))
	var found string
	for line := range strings.SplitSeq(w.log.String(), "\n") {
		if strings.Contains(line, "something odd was asked") {
			found = line
		}
	}
	for _, want := range []string{"rule=honeypot", "action=freeze", "subject=" + w.alice.Public().ID().Short(), "study=demo"} {
		if !strings.Contains(found, want) {
			t.Errorf("%s is not in %q", want, found)
		}
	}
	for _, never := range []string{"Alice", cohortName, "1050", "a test"} {
		if strings.Contains(found, never) {
			t.Errorf("%s is in %q", never, found)
		}
	}
	f := must[[]node.Finding](t)(w.sites[0].node.Findings(t.Context()))[0]
	if !json.Valid(f.OCSF) || f.Who != "Alice" {
		t.Errorf("%+v", f)
	}
}
