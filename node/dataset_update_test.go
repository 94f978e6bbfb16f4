package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/store"
	"github.com/locus-genomics/locus/protocol/panel"
)

// partVCF has some of a made-up dataset's people, at the sites of some contigs.
func partVCF(from, to int, contigs ...string) string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	for c, contig := range contigs {
		for v := range 3 {
			fmt.Fprintf(&b, "\n%s\t%d\t.\tA\tC\t.\tPASS\t.\tGT", contig, 10+v)
			for i := from; i < to; i++ {
				b.WriteString([]string{"\t0/0", "\t0|1", "\t1/1", "\t./."}[toyCall(v+len(contig)*c, i)])
			}
		}
	}
	return b.String() + "\n"
}

// partsDir has a cohort of 60 people at two contigs, as a whole and in parts.
func partsDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"whole.vcf": partVCF(0, 60, "1", "2"), "one.vcf": partVCF(0, 60, "1"),
		"first.vcf": partVCF(0, 40, "1", "2"), "last.vcf": partVCF(40, 60, "1", "2"),
		"samples.tsv": toySamples(60),
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	two := partVCF(0, 60, "1", "2")
	head, rest, _ := strings.Cut(two, "\n1\t")
	writeFile(t, filepath.Join(dir, "two.vcf"), head+rest[strings.Index(rest, "\n2\t"):])
	return dir
}

func TestACohortGrows(t *testing.T) {
	for _, c := range []struct {
		name  string
		first string
		more  [][]string
		short bool // the first table has fewer people
	}{
		{"by a contig", "one.vcf", [][]string{{"two.vcf"}}, false},
		{"by people", "first.vcf", [][]string{{"last.vcf"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, s := partsDir(t), newShelf(t)
			s.parsing = child(t)
			want := read(t, toySpec(dir, "whole.vcf"))
			if c.short {
				writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(40))
			}
			old := keepOn(t, s, toySpec(dir, c.first))
			writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(60))
			d := old
			for _, paths := range c.more {
				spec := UpdateSpec{Name: d.Name}
				for _, p := range paths {
					spec.Paths = append(spec.Paths, filepath.Join(dir, p))
				}
				var err error
				if d, err = s.update(t.Context(), d, spec); err != nil {
					t.Fatal(err)
				}
			}
			if d.Genotypes != want.Genotypes || d.Persons != want.Persons || d.content(plainTag) != want.content(plainTag) {
				t.Error("it is not the dataset of the whole file")
			}
			if diff := cmp.Diff(want.Summary, d.Summary); diff != "" {
				t.Errorf("summary (-whole +grown):\n%s", diff)
			}
			if len(d.Files) != 2 || d.Store.Dataset == old.Store.Dataset {
				t.Errorf("%d files, the same store: %v", len(d.Files), d.Store.Dataset == old.Store.Dataset)
			}
			p, err := panel.New("GRCh38", []panel.Variant{{Contig: "1", Pos: 11, Ref: "A", Alt: "C"}, {Contig: "2", Pos: 12, Ref: "A", Alt: "C"}})
			if err != nil {
				t.Fatal(err)
			}
			all := []panel.Range{{From: 0, To: 2}}
			counts, _, err := s.count(t.Context(), d, p, all)
			if err != nil {
				t.Fatal(err)
			}
			whole, _, err := s.count(t.Context(), want, p, all)
			if diff := cmp.Diff(whole, counts); err != nil || diff != "" {
				t.Errorf("%v (-whole +grown):\n%s", err, diff)
			}
			if now, _, err := s.scrub(t.Context(), d); err != nil || now.content(plainTag) != d.content(plainTag) {
				t.Errorf("scrub: %v", err)
			}
			// What a question needs of the old version is there as long as nobody sweeps.
			if _, err := s.open(*old.Store); err != nil {
				t.Errorf("the old store: %v", err)
			}
		})
	}
}

// An update takes people in by the filter that the cohort has, or by another.
func TestAnUpdateKeepsTheFilterUnlessThereIsAnother(t *testing.T) {
	for _, c := range []struct {
		name, first, more, want string
		people                  int
	}{
		{"the same", `side == "left" || sample_id == "s50"`, "", `side == "left" || sample_id == "s50"`, 23},
		{"another", `side == "left"`, `side == "right"`, `side == "right"`, 38},
		{"one where there was none", "", "side=left", "side=left", 22},
		{"everybody again", `side == "left"`, `has(sample_id)`, `has(sample_id)`, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, s := partsDir(t), newShelf(t)
			s.parsing = child(t)
			writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(40))
			spec := toySpec(dir, "first.vcf")
			spec.Filter = c.first
			old := keepOn(t, s, spec)
			writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(60))
			d, err := s.update(t.Context(), old, UpdateSpec{Name: old.Name, Paths: []string{filepath.Join(dir, "last.vcf")}, Filter: c.more})
			if err != nil {
				t.Fatal(err)
			}
			if d.Filter != c.want || d.People != c.people {
				t.Errorf("%d people by %q, want %d by %q", d.People, d.Filter, c.people, c.want)
			}
			if now, _, err := s.scrub(t.Context(), d); err != nil || now.content(plainTag) != d.content(plainTag) {
				t.Errorf("scrub: %v", err)
			}
		})
	}
}

func TestUpdatesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string, spec *UpdateSpec, d *definition)
		want   error
	}{
		{"no file", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) { spec.Paths = nil }, ErrConfig},
		{"a cohort without a store", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) { d.Store = nil }, errNotStored},
		{"the same sites again", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			spec.Paths[0] = filepath.Join(dir, "one.vcf")
		}, genotype.ErrOrder},
		{"a file that is not there", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) { spec.Paths[0] += "x" }, os.ErrNotExist},
		{"a file that is none", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			spec.Paths[0] = filepath.Join(dir, "samples.tsv")
		}, ErrFormat},
		{"some of the samples", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			writeFile(t, spec.Paths[0], partVCF(0, 59, "2"))
		}, errOrder},
		{"old samples and new ones", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			writeFile(t, spec.Paths[0], partVCF(50, 70, "2"))
		}, errMixed},
		{"another order", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			writeFile(t, spec.Paths[0], strings.Replace(strings.Replace(partVCF(0, 60, "2"), "\ts0\t", "\ts1\t", 1), "\ts1\ts1\t", "\ts1\ts0\t", 1))
		}, errOrder},
		{"new samples whose file has blocks of a gVCF", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			writeFile(t, spec.Paths[0], strings.Replace(partVCF(60, 70, "1"), "C\t.\tPASS\t.", "<NON_REF>\t.\tPASS\tEND=10", 1))
			writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(70))
		}, store.ErrBlocks},
		{"a table with someone who is nowhere", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(61))
		}, cohort.ErrNoSample},
		{"a reference that it was not added with", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			spec.Reference = filepath.Join(dir, "ref.fa")
			writeFile(t, spec.Reference, ">1\n"+strings.Repeat("A", 100)+"\n>2\n"+strings.Repeat("A", 100)+"\n")
			writeFile(t, spec.Reference+".fai", "1\t100\t3\t100\t101\n2\t100\t107\t100\t101\n")
		}, errOtherReference},
		{"no reference, where it was added with one", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			d.Reference = &fileRecord{Path: "ref.fa"}
		}, errOtherReference},
		{"another assembly", func(t *testing.T, dir string, spec *UpdateSpec, d *definition) {
			for name, length := range map[string]string{"one.vcf": "249250621", "two.vcf": "248956422"} {
				raw, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, name), strings.Replace(string(raw), "\n#CHROM", "\n##contig=<ID=1,length="+length+">\n#CHROM", 1))
			}
		}, errTwoAssemblies},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, s := partsDir(t), newShelf(t)
			spec := UpdateSpec{Name: "controls", Paths: []string{filepath.Join(dir, "two.vcf")}}
			var d definition
			if c.want == errTwoAssemblies {
				c.change(t, dir, &spec, &d)
			}
			d = keepOn(t, s, toySpec(dir, "one.vcf"))
			if c.want != errTwoAssemblies {
				c.change(t, dir, &spec, &d)
			}
			before, err := os.ReadDir(s.dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = s.update(t.Context(), d, spec); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			after, err := os.ReadDir(s.dir)
			if err != nil || len(after) != len(before) {
				t.Errorf("%d files were on the shelf, %d are now, %v", len(before), len(after), err)
			}
		})
	}
}

// Who is in the new file and not in the table is not counted, as in a file that is added.
func TestAnUpdateTakesInWhomTheTableNames(t *testing.T) {
	dir, s := partsDir(t), newShelf(t)
	d := keepOn(t, s, toySpec(dir, "one.vcf"))
	more := filepath.Join(dir, "more.vcf")
	writeFile(t, more, partVCF(60, 70, "1"))
	writeFile(t, filepath.Join(dir, "samples.tsv"), toySamples(65))
	now, err := s.update(t.Context(), d, UpdateSpec{Name: d.Name, Paths: []string{more}})
	if err != nil || now.People != 65 || now.Summary.Samples != 70 || now.Summary.Ignored != 5 || now.Persons == d.Persons {
		t.Errorf("%d people, %+v, %v", now.People, now.Summary, err)
	}
}

// Beside an old store a new one needs room, and no more than it will take: what is copied
// says nothing of what the new files take.
func TestAnUpdateNeedsRoomForTheNewStore(t *testing.T) {
	dir := partsDir(t)
	head := partVCF(0, 60)
	writeFile(t, filepath.Join(dir, "long.vcf"), strings.TrimSuffix(head, "\n")+longRows(60, 60*tellEvery, "1"))
	writeFile(t, filepath.Join(dir, "short.vcf"), strings.TrimSuffix(head, "\n")+longRows(60, 30*tellEvery, "2"))
	for _, c := range []struct {
		name string
		of   float64 // of the old store
		want error
	}{{"a little more than the old one", 1.2, nil}, {"not even the old one", 0.5, ErrRoom}} {
		s := newShelf(t)
		s.askRoom = 1
		d := keepOn(t, s, toySpec(dir, "long.vcf"))
		info, err := os.Stat(filepath.Join(s.dir, d.Store.name()))
		if err != nil {
			t.Fatal(err)
		}
		s.free = func(string) (int64, error) { return int64(c.of * float64(info.Size())), nil }
		if _, err := s.update(t.Context(), d, UpdateSpec{Name: d.Name, Paths: []string{filepath.Join(dir, "short.vcf")}}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// longRows are sites of so many people.
func longRows(people, sites int, contig string) string {
	var b strings.Builder
	for v := range sites {
		fmt.Fprintf(&b, "\n%s\t%d\t.\tA\tC\t.\tPASS\t.\tGT%s", contig, 10+v, strings.Repeat("\t0/1", people))
	}
	return b.String() + "\n"
}

func TestAnUpdateThatIsCancelledLeavesTheOldCohort(t *testing.T) {
	dir, s := partsDir(t), newShelf(t)
	d := keepOn(t, s, toySpec(dir, "one.vcf"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.update(ctx, d, UpdateSpec{Name: d.Name, Paths: []string{filepath.Join(dir, "two.vcf")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(s.dir); err != nil || len(left) != 1 {
		t.Errorf("%d files are on the shelf, %v", len(left), err)
	}
	if _, _, err := s.scrub(t.Context(), d); err != nil {
		t.Errorf("the old cohort: %v", err)
	}
}
