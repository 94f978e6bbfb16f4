package node

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/protocol"
)

// The caps of a study are so large that a sum could carry into the next counter: what
// the researcher reads would be another number, and the check words would agree. It
// takes hundreds of sites, so that the rule is asked alone.
func TestAttackSumThatCarries(t *testing.T) {
	const sites = 300
	r := protocol.Roster{Sites: make([]protocol.Site, sites)}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = maxPeopleCap
	}
	proposal := protocol.Signed[protocol.Roster]{Message: r}
	params, err := he.ParamsFor(sites)
	if err != nil {
		t.Fatal(err)
	}
	header := protocol.Signed[protocol.QueryHeader]{Message: protocol.QueryHeader{
		Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Exact, Params: params.Name(), Size: 10,
	}}
	debug.Defended(t, debug.OverflowBound, func() error {
		q := &question{
			pinned: &pinned{roster: proposal}, header: header, data: definition{People: 100},
		}
		err := checkVector(t.Context(), q)
		if err != nil && !errors.Is(err, protocol.TooLarge) {
			t.Errorf("got %v, want %v", err, protocol.TooLarge)
		}
		return err
	})
}
