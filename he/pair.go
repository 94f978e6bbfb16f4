package he

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/locus-genomics/locus/internal/debug"
)

// ErrPairing is returned for keys of pairs that are not one for each site.
var ErrPairing = errors.New("he: not a key for each site")

// PairKey is a secret of a dealer and one receiver, made once for many sessions. The
// dealer draws it and seals it to the receiver. With such keys most shares need not be
// sent at all, and none needs a KEM's ciphertext, which for many sites is longer than
// what it hides.
type PairKey struct{ key [keySize]byte }

// NewPairKey copies a key of 32 random bytes.
func NewPairKey(b []byte) (PairKey, error) {
	var k PairKey
	if len(b) != keySize {
		return k, fmt.Errorf("%w: the key of a pair has %d", ErrKeyLength, len(b))
	}
	copy(k.key[:], b)
	return k, nil
}

// pairInfo parts keys of pairs from all else that is sealed.
func pairInfo(info []byte) []byte { return append([]byte("locus/he/pair-key/v1\x00"), info...) }

// SealedPairKeySize is the length of a sealed PairKey.
const SealedPairKeySize = sealOverEnc + keySize + sealTag

// Seal encrypts the key to its receiver, as Share.Seal does. Info MUST name both.
func (k PairKey) Seal(kemPublic, info []byte) ([]byte, error) {
	to, err := hpke.MLKEM768X25519().NewPublicKey(kemPublic)
	if err != nil {
		return nil, ErrKEM
	}
	sealed, err := hpke.Seal(to, hpke.HKDFSHA256(), hpke.AES256GCM(), pairInfo(info), k.key[:])
	if err != nil {
		return nil, fmt.Errorf("seal the key of a pair: %w", err)
	}
	return sealed, nil
}

// OpenPairKey decrypts what PairKey.Seal sealed.
func OpenPairKey(kemPrivate, info, sealed []byte) (PairKey, error) {
	private, err := hpke.MLKEM768X25519().NewPrivateKey(kemPrivate)
	if err != nil {
		return PairKey{}, ErrKEM
	}
	if len(sealed) != SealedPairKeySize {
		return PairKey{}, fmt.Errorf("%w: the key of a pair has %d bytes, want %d", ErrSealed, len(sealed), SealedPairKeySize)
	}
	b, err := hpke.Open(private, hpke.HKDFSHA256(), hpke.AES256GCM(), pairInfo(info), sealed)
	if err != nil {
		return PairKey{}, fmt.Errorf("%w: it was sealed to another key or for another place, or altered", ErrSealed)
	}
	defer clear(b)
	return NewPairKey(b)
}

// Salt parts the shares that one mask deals under keys of pairs from those of every
// other mask. It is public, and follows from the mask's secret: other words, other salt.
type Salt [16]byte

// Dealt is a mask's secret, shared under keys of pairs.
type Dealt struct {
	Salt Salt
	// Frames has one for each point of the session, in its order. Those of the first
	// Threshold - Packing points are a tag alone: their shares follow from the key.
	Frames [][]byte
}

// FrameSize is the length of the frame for the site in place i of the session.
func (s Session) FrameSize(i int) int {
	if i < s.Threshold-s.packing() {
		return sealTag
	}
	return shareBytes(s.packing()) + sealTag
}

// maxKeyMaterial bounds the frames that one site sends: with a digest and a signature
// they stay below 64 KiB.
const maxKeyMaterial = 63 << 10

// PackingFor returns the least packing with which so many sites and this threshold have
// frames of at most 63 KiB a dealer, or the greatest there is.
func PackingFor(sites, threshold int) int {
	for l := 1; ; l++ {
		sent := sites - (threshold - l)
		if l+1 >= threshold || sent*shareBytes(l)+sites*sealTag <= maxKeyMaterial {
			return l
		}
	}
}

// Deal shares the mask's secret as Shares does, under one key for each of the session's
// points. dealer is the point of the site whose mask it is. As many shares as can tell
// nothing are drawn from keys, and the others follow from them and the secret.
func (m *Mask) Deal(dealer uint32, keys []PairKey) (Dealt, error) {
	s := m.session
	switch {
	case m.key == nil:
		return Dealt{}, ErrWiped
	case len(keys) != len(s.Points):
		return Dealt{}, fmt.Errorf("%w: %d keys, %d sites", ErrPairing, len(keys), len(s.Points))
	}
	d := Dealt{Frames: make([][]byte, len(keys))}
	m.shamir.fill(d.Salt[:], 0)
	shares, err := m.deal(func(i int, row []uint64) error {
		return keys[i].words(row, s, d.Salt, dealer, s.Points[i])
	})
	if err != nil {
		return Dealt{}, err
	}
	for i, h := range shares {
		var plain []byte
		if s.FrameSize(i) > sealTag {
			plain = packShare(h.words)
		}
		h.Wipe()
		seal, err := keys[i].aead(s, d.Salt, dealer, h.point)
		if err != nil {
			return Dealt{}, err
		}
		// The nonce may be fixed: the key is for this share alone.
		d.Frames[i] = seal.Seal(nil, make([]byte, seal.NonceSize()), plain, nil)
		clear(plain)
	}
	return d, nil
}

// OpenFrame returns the share of a dealer's secret for the site in place i of the
// session. It needs no check key, and not the number of words. The tag shows that
// dealer and receiver have the same key, and mean the same session, salt and places.
func (s Session) OpenFrame(key PairKey, salt Salt, dealer uint32, i int, frame []byte) (Share, error) {
	if i < 0 || i >= len(s.Points) || len(frame) != s.FrameSize(i) {
		return Share{}, fmt.Errorf("%w: a frame of %d bytes for place %d", ErrSealed, len(frame), i)
	}
	h := Share{s.Params, s.packing(), s.Points[i], nil}
	open, err := key.aead(s, salt, dealer, h.point)
	if err != nil {
		return Share{}, err
	}
	plain, err := open.Open(nil, make([]byte, open.NonceSize()), frame, nil)
	if err != nil {
		return Share{}, fmt.Errorf("%w: it was sealed under another key or for another place, or altered", ErrSealed)
	}
	defer clear(plain)
	if len(plain) > 0 {
		h.words, err = unpackShare(plain, h.packing)
		return h, err
	}
	h.words = make([]uint64, shareWords(h.packing))
	return h, key.words(h.words, s, salt, dealer, h.point)
}

// words draws the share of a receiver to whom nothing is sent.
func (k PairKey) words(row []uint64, s Session, salt Salt, dealer, receiver uint32) error {
	b, err := k.derive("words", s, salt, dealer, receiver)
	if err != nil {
		return err
	}
	defer clear(b)
	draw, err := newStream(b)
	if err != nil {
		return err
	}
	draw.uniform(row, 0)
	return nil
}

func (k PairKey) aead(s Session, salt Salt, dealer, receiver uint32) (cipher.AEAD, error) {
	b, err := k.derive("frame", s, salt, dealer, receiver)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	block, err := aes.NewCipher(b)
	if err != nil {
		return nil, fmt.Errorf("he: %w", err)
	}
	return cipher.NewGCM(block)
}

// derive gives a key for one share of one mask.
func (k PairKey) derive(label string, s Session, salt Salt, dealer, receiver uint32) ([]byte, error) {
	b := bytes.NewBufferString("locus/he/frame/v1\x00" + label + "\x00" + s.Params.Name() + "\x00")
	if !debug.Without(debug.PairPlace) {
		b.Write(s.ID[:])
		b.Write(salt[:])
		for _, x := range []uint32{uint32(s.Threshold), uint32(s.packing()), dealer, receiver} {
			b.Write(binary.BigEndian.AppendUint32(nil, x))
		}
	}
	key, err := hkdf.Key(sha256.New, k.key[:], nil, b.String(), keySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of a frame: %w", err)
	}
	return key, nil
}
