package passport

import (
	"regexp"
	"strings"
	"testing"
)

// The examples of RFC 7515, appendices A.2 and A.3: what others have signed.
func TestSignaturesOfRFC7515(t *testing.T) {
	const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	for _, tt := range []struct{ name, jwk, token string }{
		{"A.2, RS256", `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
			"eyJhbGciOiJSUzI1NiJ9." + payload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
		{"A.3, ES256", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
			"eyJhbGciOiJFUzI1NiJ9." + payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, r := parseObject([]byte(tt.jwk))
			if r != 0 {
				t.Fatal(r)
			}
			key := parseKey(o)
			if !signed(tt.token, key) {
				t.Error("it does not verify")
			}
			if signed(strings.Replace(tt.token, ".eyJ", ".eyK", 1), key) {
				t.Error("it verifies with another payload")
			}
		})
	}
}

// In a passport that a hostile issuer has signed, conditions cost no more than this.
func TestConditionsEndWithTheirSteps(t *testing.T) {
	steps := 10_000
	if glob("*a*a*a*a*b", strings.Repeat("a", 5_000), &steps) || steps > 0 {
		t.Errorf("%d steps left", steps)
	}
	var visas []*visa
	for range MaxVisas {
		visas = append(visas, &visa{fact: Fact{Type: LinkedIdentities, Value: strings.Repeat("a", maxLinkedBytes), Until: forever}})
	}
	one := clause{typ: LinkedIdentities, claims: []match{{"value", "pattern", strings.Repeat("*a", 100) + "b"}}}
	steps = maxSteps
	for range MaxVisas {
		if _, met := (conditions{{one, one}, {one}}).met(visas, &steps); met {
			t.Fatal("met")
		}
	}
	if steps > 0 {
		t.Errorf("%d steps left", steps)
	}
}

// pattern is glob in other words.
func pattern(p string) *regexp.Regexp {
	var b strings.Builder
	for _, r := range p {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(`(?s)\A` + b.String() + `\z`)
}

func FuzzGlob(f *testing.F) {
	for _, s := range []struct{ pattern, text string }{
		{"faculty@*", "faculty@uni.example"}, {"*", ""}, {"", ""}, {"?", "é"}, {"a*b*c", "abcabc"}, {"**?", "x"}, {"[a-z]", "b"},
	} {
		f.Add(s.pattern, s.text)
	}
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > maxPattern || len(s) > 4096 || strings.ToValidUTF8(p, "") != p || strings.ToValidUTF8(s, "") != s {
			return
		}
		steps := maxSteps
		if got, want := glob(p, s, &steps), pattern(p).MatchString(s); got != want && steps >= 0 {
			t.Errorf("%q meets %q: %v, want %v", s, p, got, want)
		}
	})
}

func FuzzConditions(f *testing.F) {
	for _, s := range []string{
		`[]`, `[[]]`, `null`, `[[{"type":"AffiliationAndRole","value":"const:faculty@uni.example","by":"const:so"}]]`,
		`[[{"type":"AffiliationAndRole","value":"pattern:faculty@*"},{"type":"LinkedIdentities","value":"split_pattern:b,*"}],[{"type":"ResearcherStatus","by":"const:so"}]]`,
		`[[{"type":"AffiliationAndRole","conditions":"const:"}]]`, `[[{"type":"AffiliationAndRole","value":"regexp:.*"}]]`,
	} {
		f.Add(s, "faculty@uni.example")
	}
	f.Fuzz(func(t *testing.T, raw, value string) {
		v, r := parseJSON([]byte(raw))
		if r != 0 {
			return
		}
		c, r := parseConditions(v)
		if r != 0 {
			return
		}
		visas := []*visa{
			{fact: Fact{Type: AffiliationAndRole, Value: value, By: BySO, Until: forever}},
			{fact: Fact{Type: LinkedIdentities, Value: "a,b;" + value, Until: forever}, conditional: true},
		}
		steps := maxSteps
		until, met := c.met(visas, &steps)
		if met != !until.IsZero() || met && len(c) == 0 {
			t.Errorf("met: %v, until %v, of %d lists", met, until, len(c))
		}
		// Without visas nothing is met, whatever it asks.
		if _, met := c.met(nil, &steps); met {
			t.Error("met by no visa")
		}
		if _, met := c.met(visas[1:], &steps); met {
			t.Error("met by a visa that has conditions itself")
		}
	})
}
