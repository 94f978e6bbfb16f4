package main

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// settled is a gVCF in which the calls of blocks that are not sure enough are missing,
// in the plainest way: plink2 knows nothing of blocks.
func settled(t *testing.T, path string) (out string, unsure int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || f[4] != "<NON_REF>" || !strings.Contains(";"+f[7], ";END=") {
			b.WriteString(line)
			continue
		}
		keys := strings.Split(f[8], ":")
		for i := 9; i < len(f); i++ {
			cell := strings.Split(f[i], ":")
			number := func(key string) int {
				if k := slices.Index(keys, key); k >= 0 && k < len(cell) {
					if n, err := strconv.Atoi(cell[k]); err == nil {
						return n
					}
				}
				return 99
			}
			if number("GQ") < 20 || number("DP") == 0 || number("MIN_DP") == 0 {
				unsure++
				f[i] = "./."
			}
		}
		b.WriteString(strings.Join(f, "\t") + "\n")
	}
	out = filepath.Join(t.TempDir(), "settled.vcf")
	if err := os.WriteFile(out, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return out, unsure
}

// The first positions of real blocks, with the rule for blocks applied by hand for plink2.
func TestPlink2CountsBlocksTheSameOnceTheyAreSettled(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for _, name := range []string{"merged6.bcftools.vcf.gz", "HG00187.hg38.g.vcf.gz", "NA20317.hg38.g.vcf.gz"} {
		path := filepath.Join(data, "hail_gvcf_1kg", name)
		forPlink, unsure := settled(t, path)
		if unsure < 100 {
			t.Errorf("%s: %d calls are unsure: too few to see anything", name, unsure)
		}
		compareForms(t, reports(t, "--vcf", forPlink, "--output-chr", "chrM"), nil, path)
	}
}
