package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestCountsAreComparedWithoutNames(t *testing.T) {
	theirs := "#CHROM\tID\tREF\n1\trs1\tA\t7\n1\trs2\tC\t8\n"
	for _, c := range []struct {
		name, ours string
		want       bool
	}{
		{"the same", theirs, true},
		{"other names", strings.ReplaceAll(theirs, "rs", "1:10:"), true},
		{"another count", strings.Replace(theirs, "8", "9", 1), false},
		{"another allele", strings.Replace(theirs, "C\t8", "G\t8", 1), false},
		{"a line too few", "#CHROM\tID\tREF\n1\trs1\tA\t7\n", false},
		{"a line too many", theirs + "1\trs3\tC\t8\n", false},
		{"nothing", "", false},
	} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
		for file, text := range map[string]string{a: c.ours, b: theirs} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := sameCounts(a, b); err != nil || got != c.want {
			t.Errorf("%s: got %v, %v", c.name, got, err)
		}
	}
}

func TestTheFilesFitEachOther(t *testing.T) {
	for _, samples := range []int{1, 10, 11, 12, 13} {
		const variants = 50
		dir := t.TempDir()
		if err := writeBed(dir, size{samples, variants}); err != nil {
			t.Fatal(err)
		}
		bed, err := os.ReadFile(filepath.Join(dir, "x.bed"))
		if want := 3 + variants*((samples+3)/4); err != nil || len(bed) != want {
			t.Errorf("%d samples: a bed of %d bytes, want %d; %v", samples, len(bed), want, err)
		}
		if used := samples % 4; used > 0 && bed[len(bed)-1]>>(2*used) != 0 {
			t.Errorf("%d samples: bits are set behind the last", samples)
		}
		counted := samples - (samples+6)/10
		for suffix, want := range map[string]int{
			".bim": variants, ".fam": samples, ".keep": counted, ".tsv": counted + 1, ".cat": counted + 1,
		} {
			text, err := os.ReadFile(filepath.Join(dir, "x"+suffix))
			if got := strings.Count(string(text), "\n"); err != nil || got != want {
				t.Errorf("%d samples: %d lines of %s, want %d; %v", samples, got, suffix, want, err)
			}
		}
	}
}

// needed is a program that has to be there where CI=true.
func needed(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed where CI=true", name)
		}
		t.Skipf("%s is not installed", name)
	}
}

func TestAllFormsHaveTheSameGenotypes(t *testing.T) {
	needed(t, "plink2")
	needed(t, "bgzip")
	for _, s := range []size{{100, 300}, {255, 50}, {256, 50}, {1001, 200}, {70_000, 20}} {
		dir := t.TempDir()
		count := func(out, input string) {
			t.Helper()
			if _, err := words("", "plink2 --silent --out "+out+" --geno-counts "+input).run(dir); err != nil {
				t.Fatal(err)
			}
		}
		for _, write := range []func(string, size) error{writeBed, writePgen, writeGATK} {
			if err := write(dir, s); err != nil {
				t.Fatal(err)
			}
		}
		count("bed", "--bfile x")
		count("pgen", "--bpfile x")
		count("vcf", "--vcf x.vcf.gz --const-fid 0")
		bed, err := os.ReadFile(filepath.Join(dir, "bed.gcount"))
		if err != nil || strings.Count(string(bed), "\n") != s.variants+1 {
			t.Fatalf("%v: the bed was not counted: %v", s, err)
		}
		if same, err := sameCounts(filepath.Join(dir, "bed.gcount"), filepath.Join(dir, "pgen.gcount")); err != nil || !same {
			t.Errorf("%v: the pgen has other genotypes, or %v", s, err)
		}
		vcf, err := os.ReadFile(filepath.Join(dir, "vcf.gcount"))
		if err != nil {
			t.Fatal(err)
		}
		if lastColumns(string(vcf)) != lastColumns(string(bed)) {
			t.Errorf("%v: the VCF has other genotypes", s)
		}
	}
}

// lastColumns are what was counted, without names and alleles.
func lastColumns(report string) string {
	var b strings.Builder
	for line := range strings.Lines(report) {
		b.WriteString(strings.Join(strings.Split(line, "\t")[4:], "\t"))
	}
	return b.String()
}
