package tally

import (
	"context"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

// SiteCounts is what was counted at one site of a file, for all of its ALTs.
type SiteCounts struct {
	// Site is the row's. It is valid until the next one is read.
	Site *genotype.Site
	// AN is the called alleles; AC the copies of each ALT among them.
	AN int64
	AC []int64
	Genotypes
}

// Genotypes is how many people have which genotype. Who is not in any of them is of the
// wrong sex for Y.
type Genotypes struct {
	// HomRef is people with two REF; Het those with REF and one ALT, by ALT.
	HomRef int64
	Het    []int64
	// TwoAlts is people without REF, by pair of ALTs: 1/1, 1/2, 2/2, 1/3, 2/3, 3/3, ….
	TwoAlts []int64
	// HapRef and HapAlt are people with one chromosome.
	HapRef int64
	HapAlt []int64
	// Half is people of whom one allele of two is known, and Missing those of whom none is.
	Half, Missing int64
}

// EachSite counts the people of each label from 1 to the greatest at each site that covers
// takes, in one pass, and hands the counts to yield, those of label 1 first. An error of
// yield ends it. Sites that did not pass their filters are left out. The counts of a damaged
// file are not worth anything until EachSite returns without an error.
func EachSite(ctx context.Context, r genotype.Reader, covers genotype.Covers, p People, a genotype.Assembly,
	yield func([]SiteCounts) error) (Warnings, error) {
	c, err := newCounter(p, len(r.Samples()))
	if err != nil {
		return Warnings{}, err
	}
	packs(r)
	counts := make([]SiteCounts, max(1, c.strata))
	err = each(ctx, r, func(row *genotype.Row) error {
		if covers != nil && !covers(&row.Site) {
			return nil
		}
		if !row.Pass {
			c.warnings.Filtered++
			return nil
		}
		if err := c.site(row, a, counts); err != nil {
			return err
		}
		c.warnings.Dropped += row.Dropped
		return yield(counts)
	})
	if err != nil {
		return Warnings{}, err
	}
	return c.warnings, nil
}

// site counts one row.
func (c *counter) site(row *genotype.Row, a genotype.Assembly, to []SiteCounts) error {
	if err := c.fits(row); err != nil {
		return err
	}
	canonical := panel.CanonicalContig(row.Contig)
	if canonical == "X" && a == genotype.UnknownAssembly {
		return ErrAssembly
	}
	alts := len(row.Alts)
	for i := range to {
		s := &to[i]
		s.Site, s.AN, s.AC = &row.Site, 0, zeroed(s.AC, alts)
		s.HomRef, s.HapRef, s.Half, s.Missing = 0, 0, 0, 0
		s.Het, s.TwoAlts, s.HapAlt = zeroed(s.Het, alts), zeroed(s.TwoAlts, alts*(alts+1)/2), zeroed(s.HapAlt, alts)
	}
	row = c.pack(row)
	place := a.PlaceOf(canonical, row.Pos)
	if row.Packed != nil || row.Raw != nil || len(row.Classes) == 1 && alts == 1 {
		c.class(row, 0, place, func(stratum int, n *kinds) { to[stratum].addKinds(n) })
		return nil
	}
	c.everyone(row, place, to)
	return nil
}

// addKinds takes what classes tell of a site's only ALT.
func (s *SiteCounts) addKinds(n *kinds) {
	s.AC[0] += n.oneAlt + 2*n.twoAlts + n.hapAlt + n.halfAlt
	s.AN += 2*(n.noAlt+n.oneAlt+n.twoAlts) + n.hapNoAlt + n.hapAlt + n.half
	s.HomRef += n.noAlt
	s.Het[0] += n.oneAlt
	s.TwoAlts[0] += n.twoAlts
	s.HapRef += n.hapNoAlt
	s.HapAlt[0] += n.hapAlt
	s.Half += n.half
	s.Missing += n.missing
}

// everyone looks at a row call by call.
func (c *counter) everyone(row *genotype.Row, place genotype.Place, strata []SiteCounts) {
	calls := c.calls(row)
	for _, i := range c.members {
		call, sex, to := calls[i], c.people.Sexes[i], &strata[c.people.Labels[i]-1]
		if place == genotype.Diploid && call == genotype.HomRef {
			to.HomRef++
			to.AN += 2
			continue
		}
		a, b := call.Alleles()
		if place != genotype.Diploid && (a >= genotype.Reference || b >= genotype.Reference) {
			a, b = copies(call, row.Coded, place, sex, &c.warnings)
		}
		if place == genotype.SexY && (sex == genotype.Female || sex == genotype.UnknownSex && row.Coded) {
			continue // copies has warned
		}
		to.add(min(a, b), max(a, b))
	}
}

// add takes one person's alleles, the lower one first.
func (s *SiteCounts) add(a, b genotype.Allele) {
	const firstAlt = genotype.Reference + 1
	for _, x := range [2]genotype.Allele{a, b} {
		if x >= genotype.Reference {
			s.AN++
		}
		if x >= firstAlt {
			s.AC[x-firstAlt]++
		}
	}
	switch {
	case b < genotype.Reference:
		s.Missing++
	case a == genotype.Missing:
		s.Half++
	case a == genotype.Absent && b == genotype.Reference:
		s.HapRef++
	case a == genotype.Absent:
		s.HapAlt[b-firstAlt]++
	case b == genotype.Reference:
		s.HomRef++
	case a == genotype.Reference:
		s.Het[b-firstAlt]++
	default:
		x, y := int(a-firstAlt), int(b-firstAlt)
		s.TwoAlts[y*(y+1)/2+x]++
	}
}
