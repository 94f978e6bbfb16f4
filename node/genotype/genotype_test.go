package genotype_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
)

func TestACallGivesBackItsAlleles(t *testing.T) {
	last := genotype.Reference + genotype.MaxAlts
	for _, a := range []genotype.Allele{genotype.Missing, genotype.Absent, genotype.Reference, genotype.Reference + 1, last} {
		for _, b := range []genotype.Allele{genotype.Missing, genotype.Absent, genotype.Reference, genotype.Reference + 1, last} {
			c := genotype.NewCall(a, b)
			if x, y := c.Alleles(); x != a || y != b {
				t.Errorf("%d and %d came back as %d and %d", a, b, x, y)
			}
			if want := a != b && a >= genotype.Reference && b >= genotype.Reference; c.Het() != want {
				t.Errorf("%d and %d: Het is %v", a, b, c.Het())
			}
		}
	}
	if genotype.HomRef != genotype.NewCall(genotype.Reference, genotype.Reference) || genotype.NoCall != genotype.NewCall(genotype.Missing, genotype.Missing) {
		t.Error("the usual calls are not themselves")
	}
}

func TestOnlyWrittenBasesAreBases(t *testing.T) {
	for allele, want := range map[string]bool{
		"A": true, "ACGT": true, "": false, "N": false, "AN": false, "a": false, "*": false, "<DEL>": false, ".": false, "G]1:900]": false,
	} {
		if got := genotype.IsBases(allele); got != want {
			t.Errorf("%q: %v", allele, got)
		}
	}
}

func TestASiteSpansAllThatItTellsOf(t *testing.T) {
	spelled := func(pos ...uint32) (all []genotype.Spelling) {
		for _, p := range pos {
			all = append(all, genotype.Spelling{Pos: p})
		}
		return all
	}
	for _, c := range []struct {
		name        string
		site        genotype.Site
		first, last uint32
	}{
		{"one base", genotype.Site{Pos: 10, Ref: "A"}, 10, 10},
		{"a deletion, to the end of REF", genotype.Site{Pos: 10, Ref: "ACG"}, 10, 12},
		{"a block", genotype.Site{Pos: 10, Ref: "A", End: 500}, 10, 500},
		{"a block that is shorter than REF", genotype.Site{Pos: 10, Ref: "ACG", End: 10}, 10, 12},
		{"an allele that stands further left", genotype.Site{Pos: 10, Ref: "AC", Aligned: spelled(0, 4)}, 4, 11},
		{"an allele that is only trimmed", genotype.Site{Pos: 10, Ref: "AC", Aligned: spelled(11, 0)}, 10, 11},
		{"the telomere", genotype.Site{Pos: 0, Ref: "A"}, 0, 0},
		{"the last position there is", genotype.Site{Pos: math.MaxUint32 - 1, Ref: "ACGT"}, math.MaxUint32 - 1, math.MaxUint32},
	} {
		if first, last := c.site.Span(); first != c.first || last != c.last {
			t.Errorf("%s: %d to %d, want %d to %d", c.name, first, last, c.first, c.last)
		}
	}
}

func TestWhatStandsForAllelesThatAreNotListed(t *testing.T) {
	for alt, want := range map[string]bool{"<NON_REF>": true, "<*>": true, "*": false, "<DEL>": false, "C": false, "": false} {
		if got := genotype.IsUnlisted(alt); got != want {
			t.Errorf("%q: %v", alt, got)
		}
	}
}

func TestAssembliesHaveManyNames(t *testing.T) {
	for name, want := range map[string]genotype.Assembly{
		"GRCh37": genotype.GRCh37, "grch37.p13": genotype.GRCh37, "hg19": genotype.GRCh37, "b37": genotype.GRCh37, "hs37d5": genotype.GRCh37,
		"GRCh38": genotype.GRCh38, "GRCh38.p14": genotype.GRCh38, "hg38": genotype.GRCh38, "hs38DH": genotype.GRCh38,
		"": genotype.UnknownAssembly, "hg18": genotype.UnknownAssembly, "hg380": genotype.UnknownAssembly, "T2T-CHM13v2.0": genotype.UnknownAssembly,
	} {
		if got := genotype.ParseAssembly(name); got != want {
			t.Errorf("%q is %v, want %v", name, got, want)
		}
	}
	for _, a := range []genotype.Assembly{genotype.GRCh37, genotype.GRCh38} {
		if genotype.ParseAssembly(a.String()) != a {
			t.Errorf("%v does not know its own name", a)
		}
	}
}

func TestLengthsTellAssembliesApart(t *testing.T) {
	for _, c := range []struct {
		contig string
		length uint32
		want   genotype.Assembly
	}{
		{"1", 249250621, genotype.GRCh37}, {"1", 248956422, genotype.GRCh38}, {"2", 248956422, genotype.UnknownAssembly},
		{"22", 51304566, genotype.GRCh37}, {"22", 50818468, genotype.GRCh38}, {"X", 155270560, genotype.GRCh37}, {"X", 156040895, genotype.GRCh38},
		{"MT", 16569, genotype.UnknownAssembly}, {"0", 0, genotype.UnknownAssembly}, {"23", 0, genotype.UnknownAssembly},
		{"", 0, genotype.UnknownAssembly}, {"GL000225.1", 211173, genotype.UnknownAssembly}, {"99999999999999999999", 5, genotype.UnknownAssembly},
	} {
		if got := genotype.Detect(c.contig, c.length); got != c.want {
			t.Errorf("%s of %d bases: %v, want %v", c.contig, c.length, got, c.want)
		}
	}
}

func TestPlacesFollowContigAndPosition(t *testing.T) {
	for _, c := range []struct {
		assembly genotype.Assembly
		contig   string
		pos      uint32
		want     genotype.Place
	}{
		{genotype.GRCh37, "1", 5, genotype.Diploid}, {genotype.GRCh37, "GL1", 5, genotype.Diploid},
		{genotype.GRCh37, "Y", 5_000_000, genotype.SexY}, {genotype.GRCh37, "MT", 5, genotype.Haploid},
		{genotype.GRCh37, "X", 60001, genotype.Diploid}, {genotype.GRCh37, "X", 2699520, genotype.Diploid}, {genotype.GRCh37, "X", 2699521, genotype.SexX},
		{genotype.GRCh37, "X", 154931043, genotype.SexX}, {genotype.GRCh37, "X", 154931044, genotype.Diploid}, {genotype.GRCh37, "X", 155260560, genotype.Diploid},
		{genotype.GRCh38, "X", 10001, genotype.Diploid}, {genotype.GRCh38, "X", 2781479, genotype.Diploid}, {genotype.GRCh38, "X", 2781480, genotype.SexX},
		{genotype.GRCh38, "X", 155701382, genotype.SexX}, {genotype.GRCh38, "X", 155701383, genotype.Diploid}, {genotype.GRCh38, "X", 156030895, genotype.Diploid},
		{genotype.UnknownAssembly, "X", 60001, genotype.SexX},
	} {
		if got := c.assembly.PlaceOf(c.contig, c.pos); got != c.want {
			t.Errorf("%v %s:%d is %d, want %d", c.assembly, c.contig, c.pos, got, c.want)
		}
	}
}

func TestOrderRefusesWhatComesTwiceOrTooLate(t *testing.T) {
	site := func(contig string, pos uint32, ref string, alts ...string) *genotype.Site {
		return &genotype.Site{Contig: contig, Pos: pos, Ref: ref, Alts: alts}
	}
	canonical := map[string]string{"chr1": "1", "chrM": "MT", "M": "MT"}
	for _, c := range []struct {
		name  string
		sites []*genotype.Site
		want  error // of the last one
	}{
		{"positions ascend", []*genotype.Site{site("1", 5, "A", "C"), site("1", 5, "A", "G"), site("1", 6, "A", "C"), site("2", 1, "A", "C")}, nil},
		{"contigs in any order", []*genotype.Site{site("MT", 5, "A", "C"), site("1", 5, "A", "C"), site("HLA", 6, "A", "C"), site("X", 1, "A", "C")}, nil},
		{"a position before the last", []*genotype.Site{site("1", 5, "A", "C"), site("1", 4, "A", "C")}, genotype.ErrOrder},
		{"a contig that comes back", []*genotype.Site{site("1", 5, "A", "C"), site("2", 4, "A", "C"), site("1", 6, "A", "C")}, genotype.ErrOrder},
		{"another name at once", []*genotype.Site{site("M", 5, "A", "C"), site("MT", 6, "A", "C")}, genotype.ErrNaming},
		{"another name later", []*genotype.Site{site("M", 5, "A", "C"), site("2", 6, "A", "C"), site("MT", 6, "A", "C")}, genotype.ErrNaming},
		{"a prefix for some chromosomes", []*genotype.Site{site("chr1", 5, "A", "C"), site("2", 6, "A", "C")}, genotype.ErrNaming},
		{"a prefix, and contigs that have none anyway", []*genotype.Site{site("chr1", 5, "A", "C"), site("HLA", 6, "A", "C")}, nil},
		{"twice", []*genotype.Site{site("1", 5, "A", "C"), site("1", 5, "A", "G", "C")}, genotype.ErrDuplicate},
		{"twice on the first position of a contig", []*genotype.Site{site("1", 0, "A", "C"), site("1", 0, "A", "C")}, genotype.ErrDuplicate},
		{"twice without an ALT", []*genotype.Site{site("1", 5, "A"), site("1", 5, "A")}, genotype.ErrDuplicate},
		{"the same on another contig", []*genotype.Site{site("1", 5, "A", "C"), site("2", 5, "A", "C")}, nil},
		{"stars and symbols", []*genotype.Site{site("1", 5, "A", "*", "<DEL>"), site("1", 5, "A", "*", "<DEL>", "G]1:9]")}, nil},
		{"a blank in a contig", []*genotype.Site{site("1", 5, "A", "C"), site("2 3", 5, "A", "C")}, genotype.ErrText},
		{"a sign that moves a terminal's cursor, in REF", []*genotype.Site{site("1", 5, "A\x1b[2J", "C")}, genotype.ErrText},
		{"the same in an ALT", []*genotype.Site{site("1", 5, "A", "C", "<\x1b[2J>")}, genotype.ErrText},
		{"the same where there is no ALT", []*genotype.Site{site("1", 5, "A\x7f")}, genotype.ErrText},
		{"letters beyond ASCII", []*genotype.Site{site("1", 5, "A", "<D\u00c9L>")}, genotype.ErrText},
	} {
		t.Run(c.name, func(t *testing.T) {
			var o genotype.Order
			for i, s := range c.sites {
				name := s.Contig
				if short, ok := canonical[name]; ok {
					name = short
				}
				err := o.Check(name, s)
				if want := c.want; i < len(c.sites)-1 && err != nil || i == len(c.sites)-1 && !errors.Is(err, want) {
					t.Errorf("site %d: got %v, want %v for the last one", i, err, want)
				}
			}
		})
	}
}

func TestOrderBoundsTheContigsThatItRemembers(t *testing.T) {
	var o genotype.Order
	for i := range 1 << 20 {
		name := fmt.Sprint("scaffold", i)
		err := o.Check(name, &genotype.Site{Contig: name, Pos: 1, Ref: "A"})
		if errors.Is(err, genotype.ErrContigs) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("a million contigs were taken")
}

func TestAllelesAreInUpperCase(t *testing.T) {
	for is, want := range map[string]string{"a": "A", "T": "T", "n": "N", "*": "*", ".": ".", "<del>": "<DEL>", "acGT": "ACGT", "": "", "@": "@", "`": "`", "{": "{", "0": "0"} {
		if got := genotype.UpperCase([]byte(is)); got != want {
			t.Errorf("%q: got %q, want %q", is, got, want)
		}
	}
	one := []byte("g")
	if n := testing.AllocsPerRun(10, func() { genotype.UpperCase(one) }); n != 0 {
		t.Errorf("a letter takes memory %v times", n)
	}
}
