package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/node/policy/duo"
)

// Result is what a policy decided of a case.
type Result struct {
	Case     Case
	Decision Decision
	// DataUse is what the consents said, line by line.
	DataUse duo.Decision
	// Fault is in what it is not as expected, or nothing.
	Fault string
}

// Run decides every case of a table. Diseases may be nil.
func (p *Policy) Run(cases []Case, d duo.Diseases) []Result {
	results := make([]Result, len(cases))
	for i, c := range cases {
		results[i] = p.run(c, d)
	}
	return results
}

func (p *Policy) run(c Case, d duo.Diseases) Result {
	res := Result{Case: c}
	request, use, err := c.Facts.Request(d)
	if err != nil {
		res.Decision = Decision{Errors: []string{err.Error()}}
	} else {
		res.Decision, res.DataUse = p.Decide(request), use
	}
	var missing []string
	for _, id := range c.By {
		if !slices.ContainsFunc(res.Decision.Reasons, func(r Reason) bool { return r.Policy == id }) {
			missing = append(missing, id)
		}
	}
	switch {
	case c.Want == nil:
	case len(res.Decision.Errors) > 0:
		// It denies, and would look like what was wanted.
		res.Fault = "it cannot be decided: " + strings.Join(res.Decision.Errors, "; ")
	case res.Decision.Verdict != *c.Want:
		res.Fault = fmt.Sprintf("want %s, got %s", *c.Want, res.Decision)
	case len(missing) > 0:
		res.Fault = fmt.Sprintf("want it by %s, got %s", strings.Join(missing, " and "), res.Decision)
	}
	return res
}

// Change is a case of which two policies decide otherwise.
type Change struct {
	Case    Case
	Was, Is Decision
}

// Wider reports whether the new policy lets pass what the old one asked about or denied.
func (c Change) Wider() bool { return c.Is.Verdict > c.Was.Verdict }

// Diff shows which cases another policy would decide otherwise. Diseases may be nil.
func Diff(was, is *Policy, cases []Case, d duo.Diseases) (changes []Change) {
	for _, c := range cases {
		a, b := was.run(c, d), is.run(c, d)
		if a.Decision.Verdict != b.Decision.Verdict {
			changes = append(changes, Change{Case: c, Was: a.Decision, Is: b.Decision})
		}
	}
	return changes
}
