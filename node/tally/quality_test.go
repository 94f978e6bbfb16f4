package tally_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/internal/stat"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// assess shows all rows of a file to an Assessor.
func assess(r genotype.Reader, p tally.People) (tally.Quality, error) {
	q, err := tally.NewAssessor(p, len(r.Samples()), genotype.GRCh38)
	if err != nil {
		return tally.Quality{}, err
	}
	for {
		var row genotype.Row
		if err := r.Next(&row); err == io.EOF {
			return q.Quality(), nil
		} else if err != nil {
			return tally.Quality{}, err
		}
		if err := q.Add(&row); err != nil {
			return tally.Quality{}, err
		}
	}
}

// bruteQuality looks at every call, but for the sexes.
func bruteQuality(all []genotype.Row, p tally.People) (q tally.Quality) {
	missed := make(map[int]int)
	off := 0
	contigs := make(map[string]int)
	for i, l := range p.Labels {
		if l > 0 {
			q.People++
			q.Men += map[genotype.Sex]int{genotype.Male: 1}[p.Sexes[i]]
			q.Women += map[genotype.Sex]int{genotype.Female: 1}[p.Sexes[i]]
		}
	}
	for _, row := range all {
		if !row.Pass {
			continue
		}
		if row.End > 0 {
			q.Blocks++
			continue
		}
		q.Sites++
		contigs[panel.CanonicalContig(row.Contig)]++
		q.MultiAllelic += map[bool]int{true: 1}[len(row.Alts) > 1]
		q.Monomorphic += map[bool]int{true: 1}[len(row.Alts) == 0]
		for _, alt := range row.Alts {
			bruteAlt(&q, row.Ref, alt)
		}
		if row.Contig == "Y" {
			off++
			continue
		}
		missing, half, kinds, haploid := 0, 0, [3]int64{}, false
		for i, call := range row.Calls {
			a, b := call.Alleles()
			haploid = haploid || b == genotype.Absent
			if p.Labels[i] == 0 {
				continue
			}
			switch {
			case a < genotype.Reference && b < genotype.Reference:
				missing++
				missed[i]++
			case a == genotype.Missing || b == genotype.Missing:
				half++
			case b == genotype.Absent:
				kinds[2*min(a-genotype.Reference, 1)]++
			default:
				kinds[min(a-genotype.Reference, 1)+min(b-genotype.Reference, 1)]++
			}
		}
		q.Missing += int64(missing)
		q.Half += int64(half)
		if 20*missing > q.People {
			q.SparseSites++
		}
		if len(row.Alts) != 1 || !genotype.IsBases(row.Alts[0]) || row.Contig != "1" {
			continue
		}
		q.Het += kinds[1]
		q.HomAlt += kinds[2]
		if ac := kinds[1] + 2*kinds[2]; !haploid && ac > 0 && ac < 2*(kinds[0]+kinds[1]+kinds[2]) {
			q.Tested++
			if stat.HardyWeinberg(kinds[1], kinds[0], kinds[2]) < 1e-6 {
				q.Unbalanced++
			}
		}
	}
	q.Genotypes = int64(q.People * (q.Sites - off))
	for i, n := range missed {
		if 20*n > q.Sites-off {
			q.SparsePeople++
			q.Sparse = append(q.Sparse, uint32(i))
		}
	}
	slices.Sort(q.Sparse)
	q.Sparse = q.Sparse[:min(len(q.Sparse), 128)]
	for _, c := range []string{"1", "X", "Y", "MT"} {
		if contigs[c] > 0 {
			q.Contigs = append(q.Contigs, tally.ContigSites{Contig: c, Sites: contigs[c]})
		}
	}
	return q
}

func bruteAlt(q *tally.Quality, ref, alt string) {
	v := panel.Trim(panel.Variant{Ref: ref, Alt: alt})
	switch {
	case !genotype.IsBases(ref) || !genotype.IsBases(alt):
		q.Other++
	case v.Ref == v.Alt: // no reader gives it
		q.MNVs++
	case len(v.Ref) == 1 && len(v.Alt) == 1:
		q.SNVs++
		if slices.Contains([]string{"AG", "GA", "CT", "TC"}, v.Ref+v.Alt) {
			q.Transitions++
		} else {
			q.Transversions++
		}
	case len(v.Ref) == len(v.Alt):
		q.MNVs++
	default:
		q.Indels++
	}
}

func TestACardIsWhatTheCallsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SampledFrom([]int{1, 7, 66, 200}).Draw(t, "samples")
		p, all := drawPeople(t, samples, 2), drawRows(t, samples)
		want := bruteQuality(all, p)
		for form, as := range forms() {
			if form == "packed" {
				continue // nobody asks for it
			}
			got, err := assess(as(&rows{samples: make([]string, samples), left: slices.Clone(all)}), p)
			if err != nil {
				t.Fatal(err)
			}
			want.Sexes, want.Disagreeing = got.Sexes, got.Disagreeing // see TestSexesAreToldByXAndY
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s (-brute +card):\n%s", form, d)
			}
		}
	})
}

// Four people of whom one is said to be of the other sex, and one of none: on X a woman
// has two copies, and on Y none.
func TestSexesAreToldByXAndY(t *testing.T) {
	const man, woman, unknown = genotype.Male, genotype.Female, genotype.UnknownSex
	for _, c := range []struct {
		name    string
		x, y    int
		is, say []genotype.Sex
		want    tally.SexCheck
		who     []uint32
	}{
		{"as given", 200, 0, []genotype.Sex{man, woman, man, woman}, []genotype.Sex{man, woman, man, woman}, tally.SexCheck{Agree: 4}, nil},
		{"two are exchanged", 200, 0, []genotype.Sex{man, woman, man, woman}, []genotype.Sex{woman, man, man, woman}, tally.SexCheck{Agree: 2, Disagree: 2}, []uint32{0, 1}},
		{"by Y alone", 0, 30, []genotype.Sex{man, woman, man, woman}, []genotype.Sex{man, woman, woman, unknown}, tally.SexCheck{Agree: 2, Disagree: 1, Unknown: 1, Told: 1}, []uint32{2}},
		{"not given", 200, 30, []genotype.Sex{man, woman, man, woman}, []genotype.Sex{unknown, unknown, man, woman}, tally.SexCheck{Agree: 2, Unknown: 2, Told: 2}, nil},
		{"too few sites", 20, 10, []genotype.Sex{man, woman, man, woman}, []genotype.Sex{man, woman, man, unknown}, tally.SexCheck{Unclear: 3, Unknown: 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			var all []genotype.Row
			add := func(contig string, pos uint32, call func(sex genotype.Sex) genotype.Call) {
				row := genotype.Row{Site: genotype.Site{Contig: contig, Pos: pos, Ref: "A", Alts: []string{"C"}, Pass: true}, Coded: true}
				for _, s := range slices.Repeat(c.is, 25) {
					row.Calls = append(row.Calls, call(s))
				}
				all = append(all, row)
			}
			allele := func() genotype.Allele { return genotype.Reference + genotype.Allele(rng.IntN(2)) }
			for i := range c.x {
				add("X", 5_000_000+uint32(i), func(s genotype.Sex) genotype.Call {
					a := allele()
					if s == man {
						return genotype.NewCall(a, a)
					}
					return genotype.NewCall(a, allele())
				})
			}
			for i := range c.y {
				add("Y", 5_000_000+uint32(i), func(s genotype.Sex) genotype.Call {
					a := allele()
					if s == man {
						return genotype.NewCall(a, a)
					}
					return genotype.NoCall
				})
			}
			// The first four are looked at; the others tell how common the alleles are.
			p := tally.People{Labels: slices.Repeat([]uint8{1}, 100), Sexes: append(slices.Clone(c.say), slices.Repeat(c.is, 24)...)}
			got, err := assess(&rows{samples: make([]string, 100), left: all}, p)
			if err != nil {
				t.Fatal(err)
			}
			others := tally.SexCheck{Agree: 96}
			if c.want.Unclear > 0 {
				others = tally.SexCheck{Unclear: 96}
			}
			c.want.Agree += others.Agree
			c.want.Unclear += others.Unclear
			if d := cmp.Diff(c.want, got.Sexes); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.who, got.Disagreeing); d != "" {
				t.Errorf("who (-want +got):\n%s", d)
			}
		})
	}
}

func TestACardTakesNoRowThatDoesNotFit(t *testing.T) {
	p := tally.People{Labels: []uint8{1, 1}, Sexes: make([]genotype.Sex, 2)}
	if _, err := tally.NewAssessor(p, 3, genotype.GRCh38); !errors.Is(err, tally.ErrPeople) {
		t.Errorf("three samples: %v", err)
	}
	site := genotype.Site{Contig: "1", Pos: 1, Ref: "A", Alts: []string{"C"}, Pass: true}
	for name, row := range map[string]genotype.Row{
		"no calls":            {Site: site},
		"calls of one":        {Site: site, Calls: make([]genotype.Call, 1)},
		"calls of three":      {Site: site, Calls: make([]genotype.Call, 3)},
		"classes of a third":  {Site: site, Classes: []genotype.Classes{{Het: genotype.Set{IDs: []uint32{2}}}}},
		"a bitmap of a third": {Site: site, Classes: []genotype.Classes{{Missing: genotype.Set{Bits: []uint64{4}}}}},
		"half a third":        {Site: site, Classes: []genotype.Classes{{Halves: []genotype.Half{{Sample: 2}}}}},
	} {
		q, err := tally.NewAssessor(p, 2, genotype.GRCh38)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Add(&row); !errors.Is(err, tally.ErrPeople) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The lists of a card are read by a person.
func TestTheListsOfACardAreBounded(t *testing.T) {
	const samples = 1000
	p := tally.People{Labels: slices.Repeat([]uint8{1}, samples), Sexes: make([]genotype.Sex, samples)}
	var all []genotype.Row
	for i := range 300 {
		all = append(all, genotype.Row{
			Site:  genotype.Site{Contig: fmt.Sprint("scaffold", i), Pos: 1, Ref: "A", Alts: []string{"C"}, Pass: true},
			Calls: slices.Repeat([]genotype.Call{genotype.NoCall}, samples),
		})
	}
	got, err := assess(&rows{samples: make([]string, samples), left: all}, p)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Contigs) != 128 || got.OtherSites != 300-128 || got.SparsePeople != samples || len(got.Sparse) != 128 || got.SparseSites != 300 {
		t.Errorf("%d contigs and %d others, %d people of %d missing, %d sites", len(got.Contigs), got.OtherSites, len(got.Sparse), got.SparsePeople, got.SparseSites)
	}
}

// BenchmarkAssess is what the card adds to the taking in of 10,000 people.
func BenchmarkAssess(b *testing.B) {
	const samples = 10_000
	rng := rand.New(rand.NewPCG(1, 2))
	var all []genotype.Row
	for i := range 64 {
		row := genotype.Row{Site: genotype.Site{Contig: "1", Pos: uint32(i), Ref: "A", Alts: []string{"C"}, Pass: true}}
		f := rng.Float64() * rng.Float64() * rng.Float64()
		for range samples {
			a, c := genotype.Reference, genotype.Reference
			if rng.Float64() < f {
				a++
			}
			if rng.Float64() < f {
				c++
			}
			call := genotype.NewCall(a, c)
			if rng.IntN(100) == 0 {
				call = genotype.NoCall
			}
			row.Calls = append(row.Calls, call)
		}
		row.Classify()
		all = append(all, row)
	}
	p := tally.People{Labels: slices.Repeat([]uint8{1}, samples), Sexes: make([]genotype.Sex, samples)}
	q, err := tally.NewAssessor(p, samples, genotype.GRCh38)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := q.Add(&all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
