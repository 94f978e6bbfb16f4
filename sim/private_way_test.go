package sim_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// privately is a question whose noise is small beside 300 people a site.
func privately() researcher.Ask {
	return researcher.Ask{Mode: protocol.Private, Private: researcher.Precision{Epsilon: 12, Delta: 1e-9}, Purpose: "privately"}
}

// budget is the epsilon of one such question, and a little more.
const budget = 13

// newPrivate is a network of whose custodians the first few let alice ask it once.
func newPrivate(t *testing.T, cfg sim.Config, few int) *sim.Network {
	t.Helper()
	cfg.Modes = []protocol.Mode{protocol.Private}
	n := newNetwork(t, cfg)
	for i := range few {
		allow(t, n, i, budget)
	}
	return n
}

// spent is the rho that everybody at a site has lost.
func spent(t *testing.T, n *sim.Network, site int) uint64 {
	t.Helper()
	b, err := n.Node(site).Budget(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b.Accounts[0].Spent.Rho
}

// near requires of a private answer that it is what all were counted as, up to noise.
func near(t *testing.T, answer researcher.Answer, truth map[panel.Variant]counts) {
	t.Helper()
	if len(answer.Rows) != len(truth) || len(answer.Estimates) != len(truth) {
		t.Fatalf("%d variants answered of %d", len(answer.Rows), len(truth))
	}
	// AN is made of a sum and of two fifths of another, whose noise has the same spread: 1.08
	// times as much. AC has less. Noise is beyond 8 standard deviations once in 10^15 numbers.
	far := 8 * 1.1 * answer.Noise.Spread
	covered, same := 0, 0
	for i, row := range answer.Rows {
		e, c := answer.Estimates[i], truth[row.Variant]
		if math.Abs(e.AN-float64(c.an)) > far || math.Abs(e.AC-float64(c.ac)) > far {
			t.Errorf("variant %d is further from the truth than %g", i, far)
		}
		if af := float64(c.ac) / float64(c.an); e.Low <= af && af <= e.High {
			covered++
		}
		if (counts{row.AC, row.AN}) == c {
			same++
		}
	}
	// Of 40 intervals of 95 % fewer than 24 hold the truth with a chance below 10^-11.
	if covered < len(truth)*6/10 {
		t.Errorf("%d of %d intervals hold the truth", covered, len(truth))
	}
	// Noise is 0 with a chance of less than a tenth.
	if same > len(truth)/2 {
		t.Errorf("%d of %d variants have no noise", same, len(truth))
	}
}

// The whole way over real parties: the answer is the pooled counts and noise, each site is
// charged its price once, and in everything that a site sends there is nothing of what it
// has counted.
func TestAPrivateAnswerIsThePooledCountsAndNoise(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 3, 300, 40)
	h := &heard{sent: make(map[int][][]byte)}
	list := readPanel(t, made.Panel)
	n := newPrivate(t, sim.Config{Sites: sites, Panel: list, Sent: h.tell}, 3)
	var first researcher.Answer
	for k := range 2 { // the same question, and so the same answer for no other charge
		answer, err := n.Ask(t.Context(), privately())
		if err != nil {
			t.Fatal(err)
		}
		near(t, answer, readTruth(t, made.Truth))
		if k == 0 {
			first = answer
		}
		if !slices.Equal(first.Rows, answer.Rows) {
			t.Error("the same question has another answer")
		}
		for i := range sites {
			if got := spent(t, n, i); got != answer.Noise.Cost.Rho {
				t.Errorf("site %d has spent %d, want %d", i+1, got, answer.Noise.Cost.Rho)
			}
		}
	}
	for i := range sites {
		if err := n.StopSite(i); err != nil {
			t.Fatal(err)
		}
		everythingWasHeard(t, n.SiteDir(i), h.sent[i])
		nothingIsIn(t, h.sent[i], counted(t, sites[i].Cohorts[0], list))
	}
}

// Which sites answer a private question was left open: one that dies is done without.
func TestAPrivateAnswerDoesWithoutASiteThatDies(t *testing.T) {
	t.Parallel()
	hasty := sim.Fast
	hasty.Contribute = 2 * time.Second
	for _, tt := range []struct {
		name   string
		dies   protocol.Call
		timing coordinator.Timing
		sites  int // in the sum
	}{
		{"before it contributes", protocol.CallOffer, hasty, 3},
		{"after it contributed", protocol.CallCut, sim.Fast, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made, sites := synthetic(t, 4, 300, 40)
			n := newPrivate(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel), Timing: tt.timing}, 4)
			g := &grave{peer: n.Peer(3), call: tt.dies, hit: make(chan struct{})}
			n.Faults(g.befall)
			answer, err := n.Ask(t.Context(), privately())
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Sites) != tt.sites {
				t.Errorf("answered by %q", answer.Sites)
			}
			if tt.sites == 4 {
				near(t, answer, readTruth(t, made.Truth))
			}
		})
	}
}

// Three of four sites have voted for the sum of the three, since the fourth had no budget,
// when one of them dies. In the next attempt all four could answer, and the fourth is still
// not in the sum: the release is bound to the three for ever, who are charged once.
func TestTheNextAttemptAtAPrivateAnswerKeepsTheSet(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 4, 300, 40)
	hasty := sim.Fast
	hasty.Attempt = 4 * time.Second
	n := newPrivate(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel), Timing: hasty}, 3)
	g := &grave{peer: n.Peer(2), call: protocol.CallOpen, hit: make(chan struct{})}
	n.Faults(g.befall)
	var once sync.Once
	answer, err := n.AskWatched(t.Context(), privately(), func(task rest.Task) {
		select {
		case <-g.hit:
		default:
			return // nobody has voted, or nobody knows that somebody has
		}
		if task.State == "submitted" && task.Attempt > 0 { // the attempt has failed
			once.Do(func() {
				allow(t, n, 3, budget)
				n.Faults(nil)
			})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, s := range sites[:3] {
		want = append(want, s.Name)
	}
	if !slices.Equal(answer.Sites, want) || answer.Attempt < 2 {
		t.Errorf("answered by %q in attempt %d, want %q in a later one", answer.Sites, answer.Attempt, want)
	}
	for i := range 3 {
		if got := spent(t, n, i); got != answer.Noise.Cost.Rho {
			t.Errorf("site %d has spent %d, want %d", i+1, got, answer.Noise.Cost.Rho)
		}
	}
}
