package main

import (
	"bytes"
	stdcmp "cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/cli"
	"github.com/locus-genomics/locus/internal/synth"
	"github.com/locus-genomics/locus/node/worker"
)

// plink2 is the program that counts are compared with.
func plink2(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("plink2")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("plink2 is needed where CI=true")
		}
		t.Skip("plink2 is not installed")
	}
	return path
}

// asOurs are the options that make plink2 count what we do: sites that pass their
// filters, and everyone, also who has parents in the file.
func asOurs(prefix string) []string {
	return []string{"--silent", "--allow-extra-chr", "--var-filter", "--nonfounders",
		"--set-all-var-ids", "@:#:$r:$a", "--new-id-max-allele-len", "10000", "--out", prefix}
}

// reports are plink2's answers by form.
func reports(t *testing.T, input ...string) map[string]string {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "peer")
	for _, ask := range [][]string{{"--freq", "counts", "--geno-counts"}, {"--freq"}} {
		c := exec.CommandContext(t.Context(), plink2(t), append(append(asOurs(prefix), input...), ask...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("plink2 %s: %v\n%s", strings.Join(input, " "), err, out)
		}
	}
	all := make(map[string]string)
	for _, form := range []string{formAcount, formGcount, formAfreq} {
		raw, err := os.ReadFile(prefix + "." + form)
		if err != nil {
			t.Fatal(err)
		}
		all[form] = string(raw)
	}
	return all
}

// ours is what the command prints.
func ours(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	// The process of the tests has other files to open.
	a := &app{in: strings.NewReader(""), out: &out, err: &errs, confine: func(worker.Alone) {}}
	if code := a.run(t.Context(), append([]string{"count"}, args...)); code != cli.Done {
		t.Fatalf("locus-node count %s: exit code %d\n%s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

// compareForms wants the same bytes, after edit has taken off what is known to differ.
func compareForms(t *testing.T, peer map[string]string, edit func(form, report string) string, args ...string) {
	t.Helper()
	for form, want := range peer {
		got := ours(t, append(args, "-o", form)...)
		if edit != nil {
			want, got = edit(form, want), edit(form, got)
		}
		if strings.Count(want, "\n") < 2 {
			t.Errorf("%s: plink2 counted nothing", form)
		}
		if want != got {
			t.Errorf("%s (-plink2 +ours):\n%s", form, firstDifferences(want, got))
		}
	}
}

func firstDifferences(want, got string) string {
	d := strings.Split(cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")), "\n")
	return strings.Join(d[:min(len(d), 20)], "\n")
}

func TestPlink2CountsRealFilesTheSame(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	pseudo := regexp.MustCompile(`(?m)^PAR[12]\tPAR[12]:`)
	manyOnX := regexp.MustCompile(`(?m)^X\t[^\t]+\t[^\t]+\t[^\t]+,.*\n`)
	// plink2 puts the pseudo-autosomal parts of X on contigs of their own, and its counts
	// of genotypes leave out the second ALTs of men on X.
	x := func(form, report string) string {
		report = pseudo.ReplaceAllString(report, "X\tX:")
		if form == formGcount {
			report = manyOnX.ReplaceAllString(report, "")
		}
		return report
	}
	for _, c := range []struct {
		file   string
		plink  []string
		ours   []string
		edited func(form, report string) string
	}{
		{file: "kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz"},
		{file: "kg3_chr22_16mb/kg3_chr22.derived_biallelic.bed"},
		{file: "kg3_chr22_16mb/kg3_chr22.derived.pgen"},
		{file: "plinkng_chr21_pgen/1kg_phase3_chr21_start.vcf.gz"},
		{file: "plinkng_chr21_pgen/chr21_phase3_start.pgen", plink: []string{"vzs"}},
		{file: "plinkng_all_ploidy/all_ploidy.pgen", plink: []string{"vzs"}, ours: []string{"--assembly", "GRCh37"}, edited: x},
		{file: "shapeit4_ref20/reference.vcf.gz"},
		{file: "shapeit4_ref20/reference.bcf"},
		{file: "hail_gatk/sample.vcf.gz"},
		{file: "hail_gatk/multipleChromosomes.vcf"},
		{file: "bio2zarr_edge/chr22.vcf.gz", plink: []string{"--output-chr", "chrM"}},
		{file: "bigsnpr_example/example.bed"},
		{file: "beadreader_toy/toydata.5chrom.bed"},
		{file: "beadreader_toy/some_missing.bed"},
		{file: "regenie_example/example.bed"},
		{file: "regenie_example/example.pgen"},
	} {
		t.Run(c.file, func(t *testing.T) {
			path := filepath.Join(data, c.file)
			prefix := strings.TrimSuffix(path, filepath.Ext(path))
			input := []string{"--vcf", path}
			switch filepath.Ext(path) {
			case ".bed":
				input = []string{"--bfile", prefix}
			case ".pgen":
				input = []string{"--pfile", prefix}
			case ".bcf":
				input = []string{"--bcf", path}
			}
			compareForms(t, reports(t, append(input, c.plink...)...), c.edited, append([]string{path}, c.ours...)...)
		})
	}
}

// A made cohort has men and women on X, and MT; half a call of the VCF is a genotype
// that plink2 can be told to take for missing.
func TestPlink2CountsAMadeCohortTheSame(t *testing.T) {
	files, err := synth.Write(t.TempDir(), synth.Config{Seed: 7, Sites: 2, People: 211, Variants: 900, Formats: []synth.Format{synth.VCF, synth.Bed}})
	if err != nil {
		t.Fatal(err)
	}
	vcf, bed := files.Sites[0], files.Sites[1]
	compareForms(t, reports(t, "--bfile", strings.TrimSuffix(bed.Genotypes, ".bed")), nil, bed.Genotypes, "--assembly", "GRCh38")
	peer := reports(t, "--vcf", vcf.Genotypes, "--vcf-half-call", "missing", "--update-sex", sexesFor(t, vcf.Samples))
	genotypes := map[string]string{formGcount: peer[formGcount]}
	compareForms(t, genotypes, nil, vcf.Genotypes, "--samples", vcf.Samples)
}

// Every stratum is what plink2 counts of its people, who are kept by a list.
func TestPlink2CountsEveryStratumTheSame(t *testing.T) {
	files, err := synth.Write(t.TempDir(), synth.Config{Seed: 11, Sites: 1, People: 150, Variants: 500, Formats: []synth.Format{synth.Bed}})
	if err != nil {
		t.Fatal(err)
	}
	bed, table := files.Sites[0].Genotypes, files.Sites[0].Samples
	people := peopleBy(t, table, "population")
	if len(people) < 2 {
		t.Fatalf("%d strata", len(people))
	}
	for _, form := range []string{formAcount, formGcount, formAfreq} {
		out := filepath.Join(t.TempDir(), "ours."+form)
		ours(t, bed, "--assembly", "GRCh38", "--samples", table, "--strata", "population", "--out", out)
		for stratum, list := range people {
			keep := filepath.Join(t.TempDir(), "keep")
			if err := os.WriteFile(keep, []byte("#IID\n"+strings.Join(list, "\n")+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			want := reports(t, "--bfile", strings.TrimSuffix(bed, ".bed"), "--keep", keep)[form]
			got, err := os.ReadFile(stratumFile(out, stratum))
			if err != nil {
				t.Fatal(err)
			}
			if want != string(got) {
				t.Errorf("%s of %s (-plink2 +ours):\n%s", form, stratum, firstDifferences(want, string(got)))
			}
		}
	}
}

// bcftools reads what is written as VCF, and finds the counts in it that it makes itself of
// the same people.
func TestBcftoolsFindsItsCountsInOurVCF(t *testing.T) {
	bcftools, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	query := func(script string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "bash", append([]string{"-c", "set -o pipefail; " + script, bcftools}, args...)...)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		return string(out)
	}
	const columns = ` | "$0" query -f '%CHROM\t%POS\t%REF\t%ALT\t%AC\t%AN\n'`
	files, err := synth.Write(t.TempDir(), synth.Config{Seed: 13, Sites: 1, People: 120, Variants: 400, Formats: []synth.Format{synth.VCF}})
	if err != nil {
		t.Fatal(err)
	}
	vcf, table := files.Sites[0].Genotypes, files.Sites[0].Samples
	want := query(`"$0" +fill-tags "$1" -- -t AC,AN`+columns, vcf)
	out := filepath.Join(t.TempDir(), "ours.vcf")
	ours(t, vcf, "--samples", table, "--out", out)
	if got := query(`"$0" view "$1"`+columns, out); got != want || strings.Count(want, "\n") < 300 {
		t.Errorf("all (-bcftools +ours):\n%s", firstDifferences(want, got))
	}
	ours(t, vcf, "--samples", table, "--strata", "population", "--out", out)
	for stratum, list := range peopleBy(t, table, "population") {
		want := query(`"$0" view -s "$2" "$1" | "$0" +fill-tags -- -t AC,AN`+columns, vcf, strings.Join(list, ","))
		if got := query(`"$0" view "$1"`+columns, stratumFile(out, stratum)); got != want {
			t.Errorf("%s (-bcftools +ours):\n%s", stratum, firstDifferences(want, got))
		}
	}
}

// peopleBy are a sample table's samples by the value of a column.
func peopleBy(t *testing.T, samples, column string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	at := slices.Index(strings.Split(lines[0], "\t"), column)
	by := make(map[string][]string)
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		by[f[at]] = append(by[f[at]], f[0])
	}
	return by
}

// sexesFor writes a sample table as plink2's --update-sex takes it.
func sexesFor(t *testing.T, samples string) string {
	t.Helper()
	raw, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("#IID\tSEX\n")
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		if code, ok := map[string]string{"male": "1", "female": "2", "unknown": "NA"}[f[2]]; ok {
			b.WriteString(f[0] + "\t" + code + "\n")
		}
	}
	path := filepath.Join(t.TempDir(), "sexes")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// differences are where plink2's counts and ours are not the same, each with a line of
// docs/reference/counting.md. A is a man, B and C are women, of D the sex is not known.
func differences() []difference {
	return []difference{
		{"half a call", "1 10 . A C . PASS . GT ./1 0/. 0/0 0/1", "1 4", "2 6"},
		{"one chromosome on an autosome", "1 10 . A C . PASS . GT 0 1 0/0 0/1", "3 8", "2 6"},
		{"a filter that was not passed", "1 10 . A C . q10 . GT 0/1 0/1 0/0 0/1", "3 8", ""},
		{"X: a man of two copies that are the same", "X 5000000 . A C . PASS . GT 1/1 0/1 0/0 0/0", "2 7", "3 8"},
		{"X: a man's het", "X 5000000 . A C . PASS . GT 0/1 0/1 0/0 0/0", "1.5 7", "1 6"},
		{"X: one chromosome of unknown sex", "X 5000000 . A C . PASS . GT 0 0/1 0/0 1", "3 7", "2 6"},
		{"X: the pseudo-autosomal regions", "X 100000 . A C . PASS . GT 0/1 0/1 0/0 0/0", "1.5 7", "2 8"},
		{"Y: unknown sex", "Y 5000000 . A C . PASS . GT 1 . . 1", "1 1", "2 2"},
		{"MT: het", "MT 5 . A C . PASS . GT 1 0/1 0 0", "1.5 4", "1 3"},
	}
}

type difference struct {
	name, line string
	theirs     string // AC and AN, as plink2 writes them
	ours       string // "" for a site that is not counted
}

func TestWhereOurCountsAndPlink2sDiffer(t *testing.T) {
	dir := t.TempDir()
	samples := filepath.Join(dir, "people.tsv")
	if err := os.WriteFile(samples, []byte("sample_id\tperson_id\tsex\nA\ta\tmale\nB\tb\tfemale\nC\tc\tfemale\nD\td\tunknown\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range differences() {
		t.Run(d.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "people.vcf")
			text := "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\tD\n" + strings.ReplaceAll(d.line, " ", "\t") + "\n"
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := lastColumns(ours(t, path, "--samples", samples, "--assembly", "GRCh38")); got != d.ours {
				t.Errorf("ours are %q, want %q", got, d.ours)
			}
			prefix := filepath.Join(t.TempDir(), "peer")
			args := []string{"--silent", "--vcf", path, "--vcf-half-call", "missing", "--update-sex", sexesFor(t, samples), "--freq", "counts", "--out", prefix}
			if out, err := exec.CommandContext(t.Context(), plink2(t), args...).CombinedOutput(); err != nil {
				t.Fatalf("plink2: %v\n%s", err, out)
			}
			raw, err := os.ReadFile(prefix + ".acount")
			if err != nil {
				t.Fatal(err)
			}
			if got := lastColumns(string(raw)); got != d.theirs {
				t.Errorf("plink2's are %q, want %q", got, d.theirs)
			}
		})
	}
}

func TestEveryDifferenceIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", "counting.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences() {
		if row := "\n| " + d.name + " | " + d.theirs + " | " + stdcmp.Or(d.ours, "not counted") + " | "; !strings.Contains(string(text), row) {
			t.Errorf("no row begins %q", row)
		}
	}
}

// lastColumns are AC and AN of a report's only site, "" where there is none.
func lastColumns(report string) string {
	lines := strings.Split(strings.TrimSpace(report), "\n")
	if len(lines) != 2 {
		return ""
	}
	f := strings.Split(lines[1], "\t")
	return strings.Join(f[len(f)-2:], " ")
}
