package sim_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/coordinator"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/rest"
	"github.com/locus-genomics/locus/protocol/wire"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// grave cuts a site off for good from the first call of a kind that it is made.
type grave struct {
	mu   sync.Mutex
	peer wire.PeerID
	call protocol.Call
	open bool
	hit  chan struct{}
}

func (g *grave) befall(p wire.Passage) wire.Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.From != g.peer && p.To != g.peer {
		return wire.Fault{}
	}
	if !g.open && p.To == g.peer && p.Kind == wire.Kind(g.call) && !p.Reply {
		g.open = true
		close(g.hit)
	}
	return wire.Fault{Break: g.open, Unlink: g.open}
}

// question is one that is asked in the background.
type question struct {
	answer researcher.Answer
	err    error
	done   chan struct{}
	failed chan struct{} // closed once an attempt has failed
}

func ask(ctx context.Context, n *sim.Network) *question {
	q := &question{done: make(chan struct{}), failed: make(chan struct{})}
	var once sync.Once
	go func() {
		defer close(q.done)
		q.answer, q.err = n.AskWatched(ctx, researcher.Ask{Purpose: "a fault"}, func(task rest.Task) {
			if task.State == "submitted" && task.Attempt > 0 {
				once.Do(func() { close(q.failed) })
			}
		})
	}()
	return q
}

func TestASiteDiesInTheMiddleOfATask(t *testing.T) {
	t.Parallel()
	patient, hasty := sim.Fast, sim.Fast
	hasty.Contribute = 2 * time.Second
	for _, tt := range []struct {
		name     string
		sites    int
		dies     protocol.Call // it never hears this call
		timing   coordinator.Timing
		returns  bool
		attempts uint32
	}{
		{"before it contributes, and comes back in time", 3, protocol.CallOffer, patient, true, 1},
		{"before it contributes, and comes back late: the attempt fails and the next one runs", 3, protocol.CallOffer, hasty, true, 2},
		{"after it contributed, before it has the others' shares", 3, protocol.CallDeliver, patient, true, 1},
		{"before it votes", 3, protocol.CallCut, patient, true, 1},
		{"before it opens, and is needed", 3, protocol.CallOpen, patient, true, 1},
		// Not before it opens: the others may be done before it is asked to.
		{"before it votes, and the others are enough", 4, protocol.CallCut, patient, false, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			made, sites := synthetic(t, tt.sites, 30, 40)
			n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel), Timing: tt.timing})
			g := &grave{peer: n.Peer(tt.sites - 1), call: tt.dies, hit: make(chan struct{})}
			n.Faults(g.befall)
			q := ask(t.Context(), n)
			select {
			case <-g.hit:
			case <-q.done:
				t.Fatalf("the question ended before the site was made the call: %v", q.err)
			}
			if err := n.StopSite(tt.sites - 1); err != nil {
				t.Fatal(err)
			}
			if tt.returns {
				if tt.attempts > 1 {
					<-q.failed
				}
				n.Faults(nil)
				if err := n.StartSite(tt.sites - 1); err != nil {
					t.Fatal(err)
				}
			}
			<-q.done
			if q.err != nil {
				t.Fatal(q.err)
			}
			if q.answer.Attempt != tt.attempts {
				t.Errorf("answered in attempt %d, want %d", q.answer.Attempt, tt.attempts)
			}
			differ(t, q.answer, readTruth(t, made.Truth))
		})
	}
}

// A node whose disk was set back to an old copy learns from the other sites that it
// is one, gets its votes and pins back, and goes on.
func TestANodeIsRestoredFromAnOldCopy(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 3, 30, 40)
	n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel)})
	truth := readTruth(t, made.Truth)
	mustAsk := func() {
		t.Helper()
		answer, err := n.Ask(t.Context(), researcher.Ask{Purpose: "before and after"})
		if err != nil {
			t.Fatal(err)
		}
		differ(t, answer, truth)
	}
	old := t.TempDir() + "/records.db"
	if err := n.StopSite(2); err != nil { // the copy is whole only of a node that is stopped
		t.Fatal(err)
	}
	replaceFile(t, n.SiteDir(2)+"/records.db", old)
	if err := n.StartSite(2); err != nil {
		t.Fatal(err)
	}
	mustAsk()
	if err := n.StopSite(2); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, old, n.SiteDir(2)+"/records.db")
	if err := n.StartSite(2); err != nil {
		t.Fatal(err)
	}
	confirmConsents(t, n.Node(2))
	mustAsk() // the same release: its vote is known again
}

// confirmConsents waits for a node to learn from the others that it was restored, and has its
// custodian say that no withdrawal was lost.
func confirmConsents(t *testing.T, restored *node.Node) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for range look.C {
		r, err := restored.Consents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Unconfirmed {
			break
		}
	}
	if err := restored.ConfirmConsents(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// replaceFile puts an old database in place of a new one, with its journal.
func replaceFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.RemoveAll(to + suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
