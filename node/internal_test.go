package node

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/internal/vector"
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

// Of 200 people and 3,000 variants most are found by exact frequencies, and few in noise.
func TestAttacksFindWhoIsInAnExactAnswer(t *testing.T) {
	const people, variants = 200, 3000
	r := protocol.Roster{Sites: make([]protocol.Site, 3), Threshold: 3, Corrupt: 1}
	for i := range r.Sites {
		r.Sites[i].PeopleCap = people
	}
	params, err := he.ParamsFor(len(r.Sites))
	if err != nil {
		t.Fatal(err)
	}
	q := &question{data: definition{People: people}}
	q.vector, err = vector.Of(&r, &protocol.QueryHeader{
		Analysis: protocol.AlleleFrequency.ID, Mode: protocol.Private, Params: params.Name(), Size: variants, Noise: protocol.Noise{Share: 300_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int64, 2*variants)
	for i := 0; i < len(counts); i += 2 {
		counts[i], counts[i+1] = int64(1+i%people), 2*people
	}
	a, err := play(q, counts, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if exact := a.Findings[0].Outcome.At(0.05).TPR(); exact < 0.9 {
		t.Errorf("the likelihood ratio finds %.2f of the people in an exact answer, want 0.9 or more", exact)
	}
	private := a.Findings[3]
	if found, bound := private.Outcome.At(0.05).TPR(), private.Claim.Bound(0.05); found > bound+0.05 {
		t.Errorf("it finds %.2f in a private one, of which the noise promises %.2f", found, bound)
	}
}

func TestAttacksAreThinnedWhereThereIsTooMuch(t *testing.T) {
	for _, tt := range []struct {
		variants, most, want int
		thinned              bool
	}{{10, 10, 10, false}, {10, 9, 5, true}, {1000, 0, 1, true}} {
		reference, thinned := frequencies(make([]int64, 2*tt.variants), tt.most)
		if len(reference) != tt.want || thinned != tt.thinned {
			t.Errorf("%d variants where %d are played: %d, %v", tt.variants, tt.most, len(reference), thinned)
		}
	}
}
