package protocol_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/protocol"
)

// report is what the first site says, after change.
func (s *study) report(change func(*protocol.SiteReport)) protocol.SiteReport {
	r := protocol.SiteReport{
		Study: "demo", Roster: s.roster.Digest(), Point: 1, Day: protocol.DayOf(now),
		Cohorts: []protocol.ReportedCohort{{Name: "all", Left: 7}},
	}
	if change != nil {
		change(&r)
	}
	return r
}

func TestABudgetIsRoundedDownToAClass(t *testing.T) {
	for _, tt := range []struct {
		rho  uint64
		want protocol.BudgetClass
	}{
		{0, 0}, {244_140_624, 0}, {244_140_625, 1}, {488_281_249, 1}, {488_281_250, 2},
		{1_000_000_000_000, 13}, {3_999_999_999_999, 14}, {4_000_000_000_000, 15}, {math.MaxUint64, protocol.MaxBudgetClass},
	} {
		if got := protocol.ClassOfBudget(tt.rho); got != tt.want {
			t.Errorf("%d is of class %d, want %d", tt.rho, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rho := rapid.Uint64().Draw(t, "rho")
		c := protocol.ClassOfBudget(rho)
		if c.Rho() > rho || rho >= c.Below() && c.Below() != math.MaxUint64 {
			t.Fatalf("%d is said to be from %d to below %d", rho, c.Rho(), c.Below())
		}
	})
}

func TestAReportIsReadAsItWasSigned(t *testing.T) {
	s := newStudy(t, 3)
	r := signed[protocol.SiteReport](t)(protocol.Sign(s.report(nil), s.nodes[0]))
	got, err := s.r().OpenSiteReport(r.Bytes(), s.roster.Digest())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.report(nil), got.Message); d != "" {
		t.Error(d)
	}
	if c, ok := got.Message.Cohort("all"); !ok || c.Left != 7 {
		t.Errorf("cohort all has %v, %v", c, ok)
	}
	if _, ok := got.Message.Cohort("other"); ok {
		t.Error("something is said of a cohort that is not in it")
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	s := newStudy(t, 3)
	for _, tt := range []struct {
		name   string
		change func(*protocol.SiteReport)
		signer *protocol.SigningKey
		want   error
	}{
		{"of another site", func(r *protocol.SiteReport) { r.Point = 2 }, s.nodes[0], protocol.ErrSigner},
		{"by the custodian", nil, s.custodians[0], protocol.ErrSigner},
		{"by nobody", nil, s.mallory, protocol.ErrSigner},
		{"of another study", func(r *protocol.SiteReport) { r.Study = "other" }, s.nodes[0], protocol.ErrMalformed},
		{"under another roster", func(r *protocol.SiteReport) { r.Roster = protocol.Hash("another") }, s.nodes[0], protocol.ErrMalformed},
		{"of a time within a day", func(r *protocol.SiteReport) { r.Day = r.Day.Add(time.Second) }, s.nodes[0], protocol.ErrMalformed},
		{"of no day", func(r *protocol.SiteReport) { r.Day = time.Time{} }, s.nodes[0], protocol.ErrMalformed},
		{"in a class that does not exist", func(r *protocol.SiteReport) { r.Cohorts[0].Left = protocol.MaxBudgetClass + 1 }, s.nodes[0], protocol.ErrMalformed},
		{"of one cohort twice", func(r *protocol.SiteReport) { r.Cohorts = append(r.Cohorts, protocol.ReportedCohort{Name: "All"}) }, s.nodes[0], protocol.ErrMalformed},
		{"of a cohort that moves the cursor", func(r *protocol.SiteReport) { r.Cohorts[0].Name = "a\x1b[2K" }, s.nodes[0], protocol.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := protocol.Sign(s.report(tt.change), tt.signer)
			if err == nil {
				_, err = s.r().OpenSiteReport(r.Bytes(), s.roster.Digest())
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
