// Package issuer makes passports and visas, for tests and for the demo. Start with New.
// It signs whatever it is told to, so that no product reaches it: floors_test.go has the
// wall. It shares no code with package passport, which verifies.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"time"
)

// Issuer has an address and a key.
type Issuer struct {
	URL, KID string
	key      crypto.Signer
}

// New makes an issuer that signs with RS256 or ES256.
func New(url, kid, alg string) (*Issuer, error) {
	i := &Issuer{URL: url, KID: kid}
	var err error
	switch alg {
	case "RS256":
		i.key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("an issuer signs with RS256 or ES256, not with %q", alg)
	}
	return i, err
}

// WithKey makes an issuer of a key, also of one that is unfit.
func WithKey(url, kid string, key crypto.Signer) *Issuer { return &Issuer{url, kid, key} }

// JKU is where Handler's key set is, if the handler stands at the issuer's address.
func (i *Issuer) JKU() string { return i.URL + "/jwks" }

// Alg is what it signs with.
func (i *Issuer) Alg() string {
	if _, is := i.key.(*rsa.PrivateKey); is {
		return "RS256"
	}
	return "ES256"
}

// Public is the key that verifies.
func (i *Issuer) Public() crypto.PublicKey { return i.key.Public() }

// Object is a JSON object: claims, or a header.
type Object = map[string]any

// Visa is what a visa says. Zero times are now for Issued and Asserted, a day later for
// Expires.
type Visa struct {
	Subject                   string
	Type, Value, Source, By   string
	Conditions                any
	Issued, Asserted, Expires time.Time
}

// Visa signs a visa document token.
func (i *Issuer) Visa(v Visa, now time.Time) string {
	return i.Sign(i.VisaHeader(), i.VisaClaims(v, now))
}

// VisaHeader is the header of a visa document token.
func (i *Issuer) VisaHeader() Object {
	return Object{"typ": "vnd.ga4gh.visa+jwt", "alg": i.Alg(), "kid": i.KID, "jku": i.JKU()}
}

// VisaClaims are the claims of a visa.
func (i *Issuer) VisaClaims(v Visa, now time.Time) Object {
	issued := or(v.Issued, now)
	visa := Object{"type": v.Type, "asserted": or(v.Asserted, now).Unix(), "value": v.Value, "source": v.Source}
	if v.By != "" {
		visa["by"] = v.By
	}
	if v.Conditions != nil {
		visa["conditions"] = v.Conditions
	}
	return Object{
		"iss": i.URL, "sub": v.Subject, "iat": issued.Unix(), "exp": or(v.Expires, issued.Add(24*time.Hour)).Unix(),
		"ga4gh_visa_v1": visa,
	}
}

// Passport signs a passport of an hour. confirm is its cnf claim, if it is not nil.
func (i *Issuer) Passport(subject string, confirm Object, now time.Time, visas ...string) string {
	return i.Sign(i.PassportHeader(), i.PassportClaims(subject, confirm, now, visas...))
}

// PassportHeader is the header of a passport.
func (i *Issuer) PassportHeader() Object {
	return Object{"typ": "vnd.ga4gh.passport+jwt", "alg": i.Alg(), "kid": i.KID}
}

// PassportClaims are the claims of a passport.
func (i *Issuer) PassportClaims(subject string, confirm Object, now time.Time, visas ...string) Object {
	if visas == nil {
		visas = []string{}
	}
	claims := Object{"iss": i.URL, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "ga4gh_passport_v1": visas}
	if confirm != nil {
		claims["cnf"] = confirm
	}
	return claims
}

// Sign signs any header and claims: values, or bytes that are taken as they are.
func (i *Issuer) Sign(header, claims any) string {
	input := Part(header) + "." + Part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(i.Signature(input))
}

// Signature is the JWS signature of a signing input.
func (i *Issuer) Signature(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	if key, is := i.key.(*ecdsa.PrivateKey); is {
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			panic(err) // of a key that this program has made
		}
		size := (key.Curve.Params().BitSize + 7) / 8 // RFC 7518 section 3.4: both numbers in full length
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	signature, err := i.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return signature
}

// Part is one part of a compact JWS.
func Part(v any) string {
	raw, is := v.([]byte)
	if !is {
		var err error
		if raw, err = json.Marshal(v); err != nil {
			panic(err)
		}
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// JWK is its public key as a member of a key set.
func (i *Issuer) JWK() Object {
	k := Object{"kid": i.KID, "use": "sig", "alg": i.Alg()}
	switch key := i.key.Public().(type) {
	case *rsa.PublicKey:
		k["kty"], k["n"], k["e"] = "RSA", number(key.N), number(big.NewInt(int64(key.E)))
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic(err)
		}
		half := (len(point) - 1) / 2
		k["kty"], k["crv"] = "EC", key.Curve.Params().Name
		k["x"], k["y"] = base64.RawURLEncoding.EncodeToString(point[1:1+half]), base64.RawURLEncoding.EncodeToString(point[1+half:])
	}
	return k
}

func number(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }

// KeySet is a JSON Web Key Set of the keys of issuers that share an address.
func KeySet(issuers ...*Issuer) []byte {
	keys := []Object{}
	for _, i := range issuers {
		keys = append(keys, i.JWK())
	}
	raw, err := json.Marshal(Object{"keys": keys})
	if err != nil {
		panic(err)
	}
	return raw
}

// Handler serves its key set at /jwks.
func (i *Issuer) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Write(KeySet(i))
	})
	return mux
}

func or(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise
	}
	return t
}
