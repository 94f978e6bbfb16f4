package fasta_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/protocol/panel"
)

// bcftools is the program that alignment is compared with.
func bcftools(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("bcftools")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is needed where CI=true")
		}
		t.Skip("bcftools is not installed")
	}
	return path
}

// normalised are the variants of a VCF as bcftools norm writes them, without those whose
// REF is not the reference's.
func normalised(t *testing.T, vcf, reference string) []panel.Variant {
	t.Helper()
	var out, complaints bytes.Buffer
	norm := exec.CommandContext(t.Context(), bcftools(t), "norm", "--check-ref", "x", "-f", reference, vcf)
	norm.Stdout, norm.Stderr = &out, &complaints
	if err := norm.Run(); err != nil {
		t.Fatalf("bcftools norm: %v\n%s", err, complaints.String())
	}
	variants, err := panel.ReadVariants(&out)
	if err != nil {
		t.Fatal(err)
	}
	return variants
}

// writeSites writes variants as a VCF of sites.
func writeSites(t *testing.T, contigs []string, variants []panel.Variant) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n")
	for _, c := range contigs {
		fmt.Fprintf(&b, "##contig=<ID=%s>\n", c)
	}
	b.WriteString("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
	for _, v := range variants {
		fmt.Fprintf(&b, "%s\t%d\t.\t%s\t%s\t.\t.\t.\n", v.Contig, v.Pos, v.Ref, v.Alt)
	}
	path := filepath.Join(t.TempDir(), "sites.vcf")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func alignAll(t *testing.T, reference string, variants []panel.Variant) []panel.Variant {
	t.Helper()
	file, err := os.Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	index, err := os.Open(reference + ".fai")
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := fasta.New(file, info.Size(), index)
	if err != nil {
		t.Fatal(err)
	}
	var aligned []panel.Variant
	for _, v := range variants {
		to, err := r.Align(v)
		if errors.Is(err, fasta.ErrReference) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		aligned = append(aligned, to)
	}
	return aligned
}

// asSet compares lists of variants whatever their order, since both sort by position.
func asSet(variants []panel.Variant) map[panel.Variant]int {
	set := make(map[panel.Variant]int)
	for _, v := range variants {
		set[v]++
	}
	return set
}

func TestBcftoolsAlignsTheSame(t *testing.T) {
	// References of repeats, also at their ends, and every short insertion, deletion and
	// change on them.
	for _, sequence := range []string{
		"GACACACTTTGGGGACGACGACGTATATATCCCCCCAGAGAGTTTTTTTTTTGCA",
		"AAAAACACACACGTGTGTNNGTTTT",
		"ACACACACAC",
	} {
		reference := filepath.Join(t.TempDir(), "reference.fa")
		file, index := genome(10, "\n", [2]string{"1", sequence})
		for name, text := range map[string]string{reference: file, reference + ".fai": index} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		variants := changes(sequence)
		want := normalised(t, writeSites(t, []string{"1"}, variants), reference)
		if len(want) != len(variants) || len(want) < 30*len(sequence) {
			t.Fatalf("bcftools wrote %d of %d variants", len(want), len(variants))
		}
		if d := cmp.Diff(asSet(want), asSet(alignAll(t, reference, variants))); d != "" {
			t.Errorf("%s (-bcftools +ours):\n%s", sequence, d)
		}
	}
}

// changes are variants at every position, but those that delete all of the sequence.
func changes(sequence string) (variants []panel.Variant) {
	for pos := 1; pos <= len(sequence); pos++ {
		for n := 1; n <= 6 && pos+n-1 <= len(sequence); n++ {
			ref := sequence[pos-1 : pos-1+n]
			for _, alt := range []string{ref[:1], ref[n-1:], ref + "A", ref + "AC", "T" + ref, ref + ref, "GT", "C"} {
				if alt != ref {
					variants = append(variants, panel.Variant{Contig: "1", Pos: uint32(pos), Ref: ref, Alt: alt})
				}
			}
		}
	}
	return variants
}

// The cases of bcftools' own tests, split by ALT.
func TestBcftoolsOwnCasesAreAlignedTheSame(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	reference := filepath.Join(dir, "bcftools_norm", "norm.fa")
	raw, err := os.ReadFile(filepath.Join(dir, "bcftools_norm", "norm.vcf"))
	if err != nil {
		t.Fatal(err)
	}
	// One of its alleles is written I, which is no base.
	text := strings.Replace(string(raw), "4\t37\t.\tC\tI\t", "4\t37\t.\tC\t.\t", 1)
	variants, err := panel.ReadVariants(strings.NewReader(text))
	if err != nil || len(variants) < 25 {
		t.Fatalf("%d variants, %v", len(variants), err)
	}
	want := normalised(t, writeSites(t, []string{"1", "2", "20", "3", "4", "5"}, variants), reference)
	if len(want) < 20 {
		t.Fatalf("bcftools wrote %d variants only", len(want))
	}
	if d := cmp.Diff(asSet(want), asSet(alignAll(t, reference, variants))); d != "" {
		t.Error(d)
	}
}
