package tally_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// realData is a file of the real data sets, or the end of a test where there are none.
func realData(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return filepath.Join(dir, name)
}

func openReal(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(realData(t, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// fields are the columns of a table's lines, without its first line.
func fields(t *testing.T, r io.Reader) [][]string {
	t.Helper()
	var rows [][]string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		rows = append(rows, strings.Split(s.Text(), "\t"))
	}
	if s.Err() != nil || len(rows) == 0 {
		t.Fatalf("read a table: %d lines, %v", len(rows), s.Err())
	}
	return rows[1:]
}

func gunzip(t *testing.T, name string) io.Reader {
	t.Helper()
	z, err := gzip.NewReader(openReal(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// answer is what a reference program counted for one allele of one stratum.
type answer struct {
	variant panel.Variant
	stratum string
	an, ac  int64
}

// oracle reads the answers of the naive oracle for alleles that can be asked for.
func oracle(t *testing.T, name string) []answer {
	t.Helper()
	var as []answer
	for _, f := range fields(t, gunzip(t, name)) {
		a := answer{
			variant: panel.Trim(panel.Variant{Contig: f[0], Pos: uint32(number(t, f[1])), Ref: strings.ToUpper(f[3]), Alt: strings.ToUpper(f[4])}),
			stratum: f[6], an: number(t, f[8]), ac: number(t, f[9]),
		}
		if poly := number(t, f[18]); poly > 0 { // the oracle counts calls of three alleles, which are missing here
			n := func(column int) int64 { return number(t, f[column]) }
			a.an, a.ac = 2*(n(10)+n(11)+n(12))+n(13)+n(14)+n(15), n(11)+2*n(12)+n(14)+n(16)
		}
		if genotype.IsBases(a.variant.Ref) && genotype.IsBases(a.variant.Alt) {
			as = append(as, a)
		}
	}
	return as
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// strata reads who belongs to which stratum, and the sexes.
func strata(t *testing.T, name string, samples []string) (labels map[string][]uint8, sexes []genotype.Sex) {
	t.Helper()
	at := make(map[string]int)
	for i, s := range samples {
		at[s] = i
	}
	labels = map[string][]uint8{"ALL": make([]uint8, len(samples))}
	sexes = make([]genotype.Sex, len(samples))
	for _, f := range fields(t, openReal(t, name)) {
		i, ok := at[f[0]]
		if !ok {
			t.Fatal("a sample of the strata is not in the file")
		}
		sexes[i] = map[string]genotype.Sex{"M": genotype.Male, "F": genotype.Female}[f[1]]
		if f[4] != "yes" {
			continue
		}
		s := strings.Join(f[1:4], "|")
		if labels[s] == nil {
			labels[s] = make([]uint8, len(samples))
		}
		labels[s][i], labels["ALL"][i] = 1, 1
	}
	return labels, sexes
}

// unfiltered lets every site pass, as the oracle does.
type unfiltered struct{ genotype.Reader }

func (u unfiltered) Next(row *genotype.Row) error {
	err := u.Reader.Next(row)
	row.Pass = true
	return err
}

func readVCF(t *testing.T, name string) genotype.Reader {
	t.Helper()
	r, err := vcf.New(openReal(t, name), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return unfiltered{r}
}

// again is the same rows once more.
func (r *rows) again() *rows { return &rows{samples: r.samples, left: r.left} }

func everyone(r genotype.Reader) tally.People {
	labels := make([]uint8, len(r.Samples()))
	for i := range labels {
		labels[i] = 1
	}
	return tally.People{Labels: labels, Sexes: make([]genotype.Sex, len(labels))}
}

// compare counts what the answers are about and wants them exactly.
func compare(t *testing.T, r genotype.Reader, p tally.People, a genotype.Assembly, want []answer) {
	t.Helper()
	list := panelOf(t, want)
	compareWith(t, r, p, a, list, wantAll(t, list), want)
}

func panelOf(t *testing.T, want []answer) *panel.Panel {
	t.Helper()
	vs := make([]panel.Variant, len(want))
	for i, w := range want {
		vs[i] = w.variant
	}
	list, err := panel.New("GRCh38", vs)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func compareWith(t *testing.T, r genotype.Reader, p tally.People, a genotype.Assembly, list *panel.Panel, wanted *tally.Wanted, want []answer) {
	t.Helper()
	counts, _, err := tally.AlleleFrequency(t.Context(), r, wanted, p, a)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, list, counts, want)
}

// equal wants counts to be the answers.
func equal(t *testing.T, list *panel.Panel, counts []int64, want []answer) {
	t.Helper()
	byKey := make(map[panel.Variant]answer)
	for _, w := range want {
		byKey[w.variant] = w
	}
	if len(want) != list.Len() || len(byKey) != list.Len() {
		t.Fatalf("%d answers for %d variants", len(want), list.Len())
	}
	differ := 0
	for i := range list.Len() {
		v := list.At(i)
		if w := byKey[v]; counts[2*i] != w.ac || counts[2*i+1] != w.an {
			if differ++; differ < 10 {
				t.Errorf("%s: AC %d, AN %d; want %d, %d", v, counts[2*i], counts[2*i+1], w.ac, w.an)
			}
		}
	}
	t.Logf("differing counts: %d of %d variants", differ, len(want))
}

// keep reads a file into memory, to be counted many times.
func keep(t *testing.T, r genotype.Reader) *rows {
	t.Helper()
	all := &rows{samples: r.Samples()}
	for {
		var row genotype.Row
		err := r.Next(&row)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Expand(len(all.samples)) // what a row refers to is the reader's
		row.Calls, row.Alts = slices.Clone(row.Calls), slices.Clone(row.Alts)
		all.left = append(all.left, row)
	}
}

func wantAll(t *testing.T, list tally.Variants) *tally.Wanted {
	t.Helper()
	w, err := tally.Want(list, []panel.Range{{From: 0, To: uint64(list.Len())}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// realFiles are the files of the real data sets, and where their answers are.
func realFiles() []struct{ vcf, answers string } {
	return []struct{ vcf, answers string }{
		{"kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "kg3_chr22"},
		{"cyvcf2_mixed/test.vcf.gz", "test"},
		{"cyvcf2_mixed/test-haploidX.vcf", "test-haploidX"},
		{"cyvcf2_mixed/test-hemi.vcf", "test-hemi"},
		{"cyvcf2_mixed/test.mnp.vcf", "test.mnp"},
		{"cyvcf2_mixed/test_gt_alt_freqs.vcf", "test_gt_alt_freqs"},
		{"cyvcf2_mixed/issue_44.vcf", "issue_44"},
		{"cyvcf2_mixed/test-multiallelic-homozygous-alt.vcf.gz", "mahom"},
		{"hail_gatk/sample.vcf.gz", "sample"},
		{"hail_gatk/bgz.test.sample.vcf.bgz", "sample"},
		{"hail_gatk/multipleChromosomes.vcf", "multichr"},
		{"hail_gvcf_1kg/HG00187.hg38.g.vcf.gz", "HG00187"},
		{"hail_gvcf_1kg/HG00190.hg38.g.vcf.gz", "HG00190"},
		{"hail_gvcf_1kg/HG01058.hg38.g.vcf.gz", "HG01058"},
		{"hail_gvcf_1kg/HG03833.hg38.g.vcf.gz", "HG03833"},
		{"hail_gvcf_1kg/NA18530.hg38.g.vcf.gz", "NA18530"},
		{"hail_gvcf_1kg/NA20317.hg38.g.vcf.gz", "NA20317"},
		{"plinkng_all_ploidy/all_ploidy_export.vcf.gz", "all_ploidy_export"}, // X, Y and MT
		{"plinkng_chr21_pgen/1kg_phase3_chr21_start.vcf.gz", "chr21_vcf"},
		{"shapeit4_ref20/reference.vcf.gz", "reference"},
		{"bio2zarr_edge/chr22.vcf.gz", "chr22"},
		{"bio2zarr_edge/sample.vcf.gz", "sample"},
		{"bio2zarr_edge/sample_all_missing_gts.vcf.gz", "sample_all_missing_gts"},
		{"bio2zarr_edge/sample_missing_contig.vcf.gz", "sample_missing_contig"},
		{"bio2zarr_edge/1kg_2020_chrM.vcf.gz", "1kg_2020_chrM"},
		{"bio2zarr_edge/chr_m_indels.vcf.gz", "chr_m_indels"},
		{"bio2zarr_edge/mixed_ploidy.vcf.gz", "mixed_ploidy"},
		{"bio2zarr_edge/triploid.vcf.gz", "triploid"},
		{"bio2zarr_edge/triploid2.vcf.gz", "triploid2"},
	}
}

// Every answer of every file, for everybody and in each stratum.
func TestEveryStratumOfEveryRealFileEqualsTheOracle(t *testing.T) {
	for _, c := range realFiles() {
		t.Run(c.vcf, func(t *testing.T) {
			prefix := filepath.Join(filepath.Dir(c.vcf), c.answers)
			file := keep(t, readVCF(t, c.vcf))
			compare(t, file.again(), everyone(file), genotype.GRCh38, oracle(t, prefix+".oracle.tsv.gz"))

			byStratum := make(map[string][]answer)
			for _, a := range oracle(t, prefix+".oracle.strata.tsv.gz") {
				byStratum[a.stratum] = append(byStratum[a.stratum], a)
			}
			if len(byStratum) > 0 {
				compareStrata(t, file, prefix, byStratum)
			}
		})
	}
}

// compareStrata counts everybody who consents, and all strata of them in one pass.
func compareStrata(t *testing.T, file *rows, prefix string, byStratum map[string][]answer) {
	t.Helper()
	labels, sexes := strata(t, prefix+".strata.tsv", file.samples)
	if len(byStratum) != len(labels) {
		t.Fatalf("answers for %d strata, labels for %d", len(byStratum), len(labels))
	}
	list := panelOf(t, byStratum["ALL"])
	wanted := wantAll(t, list)
	compareWith(t, file.again(), tally.People{Labels: labels["ALL"], Sexes: sexes}, genotype.GRCh37, list, wanted, byStratum["ALL"])
	delete(labels, "ALL")
	names := slices.Sorted(maps.Keys(labels))
	p := tally.People{Labels: make([]uint8, len(file.samples)), Sexes: sexes}
	for k, name := range names {
		for i, l := range labels[name] {
			if l != 0 {
				p.Labels[i] = uint8(k + 1)
			}
		}
	}
	counts, _, err := tally.Strata(t.Context(), file.again(), wanted, p, genotype.GRCh37)
	if err != nil || len(counts) != len(names) {
		t.Fatalf("%d strata, %v; want %d", len(counts), err, len(names))
	}
	for k, name := range names {
		t.Run(name, func(t *testing.T) { equal(t, list, counts[k], byStratum[name]) })
	}
}

// The oracle counts heteroplasmic calls on MT; here they are missing.
func TestHeteroplasmyIsMissing(t *testing.T) {
	r := readVCF(t, "cyvcf2_mixed/test-strict-gt-option-flag.vcf.gz")
	want := oracle(t, "cyvcf2_mixed/strict.oracle.tsv.gz")
	if len(want) != 1 || want[0].an != 12 || want[0].ac != 6 {
		t.Fatal("the file has changed")
	}
	want[0].an, want[0].ac = want[0].an-2*2, want[0].ac-2 // two of 0/1
	compare(t, r, everyone(r), genotype.GRCh38, want)
}

// A file that lists variants twice is refused; without them it is counted as the oracle
// counts the others.
func TestRealFilesThatListVariantsTwice(t *testing.T) {
	const name = "cineca_beacon/synthetic_usecases_4beacon_testingV4.vcf.gz"
	var row genotype.Row
	r := readVCF(t, name)
	err := r.Next(&row)
	for err == nil {
		err = r.Next(&row)
	}
	if !errors.Is(err, genotype.ErrDuplicate) {
		t.Fatalf("got %v, want %v", err, genotype.ErrDuplicate)
	}
	text, err := io.ReadAll(gunzip(t, name))
	if err != nil {
		t.Fatal(err)
	}
	key := func(line string) string {
		if f := strings.Split(line, "\t"); len(f) > 4 {
			return strings.Join([]string{f[0], f[1], f[3], f[4]}, " ")
		}
		return line
	}
	times := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		times[key(line)]++
	}
	var once strings.Builder
	for line := range strings.Lines(string(text)) {
		if times[key(line)] == 1 {
			once.WriteString(line)
		}
	}
	left, err := vcf.New(strings.NewReader(once.String()), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	answers := oracle(t, "cineca_beacon/usecases.oracle.tsv.gz")
	seen := make(map[panel.Variant]int)
	for _, a := range answers {
		seen[a.variant]++
	}
	want := slices.DeleteFunc(answers, func(a answer) bool { return seen[a.variant] > 1 })
	if len(want) < 10 {
		t.Fatalf("%d variants are left", len(want))
	}
	compare(t, unfiltered{left}, everyone(left), genotype.GRCh38, want)
}
