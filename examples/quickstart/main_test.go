package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
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

func TestAPrivateAnswerThatIsFurtherOffThanItsNoiseIsFound(t *testing.T) {
	head := "#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\tSE\tLOW\tHIGH\tPOP_LOW\tPOP_HIGH\n"
	pooled := map[string]count{"7\t1\tA\tC": {100, 1000}, "7\t2\tA\tC": {200, 1000}, "7\t3\tA\tC": {300, 1000}}
	for _, tt := range []struct {
		name, rows string
		want       error
	}{
		{"near", "7\t1\tA\tC\t1\t9\t0.11\t0.01\t0.09\t0.13\t0\t1\n7\t2\tA\tC\t1\t9\t0.19\t0.01\t0.17\t0.21\t0\t1\n", nil},
		{"without noise", "7\t1\tA\tC\t1\t9\t0.1001\t0.01\t0.09\t0.13\t0\t1\n7\t2\tA\tC\t1\t9\t0.2\t0.01\t0.17\t0.21\t0\t1\n", errNoNoise},
		{"with nothing to say of one", "7\t1\tA\tC\t1\t9\t0.11\t0.01\t0.09\t0.13\t0\t1\n7\t3\tA\tC\t0\t0\tNA\tNA\t0\t1\t0\t1\n", nil},
		{"outside of its intervals", "7\t1\tA\tC\t1\t9\t0.11\t0.1\t0.105\t0.13\t0\t1\n7\t2\tA\tC\t1\t9\t0.19\t0.1\t0.17\t0.21\t0\t1\n", errNoise},
		{"with larger errors than it says", "7\t1\tA\tC\t1\t9\t0.2\t0.01\t0.09\t0.33\t0\t1\n7\t2\tA\tC\t1\t9\t0.3\t0.01\t0.17\t0.41\t0\t1\n", errNoise},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "private.tsv")
			if err := os.WriteFile(file, []byte(head+tt.rows), 0o600); err != nil {
				t.Fatal(err)
			}
			n, err := compareNoisy(file, pooled)
			if err != nil {
				t.Fatal(err)
			}
			if err := n.check(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
