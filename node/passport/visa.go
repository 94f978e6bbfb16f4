package passport

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
)

// visa is a verified one: everything holds that can be seen in it alone.
type visa struct {
	index int
	fact  Fact
	// conditional says that there is a conditions claim, even an empty one. Such a visa
	// meets nobody else's conditions.
	conditional bool
	conditions  conditions
	links       []Identity
}

// maxLinkedBytes and maxLinked bound a LinkedIdentities value; others are short.
const (
	maxLinkedBytes = 8 << 10
	maxLinked      = 50
)

// checkVisa is AAI, Conformance for Passport Clearinghouses 5, for one visa by itself.
func (c *Clearinghouse) checkVisa(t *token, i *Issuer, now time.Time) (*visa, Reason) {
	if _, there := t.claims["ga4gh_passport_v1"]; there {
		return nil, ClaimUnfit // one token in two roles
	}
	exp, r := t.current(now, i.visaLife())
	if r != 0 {
		return nil, r
	}
	o, r := member(t.claims, "ga4gh_visa_v1")
	if r != 0 {
		return nil, r
	}
	v := &visa{fact: Fact{Issuer: t.issuer, Identity: t.identity()}}
	if r := v.read(o); r != 0 {
		return nil, r
	}
	if r := i.allows(v.fact); r != 0 {
		return nil, r
	}
	if r := v.readValue(i); r != 0 {
		return nil, r
	}
	// Visa Expiry, option A.
	old := v.fact.Asserted.Add(i.assertedLife())
	if v.fact.Asserted.After(now.Add(skew)) {
		return nil, NotYet
	}
	if !now.Before(old) && !debug.Without(debug.VisaCurrent) {
		return nil, AssertedTooOld
	}
	v.fact.Until = earlier(exp, old)
	if raw, there := o["conditions"]; there {
		v.conditional = true
		if v.conditions, r = parseConditions(raw); r != 0 {
			return nil, r
		}
	}
	return v, 0
}

func member(o object, name string) (object, Reason) {
	v, there := o[name]
	if !there {
		return nil, ClaimMissing
	}
	inner, is := v.(object)
	if !is {
		return nil, ClaimUnfit
	}
	return inner, 0
}

// read takes the claims of a Visa Object but conditions.
func (v *visa) read(o object) Reason {
	typ, r := o.text("type", maxName)
	if r != 0 {
		return r
	}
	v.fact.Type = Type(typ)
	longest := maxName
	switch v.fact.Type {
	case LinkedIdentities:
		longest = maxLinkedBytes
	case AffiliationAndRole, AcceptedTermsAndPolicies, ResearcherStatus, ControlledAccessGrants:
	default:
		return TypeUnknown
	}
	if v.fact.Asserted, r = o.seconds("asserted"); r != 0 {
		return r
	}
	if v.fact.Value, r = o.text("value", longest); r != 0 {
		return r
	}
	if v.fact.Source, r = o.text("source", maxName); r != 0 {
		return r
	}
	if !isURL(v.fact.Source) {
		return ClaimUnfit
	}
	by, r := o.optionalText("by", maxName)
	v.fact.By = By(by)
	return r
}

// allows holds a visa against the site's list: type, source, by. All three parties have to
// be trusted (Passport specification, General Requirements 8.3).
func (i *Issuer) allows(f Fact) Reason {
	if f.By == "" && (f.Type == AcceptedTermsAndPolicies || f.Type == ControlledAccessGrants) {
		return ByMissing
	}
	r := TypeUnlisted // or a later one: the reasons stand in the order of these questions
	for _, rule := range i.Visas {
		switch {
		case rule.Type != f.Type:
		case !slices.Contains(rule.Sources, f.Source):
			r = max(r, SourceUnlisted)
		case f.By != "" && !slices.Contains(authorities, f.By),
			len(rule.By) > 0 && !slices.Contains(rule.By, f.By):
			r = ByUnlisted
		default:
			return 0
		}
	}
	return r
}

var authorities = []By{BySelf, ByPeer, BySystem, BySO, ByDAC}

// roles: Passport specification, AffiliationAndRole.
var roles = regexp.MustCompile(`^(?:faculty|student|member|[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*)$`)

func (v *visa) readValue(i *Issuer) Reason {
	switch v.fact.Type {
	case AffiliationAndRole:
		role, at, is := strings.Cut(v.fact.Value, "@")
		if !is || at == "" || !roles.MatchString(role) {
			return ValueUnfit
		}
	case LinkedIdentities:
		links, is := parseLinked(v.fact.Value)
		if !is {
			return ValueUnfit
		}
		v.links = i.mayLink(links)
	default:
		if !isURL(v.fact.Value) {
			return ValueUnfit
		}
	}
	return 0
}

// isURL: Passport specification, URL Claims. It is never fetched.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxName && u.IsAbs() && u.Host != "" && !strings.ContainsRune(s, ' ')
}
