package policy

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// The modes of a question, as protocol.Mode spells them.
const (
	Exact   = "exact"
	Private = "dp"
)

// Bounds on a request, so that comparing it with a policy ends soon.
const (
	maxText = 256
	maxSet  = 64
)

// Researcher is who asks. All of it has to be verified before.
type Researcher struct {
	Name         string
	Organisation string
	Country      string // ISO 3166, two letters
	// Roles and Visas are what a passport says: faculty@example.org, or a data access
	// committee's grant. The values are compared whole.
	Roles, Visas []string
}

// Cohort is what is asked about, as the site has declared it.
type Cohort struct {
	Name string
	// Duo are the codes of the dataset, never those of single people.
	Duo    []string
	Region string
	// SizeClass is what protocol.SizeClass gives: 20, 100, 500 and so on.
	SizeClass int64
}

// Request is what a policy decides about.
type Request struct {
	Researcher Researcher
	Cohort     Cohort
	Study      string
	Mode       string // Exact or Private
	Analysis   string // a kernel with its version: af/1
	Variants   int64
	// MicroEpsilon is a millionth of epsilon, rounded up; delta is 10 to the minus
	// DeltaExponent or less. Both are of Private alone.
	MicroEpsilon, DeltaExponent int64
	// Purposes are those of the request, and Within what duo.Within gives for them.
	Purposes, Within []string
	Time             time.Time
	// Granted is whether the custodian has granted an exact release for study and cohort.
	Granted bool
	// DataUse is what the cohort's consents say, by duo.Match. No policy can better it.
	DataUse Verdict
}

// check returns all faults at once.
func (r *Request) check() error {
	var faults []error
	text := func(what, s string, empty bool) {
		if len(s) > maxText || !utf8.ValidString(s) || s == "" && !empty {
			faults = append(faults, fmt.Errorf("%s is missing, longer than %d bytes or no text", what, maxText))
		}
		for _, c := range s {
			if !unicode.IsPrint(c) {
				faults = append(faults, fmt.Errorf("%s does not print", what))
				break
			}
		}
	}
	set := func(what string, list []string) {
		if len(list) > maxSet {
			faults = append(faults, fmt.Errorf("more than %d %s", maxSet, what))
			return
		}
		for _, s := range list {
			text("one of the "+what, s, false)
		}
	}
	text("the researcher's name", r.Researcher.Name, false)
	text("the organisation", r.Researcher.Organisation, true)
	text("the country", r.Researcher.Country, true)
	text("the cohort", r.Cohort.Name, false)
	text("the region", r.Cohort.Region, true)
	text("the study", r.Study, false)
	text("the analysis", r.Analysis, false)
	set("roles", r.Researcher.Roles)
	set("visas", r.Researcher.Visas)
	set("codes of the cohort", r.Cohort.Duo)
	set("purposes", r.Purposes)
	if len(r.Within) > 64*maxSet {
		faults = append(faults, errors.New("more terms above the purposes than an ontology has"))
	}
	switch {
	case r.Mode != Exact && r.Mode != Private:
		faults = append(faults, fmt.Errorf("mode %.20q is neither %s nor %s", r.Mode, Exact, Private))
	case r.Mode == Exact && (r.MicroEpsilon != 0 || r.DeltaExponent != 0):
		faults = append(faults, errors.New("an exact question has neither epsilon nor delta"))
	case r.Mode == Private && (r.MicroEpsilon <= 0 || r.DeltaExponent <= 0):
		faults = append(faults, errors.New("a private question has epsilon and delta above 0"))
	}
	if r.Variants < 0 || r.Cohort.SizeClass < 0 || r.Time.IsZero() || r.DataUse > Allow {
		faults = append(faults, errors.New("a negative number, no time, or no verdict on data use"))
	}
	return errors.Join(faults...)
}

// query is the action that holds both modes.
const query = "query"

// cedar is the request in Cedar's words. Everything that the schema has is in it, the action
// with its parent too: without it, a rule for Action::"query" would hold for nothing.
func (r *Request) cedar() (cedar.Request, types.EntityMap) {
	who, what, from := uid(researcherType, r.Researcher.Name), uid(cohortType, r.Cohort.Name), uid(organisationType, r.Researcher.Organisation)
	action := uid(actionType, r.Mode)
	entities := types.EntityMap{
		action: {UID: action, Parents: types.NewEntityUIDSet(uid(actionType, query))},
		from:   {UID: from},
		who: {UID: who, Parents: types.NewEntityUIDSet(from), Attributes: types.NewRecord(types.RecordMap{
			"organisation": types.String(r.Researcher.Organisation), "country": types.String(r.Researcher.Country),
			"roles": setOf(r.Researcher.Roles), "visas": setOf(r.Researcher.Visas),
		})},
		what: {UID: what, Attributes: types.NewRecord(types.RecordMap{
			"duo": setOf(r.Cohort.Duo), "region": types.String(r.Cohort.Region), "sizeClass": types.Long(r.Cohort.SizeClass),
		})},
	}
	context := types.RecordMap{
		"study": types.String(r.Study), "analysis": types.String(r.Analysis), "variants": types.Long(r.Variants),
		"purposes": setOf(r.Purposes), "within": setOf(r.Within), "time": types.NewDatetime(r.Time),
		"granted": types.Boolean(r.Granted), "consent": uid(verdictType, r.DataUse.String()),
	}
	if r.Mode == Private {
		context["microEpsilon"], context["deltaExponent"] = types.Long(r.MicroEpsilon), types.Long(r.DeltaExponent)
	}
	return cedar.Request{Principal: who, Action: action, Resource: what, Context: types.NewRecord(context)}, entities
}

func setOf(list []string) types.Set {
	values := make([]types.Value, len(list))
	for i, s := range list {
		values[i] = types.String(s)
	}
	return types.NewSet(values...)
}
