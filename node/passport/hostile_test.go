package passport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

// small is a world with a broker of ES256, whose keys are in the list: its passports are
// short, and nothing is fetched.
func small(t *testing.T, key *ecdsa.PrivateKey) (*passport.Clearinghouse, *issuer.Issuer, passport.Asker) {
	t.Helper()
	broker := issuer.WithKey(brokerURL, "k", key)
	c, err := passport.New(passport.Config{Trust: &passport.Trust{Issuers: []passport.Issuer{{
		Issuer: brokerURL, JKU: broker.JKU(), Keys: issuer.KeySet(broker), Passports: true,
		Visas: []passport.VisaRule{{Type: passport.AcceptedTermsAndPolicies, Sources: []string{"https://uni.example"}}},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	return c, broker, passport.AskerOf(publicKey(t, 1))
}

// Every byte counts: also those that only a lenient reader would pass over.
func TestAnyOtherByteRefusesAToken(t *testing.T) {
	c, broker, alice := small(t, dacKey(t))
	terms := issuer.Visa{Subject: "a", Type: "AcceptedTermsAndPolicies", Value: registered, Source: "https://uni.example", By: "self"}
	visa := broker.Visa(terms, now)
	whole := broker.Passport("a", cnf(alice), now)
	others := func(b byte) []byte { return []byte{b ^ 1, b ^ 2, b ^ 0x20, b ^ 0x80, '\n', '=', '.', 0} }
	for at := range whole {
		for _, b := range others(whole[at]) {
			if b == whole[at] {
				continue
			}
			altered := []byte(whole)
			altered[at] = b
			if _, err := c.Check(t.Context(), altered, now, alice); err == nil {
				t.Errorf("byte %d of the passport as %q: not refused", at, b)
			}
		}
		if _, err := c.Check(t.Context(), []byte(whole[:at]), now, alice); err == nil {
			t.Errorf("%d bytes of the passport: not refused", at)
		}
	}
	for at := range visa {
		for _, b := range others(visa[at]) {
			if b == visa[at] || b == 0x80 {
				continue
			}
			altered := []byte(visa)
			altered[at] = b
			got, err := c.Check(t.Context(), []byte(broker.Passport("a", cnf(alice), now, string(altered))), now, alice)
			if err == nil && (len(got.Facts) > 0 || len(got.Passed) != 1) {
				t.Errorf("byte %d of the visa as %q: %d facts", at, b, len(got.Facts))
			}
		}
	}
	got, err := c.Check(t.Context(), []byte(broker.Passport("a", cnf(alice), now, visa)), now, alice)
	if err != nil || len(got.Facts) != 1 {
		t.Errorf("unaltered: %v, %v, want one fact", got, err)
	}
}

// The same passport by parts that are exchanged between two that are both good.
func TestPartsOfTwoPassportsAreNone(t *testing.T) {
	w := newWorld(t)
	a, b := strings.Split(w.passport(), "."), strings.Split(w.passport(w.links()), ".")
	for n := range 8 {
		mixed := make([]string, 3)
		for i := range mixed {
			mixed[i] = a[i]
			if n>>i&1 == 1 {
				mixed[i] = b[i]
			}
		}
		_, err := w.check(strings.Join(mixed, "."))
		if whole := mixed[1] == a[1] && mixed[2] == a[2] || mixed[1] == b[1] && mixed[2] == b[2]; (err == nil) != whole {
			t.Errorf("parts %03b: %v", n, err)
		}
	}
}

// No error has anything of a token, and every one says how to mend it.
func TestReasonsTellNothingOfAToken(t *testing.T) {
	for _, tt := range forgedPassports {
		w := newWorld(t)
		_, err := w.check(tt.raw(w))
		text := fmt.Sprintf("%v %+v", err, err)
		for _, secret := range []string{"alice", "bob", "carol", "example", "eyJ"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q tells of the token", tt.name, text)
			}
		}
		if strings.Count(err.Error(), ": ") < 2 {
			t.Errorf("%s: %q does not say what to do", tt.name, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	// A key that is the same in each run, so that what is in the corpus keeps its meaning.
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	broker := issuer.WithKey(brokerURL, "k", key)
	f.Add([]byte(broker.Passport("a", nil, now)))
	f.Add([]byte("[]"))
	f.Add([]byte(`{"ga4gh_passport_v1":["a.b.c",1,null]}`))
	f.Add([]byte("e30.e30.e30"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, broker, alice := small(t, key)
		alice.Named = []passport.Identity{{Issuer: brokerURL, Subject: "a"}}
		got, err := c.Check(t.Context(), raw, now, alice)
		if err == nil && (got.Person != alice.Named[0] || len(got.Facts)+len(got.Passed) > passport.MaxVisas) {
			t.Errorf("a passport of somebody else, or more than there is: %d facts, %d passed over", len(got.Facts), len(got.Passed))
		}
		if err != nil && (len(got.Facts) > 0 || strings.HasPrefix(err.Error(), "passport: reason ")) {
			t.Errorf("%d facts beside %v", len(got.Facts), err)
		}
		// As a visa in a good passport, and as claims and header that the broker signs.
		text := strings.ReplaceAll(strings.ToValidUTF8(string(raw), ""), "\ufffd", "") // which no passport may hold
		for _, visa := range []string{text, broker.Sign(broker.VisaHeader(), raw), broker.Sign(raw, broker.VisaClaims(issuer.Visa{Subject: "a"}, now))} {
			if _, err := c.Check(t.Context(), []byte(broker.Passport("a", nil, now, visa)), now, alice); err != nil && len(raw) < 10_000 {
				t.Errorf("a good passport is refused for its visa: %v", err)
			}
		}
		_, _ = c.Check(t.Context(), []byte(broker.Sign(broker.PassportHeader(), raw)), now, alice)
		_, _ = passport.ParseTrust(raw)
	})
}
