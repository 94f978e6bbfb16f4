package sim_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/dp/account"
	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// allow lets the study ask site i in mode dp.
func allow(t *testing.T, n *sim.Network, i int, epsilon float64) {
	t.Helper()
	for _, a := range []node.Allowance{{Kind: node.OfPeople}, {Kind: node.OfStudy, Study: "sim", Cohort: sim.Everyone}} {
		a.Promise, a.Reason = account.Budget{Epsilon: epsilon, Delta: 1e-9}, "a test"
		if err := n.Node(i).Allow(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

// Of four sites one has no budget. It says no, and the other three are enough: the answer
// has their noise and nobody else's, and the fourth was charged nothing.
func TestAPrivateAnswerGoesOnWithoutASiteThatRefuses(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 4, 30, 40)
	n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel), Modes: []protocol.Mode{protocol.Private}})
	for i := range 3 {
		allow(t, n, i, 1)
	}
	a, err := n.Ask(t.Context(), researcher.Ask{Mode: protocol.Private, Private: researcher.Precision{Epsilon: 1, Delta: 1e-9}, Purpose: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Sites) != 3 || slices.Contains(a.Sites, sites[3].Name) {
		t.Errorf("the answer is of %q", a.Sites)
	}
	// Two honest sites of three in the cut hide what three sites would.
	if want := math.Sqrt(3 * float64(a.Asked.Private.Noise.Share)); math.Abs(a.Noise.Spread-want) > 1e-9*want {
		t.Errorf("noise of standard deviation %g, want %g", a.Noise.Spread, want)
	}
	for i := range 4 {
		b, err := n.Node(i).Budget(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		charged := slices.ContainsFunc(b.Accounts, func(x node.BudgetAccount) bool { return x.Spent.Rho > 0 })
		if charged != (i < 3) {
			t.Errorf("site %d was charged: %v", i+1, charged)
		}
	}
	// The same question is the same answer, though nothing is left.
	again, err := n.Ask(t.Context(), researcher.Ask{Mode: protocol.Private, Private: researcher.Precision{Epsilon: 1, Delta: 1e-9}, Purpose: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	// In print, where what is no number is like another.
	if d := cmp.Diff(fmt.Sprint(a.Estimates), fmt.Sprint(again.Estimates)); d != "" || again.Asked.Task == a.Asked.Task {
		t.Errorf("asked again it is another answer (-once +again):\n%s", d)
	}
}
