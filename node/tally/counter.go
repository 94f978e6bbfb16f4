package tally

import (
	"fmt"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
)

// counter counts the alleles of one row after another, for each stratum by itself.
type counter struct {
	people   People
	strata   int // labels are 0 to strata
	members  []int32
	byLabel  *split
	bySex    *split // made when it is first needed
	alleles  []int64
	width    int // of alleles, for each stratum: by genotype.Allele
	usual    []int64
	columns  []int64      // of classes, each by part
	found    kinds        // of one of them
	both     genotype.Set // memory of intersect
	unpacked genotype.Classes
	planes   bitmap.Planes
	parts    [2]genotype.Parts // of byLabel and of bySex, when they are first needed
	sizes    []genotype.Sizes  // by part
	codes    []byte            // and of pack
	repacked genotype.Row
	expanded genotype.Row // and of a row that has to be looked at call by call
	warnings Warnings
}

func newCounter(p People, samples int) (*counter, error) {
	if err := p.check(samples); err != nil {
		return nil, err
	}
	c := &counter{people: p}
	for i, l := range p.Labels {
		if l != 0 {
			c.members = append(c.members, int32(i))
			c.strata = max(c.strata, int(l))
		}
	}
	c.byLabel = newSplit(p, c.strata, false)
	c.usual = make([]int64, c.strata)
	return c, nil
}

// fits checks that a row has a genotype for everybody.
func (c *counter) fits(row *genotype.Row) error {
	samples := len(c.people.Sexes)
	if row.Raw != nil && len(row.Alts) == 1 {
		return nil // its reader knows how many they are
	}
	if row.Packed != nil || row.Raw != nil {
		if len(row.Alts) != 1 || len(row.Packed) != (samples+3)/4 {
			return fmt.Errorf("%w: a row of %d ALTs and %d bytes", ErrPeople, len(row.Alts), len(row.Packed))
		}
		return nil
	}
	if len(row.Classes) == 0 {
		if len(row.Calls) != samples {
			return fmt.Errorf("%w: a row of %d calls", ErrPeople, len(row.Calls))
		}
		return nil
	}
	if len(row.Classes) != max(1, len(row.Alts)) {
		return fmt.Errorf("%w: a row of %d ALTs and the classes of %d", ErrPeople, len(row.Alts), len(row.Classes))
	}
	for k := range row.Classes {
		if !row.Classes[k].Fits(samples) {
			return fmt.Errorf("%w: a row of classes of more samples, or fewer", ErrPeople)
		}
	}
	return nil
}

// count takes a row, which fits, at a place.
func (c *counter) count(row *genotype.Row, place genotype.Place) {
	row = c.pack(row)
	c.width = int(genotype.Reference) + 1 + len(row.Alts)
	c.alleles = zeroed(c.alleles, c.width*c.strata)
	switch {
	case row.Packed != nil, row.Raw != nil, len(row.Classes) == 1, len(row.Classes) > 0 && place == genotype.Diploid:
		c.classes(row, place)
	case place == genotype.Diploid:
		c.diploid(row.Calls)
	default:
		c.elsewhere(c.calls(row), row.Coded, place)
	}
}

// calls are a row's, which is left as it is.
func (c *counter) calls(row *genotype.Row) []genotype.Call {
	if len(row.Classes) == 0 {
		return row.Calls
	}
	c.expanded.Classes = append(c.expanded.Classes[:0], row.Classes...)
	c.expanded.Expand(len(c.people.Sexes))
	return c.expanded.Calls
}

// zeroed is room for n zeros.
func zeroed(s []int64, n int) []int64 {
	if cap(s) < n {
		return make([]int64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// copies is AC of ALT k, from 0, in a stratum.
func (c *counter) copies(stratum, k int) int64 {
	return c.alleles[stratum*c.width+int(genotype.Reference)+1+k]
}

// called is AN in a stratum.
func (c *counter) called(stratum int) int64 {
	n := int64(0)
	for _, k := range c.alleles[stratum*c.width:][genotype.Reference:c.width] {
		n += k
	}
	return n
}

// diploid counts calls as they are written. Most are of two REF.
func (c *counter) diploid(calls []genotype.Call) {
	clear(c.usual)
	for _, i := range c.members {
		stratum := int(c.people.Labels[i]) - 1
		call := calls[i]
		if call == genotype.HomRef {
			c.usual[stratum]++
			continue
		}
		a, b := call.Alleles()
		alleles := c.alleles[stratum*c.width:]
		alleles[a]++
		alleles[b]++
	}
	for s, n := range c.usual {
		c.alleles[s*c.width+int(genotype.Reference)] += 2 * n
	}
}

// elsewhere counts calls where how many copies people have depends on their sex.
func (c *counter) elsewhere(calls []genotype.Call, coded bool, place genotype.Place) {
	for _, i := range c.members {
		call := calls[i]
		if a, b := call.Alleles(); a < genotype.Reference && b < genotype.Reference {
			continue // no call, and nothing to warn of
		}
		a, b := copies(call, coded, place, c.people.Sexes[i], &c.warnings)
		alleles := c.alleles[(int(c.people.Labels[i])-1)*c.width:]
		alleles[a]++
		alleles[b]++
	}
}

// copies are the alleles that a call stands for where sexes differ.
func copies(call genotype.Call, coded bool, place genotype.Place, sex genotype.Sex, w *Warnings) (a, b genotype.Allele) {
	a, b = call.Alleles()
	one := place == genotype.Haploid || sex == genotype.Male
	if place == genotype.SexY {
		switch {
		case sex == genotype.Female:
			w.WomanOnY++
			return genotype.Missing, genotype.Absent
		case sex == genotype.UnknownSex && coded:
			w.UnknownSex++
			return genotype.Missing, genotype.Absent
		}
		one = true
	}
	if place == genotype.SexX && sex == genotype.UnknownSex {
		w.UnknownSex++
	}
	switch {
	case one && call.Het():
		w.HetHaploid++
		return genotype.Missing, genotype.Missing
	case one && coded && a == b:
		return a, genotype.Absent
	}
	return a, b
}
