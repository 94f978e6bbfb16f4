package bgen_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// plink2 is the peer that writes, reads and counts; where all of the tests must run it
// has to be there.
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

func openFile(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func openPgen(t testing.TB, prefix string) *pgen.Reader {
	t.Helper()
	r, err := pgen.New(pgen.Config{Pgen: openFile(t, prefix+".pgen"), Pvar: openFile(t, prefix+".pvar"), Psam: openFile(t, prefix+".psam")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// calls are a file's, a line for each site, whose alleles are put in order.
func calls(t *testing.T, r genotype.Reader) (rows []string) {
	t.Helper()
	var row genotype.Row
	for {
		switch err := r.Next(&row); {
		case err == io.EOF:
			return rows
		case err != nil:
			t.Fatal(err)
		}
		row.Expand(len(r.Samples()))
		rows = append(rows, show(&row, true))
	}
}

// same compares cells, of which there are as many as calls.
func same(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) || len(got) == 0 {
		t.Fatalf("%d sites; want %d", len(got), len(want))
	}
	cells, differ, called := 0, 0, 0
	for i := range got {
		g, w := strings.Fields(got[i]), strings.Fields(want[i])
		if len(g) != len(w) {
			t.Fatalf("site %d has %d columns; want %d", i+1, len(g), len(w))
		}
		for k := range g {
			cells++
			called += strings.Count(g[k], "0") + strings.Count(g[k], "1")
			if g[k] != w[k] {
				if differ++; differ < 10 {
					t.Errorf("site %d, column %d: %s; want %s", i+1, k+1, g[k], w[k])
				}
			}
		}
	}
	t.Logf("%d sites, %d cells, of them different: %d", len(got), cells, differ)
	if called == 0 {
		t.Error("nobody has a call")
	}
}

// drawn are numbers of a diploid sample: nearly certain ones, and any.
func drawn(rng *rand.Rand, width int) who {
	all := uint64(1)<<width - 1
	a := rng.Uint64N(all + 1)
	if rng.IntN(2) == 0 {
		a = all - rng.Uint64N(all/4+1)
	}
	b := rng.Uint64N(all - a + 1)
	p := []uint64{a, b, all - a - b}
	rng.Shuffle(3, func(i, k int) { p[i], p[k] = p[k], p[i] })
	if rng.IntN(10) == 0 {
		return lost(0, 0)
	}
	return two(p[0], p[1])
}

func study(rng *rand.Rand, packing uint32, samples, sites, width int) file {
	f := file{layout: 2, packing: packing, samples: samples, names: names(samples)}
	for v := range sites {
		s := make([]who, samples)
		for i := range s {
			s[i] = drawn(rng, width)
		}
		f.variants = append(f.variants, site(uint32(100+v), block2(2, 0, width, s...)))
	}
	return f
}

// called has plink2 do what a threshold does: forget who has no genotype of that
// probability, and then call everyone who is left. It does not do both at once.
func called(t *testing.T, name string, from bgen.Threshold) (prefix string) {
	t.Helper()
	prefix = filepath.Join(t.TempDir(), "made")
	plink2(t, "--bgen", name, "ref-first", "--import-dosage-certainty", from.String(), "--hard-call-threshold", "0", "--make-pgen", "--out", prefix)
	plink2(t, "--pfile", prefix, "--hard-call-threshold", "0.49999", "--make-pgen", "--out", prefix+"2")
	return prefix + "2"
}

func TestPlink2CallsTheSameGenotypes(t *testing.T) {
	for _, width := range []int{1, 2, 3, 7, 8, 9, 15, 16, 24, 28} { // of more plink2 reads none
		for _, from := range []bgen.Threshold{800_000, 950_001} {
			t.Run(fmt.Sprintf("%d bits, from %s", width, from), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(width), uint64(from)))
				raw := study(rng, uint32(width%3), 131, 20, width).bytes(t)
				name := filepath.Join(t.TempDir(), "x.bgen")
				if err := os.WriteFile(name, raw, 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := bgen.New(bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: from}})
				if err != nil {
					t.Fatal(err)
				}
				same(t, calls(t, r), calls(t, openPgen(t, called(t, name, from))))
			})
		}
	}
}

func realData(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return filepath.Join(dir, name)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func open(t testing.TB, raw []byte, from bgen.Threshold) *bgen.Reader {
	t.Helper()
	r, err := bgen.New(bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: from}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// inOrder sorts the variants of a file of layout 2 by position, leaves out those that
// have one of another, and tells which of the file's variants are left.
func inOrder(raw []byte) (sorted []byte, which []int) {
	type part struct {
		pos   uint32
		which int
		all   []byte
	}
	first := int(le.Uint32(raw)) + 4
	var parts []part
	for at := first; at < len(raw); {
		from := at
		for range 3 {
			at += 2 + int(le.Uint16(raw[at:]))
		}
		p := part{pos: le.Uint32(raw[at:]), which: len(parts)}
		alleles := int(le.Uint16(raw[at+4:]))
		at += 6
		for range alleles + 1 { // and the probabilities
			at += 4 + int(le.Uint32(raw[at:]))
		}
		p.all = raw[from:at]
		parts = append(parts, p)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return int(a.pos) - int(b.pos) })
	parts = slices.CompactFunc(parts, func(a, b part) bool { return a.pos == b.pos })
	sorted = slices.Clone(raw[:first])
	le.PutUint32(sorted[8:], uint32(len(parts)))
	for _, p := range parts {
		sorted, which = append(sorted, p.all...), append(which, p.which)
	}
	return sorted, which
}

// gcount reads plink2's counts of genotypes: of two REF, of one, of none, and of those
// without call.
func gcount(t *testing.T, name string) (rows [][4]int) {
	t.Helper()
	s := bufio.NewScanner(openFile(t, name))
	for s.Scan() {
		f := strings.Split(s.Text(), "\t")
		if f[0] == "#CHROM" {
			continue
		}
		var row [4]int
		for i, column := range []int{4, 5, 6, 9} {
			n, err := strconv.Atoi(f[column])
			if err != nil {
				t.Fatal(err)
			}
			row[i] = n
		}
		rows = append(rows, row)
	}
	if s.Err() != nil || len(rows) == 0 {
		t.Fatalf("%d lines, %v", len(rows), s.Err())
	}
	return rows
}

// counted is the same of a file.
func counted(t *testing.T, r *bgen.Reader) (rows [][4]int) {
	t.Helper()
	for _, line := range calls(t, r) {
		var row [4]int
		for _, c := range strings.Fields(line)[2:] {
			row[slices.Index([]string{"00", "01", "11", ".."}, c)]++
		}
		rows = append(rows, row)
	}
	return rows
}

// The probabilities of this file are 0 and 1, so that every threshold gives the same.
func TestRealCallsCountAsPlink2Does(t *testing.T) {
	for _, from := range []bgen.Threshold{500_001, 900_000, 1_000_000} {
		got := counted(t, open(t, readFile(t, realData(t, "regenie_example/example.bgen")), from))
		want := gcount(t, realData(t, "regenie_example/example_bgen.gcount"))
		if !slices.Equal(got, want) {
			t.Errorf("from %s: %d sites, and they differ", from, len(got))
		}
	}
}

func TestRealProbabilitiesAreCalledAsPlink2Does(t *testing.T) {
	raw, _ := inOrder(readFile(t, realData(t, "hail_gatk/example.8bits.bgen")))
	name := filepath.Join(t.TempDir(), "x.bgen")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []bgen.Threshold{760_000, 800_001, 900_000, 950_000, 999_000, 1_000_000} {
		t.Run(from.String(), func(t *testing.T) {
			same(t, calls(t, open(t, raw, from)), calls(t, openPgen(t, called(t, name, from))))
		})
	}
}

// What plink2 does by itself, which is to look whether a dosage is within 0.1 of a whole
// number, lies between two thresholds: who has a genotype with 0.95 or more has such a
// dosage, and of whose dosage is near 0 or 2 the genotype has 0.9 or more.
func TestPlink2sOwnRuleLiesBetweenTwoThresholds(t *testing.T) {
	raw, which := inOrder(readFile(t, realData(t, "hail_gatk/example.8bits.bgen")))
	sure, likely := counted(t, open(t, raw, 950_000)), counted(t, open(t, raw, 900_000))
	rows := gcount(t, realData(t, "hail_gatk/bgen8.gcount"))
	if len(sure) != len(rows)-1 { // two have one position
		t.Errorf("%d sites; want %d", len(sure), len(rows)-1)
	}
	for i, k := range which {
		row := rows[k]
		if row[0] < sure[i][0] || row[1] < likely[i][1] || row[2] < sure[i][2] || row[0] > likely[i][0] || row[2] > likely[i][2] {
			t.Errorf("site %d does not: %v, %v, %v", i+1, sure[i], row, likely[i])
		}
	}
}

// What plink2 writes as BGEN are the hard calls of a real file, and are that again.
func TestRealCallsThatPlink2WritesAsBGEN(t *testing.T) {
	source := realData(t, "kg3_chr22_16mb/kg3_chr22.derived_biallelic")
	for _, c := range []struct {
		kind    []string
		refLast bool
	}{
		{[]string{"bgen-1.1"}, true},
		{[]string{"bgen-1.1", "ref-first"}, false},
		{[]string{"bgen-1.2", "bits=8", "ref-first"}, false},
		{[]string{"bgen-1.2", "bits=1", "ref-first"}, false},
		{[]string{"bgen-1.3", "bits=16"}, true},
	} {
		t.Run(strings.Join(c.kind, " "), func(t *testing.T) {
			dir := t.TempDir()
			prefix, made := filepath.Join(dir, "source"), filepath.Join(dir, "made")
			plink2(t, "--bfile", source, "--thin-count", "400", "--seed", "1", "--make-pgen", "--out", prefix)
			plink2(t, append(append([]string{"--pfile", prefix, "--export"}, c.kind...), "--out", made)...)
			r, err := bgen.New(bgen.Config{Bgen: openFile(t, made+".bgen"), Sample: openFile(t, made+".sample"), Calling: bgen.Calling{Threshold: 900_000, RefLast: c.refLast}})
			if err != nil {
				t.Fatal(err)
			}
			p := openPgen(t, prefix)
			if !slices.Equal(r.Samples(), p.Samples()) || !slices.Equal(r.Sexes(), p.Sexes()) {
				t.Error("other samples, or other sexes")
			}
			same(t, calls(t, r), calls(t, p))
		})
	}
}
