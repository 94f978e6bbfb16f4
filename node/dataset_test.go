package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/cohort"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
)

// The toy dataset has 24 people at two sites. Everyone's call is told by a rule, so
// that the counts are known without reading it.
const toyPeople = 24

// toyCall is the copies of ALT that person i has at variant v; 3 is no call.
func toyCall(v, i int) int { return (i*i + 3*v + i/5) % 4 }

func toyCounts(in func(i int) bool) []int64 {
	counts := make([]int64, 4)
	for v := range 2 {
		for i := range toyPeople {
			if c := toyCall(v, i); in(i) && c < 3 {
				counts[2*v] += int64(c)
				counts[2*v+1] += 2
			}
		}
	}
	return counts
}

func everyone(int) bool { return true }

// toySummary is what a custodian is shown of the toy dataset.
func toySummary(assembly string) CohortSummary {
	q := tally.Quality{
		People: toyPeople, Men: toyPeople / 3, Women: toyPeople / 3, Sites: 2, SNVs: 2, Transversions: 2, Genotypes: 2 * toyPeople,
		Tested: 2, SparseSites: 2, Sexes: tally.SexCheck{Unclear: 2 * toyPeople / 3, Unknown: toyPeople / 3},
		Contigs: []tally.ContigSites{{Contig: "1", Sites: 2}},
	}
	for i := range toyPeople {
		missing := 0
		for v := range 2 {
			switch toyCall(v, i) {
			case 1:
				q.Het++
			case 2:
				q.HomAlt++
			case 3:
				missing++
			}
		}
		q.Missing += int64(missing)
		if missing > 0 {
			q.SparsePeople++
			q.Sparse = append(q.Sparse, uint32(i))
		}
	}
	return CohortSummary{Samples: toyPeople, People: toyPeople, Variants: 2, Assembly: assembly, Quality: q}
}

func toyVCF() string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range toyPeople {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	for v := range 2 {
		fmt.Fprintf(&b, "\nchr1\t%d\t.\tA\tC\t.\tPASS\t.\tGT", 10+v)
		for i := range toyPeople {
			b.WriteString([]string{"\t0/0", "\t0|1", "\t1/1", "\t./."}[toyCall(v, i)])
		}
	}
	return b.String() + "\n"
}

func toySamples(people int) string {
	var b strings.Builder
	b.WriteString("sample_id\tperson_id\tsex\tside\n")
	for i := range people {
		fmt.Fprintf(&b, "s%d\tperson %d\t%d\t%s\n", i, i, i%3, []string{"left", "right"}[min(i/22, 1)])
	}
	return b.String()
}

// toyFiles writes the toy dataset as VCF, BGZF, BCF, bed and pgen into a directory.
func toyFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var packed bytes.Buffer
	w := bgzf.NewWriter(&packed)
	if _, err := io.WriteString(w, toyVCF()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	bed, fam := []byte("\x6c\x1b\x01"), ""
	pgen, psam := []byte("\x6c\x1b\x02\x02\x00\x00\x00\x18\x00\x00\x00\x40"), "#IID\tSEX\n"
	for v := range 2 {
		row, codes := make([]byte, toyPeople/4), make([]byte, toyPeople/4)
		for i := range toyPeople {
			row[i/4] |= []byte{3, 2, 0, 1}[toyCall(v, i)] << (2 * (i % 4))
			codes[i/4] |= byte(toyCall(v, i)) << (2 * (i % 4))
		}
		bed, pgen = append(bed, row...), append(pgen, codes...)
	}
	for i := range toyPeople {
		fam += fmt.Sprintf("0 s%d 0 0 0 -9\n", i)
		psam += fmt.Sprintf("s%d\tNA\n", i)
	}
	for name, content := range map[string]string{
		"toy.vcf": toyVCF(), "toy.vcf.gz": packed.String(), "toy.bcf": toyBCF(t), "toy.bed": string(bed),
		"toy.bim": "1 a 0 10 C A\n1 b 0 11 C A\n", "toy.fam": fam, "samples.tsv": toySamples(toyPeople),
		"toy2.pgen": string(pgen), "toy2.pvar": "#CHROM\tPOS\tID\tREF\tALT\n1\t10\ta\tA\tC\n1\t11\tb\tA\tC\n", "toy2.psam": psam,
	} {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func toyPanel(t *testing.T, assembly string) (*panel.Panel, []panel.Range) {
	t.Helper()
	p, err := panel.New(assembly, []panel.Variant{{Contig: "1", Pos: 10, Ref: "A", Alt: "C"}, {Contig: "1", Pos: 11, Ref: "A", Alt: "C"}})
	if err != nil {
		t.Fatal(err)
	}
	return p, []panel.Range{{From: 0, To: 2}}
}

func toySpec(dir, name string) CohortSpec {
	return CohortSpec{Name: "controls", Path: filepath.Join(dir, name), Samples: filepath.Join(dir, "samples.tsv")}
}

func read(t *testing.T, spec CohortSpec) definition {
	t.Helper()
	d, _, err := readDataset(t.Context(), child(t), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

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

func TestContentAndPeopleNameWhatIsAnswered(t *testing.T) {
	tag := func(domain string, parts ...[]byte) protocol.Digest {
		return protocol.Tag([]byte("key"), domain, parts...)
	}
	dir := toyFiles(t)
	first := read(t, toySpec(dir, "toy.vcf"))
	if first.content(tag) == first.people(tag) {
		t.Error("content and people have one domain")
	}
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
			if got := d.people(tag) == first.people(tag); got != c.samePeople {
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

func TestOpenGenotypesFindsTheFormat(t *testing.T) {
	dir := toyFiles(t)
	for _, name := range []string{"toy.vcf", "toy.vcf.gz", "toy.bcf", "toy.bed", "toy", "toy2.pgen", "toy2.psam", "toy2"} {
		r, closer, err := OpenGenotypes(filepath.Join(dir, name), 0)
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
	if _, _, err := OpenGenotypes(filepath.Join(dir, "samples.tsv"), 0); !errors.Is(err, ErrFormat) {
		t.Errorf("a table: got %v", err)
	}
	if _, _, err := OpenGenotypes(filepath.Join(dir, "nowhere"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: got %v", err)
	}
	writeFile(t, filepath.Join(dir, "toy2.bed"), "")
	if _, _, err := OpenGenotypes(filepath.Join(dir, "toy2"), 0); !errors.Is(err, errWhichFiles) {
		t.Errorf("a prefix of two: got %v", err)
	}
}
