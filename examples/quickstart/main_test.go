package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// small is the demo with few people, for tests.
var small = []string{"-people", "60", "-variants", "400"}

func TestTheDemoFindsTheCountsAndLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	t.Setenv("TMPDIR", t.TempDir())
	var out, errs bytes.Buffer
	if err := run(t.Context(), small, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if !strings.Contains(out.String(), "differing counts: 0\n") {
		t.Errorf("no line %q in:\n%s", "differing counts: 0", out.String())
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.HasPrefix(f.Name(), "locus-demo-") {
			t.Errorf("%s was left behind", f.Name())
		}
	}
}

func TestTheDemoCountsWhatDiffers(t *testing.T) {
	d := &demo{out: new(bytes.Buffer), answers: []comparison{{title: "one", compared: 2, wrong: 1}}}
	if err := d.report(); err == nil || !strings.Contains(d.out.(*bytes.Buffer).String(), "differing counts: 1\n") {
		t.Errorf("a count that differs: error %v, report %q", err, d.out)
	}
}

func TestTheDemoEndsItsProcessesWhenItIsInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the programs and runs a network")
	}
	ctx, stop := context.WithCancel(t.Context())
	dir := t.TempDir() + "/network"
	interrupt := &onLine{contains: "join the sites", do: stop}
	if err := run(ctx, append([]string{"-dir", dir}, small...), new(bytes.Buffer), interrupt); err == nil {
		t.Error("an interrupted demo ended well")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

// onLine does something when a text is written.
type onLine struct {
	contains string
	do       func()
}

// Write looks for the text.
func (w *onLine) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.contains) {
		w.do()
	}
	return len(p), nil
}
