package he_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/he"
)

// pairKey is the key of a dealer and a receiver, by their places.
func pairKey(tb testing.TB, dealer, receiver int) he.PairKey {
	tb.Helper()
	b := make([]byte, 32)
	binary.BigEndian.PutUint32(b, uint32(dealer))
	binary.BigEndian.PutUint32(b[4:], uint32(receiver))
	k, err := he.NewPairKey(b)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// deal is contribute, with shares that went through frames.
func deal(tb testing.TB, s he.Session, site int, words []int64) (contribution, he.Dealt) {
	tb.Helper()
	m, err := he.NewMask(s, newRoot(tb, site), words)
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Wipe()
	c := contribution{words: words}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		tb.Fatal(err)
	}
	c.hidden = b.Bytes()
	if c.check, err = m.Check(); err != nil {
		tb.Fatal(err)
	}
	keys := make([]he.PairKey, len(s.Points))
	for i := range keys {
		keys[i] = pairKey(tb, site, i)
	}
	d, err := m.Deal(s.Points[site], keys)
	if err != nil {
		tb.Fatal(err)
	}
	for i, frame := range d.Frames {
		share, err := s.OpenFrame(keys[i], d.Salt, s.Points[site], i, frame)
		if err != nil {
			tb.Fatalf("site %d opens its frame: %v", i, err)
		}
		c.shares = append(c.shares, share)
	}
	return c, d
}

// TestPackedSharesOpenTheSum deals in both ways and opens with as few as can, from
// either end of the roster, and with one share to check the others.
func TestPackedSharesOpenTheSum(t *testing.T) {
	for _, c := range []struct{ sites, threshold, packing int }{
		{2, 2, 1}, {3, 3, 1}, {5, 4, 1}, {5, 4, 2}, {7, 7, 3}, {9, 8, 7}, {20, 17, 5}, {40, 33, 10},
	} {
		t.Run(fmt.Sprintf("%d of %d sites, %d on a polynomial", c.threshold, c.sites, c.packing), func(t *testing.T) {
			s := newSession(t, c.sites, c.threshold, 5)
			s.Packing = c.packing
			s.Points[0] = 4294967295
			cut := c.threshold
			var sealed, paired []contribution
			for site := range cut {
				sealed = append(sealed, contribute(t, s, site, extremes(s, site)))
				p, _ := deal(t, s, site, extremes(s, site))
				paired = append(paired, p)
			}
			for name, all := range map[string][]contribution{"sealed": sealed, "under keys of pairs": paired} {
				total := add(t, all...)
				few := slices.Clone(total.openings)
				for _, openings := range [][]he.Share{few[:c.threshold], few[c.sites-c.threshold:], few} {
					got, err := he.Open(s, total.hidden, total.check, openings)
					if err != nil {
						t.Fatalf("%s, %d openings: %v", name, len(openings), err)
					}
					if diff := cmp.Diff(total.words, got); diff != "" {
						t.Fatalf("%s (-want +got):\n%s", name, diff)
					}
				}
				if _, err := he.Open(s, total.hidden, total.check, few[1:c.threshold]); !errors.Is(err, he.ErrShare) {
					t.Errorf("%s, one opening too few: %v, want ErrShare", name, err)
				}
				if c.sites > c.threshold {
					few[0] = he.BumpShare(few[0], 0)
					if _, err := he.Open(s, total.hidden, total.check, few); !errors.Is(err, he.ErrShare) {
						t.Errorf("%s, a wrong opening: %v, want ErrShare", name, err)
					}
				}
			}
		})
	}
}

// TestAnotherPackingGivesAnotherSecret: shares of both kinds together would be of one key.
func TestAnotherPackingGivesAnotherSecret(t *testing.T) {
	hidden := make(map[int]string)
	for _, packing := range []int{0, 1, 2, 3} {
		s := newSession(t, 5, 4, 1)
		s.Packing = packing
		c, _ := deal(t, s, 0, []int64{1})
		hidden[packing] = string(c.hidden)
	}
	if hidden[0] != hidden[1] {
		t.Error("0 does not stand for 1")
	}
	if hidden[1] == hidden[2] || hidden[2] == hidden[3] || hidden[1] == hidden[3] {
		t.Error("two packings have one key")
	}
}

// TestPackedSharesNameWhoIsWrong has two openings more than it needs, one of them wrong.
func TestPackedSharesNameWhoIsWrong(t *testing.T) {
	s := newSession(t, 8, 6, 5)
	s.Packing = 3
	var cut []contribution
	for site := range s.Points {
		c, _ := deal(t, s, site, extremes(s, site))
		cut = append(cut, c)
	}
	total := add(t, cut...)
	total.openings[4] = he.BumpShare(total.openings[4], 683)
	_, err := he.Open(s, total.hidden, total.check, total.openings)
	var wrong *he.WrongSharesError
	if !errors.As(err, &wrong) || !slices.Equal(wrong.Points, []uint32{5}) {
		t.Fatalf("Open: %v, want point 5 named", err)
	}
}

// TestKeyMaterialIsShortForManySites holds what a site sends besides its words below
// 64 KiB: frames, and a digest of them.
func TestKeyMaterialIsShortForManySites(t *testing.T) {
	for n := 2; n <= 1000; n++ {
		threshold := max(2*n/3+1, n-4)
		if n > 16 {
			threshold = 4*n/5 + 1
		}
		s := newSession(t, n, threshold, 1)
		s.Packing = he.PackingFor(n, threshold)
		if err := s.Check(); err != nil {
			t.Fatalf("%d sites: %v", n, err)
		}
		size := 0
		for i := range n {
			size += s.FrameSize(i)
		}
		if size > 64<<10-1024 {
			t.Errorf("%d sites, threshold %d, packing %d: %d bytes of key material", n, threshold, s.Packing, size)
		}
		if n <= 16 && s.Packing != 1 {
			t.Errorf("%d sites have packing %d, want Shamir's scheme", n, s.Packing)
		}
		// So many may be in league with everybody else: nearly half of the sites.
		if f := min(2*(threshold-s.Packing+1)-n-1, threshold-s.Packing-1); f < 2*n/5-1 {
			t.Errorf("%d sites, threshold %d, packing %d: only %d of them may be corrupt", n, threshold, s.Packing, f)
		}
	}
}

// TestFramesOpenInTheirPlaceOnly tries every frame with what is not quite right.
func TestFramesOpenInTheirPlaceOnly(t *testing.T) {
	s := newSession(t, 5, 4, 1)
	s.Packing = 2
	_, d := deal(t, s, 0, []int64{1})
	other := s
	other.ID = he.SessionID{9}
	looser := s
	looser.Threshold = 3
	for i, frame := range d.Frames {
		key := pairKey(t, 0, i)
		for name, open := range map[string]func() (he.Share, error){
			"another key":       func() (he.Share, error) { return s.OpenFrame(pairKey(t, 1, i), d.Salt, 1, i, frame) },
			"another salt":      func() (he.Share, error) { return s.OpenFrame(key, he.Salt{1}, 1, i, frame) },
			"another dealer":    func() (he.Share, error) { return s.OpenFrame(key, d.Salt, 2, i, frame) },
			"another receiver":  func() (he.Share, error) { return s.OpenFrame(key, d.Salt, 1, (i+1)%5, frame) },
			"another session":   func() (he.Share, error) { return other.OpenFrame(key, d.Salt, 1, i, frame) },
			"another threshold": func() (he.Share, error) { return looser.OpenFrame(key, d.Salt, 1, i, frame) },
			"a bit flipped": func() (he.Share, error) {
				b := bytes.Clone(frame)
				b[len(b)/2] ^= 1
				return s.OpenFrame(key, d.Salt, 1, i, b)
			},
			"cut short": func() (he.Share, error) { return s.OpenFrame(key, d.Salt, 1, i, frame[:len(frame)-1]) },
			"no place":  func() (he.Share, error) { return s.OpenFrame(key, d.Salt, 1, 5, frame) },
		} {
			if _, err := open(); !errors.Is(err, he.ErrSealed) {
				t.Errorf("frame %d, %s: %v, want ErrSealed", i, name, err)
			}
		}
	}
}

// TestOtherWordsOtherFrames: one pair of keys, one session, and words that changed.
func TestOtherWordsOtherFrames(t *testing.T) {
	s := newSession(t, 5, 4, 1)
	s.Packing = 2
	_, before := deal(t, s, 0, []int64{1})
	_, after := deal(t, s, 0, []int64{2})
	_, again := deal(t, s, 0, []int64{1})
	if diff := cmp.Diff(before, again); diff != "" {
		t.Errorf("the same words give other frames (-want +got):\n%s", diff)
	}
	if before.Salt == after.Salt {
		t.Error("other words have the same salt")
	}
	for i := range before.Frames {
		if bytes.Equal(before.Frames[i], after.Frames[i]) {
			t.Errorf("other words have the same frame %d", i)
		}
	}
}

func TestKeysOfPairsAreSealed(t *testing.T) {
	private, public, err := he.KEMFromSeed([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	key := pairKey(t, 1, 2)
	sealed, err := key.Seal(public, []byte("alice to bob"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != he.SealedPairKeySize {
		t.Errorf("it has %d bytes, want %d", len(sealed), he.SealedPairKeySize)
	}
	if got, err := he.OpenPairKey(private, []byte("alice to bob"), sealed); err != nil || got != key {
		t.Errorf("OpenPairKey: %v", err)
	}
	if _, err := he.OpenPairKey(private, []byte("carol to bob"), sealed); !errors.Is(err, he.ErrSealed) {
		t.Errorf("for another place: %v, want ErrSealed", err)
	}
	if _, err := he.OpenPairKey(private, []byte("alice to bob"), sealed[1:]); !errors.Is(err, he.ErrSealed) {
		t.Errorf("cut short: %v, want ErrSealed", err)
	}
	if _, err := key.Seal(public[1:], nil); !errors.Is(err, he.ErrKEM) {
		t.Errorf("to no key: %v, want ErrKEM", err)
	}
}

func TestDealAsksForAKeyForEachSite(t *testing.T) {
	s := newSession(t, 3, 3, 1)
	m, err := he.NewMask(s, newRoot(t, 0), []int64{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Deal(1, make([]he.PairKey, 2)); !errors.Is(err, he.ErrPairing) {
		t.Errorf("two keys for three sites: %v, want ErrPairing", err)
	}
	m.Wipe()
	if _, err := m.Deal(1, make([]he.PairKey, 3)); !errors.Is(err, he.ErrWiped) {
		t.Errorf("after Wipe: %v, want ErrWiped", err)
	}
}

func TestAPackingThatTellsIsRefused(t *testing.T) {
	for _, packing := range []int{-1, 4, 5} {
		s := newSession(t, 5, 4, 1)
		s.Packing = packing
		if err := s.Check(); !errors.Is(err, he.ErrSession) {
			t.Errorf("threshold 4, packing %d: %v, want ErrSession", packing, err)
		}
	}
}

// FuzzOpenFrame opens what a dealer sent, or somebody else.
func FuzzOpenFrame(f *testing.F) {
	s := newSession(f, 5, 4, 1)
	s.Packing = 2
	_, d := deal(f, s, 0, []int64{1})
	for i, frame := range d.Frames {
		f.Add(uint8(i), frame)
		f.Add(uint8(i+1), frame)
	}
	f.Fuzz(func(t *testing.T, place uint8, b []byte) {
		i := int(place) % 6
		share, err := s.OpenFrame(pairKey(t, 0, i), d.Salt, 1, i, b)
		switch {
		case err != nil && !errors.Is(err, he.ErrSealed):
			t.Fatal(err)
		case err == nil && (!bytes.Equal(b, d.Frames[i]) || share.Point() != s.Points[i]):
			t.Fatal("a frame opens that nobody sealed")
		}
	})
}
