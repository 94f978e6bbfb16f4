package attack_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/dp/attack"
	"github.com/locus-genomics/locus/dp/sample"
)

func outcome(t *testing.T, in, out []float64) attack.Outcome {
	t.Helper()
	o, err := attack.NewOutcome(in, out)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRatesAreOfScoresAboveAnOutsiders(t *testing.T) {
	o := outcome(t, []float64{5, 1, 9, 4}, []float64{3, 1, 4, 2, 0})
	for _, test := range []struct {
		fpr          float64
		found, wrong int
	}{{0, 2, 0}, {0.2, 3, 1}, {0.4, 3, 2}, {0.6, 3, 3}, {0.8, 4, 4}, {1, 4, 4}} {
		r := o.At(test.fpr)
		if r.Found != test.found || r.Wrong != test.wrong || r.Members != 4 || r.Outsiders != 5 {
			t.Errorf("at %g: %+v, want %d found and %d wrong", test.fpr, r, test.found, test.wrong)
		}
	}
	// Of 20 pairs the member is above in 15 and even in 2.
	if got := o.AUC(); math.Abs(got-16./20) > 1e-12 {
		t.Errorf("AUC %g, want 0.8", got)
	}
}

func TestScoresThatDecideNothingAreRefused(t *testing.T) {
	for name, scores := range map[string][2][]float64{
		"no members":            {nil, {1}},
		"no outsiders":          {{1}, nil},
		"a score of no number":  {{math.NaN()}, {1}},
		"an outsider of no one": {{1}, {math.NaN()}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := attack.NewOutcome(scores[0], scores[1]); !errors.Is(err, attack.ErrTrials) {
				t.Errorf("got %v, want ErrTrials", err)
			}
		})
	}
}

func TestPlayIsTheSameForASeedAndEndsWithTheFirstError(t *testing.T) {
	game := func(counted bool, b *sample.Bits) (float64, error) { return fraction(b), nil }
	first, err := attack.Play(game, 100, seedOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := attack.Play(game, 100, seedOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := attack.Play(game, 100, seedOf("b"))
	if err != nil {
		t.Fatal(err)
	}
	if first.AUC() != again.AUC() || first.AUC() == other.AUC() {
		t.Errorf("AUC %g, again %g, with another seed %g", first.AUC(), again.AUC(), other.AUC())
	}
	broken := errors.New("broken")
	_, err = attack.Play(func(bool, *sample.Bits) (float64, error) { return 0, broken }, 1, seedOf("a"))
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the game's error", err)
	}
	if _, err := attack.Play(game, 0, seedOf("a")); !errors.Is(err, attack.ErrTrials) {
		t.Errorf("no trials: got %v, want ErrTrials", err)
	}
}

func TestAClaimIsRefutedByMoreThanItAllows(t *testing.T) {
	claim := attack.Claim{Rho: 0.1}
	at := func(tpr float64) attack.Rates {
		return attack.Rates{Found: int(tpr * 1e6), Members: 1e6, Wrong: 50_000, Outsiders: 1e6}
	}
	bound := claim.Bound(0.05)
	for _, test := range []struct {
		name  string
		rates attack.Rates
		want  bool
	}{
		{"less than the bound", at(bound - 0.01), false},
		{"the bound", at(bound), false},
		{"a hundredth above", at(bound + 0.01), true},
		{"the same from a hundred", attack.Rates{Found: int(100*bound) + 1, Members: 100, Wrong: 5, Outsiders: 100}, false},
		{"everybody", at(1), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.rates.Refutes(claim, failure); got != test.want {
				t.Errorf("refuted: %v, want %v", got, test.want)
			}
		})
	}
	if at(1).Refutes(attack.Claim{}, failure) {
		t.Error("a release that claims nothing is refuted")
	}
}

// cohort is a Panel of given people, one after the other.
type cohort struct {
	people [][]uint8
	next   int
}

func (c *cohort) Person(dst []uint8, _ *sample.Bits) {
	copy(dst, c.people[c.next%len(c.people)])
	c.next++
}

// ExamplePending has a site look at a release before it leaves: exact frequencies of 2,000
// variants from 100 people.
func ExamplePending() {
	const variants, people = 2000, 100
	reference := attack.Spectrum(variants, 0.05)
	strangers, err := attack.NewPopulation(reference)
	if err != nil {
		fmt.Println(err)
		return
	}
	members, b := &cohort{}, sample.NewBits(seedOf("example"), 0)
	r := attack.Release{Coding: attack.Plain(), Sums: make([]int64, variants), People: people - 1, Reference: reference}
	for range people {
		person := make([]uint8, variants)
		strangers.Person(person, b)
		members.people = append(members.people, person)
		for j, g := range person {
			r.Sums[j] += int64(g)
		}
	}
	findings, err := attack.Pending(r, attack.Claim{}, members, strangers, people, seedOf("pending"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range findings[:2] {
		fmt.Printf("%s: more than nine in ten: %v\n", f.Attack, f.Outcome.At(0.05).TPR() > 0.9)
	}
	// Output:
	// likelihood ratio: more than nine in ten: true
	// Homer: more than nine in ten: true
}

func ExampleClaim_Bound() {
	claim := attack.Claim{Rho: 0.024} // epsilon 1 at delta 10^-6
	fmt.Printf("of the people who are counted, at most %.1f %% are found\n", 100*claim.Bound(0.05))
	// Output: of the people who are counted, at most 8.3 % are found
}

func TestTheTableHasALineForEachFinding(t *testing.T) {
	o := outcome(t, []float64{5, 6, 7, 8}, []float64{1, 2, 3, 4})
	var b strings.Builder
	err := attack.Markdown(&b, []attack.Finding{
		{Attack: "guess", Release: "exact", Outcome: o},
		{Attack: "guess", Release: "private", Outcome: o, Claim: attack.Claim{Epsilon: math.Log(2)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `| attack | release | trials | AUC | at 5 % false | bound | at 1 % false | bound | at 0.1 % false | bound |
|---|---|---|---|---|---|---|---|---|---|
| guess | exact | 4 | 1.000 | 100.00 ± 0.00 % | none | 100.00 ± 0.00 % | none | 100.00 ± 0.00 % | none |
| guess | private | 4 | 1.000 | 100.00 ± 0.00 % | 10.00 % | 100.00 ± 0.00 % | 2.00 % | 100.00 ± 0.00 % | 0.20 % |
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
