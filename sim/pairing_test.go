package sim_test

import (
	"testing"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// Eight sites pack two numbers on a polynomial, and share keys of pairs. The first
// question tells the keys and the second uses them; at the third a site dies before it
// votes, and the others are enough.
func TestManySitesShareKeysOfPairs(t *testing.T) {
	t.Parallel()
	made, sites := synthetic(t, 8, 30, 40)
	n := newNetwork(t, sim.Config{Sites: sites, Panel: readPanel(t, made.Panel), Threshold: 7, Packing: 2})
	truth := readTruth(t, made.Truth)
	for _, purpose := range []string{"to begin with", "once more"} {
		answer, err := n.Ask(t.Context(), researcher.Ask{Purpose: purpose})
		if err != nil {
			t.Fatal(err)
		}
		differ(t, answer, truth)
		if answer.Attempt != 1 {
			t.Errorf("%s: attempt %d", purpose, answer.Attempt)
		}
	}
	g := &grave{peer: n.Peer(7), call: protocol.CallCut, hit: make(chan struct{})}
	n.Faults(g.befall)
	q := ask(t.Context(), n)
	<-q.done
	if q.err != nil {
		t.Fatal(q.err)
	}
	differ(t, q.answer, truth)
	select {
	case <-g.hit:
	default:
		t.Error("the site did not die")
	}
}
