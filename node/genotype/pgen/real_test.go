package pgen_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
	"github.com/locus-genomics/locus/protocol/panel"
)

// cell is what is counted of a site: called alleles, and copies of each ALT.
type cell struct {
	site string
	an   int
	ac   []int
}

// readCells counts a whole file, by plink2's rules of ploidy.
func readCells(t *testing.T, prefix string) []cell {
	t.Helper()
	r := openFiles(t, prefix)
	var (
		cells []cell
		row   genotype.Row
	)
	for {
		err := r.Next(&row)
		if err == io.EOF {
			return cells
		}
		if err != nil {
			t.Fatal(err)
		}
		row.Expand(len(r.Samples()))
		cells = append(cells, countRow(&row, r.Sexes()))
	}
}

func openFiles(t testing.TB, prefix string) *pgen.Reader {
	t.Helper()
	pvar := prefix + ".pvar"
	if _, err := os.Stat(pvar); err != nil {
		pvar += ".zst"
	}
	r, err := pgen.New(pgen.Config{Pgen: openFile(t, prefix+".pgen"), Pvar: openFile(t, pvar), Psam: openFile(t, prefix+".psam")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openFile(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func countRow(row *genotype.Row, sexes []genotype.Sex) cell {
	c := cell{site: fmt.Sprintf("%d %s", row.Pos, row.Ref), ac: make([]int, len(row.Alts))}
	place := genotype.GRCh37.PlaceOf(panel.CanonicalContig(row.Contig), row.Pos)
	for i, call := range row.Calls {
		a, b := call.Alleles()
		one := place == genotype.Haploid || place == genotype.SexY || place == genotype.SexX && sexes[i] == genotype.Male
		switch {
		case a < genotype.Reference, place == genotype.SexY && sexes[i] != genotype.Male, one && a != b:
			continue
		case one:
			b = genotype.Absent
		}
		for _, x := range []genotype.Allele{a, b} {
			if x >= genotype.Reference {
				c.an++
			}
			if x > genotype.Reference {
				c.ac[x-genotype.Reference-1]++
			}
		}
	}
	return c
}

func table(t *testing.T, r io.Reader) [][]string {
	t.Helper()
	var rows [][]string
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if f := strings.Split(s.Text(), "\t"); f[0] != "#CHROM" {
			rows = append(rows, f)
		}
	}
	if s.Err() != nil || len(rows) == 0 {
		t.Fatalf("%d lines, %v", len(rows), s.Err())
	}
	return rows
}

func numbers(t *testing.T, list string) (ns []int) {
	t.Helper()
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		ns = append(ns, n)
	}
	return ns
}

// gcount reads plink2's counts of genotypes: of REF twice, of REF with each ALT, of
// each pair of ALTs (1/1, 1/2, 2/2, 1/3 …), and of one REF or ALT alone.
func gcount(t *testing.T, r io.Reader) (cells []cell) {
	t.Helper()
	for _, f := range table(t, r) {
		c := cell{site: f[1] + " " + strings.ToUpper(f[3])}
		with, pairs, alone := numbers(t, f[6]), numbers(t, f[7]), numbers(t, f[9])
		c.an = 2*numbers(t, f[5])[0] + numbers(t, f[8])[0]
		c.ac = make([]int, len(with))
		for k := range with {
			c.ac[k] += with[k] + alone[k]
			c.an += 2*with[k] + alone[k]
		}
		a, b := 0, 0
		for _, n := range pairs {
			c.ac[a] += n
			c.ac[b] += n
			c.an += 2 * n
			if a++; a > b {
				a, b = 0, b+1
			}
		}
		if f[4] == "." {
			c.ac = nil
		}
		cells = append(cells, c)
	}
	return cells
}

// acount reads plink2's counts of alleles.
func acount(t *testing.T, r io.Reader) (cells []cell) {
	t.Helper()
	for _, f := range table(t, r) {
		c := cell{site: f[1] + " " + strings.ToUpper(f[3]), an: numbers(t, f[6])[0]}
		if f[4] != "." {
			c.ac = numbers(t, f[5])
		}
		cells = append(cells, c)
	}
	return cells
}

// oracle reads the answers of a program that is plain and slow, a line for each ALT.
// On X it knows the second ALTs of men, which plink2's counts of genotypes leave out.
func oracle(t *testing.T, r io.Reader) (cells []cell) {
	t.Helper()
	for _, f := range table(t, r) {
		if f[0] == "CHROM" || strings.HasPrefix(f[0], "#") {
			continue
		}
		if f[5] == "1" {
			cells = append(cells, cell{site: f[1] + " " + f[3], an: numbers(t, f[8])[0]})
		}
		c := &cells[len(cells)-1]
		c.ac = append(c.ac, numbers(t, f[9])...)
	}
	return cells
}

func compare(t *testing.T, got, want []cell) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d sites; want %d", len(got), len(want))
	}
	differ, cells := 0, 0
	for i := range got {
		cells += 1 + len(want[i].ac)
		if g, w := fmt.Sprint(got[i]), fmt.Sprint(want[i]); g != w {
			if differ++; differ < 10 {
				t.Errorf("site %d: %s; want %s", i+1, g, w)
			}
		}
	}
	t.Logf("%d sites, %d numbers, sites that differ: %d", len(got), cells, differ)
}

func realData(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return filepath.Join(dir, name)
}

func TestRealFilesCountAsPlink2Does(t *testing.T) {
	for _, c := range []struct {
		prefix, want string
		read         func(*testing.T, io.Reader) []cell
	}{
		{"plinkng_chr21_pgen/chr21_phase3_start", "plinkng_chr21_pgen/chr21_phase3_start.plink2.gcount.gz", gcount},
		{"plinkng_all_ploidy/all_ploidy", "plinkng_all_ploidy/all_ploidy_export.oracle.tsv.gz", oracle},
		{"kg3_chr22_16mb/kg3_chr22.derived", "kg3_chr22_16mb/kg3_chr22.derived_pgen.plink2.gcount.gz", gcount},
		{"kg3_chr22_16mb/kg3_chr22.derived", "kg3_chr22_16mb/kg3_chr22.derived_pgen.plink2.acount.gz", acount},
		{"regenie_example/example", "regenie_example/example_pgen.plink2.gcount.gz", gcount},
		{"regenie_example/example", "regenie_example/example_pgen.plink2.acount.gz", acount},
	} {
		t.Run(c.want, func(t *testing.T) {
			z, err := gzip.NewReader(openFile(t, realData(t, c.want)))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, readCells(t, realData(t, c.prefix)), c.read(t, z))
		})
	}
}

// plink2 is the peer that writes and counts; where all of the tests must run it has
// to be there.
func plink2(t testing.TB, args ...string) {
	t.Helper()
	path, err := exec.LookPath("plink2")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("plink2 is not installed")
		}
		t.Skip("plink2 is not installed: it is what this is compared with")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, err := exec.CommandContext(ctx, path, append([]string{"--threads", "1", "--memory", "1000"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("plink2 %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// made is a pgen that plink2 makes of a file, and what it counts in it.
func made(t *testing.T, args ...string) (prefix string, want []cell) {
	t.Helper()
	prefix = filepath.Join(t.TempDir(), "made")
	plink2(t, append(args, "--allow-extra-chr", "--out", prefix)...)
	kind := []string{"--pfile", prefix}
	if _, err := os.Stat(prefix + ".pvar.zst"); err == nil {
		kind = append(kind, "vzs")
	}
	plink2(t, append(kind, "--allow-extra-chr", "--nonfounders", "--freq", "counts", "cols=chrom,pos,ref,alt,altfreq,nobs", "--out", prefix)...)
	return prefix, acount(t, openFile(t, prefix+".acount"))
}

func TestRealVCFsCountAsPlink2DoesOnceTheyArePgen(t *testing.T) {
	for _, name := range []string{
		"kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "shapeit4_ref20/reference.vcf.gz", "plinkng_chr21_pgen/1kg_phase3_chr21_start.vcf.gz",
		"plinkng_all_ploidy/all_ploidy_export.vcf.gz", "hail_gatk/sample.vcf.gz", "hail_gatk/multipleChromosomes.vcf",
		"cyvcf2_mixed/test.vcf.gz", "cyvcf2_mixed/test-haploidX.vcf", "cyvcf2_mixed/test-hemi.vcf", "cyvcf2_mixed/test.mnp.vcf",
		"cyvcf2_mixed/test_gt_alt_freqs.vcf", "cyvcf2_mixed/issue_44.vcf", "cyvcf2_mixed/test-multiallelic-homozygous-alt.vcf.gz",
		"bio2zarr_edge/chr22.vcf.gz", "bio2zarr_edge/sample.vcf.gz", "bio2zarr_edge/sample_all_missing_gts.vcf.gz",
		"bio2zarr_edge/1kg_2020_chrM.vcf.gz", "bio2zarr_edge/chr_m_indels.vcf.gz",
		"awkward_made/multi.vcf", "awkward_made/star.vcf", "awkward_made/symb.vcf", "awkward_made/mono.vcf", "awkward_made/big.vcf", "awkward_made/ds.vcf",
	} {
		t.Run(name, func(t *testing.T) {
			prefix, want := made(t, "--vcf", realData(t, name), "--vcf-half-call", "missing", "--make-pgen", "vzs")
			compare(t, readCells(t, prefix), want)
		})
	}
}
