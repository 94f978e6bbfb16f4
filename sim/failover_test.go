package sim_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/locus-genomics/locus/internal/synth"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// assassin stops the member that takes a step of a name that it has not struck at yet.
type assassin struct {
	mu      sync.Mutex
	network *sim.Network
	struck  map[string]bool
	armed   bool
	victim  int
	name    string
	dead    chan error // closed once the victim has stopped
}

func (a *assassin) step(member int, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.armed || a.struck[name] {
		return
	}
	a.armed, a.struck[name] = false, true
	a.victim, a.name, a.dead = member, name, make(chan error, 1)
	go func() { a.dead <- a.network.StopMember(member) }()
}

// arm lets the assassin strike once.
func (a *assassin) arm() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed, a.dead = true, nil
}

// disarm returns who was stopped where, once it has stopped.
func (a *assassin) disarm(t *testing.T) (victim int, step string, ok bool) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = false
	if a.dead == nil {
		return 0, "", false
	}
	if err := <-a.dead; err != nil {
		t.Fatalf("member %d stopped badly %s: %v", a.victim+1, a.name, err)
	}
	return a.victim, a.name, true
}

// The leader is stopped before and after each kind of commit that a query takes.
// Another member goes on with it, and the answer is the right one.
func TestTheLeaderIsStoppedAtEveryStepOfAQuery(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts and stops members for a while")
	}
	made, sites := synthetic(t, 3, 40, 60)
	killer := &assassin{struck: make(map[string]bool)}
	n := newNetwork(t, sim.Config{Transport: sim.Sockets, Members: 3, Sites: sites, Panel: readPanel(t, made.Panel), Step: killer.step})
	killer.network = n
	truth := readTruth(t, made.Truth)
	for at := 0; ; at++ {
		killer.arm()
		began := time.Now()
		answer, err := n.Ask(t.Context(), researcher.Ask{Purpose: fmt.Sprintf("question %d", at)})
		if err != nil {
			t.Fatalf("stopped %s: %v", killer.name, err)
		}
		differ(t, answer, truth)
		victim, step, ok := killer.disarm(t)
		if !ok {
			break // every step has been struck at
		}
		t.Logf("member %d was stopped %s; the answer took %s", victim+1, step, time.Since(began).Round(time.Millisecond))
		if err := n.StartMember(victim); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []string{"submit", "start", "contributed", "received", "sign cut", "voted", "opened", "set sum"} {
		if !killer.struck["before "+step] || !killer.struck["after "+step] {
			t.Errorf("nobody was stopped before and after %q", step)
		}
	}
}

// synthetic makes cohorts of people who never lived.
func synthetic(t *testing.T, sites, people, variants int) (synth.Files, []sim.Site) {
	t.Helper()
	files, err := synth.Write(t.TempDir(), synth.Config{Seed: 7, Sites: sites, People: people, Variants: variants})
	if err != nil {
		t.Fatal(err)
	}
	var list []sim.Site
	for _, s := range files.Sites {
		spec := node.CohortSpec{Name: sim.Everyone, Path: s.Genotypes, Samples: s.Samples, Minimum: 20}
		list = append(list, sim.Site{Name: filepath.Base(s.Name), Cohorts: []node.CohortSpec{spec}})
	}
	return files, list
}
