package genotype_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
)

// Alleles by short names.
const (
	no, none      = genotype.Missing, genotype.Absent
	ref           = genotype.Reference
	alt1, alt2    = ref + 1, ref + 2
	alt3          = ref + 3
	manySamples   = 200
	fewPerBitmaps = manySamples / 32
)

// ids lists a set, whichever form it has.
func ids(s *genotype.Set) []uint32 { return slices.Collect(s.All()) }

func TestWhichClassACallIsIn(t *testing.T) {
	for _, c := range []struct {
		name                              string
		call                              genotype.Call
		het, hom, missing, haploid, other bool
		half                              []genotype.Half
	}{
		{name: "0/0", call: genotype.HomRef},
		{name: "0/1", call: genotype.NewCall(ref, alt1), het: true},
		{name: "1/0", call: genotype.NewCall(alt1, ref), het: true},
		{name: "1/1", call: genotype.NewCall(alt1, alt1), hom: true},
		{name: "0/2, the other ALT", call: genotype.NewCall(ref, alt2), other: true},
		{name: "2/2", call: genotype.NewCall(alt2, alt2), other: true},
		{name: "1/2", call: genotype.NewCall(alt1, alt2), het: true, other: true},
		{name: "./.", call: genotype.NoCall, missing: true},
		{name: "0", call: genotype.NewCall(ref, none), haploid: true},
		{name: "1", call: genotype.NewCall(alt1, none), hom: true, haploid: true},
		{name: "2", call: genotype.NewCall(alt2, none), haploid: true, other: true},
		{name: "1, written last", call: genotype.NewCall(none, alt1), hom: true, haploid: true},
		{name: ".", call: genotype.NewCall(no, none), missing: true, haploid: true},
		{name: "nothing at all", call: genotype.NewCall(none, none), missing: true, haploid: true},
		{name: "./0", call: genotype.NewCall(no, ref), half: []genotype.Half{{Sample: 1}}},
		{name: "1/.", call: genotype.NewCall(alt1, no), half: []genotype.Half{{Sample: 1, Alt: true}}},
		{name: "./2", call: genotype.NewCall(no, alt2), other: true, half: []genotype.Half{{Sample: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := genotype.Row{Site: genotype.Site{Alts: []string{"C", "G"}}, Calls: []genotype.Call{genotype.HomRef, c.call, genotype.HomRef}}
			row.Classify()
			got := &row.Classes[0]
			for name, s := range map[string]struct {
				set  *genotype.Set
				want bool
			}{"het": {&got.Het, c.het}, "hom": {&got.Hom, c.hom}, "missing": {&got.Missing, c.missing}, "haploid": {&got.Haploid, c.haploid}, "other": {&got.Other, c.other}} {
				if s.set.Has(1) != s.want || s.set.Has(0) || s.set.Has(2) {
					t.Errorf("%s: %v", name, ids(s.set))
				}
			}
			if d := cmp.Diff(c.half, got.Halves); d != "" || got.Base != genotype.NoAlt {
				t.Errorf("base %d, halves (-want +got):\n%s", got.Base, d)
			}
		})
	}
}

func TestTheMostFrequentClassIsNotWrittenDown(t *testing.T) {
	calls := slices.Repeat([]genotype.Call{genotype.NewCall(alt1, alt1)}, 100)
	calls[3], calls[5], calls[7] = genotype.HomRef, genotype.NewCall(ref, alt1), genotype.NoCall
	row := genotype.Row{Site: genotype.Site{Alts: []string{"C"}}, Calls: calls}
	row.Classify()
	c := row.Classes[0]
	if c.Base != genotype.AllAlt || !slices.Equal(ids(&c.Hom), []uint32{3}) || !slices.Equal(ids(&c.Het), []uint32{5}) || !slices.Equal(ids(&c.Missing), []uint32{7}) {
		t.Errorf("got %+v", c)
	}
}

func TestLongListsAreBitmaps(t *testing.T) {
	for carriers := range 2 * fewPerBitmaps {
		calls := slices.Repeat([]genotype.Call{genotype.HomRef}, manySamples)
		for i := range carriers {
			calls[manySamples-1-3*i] = genotype.NewCall(ref, alt1)
		}
		row := genotype.Row{Site: genotype.Site{Alts: []string{"C"}}, Calls: calls}
		row.Classify()
		het := &row.Classes[0].Het
		if (het.Bits != nil) != (carriers > genotype.MostListed(manySamples)) || het.Len() != carriers || len(ids(het)) != carriers || !het.Fits(manySamples) || carriers > 0 && het.Fits(manySamples-1) {
			t.Errorf("%d carriers: %d, as a bitmap %v", carriers, het.Len(), het.Bits != nil)
		}
	}
}

func TestSmallSetsOfBitmapsAreLists(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var lists genotype.Lists
	for range 200 {
		odds := [3]float64{rng.Float64() * rng.Float64(), rng.Float64(), rng.Float64() * 0.1}
		var marks [2][3][]uint64 // each is taken over
		for i := range marks {
			for k := range marks[i] {
				marks[i][k] = make([]uint64, genotype.Words(manySamples))
			}
		}
		var n [3]int
		for sample := range manySamples {
			for k, p := range odds {
				if rng.Float64() < p {
					n[k]++
					marks[0][k][sample/64] |= 1 << (sample % 64)
					marks[1][k][sample/64] |= 1 << (sample % 64)
					break
				}
			}
		}
		sizes := genotype.Sizes{OneAlt: n[0], AllAlt: n[1], NotCalled: n[2]}
		var want, got genotype.Classes
		want.Take(manySamples, marks[0][0], marks[0][1], marks[0][2], sizes)
		got.TakeListed(manySamples, marks[1][0], marks[1][1], marks[1][2], sizes, &lists)
		if got.Base != want.Base || !got.Fits(manySamples) {
			t.Fatalf("%v: base %d, want %d", n, got.Base, want.Base)
		}
		for name, s := range map[string][2]*genotype.Set{"het": {&got.Het, &want.Het}, "hom": {&got.Hom, &want.Hom}, "missing": {&got.Missing, &want.Missing}} {
			if !slices.Equal(ids(s[0]), ids(s[1])) {
				t.Errorf("%s of %v: got %v, want %v", name, n, ids(s[0]), ids(s[1]))
			}
			if (s[0].Bits != nil) != (s[1].Len() > fewPerBitmaps) {
				t.Errorf("%s of %v: %d people, as a bitmap %v", name, n, s[1].Len(), s[0].Bits != nil)
			}
		}
	}
}

func TestClassesThatDoNotFitAreSeen(t *testing.T) {
	for name, c := range map[string]genotype.Classes{
		"a list that goes on":       {Het: genotype.Set{IDs: []uint32{1, 70}}},
		"a bitmap too long":         {Hom: genotype.Set{Bits: make([]uint64, 3)}},
		"a bitmap too short":        {Missing: genotype.Set{Bits: make([]uint64, 1)}},
		"a bit behind the last one": {Other: genotype.Set{Bits: []uint64{0, 1 << 6}}},
		"a half behind it":          {Halves: []genotype.Half{{Sample: 70}}},
	} {
		if c.Fits(70) {
			t.Errorf("%s: fits", name)
		}
	}
	fits := genotype.Classes{Haploid: genotype.Set{IDs: []uint32{69}}, Het: genotype.Set{Bits: []uint64{0, 1 << 5}}}
	if !fits.Fits(70) {
		t.Error("what fits does not")
	}
}

// drawCall is any call that a reader may make, and what it is when it comes back.
func drawCall(t *rapid.T, alts int) (call, want genotype.Call) {
	a := genotype.Allele(rapid.IntRange(0, int(ref)+alts).Draw(t, "allele"))
	b := genotype.Allele(rapid.IntRange(0, int(ref)+alts).Draw(t, "allele"))
	call = genotype.NewCall(a, b)
	switch {
	case a == none && b == none:
		return call, genotype.NewCall(no, none)
	case a == none:
		return call, genotype.NewCall(b, none)
	case b == none:
		return call, call
	}
	return call, genotype.NewCall(min(a, b), max(a, b))
}

func TestClassesGiveBackTheCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alts := rapid.IntRange(0, 4).Draw(t, "alts")
		samples := rapid.SampledFrom([]int{1, 2, 31, 64, 65, manySamples}).Draw(t, "samples")
		usual, usualBack := drawCall(t, alts)
		row := genotype.Row{Site: genotype.Site{Alts: make([]string, alts)}}
		var want []genotype.Call
		often := rapid.IntRange(0, 20).Draw(t, "how often the usual one")
		for range samples {
			call, back := usual, usualBack
			if rapid.IntRange(0, 20).Draw(t, "usual") >= often {
				call, back = drawCall(t, alts)
			}
			row.Calls, want = append(row.Calls, call), append(want, back)
		}
		for range 2 { // the second time in used memory
			row.Classify()
			if len(row.Classes) != max(1, alts) || len(row.Calls) != 0 {
				t.Fatalf("%d classes and %d calls", len(row.Classes), len(row.Calls))
			}
			for k := range row.Classes {
				if !row.Classes[k].Fits(samples) {
					t.Fatal("classes that do not fit")
				}
			}
			row.Expand(samples)
			if d := cmp.Diff(want, row.Calls); d != "" || len(row.Classes) != 0 {
				t.Fatalf("(-want +got):\n%s", d)
			}
		}
	})
}
