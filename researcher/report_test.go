package researcher_test

import (
	"slices"
	"testing"
	"time"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/researcher"
)

func TestWhatFitsInAReportedBudget(t *testing.T) {
	said := func(left protocol.BudgetClass) (s protocol.Signed[protocol.SiteReport]) {
		s, err := protocol.Sign(protocol.SiteReport{
			Study: "demo", Point: 1, Day: protocol.DayOf(time.Now()), Cohorts: []protocol.ReportedCohort{{Name: "all", Left: left}},
		}, newKey(t, "site"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	v := researcher.View{Reports: []protocol.Signed[protocol.SiteReport]{{}, said(0), said(5), said(protocol.MaxBudgetClass)}}
	v.Roster.Message.Sites = make([]protocol.Site, 4)
	five := protocol.BudgetClass(5).Rho()
	for _, tt := range []struct {
		name   string
		cohort string
		rho    uint64
		want   []researcher.Fit
	}{
		{"a question that costs little", "all", 1000, []researcher.Fit{researcher.Unsaid, researcher.Near, researcher.Fits, researcher.Fits}},
		{"one that costs just what is said", "all", five, []researcher.Fit{researcher.Unsaid, researcher.Beyond, researcher.Fits, researcher.Fits}},
		{"one that costs a little more", "all", five + 1, []researcher.Fit{researcher.Unsaid, researcher.Beyond, researcher.Near, researcher.Fits}},
		{"one that costs twice as much", "all", 2 * five, []researcher.Fit{researcher.Unsaid, researcher.Beyond, researcher.Beyond, researcher.Fits}},
		{"one that costs more than anybody reports", "all", 1 << 60, []researcher.Fit{researcher.Unsaid, researcher.Beyond, researcher.Beyond, researcher.Near}},
		{"one about another cohort", "other", 1, make([]researcher.Fit, 4)},
	} {
		if got := v.Fits(tt.cohort, tt.rho); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if !v.Reported(0).IsZero() || v.Reported(1).IsZero() {
		t.Error("the days of reports are mixed up")
	}
}
