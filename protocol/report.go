package protocol

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/locus-genomics/locus/protocol/pb"
)

// BudgetClass is about how much privacy budget is left: class 0 says nothing, and each
// other one that it is at least twice what the class before it says.
type BudgetClass uint8

// Classes begin where a question is still worth asking, an epsilon of a tenth or so, and
// end above what anybody should spend.
const (
	// leastBudget is class 1: a rho of 1/4096, in 1e-12.
	leastBudget = 1_000_000_000_000 >> 12
	// MaxBudgetClass is a rho of 4, or more.
	MaxBudgetClass BudgetClass = 15
)

// ClassOfBudget rounds a rho in 1e-12 down to a class.
func ClassOfBudget(rho uint64) (c BudgetClass) {
	for c < MaxBudgetClass && (c+1).Rho() <= rho {
		c++
	}
	return c
}

// Rho is how much is left at least, in 1e-12.
func (c BudgetClass) Rho() uint64 {
	if c == 0 {
		return 0
	}
	return leastBudget << (c - 1)
}

// Below is what is more than is left, in 1e-12.
func (c BudgetClass) Below() uint64 {
	if c >= MaxBudgetClass {
		return math.MaxUint64
	}
	return (c + 1).Rho()
}

// ReportedCohort is what of a study's budget is left for questions about a cohort. What
// one researcher has left may be less, and is not said.
type ReportedCohort struct {
	Name string
	Left BudgetClass
}

// SiteReport is what a site says of its privacy budget, once a day and only where its
// custodian lets it: signed by its node, in classes.
type SiteReport struct {
	Study  string
	Roster Digest
	Point  uint32
	// Day is the midnight, in UTC, of the day that it is of.
	Day     time.Time
	Cohorts []ReportedCohort
}

// DayOf is the midnight of a time's day, in UTC.
func DayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Cohort returns what is said of a cohort.
func (s *SiteReport) Cohort(name string) (ReportedCohort, bool) {
	i := slices.IndexFunc(s.Cohorts, func(c ReportedCohort) bool { return c.Name == name })
	if i < 0 {
		return ReportedCohort{}, false
	}
	return s.Cohorts[i], true
}

// Type is the domain of a report's signature.
func (*SiteReport) Type() string { return "locus/site-report/v1" }

func (s *SiteReport) encode() ([]byte, error) {
	m := &pb.SiteReport{Study: s.Study, Roster: s.Roster[:], Point: s.Point, Day: unix(s.Day)}
	for _, c := range s.Cohorts {
		m.Cohorts = append(m.Cohorts, &pb.ReportedCohort{Name: c.Name, Left: uint32(c.Left)})
	}
	return marshal(m)
}

func (s *SiteReport) decode(payload []byte) error {
	m := new(pb.SiteReport)
	if err := unmarshal(payload, m); err != nil {
		return err
	}
	roster, err := ParseDigest(m.Roster)
	if err != nil {
		return err
	}
	*s = SiteReport{Study: m.Study, Roster: roster, Point: m.Point, Day: fromUnix(m.Day)}
	if !studyName.MatchString(s.Study) || s.Point < 1 || s.Point > MaxSites || len(m.Cohorts) > maxNames {
		return fmt.Errorf("%w: a report names a study and a site", ErrMalformed)
	}
	if s.Day.IsZero() || !s.Day.Equal(DayOf(s.Day)) {
		return fmt.Errorf("%w: a report is of a day", ErrMalformed)
	}
	names := make(repeats)
	for _, c := range m.Cohorts {
		if !plainName(c.Name) || names.seen("cohort", folded(c.Name)) {
			return fmt.Errorf("%w: reported cohorts have names that differ", ErrMalformed)
		}
		if c.Left > uint32(MaxBudgetClass) {
			return fmt.Errorf("%w: what is left of a budget is said in classes 0 to %d", ErrMalformed, MaxBudgetClass)
		}
		s.Cohorts = append(s.Cohorts, ReportedCohort{Name: c.Name, Left: BudgetClass(c.Left)})
	}
	return nil
}

// OpenSiteReport parses a report under this roster and requires that the site it speaks
// for has signed it.
func (r *Roster) OpenSiteReport(raw []byte, roster Digest) (Signed[SiteReport], error) {
	s, err := Open[SiteReport](raw, r.NodeKeys())
	if err != nil {
		return Signed[SiteReport]{}, err
	}
	if s.Message.Roster != roster {
		return Signed[SiteReport]{}, fmt.Errorf("%w: a report under another roster", ErrMalformed)
	}
	return s, r.spokenBy(s.signer, s.Message.Point, s.Message.Study)
}
