package sim_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/locus-genomics/locus/internal/synth"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// assassin stops the member that takes a given step.
type assassin struct {
	mu      sync.Mutex
	network *sim.Network
	steps   []string
	at      int // the step to strike at; -1 for none
	victim  int
	dead    chan error
}

func (a *assassin) step(member int, name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.steps = append(a.steps, name)
	if len(a.steps)-1 != a.at {
		return
	}
	a.victim, a.dead = member, make(chan error, 1)
	go func() { a.dead <- a.network.StopMember(member) }()
}

// aim forgets the steps so far, and strikes at the one with a number.
func (a *assassin) aim(at int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.steps, a.at, a.dead = nil, at, nil
}

// struck returns who was stopped where, once it has stopped.
func (a *assassin) struck(t *testing.T) (victim int, step string, ok bool) {
	t.Helper()
	a.mu.Lock()
	dead, victim := a.dead, a.victim
	if dead != nil {
		step = a.steps[a.at]
	}
	a.mu.Unlock()
	if dead == nil {
		return 0, "", false
	}
	if err := <-dead; err != nil {
		t.Fatalf("member %d stopped badly %s: %v", victim, step, err)
	}
	return victim, step, true
}

// The leader is stopped before and after each commit of a query. Another member goes
// on with it, and the answer is the right one.
func TestTheLeaderIsStoppedAtEveryStepOfAQuery(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and stops members for a while")
	}
	made, sites := synthetic(t, 3, 40, 60)
	killer := &assassin{at: -1}
	n := newNetwork(t, sim.Config{Transport: sim.Sockets, Members: 3, Sites: sites, Panel: readPanel(t, made.Panel), Step: killer.step})
	killer.network = n
	truth := readTruth(t, made.Truth)
	for at := 0; ; at++ {
		killer.aim(at)
		answer, err := n.Ask(t.Context(), researcher.Ask{Purpose: fmt.Sprintf("question %d", at)})
		if err != nil {
			t.Fatalf("at step %d: %v", at, err)
		}
		differ(t, answer, truth)
		victim, step, ok := killer.struck(t)
		if !ok {
			if at < 10 {
				t.Fatalf("a query has only %d steps", at)
			}
			break // there is no such step any more
		}
		t.Logf("member %d was stopped %s", victim+1, step)
		killer.aim(-1)
		if err := n.StartMember(victim); err != nil {
			t.Fatal(err)
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
