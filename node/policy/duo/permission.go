package duo

import "strings"

// permitted is the table of permissions: the verdict for each use. Within means that it
// depends on the disease. What is not in it is denied.
//
// A use that another contains never does worse than that one; the test of narrower purposes
// goes through the whole table.
var permitted = map[string][uses]ruling{
	"DUO:0000004": all, // NRES
	"DUO:0000042": all, // GRU
	"DUO:0000006": { // HMB
		biomedical: allow, genetic: allow, drug: allow, diseaseCategory: allow, ofDisease: allow, controlOf: allow, methods: allow,
		age: ask, gender: ask,
	},
	"DUO:0000007": {ofDisease: within, controlOf: within, methods: ask}, // DS
	"DUO:0000011": {population: allow, ancestry: allow},                 // POA
}

// ruling is a place of the table.
type ruling uint8

const (
	deny ruling = iota
	ask
	allow
	within // allow if the disease is the consent's or a kind of it
)

var all = [uses]ruling{
	anyResearch: allow, biomedical: allow, genetic: allow, drug: allow, diseaseCategory: allow, ofDisease: allow, population: allow,
	ancestry: allow, methods: allow, age: allow, gender: allow, control: allow, controlOf: allow,
}

// permissions is the best that the permissions say of each purpose, and of these the worst.
func (m *matcher) permissions() Verdict {
	switch {
	case len(m.permits) == 0:
		m.lines = append(m.lines, Line{Verdict: Deny, Why: "the consent permits nothing: it has no permission such as GRU, HMB or DS"})
		return Deny
	case len(m.aims) == 0:
		m.lines = append(m.lines, Line{Verdict: Deny, Why: "the request does not say what it is for", Fact: "purpose unknown"})
		return Deny
	}
	worst := Allow
	for _, a := range m.aims {
		if a.fault != "" {
			m.lines = append(m.lines, Line{Verdict: Deny, Why: a.fault, Fact: "purpose " + a.text})
			worst = Deny
			continue
		}
		best := Deny
		for _, t := range m.permits {
			l := m.permission(t, a)
			m.lines = append(m.lines, l)
			best = max(best, l.Verdict)
		}
		worst = min(worst, best)
	}
	return worst
}

// permission is what one permission says of one purpose.
func (m *matcher) permission(t Term, a aim) Line {
	l := Line{Code: t.Code, Short: t.Short(), Fact: "purpose " + a.text}
	if t.Code == "DUO:0000007" && len(t.Values) == 0 {
		l.Why, l.Fact = "the consent names no disease; write it as in DS=MONDO:0005015", "disease unknown"
		return l
	}
	switch permitted[t.Code][a.use] {
	case allow:
		l.Verdict, l.Why = Allow, Label(t.Code)+" covers it"
	case ask:
		l.Verdict, l.Why = Ask, Label(t.Code)+" may cover it; somebody has to say"
	case within:
		return m.within(t, a, l)
	default:
		l.Why = Label(t.Code) + " does not cover it"
	}
	return l
}

// within is DS: the disease of the purpose is one of the consent's, or a kind of one.
func (m *matcher) within(t Term, a aim, l Line) Line {
	for _, d := range t.Values {
		if m.diseases.Within(a.disease, d) {
			l.Verdict, l.Why = Allow, "it is "+d+", or a kind of it"
			return l
		}
	}
	l.Why = "it is neither " + strings.Join(t.Values, " nor ") + ", nor a kind of it"
	return l
}
