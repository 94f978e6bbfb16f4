package dp_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/locus-genomics/locus/dp"
)

// alleles are what a person may add to AC and AN of a variant, by the rule of counting:
// at most 2 to each, and no more to AC than to AN.
var alleles = [][2]int64{{0, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}, {2, 2}}

// choices lists all ways to choose one of so many options at each of so many places.
func choices(options, places int) [][]int {
	all := [][]int{nil}
	for range places {
		var longer [][]int
		for _, c := range all {
			for o := range options {
				longer = append(longer, append(append([]int{}, c...), o))
			}
		}
		all = longer
	}
	return all
}

// reached is how much a vector changes.
func reached(a, b []int64) dp.Bound {
	var r dp.Bound
	for i := range a {
		d := a[i] - b[i]
		r.L1 += uint64(max(d, -d))
		r.L2Squared += uint64(d * d)
	}
	return r
}

// hold checks that a bound is never exceeded, and is reached: it can be no smaller.
func hold(t *testing.T, k dp.Kernel, changes []dp.Bound) {
	t.Helper()
	bound, err := k.Person()
	if err != nil {
		t.Fatal(err)
	}
	var most dp.Bound
	for _, c := range changes {
		most.L1, most.L2Squared = max(most.L1, c.L1), max(most.L2Squared, c.L2Squared)
	}
	if most != bound {
		t.Errorf("of %d changes by one person the largest are %+v, declared are %+v", len(changes), most, bound)
	}
}

// person is what somebody adds to AC and AN of each variant.
func person(choice []int) (ac, an []int64) {
	for _, c := range choice {
		ac, an = append(ac, alleles[c][0]), append(an, alleles[c][1])
	}
	return ac, an
}

func encode(t *testing.T, f dp.Frequency, ac, an []int64, people int64) []int64 {
	t.Helper()
	v := make([]int64, f.Coordinates())
	if err := f.Encode(v, interleave(ac, an), people); err != nil {
		t.Fatal(err)
	}
	return v
}

// interleave gives AC and AN of each variant in turn.
func interleave(ac, an []int64) (counts []int64) {
	for i := range ac {
		counts = append(counts, ac[i], an[i])
	}
	return counts
}

func plus(a, b []int64) []int64 {
	sum := make([]int64, len(a))
	for i := range a {
		sum[i] = a[i] + b[i]
	}
	return sum
}

// Every person who can be is added to every pair of others.
func TestNobodyChangesFrequenciesByMoreThanDeclared(t *testing.T) {
	for _, f := range []dp.Frequency{{Variants: 1}, {Variants: 2}, {Variants: 3}, {Variants: 1, Missing: true}, {Variants: 2, Missing: true}, {Variants: 3, Missing: true}} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			var changes []dp.Bound
			everybody := choices(len(alleles), f.Variants)
			for i, other := range everybody {
				ac, an := person(other)
				with2, an2 := person(everybody[(7*i+3)%len(everybody)])
				ac, an = plus(ac, with2), plus(an, an2)
				before := encode(t, f, ac, an, 2)
				for _, who := range everybody {
					pac, pan := person(who)
					changes = append(changes, reached(encode(t, f, plus(ac, pac), plus(an, pan), 3), before))
				}
			}
			hold(t, f, changes)
		})
	}
}

// Had a person three copies, the declared bound would not hold: the rule of counting is
// what it rests on.
func TestTheBoundOfFrequenciesRestsOnTwoCopiesAPerson(t *testing.T) {
	f := dp.Frequency{Variants: 1, Missing: true}
	bound, err := f.Person()
	if err != nil {
		t.Fatal(err)
	}
	got := reached(encode(t, f, []int64{4}, []int64{4}, 3), encode(t, f, []int64{1}, []int64{1}, 2))
	if got.L2Squared <= bound.L2Squared {
		t.Errorf("three copies of one person change %+v, no more than is declared, %+v", got, bound)
	}
}

// To change a genotype is at most twice as far as to add a person.
func TestAChangedGenotypeIsAtMostTwiceAsFar(t *testing.T) {
	f := dp.Frequency{Variants: 2, Missing: true}
	bound, err := f.Person()
	if err != nil {
		t.Fatal(err)
	}
	everybody := choices(len(alleles), f.Variants)
	for _, a := range everybody {
		for _, b := range everybody {
			aac, aan := person(a)
			bac, ban := person(b)
			if got := reached(encode(t, f, aac, aan, 1), encode(t, f, bac, ban, 1)); got.L2Squared > 4*bound.L2Squared {
				t.Fatalf("%v in place of %v changes %d, more than %d", a, b, got.L2Squared, 4*bound.L2Squared)
			}
		}
	}
}

func TestNobodyIsInMoreCellsThanDeclared(t *testing.T) {
	t.Run("genotypes", func(t *testing.T) {
		for _, g := range []dp.Genotypes{{Variants: 1, Cells: 3}, {Variants: 3, Cells: 3}, {Variants: 2, Cells: 4}} {
			var changes []dp.Bound
			for _, who := range choices(g.Cells+1, g.Variants) { // the last is no cell
				v := make([]int64, g.Coordinates())
				for variant, cell := range who {
					if cell < g.Cells {
						v[variant*g.Cells+cell]++
					}
				}
				changes = append(changes, reached(v, make([]int64, len(v))))
			}
			hold(t, g, changes)
		}
	})
	t.Run("cells with a cap", func(t *testing.T) {
		for _, c := range []dp.Counts{{Cells: 1, Cap: 1}, {Cells: 5, Cap: 1}, {Cells: 5, Cap: 3}, {Cells: 4, Cap: 4}} {
			var changes []dp.Bound
			for _, who := range choices(2, c.Cells) {
				v, in := make([]int64, c.Cells), 0
				for cell, is := range who {
					if is == 1 && in < c.Cap { // what is beyond the cap is left out
						v[cell]++
						in++
					}
				}
				changes = append(changes, reached(v, make([]int64, len(v))))
			}
			hold(t, c, changes)
		}
	})
}

// A group is k people who are added one after another: the bound of the sum of their
// vectors.
func TestAGroupChangesNoMoreThanItsSizeAllows(t *testing.T) {
	f := dp.Frequency{Variants: 2, Missing: true}
	one, err := f.Person()
	if err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= 3; k++ {
		group, err := one.Group(k)
		if err != nil {
			t.Fatal(err)
		}
		var most dp.Bound
		for _, who := range choices(len(alleles), f.Variants) { // the farthest are alike
			ac, an := person(who)
			sumAC, sumAN := make([]int64, 2), make([]int64, 2)
			for range k {
				sumAC, sumAN = plus(sumAC, ac), plus(sumAN, an)
			}
			r := reached(encode(t, f, sumAC, sumAN, int64(k)), encode(t, f, make([]int64, 2), make([]int64, 2), 0))
			most.L1, most.L2Squared = max(most.L1, r.L1), max(most.L2Squared, r.L2Squared)
		}
		if most != group {
			t.Errorf("%d alike change %+v, declared are %+v", k, most, group)
		}
	}
}

func TestBoundsThatAreNotDeclaredOrTooLargeAreRefused(t *testing.T) {
	of := func(k dp.Kernel) func() error { return func() error { _, err := k.Person(); return err } }
	group := func(b dp.Bound, k int) func() error { return func() error { _, err := b.Group(k); return err } }
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"nothing declared":             {dp.Bound{}.Check, dp.ErrUndeclared},
		"only L1":                      {dp.Bound{L1: 1}.Check, dp.ErrUndeclared},
		"only L2":                      {dp.Bound{L2Squared: 1}.Check, dp.ErrUndeclared},
		"too large":                    {dp.Bound{L1: 1, L2Squared: 1<<52 + 1}.Check, dp.ErrBound},
		"a group of nothing declared":  {group(dp.Bound{}, 2), dp.ErrUndeclared},
		"a group of nobody":            {group(dp.Bound{L1: 1, L2Squared: 1}, 0), dp.ErrKernel},
		"a group of too many":          {group(dp.Bound{L1: 1, L2Squared: 1}, 1025), dp.ErrKernel},
		"a group that changes much":    {group(dp.Bound{L1: 1, L2Squared: 1 << 50}, 3), dp.ErrBound},
		"no variants":                  {of(dp.Frequency{}), dp.ErrKernel},
		"a negative number":            {of(dp.Frequency{Variants: -1}), dp.ErrKernel},
		"more variants than there are": {of(dp.Frequency{Variants: 1 << 32}), dp.ErrKernel},
		"genotypes of no variants":     {of(dp.Genotypes{Cells: 3}), dp.ErrKernel},
		"genotypes without cells":      {of(dp.Genotypes{Variants: 3}), dp.ErrKernel},
		"cells without a cap":          {of(dp.Counts{Cells: 9}), dp.ErrUndeclared},
		"a cap above the cells":        {of(dp.Counts{Cells: 9, Cap: 10}), dp.ErrKernel},
		"no cells":                     {of(dp.Counts{Cap: 1}), dp.ErrKernel},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.do(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestCountsThatNoPeopleHaveAreNotEncoded(t *testing.T) {
	f := dp.Frequency{Variants: 1, Missing: true}
	for name, c := range map[string]struct {
		ac, an []int64
		people int64
		want   error
	}{
		"more copies than alleles":       {[]int64{3}, []int64{2}, 5, dp.ErrCounts},
		"more than two alleles a person": {[]int64{0}, []int64{11}, 5, dp.ErrCounts},
		"negative copies":                {[]int64{-1}, []int64{2}, 5, dp.ErrCounts},
		"negative people":                {[]int64{0}, []int64{0}, -1, dp.ErrCounts},
		"more people than there are":     {[]int64{0}, []int64{0}, 1 << 40, dp.ErrCounts},
		"too few numbers":                {nil, nil, 5, dp.ErrLength},
	} {
		t.Run(name, func(t *testing.T) {
			if err := f.Encode(make([]int64, f.Coordinates()), interleave(c.ac, c.an), c.people); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
