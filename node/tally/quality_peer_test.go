package tally_test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/stat"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/plink"
	"github.com/locus-genomics/locus/node/genotype/vcf"
	"github.com/locus-genomics/locus/node/tally"
)

// peer runs another program, or ends a test where there is none.
func peer(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is needed where CI=true", name)
		}
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return out
}

// together are so many people under one label.
func together(samples int, sexes []genotype.Sex) tally.People {
	if sexes == nil {
		sexes = make([]genotype.Sex, samples)
	}
	return tally.People{Labels: slices.Repeat([]uint8{1}, samples), Sexes: sexes}
}

func TestPlink2SeesTheSameInRealFiles(t *testing.T) {
	for _, name := range []string{"bigsnpr_example/example", "kg3_chr22_16mb/kg3_chr22.derived_biallelic"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			prefix, out := realData(t, name), filepath.Join(t.TempDir(), "peer")
			r, err := plink.New(plink.Config{Bed: openReal(t, name+".bed"), Bim: openReal(t, name+".bim"), Fam: openReal(t, name+".fam")})
			if err != nil {
				t.Fatal(err)
			}
			got, err := assess(r, together(len(r.Samples()), r.Sexes()))
			if err != nil {
				t.Fatal(err)
			}
			peer(t, "plink2", "--silent", "--bfile", prefix, "--nonfounders", "--hardy", "--missing", "--out", out)
			want := tally.Quality{SparsePeople: sparse(t, out+".smiss"), SparseSites: sparse(t, out+".vmiss")}
			for _, f := range report(t, out+".hardy") {
				hom1, het, hom2, p := number(t, f[4]), number(t, f[5]), number(t, f[6]), real(t, f[9])
				if ours := stat.HardyWeinberg(het, hom1, hom2); math.Abs(ours-p) > 1e-5*p+1e-300 {
					t.Fatalf("%d %d %d: %g, plink2 says %g", hom1, het, hom2, ours, p)
				}
				if het+2*hom1 > 0 && het+2*hom2 > 0 {
					want.Tested++
				}
				if p < tally.Balance {
					want.Unbalanced++
				}
				want.Het += het
			}
			if want.Tested == 0 || want.Het == 0 {
				t.Fatal("plink2 has tested nothing")
			}
			is := tally.Quality{SparsePeople: got.SparsePeople, SparseSites: got.SparseSites, Tested: got.Tested, Unbalanced: got.Unbalanced, Het: got.Het}
			if d := cmp.Diff(want, is); d != "" {
				t.Errorf("(-plink2 +card):\n%s", d)
			}
		})
	}
}

// report reads a report of plink2, without its first line.
func report(t *testing.T, name string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return fields(t, bytes.NewReader(raw))
}

// sparse is how many lines have more than five in a hundred missing.
func sparse(t *testing.T, name string) (n int) {
	for _, f := range report(t, name) {
		if real(t, f[len(f)-1]) > tally.MostMissing {
			n++
		}
	}
	return n
}

func real(t *testing.T, s string) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBcftoolsSeesTheSameInARealFile(t *testing.T) {
	const name = "kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz"
	r, err := vcf.New(openReal(t, name), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := assess(r, together(len(r.Samples()), nil))
	if err != nil {
		t.Fatal(err)
	}
	says := make(map[string]int)
	for line := range strings.Lines(string(peer(t, "bcftools", "stats", realData(t, name)))) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch f[0] {
		case "SN":
			says[f[2]] = int(number(t, f[3]))
		case "TSTV":
			says["ts"], says["tv"] = int(number(t, f[2])), int(number(t, f[3]))
		}
	}
	is := map[string]int{
		"number of samples:": got.People, "number of records:": got.Sites, "number of no-ALTs:": got.Monomorphic,
		"number of multiallelic sites:": got.MultiAllelic, "number of MNPs:": got.MNVs, "ts": got.Transitions, "tv": got.Transversions,
	}
	for what, n := range is {
		if want, there := says[what]; !there || n != want {
			t.Errorf("%s %d, bcftools says %d", what, n, want)
		}
	}
}
