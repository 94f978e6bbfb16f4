package duo

import (
	"slices"
	"strings"
	"time"
)

// rules say what each modifier requires. A modifier without a rule denies.
//
//	NPU     a verified affiliation with an organisation that does not work for profit
//	NCU     a use that is not commercial
//	NPUNCU  both
//	NMDS    no purpose is methods, or contains it
//	NPOA    no purpose is population or ancestry, or contains it
//	GSO     genotypes are asked for
//	IRB     an ethics approval with the study; ask while nobody has said
//	COL, PUB, RTN
//	        the promise or agreement; ask while nobody has said
//	MOR     its day has come, or the promise to wait; ask while nobody has said
//	TS      its day has not come
//	GS      the use lies in a named region
//	US, PS, IS
//	        the named user, project or institution
//	RS, CC  always ask: a machine cannot read the one, and DUO leaves open whether the other
//	        adds clinical care to research or leaves nothing else
//
// Where TS, GS, US, PS, IS or MOR name nothing, somebody has to look it up: ask.
var rules = map[string]func(*matcher, Term) Line{
	"DUO:0000045": (*matcher).nonProfit,
	"DUO:0000046": (*matcher).nonCommercial,
	"DUO:0000018": (*matcher).neither,
	"DUO:0000015": except("methods", methods),
	"DUO:0000044": except("population or ancestry", population, ancestry),
	"DUO:0000016": (*matcher).geneticOnly,
	"DUO:0000021": promised("ethics approval", func(r *Request) Fact { return r.Ethics }),
	"DUO:0000020": promised("collaboration", func(r *Request) Fact { return r.Collaboration }),
	"DUO:0000019": promised("publication", func(r *Request) Fact { return r.Publication }),
	"DUO:0000029": promised("return of data", func(r *Request) Fact { return r.Return }),
	"DUO:0000024": (*matcher).moratorium,
	"DUO:0000025": (*matcher).until,
	"DUO:0000022": named("region", func(r *Request) []string { return r.Regions }),
	"DUO:0000026": named("user", func(r *Request) []string { return []string{r.User} }),
	"DUO:0000027": named("project", func(r *Request) []string { return []string{r.Project} }),
	"DUO:0000028": named("institution", func(r *Request) []string { return []string{r.Institution} }),
	"DUO:0000012": byHand("the restriction is in words"),
	"DUO:0000043": byHand("DUO leaves open whether clinical care is meant besides research or alone"),
}

// modifiers is the worst that a modifier says.
func (m *matcher) modifiers() Verdict {
	worst := Allow
	for _, t := range m.restricted {
		l := Line{Why: "no rule here says what this modifier requires"}
		if rule := rules[t.Code]; rule != nil {
			l = rule(m, t)
		}
		l.Code, l.Short = t.Code, t.Short()
		m.lines = append(m.lines, l)
		worst = min(worst, l.Verdict)
	}
	return worst
}

func (m *matcher) nonProfit(Term) Line {
	l := Line{Fact: "non-profit organisation " + m.request.NonProfit.String()}
	switch m.request.NonProfit {
	case Yes:
		l.Verdict, l.Why = Allow, "the organisation does not work for profit"
	case No:
		l.Why = "the organisation works for profit"
	default:
		l.Why = "no verified affiliation says that the organisation does not work for profit"
	}
	return l
}

func (m *matcher) nonCommercial(Term) Line {
	l := Line{Fact: "commercial use " + m.request.Commercial.String()}
	switch m.request.Commercial {
	case No:
		l.Verdict, l.Why = Allow, "the use is not commercial"
	case Yes:
		l.Why = "the use is commercial"
	default:
		l.Why = "the request does not say that the use is not commercial"
	}
	return l
}

func (m *matcher) neither(t Term) Line {
	commercial, profit := m.nonCommercial(t), m.nonProfit(t)
	if profit.Verdict < commercial.Verdict {
		return profit
	}
	return commercial
}

func (m *matcher) geneticOnly(Term) Line {
	l := Line{Fact: "genotypes " + m.request.Genetic.String()}
	switch m.request.Genetic {
	case Yes:
		l.Verdict, l.Why = Allow, "genotypes are asked for"
	case No:
		l.Why = "no genotype is asked for"
	default:
		l.Why = "the request does not say whether genotypes are asked for"
	}
	return l
}

// except denies some uses, and any research, which contains them.
func except(what string, not ...use) func(*matcher, Term) Line {
	return func(m *matcher, _ Term) Line {
		for _, a := range m.aims {
			switch {
			case a.use == anyResearch:
				return Line{Why: "any research may be for " + what + "; a narrower purpose is needed", Fact: "purpose " + a.text}
			case slices.Contains(not, a.use):
				return Line{Why: "it is for " + what, Fact: "purpose " + a.text}
			}
		}
		if len(m.aims) == 0 {
			return Line{Why: "the request does not say what it is for", Fact: "purpose unknown"}
		}
		return Line{Verdict: Allow, Why: "it is not for " + what}
	}
}

// promised wants a yes. Where nobody has said anything a person may know.
func promised(what string, fact func(*Request) Fact) func(*matcher, Term) Line {
	return func(m *matcher, _ Term) Line {
		f := fact(&m.request)
		l := Line{Fact: what + " " + f.String()}
		switch f {
		case Yes:
			l.Verdict, l.Why = Allow, "there is the "+what+" that is required"
		case No:
			l.Why = "there is no " + what + ", which is required"
		default:
			l.Verdict, l.Why = Ask, "nobody has said whether there is the "+what+" that is required"
		}
		return l
	}
}

// named wants one of the names that the consent gives.
func named(what string, of func(*Request) []string) func(*matcher, Term) Line {
	return func(m *matcher, t Term) Line {
		have := slices.DeleteFunc(slices.Clone(of(&m.request)), func(s string) bool { return s == "" })
		slices.Sort(have)
		l := Line{Fact: what + " " + strings.Join(have, ", ")}
		switch {
		case len(have) == 0:
			l.Why, l.Fact = "the request does not say which "+what, what+" unknown"
		case len(t.Values) == 0:
			l.Verdict, l.Why = Ask, "the consent does not name its "+what+"; write it as in "+t.Short()+"=NAME"
		case slices.ContainsFunc(have, func(h string) bool { return slices.Contains(t.Values, h) }):
			l.Verdict, l.Why = Allow, "the consent names this "+what
		default:
			l.Why = "the consent names " + strings.Join(t.Values, " or ") + " as " + what
		}
		return l
	}
}

// dayOf is the one day that a term names.
func (m *matcher) dayOf(t Term) (day time.Time, problem Line) {
	problem = Line{Fact: "time unknown"}
	if m.request.Time.IsZero() {
		problem.Why = "the request does not say when it is made"
		return day, problem
	}
	problem.Fact = "day " + m.request.Time.UTC().Format(time.DateOnly)
	if len(t.Values) == 0 {
		problem.Verdict, problem.Why = Ask, "the consent does not say which day; write it as in "+t.Short()+"=2030-12-31"
		return day, problem
	}
	day, err := time.Parse(time.DateOnly, t.Values[0])
	if err != nil || len(t.Values) > 1 {
		problem.Why = "the consent names something else than one day; write it as in " + t.Short() + "=2030-12-31"
	}
	return day, problem
}

// until is TS: the day is the first on which nothing is allowed any more, in UTC.
func (m *matcher) until(t Term) Line {
	day, l := m.dayOf(t)
	switch {
	case l.Why != "":
	case m.request.Time.Before(day):
		l.Verdict, l.Why = Allow, "the consent lasts until "+t.Values[0]
	default:
		l.Why = "the consent ended on " + t.Values[0]
	}
	return l
}

// moratorium is MOR: the day is the first on which results may be published, in UTC.
func (m *matcher) moratorium(t Term) Line {
	day, l := m.dayOf(t)
	if l.Why != "" {
		return l
	}
	if !m.request.Time.Before(day) {
		l.Verdict, l.Why = Allow, "results may be published since "+t.Values[0]
		return l
	}
	return promised("promise to publish nothing before "+t.Values[0], func(r *Request) Fact { return r.Moratorium })(m, t)
}

// byHand is for what no machine can check.
func byHand(why string) func(*matcher, Term) Line {
	return func(*matcher, Term) Line { return Line{Verdict: Ask, Why: why + ": somebody has to read it"} }
}
