package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// A custodian lets the study know of its budget, and a researcher sees at that site
// whether a question fits, and at the others that they say nothing.
func TestAResearcherSeesWhatASiteReportsOfItsBudget(t *testing.T) {
	t.Parallel()
	a := newAsking(t, researcher.Ask{Mode: protocol.Private, Private: researcher.Precision{Epsilon: 1, Delta: 1e-9}})
	fits := func(rho uint64) []researcher.Fit {
		view, err := a.client.Study(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return view.Fits(sim.Everyone, rho)
	}
	const small, huge = 1_000_000, 1_000_000_000_000
	if got := fits(small); !slices.Equal(got, []researcher.Fit{researcher.Unsaid, researcher.Unsaid, researcher.Unsaid}) {
		t.Errorf("before a custodian lets it: %v", got)
	}
	if err := a.Node(1).ReportBudget(t.Context(), a.asked.Study, true); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return fits(small)[1] != researcher.Unsaid })
	want := []researcher.Fit{researcher.Unsaid, researcher.Fits, researcher.Unsaid}
	if got := fits(small); !slices.Equal(got, want) {
		t.Errorf("a question that costs little: %v, want %v", got, want)
	}
	want[1] = researcher.Beyond
	if got := fits(huge); !slices.Equal(got, want) {
		t.Errorf("a question that costs more than was allowed: %v, want %v", got, want)
	}
	if err := a.Node(1).ReportBudget(t.Context(), a.asked.Study, false); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return fits(small)[1] == researcher.Unsaid })
}

// await looks until something holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-t.Context().Done():
			t.Fatal("waited in vain")
		}
	}
}
