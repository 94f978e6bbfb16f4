package node_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswerIsTheSumOverAllSites(t *testing.T) {
	w := newNetwork(t, 3)
	a := w.ask()
	got := w.read(a, w.carry(a))
	want := make([]int64, 2*variants)
	for _, s := range w.sites {
		for i, c := range s.truth {
			want[i] += c
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
