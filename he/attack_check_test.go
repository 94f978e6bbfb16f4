package he

import (
	"math/rand/v2"
	"testing"
)

// The coordinator sees alice's check words, a colluding researcher knows the weights, and
// together they guess what alice has. Without the masks a right guess would be
// confirmed, though there is no key to open anything with: with them every guess is as
// likely as every other. After the sum is opened they know the sum of all masks, which
// confirms a guess of the sum, that they have already.
func TestAttackGuessFromCheckWords(t *testing.T) {
	s := testSession(t, 100)
	rng := rand.New(rand.NewPCG(11, 12))
	words := make([]int64, s.Words)
	for i := range words {
		words[i] = rng.Int64N(1000)
	}
	weighed := func(words []int64) Check {
		w, err := newWeigher(s.CheckKey)
		if err != nil {
			t.Fatal(err)
		}
		w.add(0, words)
		return w.sum
	}
	alice, err := NewMask(s, SessionRoot{[keySize]byte{1}}, words)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := alice.Check()
	if err != nil {
		t.Fatal(err)
	}
	guess := weighed(words)
	for i := range sent {
		if sent[i] == guess[i] {
			t.Errorf("check word %d confirms a guess", i)
		}
		if subMod(sent[i], alice.check[i]) != guess[i] {
			t.Errorf("check word %d without its mask does not confirm the guess: this attack tries nothing", i)
		}
	}
	// Any other guess has masks that explain what was sent, and masks are uniform: of
	// two vectors that differ neither can be told. Equal masks would give it away.
	if alice.check[0] == alice.check[1] {
		t.Error("both masks are one number")
	}
	bob, err := NewMask(s, SessionRoot{[keySize]byte{2}}, words)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := bob.Check(); err != nil || other[0] == sent[0] || other[1] == sent[1] {
		t.Errorf("two sites with the same words send the same check words, %v", err)
	}
}
