package passport_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

func TestAPassportShowsItsFacts(t *testing.T) {
	w := newWorld(t)
	grant := w.grant()
	grant.Conditions = []any{[]any{issuer.Object{"type": "AffiliationAndRole", "value": "const:faculty@uni.example", "by": "const:so"}}}
	short := w.affiliation()
	short.Expires = now.Add(2 * time.Hour)
	raw := w.passport(w.links(), w.uni.Visa(short, now), w.uni.Visa(w.status(), now), w.broker.Visa(w.terms(), now), w.dac.Visa(grant, now))
	got, err := w.check(raw)
	if err != nil {
		t.Fatal(err)
	}
	day := now.Add(24 * time.Hour)
	atUni, atDAC := w.aliceAtUni, passport.Identity{Issuer: dacURL, Subject: "alice-d"}
	want := passport.Claims{
		Person: w.aliceBroker, Linked: []passport.Identity{atDAC, atUni}, Bound: passport.ByBroker, Until: now.Add(time.Hour),
		Facts: []passport.Fact{
			{Type: passport.LinkedIdentities, Value: w.linksVisa().Value, Source: brokerURL, By: passport.BySystem, Issuer: brokerURL, Identity: w.aliceBroker, Asserted: now, Until: day},
			{Type: passport.AffiliationAndRole, Value: "faculty@uni.example", Source: "https://uni.example", By: passport.BySO, Issuer: uniURL, Identity: atUni, Asserted: now, Until: now.Add(2 * time.Hour)},
			{Type: passport.ResearcherStatus, Value: registered, Source: "https://uni.example", Issuer: uniURL, Identity: atUni, Asserted: now, Until: day},
			{Type: passport.AcceptedTermsAndPolicies, Value: registered, Source: "https://uni.example", By: passport.BySelf, Issuer: brokerURL, Identity: w.aliceBroker, Asserted: now, Until: day},
			// The grant rests on the affiliation, and ends with it.
			{Type: passport.ControlledAccessGrants, Value: dataset, Source: dacURL, By: passport.ByDAC, Issuer: dacURL, Identity: atDAC, Asserted: now, Until: now.Add(2 * time.Hour)},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if until, has := got.RegisteredAccess(); !has || !until.Equal(day) {
		t.Errorf("RegisteredAccess() = %v, %v, want %v", until, has, day)
	}
	if got := len(got.Of(passport.ControlledAccessGrants)); got != 1 {
		t.Errorf("%d grants, want 1", got)
	}
}

// Registered Access wants both visas, of the version that there is.
func TestRegisteredAccessWantsBothVisas(t *testing.T) {
	w := newWorld(t)
	other := w.status()
	other.Value = "https://doi.org/10.1038/another"
	for name, visas := range map[string][]string{
		"terms alone":                       {w.links(), w.broker.Visa(w.terms(), now)},
		"status alone":                      {w.links(), w.uni.Visa(w.status(), now)},
		"terms, and a status of other kind": {w.links(), w.broker.Visa(w.terms(), now), w.uni.Visa(other, now)},
		"a status of nobody who is linked":  {w.broker.Visa(w.terms(), now), w.uni.Visa(w.status(), now)},
	} {
		got, err := w.check(w.passport(visas...))
		if err != nil {
			t.Fatal(err)
		}
		if until, has := got.RegisteredAccess(); has || !until.IsZero() {
			t.Errorf("%s: has it until %v", name, until)
		}
	}
}

func TestWhatIsGood(t *testing.T) {
	affiliation := []string{"AffiliationAndRole faculty@uni.example"}
	for _, tt := range []struct {
		name string
		visa func(w *world) string
		want []string
	}{
		{"a visa as it is", func(w *world) string { return w.uni.Visa(w.affiliation(), now) }, affiliation},
		{"without typ", func(w *world) string { return w.edited(func(h, c, v issuer.Object) { delete(h, "typ") }) }, affiliation},
		{"typ JWT", func(w *world) string { return w.edited(func(h, c, v issuer.Object) { h["typ"] = "JWT" }) }, affiliation},
		{"typ as a whole media type", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { h["typ"] = "application/vnd.ga4gh.visa+jwt" })
		}, affiliation},
		{"signed with ES256", func(w *world) string { return w.dac.Visa(w.grant(), now) }, []string{"ControlledAccessGrants " + dataset}},
		{"a scope without openid", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { c["scope"] = "profile notopenid" })
		}, affiliation},
		{"meant for this site", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { c["aud"] = "https://node.hospital.example" })
		}, affiliation},
		{"meant for this site among others", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { c["aud"] = []string{"other", "https://node.hospital.example"} })
		}, affiliation},
		{"claims that nobody knows", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { c["jti"], v["note"] = "1", issuer.Object{"a": []int{1}} })
		}, affiliation},
		{"from a clock 30 s ahead", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) {
				c["iat"], c["nbf"], v["asserted"] = now.Unix()+30, now.Unix()+30, now.Unix()+30
			})
		}, affiliation},
		{"over for 29 s", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { c["iat"], c["exp"] = now.Unix()-100, now.Unix()-29 })
		}, affiliation},
		{"a role of a namespace", func(w *world) string {
			return w.edited(func(h, c, v issuer.Object) { v["value"] = "ega.researcher@med@uni.example" })
		}, []string{"AffiliationAndRole ega.researcher@med@uni.example"}},
		{"by nobody, where nobody is enough", func(w *world) string { return w.uni.Visa(w.status(), now) }, []string{"ResearcherStatus " + registered}},
		{"an empty list of conditions", func(w *world) string { return w.edited(func(h, c, v issuer.Object) { v["conditions"] = []any{} }) }, affiliation},
		{"linked by a visa with an empty list of conditions", func(w *world) string { return w.uni.Visa(w.affiliation(), now) }, affiliation},
		{"of the person of the passport itself", func(w *world) string { return w.broker.Visa(w.terms(), now) }, []string{"AcceptedTermsAndPolicies " + registered}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			links := w.linksVisa()
			if strings.HasPrefix(tt.name, "linked by") {
				links.Conditions = []any{}
			}
			got, err := w.check(w.passport(w.broker.Visa(links, now), tt.visa(w)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, values(got.Facts[1:])); diff != "" || len(got.Passed) > 0 {
				t.Errorf("facts (-want +got):\n%spassed over: %v", diff, got.Passed)
			}
		})
	}
}

func TestWaysToHoldAPassport(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  func(w *world) string
		want passport.Binding
	}{
		{"the broker names the thumbprint", func(w *world) string { return w.passport() }, passport.ByBroker},
		{"the broker names the key id", func(w *world) string {
			return w.broker.Passport("alice-b", issuer.Object{"kid": w.alice.Key.String(), "x5t#S256": "what is not known is not looked at"}, now)
		}, passport.ByBroker},
		{"the site names the holder", func(w *world) string {
			w.site("alice-b")
			return w.broker.Passport("alice-b", nil, now)
		}, passport.BySite},
		{"the roster names the holder", func(w *world) string {
			w.alice.Named = []passport.Identity{w.aliceBroker}
			return w.broker.Passport("alice-b", nil, now)
		}, passport.ByRoster},
		{"all three agree", func(w *world) string {
			w.alice.Named = []passport.Identity{w.aliceBroker}
			w.site("alice-b")
			return w.passport()
		}, passport.ByBroker},
		{"a list of visas, and the site names the holder", func(w *world) string {
			w.site("alice-b")
			return asJSON(t, []string{w.links(), w.uni.Visa(w.affiliation(), now)})
		}, passport.BySite},
		{"what userinfo says, and the roster names the holder", func(w *world) string {
			w.alice.Named = []passport.Identity{w.aliceBroker}
			return asJSON(t, issuer.Object{"sub": "somebody", "ga4gh_passport_v1": []string{w.links(), w.uni.Visa(w.affiliation(), now)}})
		}, passport.ByRoster},
		{"a passport for this site", func(w *world) string {
			return w.editedPassport(func(h, c issuer.Object) { c["aud"] = []string{"https://node.hospital.example"} })
		}, passport.ByBroker},
		{"a passport that names its key set", func(w *world) string {
			return w.editedPassport(func(h, c issuer.Object) { h["jku"] = brokerURL + "/jwks" })
		}, passport.ByBroker},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.check(tt.raw(w))
			if err != nil {
				t.Fatal(err)
			}
			if got.Bound != tt.want || strings.HasPrefix(got.Bound.String(), "binding") || got.Person != w.aliceBroker || len(got.Passed) > 0 {
				t.Errorf("bound by %v, alice: %v, passed over %v; want bound by %v", got.Bound, got.Person == w.aliceBroker, got.Passed, tt.want)
			}
		})
	}
}

// site names alice as holder of her key.
func (w *world) site(subject string) {
	w.trust.People = append(w.trust.People, passport.Person{Key: w.alice.Key, Issuer: brokerURL, Subject: subject})
}

func TestLinkedIdentitiesChain(t *testing.T) {
	w := newWorld(t)
	w.trust.Issuers[1].Visas = append(w.trust.Issuers[1].Visas, passport.VisaRule{
		Type: passport.LinkedIdentities, Sources: []string{uniURL}, Links: []string{dacURL},
	})
	first := w.linksVisa()
	first.Value, first.Expires = link("alice-u", uniURL), now.Add(3*time.Hour)
	second := issuer.Visa{Subject: "alice-u", Type: "LinkedIdentities", Value: link("alice-d", dacURL), Source: uniURL}
	got, err := w.check(w.passport(w.dac.Visa(w.grant(), now), w.uni.Visa(second, now), w.broker.Visa(first, now)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Facts) != 3 || len(got.Linked) != 2 {
		t.Fatalf("%d facts of 2 linked identities (%d), passed over %v", len(got.Facts), len(got.Linked), got.Passed)
	}
	if got, want := got.Facts[0].Until, now.Add(3*time.Hour); !got.Equal(want) {
		t.Errorf("the grant is good until %v, want %v: it rests on a link that ends then", got, want)
	}
}

func TestRecheckWantsWhatHeldBefore(t *testing.T) {
	w := newWorld(t)
	short := w.affiliation()
	short.Expires = now.Add(time.Hour / 2)
	raw := []byte(w.passport(w.links(), w.uni.Visa(short, now)))
	c := w.clearinghouse()
	admitted, err := c.Check(t.Context(), raw, now, w.alice)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Recheck(t.Context(), raw, now.Add(20*time.Minute), w.alice, admitted); err != nil {
		t.Errorf("after 20 minutes: %v", err)
	}
	if _, err := c.Recheck(t.Context(), raw, now.Add(40*time.Minute), w.alice, admitted); !errors.Is(err, passport.FactLost) {
		t.Errorf("after 40 minutes: %v, want FactLost", err)
	}
	if _, err := c.Recheck(t.Context(), raw, now.Add(2*time.Hour), w.alice, admitted); !errors.Is(err, passport.Expired) {
		t.Errorf("after two hours: %v, want Expired", err)
	}
	if _, err := c.Recheck(t.Context(), raw, now, w.bob, admitted); !errors.Is(err, passport.KeyUnbound) {
		t.Errorf("with another's key: %v, want KeyUnbound", err)
	}
	admitted.Person.Subject = "carol-b"
	if _, err := c.Recheck(t.Context(), raw, now, w.alice, admitted); !errors.Is(err, passport.FactLost) {
		t.Errorf("of another person than before: %v, want FactLost", err)
	}
	admitted.Person = w.aliceBroker
	// An issuer that has taken its key out of its set is believed for a quarter of an hour.
	w.net.sets[w.uni.JKU()] = issuer.KeySet()
	if _, err := c.Recheck(t.Context(), raw, now.Add(16*time.Minute), w.alice, admitted); !errors.Is(err, passport.FactLost) {
		t.Errorf("without the issuer's key: %v, want FactLost", err)
	}
}

func TestNothingPrintsAPerson(t *testing.T) {
	w := newWorld(t)
	got, err := w.check(w.passport(w.links(), w.uni.Visa(w.affiliation(), now)))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{got, &got, got.Facts, got.Facts[1], got.Person, got.Linked} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if s := fmt.Sprintf(verb, v); strings.Contains(s, "alice") || strings.Contains(s, "faculty") {
				t.Errorf("%s of a %T is %s", verb, v, s)
			}
		}
	}
}
