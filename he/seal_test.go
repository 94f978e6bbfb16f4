package he

import (
	"bytes"
	"errors"
	"testing"
)

// TestTheInsideOfAShareIsRefused has what an honest site never packs.
func TestTheInsideOfAShareIsRefused(t *testing.T) {
	good := packShare(make([]uint64, secretWords))
	for name, change := range map[string]func(b []byte) []byte{
		"a number that is q": func(b []byte) []byte {
			words := make([]uint64, secretWords)
			words[7] = prime
			return packShare(words)
		},
		"a bit after the last number": func(b []byte) []byte { b[len(b)-1] |= 0x80; return b },
		"one byte less":               func(b []byte) []byte { return b[1:] },
		"one byte more":               func(b []byte) []byte { return append(b, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := unpackShare(change(bytes.Clone(good)), 1); !errors.Is(err, ErrSealed) {
				t.Errorf("unpackShare: %v, want ErrSealed", err)
			}
		})
	}
	if _, err := unpackShare(good, 1); err != nil {
		t.Errorf("the share that was not changed: %v", err)
	}
}

// TestEveryByteOfASealedShareCounts alters each byte of its header, and some of the rest.
func TestEveryByteOfASealedShareCounts(t *testing.T) {
	private, public, err := KEMFromSeed([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	share := Share{a50[0], 1, 2, make([]uint64, secretWords)}
	sealed, err := share.Seal(public, []byte("place"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenShare(a50[0], 1, private, []byte("place"), sealed, 2); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(sealed); i += max(1, i/2) {
		b := bytes.Clone(sealed)
		b[i] ^= 1
		if _, err := OpenShare(a50[0], 1, private, []byte("place"), b, 2); !errors.Is(err, ErrSealed) {
			t.Errorf("byte %d is another: %v, want ErrSealed", i, err)
		}
	}
}

// TestADealerCannotLeaveAShareOut seals nothing where a share is due, with the right key,
// and a share where nothing is.
func TestADealerCannotLeaveAShareOut(t *testing.T) {
	s := testSession(t, 1)
	s.Threshold = 3
	s.Packing = 2 // one share follows from the key, two are sent
	key, salt := PairKey{[keySize]byte{1}}, Salt{2}
	for i, plain := range [][]byte{make([]byte, shareBytes(2)), nil, nil} {
		seal, err := key.aead(s, salt, 1, s.Points[i])
		if err != nil {
			t.Fatal(err)
		}
		frame := seal.Seal(nil, make([]byte, seal.NonceSize()), plain, nil)
		if _, err := s.OpenFrame(key, salt, 1, i, frame); !errors.Is(err, ErrSealed) {
			t.Errorf("place %d opens a frame of %d bytes, where %d are due: %v", i, len(frame), s.FrameSize(i), err)
		}
	}
}

// TestWipeLeavesNoSecret looks at what a mask held.
func TestWipeLeavesNoSecret(t *testing.T) {
	s := testSession(t, 1)
	m, err := NewMask(s, SessionRoot{[keySize]byte{1}}, []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	k := m.key
	vectors := k.vectors
	m.Wipe()
	if m.secret != (poly{}) || m.check != (Check{}) || k.factors != [ringDegree]factor{} {
		t.Error("a secret is left")
	}
	if vectors != nil && *vectors != (vectorKey{}) {
		t.Error("a secret is left for the assembly")
	}
}

// TestAMaskKeepsItsPoints: the caller may use its slice for something else.
func TestAMaskKeepsItsPoints(t *testing.T) {
	s := testSession(t, 1)
	m, err := NewMask(s, SessionRoot{[keySize]byte{1}}, []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	s.Points[0] = 0
	shares, err := m.Shares()
	if err != nil || shares[0].Point() != 1 {
		t.Errorf("the share is for point %d, %v", shares[0].Point(), err)
	}
}
