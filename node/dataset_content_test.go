package node

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/protocol"
)

func TestContentAndPeopleNameWhatIsAnswered(t *testing.T) {
	tag := func(domain string, parts ...[]byte) protocol.Digest {
		return protocol.Tag([]byte("key"), domain, parts...)
	}
	dir := toyFiles(t)
	first := read(t, toySpec(dir, "toy.vcf"))
	for _, c := range []struct {
		name                    string
		change                  func(spec *CohortSpec)
		sameContent, samePeople bool
	}{
		{"nothing", func(*CohortSpec) {}, true, true},
		{"the packing", func(s *CohortSpec) { s.Path += ".gz" }, true, true},
		{"the place", func(s *CohortSpec) {
			to := filepath.Join(t.TempDir(), "other.vcf")
			writeFile(t, to, toyVCF())
			s.Path = to
		}, true, true},
		{"the phase", func(s *CohortSpec) { writeFile(t, s.Path, strings.ReplaceAll(toyVCF(), "0|1", "1/0")) }, true, true},
		{"a genotype", func(s *CohortSpec) { writeFile(t, s.Path, strings.Replace(toyVCF(), "0|1", "1/1", 1)) }, false, true},
		{"the minimum", func(s *CohortSpec) { s.Minimum = 21 }, false, true},
		{"the name", func(s *CohortSpec) { s.Name = "cases" }, false, true},
		{"a column of the table", func(s *CohortSpec) {
			writeFile(t, s.Samples, strings.Replace(toySamples(toyPeople), "left", "LEFT", 1))
		}, false, true},
		{"a filter that leaves some out", func(s *CohortSpec) { s.Filter = "side=left" }, false, false},
		{"an expression that leaves some out", func(s *CohortSpec) { s.Filter = `side == "left"` }, false, false},
		{"an expression that takes everybody", func(s *CohortSpec) { s.Filter = `has(side)` }, false, true},
		{"a person", func(s *CohortSpec) {
			writeFile(t, s.Samples, strings.Replace(toySamples(toyPeople), "person 7", "person 77", 1))
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := toySpec(toyFiles(t), "toy.vcf")
			c.change(&spec)
			d := read(t, spec)
			if got := d.content(tag) == first.content(tag); got != c.sameContent {
				t.Errorf("the same content: %v", got)
			}
			if got := d.Persons == first.Persons; got != c.samePeople {
				t.Errorf("the same people: %v", got)
			}
		})
	}
}

// What sites have declared stays declared: a cohort without regions and without a
// reference has the content that it had before there were any.
func TestTheContentOfACohortStaysWhatItWas(t *testing.T) {
	d := definition{
		Name: "controls", Filter: "side=left", Minimum: 20, Genotypes: protocol.Hash("genotypes"), Persons: protocol.Hash("persons"),
		Samples: fileRecord{SHA256: protocol.Hash("samples")},
	}
	const golden = "3a6e396ea75ab8c11cc10d5f41dc349d47f6f60c15109d6678f41938992b935f"
	if got := d.content(plainTag).String(); got != golden {
		t.Errorf("got %s, want %s", got, golden)
	}
	seen := map[protocol.Digest]string{d.content(plainTag): "neither"}
	regions, other := protocol.Hash("regions"), protocol.Hash("other")
	for name, with := range map[string]definition{
		"regions": {Callable: &regions}, "other regions": {Callable: &other}, "a reference": {Reference: &fileRecord{SHA256: regions}},
		"another": {Reference: &fileRecord{SHA256: other}}, "both": {Callable: &regions, Reference: &fileRecord{SHA256: regions}},
	} {
		is := d
		is.Callable, is.Reference = with.Callable, with.Reference
		if twin, ok := seen[is.content(plainTag)]; ok {
			t.Errorf("%s is declared as %s is", name, twin)
		}
		seen[is.content(plainTag)] = name
	}
}
