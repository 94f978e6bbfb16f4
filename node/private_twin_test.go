package node_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
)

// Everything that is decided in mode dp, and the length of all that leaves, is the same for
// neighbouring data: a person more or less, another genotype, another sex.
func TestTwinRunsAreAlike(t *testing.T) {
	type trace struct {
		Sizes  map[string][]int
		Log    []string
		Ledger []string
	}
	run := func(change edited) (tr trace) {
		w := newPrivateNetwork(t, 2)
		w.replaceCohort(0, cohortName, change)
		a := w.ask(privately)
		c := w.carry(a)
		tr.Sizes = make(map[string][]int)
		size := func(what string, b []byte) { tr.Sizes[what] = append(tr.Sizes[what], len(b)) }
		for i := range w.sites {
			size("contribution", must[[]byte](t)(c.contributions[i].Bytes()))
			size("words", w.words(c, i))
			size("received", c.received[i].Bytes())
			size("vote", c.votes[i].Bytes())
			size("opening", must[[]byte](t)(c.openings[i].Bytes()))
			size("declaration", w.state(i).Declaration)
		}
		for release := uint32(2); ; release++ {
			if err := w.offered(w.ask(privately, again(release))); err != nil {
				tr.Log = append(tr.Log, fmt.Sprint("refused at ", release, ": ", err))
				break
			}
		}
		for _, line := range bytes.Split(must[[]byte](t)(os.ReadFile(filepath.Join(w.sites[0].dir, "egress.log"))), []byte("\n")) {
			var l struct {
				Call string
				Size int
			}
			if len(line) > 0 {
				if err := json.Unmarshal(line, &l); err != nil {
					t.Fatal(err)
				}
			}
			tr.Log = append(tr.Log, fmt.Sprint(l.Call, " ", l.Size))
		}
		b := must[node.Budget](t)(w.sites[0].node.Budget(t.Context()))
		for _, a := range b.Accounts {
			tr.Ledger = append(tr.Ledger, fmt.Sprint(a.Level, " ", a.Name, " ", a.Spent, " ", a.Left))
		}
		return tr
	}
	want := run(asItIs)
	if len(want.Log) < 10 || len(want.Ledger) < 4 || len(want.Sizes) < 6 {
		t.Fatalf("the trace has nothing to compare: %+v", want)
	}
	for name, change := range map[string]edited{"a person less": withoutLast, "another genotype": otherGenotype, "another sex": otherSex} {
		if d := cmp.Diff(want, run(change)); d != "" {
			t.Errorf("%s (-as it is +changed):\n%s", name, d)
		}
	}
}
