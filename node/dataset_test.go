package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

func TestADatasetIsCountedInEveryFormat(t *testing.T) {
	dir := toyFiles(t)
	p, all := toyPanel(t, "GRCh38")
	for _, name := range []string{"toy.vcf", "toy.vcf.gz", "toy.bcf", "toy.bed", "toy.bim", "toy.fam", "toy", "toy2.pgen", "toy2"} {
		t.Run(name, func(t *testing.T) {
			d, summary, err := readDataset(t.Context(), child(t), toySpec(dir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(toySummary(d.Assembly.String()), summary); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			raw, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			var kept definition
			if err := json.Unmarshal(raw, &kept); err != nil {
				t.Fatal(err)
			}
			counts, _, err := kept.count(t.Context(), child(t), p, all)
			if diff := cmp.Diff(toyCounts(everyone), counts); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAFilterAndATableChooseWhoIsCounted(t *testing.T) {
	dir := toyFiles(t)
	p, all := toyPanel(t, "GRCh38")
	spec := toySpec(dir, "toy.vcf.gz")
	spec.Filter = "side=left"
	d := read(t, spec)
	counts, _, err := d.count(t.Context(), child(t), p, all)
	if diff := cmp.Diff(toyCounts(func(i int) bool { return i < 22 }), counts); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	writeFile(t, spec.Samples, toySamples(20))
	d, summary, err := readDataset(t.Context(), child(t), toySpec(dir, "toy.vcf.gz"), nil)
	if err != nil || summary.People != 20 || summary.Ignored != 4 {
		t.Fatalf("%+v, %v", summary, err)
	}
	counts, _, err = d.count(t.Context(), child(t), p, all[:1])
	if diff := cmp.Diff(toyCounts(func(i int) bool { return i < 20 }), counts); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestDatasetsThatAreRefused(t *testing.T) {
	const never = "no file of that name"
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, spec *CohortSpec)
		want   error
	}{
		{"no genotypes are named", func(t *testing.T, s *CohortSpec) { s.Path = "" }, ErrConfig},
		{"no sample table is named", func(t *testing.T, s *CohortSpec) { s.Samples = "" }, ErrConfig},
		{"no genotypes are there", func(t *testing.T, s *CohortSpec) { s.Path += never }, os.ErrNotExist},
		{"no sample table is there", func(t *testing.T, s *CohortSpec) { s.Samples += never }, os.ErrNotExist},
		{"not a VCF", func(t *testing.T, s *CohortSpec) { s.Path = s.Samples }, ErrFormat},
		{"a BCF without a header", func(t *testing.T, s *CohortSpec) { writeFile(t, s.Path, "BCF\x02\x02") }, ErrFormat},
		{"a truncated BCF", func(t *testing.T, s *CohortSpec) {
			s.Path = strings.TrimSuffix(s.Path, ".vcf.gz") + ".bcf"
			if err := os.Truncate(s.Path, 300); err != nil {
				t.Fatal(err)
			}
		}, bgzf.ErrTruncated},
		{"a truncated BGZF", func(t *testing.T, s *CohortSpec) {
			if err := os.Truncate(s.Path, 100); err != nil {
				t.Fatal(err)
			}
		}, bgzf.ErrTruncated},
		{"no fam beside the bed", func(t *testing.T, s *CohortSpec) {
			s.Path = strings.TrimSuffix(s.Path, ".vcf.gz") + ".bed"
			if err := os.Remove(strings.TrimSuffix(s.Path, ".bed") + ".fam"); err != nil {
				t.Fatal(err)
			}
		}, os.ErrNotExist},
		{"a bed of the wrong length", func(t *testing.T, s *CohortSpec) {
			s.Path = strings.TrimSuffix(s.Path, ".vcf.gz") + ".bed"
			if err := os.Truncate(s.Path, 10); err != nil {
				t.Fatal(err)
			}
		}, plink.ErrLength},
		{"a line that cannot be read", func(t *testing.T, s *CohortSpec) {
			writeFile(t, s.Path, toyVCF()[:strings.LastIndexByte(toyVCF(), '\t')]+"\n")
		}, vcf.ErrLine},
		{"a sample in the table but not in the file", func(t *testing.T, s *CohortSpec) {
			writeFile(t, s.Samples, toySamples(toyPeople)+"s99\tp99\tmale\tleft\n")
		}, cohort.ErrNoSample},
		{"two samples of one person", func(t *testing.T, s *CohortSpec) {
			writeFile(t, s.Samples, strings.Replace(toySamples(toyPeople), "person 7", "person 6", 1))
		}, cohort.ErrTwice},
		{"a cohort below the protocol's minimum", func(t *testing.T, s *CohortSpec) {
			writeFile(t, s.Samples, toySamples(protocol.MinCohort-1))
		}, cohort.ErrSmall},
		{"a cohort below its own minimum", func(t *testing.T, s *CohortSpec) { s.Minimum = toyPeople + 1 }, cohort.ErrSmall},
		{"a filter that is none", func(t *testing.T, s *CohortSpec) { s.Filter = "left" }, cohort.ErrFilter},
		{"a filter on a column that is not there", func(t *testing.T, s *CohortSpec) { s.Filter = `sid == "left"` }, cohort.ErrFilter},
		{"a filter that leaves too few", func(t *testing.T, s *CohortSpec) { s.Filter = `person_id < "person 10"` }, cohort.ErrSmall},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := toySpec(toyFiles(t), "toy.vcf.gz")
			c.damage(t, &spec)
			if _, _, err := readDataset(t.Context(), child(t), spec, nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestADirectoryIsNoDataset(t *testing.T) {
	spec := toySpec(toyFiles(t), "toy.vcf")
	spec.Path = t.TempDir()
	if _, _, err := readDataset(t.Context(), child(t), spec, nil); err == nil {
		t.Error("it was read")
	}
}

func TestAChangedFileIsNotCounted(t *testing.T) {
	p, all := toyPanel(t, "GRCh38")
	for _, c := range []struct{ name, path, file, old, new string }{
		{"a genotype", "toy.vcf", "toy.vcf", "\t0/0", "\t0/1"},
		{"a word that says nothing", "toy.vcf", "toy.vcf", "##contig", "##source=x\n##contig"},
		{"a line at the end", "toy.vcf", "toy.vcf", "", "chr2\t1\t.\tA\tC"},
		{"the header", "toy.vcf", "toy.vcf", "##fileformat", "##file"},
		{"the packing", "toy.vcf.gz", "toy.vcf.gz", "", "x"},
		{"a person of the table", "toy.vcf", "samples.tsv", "person 3\t", "person 33\t"},
		{"a table that is none now", "toy.vcf", "samples.tsv", "sample_id", "sample"},
		{"a bed", "toy", "toy.bed", "", "\x00"},
		{"a bim", "toy", "toy.bim", " a ", " aa "},
		{"a fam", "toy", "toy.fam", "s3 0 0 0", "s3 0 0 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := toyFiles(t)
			d := read(t, toySpec(dir, c.path))
			path := filepath.Join(dir, c.file)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			after := string(before) + c.new
			if c.old != "" {
				after = strings.Replace(string(before), c.old, c.new, 1)
			}
			writeFile(t, path, after)
			if counts, _, err := d.count(t.Context(), child(t), p, all); !errors.Is(err, errDatasetChanged) || counts != nil {
				t.Errorf("got %d counts, %v", len(counts), err)
			}
			writeFile(t, path, string(before))
			if _, _, err := d.count(t.Context(), child(t), p, all); err != nil {
				t.Errorf("as it was: %v", err)
			}
		})
	}
}

func TestACountEndsWithItsContext(t *testing.T) {
	d := read(t, toySpec(toyFiles(t), "toy.vcf"))
	p, all := toyPanel(t, "GRCh38")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.count(ctx, child(t), p, all); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAPanelOfAnotherAssemblyIsRefused(t *testing.T) {
	dir := toyFiles(t)
	for _, c := range []struct {
		path, assembly string
		want           error
	}{
		{"toy.vcf", "hg38", nil}, {"toy.vcf", "GRCh37", errAssembly}, {"toy.vcf", "T2T-CHM13v2.0", errAssembly},
		{"toy.bed", "GRCh37", nil}, {"toy.bed", "T2T-CHM13v2.0", nil}, // a bed does not say
	} {
		p, all := toyPanel(t, c.assembly)
		if _, _, err := read(t, toySpec(dir, c.path)).count(t.Context(), child(t), p, all); !errors.Is(err, c.want) {
			t.Errorf("%s by a panel of %s: got %v, want %v", c.path, c.assembly, err, c.want)
		}
	}
}

func TestXOfAnUnknownAssemblyIsRefused(t *testing.T) {
	dir := toyFiles(t)
	writeFile(t, filepath.Join(dir, "toy.bim"), "23 a 0 10 C A\n23 b 0 11 C A\n")
	p, err := panel.New("T2T-CHM13v2.0", []panel.Variant{{Contig: "X", Pos: 11, Ref: "A", Alt: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t, toySpec(dir, "toy.bed")).count(t.Context(), child(t), p, []panel.Range{{From: 0, To: 1}}); !errors.Is(err, errAssembly) {
		t.Errorf("got %v", err)
	}
}

func TestOpenGenotypesFindsTheFormat(t *testing.T) {
	dir := toyFiles(t)
	for _, name := range []string{"toy.vcf", "toy.vcf.gz", "toy.bcf", "toy.bed", "toy", "toy2.pgen", "toy2.psam", "toy2"} {
		r, closer, err := OpenGenotypes(filepath.Join(dir, name), bgen.Calling{})
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for row := (genotype.Row{}); err == nil; rows++ {
			err = r.Next(&row)
		}
		if err != io.EOF || rows-1 != 2 || len(r.Samples()) != toyPeople {
			t.Errorf("%s: %d rows of %d samples, %v", name, rows-1, len(r.Samples()), err)
		}
		if err := closer.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	if _, _, err := OpenGenotypes(filepath.Join(dir, "samples.tsv"), bgen.Calling{}); !errors.Is(err, ErrFormat) {
		t.Errorf("a table: got %v", err)
	}
	if _, _, err := OpenGenotypes(filepath.Join(dir, "nowhere"), bgen.Calling{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: got %v", err)
	}
	writeFile(t, filepath.Join(dir, "toy2.bed"), "")
	if _, _, err := OpenGenotypes(filepath.Join(dir, "toy2"), bgen.Calling{}); !errors.Is(err, errWhichFiles) {
		t.Errorf("a prefix of two: got %v", err)
	}
}
