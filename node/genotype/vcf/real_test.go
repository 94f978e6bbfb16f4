package vcf_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

func TestAwkwardRealFiles(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for name, want := range map[string]error{
		"big.vcf": nil, "crlf.vcf": nil, "filt.vcf": nil, "half.vcf": nil, "mono.vcf": nil,
		"multi.vcf": nil, "star.vcf": nil, "symb.vcf": nil, "plain.vcf.gz": nil, "stale_index.vcf.gz": nil,
		"hap.vcf": genotype.ErrOrder, "unsorted.vcf": genotype.ErrOrder,
		"ds.vcf": vcf.ErrNoGT, "dup.vcf": genotype.ErrDuplicate, "poly.vcf": nil,
		"flip.vcf.gz": bgzf.ErrDamaged, "noeof.vcf.gz": bgzf.ErrNoEnd, "trail.vcf.gz": bgzf.ErrTrailing, "trunc.vcf.gz": bgzf.ErrTruncated,
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, "awkward_made", name))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := drain(f); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

// typed reports whether an error is one that a caller can tell apart.
func typed(err error) bool {
	var line *vcf.LineError
	if !errors.As(err, &line) {
		return false
	}
	for _, known := range []error{
		vcf.ErrNotVCF, vcf.ErrLine, vcf.ErrGenotype, vcf.ErrNoGT, vcf.ErrLong, vcf.ErrCompressed,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs,
		bgzf.ErrHeader, bgzf.ErrTruncated, bgzf.ErrDamaged, bgzf.ErrNoEnd, bgzf.ErrTrailing,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func TestValidatorFilesLoadOrAreRefused(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	names, err := filepath.Glob(filepath.Join(dir, "vcf_validator", "*.vcf*"))
	if err != nil || len(names) < 400 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	loaded, refused := 0, 0
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		err = drain(f)
		f.Close()
		switch valid := strings.Contains(name, "__passed__"); {
		case err == nil:
			loaded++
		case !typed(err):
			t.Errorf("%s: an error of no known kind: %v", filepath.Base(name), err)
		case valid:
			t.Logf("%s is valid, and refused: %v", filepath.Base(name), err)
			fallthrough
		default:
			refused++
		}
	}
	t.Logf("%d loaded, %d refused", loaded, refused)
}

// Files that others publish, and why some of them cannot be counted.
func TestPublishedFilesLoadOrAreRefusedForAReason(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	refused := map[string]error{
		"bcftools_norm/fill-tags-AD.vcf":                            genotype.ErrDuplicate,
		"bcftools_norm/fill-tags-VAF.vcf":                           genotype.ErrDuplicate,
		"bcftools_norm/fill-tags-hemi.vcf":                          genotype.ErrDuplicate,
		"bcftools_norm/norm.rmdup.vcf":                              genotype.ErrDuplicate,
		"bcftools_norm/norm.setref.vcf":                             vcf.ErrGenotype, // 0/1 where ALT is not given
		"bio2zarr_edge/field_type_combos.vcf.gz":                    genotype.ErrDuplicate,
		"bio2zarr_edge/issue_251.vcf.gz":                            vcf.ErrNoGT,
		"cineca_beacon/synthetic_usecases_4beacon_testingV4.vcf.gz": genotype.ErrDuplicate,
	}
	names, err := filepath.Glob(filepath.Join(dir, "*", "*.vcf*"))
	if err != nil || len(names) < 40 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		short := filepath.Base(filepath.Dir(name)) + "/" + filepath.Base(name)
		if strings.HasPrefix(short, "awkward_made") || strings.HasPrefix(short, "vcf_validator") ||
			!strings.HasSuffix(name, ".vcf") && !strings.HasSuffix(name, "gz") {
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := drain(f); !errors.Is(err, refused[short]) || err != nil && refused[short] == nil {
			t.Errorf("%s: got %v, want %v", short, err, refused[short])
		}
		f.Close()
	}
}
