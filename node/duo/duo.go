package duo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Purpose is what a question is for.
type Purpose string

// The purposes. A question that names none is covered by no consent that has terms.
const (
	Unsaid   Purpose = ""
	General  Purpose = "general"  // any research
	Health   Purpose = "health"   // health, medicine, biomedicine
	Disease  Purpose = "disease"  // the diseases that are named
	Ancestry Purpose = "ancestry" // origins of populations
	Methods  Purpose = "methods"  // methods, software
)

// Use is what is known of a question.
type Use struct {
	Purpose Purpose
	// Diseases are terms such as MONDO:0005015, with the purpose Disease.
	Diseases []string
	// Commercial tells that somebody means to earn by the result.
	Commercial bool
	// NonProfit tells that the researcher's organisation is known not to work for profit.
	NonProfit bool
	// Researcher, Study and Organisation are names, as the study's roster has them.
	Researcher, Study, Organisation string
	// Day is when it is asked.
	Day time.Time
}

// Diseases knows which diseases are kinds of which.
type Diseases interface {
	// Is reports whether a disease is another, or a kind of it.
	Is(disease, other string) bool
}

// Verdict is what a consent says of a use.
type Verdict int

// The verdicts, the strictest first.
const (
	Deny Verdict = iota
	Ask
	Allow
)

// String is deny, ask or allow.
func (v Verdict) String() string { return [...]string{"deny", "ask", "allow"}[v] }

// Line is what one term says.
type Line struct {
	Term    string
	Verdict Verdict
	Why     string
}

// maxTerms bounds a consent.
const maxTerms = 64

// Match compares a consent's terms with a use. The verdict is the best of the permissions'
// and no better than any restriction's. Known may be nil: then a disease is itself alone.
func Match(terms []string, u Use, known Diseases) (Verdict, []Line) {
	if len(terms) > maxTerms {
		return Deny, []Line{{Verdict: Deny, Why: fmt.Sprintf("a consent has at most %d terms", maxTerms)}}
	}
	m := matcher{use: u, known: known}
	for _, t := range terms {
		name, value, _ := strings.Cut(t, "=")
		m.terms = append(m.terms, term{whole: t, name: name, value: value})
	}
	permitted, restricted := Deny, Allow
	found := false
	for _, t := range m.terms {
		if isDisease(t.name) {
			continue // the permission DS speaks for it
		}
		rule, ok := rules[t.name]
		if !ok {
			rule = unknown
		}
		line := rule.says(&m, t)
		line.Term = cmp.Or(rule.short, t.name)
		m.lines = append(m.lines, line)
		switch {
		case !ok:
			restricted = Deny
		case rule.permits:
			found, permitted = true, max(permitted, line.Verdict)
		default:
			restricted = min(restricted, line.Verdict)
		}
	}
	if !found {
		m.lines = append(m.lines, Line{Verdict: Deny, Why: "no term permits anything"})
	}
	return min(permitted, restricted), m.lines
}

type term struct{ whole, name, value string }

// matcher is one comparison.
type matcher struct {
	use   Use
	known Diseases
	terms []term
	lines []Line
}

func isDisease(name string) bool { return strings.HasPrefix(name, "MONDO:") }

// is reports whether a disease is another, or a kind of it.
func (m *matcher) is(disease, other string) bool {
	return disease == other || m.known != nil && m.known.Is(disease, other)
}

// rule is what a term says.
type rule struct {
	short   string
	permits bool // it is a permission, and no restriction
	says    func(*matcher, term) Line
}

func allow(why string) Line { return Line{Verdict: Allow, Why: why} }
func ask(why string) Line   { return Line{Verdict: Ask, Why: why} }
func deny(why string) Line  { return Line{Verdict: Deny, Why: why} }

var unknown = rule{says: func(*matcher, term) Line { return deny("nobody here knows this term") }}

// rules are by identifier.
var rules = map[string]rule{
	"DUO:0000004": {"NRES", true, func(m *matcher, _ term) Line { return m.said(allow("no restriction")) }},
	"DUO:0000042": {"GRU", true, func(m *matcher, _ term) Line { return m.said(allow("any research is permitted")) }},
	"DUO:0000006": {"HMB", true, (*matcher).health},
	"DUO:0000007": {"DS", true, (*matcher).disease},
	"DUO:0000011": {"POA", true, (*matcher).ancestry},

	"DUO:0000045":  {"NPU", false, (*matcher).nonProfit},
	"DUO:0000046":  {"NCU", false, (*matcher).nonCommercial},
	"DUO:0000018":  {"NPUNCU", false, (*matcher).neither},
	"DUO:0000015":  {"NMDS", false, except(Methods, "research on methods")},
	"DUO:0000044":  {"NPOA", false, except(Ancestry, "research on ancestry")},
	"DUO:00000044": {"NPOA", false, except(Ancestry, "research on ancestry")}, // so written in duo.owl
	"DUO:0000016":  {"GSO", false, func(*matcher, term) Line { return allow("all that is asked is genetic") }},
	"DUO:0000026":  {"US", false, named("researcher", func(u *Use) string { return u.Researcher })},
	"DUO:0000027":  {"PS", false, named("study", func(u *Use) string { return u.Study })},
	"DUO:0000028":  {"IS", false, named("organisation", func(u *Use) string { return u.Organisation })},
	"DUO:0000025":  {"TS", false, (*matcher).until},
	"DUO:0000024":  {"MOR", false, (*matcher).after},
	"DUO:0000012":  {"RS", false, byHand("a restriction in words")},
	"DUO:0000019":  {"PUB", false, byHand("that results are published")},
	"DUO:0000020":  {"COL", false, byHand("that the site takes part")},
	"DUO:0000021":  {"IRB", false, byHand("that an ethics board has approved")},
	"DUO:0000022":  {"GS", false, byHand("where the data are used")},
	"DUO:0000029":  {"RTN", false, byHand("that data are returned")},
	"DUO:0000043":  {"CC", false, byHand("that it is for clinical care")},
}

// said requires that a question says what it is for.
func (m *matcher) said(l Line) Line {
	if m.use.Purpose == Unsaid {
		return deny("the question does not say what it is for")
	}
	return l
}

func (m *matcher) health(term) Line {
	switch m.use.Purpose {
	case Health, Disease:
		return allow("it is for health")
	case Methods:
		return ask("methods may be for health, or not")
	}
	return m.said(deny("it is for more than health"))
}

// disease is DS: of the diseases of the question, each is one of the consent's, or a kind of
// one.
func (m *matcher) disease(term) Line {
	switch {
	case m.use.Purpose != Disease || len(m.use.Diseases) == 0:
		return m.said(deny("it is for more than the disease"))
	case !slices.ContainsFunc(m.terms, func(t term) bool { return isDisease(t.name) }):
		return deny("the consent names no disease")
	}
	for _, d := range m.use.Diseases {
		if !slices.ContainsFunc(m.terms, func(t term) bool { return isDisease(t.name) && m.is(d, t.name) }) {
			return deny("it is for another disease, or a wider one: " + d)
		}
	}
	return allow("it is for the disease")
}

func (m *matcher) ancestry(term) Line {
	if m.use.Purpose == Ancestry {
		return allow("it is for ancestry")
	}
	return m.said(deny("it is for more than ancestry"))
}

func (m *matcher) nonProfit(term) Line {
	if m.use.NonProfit {
		return allow("the organisation does not work for profit")
	}
	return ask("nobody has said that the organisation does not work for profit")
}

func (m *matcher) nonCommercial(term) Line {
	if m.use.Commercial {
		return deny("the use is commercial")
	}
	return m.said(allow("the use is not commercial"))
}

func (m *matcher) neither(t term) Line {
	a, b := m.nonCommercial(t), m.nonProfit(t)
	if a.Verdict < b.Verdict {
		return a
	}
	return b
}

// except permits all purposes but one. Any research is that one, too.
func except(p Purpose, what string) func(*matcher, term) Line {
	return func(m *matcher, _ term) Line {
		switch m.use.Purpose {
		case p:
			return deny("it is " + what)
		case General:
			return ask("any research may be " + what)
		}
		return m.said(allow("it is not " + what))
	}
}

// named requires the name that the consent gives.
func named(what string, of func(*Use) string) func(*matcher, term) Line {
	return func(m *matcher, t term) Line {
		switch {
		case t.value == "":
			return ask("the consent does not name its " + what)
		case of(&m.use) == t.value:
			return allow("it is the " + what + " that the consent names")
		}
		return deny("it is another " + what + " than the consent names")
	}
}

// until is TS: the named day has not come.
func (m *matcher) until(t term) Line {
	day, err := time.Parse(time.DateOnly, t.value)
	switch {
	case err != nil:
		return ask("the consent does not say until when, as in =2030-12-31")
	case m.use.Day.Before(day):
		return allow("the consent has not ended")
	}
	return deny("the consent ended on " + t.value)
}

// after is MOR: the named day has passed.
func (m *matcher) after(t term) Line {
	day, err := time.Parse(time.DateOnly, t.value)
	switch {
	case err != nil:
		return ask("the consent does not say from when on, as in =2030-12-31")
	case m.use.Day.Before(day):
		return deny("nothing may be published before " + t.value)
	}
	return allow("the moratorium is over")
}

// byHand is for what no machine can check.
func byHand(what string) func(*matcher, term) Line {
	return func(*matcher, term) Line { return ask("somebody has to say " + what) }
}
