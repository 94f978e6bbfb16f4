package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// tellPeak asks a program that is tested to say what memory it took.
const tellPeak = "LOCUS_TEST_PEAK"

// watchPeak opens what tells the greatest memory of this process while it still can. The
// number of a child that is waited for would be that of the tests, which it shares until
// it begins.
func watchPeak() (tell func()) {
	status, err := os.Open("/proc/self/status")
	if err != nil || os.Getenv(tellPeak) == "" {
		return func() {}
	}
	return func() {
		text, err := io.ReadAll(status)
		if err == nil {
			fmt.Fprintf(os.Stderr, "%s\n", regexp.MustCompile(`(?m)^VmHWM:.*$`).Find(text))
		}
	}
}

// peakOf is the greatest memory of a count, in bytes.
func peakOf(t *testing.T, args ...string) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append([]string{"count"}, args...)...)
	cmd.Args[0] = "locus-node"
	cmd.Env = append(os.Environ(), tellPeak+"=1")
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(said.String())
	if found == nil {
		t.Skip("this machine does not tell what memory a process took")
	}
	kB, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// writeLarge makes a bed and a VCF.gz of so many variants, most of them of rare alleles.
func writeLarge(t *testing.T, dir string, samples, variants int) {
	t.Helper()
	var files [4]*bufio.Writer
	for i, name := range []string{"x.bed", "x.bim", "x.fam", "x.vcf.gz"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = bufio.NewWriter(f)
		defer files[i].Flush()
	}
	bed, bim, fam := files[0], files[1], files[2]
	vcf := bgzf.NewWriter(files[3])
	defer vcf.Close()
	fmt.Fprint(vcf, "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range samples {
		fmt.Fprintf(vcf, "\ts%d", i)
		fmt.Fprintf(fam, "0 s%d 0 0 1 0\n", i)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	bed.WriteString("\x6c\x1b\x01")
	row := make([]byte, samples/4)
	calls := []byte(strings.Repeat("\t0/0", samples))
	for v := range variants {
		for i := range row {
			row[i] = 0xff
		}
		for i := range samples {
			calls[4*i+3] = '0'
		}
		for range rng.IntN(8) {
			i := rng.IntN(samples)
			row[i/4] = row[i/4]&^(3<<(i%4*2)) | 2<<(i%4*2)
			calls[4*i+3] = '1'
		}
		bed.Write(row)
		fmt.Fprintf(bim, "1 . 0 %d C A\n", 10*v+1)
		fmt.Fprintf(vcf, "\n1\t%d\t.\tA\tC\t.\t.\t.\tGT%s", 10*v+1, calls)
	}
	fmt.Fprintln(vcf)
}

// TestMemoryDoesNotGrowWithTheFile counts two files of which one has thirty times the
// variants of the other.
func TestMemoryDoesNotGrowWithTheFile(t *testing.T) {
	const (
		samples = 400
		bound   = 64 << 20
		growth  = 12 << 20 // what a collector of garbage leaves to chance
	)
	small, large := t.TempDir(), t.TempDir()
	writeLarge(t, small, samples, 1000)
	writeLarge(t, large, samples, 30_000)
	inputs := []string{"x.bed", "x.vcf.gz"}
	if _, err := exec.LookPath("plink2"); err == nil || os.Getenv("CI") == "true" {
		for _, dir := range []string{small, large} {
			made := exec.CommandContext(t.Context(), plink2(t), "--silent", "--bfile", "x", "--make-pgen", "--out", "x")
			made.Dir = dir
			if out, err := made.CombinedOutput(); err != nil {
				t.Fatalf("plink2: %v\n%s", err, out)
			}
		}
		inputs = append(inputs, "x.pgen")
	}
	for _, name := range inputs {
		for _, more := range [][]string{{"-o", "gcount"}, {"-o", "vcf", "--threads", "2"}} {
			out := filepath.Join(t.TempDir(), "counts")
			little := peakOf(t, append(more, filepath.Join(small, name), "--out", out)...)
			much := peakOf(t, append(more, filepath.Join(large, name), "--out", out)...)
			if much > bound || much > little+growth {
				t.Errorf("%s %v: %d MB for 30,000 variants and %d MB for 1,000", name, more, much>>20, little>>20)
			}
			t.Logf("%s %v: %.1f and %.1f MB", name, more, float64(little)/(1<<20), float64(much)/(1<<20))
		}
	}
}

// writePgenOf makes a pgen of one person and so many variants, whose index is as wide as
// there is one: eight bytes each.
func writePgenOf(t *testing.T, dir string, variants int) string {
	t.Helper()
	const perBlock = 1 << 16
	head := binary.LittleEndian.AppendUint32([]byte("\x6c\x1b\x10"), uint32(variants))
	head = append(binary.LittleEndian.AppendUint32(head, 1), 1<<6|3<<4|7)
	blocks := (variants + perBlock - 1) / perBlock
	var index, pvar []byte
	for from := 0; from < variants; from += perBlock {
		in := min(perBlock, variants-from)
		head = binary.LittleEndian.AppendUint64(head, uint64(12+8*blocks+8*variants)) // no record has a byte
		index = append(index, bytes.Repeat([]byte{5}, in)...)
		index = append(index, make([]byte, 4*in)...)
		index = append(index, bytes.Repeat([]byte{2, 0, 0}, in)...)
	}
	pvar = append(pvar, "#CHROM\tPOS\tREF\tALT\n"...)
	for v := range variants {
		pvar = append(strconv.AppendInt(append(pvar, "1\t"...), int64(v+1), 10), "\tA\tC\n"...)
	}
	for name, text := range map[string][]byte{"w.pgen": append(head, index...), "w.pvar": pvar, "w.psam": []byte("#IID\nalice\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "w.pgen")
}

// The index of a pgen is not held: that of the larger file alone would be 12 MB.
func TestMemoryDoesNotGrowWithTheIndexOfAPgen(t *testing.T) {
	const growth = 6 << 20
	out := filepath.Join(t.TempDir(), "counts")
	little := peakOf(t, writePgenOf(t, t.TempDir(), 1<<16), "--out", out)
	much := peakOf(t, writePgenOf(t, t.TempDir(), 24<<16), "--out", out)
	if much > little+growth {
		t.Errorf("%.1f MB for 65,536 variants and %.1f MB for 24 times as many", float64(little)/(1<<20), float64(much)/(1<<20))
	}
	t.Logf("%.1f and %.1f MB", float64(little)/(1<<20), float64(much)/(1<<20))
}
