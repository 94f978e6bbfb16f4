package passport

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/locus-genomics/locus/internal/debug"
)

// Config is what a Clearinghouse is made of.
type Config struct {
	// Trust must not change afterwards.
	Trust *Trust
	// Keys brings key sets. It may be nil where the list has the keys of every issuer.
	Keys Fetcher
	// Report is told when a key set does not come, if it is set: the address is one of the
	// site's list, and nothing of a token is in the error.
	Report func(jku string, err error)
}

// Clearinghouse checks passports against a site's list. It keeps issuers' keys, and
// nothing of a passport. Its methods may be called at the same time.
type Clearinghouse struct {
	trust *Trust
	own   map[string]keySet // of issuers whose keys stand in the list
	keys  *keyCache
}

// New checks the list.
func New(c Config) (*Clearinghouse, error) {
	if c.Trust == nil {
		return nil, fmt.Errorf("a clearinghouse needs a list of trusted issuers")
	}
	if err := c.Trust.Check(); err != nil {
		return nil, err
	}
	own := map[string]keySet{}
	for _, i := range c.Trust.Issuers {
		if i.Keys == nil {
			continue
		}
		set, err := parseKeySet(i.Keys)
		if err != nil {
			return nil, err
		}
		own[i.Issuer] = set
	}
	return &Clearinghouse{c.Trust, own, &keyCache{fetcher: c.Keys, report: c.Report, sets: map[string]*cachedSet{}}}, nil
}

// Check is what a node calls when a query comes. raw is a passport (a JWT with
// ga4gh_passport_v1), or a plain list of visas as a broker's userinfo has it: a JSON array
// of strings, or an object with it under ga4gh_passport_v1. A broken passport refuses
// everything, with a Reason; a visa that fails is passed over.
func (c *Clearinghouse) Check(ctx context.Context, raw []byte, now time.Time, who Asker) (Claims, error) {
	claims, visas, start, r := c.open(ctx, raw, now, who)
	if r != 0 {
		return Claims{}, r
	}
	if len(visas) > MaxVisas {
		return Claims{}, TooMany
	}
	c.judge(ctx, &claims, visas, start, now)
	return claims, nil
}

// Recheck is what a node calls when it contributes: everything is checked anew, and
// whatever was known when the query was admitted must still be so.
func (c *Clearinghouse) Recheck(ctx context.Context, raw []byte, now time.Time, who Asker, admitted Claims) (Claims, error) {
	claims, err := c.Check(ctx, raw, now, who)
	if err != nil {
		return Claims{}, err
	}
	if !claims.holds(admitted) {
		return Claims{}, FactLost
	}
	return claims, nil
}

// open reads the outer form, and who holds it.
func (c *Clearinghouse) open(ctx context.Context, raw []byte, now time.Time, who Asker) (Claims, []any, []Identity, Reason) {
	if len(raw) > MaxBytes {
		return Claims{}, nil, nil, TooLarge
	}
	if len(raw) == 0 || raw[0] != '[' && raw[0] != '{' {
		return c.openPassport(ctx, string(raw), now, who)
	}
	v, r := parseJSON(raw)
	if r != 0 {
		return Claims{}, nil, nil, r
	}
	if o, is := v.(object); is {
		v = o["ga4gh_passport_v1"]
	}
	list, is := v.([]any)
	if !is {
		return Claims{}, nil, nil, ClaimMissing
	}
	ids, by := holders(who, c.trust.People)
	if len(ids) == 0 || who.Key.IsZero() {
		return Claims{}, nil, nil, KeyUnbound
	}
	return Claims{Person: ids[0], Bound: by}, list, ids, 0
}

// openPassport is AAI, Passport Format.
func (c *Clearinghouse) openPassport(ctx context.Context, compact string, now time.Time, who Asker) (Claims, []any, []Identity, Reason) {
	fail := func(r Reason) (Claims, []any, []Identity, Reason) { return Claims{}, nil, nil, r }
	t, r := parseToken(compact)
	if r != 0 {
		return fail(r)
	}
	if t.typ != "vnd.ga4gh.passport+jwt" {
		return fail(TypeHeader)
	}
	i, listed := c.issuer(t)
	if !listed || !i.Passports {
		return fail(IssuerUnlisted)
	}
	if r := c.verify(ctx, t, i, now); r != 0 {
		return fail(r)
	}
	exp, r := t.current(now, i.passportLife())
	if r != 0 {
		return fail(r)
	}
	if _, there := t.claims["ga4gh_visa_v1"]; there {
		return fail(ClaimUnfit) // one token in two roles
	}
	v, there := t.claims["ga4gh_passport_v1"]
	if !there {
		return fail(ClaimMissing)
	}
	list, is := v.([]any)
	if !is {
		return fail(ClaimUnfit)
	}
	cnf, r := t.confirmation()
	if r != 0 {
		return fail(r)
	}
	by, err := Bind(t.identity(), cnf, who, c.trust.People)
	if err != nil && !debug.Without(debug.PassportBound) {
		return fail(KeyUnbound)
	}
	return Claims{Person: t.identity(), Bound: by, Until: exp}, list, []Identity{t.identity()}, 0
}

// issuer is the entry of the site's list.
func (c *Clearinghouse) issuer(t *token) (*Issuer, bool) {
	at := slices.IndexFunc(c.trust.Issuers, func(i Issuer) bool { return i.Issuer == t.issuer })
	if at >= 0 {
		return &c.trust.Issuers[at], true
	}
	if debug.Without(debug.VisaIssuerListed) {
		o, _ := member(t.claims, "ga4gh_visa_v1")
		typ, _ := o["type"].(string)
		source, _ := o["source"].(string)
		return &Issuer{Issuer: t.issuer, JKU: t.jku, Passports: true, Visas: []VisaRule{{Type: Type(typ), Sources: []string{source}}}}, true
	}
	return nil, false
}

// visa checks one by itself.
func (c *Clearinghouse) visa(ctx context.Context, compact string, now time.Time) (*visa, Reason) {
	if len(compact) > maxVisaBytes {
		return nil, TooLarge
	}
	t, r := parseToken(compact)
	if r != 0 {
		return nil, r
	}
	if r := t.checkScope(); r != 0 {
		return nil, r
	}
	switch t.typ {
	case "", "JWT", "vnd.ga4gh.visa+jwt":
	default:
		return nil, TypeHeader
	}
	i, listed := c.issuer(t)
	if !listed || len(i.Visas) == 0 {
		return nil, IssuerUnlisted
	}
	if t.jku == "" {
		return nil, KeySetUnnamed
	}
	if r := c.verify(ctx, t, i, now); r != 0 {
		return nil, r
	}
	return c.checkVisa(t, i, now)
}

// judge turns visas into facts. First each by itself, then who is who, then conditions,
// which may rest on what has passed so far and has none itself.
func (c *Clearinghouse) judge(ctx context.Context, claims *Claims, list []any, start []Identity, now time.Time) {
	visas, verdicts := c.each(ctx, list, now)
	same := linked(start, visas)
	visas = slices.DeleteFunc(visas, func(v *visa) bool {
		until, is := same[v.fact.Identity]
		if !is && !debug.Without(debug.VisaOfPerson) {
			verdicts[v.index] = OtherPerson
			return true
		}
		if is {
			v.fact.Until = earlier(v.fact.Until, until)
		}
		return false
	})
	steps := maxSteps
	for _, v := range visas {
		if len(v.conditions) > 0 && !debug.Without(debug.VisaConditions) {
			until, met := v.conditions.met(visas, &steps)
			if !met {
				verdicts[v.index] = ConditionsUnmet
				continue
			}
			v.fact.Until = earlier(v.fact.Until, until)
		}
		claims.Facts = append(claims.Facts, v.fact)
	}
	for n, r := range verdicts {
		if r != 0 {
			claims.Passed = append(claims.Passed, Passed{n, r})
		}
	}
	for id := range same {
		if id != claims.Person {
			claims.Linked = append(claims.Linked, id)
		}
	}
	slices.SortFunc(claims.Linked, Identity.compare)
}

// each checks every visa by itself. A verdict of zero is that of a visa that is given.
func (c *Clearinghouse) each(ctx context.Context, list []any, now time.Time) (visas []*visa, verdicts []Reason) {
	verdicts = make([]Reason, len(list))
	seen := map[string]bool{}
	for n, raw := range list {
		compact, is := raw.(string)
		switch {
		case !is:
			verdicts[n] = Malformed
			continue
		case seen[compact]:
			verdicts[n] = RepeatedVisa
			continue
		}
		seen[compact] = true
		v, r := c.visa(ctx, compact, now)
		if r == 0 && v.fact.Type == LinkedIdentities && len(v.conditions) > 0 {
			r = ConditionsUnmet // who is who must be known before conditions are looked at
		}
		if verdicts[n] = r; r == 0 {
			v.index = n
			visas = append(visas, v)
		}
	}
	return visas, verdicts
}
