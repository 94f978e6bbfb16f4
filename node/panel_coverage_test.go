package node

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/protocol/panel"
)

// What a cohort tells of a panel is the same from its store and from its files, and in
// every format.
func TestCoverageIsOfSitesAndCallableRegions(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	callable := filepath.Join(dir, "callable.bed")
	writeFile(t, callable, "chr1\t14\t30\n")
	p, err := panel.New("GRCh38", []panel.Variant{
		{Contig: "1", Pos: 10, Ref: "A", Alt: "C"},
		{Contig: "1", Pos: 11, Ref: "A", Alt: "C"},
		{Contig: "1", Pos: 11, Ref: "A", Alt: "G"}, // the file has another ALT there
		{Contig: "1", Pos: 14, Ref: "A", Alt: "C"}, // before the callable region
		{Contig: "1", Pos: 20, Ref: "A", Alt: "C"},
		{Contig: "2", Pos: 20, Ref: "A", Alt: "C"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []panel.Cover{panel.Assayed, panel.Assayed, panel.NotAssayed, panel.NotAssayed, panel.HomRef, panel.NotAssayed}
	for _, name := range []string{"toy.vcf", "toy.bcf", "toy.bed", "toy2.pgen"} {
		spec := toySpec(dir, name)
		if spec.regions, err = readRegions(callable); err != nil {
			t.Fatal(err)
		}
		kept, files := keepOn(t, s, spec), read(t, spec)
		if err := s.keepRegions(files); err != nil {
			t.Fatal(err)
		}
		for from, d := range map[string]definition{"its store": kept, "its files": files} {
			c, err := s.coverage(t.Context(), d, p)
			if err != nil {
				t.Errorf("%s, from %s: %v", name, from, err)
				continue
			}
			var got []panel.Cover
			for i := range c.Len() {
				got = append(got, c.At(i))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, from %s (-want +got):\n%s", name, from, diff)
			}
		}
	}
}

func TestCoverageOfWhatHasChangedIsRefused(t *testing.T) {
	dir, s := toyFiles(t), newShelf(t)
	p, _ := toyPanel(t, "GRCh38")
	d := read(t, toySpec(dir, "toy.vcf"))
	other, _ := toyPanel(t, "GRCh37")
	if _, err := s.coverage(t.Context(), d, other); !errors.Is(err, errAssembly) {
		t.Errorf("a panel of another assembly: %v", err)
	}
	writeFile(t, filepath.Join(dir, "toy.vcf"), toyVCF()+"\n")
	if _, err := s.coverage(t.Context(), d, p); !errors.Is(err, errDatasetChanged) {
		t.Errorf("a file that has changed: %v", err)
	}
	kept := keepOn(t, s, toySpec(dir, "toy.bcf"))
	kept.Store.Dataset[0] ^= 1
	if _, err := s.coverage(t.Context(), kept, p); !errors.Is(err, errDatasetChanged) {
		t.Errorf("a store that is gone: %v", err)
	}
}
