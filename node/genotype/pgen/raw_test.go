package pgen_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// partsOf puts samples into so many parts, and one in five into none; into one all of
// them if it is asked to.
func partsOf(samples, parts int, all bool) *genotype.Parts {
	rng := rand.New(rand.NewPCG(1, uint64(parts)))
	p := &genotype.Parts{Of: make([]uint16, samples), People: make([]int64, parts)}
	for range parts {
		p.Masks = append(p.Masks, make([]uint64, genotype.Words(samples)))
	}
	for i := range p.Of {
		k := rng.IntN(parts)
		if rng.IntN(5) == 0 && !all {
			continue
		}
		p.Of[i] = uint16(k + 1)
		p.People[k]++
		p.Masks[k][i/64] |= 1 << (i % 64)
	}
	return p
}

// bySample is what Raw.Count ought to give, call by call.
func bySample(calls []genotype.Call, p *genotype.Parts) []genotype.Sizes {
	alt := genotype.Reference + 1
	n := make([]genotype.Sizes, len(p.Masks))
	for i, part := range p.Of {
		if part == 0 {
			continue
		}
		to := &n[part-1]
		switch calls[i] {
		case genotype.NewCall(genotype.Reference, alt):
			to.OneAlt++
		case genotype.NewCall(alt, alt):
			to.AllAlt++
		case genotype.NoCall:
			to.NotCalled++
		}
	}
	return n
}

// checkRaw reads the same files with Pack and without, and counts them in both ways. It
// returns how many rows were raw.
func checkRaw(t *testing.T, open func() (*pgen.Reader, error)) (raw int) {
	t.Helper()
	plain, err := open()
	if err != nil {
		return 0
	}
	packed, err := open()
	if err != nil {
		t.Fatal(err)
	}
	packed.Pack()
	samples := len(plain.Samples())
	parts := []*genotype.Parts{partsOf(samples, 1, false), partsOf(samples, 1, true), partsOf(samples, 3, false), partsOf(samples, 20, false)}
	var want, got genotype.Row
	for n := 1; ; n++ {
		err, other := plain.Next(&want), packed.Next(&got)
		if (err == nil) != (other == nil) || err != nil && err.Error() != other.Error() {
			t.Fatalf("row %d: %v, and after Pack %v", n, err, other)
		}
		if err != nil {
			return raw
		}
		if got.Raw == nil {
			continue
		}
		raw++
		want.Expand(samples)
		for _, p := range parts {
			to := make([]genotype.Sizes, len(p.Masks))
			if got.Raw.Count(p, to); !slices.Equal(bySample(want.Calls, p), to) {
				t.Fatalf("row %d in %d parts (-call by call +as it lies in the file):\n%s", n, len(p.Masks), cmp.Diff(bySample(want.Calls, p), to))
			}
		}
	}
}

func TestRecordsAreCountedAsTheyLieInTheFile(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.pgen"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		s := readSet(t, strings.TrimSuffix(name, ".pgen"))
		if n := checkRaw(t, func() (*pgen.Reader, error) { return s.open(nil) }); n == 0 {
			t.Errorf("%s: no row is raw", name)
		}
	}
}

func TestRealRecordsAreCountedAsTheyLieInTheFile(t *testing.T) {
	data := os.Getenv("LOCUS_DATA")
	if data == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for _, prefix := range []string{"kg3_chr22_16mb/kg3_chr22.derived", "plinkng_all_ploidy/all_ploidy", "plinkng_chr21_pgen/chr21_phase3_start", "regenie_example/example"} {
		prefix = filepath.Join(data, filepath.FromSlash(prefix))
		if n := checkRaw(t, func() (*pgen.Reader, error) { return openFiles(t, prefix), nil }); n == 0 {
			t.Errorf("%s: %d rows are raw", prefix, n)
		}
	}
}
