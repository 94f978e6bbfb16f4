package he

import (
	"bytes"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrSealed is returned for a sealed share that does not open: another key, another
// place, altered, cut short, or not a share inside.
var ErrSealed = errors.New("he: the sealed share does not open")

// ErrKEM is returned for a key that is not an ML-KEM-768 + X25519 key.
var ErrKEM = errors.New("he: not an ML-KEM-768 + X25519 key")

// A sealed share: format, KEM, parameter set, then HPKE's encapsulated key and
// ciphertext. Inside are the share's words of 50 bits, one after the other from the
// low bit of the first byte, and zeros up to the last byte's end.
const (
	sealFormat  = 1
	sealHeader  = 1 + 2 + 2
	sealOverEnc = 1088 + 32 // ML-KEM-768 ciphertext, X25519 point
	sealTag     = 16
)

// SealedShareSize is the length of every sealed share of a set, of so many numbers on
// one polynomial; 0 stands for 1.
func SealedShareSize(_ Params, packing int) int {
	return sealHeader + sealOverEnc + shareBytes(max(packing, 1)) + sealTag
}

// shareBytes is the length of what is inside.
func shareBytes(packing int) int { return (shareWords(packing)*primeBits + 7) / 8 }

// GenerateKEM draws a key pair for sealed shares.
func GenerateKEM(entropy io.Reader) (private, public []byte, err error) {
	var seed [keySize]byte
	if _, err := io.ReadFull(entropy, seed[:]); err != nil {
		return nil, nil, fmt.Errorf("draw a KEM key: %w", err)
	}
	return KEMFromSeed(seed)
}

// KEMFromSeed returns the key pair of a seed; the private key is the seed.
func KEMFromSeed(seed [keySize]byte) (private, public []byte, err error) {
	k, err := hpke.MLKEM768X25519().NewPrivateKey(seed[:])
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrKEM, err)
	}
	return bytes.Clone(seed[:]), k.PublicKey().Bytes(), nil
}

// Seal encrypts the share to a public key (HPKE, RFC 9180: MLKEM768X25519,
// HKDF-SHA256, AES-256-GCM). It opens only under the same info, which MUST name
// session, sender and receiver.
func (s Share) Seal(kemPublic, info []byte) ([]byte, error) {
	if len(s.words) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrShare)
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(kemPublic)
	if err != nil {
		return nil, ErrKEM
	}
	plain := packShare(s.words)
	defer clear(plain)
	sealed, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), sealInfo(s.params, s.packing, s.point, info), plain)
	if err != nil {
		return nil, fmt.Errorf("seal a share: %w", err)
	}
	return append(sealHead(s.params), sealed...), nil
}

// OpenShare decrypts a share that was sealed for a point, in a session of this packing.
func OpenShare(p Params, packing int, kemPrivate, info, sealed []byte, point uint32) (Share, error) {
	packing = max(packing, 1)
	key, err := hpke.MLKEM768X25519().NewPrivateKey(kemPrivate)
	if err != nil {
		return Share{}, ErrKEM
	}
	if !p.known() || len(sealed) != SealedShareSize(p, packing) {
		return Share{}, fmt.Errorf("%w: it has %d bytes, a share of %s has %d", ErrSealed, len(sealed), p, SealedShareSize(p, packing))
	}
	if !bytes.Equal(sealed[:sealHeader], sealHead(p)) {
		return Share{}, fmt.Errorf("%w: its format, suite or parameter set is not %s's", ErrSealed, p)
	}
	plain, err := hpke.Open(key, hpke.HKDFSHA256(), hpke.AES256GCM(), sealInfo(p, packing, point, info), sealed[sealHeader:])
	if err != nil {
		return Share{}, fmt.Errorf("%w: it was sealed to another key or for another place, or altered", ErrSealed)
	}
	defer clear(plain)
	words, err := unpackShare(plain, packing)
	return Share{p, packing, point, words}, err
}

func sealHead(p Params) []byte {
	b := binary.BigEndian.AppendUint16([]byte{sealFormat}, hpke.MLKEM768X25519().ID())
	return binary.BigEndian.AppendUint16(b, p.id)
}

// sealInfo binds a sealed share to its place.
func sealInfo(p Params, packing int, point uint32, info []byte) []byte {
	if debug.Without(debug.ShareBinding) {
		return nil
	}
	b := append([]byte("locus/he/share/v1\x00"), sealHead(p)...)
	if packing > 1 {
		b = binary.BigEndian.AppendUint32(append(b, "packed\x00"...), uint32(packing))
	}
	return append(binary.BigEndian.AppendUint32(b, point), info...)
}

// packShare writes 50 bits a word.
func packShare(words []uint64) []byte {
	b := make([]byte, 0, (len(words)*primeBits+7)/8)
	var hold uint64
	var bits uint
	for _, x := range words {
		hold |= x << bits // at most 7 bits are held over
		for bits += primeBits; bits >= 8; bits -= 8 {
			b = append(b, byte(hold))
			hold >>= 8
		}
	}
	if bits > 0 {
		b = append(b, byte(hold))
	}
	return b
}

// unpackShare reads what packShare wrote and refuses anything else.
func unpackShare(b []byte, packing int) ([]uint64, error) {
	if len(b) != shareBytes(packing) {
		return nil, fmt.Errorf("%w: %d bytes inside, want %d", ErrSealed, len(b), shareBytes(packing))
	}
	words := make([]uint64, shareWords(packing))
	var hold uint64
	var bits uint
	for i := range words {
		for ; bits < primeBits; bits += 8 {
			hold |= uint64(b[0]) << bits
			b = b[1:]
		}
		if words[i] = hold & maskPrime; words[i] >= prime {
			clear(words)
			return nil, fmt.Errorf("%w: word %d inside is not below q", ErrSealed, i)
		}
		hold >>= primeBits
		bits -= primeBits
	}
	if hold != 0 {
		clear(words)
		return nil, fmt.Errorf("%w: bits are set after the last word inside", ErrSealed)
	}
	return words, nil
}
