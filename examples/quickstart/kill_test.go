package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The leader's process is killed, not stopped, as soon as the researcher sees the task
// in each of its states. The answer is the right one all the same.
func TestTheLeadersProcessIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	d, err := newDemo(config{dir: filepath.Join(t.TempDir(), "network"), seed: 2, people: 60, variants: 300}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(false); err != nil {
			t.Error(err)
		}
	})
	for _, do := range []func(context.Context) error{d.build, d.synthesise, d.startCoordinator, d.startSites, d.agree} {
		if err := do(t.Context()); err != nil {
			t.Fatalf("%v%s", err, d.lastWords())
		}
	}
	for _, state := range []string{"contributing", "receiving", "opening"} {
		leader := d.leader(t)
		var once sync.Once
		d.errs = &onLine{contains: state, do: func() { once.Do(func() { d.kill(t, leader) }) }}
		if err := d.askAndCompare(t.Context(), state, "", state+".tsv"); err != nil {
			t.Fatalf("killed while %s: %v%s", state, err, d.lastWords())
		}
		if c := d.answers[len(d.answers)-1]; c.wrong != 0 || c.compared == 0 {
			t.Errorf("killed while %s: %d of %d counts differ", state, c.wrong, c.compared)
		}
		once.Do(func() { t.Errorf("the researcher never saw the task %s", state) })
		name := fmt.Sprintf("coordinator-%d", leader+1)
		if err := d.start(name, "locus-coordinator", "--dir", d.coordinatorDir(leader), "run"); err != nil {
			t.Fatal(err)
		}
	}
}

// leader is the member that leads, from 0. Any member says who does, and one that does
// not know yet says that nobody does: asking for the sites waits for an election.
func (d *demo) leader(t *testing.T) int {
	t.Helper()
	for {
		if _, err := d.operate(t.Context(), "site", "list"); err != nil {
			t.Fatal(err)
		}
		shown, err := d.operate(t.Context(), "cluster", "status")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(shown) {
			if f := strings.Fields(line); len(f) > 1 && f[1] == "true" {
				return int(f[0][1] - '1')
			}
		}
	}
}

// kill ends a member's process without a word, and forgets it.
func (d *demo) kill(t *testing.T, member int) {
	name := fmt.Sprintf("coordinator-%d", member+1)
	for i, p := range d.procs {
		if p.name != name {
			continue
		}
		if err := p.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-p.done
		d.procs = append(d.procs[:i], d.procs[i+1:]...)
		return
	}
	t.Errorf("%s does not run", name)
}
