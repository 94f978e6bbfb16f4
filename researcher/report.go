package researcher

import (
	"errors"
	"fmt"
	"time"

	"github.com/locus-genomics/locus/protocol"
)

// Fit is whether a question fits in what a site has reported of its budget. It may turn
// out otherwise: a report is of a day, rounded, and not of one researcher.
type Fit uint8

// The fits of a question.
const (
	Unsaid Fit = iota // the site reports nothing
	Fits              // as much was left, or more
	Near              // about as much was left: it may fit
	Beyond            // less was left
)

// String is the fit in words.
func (f Fit) String() string {
	switch f {
	case Fits:
		return "the budget it reports has room for this"
	case Near:
		return "the budget it reports may just have room for this"
	case Beyond:
		return "the budget it reports has no room for this"
	}
	return "it does not report its budget"
}

// Fits says for each site, in roster order, whether a private question about a cohort that
// costs a rho, in 1e-12, fits in what the site has reported.
func (v View) Fits(cohort string, rho uint64) []Fit {
	fits := make([]Fit, len(v.Roster.Message.Sites))
	for i := range fits {
		if i >= len(v.Reports) || v.Reports[i].IsZero() {
			continue
		}
		c, ok := v.Reports[i].Message.Cohort(cohort)
		switch {
		case !ok:
		case rho <= c.Left.Rho():
			fits[i] = Fits
		case rho < c.Left.Below():
			fits[i] = Near
		default:
			fits[i] = Beyond
		}
	}
	return fits
}

// Reported is the day that a site's report is of, the zero time when it reports nothing.
func (v View) Reported(site int) time.Time {
	if site >= len(v.Reports) {
		return time.Time{}
	}
	return v.Reports[site].Message.Day
}

// reportsOf believes only what sites of the roster have signed under it. They come in
// roster order, and most sites say nothing.
func reportsOf(roster protocol.Signed[protocol.Roster], raws [][]byte) ([]protocol.Signed[protocol.SiteReport], error) {
	reports := make([]protocol.Signed[protocol.SiteReport], len(roster.Message.Sites))
	last := uint32(0)
	for _, raw := range raws {
		r, err := roster.Message.OpenSiteReport(raw, roster.Digest())
		if err != nil || r.Message.Point <= last {
			return nil, errors.Join(fmt.Errorf("study %q: what a site reports of its budget", roster.Message.Study), err)
		}
		last = r.Message.Point
		reports[last-1] = r
	}
	return reports, nil
}
