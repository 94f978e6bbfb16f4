package duo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
)

// Verdict is what a consent says of a request.
type Verdict uint8

// The verdicts, the strictest first.
const (
	Deny Verdict = iota
	Ask          // somebody has to decide
	Allow
)

// String is deny, ask or allow.
func (v Verdict) String() string {
	if v > Allow {
		return fmt.Sprintf("verdict %d", uint8(v))
	}
	return [...]string{"deny", "ask", "allow"}[v]
}

// ParseVerdict reads deny, ask or allow.
func ParseVerdict(s string) (Verdict, error) {
	for v := Deny; v <= Allow; v++ {
		if v.String() == s {
			return v, nil
		}
	}
	return Deny, fmt.Errorf("duo: %.20q is no verdict; allow, ask and deny are", s)
}

// Fact is what is known of a yes-or-no question.
type Fact uint8

// The facts. What nobody has said is neither yes nor no.
const (
	Unknown Fact = iota
	No
	Yes
)

// String is yes, no or unknown.
func (f Fact) String() string {
	switch f {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "unknown"
}

// Request is what is known of a question. The zero value of each field is "not known".
type Request struct {
	// Purposes are what it is for: codes of DUO, diseases of MONDO, or the control of a
	// disease as in DUO:0000036=MONDO:0005015. All of them have to be covered.
	Purposes []string
	// Commercial is whether somebody means to earn by the result.
	Commercial Fact
	// NonProfit is whether the organisation is known not to work for profit. It MUST come
	// from a verified affiliation.
	NonProfit Fact
	// Genetic is whether genotypes are asked for, not phenotypes alone.
	Genetic Fact
	// Ethics is whether an ethics approval lies with the study.
	Ethics Fact
	// Collaboration is whether it was agreed to work together with the site.
	Collaboration Fact
	// Publication is whether the researcher has promised to publish; Moratorium, not to
	// publish before the day that the consent names; Return, to give derived data back.
	Publication, Moratorium, Return Fact
	// Regions are all that the place of the use lies in: CH, or DE and EU.
	Regions []string
	// Institution, Project and User are names, as the study's roster has them.
	Institution, Project, User string
	// Time is when it is asked.
	Time time.Time
}

// Line is what one term says of a request.
type Line struct {
	// Code is the term, as in DUO:0000042, and Short its abbreviation.
	Code, Short string
	Verdict     Verdict
	Why         string
	// Fact is what of the request, or of the consent, decided.
	Fact string
}

// String is the line as people read it.
func (l Line) String() string {
	s := fmt.Sprintf("%-5s %-6s %s", l.Verdict, cmp.Or(l.Short, l.Code, "-"), l.Why)
	if l.Fact != "" {
		s += " (" + l.Fact + ")"
	}
	return s
}

// Decision is a verdict with its lines: first what cannot be read, then the permissions for
// each purpose, then the modifiers, each by code. The verdict is the best that the permissions give to each purpose, no better
// than for any other purpose, and no better than any modifier's.
type Decision struct {
	Verdict Verdict
	Lines   []Line
}

// Match compares a consent's terms with a request. Without an ontology, d is nil; then a
// disease is within itself alone.
func Match(consent []string, r Request, d Diseases) Decision {
	if d == nil {
		d = alone{}
	}
	m := matcher{request: r, diseases: d, faults: Allow}
	if len(consent) > maxTerms || len(r.Purposes) > maxPurposes {
		m.fault(Line{Why: fmt.Sprintf("a consent has at most %d terms and a request %d purposes", maxTerms, maxPurposes)})
		return Decision{Lines: m.lines}
	}
	m.read(consent)
	verdict := min(m.permissions(), m.modifiers(), m.faults)
	if verdict < Allow && debug.Without(debug.DataUse) {
		verdict = Allow
	}
	return Decision{Verdict: verdict, Lines: m.lines}
}

// matcher is one comparison.
type matcher struct {
	request    Request
	diseases   Diseases
	aims       []aim
	permits    []Term
	restricted []Term
	faults     Verdict // Deny once something could not be read
	lines      []Line
}

// read sorts the terms of a consent. A disease on its own belongs to DS, as tables of
// consents have it in a column beside.
func (m *matcher) read(consent []string) {
	var diseases []string
	var specific bool
	consent = slices.Clone(consent)
	slices.Sort(consent)
	for _, text := range slices.Compact(consent) {
		t, err := ParseTerm(text)
		k, isKnown := codeOf(t.Code)
		switch {
		case err != nil:
			m.fault(Line{Code: text, Why: "the term cannot be read"})
		case IsDisease(t.Code) && len(t.Values) == 0:
			diseases = append(diseases, t.Code)
		case t.Code == "DUO:0000007":
			specific, diseases = true, append(diseases, t.Values...)
		case isKnown && k.sort == permission && len(t.Values) == 0:
			m.permits = append(m.permits, t)
		case isKnown && k.sort == modifier:
			m.restricted = append(m.restricted, t)
		case isKnown && k.sort == obsolete:
			m.fault(Line{Code: t.Code, Why: "this code is obsolete and says nothing that can be checked; write what is meant"})
		case isKnown:
			m.fault(Line{Code: t.Code, Why: "this is neither a permission nor a modifier, or names something where it cannot"})
		default:
			m.fault(Line{Code: t.Code, Why: "nobody here knows this code"})
		}
	}
	if specific || len(diseases) > 0 {
		slices.Sort(diseases)
		m.specific(specific, slices.Compact(diseases))
	}
	order := func(a, b Term) int { return strings.Compare(a.String(), b.String()) }
	slices.SortFunc(m.permits, order)
	slices.SortFunc(m.restricted, order)
	same := func(a, b Term) bool { return a.String() == b.String() }
	m.permits, m.restricted = slices.CompactFunc(m.permits, same), slices.CompactFunc(m.restricted, same)
	m.aims = readAims(m.request.Purposes, m.diseases)
}

// specific takes in DS with its diseases. Diseases without it permit nothing.
func (m *matcher) specific(permitted bool, diseases []string) {
	t := Term{Code: "DUO:0000007"}
	for _, d := range diseases {
		d = normal(d)
		now, isKnown := m.diseases.Current(d)
		switch {
		case !IsDisease(d) || !isKnown:
			m.fault(Line{Code: t.Code, Why: "the consent names a disease that is not in the ontology, or is obsolete without a successor", Fact: "disease " + d})
		default:
			t.Values = append(t.Values, now)
		}
	}
	if !permitted {
		m.fault(Line{Code: t.Code, Why: "the consent names a disease and no permission for it", Fact: "disease " + strings.Join(diseases, ", ")})
		return
	}
	m.permits = append(m.permits, t)
}

// fault notes what denies whatever else is said.
func (m *matcher) fault(l Line) {
	l.Verdict, l.Short, m.faults = Deny, Short(l.Code), Deny
	m.lines = append(m.lines, l)
}
