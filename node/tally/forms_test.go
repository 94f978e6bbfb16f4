package tally_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// classified is a Reader whose rows are of classes.
type classified struct {
	genotype.Reader
	bitmaps bool // all sets are bitmaps, however small they are
}

func (c classified) Next(row *genotype.Row) error {
	err := c.Reader.Next(row)
	row.Calls = slices.Clone(row.Calls)
	samples := len(row.Calls)
	row.Classes = nil
	row.Classify()
	if c.bitmaps {
		for k := range row.Classes {
			class := &row.Classes[k]
			for _, s := range []*genotype.Set{&class.Het, &class.Hom, &class.Missing, &class.Haploid, &class.Other} {
				bits := make([]uint64, genotype.Words(samples))
				for i := range s.All() {
					bits[i/64] |= 1 << (i % 64)
				}
				*s = genotype.Set{Bits: bits}
			}
		}
	}
	return err
}

// packs is a Reader that leaves rows as a bed has them, where one could have them and it
// is asked to.
type packs struct {
	genotype.Reader
	asked bool
}

func (p *packs) Pack() { p.asked = true }

func (p *packs) Next(row *genotype.Row) error {
	err := p.Reader.Next(row)
	if row.Packed = nil; !p.asked || len(row.Alts) != 1 {
		return err
	}
	alt := genotype.Reference + 1
	codes := map[genotype.Call]byte{
		genotype.NewCall(alt, alt): 0, genotype.NoCall: 1, genotype.NewCall(genotype.Reference, alt): 2, genotype.NewCall(alt, genotype.Reference): 2, genotype.HomRef: 3,
	}
	packed := make([]byte, (len(row.Calls)+3)/4)
	for i, call := range row.Calls {
		code, ok := codes[call]
		if !ok {
			return err
		}
		packed[i/4] |= code << (2 * (i % 4))
	}
	row.Packed, row.Calls = packed, nil
	return err
}

// forms are the ways in which a reader may hand over the same rows.
func forms() map[string]func(genotype.Reader) genotype.Reader {
	return map[string]func(genotype.Reader) genotype.Reader{
		"calls":   func(r genotype.Reader) genotype.Reader { return r },
		"classes": func(r genotype.Reader) genotype.Reader { return classified{Reader: r} },
		"packed":  func(r genotype.Reader) genotype.Reader { return &packs{Reader: r} },
		"raw":     func(r genotype.Reader) genotype.Reader { return &raws{packs{Reader: r}} },
		"bitmaps": func(r genotype.Reader) genotype.Reader { return classified{Reader: r, bitmaps: true} },
	}
}

// drawPeople makes up who is who, in so many strata and those who are in none.
func drawPeople(t *rapid.T, samples, strata int) tally.People {
	p := tally.People{Callable: drawCallable(t)}
	for range samples {
		p.Labels = append(p.Labels, rapid.Uint8Range(0, uint8(strata)).Draw(t, "label"))
		p.Sexes = append(p.Sexes, genotype.Sex(rapid.IntRange(0, 2).Draw(t, "sex")))
	}
	return p
}

// Whatever form the rows have and however many strata are counted at once, the counts
// are the same.
func TestTheFormOfRowsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SampledFrom([]int{1, 7, 66}).Draw(t, "samples")
		strata := rapid.SampledFrom([]int{1, 2, 9}).Draw(t, "strata")
		p, all, wanted := drawPeople(t, samples, strata), drawRows(t, samples), wantEverything(t)
		file := func() genotype.Reader { return &rows{samples: make([]string, samples), left: slices.Clone(all)} }
		// Each stratum by itself, call by call.
		var want [][]int64
		var warned tally.Warnings
		for s := range slices.Max(p.Labels) {
			alone := tally.People{Labels: make([]uint8, samples), Sexes: p.Sexes, Callable: p.Callable}
			for i, l := range p.Labels {
				if l == s+1 {
					alone.Labels[i] = 1
				}
			}
			counts, w, err := tally.AlleleFrequency(t.Context(), file(), wanted, alone, genotype.GRCh38)
			if errors.Is(err, tally.ErrTwice) {
				t.Skip("two rows spell one variant")
			}
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, counts)
			warned = tally.Warnings{Filtered: w.Filtered, HetHaploid: warned.HetHaploid + w.HetHaploid, UnknownSex: warned.UnknownSex + w.UnknownSex, WomanOnY: warned.WomanOnY + w.WomanOnY}
		}
		if len(want) == 0 {
			t.Skip("nobody is counted")
		}
		_, _, examined := inForms(t, file, p)
		if examined != nil {
			t.Fatal(examined)
		}
		for form, as := range forms() {
			got, w, err := tally.Strata(t.Context(), as(file()), wanted, p, genotype.GRCh38)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("%s (-each stratum by itself +together):\n%s", form, d)
			}
			if d := cmp.Diff(warned, w); d != "" {
				t.Fatalf("%s: warnings (-each +together):\n%s", form, d)
			}
		}
	})
}

// inForms examines a file in all forms, and says where they differ.
func inForms(t *rapid.T, file func() genotype.Reader, p tally.People) (tally.Examination, []tally.SiteCounts, error) {
	var (
		first      tally.Examination
		firstSites []tally.SiteCounts
	)
	for _, form := range []string{"calls", "classes", "bitmaps", "packed"} {
		as := forms()[form]
		e, err := tally.Examine(t.Context(), as(file()), p, genotype.GRCh38)
		if err != nil && !errors.Is(err, tally.ErrTwice) {
			return first, nil, err
		}
		var sites []tally.SiteCounts
		_, err = eachSite(t.Context(), as(file()), nil, p, genotype.GRCh38, func(s *tally.SiteCounts) error {
			c := *s
			c.Site = nil
			c.AC, c.Het, c.TwoAlts, c.HapAlt = slices.Clone(c.AC), slices.Clone(c.Het), slices.Clone(c.TwoAlts), slices.Clone(c.HapAlt)
			sites = append(sites, c)
			return nil
		})
		if err != nil {
			return first, nil, err
		}
		if form == "calls" {
			first, firstSites = e, sites
			continue
		}
		if d := cmp.Diff(first, e); d != "" {
			t.Errorf("%s: examined (-calls +%s):\n%s", form, form, d)
		}
		if d := cmp.Diff(firstSites, sites); d != "" {
			t.Errorf("%s: sites (-calls +%s):\n%s", form, form, d)
		}
	}
	return first, firstSites, nil
}

// brute counts a row person by person, from what the package's comment says: AC by ALT,
// AN, and how many people have which pair of alleles.
func brute(row *genotype.Row, p tally.People) tally.SiteCounts {
	alts := len(row.Alts)
	s := tally.SiteCounts{AC: make([]int64, alts), Genotypes: tally.Genotypes{
		Het: make([]int64, alts), HapAlt: make([]int64, alts), TwoAlts: make([]int64, alts*(alts+1)/2),
	}}
	place := genotype.GRCh38.PlaceOf(panel.CanonicalContig(row.Contig), row.Pos)
	for i, call := range row.Calls {
		if p.Labels[i] == 0 {
			continue
		}
		sex := p.Sexes[i]
		if place == genotype.SexY && (sex == genotype.Female || sex == genotype.UnknownSex && row.Coded) {
			continue
		}
		var known []int // 0 is REF
		single := false
		x, y := call.Alleles()
		for _, a := range []genotype.Allele{x, y} {
			single = single || a == genotype.Absent
			if a >= genotype.Reference {
				known = append(known, int(a-genotype.Reference))
			}
		}
		slices.Sort(known)
		if place == genotype.Haploid || place == genotype.SexY || place == genotype.SexX && sex == genotype.Male {
			if len(known) == 2 && known[0] != known[1] {
				known = nil
			} else if len(known) == 2 && row.Coded {
				known, single = known[:1], true
			}
		}
		s.AN += int64(len(known))
		for _, k := range known {
			if k > 0 {
				s.AC[k-1]++
			}
		}
		switch {
		case len(known) == 0:
			s.Missing++
		case len(known) == 1 && !single:
			s.Half++
		case len(known) == 1 && known[0] == 0:
			s.HapRef++
		case len(known) == 1:
			s.HapAlt[known[0]-1]++
		case known[1] == 0:
			s.HomRef++
		case known[0] == 0:
			s.Het[known[1]-1]++
		default:
			s.TwoAlts[known[1]*(known[1]-1)/2+known[0]-1]++
		}
	}
	return s
}

func TestEverySiteIsCountedAsByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SampledFrom([]int{1, 7, 66}).Draw(t, "samples")
		p, all := drawPeople(t, samples, 1), drawRows(t, samples)
		var want []tally.SiteCounts
		for i := range all {
			if all[i].Pass {
				want = append(want, brute(&all[i], p))
			}
		}
		file := func() genotype.Reader { return &rows{samples: make([]string, samples), left: slices.Clone(all)} }
		_, got, err := inForms(t, file, p)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("(-by hand +counted):\n%s", d)
		}
	})
}
