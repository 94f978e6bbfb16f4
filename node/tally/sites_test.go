package tally_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
)

// counted is a site's numbers: AN and AC, then the genotypes.
type counted struct {
	AN int64
	AC []int64
	tally.Genotypes
}

func copyOf(s *tally.SiteCounts) counted {
	c := counted{AN: s.AN, AC: slices.Clone(s.AC), Genotypes: s.Genotypes}
	c.Het, c.TwoAlts, c.HapAlt = slices.Clone(c.Het), slices.Clone(c.TwoAlts), slices.Clone(c.HapAlt)
	return c
}

// eachSite is EachSite of all people together.
func eachSite(ctx context.Context, r genotype.Reader, covers genotype.Covers, p tally.People, a genotype.Assembly,
	yield func(*tally.SiteCounts) error) (tally.Warnings, error) {
	together := p
	together.Labels = slices.Clone(p.Labels)
	for i, l := range p.Labels {
		together.Labels[i] = min(l, 1)
	}
	return tally.EachSite(ctx, r, covers, together, a, func(s []tally.SiteCounts) error { return yield(&s[0]) })
}

func countSites(t *testing.T, r genotype.Reader, covers genotype.Covers) (all []counted, w tally.Warnings) {
	t.Helper()
	w, err := eachSite(t.Context(), r, covers, people, genotype.GRCh38, func(s *tally.SiteCounts) error {
		all = append(all, copyOf(s))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, w
}

// The people are a man, a woman, one of unknown sex and one who is not counted.
func TestWhichGenotypeCountsAsWhich(t *testing.T) {
	one := func(g tally.Genotypes) tally.Genotypes {
		for _, s := range []*[]int64{&g.Het, &g.TwoAlts, &g.HapAlt} {
			if *s == nil {
				*s = []int64{0}
			}
		}
		return g
	}
	for _, c := range []struct {
		name  string
		line  string
		coded bool
		want  counted
	}{
		{"the usual", "1 10 . A C . PASS . GT 0/0 0|1 1/1 1/1", false,
			counted{6, []int64{3}, one(tally.Genotypes{HomRef: 1, Het: []int64{1}, TwoAlts: []int64{1}})}},
		{"half a call is a genotype of its own", "1 10 . A C . PASS . GT ./1 0/. 0/0 0/0", false,
			counted{4, []int64{1}, one(tally.Genotypes{HomRef: 1, Half: 2})}},
		{"no call", "1 10 . A C . PASS . GT ./. . 0/0 0/0", false,
			counted{2, []int64{0}, one(tally.Genotypes{HomRef: 1, Missing: 2})}},
		{"one chromosome, as it is written", "1 10 . A C . PASS . GT 0 1 0/0 0/0", false,
			counted{4, []int64{1}, one(tally.Genotypes{HomRef: 1, HapRef: 1, HapAlt: []int64{1}})}},
		{"several ALTs, pair by pair", "1 10 . A C,G,T . PASS . GT 1/2 2/2 3|1 0/0", false,
			counted{6, []int64{2, 3, 1}, tally.Genotypes{Het: []int64{0, 0, 0}, TwoAlts: []int64{0, 1, 1, 1, 0, 0}, HapAlt: []int64{0, 0, 0}}}},
		{"REF and one of several", "1 10 . A C,G . PASS . GT 0/1 2/0 0/0 0/0", false,
			counted{6, []int64{1, 1}, tally.Genotypes{HomRef: 1, Het: []int64{1, 1}, TwoAlts: []int64{0, 0, 0}, HapAlt: []int64{0, 0}}}},
		{"a star and a symbol are ALTs", "1 10 . A *,<DEL> . PASS . GT 0/1 1/2 2/2 0/0", false,
			counted{6, []int64{2, 3}, tally.Genotypes{Het: []int64{1, 0}, TwoAlts: []int64{0, 1, 1}, HapAlt: []int64{0, 0}}}},
		{"no ALT", "1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0", false,
			counted{4, nil, tally.Genotypes{HomRef: 2, Missing: 1}}},
		{"X: copies as they are written", "X 5000000 . A C . PASS . GT 1 0/1 0/0 1/1", false,
			counted{5, []int64{2}, one(tally.Genotypes{HomRef: 1, Het: []int64{1}, HapAlt: []int64{1}})}},
		{"X: a man's het is missing", "X 5000000 . A C . PASS . GT 0/1 0/0 0/0 0/0", false,
			counted{4, []int64{0}, one(tally.Genotypes{HomRef: 2, Missing: 1})}},
		{"Y: women are in no genotype", "Y 5000000 . A C . PASS . GT 1 0 . 0", false,
			counted{1, []int64{1}, one(tally.Genotypes{HapAlt: []int64{1}, Missing: 1})}},
		{"MT: het is missing", "MT 5 . A C . PASS . GT 0/1 1 0 0", false,
			counted{2, []int64{1}, one(tally.Genotypes{HapRef: 1, HapAlt: []int64{1}, Missing: 1})}},
		{"bed, X: a man has one copy", "X 5000000 . A C . PASS . GT 1/1 1/1 0/1 1/1", true,
			counted{5, []int64{4}, one(tally.Genotypes{Het: []int64{1}, TwoAlts: []int64{1}, HapAlt: []int64{1}})}},
		{"bed, Y: men alone", "Y 5000000 . A C . PASS . GT 1/1 1/1 0/0 1/1", true,
			counted{1, []int64{1}, one(tally.Genotypes{HapAlt: []int64{1}})}},
		{"bed, MT: one copy", "MT 5 . A C . PASS . GT 1/1 0/0 0/1 1/1", true,
			counted{2, []int64{1}, one(tally.Genotypes{HapRef: 1, HapAlt: []int64{1}, Missing: 1})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, as := range forms() {
				r := read(t, text(c.line))
				if c.coded {
					r = coded{r}
				}
				got, _ := countSites(t, as(r), nil)
				if d := cmp.Diff([]counted{c.want}, got, cmpopts.EquateEmpty()); d != "" {
					t.Errorf("%s (-want +got):\n%s", form, d)
				}
			}
		})
	}
}

func TestSitesThatAreNotAskedForAreLeftOut(t *testing.T) {
	lines := text("1 10 . A C . PASS . GT 0/0 0/1 1/1 1/1", "1 11 . A C . q10 . GT 0/0 0/1 1/1 1/1", "1 12 . A C . . . GT 0/0 0/0 1/1 1/1")
	if got, w := countSites(t, read(t, lines), nil); len(got) != 2 || w.Filtered != 1 {
		t.Errorf("%d sites, %d filtered; want 2 and 1", len(got), w.Filtered)
	}
	got, w := countSites(t, read(t, lines), func(s *genotype.Site) bool { return s.Pos > 11 })
	if len(got) != 1 || got[0].AC[0] != 2 || w.Filtered != 0 {
		t.Errorf("%+v, %d filtered; want the last site alone", got, w.Filtered)
	}
}

func TestEachSiteEndsWithAnError(t *testing.T) {
	enough := errors.New("enough")
	yes := func(*tally.SiteCounts) error { return nil }
	x := text("X 5000000 . A C . PASS . GT 1 0/1 0/0 1/1")
	for name, tt := range map[string]struct {
		r     genotype.Reader
		p     tally.People
		a     genotype.Assembly
		yield func(*tally.SiteCounts) error
		want  error
	}{
		"who takes them has enough":  {read(t, x), people, genotype.GRCh38, func(*tally.SiteCounts) error { return enough }, enough},
		"X in an unknown assembly":   {read(t, x), people, genotype.UnknownAssembly, yes, tally.ErrAssembly},
		"other people than the file": {read(t, x), tally.People{}, genotype.GRCh38, yes, tally.ErrPeople},
		"a row without calls":        {withoutCalls{read(t, x)}, people, genotype.GRCh38, yes, tally.ErrPeople},
	} {
		if _, err := eachSite(t.Context(), tt.r, nil, tt.p, tt.a, tt.yield); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// Many strata in one pass are what each of them is by itself, whatever form the rows have.
func TestStrataOfSitesAreCountedApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SampledFrom([]int{3, 70}).Draw(t, "samples")
		p, all := drawPeople(t, samples, 3), drawRows(t, samples)
		file := func() genotype.Reader { return &rows{samples: make([]string, samples), left: slices.Clone(all)} }
		want := make([][]counted, slices.Max(p.Labels))
		for k := range want {
			alone := tally.People{Labels: make([]uint8, samples), Sexes: p.Sexes}
			for i, l := range p.Labels {
				if int(l) == k+1 {
					alone.Labels[i] = 1
				}
			}
			_, err := eachSite(t.Context(), file(), nil, alone, genotype.GRCh38, func(s *tally.SiteCounts) error {
				want[k] = append(want[k], copyOf(s))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for form, as := range forms() {
			got := make([][]counted, len(want))
			_, err := tally.EachSite(t.Context(), as(file()), nil, p, genotype.GRCh38, func(strata []tally.SiteCounts) error {
				for k := range got {
					got[k] = append(got[k], copyOf(&strata[k]))
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s (-each by itself +in one pass):\n%s", form, d)
			}
		}
	})
}
