package vcf_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
		vcf.ErrNotVCF, vcf.ErrSamples, vcf.ErrLine, vcf.ErrGenotype, vcf.ErrNoGT, vcf.ErrLong, vcf.ErrCompressed,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
		bgzf.ErrHeader, bgzf.ErrTruncated, bgzf.ErrDamaged, bgzf.ErrNoEnd, bgzf.ErrTrailing,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// soon is drain, for which a file this small has a second.
func soon(t *testing.T, name string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- drain(f)
		f.Close()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		t.Fatalf("%s: it is still being read", filepath.Base(name))
		return nil
	}
}

// told reports whether a refusal says where, what, and what to do about it.
var told = regexp.MustCompile(`^line [0-9]+(, column [0-9]+)?: (at byte [0-9]+: )?(vcf|genotype|bgzf): [^;]+.*; [a-z]+ [^;]+$`)

// Hundreds of good and bad lines, and files that were made to be awkward: each is read,
// or refused in words that help.
func TestValidatorAndAwkwardFilesLoadOrAreRefused(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	names, err := filepath.Glob(filepath.Join(dir, "vcf_validator", "*.vcf*"))
	if err != nil || len(names) < 400 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	awkward, err := filepath.Glob(filepath.Join(dir, "awkward_made", "*.vcf*"))
	if err != nil || len(awkward) < 18 {
		t.Fatalf("%d awkward files, %v", len(awkward), err)
	}
	loaded, refused := 0, 0
	for _, name := range append(names, awkward...) {
		err := soon(t, name)
		if err == nil {
			loaded++
			continue
		}
		refused++
		if !typed(err) {
			t.Errorf("%s: an error of no known kind: %v", filepath.Base(name), err)
		}
		if !told.MatchString(err.Error()) {
			t.Errorf("%s: where, what or how to mend it is not told: %v", filepath.Base(name), err)
		}
		if strings.Contains(name, "__passed__") {
			t.Logf("%s is valid, and refused: %v", filepath.Base(name), err)
		}
	}
	t.Logf("%d loaded, %d refused", loaded, refused)
	if loaded < 100 || refused < 50 {
		t.Errorf("%d loaded and %d refused: too few of one", loaded, refused)
	}
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
