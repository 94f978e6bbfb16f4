package he

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"slices"
	"testing"
)

// drawn are numbers from row 0 under a key, as the specification says it.
func drawn(t *testing.T, key []byte, n int) (all []uint64) {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for row := cipher.NewCTR(block, make([]byte, 16)); len(all) < n; {
		var b [8]byte
		row.XORKeyStream(b[:], b[:])
		if x := binary.LittleEndian.Uint64(b[:]) & (1<<50 - 1); x < prime {
			all = append(all, x)
		}
	}
	return all
}

// expand is HKDF-SHA256, 32 bytes.
func expand(t *testing.T, key []byte, salt, info string) []byte {
	t.Helper()
	b, err := hkdf.Key(sha256.New, key, []byte(salt), info, 32)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// valueAt is what the polynomial through some points is at x, by Lagrange's formula
// and slow arithmetic.
func valueAt(x int64, points, values []*big.Int) uint64 {
	q, sum := big.NewInt(prime), new(big.Int)
	for i, p := range points {
		term := new(big.Int).Set(values[i])
		for j, o := range points {
			if i != j {
				term.Mul(term, new(big.Int).Sub(big.NewInt(x), o))
				term.Mul(term, new(big.Int).ModInverse(new(big.Int).Mod(new(big.Int).Sub(p, o), q), q))
				term.Mod(term, q)
			}
		}
		sum.Add(sum, term)
	}
	return sum.Mod(sum, q).Uint64()
}

// fifty writes numbers of 50 bits, the first lowest, as one large number.
func fifty(numbers []uint64) []byte {
	bits := new(big.Int)
	for _, x := range slices.Backward(numbers) {
		bits.Or(bits.Lsh(bits, 50), new(big.Int).SetUint64(x))
	}
	b := bits.FillBytes(make([]byte, (len(numbers)*50+7)/8))
	slices.Reverse(b)
	return b
}

// sealed is AES-256-GCM with nonce 0.
func sealed(t *testing.T, key, plain []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return seal.Seal(nil, make([]byte, 12), plain, nil)
}

// four is a number in what is hashed.
func four(x uint32) string { return string(binary.BigEndian.AppendUint32(nil, x)) }

// saltOf is the salt of a mask of one word, from its root.
func saltOf(t *testing.T, m *Mask, root SessionRoot) (salt Salt) {
	t.Helper()
	s := m.session
	d := "locus/he/session/v1\x00a50g8\x00" + string(s.ID[:]) + string(s.CheckKey.key[:]) + string(binary.BigEndian.AppendUint64(nil, 1)) +
		four(uint32(s.Threshold)) + four(uint32(len(s.Points)))
	for _, x := range s.Points {
		d += four(x)
	}
	digest := sha256.Sum256([]byte(d + four(uint32(s.Packing))))
	tag, err := m.tag(root, digest)
	if err != nil {
		t.Fatal(err)
	}
	shamir, err := aes.NewCipher(expand(t, root.key[:], "locus/he/v1", "shamir\x00"+string(digest[:])+string(tag)))
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCTR(shamir, make([]byte, 16)).XORKeyStream(salt[:], salt[:])
	return salt
}

// TestFramesAreWhatTheSpecificationSays recomputes salt, shares and frames of a dealing
// from the page alone: three of five sites' numbers follow from two others' and the secret.
func TestFramesAreWhatTheSpecificationSays(t *testing.T) {
	const dealer, packing, threshold = 4, 2, 4
	s := testSession(t, 1)
	s.Points, s.Threshold, s.Packing = []uint32{9, 4, 1, 7, 1 << 31}, threshold, packing
	root := SessionRoot{[keySize]byte{1}}
	m, err := NewMask(s, root, []int64{5})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]PairKey, len(s.Points))
	for i := range keys {
		keys[i].key = [keySize]byte{byte(i + 1)}
	}
	dealt, err := m.Deal(dealer, keys)
	if err != nil {
		t.Fatal(err)
	}

	salt := saltOf(t, m, root)
	if dealt.Salt != salt {
		t.Fatal("the salt is another")
	}

	place := func(label string, i int) []byte {
		return expand(t, keys[i].key[:], "", "locus/he/frame/v1\x00"+label+"\x00a50g8\x00"+string(s.ID[:])+string(salt[:])+
			four(threshold)+four(packing)+four(dealer)+four(s.Points[i]))
	}
	secret := append(slices.Clone(m.secret[:]), m.check[:]...)
	shares := make([][]uint64, len(s.Points))
	for i := range threshold - packing {
		shares[i] = drawn(t, place("words", i), 1025)
	}
	points := []*big.Int{big.NewInt(0), big.NewInt(-1), big.NewInt(9), big.NewInt(4)}
	for i := threshold - packing; i < len(shares); i++ {
		for g := range 1025 {
			values := []*big.Int{new(big.Int).SetUint64(secret[2*g]), new(big.Int).SetUint64(secret[2*g+1]),
				new(big.Int).SetUint64(shares[0][g]), new(big.Int).SetUint64(shares[1][g])}
			shares[i] = append(shares[i], valueAt(int64(s.Points[i]), points, values))
		}
	}
	for i, share := range shares {
		var plain []byte
		if i >= threshold-packing {
			plain = fifty(share)
		}
		if !bytes.Equal(dealt.Frames[i], sealed(t, place("frame", i), plain)) {
			t.Errorf("frame %d is another", i)
		}
		got, err := s.OpenFrame(keys[i], salt, dealer, i, dealt.Frames[i])
		if err != nil || !slices.Equal(got.words, share) {
			t.Errorf("share %d is another, %v", i, err)
		}
	}
}
