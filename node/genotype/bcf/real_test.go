package bcf_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return dir
}

// peer runs a program, and skips the test where it is not installed.
func peer(t *testing.T, in io.Reader, name string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	run := exec.CommandContext(t.Context(), name, args...)
	run.Stdin = in
	return run.Output()
}

// twin is a VCF as the BCF that bcftools makes of it. Where the header does not list
// all that BCF needs, it is listed, and INFO is left out.
func twin(t *testing.T, name string) ([]byte, error) {
	t.Helper()
	if packed, err := peer(t, nil, "bcftools", "view", "--no-version", "-Ob", name); err == nil {
		return packed, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
		raw, _ = io.ReadAll(z)
	}
	listed := make(map[string]bool)
	var head, lines strings.Builder
	list := func(kind, name, rest string) {
		if line := "##" + kind + "=<ID=" + name; name != "." && !listed[line] {
			listed[line] = true
			head.WriteString(line + rest + ">\n")
		}
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || len(f) < 8 {
			first, _, _ := strings.Cut(strings.TrimRight(line, ">\r\n"), ",")
			listed[first] = true
			lines.WriteString(line)
			continue
		}
		list("contig", f[0], "")
		for _, filter := range strings.Split(f[6], ";") {
			list("FILTER", filter, ",Description=\"\"")
		}
		if f[7] = "."; len(f) == 8 {
			f[7] += "\n"
		} else {
			for _, key := range strings.Split(strings.TrimSpace(f[8]), ":") {
				list("FORMAT", key, ",Number=1,Type=String,Description=\"\"")
			}
		}
		lines.WriteString(strings.Join(f, "\t"))
	}
	return peer(t, strings.NewReader(strings.Replace(lines.String(), "#CHROM", head.String()+"#CHROM", 1)), "bcftools", "view", "--no-version", "-Ob")
}

func openFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func readText(t *testing.T, name string) ([]string, error) {
	t.Helper()
	r, err := vcf.New(openFile(t, name), vcf.Config{})
	return rows(r, err)
}

// same are errors of the two packages that mean one thing.
func same(text, binary error) bool {
	if (text == nil) != (binary == nil) {
		return false
	}
	for _, pair := range [][2]error{
		{vcf.ErrGenotype, bcf.ErrGenotype}, {vcf.ErrNoGT, bcf.ErrNoGT},
		{genotype.ErrOrder, genotype.ErrOrder}, {genotype.ErrDuplicate, genotype.ErrDuplicate}, {genotype.ErrNaming, genotype.ErrNaming},
	} {
		if errors.Is(text, pair[0]) != errors.Is(binary, pair[1]) {
			return false
		}
	}
	return true
}

// A real file is the same as text and as the BCF that bcftools makes of it: the same
// rows, or the same reason to refuse it.
func TestTwinsOfRealFilesGiveTheSameRows(t *testing.T) {
	dir := realData(t)
	if testing.Short() {
		t.Skip("it reads every real file twice")
	}
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.vcf*"))
	if err != nil {
		t.Fatal(err)
	}
	twins, refused := 0, 0
	for _, name := range names {
		short := filepath.Base(filepath.Dir(name)) + "/" + filepath.Base(name)
		if strings.HasPrefix(short, "vcf_validator/") || !strings.HasSuffix(name, ".vcf") && !strings.HasSuffix(name, "gz") {
			continue
		}
		switch short {
		case "awkward_made/flip.vcf.gz", "awkward_made/noeof.vcf.gz", "awkward_made/trail.vcf.gz", "awkward_made/trunc.vcf.gz":
			continue // bcftools makes something whole of what is damaged
		}
		packed, err := twin(t, name)
		if err != nil {
			t.Errorf("%s: bcftools does not read it: %v", short, err)
			continue
		}
		wantRows, want := readText(t, name)
		gotRows, got := readAll(packed, bcf.Config{})
		twins++
		if want != nil {
			refused++
		}
		if !same(want, got) || !slices.Equal(wantRows, gotRows) {
			t.Errorf("%s: the text gives %d rows and %v, BCF gives %d and %v", short, len(wantRows), want, len(gotRows), got)
		}
	}
	t.Logf("%d twins, %d of them refused", twins, refused)
	if twins < 40 {
		t.Errorf("only %d twins", twins)
	}
}

// told reports whether a refusal says where, what, and what to do about it.
var told = regexp.MustCompile(`^(header|record [0-9]+ \(byte [0-9]+ unpacked\)(, sample [0-9]+)?): (at byte [0-9]+: )?(bcf|genotype|bgzf): [^;]+.*; [a-z]+ [^;]+$`)

// What a validator has of good and bad files, as BCF: where both forms can be read,
// they have the same rows; what is refused is refused with a typed error.
func TestTwinsOfValidatorFilesLoadOrAreRefused(t *testing.T) {
	dir := realData(t)
	if testing.Short() {
		t.Skip("hundreds of runs of bcftools")
	}
	names, err := filepath.Glob(filepath.Join(dir, "vcf_validator", "*.vcf*"))
	if err != nil || len(names) < 400 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	loaded, refused, unmade := 0, 0, 0
	for _, name := range names {
		packed, err := twin(t, name)
		if err != nil {
			unmade++
			continue
		}
		gotRows, got := readAll(packed, bcf.Config{})
		if got != nil && !typed(got) {
			t.Errorf("%s: an error of no known kind: %v", filepath.Base(name), got)
		}
		if got != nil {
			if refused++; !told.MatchString(got.Error()) {
				t.Errorf("%s: where, what or how to mend it is not told: %v", filepath.Base(name), got)
			}
			continue
		}
		loaded++
		if wantRows, want := readText(t, name); want == nil && !slices.Equal(wantRows, gotRows) {
			t.Errorf("%s: the rows differ (-text +BCF):\n%s", filepath.Base(name), cmp.Diff(wantRows, gotRows))
		}
	}
	t.Logf("%d loaded, %d refused, %d that bcftools does not write", loaded, refused, unmade)
	if loaded < 100 {
		t.Errorf("only %d loaded", loaded)
	}
}

// A file that others wrote as BCF.
func TestPublishedBCFIsItsText(t *testing.T) {
	dir := realData(t)
	for _, c := range []struct{ bcf, vcf string }{
		{"shapeit4_ref20/reference.bcf", "shapeit4_ref20/reference.vcf.gz"},
		{"bio2zarr_edge/sample.bcf", "bio2zarr_edge/sample.vcf.gz"},
		{"bio2zarr_edge/1kg_2020_chrM.bcf", "bio2zarr_edge/1kg_2020_chrM.vcf.gz"},
	} {
		r, err := bcf.New(openFile(t, filepath.Join(dir, c.bcf)), bcf.Config{})
		got, err := rows(r, err)
		want, wantErr := readText(t, filepath.Join(dir, c.vcf))
		if err != nil || wantErr != nil || !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d rows, %v; the text has %d, %v", c.bcf, len(got), err, len(want), wantErr)
		}
	}
}

// plink2 writes BCF with code of its own.
func TestWhatPlink2WritesAsBCFIsWhatItWritesAsText(t *testing.T) {
	dir := realData(t)
	for _, name := range []string{"kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "plinkng_all_ploidy/all_ploidy_export.vcf.gz"} {
		out := filepath.Join(t.TempDir(), "x")
		for _, as := range [][]string{{"bcf"}, {"vcf", "bgz"}} {
			args := append([]string{"--silent", "--threads", "1", "--vcf", filepath.Join(dir, name), "--allow-extra-chr", "--out", out, "--export"}, as...)
			if _, err := peer(t, nil, "plink2", args...); err != nil {
				t.Fatalf("%s: plink2: %v", name, err)
			}
		}
		r, err := bcf.New(openFile(t, out+".bcf"), bcf.Config{})
		got, err := rows(r, err)
		want, wantErr := readText(t, out+".vcf.gz")
		if err != nil || wantErr != nil || !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d rows, %v; the text has %d, %v", name, len(got), err, len(want), wantErr)
		}
	}
}

// unfiltered lets every site pass, as the oracle does.
type unfiltered struct{ genotype.Reader }

func (u unfiltered) Next(row *genotype.Row) error {
	err := u.Reader.Next(row)
	row.Pass = true
	return err
}

// oracle reads AC and AN of the alleles that can be asked for.
func oracle(t *testing.T, name string) map[panel.Variant][2]int64 {
	t.Helper()
	z, err := gzip.NewReader(openFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	answers := make(map[panel.Variant][2]int64)
	s := bufio.NewScanner(z)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		f := strings.Split(s.Text(), "\t")
		pos, err := strconv.ParseUint(f[1], 10, 32)
		if err != nil {
			continue // the names of the columns
		}
		an, err1 := strconv.ParseInt(f[8], 10, 64)
		ac, err2 := strconv.ParseInt(f[9], 10, 64)
		if err := errors.Join(err1, err2, s.Err()); err != nil {
			t.Fatal(err)
		}
		v := panel.Trim(panel.Variant{Contig: f[0], Pos: uint32(pos), Ref: strings.ToUpper(f[3]), Alt: strings.ToUpper(f[4])})
		if genotype.IsBases(v.Ref) && genotype.IsBases(v.Alt) {
			answers[v] = [2]int64{ac, an}
		}
	}
	return answers
}

// count asks a reader for everything that the answers are about.
func count(t *testing.T, r genotype.Reader, err error, answers map[panel.Variant][2]int64) (*panel.Panel, []int64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var vs []panel.Variant
	for v := range answers {
		vs = append(vs, v)
	}
	list, err := panel.New("GRCh38", vs)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := tally.Want(list, []panel.Range{{From: 0, To: uint64(list.Len())}})
	if err != nil {
		t.Fatal(err)
	}
	p := tally.People{Labels: bytes.Repeat([]byte{1}, len(r.Samples())), Sexes: make([]genotype.Sex, len(r.Samples()))}
	counts, _, err := tally.AlleleFrequency(t.Context(), unfiltered{r}, wanted, p, genotype.GRCh38)
	if err != nil {
		t.Fatal(err)
	}
	return list, counts
}

func TestCountsOfTwinsEqualTheOracle(t *testing.T) {
	dir := realData(t)
	cells, differ := 0, 0
	for _, c := range []struct{ vcf, oracle string }{
		{"kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "kg3_chr22.oracle.tsv.gz"},
		{"cyvcf2_mixed/test.vcf.gz", "test.oracle.tsv.gz"},
		{"cyvcf2_mixed/test-haploidX.vcf", "test-haploidX.oracle.tsv.gz"},
		{"cyvcf2_mixed/test-hemi.vcf", "test-hemi.oracle.tsv.gz"},
		{"cyvcf2_mixed/test.mnp.vcf", "test.mnp.oracle.tsv.gz"},
		{"cyvcf2_mixed/test_gt_alt_freqs.vcf", "test_gt_alt_freqs.oracle.tsv.gz"},
		{"cyvcf2_mixed/issue_44.vcf", "issue_44.oracle.tsv.gz"},
		{"cyvcf2_mixed/test-multiallelic-homozygous-alt.vcf.gz", "mahom.oracle.tsv.gz"},
		{"hail_gatk/sample.vcf.gz", "sample.oracle.tsv.gz"},
		{"hail_gatk/multipleChromosomes.vcf", "multichr.oracle.tsv.gz"},
		{"plinkng_all_ploidy/all_ploidy_export.vcf.gz", "all_ploidy_export.oracle.tsv.gz"},
		{"plinkng_chr21_pgen/1kg_phase3_chr21_start.vcf.gz", "chr21_vcf.oracle.tsv.gz"},
		{"shapeit4_ref20/reference.bcf", "reference.oracle.tsv.gz"},
		{"shapeit4_ref20/reference.vcf.gz", "reference.oracle.tsv.gz"},
		{"bio2zarr_edge/chr22.vcf.gz", "chr22.oracle.tsv.gz"},
		{"bio2zarr_edge/sample.bcf", "sample.oracle.tsv.gz"},
		{"bio2zarr_edge/sample_all_missing_gts.vcf.gz", "sample_all_missing_gts.oracle.tsv.gz"},
		{"bio2zarr_edge/sample_missing_contig.vcf.gz", "sample_missing_contig.oracle.tsv.gz"},
		{"bio2zarr_edge/1kg_2020_chrM.bcf", "1kg_2020_chrM.oracle.tsv.gz"},
		{"bio2zarr_edge/chr_m_indels.vcf.gz", "chr_m_indels.oracle.tsv.gz"},
	} {
		t.Run(c.vcf, func(t *testing.T) {
			name := filepath.Join(dir, c.vcf)
			answers := oracle(t, filepath.Join(filepath.Dir(name), c.oracle))
			packed, err := os.ReadFile(name)
			if !strings.HasSuffix(name, ".bcf") {
				packed, err = twin(t, name)
			}
			if err != nil {
				t.Fatal(err)
			}
			r, err := bcf.New(bytes.NewReader(packed), bcf.Config{})
			list, counts := count(t, r, err, answers)
			for i := range list.Len() {
				want, got := answers[list.At(i)], [2]int64(counts[2*i:])
				if cells += 2; want != got {
					differ++
					t.Errorf("%s: AC and AN are %d; want %d", list.At(i), got, want)
				}
			}
		})
	}
	t.Logf("%d differing cells of %d", differ, cells)
}
