package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator/schedule"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/session"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// must unwraps what cannot fail in a test.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newKey(t testing.TB, name string) *protocol.SigningKey {
	t.Helper()
	seed := protocol.Hash("test", []byte(name))
	return must[*protocol.SigningKey](t)(protocol.NewSigningKey(seed[:]))
}

// world is a study of three sites, and a question to all of them.
type world struct {
	roster protocol.Signed[protocol.Roster]
	header protocol.Signed[protocol.QueryHeader]
	member *protocol.SigningKey
}

const siteCount = 3

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{member: newKey(t, "member")}
	alice := newKey(t, "alice")
	threshold, corrupt := protocol.Thresholds(siteCount)
	r := protocol.Roster{
		Study: "demo", Title: "A study", Epoch: 1, Threshold: threshold, Corrupt: corrupt, MinOrganisations: min(corrupt+2, siteCount),
		Modes:       []protocol.Mode{protocol.Exact},
		Panels:      []protocol.PanelRef{{Name: "all", Digest: protocol.Hash("panel"), Size: 10}},
		Members:     []protocol.Member{{Name: "c1", Key: w.member.Public(), Peer: "peer-c1"}},
		Researchers: []protocol.Researcher{{Name: "Alice", Organisation: "Elsewhere", Key: alice.Public()}},
		Deadline:    now.Add(24 * time.Hour),
	}
	for i := range siteCount {
		name := fmt.Sprintf("site-%d", i+1)
		r.Sites = append(r.Sites, protocol.Site{
			Name: name, Organisation: name, Country: "CH", NodeKey: newKey(t, name).Public(), CustodianKey: newKey(t, name+" custodian").Public(),
			Peer: "peer-" + name, PeopleCap: 1000,
		})
	}
	r.Cohorts = []protocol.ExactCohort{{Name: "all", Points: r.Points(), Minimum: protocol.MinCohort}}
	w.roster = must[protocol.Signed[protocol.Roster]](t)(protocol.NewProposal(r))
	h := protocol.QueryHeader{
		Study: "demo", Roster: w.roster.Digest(), Analysis: "af/1", Mode: protocol.Exact, Params: "a50g8", Size: 10, Points: r.Points(),
		Researcher: alice.Public().ID(), Issued: now, Expires: now.Add(24 * time.Hour),
	}
	for range siteCount {
		h.Declarations = append(h.Declarations, protocol.Hash("declaration"))
	}
	w.header = must[protocol.Signed[protocol.QueryHeader]](t)(protocol.Sign(h, alice))
	return w
}

// stand is where a task stands, as a line of words:
//
//	"new"          no attempt
//	"attempt"      the first one, offered to all
//	"c1 c2"        contributed          "x2=code"   refused
//	"r1"           has received all     "late"      the attempt failed so
//	"signed"       the cut is signed    "o1"        opened
//	"sum"          the sum is there     "nocut=2"   so many attempts without a cut
//	"number=64"    of the attempt       "failed"    the task has ended
func (w *world) stand(t testing.TB, line string) *state.Task {
	t.Helper()
	task := &state.Task{ID: w.header.Digest(), Roster: w.roster, Header: w.header, Submitted: now, Changed: now}
	if line == "new" {
		return task
	}
	rules := task.Rules()
	task.Attempt = session.NewAttempt(1, rules, now.Add(10*time.Minute), now.Add(time.Hour))
	take := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, word := range strings.Fields(line) {
		name, value, _ := strings.Cut(word, "=")
		point := uint32(name[len(name)-1] - '0')
		code, number := protocol.Code(0), uint32(0)
		if value != "" {
			_, err := fmt.Sscan(value, &number)
			take(err)
			code = protocol.Code(number)
		}
		switch {
		case name == "attempt":
		case name == "late":
			task.Attempt.Pass(now.Add(10*time.Minute), rules)
		case name == "signed":
			cut := protocol.Cut{Session: protocol.Hash("session"), Roster: w.roster.Digest(), Entries: task.Attempt.Cut}
			task.Cut = must[protocol.Signed[protocol.Cut]](t)(protocol.Sign(cut, w.member))
		case name == "sum":
			task.Sum = protocol.Hash("sum")
		case name == "nocut":
			task.NoCuts, task.Attempt.Phase, task.Attempt.Reason = number, session.Failed, session.NoCut
		case name == "number":
			task.Attempt.Number = number
		case name == "failed":
			task.Failed = state.RosterEnded
		case name[0] == 'c':
			take(task.Attempt.Contributed(point, protocol.Hash("header", []byte{byte(point)}), nil, rules))
		case name[0] == 'x':
			take(task.Attempt.Refuse(point, code, rules))
		case name[0] == 'r':
			take(task.Attempt.Received(point, task.Attempt.Contributors(), rules))
		case name[0] == 'o':
			take(task.Attempt.OpenedBy(point, rules))
		default:
			t.Fatalf("no such word: %s", word)
		}
	}
	return task
}

// memory is what the leader holds: all sites are connected and ready but those in
// "-1"; it holds "s1" the shares of a site and its words, "h1" its shares alone, "v1" its vote, "w12" that 1 keeps the
// vote of 2, "u1" site 1 is connected and not ready; "sum" it has the sum.
func memory(line string) schedule.Memory {
	m := schedule.Memory{Sites: make(map[uint32]schedule.Site)}
	for p := range uint32(siteCount) {
		m.Sites[p+1] = schedule.Site{Connected: true, Ready: true}
	}
	for _, word := range strings.Fields(line) {
		if word == "sum" {
			m.Sum = true
			continue
		}
		p := uint32(word[1] - '0')
		s := m.Sites[p]
		switch word[0] {
		case '-':
			s.Connected, s.Ready = false, false
		case 'u':
			s.Ready = false
		case 's':
			s.Shares, s.Words = true, true
		case 'h':
			s.Shares = true
		case 'v':
			s.Vote = true
		case 'w':
			s.Sees = append(slices.Clone(s.Sees), uint32(word[2]-'0'))
		}
		m.Sites[p] = s
	}
	return m
}

func TestPlan(t *testing.T) {
	w := newWorld(t)
	code := func(c protocol.Code) string { return fmt.Sprint(uint32(c)) }
	const cut = "c1 c2 c3 r1 r2 r3"
	for _, tt := range []struct {
		name   string
		task   string
		memory string
		after  time.Duration
		steps  string
		again  time.Duration // after now; negative: never
	}{
		{name: "a query starts when all its sites are there", task: "new", steps: "start", again: 24 * time.Hour},
		{name: "and waits while one is away", task: "new", memory: "-2", again: 24 * time.Hour},
		{name: "or not ready", task: "new", memory: "u3", again: 24 * time.Hour},
		{name: "it expires while it waits", task: "new", memory: "-2", after: 24 * time.Hour, steps: "fail: the query has expired", again: -1},
		{name: "a task that has ended is left alone", task: "attempt failed", again: -1},

		{name: "an attempt is offered to all", task: "attempt", steps: "offer 1, offer 2, offer 3", again: 10 * time.Minute},
		{name: "but not to who is away", task: "attempt", memory: "-3", steps: "offer 1, offer 2", again: 10 * time.Minute},
		{name: "nor to who has contributed", task: "c1 c2", memory: "s1 s2", steps: "offer 3", again: 10 * time.Minute},
		{name: "whose words are fetched", task: "c1 c2", memory: "s1 h2", steps: "offer 3, fetch 2", again: 10 * time.Minute},
		{name: "a new leader asks for everything again", task: "c1 c2", memory: "s2", steps: "offer 1, offer 3, fetch 1", again: 10 * time.Minute},
		{name: "time for contributions passes", task: "c1 c2", memory: "s1 s2 -3", after: 10 * time.Minute, steps: "pass", again: 10 * time.Minute},

		{name: "shares are delivered once all are here", task: "c1 c2 c3", memory: "s1 s2 s3", steps: "deliver 1, deliver 2, deliver 3", again: time.Hour},
		{name: "and not before", task: "c1 c2 c3", memory: "s1 s3", steps: "offer 2, fetch 2", again: time.Hour},
		{name: "nor before all words are", task: "c1 c2 c3", memory: "s1 h2 s3", steps: "fetch 2", again: time.Hour},
		{name: "a dealer that is away is waited for, and another member may have its words", task: "c1 c2 c3", memory: "s1 s3 -2", steps: "fetch 2", again: time.Hour},
		{name: "who has received is left alone", task: "c1 c2 c3 r1 r3", memory: "s1 s2 s3", steps: "deliver 2", again: time.Hour},

		{name: "a cut is signed before anything else", task: cut, steps: "sign cut", again: time.Hour},
		{name: "then it is shown, and the sum is made", task: cut + " signed", steps: "cut 1, cut 2, cut 3, sum", again: time.Hour},
		{name: "a vote is brought to the others", task: cut + " signed sum", memory: "v1", steps: "cut 2, cut 3, witness 2, witness 3", again: time.Hour},
		{name: "but not to who keeps it", task: cut + " signed sum", memory: "v1 w21", steps: "cut 2, cut 3, witness 3", again: time.Hour},
		{name: "an opening is asked for when enough others keep the vote", task: cut + " signed sum", memory: "v1 w21 w31", steps: "cut 2, cut 3, open 1", again: time.Hour},
		{name: "whatever its voter says it keeps itself", task: cut + " signed sum", memory: "v1 w11 w21", steps: "cut 2, cut 3, witness 3", again: time.Hour},
		{name: "who has opened is left alone", task: cut + " signed sum o1", memory: "v2 v3 w12 w32 w13 w23", steps: "open 2, open 3", again: time.Hour},
		{name: "a new leader has the votes given again", task: cut + " signed sum o1", steps: "cut 2, cut 3", again: time.Hour},
		{name: "an attempt that is not opened in time is over", task: cut + " signed sum o1", after: time.Hour, steps: "pass", again: time.Hour},

		{name: "opened, the sum is still made", task: cut + " signed o1 o2 o3", steps: "sum", again: time.Hour},
		{name: "until nobody has the words any more", task: cut + " signed o1 o2 o3", after: time.Hour, steps: "fail: the query has expired", again: -1},
		{name: "done, there is nothing to do", task: cut + " signed o1 o2 o3 sum", memory: "sum", again: -1},
		{name: "but for a leader that lacks the bytes", task: cut + " signed o1 o2 o3 sum", steps: "sum", again: -1},
		{name: "while they can be had", task: cut + " signed o1 o2 o3 sum", after: time.Hour, again: -1},

		{name: "after a late site comes another attempt", task: "c1 c2 late", after: 2 * time.Second, steps: "start", again: 24 * time.Hour},
		{name: "after a pause", task: "c1 c2 late", again: 2 * time.Second},
		{name: "that grows", task: "c1 c2 late number=4", after: 15 * time.Second, again: 16 * time.Second},
		{name: "up to a minute", task: "c1 c2 late number=60", after: time.Minute, steps: "start", again: 24 * time.Hour},
		{name: "when all are there", task: "c1 c2 late", memory: "-3", after: time.Minute, again: 24 * time.Hour},
		{name: "and not for ever", task: "c1 c2 late number=64", after: time.Hour, steps: "fail: tried as often as a query may be", again: -1},
		{name: "nor after the query's end", task: "c1 c2 late", after: 24 * time.Hour, steps: "fail: the query has expired", again: -1},
		{name: "a no that may become a yes is asked again", task: "c1 x2=" + code(protocol.Internal), after: time.Minute, steps: "start", again: 24 * time.Hour},
		{name: "a no for good ends the task", task: "c1 x2=" + code(protocol.CohortTooSmall), steps: "fail: refused by a site", again: -1},
		{name: "so does one to the cut", task: cut + " signed x2=" + code(protocol.OtherCut), steps: "fail: refused by a site", again: -1},
		{name: "a share that does not open may be a fault on the way", task: "nocut=1", after: time.Minute, steps: "start", again: 24 * time.Hour},
		{name: "and not twice", task: "nocut=2", after: time.Minute, steps: "fail: no set of contributions that may be opened", again: -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			steps, again := schedule.Plan(w.stand(t, tt.task), memory(tt.memory), schedule.Pace{Again: 2 * time.Second}, now.Add(tt.after))
			var got []string
			for _, s := range steps {
				switch {
				case s.Point != 0:
					got = append(got, fmt.Sprint(s.Kind, " ", s.Point))
				case s.Failure != 0:
					got = append(got, fmt.Sprint(s.Kind, ": ", s.Failure))
				default:
					got = append(got, s.Kind.String())
				}
			}
			if strings.Join(got, ", ") != tt.steps {
				t.Errorf("steps %q, want %q", strings.Join(got, ", "), tt.steps)
			}
			if want := now.Add(tt.again); tt.again < 0 && !again.IsZero() || tt.again >= 0 && !again.Equal(want) {
				t.Errorf("looks again at %s, want %s", again, want)
			}
		})
	}
}

// A code that nobody has thought of must not make a coordinator ask for ever.
func TestEveryCodeIsPassingOrStays(t *testing.T) {
	passing := 0
	for code := range protocol.Code(64) {
		if schedule.Passing(code) {
			passing++
		}
	}
	if passing != 9 {
		t.Errorf("%d codes pass, want 9", passing)
	}
}
