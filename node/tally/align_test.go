package tally_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol/panel"
)

// repeats is a contig of 1,200 bases, most of them in repeats.
func repeats(rng *rand.Rand) string {
	var b strings.Builder
	for b.Len() < 1200 {
		unit := make([]byte, 1+rng.IntN(4))
		for i := range unit {
			unit[i] = "ACGT"[rng.IntN(4)]
		}
		b.WriteString(strings.Repeat(string(unit), 1+rng.IntN(8)))
	}
	return b.String()[:1200]
}

// reference is a FASTA of contig 1, and its index.
func reference(t *testing.T, sequence string) (path string, r *fasta.Reader) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "reference.fa")
	file := ">1\n" + sequence + "\n"
	index := fmt.Sprintf("1\t%d\t3\t%d\t%d\n", len(sequence), len(sequence), len(sequence)+1)
	for name, text := range map[string]string{path: file, path + ".fai": index} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := fasta.New(strings.NewReader(file), int64(len(file)), strings.NewReader(index))
	if err != nil {
		t.Fatal(err)
	}
	return path, r
}

// scattered is a VCF of rows with one to three ALTs, written in all ways but the usual one,
// and the variants that they are once they are aligned.
func scattered(t *testing.T, rng *rand.Rand, sequence string, r *fasta.Reader) (lines []string, variants []panel.Variant) {
	t.Helper()
	seen := make(map[panel.Variant]bool)
	for pos := 2; pos < len(sequence)-30; pos += 1 + rng.IntN(4) {
		ref := sequence[pos-1 : pos-1+1+rng.IntN(12)]
		var alts []string
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(ref) + 1)
			alt := ref[:at] + sequence[pos:pos+rng.IntN(5)] + ref[min(len(ref), at+rng.IntN(4)):]
			if alt == "" || alt == ref {
				continue
			}
			v, err := r.Align(panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: alt})
			if err != nil {
				t.Fatal(err)
			}
			if !seen[v] {
				seen[v] = true
				alts, variants = append(alts, alt), append(variants, v)
			}
		}
		if len(alts) == 0 {
			continue
		}
		calls := ""
		for range 4 {
			calls += fmt.Sprintf(" %d/%d", rng.IntN(1+len(alts)), rng.IntN(1+len(alts)))
		}
		lines = append(lines, fmt.Sprintf("1 %d . %s %s . . . GT%s", pos, ref, strings.Join(alts, ","), calls))
	}
	slices.SortFunc(variants, panel.Compare)
	return lines, variants
}

// What is found by aligning rows as they come is what is found in a file that bcftools
// has split and aligned.
func TestAlignedRowsCountAsBcftoolsNormHasThem(t *testing.T) {
	bcftools, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	rng := rand.New(rand.NewPCG(20, 26))
	sequence := repeats(rng)
	path, to := reference(t, sequence)
	lines, variants := scattered(t, rng, sequence, to)
	in := filepath.Join(t.TempDir(), "in.vcf")
	head, rest, _ := strings.Cut(text(lines...), "\n")
	file := head + "\n##contig=<ID=1,length=1200>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=\"\">\n" + rest
	if err := os.WriteFile(in, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	sh := exec.CommandContext(t.Context(), bcftools, "norm", "-f", path, "-m", "-any", in)
	sh.Stdout, sh.Stderr = &out, &complaints
	if err := sh.Run(); err != nil {
		t.Fatalf("bcftools norm: %v\n%s", err, complaints.String())
	}
	// It moves what it has split out of its rows' order: one line after another is a file.
	sorted := strings.SplitAfter(out.String(), "\n")
	at := slices.IndexFunc(sorted, func(l string) bool { return strings.HasPrefix(l, "1\t") })
	slices.SortStableFunc(sorted[at:], func(a, b string) int { return positionOf(a) - positionOf(b) })
	wanted := wantAll(t, list(variants))
	count := func(r genotype.Reader) []int64 {
		t.Helper()
		counts, _, err := tally.AlleleFrequency(t.Context(), r, wanted, people, genotype.GRCh38)
		if err != nil {
			t.Fatal(err)
		}
		return counts
	}
	want := count(read(t, strings.Join(sorted, "")))
	if d := cmp.Diff(want, count(fasta.Align(read(t, file), to))); d != "" {
		t.Errorf("(-bcftools norm +aligned):\n%s", d)
	}
	missed := 0
	for i, an := range count(read(t, file)) {
		if an != want[i] {
			missed++
		}
	}
	if len(variants) < 300 || missed < 100 || slices.Min(odd(want)) == 0 {
		t.Errorf("%d variants, %d counts differ without aligning: the test tries nothing", len(variants), missed)
	}
}

func positionOf(line string) (pos int) {
	if _, err := fmt.Sscanf(line, "1\t%d", &pos); err != nil {
		return 1 << 30 // the empty line at the end
	}
	return pos
}

// odd are the ANs of counts.
func odd(counts []int64) (an []int64) {
	for i := 1; i < len(counts); i += 2 {
		an = append(an, counts[i])
	}
	return an
}
