package passport

import (
	"strings"
	"time"
)

// Bounds of the conditions of one visa, and of the work that all of a passport may cause:
// a pattern is compared with a value in steps, each of one character.
const (
	maxClauses = 64
	maxPattern = maxName
	maxSteps   = 4 << 20
)

// conditions are in disjunctive normal form: one of the lists has to be met, and it is
// when each of its clauses is. Passport specification, conditions.
type conditions [][]clause

// clause is met by one visa that has the type and matches all claims.
type clause struct {
	typ    Type
	claims []match
	// never says that a claim is not known here, or how to compare it. The rest of the
	// conditions may still be met.
	never bool
}

type match struct {
	claim string // value, source or by
	kind  string // const, pattern or split_pattern
	text  string
}

// parseConditions takes what stands in a visa. An empty list is no condition: the
// specification rejects only what is not empty.
func parseConditions(raw any) (conditions, Reason) {
	lists, is := raw.([]any)
	if !is {
		return nil, ConditionsUnfit
	}
	var c conditions
	clauses := 0
	for _, raw := range lists {
		list, is := raw.([]any)
		if !is || len(list) == 0 { // an empty list of clauses would always be met
			return nil, ConditionsUnfit
		}
		var all []clause
		for _, raw := range list {
			one, fit := parseClause(raw)
			if clauses++; !fit || clauses > maxClauses {
				return nil, ConditionsUnfit
			}
			all = append(all, one)
		}
		c = append(c, all)
	}
	return c, 0
}

// parseClause: type is compared as it is; it MUST NOT hold conditions or a timestamp, and
// there MUST be another claim.
func parseClause(raw any) (clause, bool) {
	o, is := raw.(object)
	if !is || len(o) < 2 {
		return clause{}, false
	}
	typ, r := o.text("type", maxName)
	if r != 0 {
		return clause{}, false
	}
	c := clause{typ: Type(typ)}
	for claim, raw := range o {
		switch claim {
		case "type":
			continue
		case "conditions", "asserted":
			return clause{}, false
		}
		s, is := raw.(string)
		kind, text, split := strings.Cut(s, ":")
		if !is || !split || len(text) > maxPattern {
			return clause{}, false
		}
		switch claim {
		case "value", "source", "by":
		default:
			c.never = true
		}
		switch kind {
		case "const", "pattern", "split_pattern":
		default:
			c.never = true
		}
		c.claims = append(c.claims, match{claim, kind, text})
	}
	return c, true
}

// met says until when the visas meet one of the lists; visas that have conditions
// themselves do not count. steps is what may still be compared: without any left,
// nothing is met.
func (c conditions) met(visas []*visa, steps *int) (until time.Time, met bool) {
	for _, all := range c {
		end := forever
		for _, one := range all {
			best := time.Time{}
			for _, v := range visas {
				if v.fact.Until.After(best) && one.meets(v, steps) {
					best = v.fact.Until
				}
			}
			end = earlier(end, best)
		}
		if end.After(until) {
			until, met = end, true
		}
	}
	return until, met
}

func (c clause) meets(v *visa, steps *int) bool {
	if c.never || v.conditional || v.fact.Type != c.typ {
		return false
	}
	for _, m := range c.claims {
		var s string
		switch m.claim {
		case "value":
			s = v.fact.Value
		case "source":
			s = v.fact.Source
		case "by":
			// Who an unknown authority is, no pattern tells.
			if s = string(v.fact.By); s == "" {
				return false
			}
		}
		if !m.meets(s, steps) {
			return false
		}
	}
	return true
}

func (m match) meets(s string, steps *int) bool {
	switch m.kind {
	case "const":
		return s == m.text
	case "pattern":
		return glob(m.text, s, steps)
	case "split_pattern":
		for part := range strings.SplitSeq(s, ";") {
			if glob(m.text, part, steps) {
				return true
			}
		}
	}
	return false
}

// glob compares a whole text: ? is one character and * any number, none too; nothing else
// means anything (Pattern Matching). After a * that did not lead on, the text is tried
// from one character later, which takes no more than both lengths multiplied.
func glob(pattern, text string, steps *int) bool {
	if *steps -= len(pattern) + len(text); *steps < 0 {
		return false
	}
	p, s := []rune(pattern), []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		if *steps--; *steps < 0 {
			return false
		}
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
