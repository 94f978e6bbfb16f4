package he_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
)

// gibberish tries to open something that is not the sum of the cut that the openings
// are for, and requires that it looks nothing like what the attacker wants to read. The
// researcher is on the attacker's side: check words are out of the way, where they can be.
func gibberish(t *testing.T, s he.Session, hidden []byte, check he.Check, openings []he.Share, secret []int64) error {
	t.Helper()
	got, err := he.Open(s, hidden, check, openings)
	same := 0
	for i := range got {
		if got[i] == secret[i] {
			same++
		}
	}
	// A word that was not opened is uniform over 2^40: none of a hundred is right by chance.
	if same > 0 {
		t.Errorf("%d of %d words are read", same, len(secret))
	}
	return err
}

// The coordinator has the openings of three sites' sum, and puts alice's words in its
// place. The openings are of the sum of three keys.
func TestAttackOpenOneSiteAlone(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 3, 2, 100)
		alice := contribute(t, s, 0, extremes(s, 0))
		total := add(t, alice, contribute(t, s, 1, extremes(s, 1)), contribute(t, s, 2, extremes(s, 2)))
		return gibberish(t, s, alice.hidden, alice.check, total.openings, alice.words)
	})
}

// The coordinator subtracts alice from the sum, to read what bob and carol have without
// her: their keys are not opened without hers.
func TestAttackLeaveOneSiteOut(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 3, 2, 100)
		alice, bob, carol := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1)), contribute(t, s, 2, extremes(s, 2))
		total, rest := add(t, alice, bob, carol), add(t, bob, carol)
		return gibberish(t, s, rest.hidden, rest.check, total.openings, rest.words)
	})
}

// mallory sends alice's words and check words again as hers, so that alice counts twice;
// from a sum of two sites with herself empty she would read alice. She cannot send alice's
// shares again: they are sealed, and bound to alice.
func TestAttackCopyAnother(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 3, 2, 100)
		alice, bob := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))
		mallory := contribute(t, s, 2, make([]int64, 100))
		mallory.hidden, mallory.check, mallory.words = alice.hidden, alice.check, alice.words
		total := add(t, alice, bob, mallory)
		return gibberish(t, s, total.hidden, total.check, total.openings, total.words)
	})
}

// mallory sends the negation of what alice sent, and of her check words.
func TestAttackNegateAnother(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 3, 2, 100)
		alice, bob := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))
		mallory := contribute(t, s, 2, make([]int64, 100))
		mallory.hidden = negated(alice.hidden)
		total := add(t, alice, bob, mallory)
		return gibberish(t, s, total.hidden, bob.check, total.openings, bob.words)
	})
}

// The coordinator adds what alice sent yesterday, in another session, to today's sum.
func TestAttackReplayFromAnotherSession(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		today, yesterday := newSession(t, 3, 2, 100), newSession(t, 3, 2, 100)
		yesterday.ID = he.SessionID{2}
		words := extremes(today, 0)
		old := contribute(t, yesterday, 0, words)
		bob, carol := contribute(t, today, 1, extremes(today, 1)), contribute(t, today, 2, extremes(today, 2))
		alice := contribute(t, today, 0, words)
		total := add(t, alice, bob, carol)
		replayed := add(t, old, bob, carol)
		return gibberish(t, today, replayed.hidden, replayed.check, total.openings, total.words)
	})
}

// Of two cuts that the coordinator shows to two quorums, alice is in one only. One key
// for both lets it subtract; here a site opens once (see the node), and an opening of the
// one cut does not mix with those of the other.
func TestAttackMixOpeningsOfTwoCuts(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 4, 2, 100)
		alice, bob := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))
		carol := contribute(t, s, 2, extremes(s, 2))
		with, without := add(t, alice, bob, carol), add(t, bob, carol)
		mixed := []he.Share{with.openings[0], without.openings[1]}
		return errors.Join(
			gibberish(t, s, with.hidden, with.check, mixed, with.words),
			gibberish(t, s, without.hidden, without.check, mixed, without.words))
	})
}

// A threshold less one of the openings, and the coordinator: what is missing is uniform.
func TestAttackOpenWithTooFew(t *testing.T) {
	s := newSession(t, 3, 3, 100)
	total := add(t, contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1)), contribute(t, s, 2, extremes(s, 2)))
	lower := s
	lower.Threshold = 2 // of a polynomial of degree two
	for _, pair := range [][]int{{0, 1}, {0, 2}, {1, 2}} {
		if err := gibberish(t, lower, total.hidden, total.check, total.pick(pair...), total.words); err == nil {
			t.Errorf("openings %d open the sum of a threshold of three", pair)
		}
	}
}

// mallory has two places in the roster, at one point: she would count twice for the
// threshold, or divide by zero where shares are put together.
func TestAttackEqualPoints(t *testing.T) {
	s := newSession(t, 3, 2, 100)
	cut := []contribution{contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))}
	total := add(t, cut...)
	if _, err := he.Open(s, total.hidden, total.check, total.pick(2, 2)); !errors.Is(err, he.ErrShare) {
		t.Errorf("one opening given twice: %v, want ErrShare", err)
	}
	s.Points = []uint32{1, 2, 2}
	if _, err := he.NewMask(s, newRoot(t, 0), cut[0].words); !errors.Is(err, he.ErrSession) {
		t.Errorf("NewMask: %v, want ErrSession", err)
	}
	if _, err := he.Open(s, total.hidden, total.check, total.pick(0, 1)); !errors.Is(err, he.ErrSession) {
		t.Errorf("Open: %v, want ErrSession", err)
	}
}

// alice deals shares of two keys, one to some sites and one to others, so that who opens
// decides what the sum is. With one to spare it is seen; where the quorum is as small as
// can be, the check words see it.
func TestAttackDealTwoKeys(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 4, 2, 100)
		alice, bob := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))
		other := contribute(t, s, 0, extremes(s, 5))
		alice.shares = append(slices.Clone(alice.shares[:2]), other.shares[2:]...)
		total := add(t, alice, bob)
		if _, err := he.Open(s, total.hidden, total.check, total.openings); !errors.Is(err, he.ErrShare) {
			t.Errorf("all four openings: %v, want ErrShare", err)
		}
		return gibberish(t, s, total.hidden, total.check, total.pick(1, 2), total.words)
	})
}

// A key to seal to that is crafted, so that whoever knows how opens it, or nothing at all.
func TestAttackCraftedRecipientKey(t *testing.T) {
	_, public, err := he.KEMFromSeed([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	const lattice = 1184 // bytes of the ML-KEM-768 key; X25519's 32 follow
	share := contribute(t, newSession(t, 3, 2, 1), 0, []int64{1}).shares[1]
	crafted := func(change func(key []byte)) []byte {
		key := bytes.Clone(public)
		change(key)
		return key
	}
	// Points of small order on Curve25519 and its twist: every private key gives zero.
	order8 := []byte{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00}
	for name, key := range map[string][]byte{
		"nothing":                              nil,
		"zeros":                                make([]byte, len(public)),
		"ones":                                 bytes.Repeat([]byte{0xff}, len(public)),
		"one byte less":                        public[:len(public)-1],
		"one byte more":                        append(bytes.Clone(public), 0),
		"the curve's point is 0":               crafted(func(k []byte) { clear(k[lattice:]) }),
		"the curve's point is 1":               crafted(func(k []byte) { clear(k[lattice:]); k[lattice] = 1 }),
		"the curve's point has order 8":        crafted(func(k []byte) { copy(k[lattice:], order8) }),
		"a coefficient is not below its prime": crafted(func(k []byte) { k[0], k[1] = 0xff, 0xff }),
	} {
		t.Run(name, func(t *testing.T) {
			if sealed, err := share.Seal(key, []byte("place")); err == nil || sealed != nil {
				t.Errorf("a share is sealed to it")
			}
		})
	}
	if _, err := share.Seal(public, []byte("place")); err != nil {
		t.Errorf("the key that these were made from: %v", err)
	}
}
