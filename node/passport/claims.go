package passport

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Identity is a person within one issuer's system: Passport specification, Visa Identity.
type Identity struct{ Issuer, Subject string }

// Format keeps a person out of every print and log.
func (Identity) Format(s fmt.State, _ rune) { fmt.Fprint(s, "passport.Identity(…)") }

func (i Identity) compare(j Identity) int {
	return cmp.Or(cmp.Compare(i.Issuer, j.Issuer), cmp.Compare(i.Subject, j.Subject))
}

// Type is one of the standard visa types.
type Type string

// The standard visa types. Visas of others are passed over, as the specification demands
// of a clearinghouse that does not know them (Custom Visa Types).
const (
	AffiliationAndRole       Type = "AffiliationAndRole"
	AcceptedTermsAndPolicies Type = "AcceptedTermsAndPolicies"
	ResearcherStatus         Type = "ResearcherStatus"
	ControlledAccessGrants   Type = "ControlledAccessGrants"
	LinkedIdentities         Type = "LinkedIdentities"
)

// By is the authority that has asserted something within its source. The zero value is
// an unknown one.
type By string

// The authorities: Passport specification, by.
const (
	BySelf   By = "self"
	ByPeer   By = "peer"
	BySystem By = "system"
	BySO     By = "so"
	ByDAC    By = "dac"
)

// Fact is what a visa says, once everything about it has been checked.
type Fact struct {
	Type          Type
	Value, Source string
	By            By
	// Issuer has signed it, about Identity.
	Issuer   string
	Identity Identity
	Asserted time.Time
	// Until is when the fact ends: with its visa, with what its conditions rest on, or
	// with what links its identity to the passport's, whichever is first.
	Until time.Time
}

// Format keeps what is said of a person out of every print and log.
func (f Fact) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "passport.Fact(%s …)", f.Type) }

// same reports whether two facts say the same, whatever their times.
func (f Fact) same(g Fact) bool {
	f.Asserted, f.Until = g.Asserted, g.Until
	return f == g
}

// Passed is a visa that was passed over.
type Passed struct {
	// Index is its place in the passport, from 0.
	Index  int
	Reason Reason
}

// Claims is what a passport has shown at one moment, and nothing that was not checked.
// A site may keep it; it is about a person, and is kept as such.
type Claims struct {
	// Person is who holds the passport; Linked are the identities that a trusted
	// LinkedIdentities visa says are the same person, sorted, without Person.
	Person Identity
	Linked []Identity
	// Bound is what ties the key of the query to Person.
	Bound Binding
	// Facts are in the order of the passport, and so are those that were Passed over.
	Facts  []Fact
	Passed []Passed
	// Until is when the passport itself ends; zero for a plain list of visas.
	Until time.Time
}

// Format keeps a person out of every print and log.
func (c Claims) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "passport.Claims(%d facts, %d passed over)", len(c.Facts), len(c.Passed))
}

// Of are the facts of one type.
func (c Claims) Of(t Type) []Fact {
	var of []Fact
	for _, f := range c.Facts {
		if f.Type == t {
			of = append(of, f)
		}
	}
	return of
}

// registeredAccess names the version of Registered Access that there is.
const registeredAccess = "https://doi.org/10.1038/s41431-018-0219-y"

// RegisteredAccess reports whether the person has accepted its terms and is a bona fide
// researcher (Passport specification, Registered Access), and until when.
func (c Claims) RegisteredAccess() (until time.Time, has bool) {
	var ends [2]time.Time
	for i, t := range []Type{AcceptedTermsAndPolicies, ResearcherStatus} {
		for _, f := range c.Of(t) {
			if f.Value == registeredAccess && f.Until.After(ends[i]) {
				ends[i] = f.Until
			}
		}
		if ends[i].IsZero() {
			return time.Time{}, false
		}
	}
	return earlier(ends[0], ends[1]), true
}

// holds reports whether all that was known before is still so, of the same person.
func (c Claims) holds(before Claims) bool {
	if c.Person != before.Person {
		return false
	}
	for _, f := range before.Facts {
		if !slices.ContainsFunc(c.Facts, f.same) {
			return false
		}
	}
	return true
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
