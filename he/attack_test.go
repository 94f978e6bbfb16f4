package he_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/he"
	"github.com/locus-genomics/locus/internal/debug"
)

var errLearntNothing = errors.New("the attacker has learnt nothing")

// A site is asked again after its data changed. With one key for both vectors the
// coordinator subtracts, and reads the change.
func TestAttackSubtractTwoVectorsOfOneSession(t *testing.T) {
	debug.Defended(t, debug.WordsInSecret, func() error {
		s := newSession(t, 3, 2, 100)
		before := extremes(s, 1)
		after := slices.Clone(before)
		after[7]--
		a, b := contribute(t, s, 0, before), contribute(t, s, 0, after)
		for i := range before {
			if got := (word48(a.hidden, i) - word48(b.hidden, i)) & (1<<48 - 1); got != uint64(before[i]-after[i])<<s.Params.Guard() {
				return errLearntNothing
			}
		}
		return nil
	})
}

// word48 is word i of hidden words.
func word48(b []byte, i int) uint64 {
	return uint64(binary.LittleEndian.Uint32(b[6*i:])) | uint64(binary.LittleEndian.Uint16(b[6*i+4:]))<<32
}

// The same question twice, once over alice and bob and once over all three. With one
// key for both sessions, researcher and coordinator subtract the openings and hold
// carol's key.
func TestAttackSubtractTwoSessions(t *testing.T) {
	debug.Defended(t, debug.SessionInSecret, func() error {
		const alice, bob, carol = 0, 1, 2
		one, two := newSession(t, 3, 2, 100), newSession(t, 3, 2, 100)
		two.ID = he.SessionID{2}
		var first, second []contribution
		for _, site := range []int{alice, bob, carol} {
			if site != carol {
				first = append(first, contribute(t, one, site, extremes(one, site)))
			}
			second = append(second, contribute(t, two, site, extremes(two, site)))
		}
		without, with := add(t, first...), add(t, second...)
		var key []he.Share
		for i := range with.openings {
			key = append(key, he.SubShare(with.openings[i], without.openings[i]))
		}
		got, err := he.Open(two, second[carol].hidden, second[carol].check, key)
		if err != nil {
			return err
		}
		if !slices.Equal(got, second[carol].words) {
			return errLearntNothing
		}
		return nil
	})
}

// mallory's point in the roster is zero. Her share of alice's key is alice's key, and
// she needs nobody else's.
func TestAttackShareAtPointZero(t *testing.T) {
	debug.Defended(t, debug.PointZero, func() error {
		s := newSession(t, 3, 3, 100)
		s.Points[2] = 0
		m, err := he.NewMask(s, newRoot(t, 0), extremes(s, 0))
		if err != nil {
			return err
		}
		var hidden bytes.Buffer
		if _, err := m.WriteTo(&hidden); err != nil {
			return err
		}
		check, err := m.Check()
		if err != nil {
			return err
		}
		shares, err := m.Shares()
		if err != nil {
			return err
		}
		alone := s
		alone.Threshold = 1
		got, err := he.Open(alone, hidden.Bytes(), check, shares[2:])
		if err != nil {
			return err
		}
		if !slices.Equal(got, extremes(s, 0)) {
			return errLearntNothing
		}
		return nil
	})
}

// The coordinator hands bob the share that alice sealed to him as if carol had, or in
// another session.
func TestAttackShareInAnotherPlace(t *testing.T) {
	private, public, err := he.KEMFromSeed([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, 3, 2, 1)
	share := contribute(t, s, 0, []int64{1}).shares[1]
	for name, place := range map[string]string{
		"from another sender": "session 1, carol to bob",
		"in another session":  "session 2, alice to bob",
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.ShareBinding, func() error {
				sealed, err := share.Seal(public, []byte("session 1, alice to bob"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = he.OpenShare(s.Params, 1, private, []byte(place), sealed, 2)
				return err
			})
		})
	}
}

// The coordinator adds one to one count, which it need not read for that.
func TestAttackAlterTheSum(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 3, 2, 100)
		total := add(t, contribute(t, s, 0, make([]int64, 100)), contribute(t, s, 1, make([]int64, 100)))
		total.hidden[6*7+1]++ // a guard of 8 bits is one byte
		got, err := he.Open(s, total.hidden, total.check, total.openings)
		if err != nil {
			return err
		}
		if got[7] != 1 {
			return errLearntNothing
		}
		return nil
	})
}

// mallory knows what the others sent and sends hers less theirs, so that the sum of all
// is alice's and hers. The key of that sum is still everybody's, so she reads nothing,
// with check words or without: they only keep the researcher from taking noise for an
// answer.
func TestAttackCancelTheOthers(t *testing.T) {
	debug.Defended(t, debug.CheckWords, func() error {
		s := newSession(t, 4, 3, 100)
		alice, bob := contribute(t, s, 0, extremes(s, 0)), contribute(t, s, 1, extremes(s, 1))
		carol, mallory := contribute(t, s, 2, extremes(s, 2)), contribute(t, s, 3, make([]int64, 100))
		for _, other := range []contribution{bob, carol} {
			if err := he.Add(mallory.hidden, negated(other.hidden)); err != nil {
				t.Fatal(err)
			}
		}
		total := add(t, alice, bob, carol, mallory)
		got, err := he.Open(s, total.hidden, total.check, total.openings)
		if slices.Equal(got, alice.words) {
			t.Error("mallory reads alice's words")
		}
		return err
	})
}

// negated is what adds up with b to zeros.
func negated(b []byte) []byte {
	n := make([]byte, 0, len(b))
	for i := range len(b) / 6 {
		n = binary.LittleEndian.AppendUint64(n, -word48(b, i))[:6*(i+1)]
	}
	return n
}

// The coordinator hands bob a frame of alice's as if carol had dealt it, who has the
// same key with him by some mishap, or one of another session.
func TestAttackFrameInAnotherPlace(t *testing.T) {
	s := newSession(t, 5, 4, 1)
	s.Packing = 2
	_, d := deal(t, s, 0, []int64{1})
	later := s
	later.ID = he.SessionID{9}
	for name, open := range map[string]func() (he.Share, error){
		"from another dealer": func() (he.Share, error) { return s.OpenFrame(pairKey(t, 0, 1), d.Salt, 3, 1, d.Frames[1]) },
		"in another session":  func() (he.Share, error) { return later.OpenFrame(pairKey(t, 0, 1), d.Salt, 1, 1, d.Frames[1]) },
	} {
		t.Run(name, func(t *testing.T) {
			debug.Defended(t, debug.PairPlace, func() error {
				// In the test build it is dealt without a place, too.
				_, d = deal(t, s, 0, []int64{1})
				_, err := open()
				return err
			})
		})
	}
}
