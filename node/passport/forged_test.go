package passport_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/passport"
	"github.com/locus-genomics/locus/node/passport/issuer"
)

type object = issuer.Object

// edit is a case of what an issuer signs and should not have.
func edit(f func(h, c, v object)) func(w *world) string {
	return func(w *world) string { return w.edited(f) }
}

// cut is a case of what somebody does to a good visa.
func cut(f func(w *world, header, claims, signature string) string) func(w *world) string {
	return func(w *world) string {
		p := strings.Split(w.uni.Visa(w.affiliation(), now), ".")
		return f(w, p[0], p[1], p[2])
	}
}

// keyed is a visa whose header is another's, and unsigned but for the signature that f makes.
func keyed(alg any, f func(w *world, input string) []byte) func(w *world) string {
	return func(w *world) string {
		h := w.uni.VisaHeader()
		h["alg"] = alg
		input := issuer.Part(h) + "." + issuer.Part(w.uni.VisaClaims(w.affiliation(), now))
		return input + "." + base64.RawURLEncoding.EncodeToString(f(w, input))
	}
}

func unsigned(*world, string) []byte      { return nil }
func byUni(w *world, input string) []byte { return w.uni.Signature(input) }
func hmacOf(key []byte, input string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(input))
	return m.Sum(nil)
}
func member(name string, value any) func(w *world) string {
	return edit(func(h, c, v object) { v[name] = value })
}
func claim(name string, value any) func(w *world) string {
	return edit(func(h, c, v object) { c[name] = value })
}
func header(name string, value any) func(w *world) string {
	return edit(func(h, c, v object) { h[name] = value })
}

// raw signs bytes as claims, or as header.
func raw(header, claims string) func(w *world) string {
	return func(w *world) string {
		h, c := any(w.uni.VisaHeader()), any(w.uni.VisaClaims(w.affiliation(), now))
		if header != "" {
			h = []byte(header)
		}
		if claims != "" {
			c = []byte(claims)
		}
		return w.uni.Sign(h, c)
	}
}

func conditions(c any) func(w *world) string { return member("conditions", c) }

func clauses(c ...any) func(w *world) string { return conditions([]any{c}) }

// forgedVisas stand second in a good passport of alice's, behind her links.
var forgedVisas = []struct {
	name string
	visa func(w *world) string
	want passport.Reason
}{
	// Form.
	{"two parts", cut(func(w *world, h, c, s string) string { return h + "." + c }), passport.Malformed},
	{"four parts", cut(func(w *world, h, c, s string) string { return h + "." + c + "." + s + "." + s }), passport.Malformed},
	{"five parts, as of an encrypted token", cut(func(w *world, h, c, s string) string { return h + "..." + c + "." + s }), passport.Malformed},
	{"base64 with padding", cut(func(w *world, h, c, s string) string { return h + "." + c + "." + s + "==" }), passport.Malformed},
	{"base64 of the other alphabet", cut(func(w *world, h, c, s string) string { return h + "." + c + ".+/" + s[2:] }), passport.Malformed},
	{"a line break in the signature", cut(func(w *world, h, c, s string) string { return h + "." + c + "." + s[:10] + "\n" + s[10:] }), passport.Malformed},
	{"a space before it", cut(func(w *world, h, c, s string) string { return " " + h + "." + c + "." + s }), passport.Malformed},
	{"bits behind the last byte of the signature", cut(func(w *world, h, c, s string) string { return h + "." + c + "." + s[:len(s)-1] + next(s[len(s)-1:]) }), passport.Malformed},
	{"JSON serialization in place of compact", cut(func(w *world, h, c, s string) string {
		return asJSON(w.t, object{"protected": h, "payload": c, "signature": s})
	}), passport.Malformed},
	{"nothing", func(*world) string { return "" }, passport.Malformed},
	{"only dots", func(*world) string { return ".." }, passport.NotJSON},
	{"a header of text", raw("alg RS256", ""), passport.NotJSON},
	{"a header that is a list", raw(`["alg","RS256"]`, ""), passport.NotJSON},
	{"claims that are not UTF-8", raw("", "{\"iss\":\"\xff\"}"), passport.NotJSON},
	{"claims with something behind them", raw("", `{"iss":"https://login.uni.example"}{}`), passport.NotJSON},
	{"claims nested too deeply", raw("", `{"a":`+strings.Repeat("[", 20)+strings.Repeat("]", 20)+`}`), passport.NotJSON},
	{"a subject that is half a surrogate", raw("", `{"iss":"https://login.uni.example","sub":"\ud800"}`), passport.NotJSON},
	{"more parts than a visa has", raw("", `{"a":[`+strings.Repeat("1,", 5000)+`1]}`), passport.TooMany},
	{"iss twice", raw("", `{"iss":"https://evil.example","iss":"https://login.uni.example","sub":"a"}`), passport.RepeatedName},
	{"iss twice, once escaped", raw("", `{"iss":"https://login.uni.example","is\u0073":"https://evil.example","sub":"a"}`), passport.RepeatedName},
	{"alg twice", raw(`{"alg":"none","alg":"RS256","kid":"key-1"}`, ""), passport.RepeatedName},
	{"type of a visa twice", raw("", `{"ga4gh_visa_v1":{"type":"ResearcherStatus","type":"ControlledAccessGrants"}}`), passport.RepeatedName},
	{"longer than 16 KiB", member("note", strings.Repeat("n", 20<<10)), passport.TooLarge},
	{"a header longer than 4 KiB", header("note", strings.Repeat("n", 5<<10)), passport.TooLarge},
	{"the same visa again", func(w *world) string { return w.once }, passport.RepeatedVisa},

	// Header: how it wants to be verified.
	{"alg none", keyed("none", unsigned), passport.Algorithm},
	{"alg None", keyed("None", unsigned), passport.Algorithm},
	{"alg none with a good signature", keyed("none", byUni), passport.Algorithm},
	{"alg empty", keyed("", byUni), passport.Algorithm},
	{"alg missing", edit(func(h, c, v object) { delete(h, "alg") }), passport.Algorithm},
	{"alg a list", keyed([]string{"RS256"}, byUni), passport.Algorithm},
	{"alg in small letters", keyed("rs256", byUni), passport.Algorithm},
	{"HS256 with the issuer's public key as secret, in DER", keyed("HS256", func(w *world, in string) []byte {
		der, _ := x509.MarshalPKIXPublicKey(w.uni.Public())
		return hmacOf(der, in)
	}), passport.Algorithm},
	{"HS256 with the modulus as secret", keyed("HS256", func(w *world, in string) []byte {
		return hmacOf(w.uni.Public().(*rsa.PublicKey).N.Bytes(), in)
	}), passport.Algorithm},
	{"HS256 with no secret", keyed("HS256", func(w *world, in string) []byte { return hmacOf(nil, in) }), passport.Algorithm},
	{"RS512", keyed("RS512", byUni), passport.Algorithm},
	{"PS256", keyed("PS256", byUni), passport.Algorithm},
	{"ES384", keyed("ES384", byUni), passport.Algorithm},
	{"EdDSA", keyed("EdDSA", byUni), passport.Algorithm},
	{"ES256 by an RSA key's name", keyed("ES256", byUni), passport.Algorithm},
	{"RS256 by a P-256 key's name", func(w *world) string {
		h := w.dac.VisaHeader()
		h["alg"] = "RS256"
		return w.dac.Sign(h, w.dac.VisaClaims(w.grant(), now))
	}, passport.Algorithm},
	{"crit with an extension", header("crit", []string{"exp"}), passport.Critical},
	{"crit empty", header("crit", []string{}), passport.Critical},
	{"b64 false", header("b64", false), passport.Critical},
	{"a key of its own", func(w *world) string {
		h := w.uni.VisaHeader()
		h["jwk"] = w.evil.JWK()
		return w.evil.Sign(h, w.uni.VisaClaims(w.affiliation(), now))
	}, passport.KeyInToken},
	{"a certificate of its own", header("x5c", []string{"MIIB"}), passport.KeyInToken},
	{"where a certificate is", header("x5u", evilURL), passport.KeyInToken},
	{"typ of a passport", header("typ", "vnd.ga4gh.passport+jwt"), passport.TypeHeader},
	{"typ of a logout token", header("typ", "logout+jwt"), passport.TypeHeader},
	{"typ a number", header("typ", 1), passport.TypeHeader},
	{"typ of an access token", header("typ", "at+jwt"), passport.AccessToken},
	{"scope with openid", claim("scope", "profile openid email"), passport.AccessToken},
	{"scope a list", claim("scope", []string{"openid"}), passport.ClaimUnfit},
	{"no kid", edit(func(h, c, v object) { delete(h, "kid") }), passport.KeyUnnamed},
	{"kid a number", header("kid", 1), passport.ClaimUnfit},
	{"kid a path", header("kid", "../../../../dev/null"), passport.KeyUnknown},
	{"kid in capitals", header("kid", "KEY-1"), passport.KeyUnknown},

	// Who has signed it, and where his keys are.
	{"an issuer that is not on the list", func(w *world) string { return w.evil.Visa(w.affiliation(), now) }, passport.IssuerUnlisted},
	{"an issuer with a slash more", claim("iss", uniURL+"/"), passport.IssuerUnlisted},
	{"an issuer in capitals", claim("iss", "https://LOGIN.uni.example"), passport.IssuerUnlisted},
	{"an issuer by http", claim("iss", "http://login.uni.example"), passport.IssuerUnlisted},
	{"no issuer", edit(func(h, c, v object) { delete(c, "iss") }), passport.ClaimMissing},
	{"an issuer in capital letters of the claim", edit(func(h, c, v object) { c["ISS"] = c["iss"]; delete(c, "iss") }), passport.ClaimMissing},
	{"a list of issuers", claim("iss", []string{uniURL}), passport.ClaimUnfit},
	{"no jku", edit(func(h, c, v object) { delete(h, "jku") }), passport.KeySetUnnamed},
	{"jku of somebody else", header("jku", evilURL+"/jwks"), passport.KeySetUnlisted},
	{"jku of another issuer of the list", header("jku", brokerURL+"/jwks"), passport.KeySetUnlisted},
	{"jku by http", header("jku", "http://login.uni.example/jwks"), passport.KeySetUnlisted},
	{"jku with a user", header("jku", "https://login.uni.example@evil.example/jwks"), passport.KeySetUnlisted},
	{"jku with a query", header("jku", uniURL+"/jwks?next="+evilURL), passport.KeySetUnlisted},
	{"jku with a way back", header("jku", uniURL+"/x/../jwks"), passport.KeySetUnlisted},
	{"jku of the machine itself", header("jku", "http://169.254.169.254/latest/meta-data"), passport.KeySetUnlisted},
	{"jku a number", header("jku", 1), passport.ClaimUnfit},
	{"signed by somebody else in the issuer's name", func(w *world) string {
		return w.evil.Sign(w.uni.VisaHeader(), w.uni.VisaClaims(w.affiliation(), now))
	}, passport.Signature},
	{"signed by another issuer of the list in the issuer's name", func(w *world) string {
		return w.broker.Sign(w.uni.VisaHeader(), w.uni.VisaClaims(w.affiliation(), now))
	}, passport.Signature},
	{"another value under the signature", cut(func(w *world, h, c, s string) string {
		return h + "." + issuer.Part(w.uni.VisaClaims(w.affiliation(), now.Add(1e9))) + "." + s
	}), passport.Signature},
	{"another header over the signature", cut(func(w *world, h, c, s string) string {
		other := w.uni.VisaHeader()
		other["typ"] = "JWT"
		return issuer.Part(other) + "." + c + "." + s
	}), passport.Signature},
	{"no signature", cut(func(w *world, h, c, s string) string { return h + "." + c + "." }), passport.Signature},
	{"a signature that is cut", cut(func(w *world, h, c, s string) string { return h + "." + c + "." + s[:340] }), passport.Signature},
	{"a signature of ES256 in ASN.1", func(w *world) string {
		input := issuer.Part(w.dac.VisaHeader()) + "." + issuer.Part(w.dac.VisaClaims(w.grant(), now))
		s := w.dac.Signature(input)
		der, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(s[:32]), new(big.Int).SetBytes(s[32:])})
		return input + "." + base64.RawURLEncoding.EncodeToString(der)
	}, passport.Signature},
	{"a signature of ES256 of two zeros", func(w *world) string {
		return issuer.Part(w.dac.VisaHeader()) + "." + issuer.Part(w.dac.VisaClaims(w.grant(), now)) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
	}, passport.Signature},

	// When.
	{"no exp", edit(func(h, c, v object) { delete(c, "exp") }), passport.ClaimMissing},
	{"no iat", edit(func(h, c, v object) { delete(c, "iat") }), passport.ClaimMissing},
	{"exp as text", claim("exp", "2000000000"), passport.ClaimUnfit},
	{"exp with a fraction", claim("exp", 2000000000.5), passport.ClaimUnfit},
	{"exp below zero", claim("exp", -1), passport.ClaimUnfit},
	{"exp after the end of time", claim("exp", int64(1)<<62), passport.ClaimUnfit},
	{"exp null", claim("exp", nil), passport.ClaimUnfit},
	{"over for 30 s", edit(func(h, c, v object) { c["iat"], c["exp"] = now.Unix()-100, now.Unix()-30 }), passport.Expired},
	{"over for a year", edit(func(h, c, v object) { c["iat"], c["exp"] = now.Unix()-366*86400, now.Unix()-365*86400 }), passport.Expired},
	{"over before it was issued", claim("exp", now.Unix()-10), passport.ClaimUnfit},
	{"issued in 31 s", claim("iat", now.Unix()+31), passport.NotYet},
	{"not before tomorrow", claim("nbf", now.Unix()+86400), passport.NotYet},
	{"nbf as text", claim("nbf", "0"), passport.ClaimUnfit},
	{"good for ten years", claim("exp", now.Unix()+3650*86400), passport.LivesTooLong},
	{"asserted tomorrow", member("asserted", now.Unix()+86400), passport.NotYet},
	{"asserted three years ago", member("asserted", now.Unix()-3*365*86400), passport.AssertedTooOld},
	{"no asserted", edit(func(h, c, v object) { delete(v, "asserted") }), passport.ClaimMissing},
	{"asserted as text", member("asserted", "1"), passport.ClaimUnfit},
	{"meant for somebody else", claim("aud", "https://other.example"), passport.Audience},
	{"meant for several others", claim("aud", []string{"a", "b"}), passport.Audience},
	{"meant for nobody", claim("aud", []string{}), passport.Audience},
	{"meant for a number", claim("aud", 1), passport.ClaimUnfit},

	// What it says.
	{"no subject", edit(func(h, c, v object) { delete(c, "sub") }), passport.ClaimMissing},
	{"an empty subject", claim("sub", ""), passport.ClaimUnfit},
	{"a token that is no visa", edit(func(h, c, v object) { delete(c, "ga4gh_visa_v1") }), passport.ClaimMissing},
	{"a list of visas in one", claim("ga4gh_visa_v1", []any{}), passport.ClaimUnfit},
	{"a visa that is a passport too", claim("ga4gh_passport_v1", []any{}), passport.ClaimUnfit},
	{"no type", edit(func(h, c, v object) { delete(v, "type") }), passport.ClaimMissing},
	{"a custom type", member("type", "https://example.org/passportVisaTypes/researcherStudies"), passport.TypeUnknown},
	{"a type in small letters", member("type", "affiliationandrole"), passport.TypeUnknown},
	{"a type that the issuer may not assert", edit(func(h, c, v object) { v["type"], v["value"], v["by"] = "ControlledAccessGrants", dataset, "dac" }), passport.TypeUnlisted},
	{"a source that the issuer may not speak for", member("source", "https://evil.example"), passport.SourceUnlisted},
	{"a source with a slash more", member("source", "https://uni.example/"), passport.SourceUnlisted},
	{"a source that is no URL", member("source", "uni"), passport.ClaimUnfit},
	{"no source", edit(func(h, c, v object) { delete(v, "source") }), passport.ClaimMissing},
	{"a grant by nobody", func(w *world) string { g := w.grant(); g.By = ""; return w.dac.Visa(g, now) }, passport.ByMissing},
	{"terms accepted by nobody", func(w *world) string { v := w.terms(); v.By = ""; return w.broker.Visa(v, now) }, passport.ByMissing},
	{"a grant by oneself", func(w *world) string { g := w.grant(); g.By = "self"; return w.dac.Visa(g, now) }, passport.ByUnlisted},
	{"by an authority that there is not", func(w *world) string { v := w.terms(); v.By = "boss"; return w.broker.Visa(v, now) }, passport.ByUnlisted},
	{"by nobody, where the list wants somebody", edit(func(h, c, v object) { delete(v, "by") }), passport.ByUnlisted},
	{"by empty", member("by", ""), passport.ClaimUnfit},
	{"no value", edit(func(h, c, v object) { delete(v, "value") }), passport.ClaimMissing},
	{"a number as value", member("value", 1), passport.ClaimUnfit},
	{"an affiliation without a place", member("value", "faculty@"), passport.ValueUnfit},
	{"an affiliation without @", member("value", "faculty"), passport.ValueUnfit},
	{"a role that there is not", member("value", "dean@uni.example"), passport.ValueUnfit},
	{"a role in capitals", member("value", "Faculty@uni.example"), passport.ValueUnfit},
	{"a value with a line break", member("value", "faculty@uni.example\nsite approved"), passport.ClaimUnfit},
	{"a value that colours the terminal", member("value", "faculty@uni.example\x1b[32m"), passport.ClaimUnfit},
	{"a value that turns the text around", member("value", "faculty@\u202eelpmaxe.inu"), passport.ClaimUnfit},
	{"a dataset that is no URL", func(w *world) string { g := w.grant(); g.Value = "datasets/7"; return w.dac.Visa(g, now) }, passport.ValueUnfit},
	{"a URL of more than 255 characters", func(w *world) string {
		g := w.grant()
		g.Value += strings.Repeat("7", 255)
		return w.dac.Visa(g, now)
	}, passport.ClaimUnfit},
	{"linked identities without an issuer", func(w *world) string { v := w.linksVisa(); v.Value = "alice-u"; return w.broker.Visa(v, now) }, passport.ValueUnfit},
	{"linked identities with three parts", func(w *world) string { v := w.linksVisa(); v.Value = "a,b,c"; return w.broker.Visa(v, now) }, passport.ValueUnfit},
	{"linked identities with a broken escape", func(w *world) string { v := w.linksVisa(); v.Value = "a%2,b"; return w.broker.Visa(v, now) }, passport.ValueUnfit},
	{"linked identities with a hidden line break", func(w *world) string { v := w.linksVisa(); v.Value = "a%0a,b"; return w.broker.Visa(v, now) }, passport.ValueUnfit},
	{"more linked identities than anybody has", func(w *world) string {
		v := w.linksVisa()
		v.Value = strings.TrimSuffix(strings.Repeat("a,b;", 60), ";")
		return w.broker.Visa(v, now)
	}, passport.ValueUnfit},

	// Whose it is.
	{"of a person that nobody links", func(w *world) string { v := w.affiliation(); v.Subject = "mallory"; return w.uni.Visa(v, now) }, passport.OtherPerson},
	{"of a person of the same name at another issuer", func(w *world) string { v := w.affiliation(); v.Subject = "alice-b"; return w.uni.Visa(v, now) }, passport.OtherPerson},

	// Conditions.
	{"conditions null", conditions(nil), passport.ConditionsUnfit},
	{"conditions as text", conditions("AffiliationAndRole"), passport.ConditionsUnfit},
	{"one list in place of two", conditions([]any{object{"type": "LinkedIdentities", "by": "const:system"}}), passport.ConditionsUnfit},
	{"an empty list of clauses", conditions([]any{[]any{}}), passport.ConditionsUnfit},
	{"a clause without type", clauses(object{"value": "const:a", "by": "const:so"}), passport.ConditionsUnfit},
	{"a clause with type alone", clauses(object{"type": "LinkedIdentities"}), passport.ConditionsUnfit},
	{"a clause with conditions", clauses(object{"type": "LinkedIdentities", "conditions": "const:a"}), passport.ConditionsUnfit},
	{"a clause with a time", clauses(object{"type": "LinkedIdentities", "asserted": "pattern:*"}), passport.ConditionsUnfit},
	{"a clause without a way to compare", clauses(object{"type": "LinkedIdentities", "by": "system"}), passport.ConditionsUnfit},
	{"a clause with a number", clauses(object{"type": "LinkedIdentities", "by": 1}), passport.ConditionsUnfit},
	{"a second clause that is broken, behind a list that is met", conditions([]any{[]any{object{"type": "LinkedIdentities", "by": "const:system"}}, "x"}), passport.ConditionsUnfit},
	{"more clauses than are looked at", clauses(slices.Repeat([]any{object{"type": "LinkedIdentities", "by": "const:system"}}, 65)...), passport.ConditionsUnfit},
	{"a way to compare that is not known", clauses(object{"type": "LinkedIdentities", "by": "regexp:.*"}), passport.ConditionsUnmet},
	{"a way to compare in capitals", clauses(object{"type": "LinkedIdentities", "by": "CONST:system"}), passport.ConditionsUnmet},
	{"a claim that is not known", clauses(object{"type": "LinkedIdentities", "by": "const:system", "note": "pattern:*"}), passport.ConditionsUnmet},
	{"a value that nobody has", clauses(object{"type": "LinkedIdentities", "value": "const:nobody"}), passport.ConditionsUnmet},
	{"a type written as a comparison", clauses(object{"type": "const:LinkedIdentities", "by": "const:system"}), passport.ConditionsUnmet},
	{"a pattern that meets a part only", clauses(object{"type": "LinkedIdentities", "by": "pattern:sys"}), passport.ConditionsUnmet},
	{"two claims that no single visa has", clauses(object{"type": "LinkedIdentities", "by": "const:system", "source": "const:" + uniURL}), passport.ConditionsUnmet},
	{"two clauses of which one is met", clauses(object{"type": "LinkedIdentities", "by": "const:system"}, object{"type": "ResearcherStatus", "value": "pattern:*"}), passport.ConditionsUnmet},
	{"a condition that only the visa itself meets", clauses(object{"type": "AffiliationAndRole", "value": "const:faculty@uni.example"}), passport.ConditionsUnmet},
	{"conditions on a visa that links", func(w *world) string {
		v := w.linksVisa()
		v.Conditions = []any{[]any{object{"type": "LinkedIdentities", "by": "const:system"}}}
		return w.broker.Visa(v, now)
	}, passport.ConditionsUnmet},
}

// next is the next letter of base64url: behind the last byte it differs in bits that mean
// nothing.
func next(letter string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.Index(alphabet, letter)+1:][:1]
}

func TestForgedAndBrokenVisasAreNoFacts(t *testing.T) {
	for _, tt := range forgedVisas {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.once = w.links()
			got, err := w.check(w.passport(w.once, tt.visa(w)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]passport.Passed{{Index: 1, Reason: tt.want}}, got.Passed); diff != "" {
				t.Errorf("passed over (-want +got):\n%s", diff)
			}
			if len(got.Facts) != 1 || got.Facts[0].Type != passport.LinkedIdentities {
				t.Errorf("facts: %v, want the links alone", got.Facts)
			}
			w.askedOnlyListed()
		})
	}
}

// askedOnlyListed holds for every token: nobody sends a site elsewhere.
func (w *world) askedOnlyListed() {
	w.t.Helper()
	for _, address := range w.net.asked {
		if !slices.ContainsFunc(w.trust.Issuers, func(i passport.Issuer) bool { return i.JKU == address }) {
			w.t.Errorf("%s was asked for keys, and is not on the list", address)
		}
	}
}

// forgedPassports are refused as a whole.
var forgedPassports = []struct {
	name string
	raw  func(w *world) string
	want passport.Reason
}{
	{"nothing", func(w *world) string { return "" }, passport.Malformed},
	{"a line break behind it", func(w *world) string { return w.passport() + "\n" }, passport.Malformed},
	{"a byte order mark before it", func(w *world) string { return "\ufeff" + w.passport() }, passport.Malformed},
	{"more than 256 KiB", func(w *world) string { return strings.Repeat("a", passport.MaxBytes+1) }, passport.TooLarge},
	{"more than 100 visas", func(w *world) string { return w.passport(make([]string, passport.MaxVisas+1)...) }, passport.TooMany},
	{"alg none", func(w *world) string {
		h := w.broker.PassportHeader()
		h["alg"] = "none"
		return issuer.Part(h) + "." + issuer.Part(w.broker.PassportClaims("alice-b", cnf(w.alice), now)) + "."
	}, passport.Algorithm},
	{"signed by somebody else", func(w *world) string {
		return w.evil.Sign(w.broker.PassportHeader(), w.broker.PassportClaims("alice-b", cnf(w.alice), now))
	}, passport.Signature},
	{"signed by a visa issuer in the broker's name", func(w *world) string {
		return w.uni.Sign(w.broker.PassportHeader(), w.broker.PassportClaims("alice-b", cnf(w.alice), now))
	}, passport.Signature},
	{"of a broker that is not on the list", func(w *world) string { return w.evil.Passport("alice-b", cnf(w.alice), now) }, passport.IssuerUnlisted},
	{"of a visa issuer", func(w *world) string { return w.uni.Passport("alice-u", cnf(w.alice), now) }, passport.IssuerUnlisted},
	{"without typ", editPassport(func(h, c object) { delete(h, "typ") }), passport.TypeHeader},
	{"typ JWT, as an id token has", editPassport(func(h, c object) { h["typ"] = "JWT" }), passport.TypeHeader},
	{"typ of a visa", editPassport(func(h, c object) { h["typ"] = "vnd.ga4gh.visa+jwt" }), passport.TypeHeader},
	{"typ of an access token", editPassport(func(h, c object) { h["typ"] = "at+jwt" }), passport.TypeHeader},
	{"a visa in place of a passport", func(w *world) string { return w.links() }, passport.TypeHeader},
	{"a key set elsewhere", editPassport(func(h, c object) { h["jku"] = evilURL + "/jwks" }), passport.KeySetUnlisted},
	{"a key that the broker does not have", editPassport(func(h, c object) { h["kid"] = "key-2" }), passport.KeyUnknown},
	{"over", editPassport(func(h, c object) { c["iat"], c["exp"] = now.Unix()-7200, now.Unix()-3600 }), passport.Expired},
	{"from the future", editPassport(func(h, c object) { c["iat"] = now.Unix() + 60 }), passport.NotYet},
	{"good for a month", editPassport(func(h, c object) { c["exp"] = now.Unix() + 30*86400 }), passport.LivesTooLong},
	{"for another site", editPassport(func(h, c object) { c["aud"] = "https://node.other.example" }), passport.Audience},
	{"without visas", editPassport(func(h, c object) { delete(c, "ga4gh_passport_v1") }), passport.ClaimMissing},
	{"with one visa in place of a list", editPassport(func(h, c object) { c["ga4gh_passport_v1"] = "a.b.c" }), passport.ClaimUnfit},
	{"with null in place of a list", editPassport(func(h, c object) { c["ga4gh_passport_v1"] = nil }), passport.ClaimUnfit},
	{"a passport that is a visa too", editPassport(func(h, c object) { c["ga4gh_visa_v1"] = object{} }), passport.ClaimUnfit},
	{"without a subject", editPassport(func(h, c object) { delete(c, "sub") }), passport.ClaimMissing},
	{"bound to nobody", func(w *world) string { return w.broker.Passport("alice-b", nil, now) }, passport.KeyUnbound},
	{"bound to another's key", func(w *world) string { return w.broker.Passport("bob-b", cnf(w.bob), now) }, passport.KeyUnbound},
	{"bound to a thumbprint of hers and another's key id", func(w *world) string {
		return w.broker.Passport("alice-b", object{"jkt": w.alice.Thumbprint, "kid": w.bob.Key.String()}, now)
	}, passport.KeyUnbound},
	{"bound in a way that is not known", func(w *world) string { return w.broker.Passport("alice-b", object{"x5t#S256": "a"}, now) }, passport.KeyUnbound},
	{"bound by text", editPassport(func(h, c object) { c["cnf"] = "alice" }), passport.ClaimUnfit},
	{"of another than the site names", func(w *world) string { w.site("carol-b"); return w.passport() }, passport.KeyUnbound},
	{"of another than the roster names", func(w *world) string {
		w.alice.Named = []passport.Identity{{Issuer: brokerURL, Subject: "carol-b"}}
		return w.passport()
	}, passport.KeyUnbound},
	{"bound to another's key, though the site names the holder", func(w *world) string {
		w.site("alice-b")
		return w.broker.Passport("alice-b", cnf(w.bob), now)
	}, passport.KeyUnbound},
	{"a plain list of visas of which nobody names the holder", func(w *world) string { return asJSON(w.t, []string{w.links()}) }, passport.KeyUnbound},
	{"a plain list of visas with a query without a key", func(w *world) string {
		w.alice = passport.Asker{Named: []passport.Identity{w.aliceBroker}}
		return asJSON(w.t, []string{w.links()})
	}, passport.KeyUnbound},
	{"a plain list of visas on which site and roster disagree", func(w *world) string {
		w.site("alice-b")
		w.alice.Named = []passport.Identity{{Issuer: brokerURL, Subject: "carol-b"}}
		return asJSON(w.t, []string{w.links()})
	}, passport.KeyUnbound},
	{"a plain list of more than 100 visas", func(w *world) string { w.site("alice-b"); return asJSON(w.t, make([]string, 101)) }, passport.TooMany},
	{"an object without visas", func(w *world) string { w.site("alice-b"); return `{"sub":"alice-b"}` }, passport.ClaimMissing},
	{"an object with two lists", func(w *world) string { return `{"ga4gh_passport_v1":[],"ga4gh_passport_v1":[]}` }, passport.RepeatedName},
	{"an object that does not end", func(w *world) string { return `{"ga4gh_passport_v1":[` }, passport.NotJSON},
}

func editPassport(f func(h, c object)) func(w *world) string {
	return func(w *world) string { return w.editedPassport(f) }
}

func TestForgedAndBrokenPassportsAreRefused(t *testing.T) {
	for _, tt := range forgedPassports {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.check(tt.raw(w))
			if !errors.Is(err, tt.want) || !errors.Is(err, passport.ErrRefused) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(passport.Claims{}, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			w.askedOnlyListed()
		})
	}
}

// What stands in the list and is no text is no visa, and takes no other with it.
func TestWhatIsNoTextIsNoVisa(t *testing.T) {
	w := newWorld(t)
	got, err := w.check(w.editedPassport(func(h, c object) { c["ga4gh_passport_v1"] = []any{1, nil, object{}, []any{}, w.links()} }))
	if err != nil {
		t.Fatal(err)
	}
	want := []passport.Passed{{Index: 0, Reason: passport.Malformed}, {Index: 1, Reason: passport.Malformed}, {Index: 2, Reason: passport.Malformed}, {Index: 3, Reason: passport.Malformed}}
	if diff := cmp.Diff(want, got.Passed); diff != "" || len(got.Facts) != 1 {
		t.Errorf("passed over (-want +got):\n%sfacts: %v", diff, got.Facts)
	}
}

// Another person's visas, and who says that two persons are one.
func TestNobodyIsLinkedByWhoMayNot(t *testing.T) {
	for _, tt := range []struct {
		name string
		link func(w *world) string
		want passport.Reason // of the link
	}{
		{"by an issuer that is not on the list", func(w *world) string { return w.evil.Visa(w.linksVisa(), now) }, passport.IssuerUnlisted},
		{"by an issuer that may not link", func(w *world) string {
			return w.uni.Visa(issuer.Visa{Subject: "alice-u", Type: "LinkedIdentities", Value: link("alice-b", brokerURL), Source: "https://uni.example"}, now)
		}, passport.TypeUnlisted},
		{"by a source that may not", func(w *world) string { v := w.linksVisa(); v.Source = uniURL; return w.broker.Visa(v, now) }, passport.SourceUnlisted},
		{"by another authority than the list wants", func(w *world) string { v := w.linksVisa(); v.By = "self"; return w.broker.Visa(v, now) }, passport.ByUnlisted},
		{"by a link that is over", func(w *world) string {
			v := w.linksVisa()
			v.Issued, v.Expires = now.Add(-2e9*3600), now.Add(-1e9*3600)
			return w.broker.Visa(v, now)
		}, passport.Expired},
		{"by a link of somebody else's", func(w *world) string {
			v := w.linksVisa()
			v.Subject, v.Value = "mallory-b", link("mallory-u", uniURL)
			return w.broker.Visa(v, now)
		}, passport.OtherPerson},
		{"by a link to another issuer than the list lets it speak of", func(w *world) string {
			w.trust.Issuers[0].Visas[0].Links = []string{dacURL}
			return w.links()
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			got, err := w.check(w.passport(tt.link(w), w.uni.Visa(w.affiliation(), now)))
			if err != nil {
				t.Fatal(err)
			}
			want := []passport.Passed{{Index: 0, Reason: tt.want}, {Index: 1, Reason: passport.OtherPerson}}
			if tt.want == 0 {
				want = want[1:]
			}
			if diff := cmp.Diff(want, got.Passed); diff != "" || len(got.Of(passport.AffiliationAndRole)) > 0 {
				t.Errorf("passed over (-want +got):\n%sfacts: %v", diff, got.Facts)
			}
		})
	}
}

// Every reason is one that some token is refused for.
func TestEveryReasonHasItsToken(t *testing.T) {
	seen := map[passport.Reason]bool{
		// In tests of their own.
		passport.FactLost: true, passport.KeysUnavailable: true, passport.KeyUnfit: true,
	}
	for _, tt := range forgedVisas {
		seen[tt.want] = true
	}
	for _, tt := range forgedPassports {
		seen[tt.want] = true
	}
	for r := passport.Reason(1); !strings.HasPrefix(r.String(), "reason "); r++ {
		if !seen[r] {
			t.Errorf("%v has no token", r)
		}
		delete(seen, r)
	}
	if len(seen) > 0 {
		t.Errorf("no reasons: %v", slices.Collect(maps.Keys(seen)))
	}
	if n := len(forgedVisas) + len(forgedPassports); n < 60 {
		t.Errorf("%d forged or broken tokens, want 60 at least", n)
	}
}
