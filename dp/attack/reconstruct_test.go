package attack_test

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

// subsetsOf are subsets of 64 people by chance, and how many of them one person is in at most.
func subsetsOf(n int) (subsets []uint64, most int) {
	b := sample.NewBits(seedOf("subsets"), uint64(n))
	var in [64]int
	for range n {
		s := b.Uint64()
		subsets = append(subsets, s)
		for i := range in {
			in[i] += int(s >> i & 1)
			most = max(most, in[i])
		}
	}
	return subsets, most
}

// answersOf is how many have the secret in each subset.
func answersOf(subsets []uint64, secret uint64) []int64 {
	answers := make([]int64, len(subsets))
	for q, s := range subsets {
		answers[q] = int64(bits.OnesCount64(s & secret))
	}
	return answers
}

// reconstruction is the game of one person's bit among 64, from 4 times as many subsets, or
// factor times that. With a factor of 0 answers are exact.
func reconstruction(factor int) func(*testing.T) (attack.Game, attack.Claim) {
	return func(t *testing.T) (attack.Game, attack.Claim) {
		subsets, most := subsetsOf(256 * max(factor, 1))
		var noise dp.Mechanism
		var claim attack.Claim
		ridge := 1e-3
		if factor > 0 {
			// A bit is 1/2 to either side of the middle: a variance of 1/4.
			noise, claim = calibrated(t, dp.Counts{Cells: len(subsets), Cap: most})
			ridge = 4 * noise.Spread() * noise.Spread()
		}
		return bitGame(t, subsets, noise, ridge), claim
	}
}

func bitGame(t *testing.T, subsets []uint64, noise dp.Mechanism, ridge float64) attack.Game {
	t.Helper()
	r, err := attack.NewReconstruction(64, subsets, ridge)
	if err != nil {
		t.Fatal(err)
	}
	return func(counted bool, b *sample.Bits) (float64, error) {
		secret := b.Uint64() &^ 1
		if counted {
			secret |= 1
		}
		answers := answersOf(subsets, secret)
		if noise != nil {
			if err := noise.Add(answers, seedFrom(b), 1); err != nil {
				return 0, err
			}
		}
		x, err := r.Solve(answers)
		if err != nil {
			return 0, err
		}
		return x[0], nil
	}
}

// A little noise for each answer does not help: many answers together are what tells.
func TestReconstructionFindsNearlyEveryBitThroughALittleNoise(t *testing.T) {
	subsets, most := subsetsOf(256)
	person, err := dp.Counts{Cells: len(subsets), Cap: most}.Person()
	if err != nil {
		t.Fatal(err)
	}
	private, claim := calibrated(t, dp.Counts{Cells: len(subsets), Cap: most})
	little, err := dp.NewGaussian(person, len(subsets), dp.Sites{All: 1, Honest: 1}, sample.Whole(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name        string
		noise       dp.Mechanism
		least, most float64
	}{
		{"no noise", nil, 1, 1},
		{"noise of variance 1", little, 0.99, 1},
		// The bits of a release are not quite independent. If they were, 3 % of 6,400 would
		// be 5 standard errors.
		{"private", private, 0.5, (1+claim.Advantage())/2 + 0.03},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := shareRight(t, subsets, test.noise); got < test.least || got > test.most {
				t.Errorf("%.1f %% of bits are right, want %.1f to %.1f %%", 100*got, 100*test.least, 100*test.most)
			}
		})
	}
}

// shareRight is how many of the bits of 100 secrets are guessed.
func shareRight(t *testing.T, subsets []uint64, noise dp.Mechanism) float64 {
	t.Helper()
	ridge := 1e-3
	if noise != nil {
		ridge = 4 * noise.Spread() * noise.Spread()
	}
	r, err := attack.NewReconstruction(64, subsets, ridge)
	if err != nil {
		t.Fatal(err)
	}
	b := sample.NewBits(seedOf("secrets"), 0)
	right := 0
	for range 100 {
		secret := b.Uint64()
		answers := answersOf(subsets, secret)
		if noise != nil {
			if err := noise.Add(answers, seedFrom(b), 1); err != nil {
				t.Fatal(err)
			}
		}
		x, err := r.Solve(answers)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x {
			if (x[i] > 0) == (secret>>i&1 == 1) {
				right++
			}
		}
	}
	return float64(right) / 6400
}

func TestReconstructionRefusesSubsetsThatTellNothing(t *testing.T) {
	for _, test := range []struct {
		name    string
		people  int
		subsets []uint64
		ridge   float64
	}{
		{"nobody", 0, []uint64{1}, 1},
		{"more people than are solved for", 65, make([]uint64, 65), 1},
		{"fewer subsets than people", 2, []uint64{3}, 1},
		{"people who are always together, and no ridge", 2, []uint64{3, 3, 3}, 0},
		{"a negative ridge", 2, []uint64{1, 2}, -2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := attack.NewReconstruction(test.people, test.subsets, test.ridge); !errors.Is(err, attack.ErrSubsets) {
				t.Errorf("got %v, want ErrSubsets", err)
			}
		})
	}
	r, err := attack.NewReconstruction(2, []uint64{1, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Solve([]int64{1}); !errors.Is(err, attack.ErrSubsets) {
		t.Errorf("one answer to two: got %v, want ErrSubsets", err)
	}
}
