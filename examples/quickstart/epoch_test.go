package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// A study gets its second roster by the commands that gave it the first, and answers under
// it.
func TestAStudyGoesOnUnderANewRoster(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	d, err := newDemo(config{dir: filepath.Join(t.TempDir(), "network"), seed: 3, people: 60, variants: 300}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(true); err != nil {
			t.Error(err)
		}
	})
	ctx := t.Context()
	for _, do := range []func(context.Context) error{d.build, d.synthesise, d.startCoordinator, d.startSites, d.agree} {
		if err := do(ctx); err != nil {
			t.Fatalf("%v%s", err, d.lastWords())
		}
	}
	must := func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatalf("%v%s", err, d.lastWords())
		}
		return out
	}
	// Proposed again before anybody has signed, it is put right under its own number.
	for range 2 {
		must(d.operate(ctx, "study", "propose", d.path("study.json")))
	}
	for _, h := range hospitals {
		if said := must(d.keepGenomes(ctx, h.name, "study", "show", study)); !strings.Contains(said, "epoch 2") {
			t.Errorf("the custodian of %s is shown:\n%s", h.name, said)
		}
		must(d.keepGenomes(ctx, h.name, "study", "accept", study, "--yes"))
	}
	must(d.operate(ctx, "study", "open", study))
	must(d.research(ctx, "study", "join", "--replace", must(d.operate(ctx, "study", "token", study))))
	if err := d.askRegion(ctx); err != nil {
		t.Fatalf("%v%s", err, d.lastWords())
	}
	if a := d.answers[0]; a.wrong != 0 || a.compared == 0 {
		t.Errorf("%d of %d counts differ", a.wrong, a.compared)
	}
}
