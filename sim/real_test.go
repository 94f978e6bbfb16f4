package sim_test

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
	"github.com/locus-genomics/locus/sim"
)

// counts are AC and AN.
type counts struct{ ac, an int64 }

// reference is a table of answers for the unsplit file, and where its columns are.
type reference struct {
	file                 string
	chrom, pos, ref, alt int
	count                func(fields []string) (counts, error)
}

// Real files are split by sample over three sites, the question goes the whole way,
// and every count is the one that other programs give for the whole file.
func TestRealFilesSplitOverThreeSitesGiveTheCountsOfTheWholeFile(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("no real data: LOCUS_DATA is not set")
	}
	oracle := func(file string) reference {
		return reference{file, 0, 1, 3, 4, func(f []string) (counts, error) { return parseCounts(f[9], f[8]) }}
	}
	plink2 := func(file string) reference {
		return reference{file, 0, 1, 3, 4, func(f []string) (counts, error) { return parseCounts(f[5], f[6]) }}
	}
	bcftools := func(file string) reference {
		return reference{file, 0, 1, 2, 3, func(f []string) (counts, error) { return parseCounts(f[5], f[4]) }}
	}
	plinkGenotypes := func(file string) reference {
		return reference{file, 0, 1, 3, 4, func(f []string) (c counts, err error) {
			n := make([]int64, 5)
			for i := range n {
				if n[i], err = strconv.ParseInt(f[5+i], 10, 64); err != nil {
					return counts{}, err
				}
			}
			return counts{ac: n[1] + 2*n[2] + n[4], an: 2*(n[0]+n[1]+n[2]) + n[3] + n[4]}, nil
		}}
	}
	for _, tt := range []struct {
		name, genotypes, sexes string
		references             []reference
	}{
		{"a phased VCF of 2,504 people", "kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "kg3_chr22_16mb/kg3_2504.psam", []reference{
			oracle("kg3_chr22_16mb/kg3_chr22.oracle.tsv.gz"),
			bcftools("kg3_chr22_16mb/kg3_chr22.bcftools.tsv.gz"),
			plink2("kg3_chr22_16mb/kg3_chr22.plink2.acount.gz"),
		}},
		{"a bed of the same people", "kg3_chr22_16mb/kg3_chr22.derived_biallelic.bed", "kg3_chr22_16mb/kg3_2504.psam", []reference{
			plinkGenotypes("kg3_chr22_16mb/kg3_chr22.derived_bed.plink2.gcount.gz"),
		}},
		{"a bed with missing calls", "bigsnpr_example/example.bed", "", []reference{
			plinkGenotypes("bigsnpr_example/example.plink2.gcount.gz"),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := readReference(t, data, tt.references[0])
			network := split(t, filepath.Join(data, tt.genotypes), filepath.Join(data, tt.sexes), first)
			answer, err := network.Ask(t.Context(), researcher.Ask{Purpose: "comparison"})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range tt.references {
				compare(t, r.file, answer.Rows, readReference(t, data, r))
			}
		})
	}
}

func compare(t *testing.T, file string, rows []researcher.Row, want map[panel.Variant]counts) {
	t.Helper()
	compared, wrong := 0, 0
	for _, r := range rows {
		w, ok := want[r.Variant]
		if !ok {
			continue
		}
		compared++
		if got := (counts{r.AC, r.AN}); got != w {
			if wrong++; wrong < 5 {
				t.Errorf("%s: %s:%d %s>%s: got %+v, want %+v", file, r.Variant.Contig, r.Variant.Pos, r.Variant.Ref, r.Variant.Alt, got, w)
			}
		}
	}
	// plink2 writes a site of several ALTs on one line, which is left out here.
	if compared < len(rows)*95/100 {
		t.Errorf("%s: only %d of %d variants could be compared", file, compared, len(rows))
	}
	t.Logf("%s: %d variants compared, %d differ", file, compared, wrong)
}

var bases = regexp.MustCompile("^[ACGTN]+$")

// readReference reads the variants of a table whose alleles are written out.
func readReference(t *testing.T, data string, r reference) map[panel.Variant]counts {
	t.Helper()
	variants := make(map[panel.Variant]counts)
	lines := bufio.NewScanner(openGzip(t, filepath.Join(data, r.file)))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		pos, err := strconv.ParseUint(f[r.pos], 10, 32)
		if err != nil || !bases.MatchString(f[r.ref]) || !bases.MatchString(f[r.alt]) {
			continue // the header, a symbolic allele, a site of several ALTs
		}
		c, err := r.count(f)
		if err != nil {
			t.Fatalf("%s: %v", r.file, err)
		}
		variants[panel.Trim(panel.Variant{Contig: f[r.chrom], Pos: uint32(pos), Ref: f[r.ref], Alt: f[r.alt]})] = c
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return variants
}

func parseCounts(ac, an string) (c counts, err error) {
	if c.ac, err = strconv.ParseInt(ac, 10, 64); err != nil {
		return c, err
	}
	c.an, err = strconv.ParseInt(an, 10, 64)
	return c, err
}

// split gives each of three sites a third of a file's people: a VCF of their columns,
// or of a bed the whole file with a table that names only them.
func split(t *testing.T, genotypes, sexes string, variants map[panel.Variant]counts) *sim.Network {
	t.Helper()
	people := readPeople(t, genotypes)
	sex := readSexes(t, sexes)
	var sites []sim.Site
	for i := range 3 {
		var mine []string
		for j, p := range people {
			if j%3 == i {
				mine = append(mine, p)
			}
		}
		dir := t.TempDir()
		spec := node.CohortSpec{Name: sim.Everyone, Path: genotypes, Samples: filepath.Join(dir, "samples.tsv"), Minimum: 20}
		if strings.HasSuffix(genotypes, ".vcf.gz") {
			spec.Path = filepath.Join(dir, "part.vcf")
			cutColumns(t, genotypes, spec.Path, i)
		}
		writeSamples(t, spec.Samples, mine, sex)
		sites = append(sites, sim.Site{Name: fmt.Sprintf("site%d", i+1), Cohorts: []node.CohortSpec{spec}})
	}
	return newNetwork(t, sim.Config{Sites: sites, Panel: newPanel(t, variants)})
}

func newPanel(t *testing.T, variants map[panel.Variant]counts) *panel.Panel {
	t.Helper()
	list := make([]panel.Variant, 0, len(variants))
	for v := range variants {
		list = append(list, v)
	}
	p, err := panel.New("GRCh37", list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// readPeople are the samples of a VCF, or those of the fam beside a bed.
func readPeople(t *testing.T, genotypes string) (people []string) {
	t.Helper()
	if bed, ok := strings.CutSuffix(genotypes, ".bed"); ok {
		raw, err := os.ReadFile(bed + ".fam")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			people = append(people, strings.Fields(line)[1])
		}
		return people
	}
	lines := bufio.NewScanner(openGzip(t, genotypes))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#CHROM") {
			return strings.Split(lines.Text(), "\t")[9:]
		}
	}
	t.Fatalf("%s has no header: %v", genotypes, lines.Err())
	return nil
}

func readSexes(t *testing.T, psam string) map[string]string {
	t.Helper()
	sex := make(map[string]string)
	raw, err := os.ReadFile(psam)
	if err != nil {
		return sex // a directory: the file has none
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		sex[f[0]] = map[string]string{"1": "male", "2": "female"}[f[3]]
	}
	return sex
}

func writeSamples(t *testing.T, path string, people []string, sex map[string]string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("sample_id\tperson_id\tsex\n")
	for _, p := range people {
		s := sex[p]
		if s == "" {
			s = "unknown"
		}
		fmt.Fprintf(&b, "%s\tperson-%s\t%s\n", p, p, s)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cutColumns writes every third sample of a VCF, from the one at first on.
func cutColumns(t *testing.T, from, to string, first int) {
	t.Helper()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(out)
	lines := bufio.NewScanner(openGzip(t, from))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "##") {
			fmt.Fprintln(w, line)
			continue
		}
		f := strings.Split(line, "\t")
		w.WriteString(strings.Join(f[:9], "\t"))
		for i := 9 + first; i < len(f); i += 3 {
			w.WriteByte('\t')
			w.WriteString(f[i])
		}
		w.WriteByte('\n')
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func openGzip(t *testing.T, path string) io.Reader {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
