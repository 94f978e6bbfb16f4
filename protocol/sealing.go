package protocol

import (
	"crypto/hpke"
	"errors"
	"fmt"
)

// ErrSealed is returned when sealed bytes do not open under the key and context given.
var ErrSealed = errors.New("protocol: sealed bytes do not open")

// kemID stands before everything sealed: HPKE's name for ML-KEM-768 with X25519.
// There is one suite a protocol version and nothing is negotiated.
var kemID = [2]byte{byte(hpke.MLKEM768X25519().ID() >> 8), byte(hpke.MLKEM768X25519().ID())}

// seal encrypts to a public key with HPKE (RFC 9180; MLKEM768X25519, HKDF-SHA256,
// AES-256-GCM). info binds the bytes to their place.
func seal(kemPublic, info, plaintext []byte) ([]byte, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(kemPublic)
	if err != nil {
		return nil, fmt.Errorf("%w: not an ML-KEM-768 + X25519 key", ErrMalformed)
	}
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, plaintext)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(kemID[:], sealed...), nil
}

// unseal is the reverse of seal. The private key is the 32-byte seed.
func unseal(kemPrivate, info, sealed []byte) ([]byte, error) {
	if len(sealed) < len(kemID) || [2]byte(sealed) != kemID {
		return nil, fmt.Errorf("%w: another suite", ErrSealed)
	}
	key, err := hpke.MLKEM768X25519().NewPrivateKey(kemPrivate)
	if err != nil {
		return nil, errors.New("protocol: not an ML-KEM-768 + X25519 private key")
	}
	plaintext, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed[len(kemID):])
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}
