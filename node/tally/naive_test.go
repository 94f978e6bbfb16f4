package tally_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// naive answers one variant from all rows of a file, by the words of the package's
// comment: row by row and person by person. cover is what sites alone tell.
func naive(all []genotype.Row, v panel.Variant, p tally.People) (ac, an int64, cover panel.Cover, twice bool) {
	last := v.Pos + uint32(len(v.Ref)) - 1
	var own, here, block *genotype.Row
	ownAlt, touched := 0, false
	for i := range all {
		row := &all[i]
		if panel.CanonicalContig(row.Contig) != panel.CanonicalContig(v.Contig) {
			continue
		}
		alt, isHere, isBlock := tellsOf(row, v, last, p.Callable)
		switch {
		case alt < 0 && !isHere && !isBlock:
		case !row.Pass:
			touched = true
		case alt >= 0 && own != nil:
			return 0, 0, 0, true
		case alt >= 0:
			own, ownAlt = row, alt
		case isBlock && block == nil:
			block = row
		case isHere && !isBlock && here == nil:
			here = row
		}
	}
	from := own
	if from == nil {
		from = here
	}
	if from == nil {
		from = block
	}
	absent := from == nil && !touched && p.Callable.Hold(panel.CanonicalContig(v.Contig), v.Pos, last)
	switch {
	case from != nil:
		cover = panel.Assayed
	case absent:
		cover = panel.HomRef
	}
	for i, label := range p.Labels {
		if label == 0 {
			continue
		}
		switch {
		case from != nil:
			for _, k := range knownAt(from.Calls[i], from.Coded, v, p.Sexes[i]) {
				if own == nil && k > 0 && genotype.IsUnlisted(from.Alts[k-1]) {
					continue
				}
				an++
				if own != nil && k == ownAlt+1 {
					ac++
				}
			}
		case absent:
			an += int64(len(knownAt(genotype.HomRef, true, v, p.Sexes[i])))
		}
	}
	return ac, an, cover, false
}

// tellsOf is which ALT of a row is the variant, or else how the row tells of it.
func tellsOf(row *genotype.Row, v panel.Variant, last uint32, callable *tally.Regions) (alt int, here, block bool) {
	bases, unlisted := len(row.Alts) == 0, false
	for k, a := range row.Alts {
		spelled := panel.Trim(panel.Variant{Contig: v.Contig, Pos: row.Pos, Ref: row.Ref, Alt: a})
		if row.Aligned != nil && row.Aligned[k].Pos > 0 {
			s := row.Aligned[k]
			spelled = panel.Variant{Contig: v.Contig, Pos: s.Pos, Ref: s.Ref, Alt: s.Alt}
		}
		if genotype.IsBases(row.Ref) && genotype.IsBases(a) && spelled == v {
			return k, false, false
		}
		bases, unlisted = bases || a == "*" || genotype.IsBases(a), unlisted || genotype.IsUnlisted(a)
	}
	sameBase := row.Pos != v.Pos || !genotype.IsBases(row.Ref) || row.Ref[0] == v.Ref[0]
	if row.End > 0 && row.Pos <= v.Pos && last <= row.End && sameBase {
		return -1, false, true
	}
	switch {
	case row.Pos != v.Pos || !strings.HasPrefix(row.Ref, v.Ref):
	case unlisted, bases && callable.Hold(panel.CanonicalContig(v.Contig), v.Pos, last):
		return -1, true, false
	case len(row.Alts) == 0 && len(row.Ref) == 1 && len(v.Alt) == 1:
		return -1, true, false
	}
	return -1, false, false
}

// knownAt are the alleles that a person is known to have at a variant, 0 for REF.
func knownAt(call genotype.Call, coded bool, v panel.Variant, sex genotype.Sex) (known []int) {
	a, b := call.Alleles()
	for _, x := range []genotype.Allele{a, b} {
		if x >= genotype.Reference {
			known = append(known, int(x-genotype.Reference))
		}
	}
	contig := panel.CanonicalContig(v.Contig)
	pseudo := contig == "X" && genotype.GRCh38.InPAR(v.Pos)
	one := contig == "MT" || contig == "Y" || contig == "X" && !pseudo && sex == genotype.Male
	switch {
	case contig == "Y" && (sex == genotype.Female || sex == genotype.UnknownSex && coded):
		return nil
	case one && len(known) == 2 && known[0] != known[1]:
		return nil
	case one && coded && len(known) == 2:
		return known[:1]
	}
	return known
}

func TestEveryVariantIsAnsweredAsByHand(t *testing.T) {
	answered, absent := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SampledFrom([]int{1, 6}).Draw(t, "samples")
		p, all, wanted := drawPeople(t, samples, 1), drawRows(t, samples), everything()
		var want []int64
		var covers []panel.Cover
		twice := false
		for _, v := range wanted {
			ac, an, cover, again := naive(all, v, p)
			want, covers, twice = append(want, ac, an), append(covers, cover), twice || again
			if an > 0 {
				answered++
			} else {
				absent++
			}
		}
		got, _, err := tally.AlleleFrequency(t.Context(), &rows{samples: make([]string, samples), left: slices.Clone(all)}, wantEverything(t), p, genotype.GRCh38)
		if twice != errors.Is(err, tally.ErrTwice) || err != nil && !twice {
			t.Fatalf("a variant twice is %v, and the error %v", twice, err)
		}
		if d := cmp.Diff(want, got); !twice && d != "" {
			for i := range wanted {
				if got[2*i] != want[2*i] || got[2*i+1] != want[2*i+1] {
					t.Errorf("%v: AC %d AN %d, by hand %d %d", wanted[i], got[2*i], got[2*i+1], want[2*i], want[2*i+1])
				}
			}
			t.FailNow()
		}
		sitesOnly := withoutCalls{&rows{samples: make([]string, samples), left: slices.Clone(all)}}
		told, err := tally.Coverage(t.Context(), sitesOnly, wantEverything(t), p.Callable)
		if d := cmp.Diff(covers, told); !twice && (err != nil || d != "") {
			t.Fatalf("coverage: %v (-by hand +told):\n%s", err, d)
		}
	})
	if answered == 0 || absent == 0 {
		t.Errorf("%d variants were answered and %d were not: the test tries nothing", answered, absent)
	}
}
