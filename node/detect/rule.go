package detect

import (
	"errors"
	"fmt"
	"slices"
)

// Action is what a site does about something odd. A larger one is stricter.
type Action uint8

// The actions.
const (
	// Note writes it down.
	Note Action = 1 + iota
	// Warn tells people.
	Warn
	// Throttle refuses what the subject asks for a while.
	Throttle
	// Freeze refuses it until somebody thaws the subject.
	Freeze
)

var actionNames = []string{"none", "note", "warn", "throttle", "freeze"}

// String is the action's name, as it is written in a configuration.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("action %d", uint8(a))
}

// MarshalText writes String.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads String, and not "none": a rule does at least something.
func (a *Action) UnmarshalText(text []byte) error {
	i := slices.Index(actionNames, string(text))
	if i < int(Note) {
		return fmt.Errorf("%q is no action; want note, warn, throttle or freeze", text)
	}
	*a = Action(i)
	return nil
}

// Rule is a way of being odd. Its number is part of notices and is never used again.
type Rule uint8

// The rules.
const (
	// BurstOfResearcher is many questions of one key in a short time.
	BurstOfResearcher Rule = 1
	// BurstInStudy is many questions in one study in a short time, whoever asks.
	BurstInStudy Rule = 2
	// SameRanges is nearly the same variants over many cohorts: answers to subtract.
	SameRanges Rule = 3
	// SameCohort is nearly the same variants of one cohort again and again: answers to average.
	SameCohort Rule = 4
	// ChangedPeople is nearly the same variants of one cohort before and after its people
	// changed: answers to subtract. It is of mode exact alone.
	ChangedPeople Rule = 5
	// Walk is questions whose ranges lie one behind the other along a contig.
	Walk Rule = 6
	// Singletons is many questions for one or few variants.
	Singletons Rule = 7
	// FailedSignatures is much that is not signed by whom it speaks for.
	FailedSignatures Rule = 8
	// Honeypot is a narrow question for a variant that nobody has a reason to ask for.
	Honeypot Rule = 9
)

// ruleWords are a rule's name and what a finding of it is called.
var ruleWords = map[Rule]struct{ name, title string }{
	BurstOfResearcher: {"burst-researcher", "Many questions of one researcher in a short time"},
	BurstInStudy:      {"burst-study", "Many questions in one study in a short time"},
	SameRanges:        {"same-ranges", "Nearly the same variants asked over many cohorts"},
	SameCohort:        {"same-cohort", "Nearly the same variants of one cohort asked again and again"},
	ChangedPeople:     {"changed-people", "Nearly the same variants asked while a cohort's people changed"},
	Walk:              {"walk", "Questions that lie one behind the other along a contig"},
	Singletons:        {"singletons", "Many questions for one or few variants"},
	FailedSignatures:  {"failed-signatures", "Many messages that are not signed by whom they speak for"},
	Honeypot:          {"honeypot", "A narrow question for a variant that nobody has a reason to ask for"},
}

// Rules lists all of them by number.
func Rules() []Rule {
	list := make([]Rule, 0, len(ruleWords))
	for r := BurstOfResearcher; r <= Honeypot; r++ {
		list = append(list, r)
	}
	return list
}

// String is the rule's name.
func (r Rule) String() string {
	if w, ok := ruleWords[r]; ok {
		return w.name
	}
	return fmt.Sprintf("rule %d", uint8(r))
}

// errNoRule is for a name that no rule has.
var errNoRule = errors.New("no rule of that name")

func parseRule(name string) (Rule, error) {
	for r, w := range ruleWords {
		if w.name == name {
			return r, nil
		}
	}
	return 0, errNoRule
}
