package passport

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/locus-genomics/locus/internal/debug"
)

// Bounds of what is read.
const (
	// MaxBytes bounds a passport, or a list of visas, as it is handed over.
	MaxBytes = 256 << 10
	// MaxVisas bounds how many visas are in it. Each costs a signature.
	MaxVisas = 100

	maxVisaBytes   = 16 << 10 // room for conditions and a long list of linked identities
	maxHeaderBytes = 4 << 10
	maxName        = 255 // of iss, sub, kid; OpenID Connect Core section 2 has this for sub
	maxURL         = 1024
)

// skew is how far the clocks of an issuer and a site may be apart.
const skew = 30 * time.Second

// token is a compact JWS, taken apart. Nothing of it is true before verify.
type token struct {
	compact         string
	header, claims  object
	alg, kid, jku   string
	typ             string
	issuer, subject string
}

// parseToken is strict where go-jose is not: its base64 takes line breaks and non-zero
// trailing bits, so that other bytes would be the same token.
func parseToken(compact string) (*token, Reason) {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 {
		return nil, Malformed
	}
	var raw [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") {
			return nil, Malformed
		}
		raw[i] = b
	}
	if len(raw[0]) > maxHeaderBytes {
		return nil, TooLarge
	}
	t := &token{compact: compact}
	var r Reason
	if t.header, r = parseObject(raw[0]); r != 0 {
		return nil, r
	}
	if t.claims, r = parseObject(raw[1]); r != 0 {
		return nil, r
	}
	if r := t.readHeader(); r != 0 {
		return nil, r
	}
	if t.issuer, r = t.claims.text("iss", maxName); r != 0 {
		return nil, r
	}
	t.subject, r = t.claims.text("sub", maxName)
	return t, r
}

// readHeader takes what AAI and RFC 7515 section 4.1 have, and refuses what would let a
// token say how it wants to be verified (RFC 8725 sections 3.1 and 3.10).
func (t *token) readHeader() Reason {
	for _, name := range []string{"crit", "b64"} {
		if _, there := t.header[name]; there {
			return Critical
		}
	}
	for _, name := range []string{"jwk", "x5c", "x5u", "x5t", "x5t#S256"} {
		if _, there := t.header[name]; there {
			return KeyInToken
		}
	}
	var r Reason
	if t.alg, _ = t.header["alg"].(string); t.alg != rs256 && t.alg != es256 {
		return Algorithm
	}
	if _, there := t.header["kid"]; !there {
		return KeyUnnamed
	}
	if t.kid, r = t.header.text("kid", maxName); r != 0 {
		return r
	}
	if t.jku, r = t.header.optionalText("jku", maxURL); r != 0 {
		return r
	}
	if t.typ, r = t.header.optionalText("typ", maxName); r != 0 {
		return TypeHeader
	}
	// RFC 7515 section 4.1.9: application/ may stand or not.
	t.typ = strings.TrimPrefix(t.typ, "application/")
	return 0
}

func (t *token) identity() Identity { return Identity{t.issuer, t.subject} }

// checkScope refuses a visa that would have to be polled (AAI, Conformance for Passport
// Clearinghouses 5.2), also a young one.
func (t *token) checkScope() Reason {
	var scope string
	if v, there := t.claims["scope"]; there {
		s, is := v.(string)
		if !is {
			return ClaimUnfit
		}
		scope = s
	}
	if t.typ == "at+jwt" || slices.Contains(strings.Fields(scope), "openid") {
		return AccessToken
	}
	return 0
}

// verify is what passports and visas have in common. The order matters: nothing is
// fetched for an issuer or a key set that is not on the site's list.
func (c *Clearinghouse) verify(ctx context.Context, t *token, i *Issuer, now time.Time) Reason {
	jku := i.JKU
	if t.jku != "" && t.jku != jku {
		if !debug.Without(debug.KeySetListed) {
			return KeySetUnlisted
		}
		jku = t.jku
	}
	var key publicKey
	var r Reason
	if set, own := c.own[t.issuer]; own {
		key, r = set.key(t.kid)
	} else {
		key, r = c.keys.key(ctx, jku, t.kid, now)
	}
	if r != 0 {
		return r
	}
	if key.alg != t.alg {
		return Algorithm
	}
	if !debug.Without(debug.VisaSignature) && !signed(t.compact, key) {
		return Signature
	}
	return c.audience(t)
}

// signed leaves the library no choice of algorithm or key.
func signed(compact string, key publicKey) bool {
	s, err := jose.ParseSignedCompact(compact, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(key.alg)})
	if err != nil {
		return false
	}
	_, err = s.Verify(key.key)
	return err == nil
}

// audience: RFC 7519 section 4.1.3, a token that names an audience is for nobody else.
func (c *Clearinghouse) audience(t *token) Reason {
	aud, there := t.claims["aud"]
	if !there {
		return 0
	}
	names, is := aud.([]any)
	if !is {
		names = []any{aud}
	}
	for _, name := range names {
		s, is := name.(string)
		if !is {
			return ClaimUnfit
		}
		if slices.Contains(c.trust.Audience, s) {
			return 0
		}
	}
	return Audience
}

// current checks exp, iat and nbf, and gives exp. A limit bounds the time between.
func (t *token) current(now time.Time, limit time.Duration) (exp time.Time, r Reason) {
	iat, r := t.claims.seconds("iat")
	if r != 0 {
		return exp, r
	}
	if exp, r = t.claims.seconds("exp"); r != 0 {
		return exp, r
	}
	nbf := iat
	if _, there := t.claims["nbf"]; there {
		if nbf, r = t.claims.seconds("nbf"); r != 0 {
			return exp, r
		}
	}
	switch latest := now.Add(skew); {
	case !exp.After(iat):
		return exp, ClaimUnfit
	case iat.After(latest) || nbf.After(latest):
		return exp, NotYet
	case !now.Before(exp.Add(skew)) && !debug.Without(debug.VisaCurrent):
		return exp, Expired
	case exp.Sub(iat) > limit:
		return exp, LivesTooLong
	}
	return exp, 0
}
