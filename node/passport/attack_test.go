package passport_test

import (
	"errors"
	"testing"

	"github.com/locus-genomics/locus/internal/debug"
	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

// grants is an attack that wants a fact of a type for alice's key.
func grants(w *world, typ passport.Type, raw string) error {
	got, err := w.check(raw)
	if err != nil {
		return err
	}
	if len(got.Of(typ)) == 0 {
		return errors.New("no such fact")
	}
	return nil
}

// A visa that anybody has signed in the name of an issuer of the list.
func TestAttackVisaSignature(t *testing.T) {
	w := newWorld(t)
	forged := w.evil.Sign(w.dac.VisaHeader(), w.dac.VisaClaims(w.grant(), now)) // RS256's bytes under ES256
	debug.Defended(t, debug.VisaSignature, func() error {
		return grants(w, passport.ControlledAccessGrants, w.passport(w.links(), forged))
	})
}

// A visa of an issuer that nobody has put on the list, with a key set of its own.
func TestAttackVisaIssuerListed(t *testing.T) {
	w := newWorld(t)
	grant := w.grant()
	links := w.linksVisa()
	links.Value = link("alice-d", evilURL)
	w.trust.Issuers[0].Visas[0].Links = []string{evilURL}
	debug.Defended(t, debug.VisaIssuerListed, func() error {
		return grants(w, passport.ControlledAccessGrants, w.passport(w.broker.Visa(links, now), w.evil.Visa(grant, now)))
	})
}

// A visa in the name of an issuer of the list, which says that its keys are elsewhere.
func TestAttackKeySetListed(t *testing.T) {
	w := newWorld(t)
	header := w.evil.VisaHeader()
	claims := w.uni.VisaClaims(w.affiliation(), now)
	debug.Defended(t, debug.KeySetListed, func() error {
		return grants(w, passport.AffiliationAndRole, w.passport(w.links(), w.evil.Sign(header, claims)))
	})
}

// A visa of somebody who has left.
func TestAttackVisaCurrent(t *testing.T) {
	for name, when := range map[string]func(v *issuer.Visa){
		"a visa that is over":            func(v *issuer.Visa) { v.Issued, v.Expires = now.AddDate(0, 0, -2), now.AddDate(0, 0, -1) },
		"what was asserted too long ago": func(v *issuer.Visa) { v.Asserted = now.AddDate(-3, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v := w.affiliation()
			when(&v)
			debug.Defended(t, debug.VisaCurrent, func() error {
				return grants(w, passport.AffiliationAndRole, w.passport(w.links(), w.uni.Visa(v, now)))
			})
		})
	}
}

// Bob's passport, which somebody hands over with a query under alice's key.
func TestAttackPassportBound(t *testing.T) {
	w := newWorld(t)
	bobs := w.broker.Passport("bob-b", cnf(w.bob), now, func() string { v := w.terms(); v.Subject = "bob-b"; return w.broker.Visa(v, now) }())
	debug.Defended(t, debug.PassportBound, func() error { return grants(w, passport.AcceptedTermsAndPolicies, bobs) })
}

// Bob's visa in alice's passport.
func TestAttackVisaOfPerson(t *testing.T) {
	w := newWorld(t)
	bobs := w.grant()
	bobs.Subject = "bob-d"
	debug.Defended(t, debug.VisaOfPerson, func() error {
		return grants(w, passport.ControlledAccessGrants, w.passport(w.links(), w.dac.Visa(bobs, now)))
	})
}

// A grant for members of another university.
func TestAttackVisaConditions(t *testing.T) {
	w := newWorld(t)
	grant := w.grant()
	grant.Conditions = []any{[]any{object{"type": "AffiliationAndRole", "value": "pattern:*@other.example"}}}
	debug.Defended(t, debug.VisaConditions, func() error {
		return grants(w, passport.ControlledAccessGrants, w.passport(w.links(), w.uni.Visa(w.affiliation(), now), w.dac.Visa(grant, now)))
	})
}
