package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A site comes back with an old copy of its audit log. The others have cosigned more of it,
// and say so: it stops.
func TestASiteThatComesBackWithAnOldLogStops(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	d, err := newDemo(config{dir: filepath.Join(t.TempDir(), "network"), seed: 3, people: 60, variants: 300}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	site := hospitals[0].name
	old := filepath.Join(t.TempDir(), "audit")
	for _, do := range []func(context.Context) error{
		d.build, d.synthesise, d.startCoordinator, d.startSites, d.agree,
		func(context.Context) error { return os.CopyFS(old, os.DirFS(d.path(site, "audit"))) },
		d.askRegion,
	} {
		if err := do(t.Context()); err != nil {
			t.Fatalf("%v%s", err, d.lastWords())
		}
	}
	t.Cleanup(func() {
		if err := d.close(true); err != nil {
			t.Error(err)
		}
	})
	// The others have seen the log as it is now: a copy of it, without what came before.
	wait(t, "the log is cosigned", func() bool {
		now, err := os.ReadFile(d.path(site, "audit", "cosigned"))
		was, _ := os.ReadFile(filepath.Join(old, "checkpoint"))
		return err == nil && size(now) > size(was)
	})
	at := slices.IndexFunc(d.procs, func(p *process) bool { return p.name == site })
	if err := d.procs[at].stop(); err != nil {
		t.Fatal(err)
	}
	d.procs = slices.Delete(d.procs, at, at+1)
	if err := os.RemoveAll(d.path(site, "audit")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(d.path(site, "audit"), os.DirFS(old)); err != nil {
		t.Fatal(err)
	}
	if err := d.start(site, "locus-node", "--dir", d.path(site), "run"); err != nil {
		t.Fatal(err)
	}
	again := d.procs[len(d.procs)-1]
	d.procs = d.procs[:len(d.procs)-1]
	select {
	case <-again.done:
	case <-time.After(patience):
		t.Fatalf("it still runs%s", d.lastWords())
	}
	said, err := os.ReadFile(again.log)
	if err != nil {
		t.Fatal(err)
	}
	if again.err == nil || !strings.Contains(string(said), "others remember") {
		t.Errorf("it ended with %v and said:\n%s", again.err, said)
	}
}

// size is the second line of a checkpoint, padded so that longer is larger.
func size(note []byte) string {
	lines := strings.SplitN(string(note), "\n", 3)
	if len(lines) < 3 {
		return ""
	}
	return strings.Repeat("0", max(0, 20-len(lines[1]))) + lines[1]
}

// wait waits for something that other processes do.
func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
