package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Roles are those of the people who decide at a site.
func Roles() []string { return []string{"steward", "dpo", "ethics"} }

// Approval says which people have to say yes: "steward", "steward + dpo", "2 of steward, dpo,
// ethics". Its zero value is a steward.
type Approval struct{ parts []part }

// part is how many people of some roles are needed.
type part struct {
	need  int
	roles []string
}

// maxNeed bounds how many people of one list a site can wait for.
const maxNeed = 16

// ParseApproval reads an approval.
func ParseApproval(text string) (Approval, error) {
	var a Approval
	for _, t := range strings.Split(text, "+") {
		p := part{need: 1}
		if head, list, counted := strings.Cut(t, " of "); counted {
			n, err := strconv.Atoi(strings.TrimSpace(head))
			if err != nil || n < 1 || n > maxNeed {
				return a, fmt.Errorf("approval %q: %q is not a number from 1 to %d", text, strings.TrimSpace(head), maxNeed)
			}
			p.need, t = n, list
		}
		for _, role := range strings.Split(t, ",") {
			role = strings.TrimSpace(role)
			if !slices.Contains(Roles(), role) || slices.Contains(p.roles, role) {
				return a, fmt.Errorf("approval %q: %q is not one of %s, or stands there twice; write \"steward + dpo\" or \"2 of steward, dpo, ethics\"", text, role, strings.Join(Roles(), ", "))
			}
			p.roles = append(p.roles, role)
		}
		a.parts = append(a.parts, p)
	}
	return a, nil
}

// String is what ParseApproval reads.
func (a Approval) String() string {
	if len(a.parts) == 0 {
		return Roles()[0]
	}
	var all []string
	for _, p := range a.parts {
		s := strings.Join(p.roles, ", ")
		if p.need > 1 {
			s = fmt.Sprintf("%d of %s", p.need, s)
		}
		all = append(all, s)
	}
	return strings.Join(all, " + ")
}

// Given reports whether enough people have said yes: their roles, one for each of them.
func (a Approval) Given(yes []string) bool {
	parts := a.parts
	if len(parts) == 0 {
		parts = []part{{1, Roles()[:1]}}
	}
	for _, p := range parts {
		n := 0
		for _, role := range yes {
			if slices.Contains(p.roles, role) {
				n++
			}
		}
		if n < p.need {
			return false
		}
	}
	return true
}

// Approvals are those of the rules that ask: all of them have to be given.
func (d Decision) Approvals() (all []Approval) {
	for _, r := range d.Reasons {
		if r.Verdict == Ask {
			all = append(all, r.Approval)
		}
	}
	return all
}
