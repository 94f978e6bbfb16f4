package passport_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

func TestParseTrustRefuses(t *testing.T) {
	w := newWorld(t)
	good := asJSON(t, w.trust)
	if _, err := passport.ParseTrust([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, raw, want string }{
		{"nothing", "", "no JSON"},
		{"a list", "[]", "cannot unmarshal"},
		{"something behind it", good + "{}", "no JSON"},
		{"a field that there is not", strings.Replace(good, `"audience"`, `"audiences"`, 1), `unknown field "audiences"`},
		{"a field in capitals", strings.Replace(good, `"issuers"`, `"Issuers"`, 1), `field "Issuers": fields are written in small letters`},
		{"a field twice", strings.Replace(good, `{"audience"`, `{"issuers":[],"audience"`, 1), "stands twice in one JSON object"},
		{"a field twice, deep inside", strings.Replace(good, `"passports":true`, `"passports":true,"passports":false`, 1), "stands twice in one JSON object"},
		{"a number for a name", strings.Replace(good, `"`+uniURL+`"`, `1`, 1), "cannot unmarshal"},
		{"a key that is no key", strings.Replace(good, `{"audience"`, `{"people":[{"key":"abc"}],"audience"`, 1), "64 hexadecimal digits"},
		{"too long", good + strings.Repeat(" ", 1<<20), "at most"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := passport.ParseTrust([]byte(tt.raw)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestCheckReturnsAllFaults(t *testing.T) {
	w := newWorld(t)
	trust := &passport.Trust{
		Audience: []string{""},
		Issuers: []passport.Issuer{
			{Issuer: "http://broker.example", JKU: "https://broker.example@evil.example/jwks", Passports: true},
			{Issuer: brokerURL, Passports: true},
			{Issuer: brokerURL, JKU: "file:///etc/passwd"},
			{Issuer: uniURL, Keys: json.RawMessage(`{"keys":[]}`), VisaDays: -1, PassportHours: 10_000, Visas: []passport.VisaRule{
				{Type: "https://example.org/custom", Sources: []string{"uni"}, By: []passport.By{"boss"}},
				{Type: passport.LinkedIdentities},
				{Type: passport.ResearcherStatus, Sources: []string{uniURL}, Links: []string{""}},
			}},
			{Issuer: dacURL, Passports: true, Keys: json.RawMessage(strings.Replace(string(issuer.KeySet(w.uni)), `"AQAB"`, `"Aw"`, 1))},
		},
		People: []passport.Person{{}, {Key: w.alice.Key, Issuer: uniURL, Subject: "a"}, {Key: w.alice.Key, Issuer: uniURL, Subject: "a"}},
	}
	err := trust.Check()
	if err == nil {
		t.Fatal("no faults")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{
		`audience 1 is empty, too long or not printable`,
		`issuer "http://broker.example" is no https address without user and fragment, as iss has to be`,
		`issuer "http://broker.example": jku "https://broker.example@evil.example/jwks" is no https address without user and fragment`,
		`issuer "https://broker.example" needs a jku or keys`,
		`issuer "https://broker.example" stands twice in the list: put all of it into one entry`,
		`issuer "https://broker.example": jku "file:///etc/passwd" is no https address without user and fragment`,
		`issuer "https://broker.example" is believed nothing: set passports or add visas, or take it out`,
		`issuer "https://login.uni.example" needs a jku: its visas name one, and it has to be this`,
		`issuer "https://login.uni.example": keys is no JSON Web Key Set with kid in each key`,
		`issuer "https://login.uni.example", visa 1: type "https://example.org/custom" is not one of the five standard visa types`,
		`issuer "https://login.uni.example", visa 1: source "uni" is no absolute URL of at most 255 characters`,
		`issuer "https://login.uni.example", visa 1: by "boss" is not self, peer, system, so or dac`,
		`issuer "https://login.uni.example", visa 2 needs sources: the organisations that the issuer may speak for`,
		`issuer "https://login.uni.example", visa 2: links names the issuers whose identities a LinkedIdentities visa may speak of; it stands there and only there`,
		`issuer "https://login.uni.example", visa 3: links names the issuers whose identities a LinkedIdentities visa may speak of; it stands there and only there`,
		`issuer "https://login.uni.example", visa 3: a link is empty, too long or not printable`,
		`issuer "https://login.uni.example": passport_hours is 10000, want 1 to 744`,
		`issuer "https://login.uni.example": visa_days is -1, want 1 to 3660`,
		`issuer "https://dac.example": key "key-1" is unfit: the issuer needs RSA of 2048 bits or more with exponent 65537, or P-256`,
		`person 1 needs a key and a subject of at most 255 printable characters`,
		`person 3 stands twice in the list`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if err := (&passport.Trust{}).Check(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty list: %v", err)
	}
	if _, err := passport.New(passport.Config{Trust: trust}); err == nil {
		t.Error("a clearinghouse is made of a list with faults")
	}
	if _, err := passport.New(passport.Config{}); err == nil {
		t.Error("a clearinghouse is made of no list")
	}
}

// Each limit is the list's, and zero is the documented default.
func TestLimitsAreTheLists(t *testing.T) {
	good := func(w *world) bool {
		v := w.affiliation()
		v.Asserted, v.Expires = now.AddDate(0, 0, -450), now.AddDate(0, 0, 450)
		claims := w.broker.PassportClaims("alice-b", cnf(w.alice), now, w.links(), w.uni.Visa(v, now))
		claims["exp"] = now.Add(48 * time.Hour).Unix()
		got, err := w.check(w.broker.Sign(w.broker.PassportHeader(), claims))
		return err == nil && len(got.Facts) == 2
	}
	for _, tt := range []struct {
		name                  string
		hours, days, asserted int
		want                  bool
	}{
		{"as far as it has to be", 48, 450, 451, true},
		{"a passport of two days, by default", 0, 450, 451, false},
		{"a visa of 450 days, by default", 48, 0, 451, false},
		{"asserted 450 days ago, by default", 48, 450, 0, false},
		{"to the day", 48, 450, 450, false},
		{"one hour too little", 47, 450, 451, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.trust.Issuers[0].PassportHours, w.trust.Issuers[1].VisaDays, w.trust.Issuers[1].AssertedDays = tt.hours, tt.days, tt.asserted
			if got := good(w); got != tt.want {
				t.Errorf("good: %v, want %v", got, tt.want)
			}
		})
	}
}
