package passport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
)

// The algorithms of AAI, Signing Algorithms.
const (
	rs256 = "RS256"
	es256 = "ES256"
)

// Bounds of a key set (RFC 7517). NIST SP 800-131A has 2048 bits since 2014; a modulus
// of more than 8192 would only cost time.
const (
	// MaxKeySetBytes bounds what a Fetcher reads.
	MaxKeySetBytes = 64 << 10

	maxKeys    = 32
	minRSABits = 2048
	maxRSABits = 8192
)

// publicKey is an issuer's, with the one algorithm that it is for.
type publicKey struct {
	alg string
	key crypto.PublicKey // nil: in the set, and unfit
}

// keySet are an issuer's keys by kid.
type keySet map[string]publicKey

func (s keySet) key(kid string) (publicKey, Reason) {
	k, known := s[kid]
	switch {
	case !known:
		return k, KeyUnknown
	case k.key == nil:
		return k, KeyUnfit
	}
	return k, 0
}

var errKeySet = errors.New("passport: not a JSON Web Key Set of at most 32 keys (RFC 7517 section 5)")

// parseKeySet keeps unfit keys by their name, so that who uses one learns that it is not
// missing. Keys without a name are for others.
func parseKeySet(raw []byte) (keySet, error) {
	if len(raw) > MaxKeySetBytes {
		return nil, errKeySet
	}
	o, r := parseObject(raw)
	if r != 0 {
		return nil, errKeySet
	}
	list, is := o["keys"].([]any)
	if !is || len(list) > maxKeys {
		return nil, errKeySet
	}
	set := keySet{}
	for _, entry := range list {
		k, is := entry.(object)
		if !is {
			return nil, errKeySet
		}
		kid, r := k.text("kid", maxName)
		if r != 0 {
			continue
		}
		if _, twice := set[kid]; twice {
			set[kid] = publicKey{} // which one is meant cannot be told
			continue
		}
		set[kid] = parseKey(k)
	}
	return set, nil
}

// parseKey gives the zero publicKey for what is unfit: also a set that shows private
// parts, because then anybody can sign.
func parseKey(k object) publicKey {
	if use, there := k["use"]; there && use != "sig" {
		return publicKey{}
	}
	if ops, there := k["key_ops"]; there {
		if list, is := ops.([]any); !is || !slices.Contains(list, any("verify")) {
			return publicKey{}
		}
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, there := k[private]; there {
			return publicKey{}
		}
	}
	var key publicKey
	switch k["kty"] {
	case "RSA":
		key = publicKey{rs256, rsaKey(k)}
	case "EC":
		key = publicKey{es256, ecKey(k)}
	}
	if alg, there := k["alg"]; there && alg != key.alg {
		return publicKey{}
	}
	return key
}

// rsaKey is nil for what is unfit: RFC 7518 section 3.3 wants 2048 bits, FIPS 186-5
// section 5.1 an odd exponent over 65536.
func rsaKey(k object) crypto.PublicKey {
	n, e := number(k["n"]), number(k["e"])
	if n == nil || e == nil || n.BitLen() < minRSABits || n.BitLen() > maxRSABits || n.Bit(0) == 0 {
		return nil
	}
	if e.BitLen() > 31 || e.Bit(0) == 0 || e.Int64() < 65537 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

// ecKey is nil for what is not a point of P-256: RFC 7518 section 6.2.1 has both
// coordinates in full length.
func ecKey(k object) crypto.PublicKey {
	x, y := decode(k["x"]), decode(k["y"])
	if k["crv"] != "P-256" || len(x) != 32 || len(y) != 32 {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil
	}
	return key
}

func number(v any) *big.Int {
	b := decode(v)
	if len(b) == 0 || len(b) > 2*maxRSABits/8 {
		return nil
	}
	return new(big.Int).SetBytes(b)
}

func decode(v any) []byte {
	s, _ := v.(string)
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
