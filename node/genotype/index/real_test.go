package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/index"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

func realData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	return dir
}

// bcftools runs it, and skips the test where it is not installed.
func bcftools(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("bcftools"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("bcftools is not installed")
		}
		t.Skip("bcftools is not installed")
	}
	out, err := exec.CommandContext(t.Context(), "bcftools", args...).Output()
	if err != nil {
		t.Fatalf("bcftools %s: %v", args[0], err)
	}
	return string(out)
}

// openReal opens a file with an index beside it.
func openReal(t *testing.T, data, idx string) (*index.Index, *os.File, error) {
	t.Helper()
	f, err := os.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	i, err := os.ReadFile(idx)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	cfg := index.Config{Index: bytes.NewReader(i), Data: f, Size: info.Size()}
	if r, err := bcf.New(io.NewSectionReader(f, 0, info.Size()), bcf.Config{}); err == nil {
		cfg.Contigs = r.Contigs()
	}
	x, err := index.Open(cfg)
	return x, f, err
}

// sites are those of the rows that touch a region, as bcftools writes them.
func sites(t *testing.T, r io.Reader, binary bool, k index.Region) (touching []string, read int) {
	t.Helper()
	skip := func(*genotype.Site) bool { return false }
	var g genotype.Reader
	var err error
	if binary {
		g, err = bcf.New(r, bcf.Config{Covers: skip})
	} else {
		g, err = vcf.New(r, vcf.Config{Covers: skip})
	}
	var row genotype.Row
	for err == nil {
		if err = g.Next(&row); err != nil {
			break
		}
		read++
		if row.Contig == k.Contig && row.Pos <= k.To && row.Pos+uint32(len(row.Ref))-1 >= k.From {
			touching = append(touching, fmt.Sprint(row.Contig, "\t", row.Pos, "\t", row.Ref))
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return touching, read
}

// bcftools indexes real files, and finds in each region what a part has.
func TestPartsOfRealFilesAreWhatBcftoolsFinds(t *testing.T) {
	dir := realData(t)
	if testing.Short() {
		t.Skip("hundreds of runs of bcftools")
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, name := range []string{
		"kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz", "shapeit4_ref20/reference.bcf", "hail_gatk/multipleChromosomes.vcf",
		"plinkng_all_ploidy/all_ploidy_export.vcf.gz", "cyvcf2_mixed/test.vcf.gz", "bio2zarr_edge/sample.bcf",
		"bio2zarr_edge/chr_m_indels.vcf.gz", "bio2zarr_edge/multi_contig.vcf.gz",
	} {
		var all []string
		for line := range strings.Lines(bcftools(t, "query", "-f", "%CHROM\t%POS\n", filepath.Join(dir, name))) {
			all = append(all, strings.TrimSpace(line))
		}
		for _, kind := range []struct{ ext, out, how, idx string }{
			{".vcf.gz", "-Oz", "-t", ".tbi"}, {".vcf.gz", "-Oz", "-c", ".csi"}, {".bcf", "-Ob", "-c", ".csi"},
		} {
			t.Run(name+" as "+kind.ext+" with "+kind.idx, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "x"+kind.ext)
				bcftools(t, "annotate", "--no-version", "-x", "INFO", kind.out, "-o", file, filepath.Join(dir, name))
				bcftools(t, "index", kind.how, file)
				x, _, err := openReal(t, file, file+kind.idx)
				if err != nil {
					t.Fatal(err)
				}
				fewer := len(all)
				for range 12 {
					var k index.Region
					if _, err := fmt.Sscan(all[rng.IntN(len(all))], &k.Contig, &k.From); err != nil {
						t.Fatal(err)
					}
					k.To = k.From + rng.Uint32N(30_000)
					part, err := x.Part([]index.Region{k})
					if err != nil {
						t.Fatal(err)
					}
					got, read := sites(t, part, kind.ext == ".bcf", k)
					fewer = min(fewer, read)
					want := strings.Split(strings.TrimSpace(bcftools(t, "query", "-r", fmt.Sprintf("%s:%d-%d", k.Contig, k.From, k.To), "-f", "%CHROM\t%POS\t%REF\n", file)), "\n")
					if !slices.Equal(got, want) {
						t.Errorf("%s:%d-%d: %d rows, bcftools has %d", k.Contig, k.From, k.To, len(got), len(want))
					}
				}
				t.Logf("%d of %d rows were read for the least of them", fewer, len(all))
			})
		}
	}
}

func TestPublishedIndexesAreBelievedOrNot(t *testing.T) {
	dir := realData(t)
	if _, _, err := openReal(t, filepath.Join(dir, "shapeit4_ref20/reference.bcf"), filepath.Join(dir, "shapeit4_ref20/reference.bcf.csi")); err != nil {
		t.Errorf("an index that fits: %v", err)
	}
	stale := filepath.Join(dir, "awkward_made/stale_index.vcf.gz")
	if _, _, err := openReal(t, stale, stale+".tbi"); !errors.Is(err, index.ErrStale) {
		t.Errorf("an index of a longer file: got %v", err)
	}
	if _, _, err := openReal(t, filepath.Join(dir, "kg3_chr22_16mb/kg3_chr22_16mb.vcf.gz"), stale+".tbi"); err != nil {
		t.Errorf("that index of that file: %v", err)
	}
	if _, _, err := openReal(t, filepath.Join(dir, "shapeit4_ref20/reference.vcf.gz"), stale+".tbi"); !errors.Is(err, index.ErrStale) {
		t.Errorf("an index of another file: got %v", err)
	}
}
