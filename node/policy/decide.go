package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/locus-genomics/locus/internal/debug"
)

// Effect is how a reason came about.
type Effect string

// The effects.
const (
	Permits  Effect = "permits"
	Forbids  Effect = "forbids"
	Consent  Effect = "consent" // the consents of the cohort say so
	NoPermit Effect = "nothing permits it"
)

// Reason is one rule that decided.
type Reason struct {
	Policy  string // its id
	Effect  Effect
	Verdict Verdict
	Text    string // its @reason
	// Approval is who has to say yes, where the verdict is Ask.
	Approval Approval
	Place    string // file and line
}

// String is the reason on one line.
func (r Reason) String() string {
	s := string(r.Effect)
	if r.Policy != "" {
		s = r.Policy + " " + s
	}
	if r.Text != "" {
		s += ": " + r.Text
	}
	return s
}

// Decision is a verdict with all rules that speak for it, by id.
type Decision struct {
	Verdict Verdict
	Reasons []Reason
	// Errors are what could not be evaluated or was no request. With any the verdict is Deny.
	Errors []string
}

// String is the decision on one line.
func (d Decision) String() string {
	var parts []string
	for _, r := range d.Reasons {
		parts = append(parts, r.String())
	}
	for _, e := range d.Errors {
		parts = append(parts, "error: "+e)
	}
	return d.Verdict.String() + " (" + strings.Join(parts, "; ") + ")"
}

// Decide says whether a request may be answered. A rule that forbids overrides all that
// permit; of those, one that asks overrides those that allow; without any the answer is no. An
// error in any rule denies: Cedar leaves such a rule out, and if it was one that forbids, the
// request would pass.
func (p *Policy) Decide(r Request) Decision {
	if err := r.check(); err != nil {
		return Decision{Errors: strings.Split(err.Error(), "\n")}
	}
	request, entities := r.cedar()
	if err := cmp.Or(theChecker().validator.Request(request), theChecker().validator.Entities(entities)); err != nil {
		return Decision{Errors: []string{err.Error()}}
	}
	answer, diagnostic := cedar.Authorize(p, entities, request)
	var d Decision
	for _, e := range diagnostic.Errors {
		d.Errors = append(d.Errors, fmt.Sprintf("%s: %s cannot be evaluated: %s", p.rule(string(e.PolicyID)).place(), e.PolicyID, e.Message))
	}
	if len(d.Errors) > 0 && !debug.Without(debug.PolicyErrorDenies) {
		return d
	}
	if answer == cedar.Allow {
		d.Verdict = Allow
	}
	for _, reason := range diagnostic.Reasons {
		rule := p.rule(string(reason.PolicyID))
		why := Reason{Policy: rule.id, Effect: Permits, Verdict: rule.verdict, Text: rule.reason, Approval: rule.approval, Place: rule.place()}
		if rule.forbids() {
			why.Effect, why.Verdict = Forbids, Deny
		}
		d.Verdict = min(d.Verdict, why.Verdict)
		d.Reasons = append(d.Reasons, why)
	}
	if len(d.Reasons) == 0 {
		d.Reasons = []Reason{{Effect: NoPermit}}
	}
	if r.DataUse < d.Verdict && !debug.Without(debug.DataUse) {
		d.Verdict = r.DataUse
		d.Reasons = append(d.Reasons, Reason{Effect: Consent, Verdict: r.DataUse, Text: "the cohort's consents say " + r.DataUse.String()})
	}
	return d
}
