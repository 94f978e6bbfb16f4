package policy

import (
	"fmt"
	"time"

	"github.com/locus-genomics/locus/node/policy/duo"
)

// Facts are what is known of a question, as people write them into a table of cases, and as a
// node records them. What is left out is not known, which mostly denies.
type Facts struct {
	Researcher   string   `json:"researcher,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Country      string   `json:"country,omitempty"`
	Roles        []string `json:"roles,omitempty"`
	Visas        []string `json:"visas,omitempty"`

	Study     string   `json:"study,omitempty"`
	Cohort    string   `json:"cohort,omitempty"`
	Duo       []string `json:"duo,omitempty"`
	Region    string   `json:"region,omitempty"`
	SizeClass int64    `json:"sizeClass,omitempty"`

	Mode          string   `json:"mode,omitempty"`
	Analysis      string   `json:"analysis,omitempty"`
	Variants      int64    `json:"variants,omitempty"`
	MicroEpsilon  int64    `json:"microEpsilon,omitempty"`
	DeltaExponent int64    `json:"deltaExponent,omitempty"`
	Purposes      []string `json:"purposes,omitempty"`
	// Time is a day, or a moment as in RFC 3339.
	Time    string `json:"time,omitempty"`
	Granted bool   `json:"granted,omitempty"`

	// For the consents alone. Regions are those of the use, the country without them.
	Regions       []string `json:"regions,omitempty"`
	Commercial    *bool    `json:"commercial,omitempty"`
	NonProfit     *bool    `json:"nonProfit,omitempty"`
	Ethics        *bool    `json:"ethics,omitempty"`
	Collaboration *bool    `json:"collaboration,omitempty"`
	Publication   *bool    `json:"publication,omitempty"`
	Moratorium    *bool    `json:"moratorium,omitempty"`
	Return        *bool    `json:"return,omitempty"`
	// Genetic is yes without it: all that a node counts is genotypes.
	Genetic *bool `json:"genetic,omitempty"`
	// DataUse is what the consents say, in place of comparing Duo with the rest.
	DataUse string `json:"dataUse,omitempty"`
}

func factOf(b *bool, without duo.Fact) duo.Fact {
	switch {
	case b == nil:
		return without
	case *b:
		return duo.Yes
	}
	return duo.No
}

// Request makes the request that a policy decides about, and compares the consents with it.
// Diseases may be nil; then each is within itself alone.
func (f Facts) Request(d duo.Diseases) (Request, duo.Decision, error) {
	when, err := parseTime(f.Time)
	if err != nil {
		return Request{}, duo.Decision{}, err
	}
	r := Request{
		Researcher: Researcher{Name: f.Researcher, Organisation: f.Organisation, Country: f.Country, Roles: f.Roles, Visas: f.Visas},
		Cohort:     Cohort{Name: f.Cohort, Duo: f.Duo, Region: f.Region, SizeClass: f.SizeClass},
		Study:      f.Study, Mode: f.Mode, Analysis: f.Analysis, Variants: f.Variants, MicroEpsilon: f.MicroEpsilon, DeltaExponent: f.DeltaExponent,
		Purposes: f.Purposes, Within: duo.Within(f.Purposes, d), Time: when, Granted: f.Granted,
	}
	if f.DataUse != "" {
		r.DataUse, err = duo.ParseVerdict(f.DataUse)
		return r, duo.Decision{Verdict: r.DataUse}, err
	}
	use := f.use(when)
	decision := duo.Match(f.Duo, use, d)
	r.DataUse = decision.Verdict
	return r, decision, nil
}

// use are the facts that consents are compared with.
func (f Facts) use(when time.Time) duo.Request {
	regions := f.Regions
	if len(regions) == 0 && f.Country != "" {
		regions = []string{f.Country}
	}
	return duo.Request{
		Purposes: f.Purposes, Regions: regions, Institution: f.Organisation, Project: f.Study, User: f.Researcher, Time: when,
		Commercial: factOf(f.Commercial, duo.Unknown), NonProfit: factOf(f.NonProfit, duo.Unknown), Genetic: factOf(f.Genetic, duo.Yes),
		Ethics: factOf(f.Ethics, duo.Unknown), Collaboration: factOf(f.Collaboration, duo.Unknown),
		Publication: factOf(f.Publication, duo.Unknown), Moratorium: factOf(f.Moratorium, duo.Unknown), Return: factOf(f.Return, duo.Unknown),
	}
}

func parseTime(s string) (time.Time, error) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("time %.40q is neither a day, as in 2026-11-25, nor a moment, as in 2026-11-25T12:00:00Z", s)
}
