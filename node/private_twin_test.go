package node_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
)

// trace is what can be told of a run from outside, and what the site has charged.
type trace struct {
	Sizes  map[string][]int
	Log    []string
	Chain  []string
	Ledger []string
}

// traced asks privately until the budget is spent, over a network in which something was
// changed.
func traced(t *testing.T, change func(*network)) (tr trace) {
	w := newPrivateNetwork(t, 2)
	change(w)
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
		b := w.ask(privately, again(release))
		if err := w.offered(b); err != nil {
			size("refusal", must[[]byte](t)(w.raw(0, protocol.CallOffer, w.offer(b, 0))))
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
		if l.Call == "relay" {
			continue // a clock says when the log is shown to the others, and its length is the chain's
		}
		tr.Log = append(tr.Log, fmt.Sprint(l.Call, " ", l.Size))
	}
	tr.Chain = w.links(0)
	b := must[node.Budget](t)(w.sites[0].node.Budget(t.Context()))
	tr.Ledger = append(tr.Ledger, fmt.Sprint(b.Entries, " entries"))
	for _, a := range b.Accounts {
		tr.Ledger = append(tr.Ledger, fmt.Sprint(a.Level, " ", a.Name, " ", a.Spent, " ", a.Left))
	}
	return tr
}

// links are the kinds of a site's chain.
func (w *network) links(i int) (kinds []string) {
	w.t.Helper()
	db := must[*sql.DB](w.t)(sql.Open("sqlite", filepath.Join(w.sites[i].dir, "records.db")))
	defer db.Close()
	rows := must[*sql.Rows](w.t)(db.Query("SELECT kind FROM chain ORDER BY seq"))
	defer rows.Close()
	for rows.Next() {
		var kind string
		if err := rows.Scan(&kind); err != nil {
			w.t.Fatal(err)
		}
		kinds = append(kinds, kind)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return kinds
}

// Everything that is decided in mode dp, and the length of all that leaves, is the same for
// neighbouring data and for data as unlike as can be.
func TestTwinRunsAreAlike(t *testing.T) {
	cohort := func(change edited) func(*network) {
		return func(w *network) { w.replaceCohort(7, cohortName, change) }
	}
	counted := func(change func([]int64)) func(*network) {
		return func(w *network) {
			w.replaceCohort(7, cohortName, asItIs)
			w.sites[0].node.ChangeCounts(change)
		}
	}
	want := traced(t, cohort(asItIs))
	if len(want.Log) < 10 || len(want.Ledger) < 5 || len(want.Sizes) < 7 || len(want.Chain) < 8 {
		t.Fatalf("the trace has nothing to compare: %+v", want)
	}
	for name, change := range map[string]func(*network){
		"a person less":    cohort(withoutLast),
		"another genotype": cohort(otherGenotype),
		"another sex":      cohort(otherSex),
		"nobody is called": counted(func(counts []int64) { clear(counts) }),
		"everybody has two copies": counted(func(counts []int64) {
			for i := range counts {
				counts[i] = 2 * people
			}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(want, traced(t, change)); d != "" {
				t.Errorf("-as it is +changed:\n%s", d)
			}
		})
	}
}
