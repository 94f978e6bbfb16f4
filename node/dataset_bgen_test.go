package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype/bgen"
	"github.com/locus-genomics/locus/node/tally"
)

// toyBGEN is the toy's genotypes as probabilities of nine tenths, in layout 1, without
// the identifiers of the samples, which are in the .sample file.
func toyBGEN(t *testing.T, dir string) {
	t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, 20)
	for _, n := range []uint32{20, 2, toyPeople} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = append(b, "bgen\x04\x00\x00\x00"...)
	sample := "ID_1 ID_2 missing\n0 0 0\n"
	for v := range 2 {
		b = binary.LittleEndian.AppendUint32(b, toyPeople)
		b = append(b, "\x00\x00\x00\x00\x02\x0001"...)
		b = binary.LittleEndian.AppendUint32(b, uint32(10+v))
		b = append(b, "\x01\x00\x00\x00A\x01\x00\x00\x00C"...)
		for i := range toyPeople {
			var p [3]uint16
			if call := toyCall(v, i); call < 3 {
				p = [3]uint16{1638, 1638, 1638}
				p[call] = 29492
			}
			for _, n := range p {
				b = binary.LittleEndian.AppendUint16(b, n)
			}
		}
	}
	for i := range toyPeople {
		sample += fmt.Sprintf("f s%d 0\n", i)
	}
	writeFile(t, filepath.Join(dir, "toy3.bgen"), string(b))
	writeFile(t, filepath.Join(dir, "toy3.sample"), sample)
}

func TestABGENCountsAsTheVCFDoes(t *testing.T) {
	dir := toyFiles(t)
	toyBGEN(t, dir)
	p, all := toyPanel(t, "GRCh38")
	want, _, err := read(t, toySpec(dir, "toy.vcf")).count(t.Context(), child(t), p, all)
	if err != nil {
		t.Fatal(err)
	}
	spec := toySpec(dir, "toy3.bgen")
	for _, threshold := range []bgen.Threshold{0, 500_000} {
		spec.Threshold = threshold
		for _, how := range []*parsing{nil, child(t)} {
			if _, _, err := readDataset(t.Context(), how, spec, nil); !errors.Is(err, bgen.ErrThreshold) || !strings.Contains(err.Error(), "--hardcall-threshold") {
				t.Errorf("from %s: got %v", threshold, err)
			}
		}
	}
	spec.Threshold = 900_000
	d := read(t, spec)
	if len(d.Files) != 2 || d.Threshold != spec.Threshold {
		t.Errorf("%d files, from %s", len(d.Files), d.Threshold)
	}
	for _, how := range []*parsing{nil, child(t)} {
		got, _, err := d.count(t.Context(), how, p, all)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	// An index of bgenix has nothing that is believed, whatever is in it.
	writeFile(t, filepath.Join(dir, "toy3.bgen.bgi"), "SQLite format 3\x00 of another file")
	beside := read(t, spec)
	if len(beside.Files) != 2 || beside.Genotypes != d.Genotypes {
		t.Errorf("with a .bgi beside it: %d files", len(beside.Files))
	}
	if got, _, err := beside.count(t.Context(), child(t), p, all); !cmp.Equal(want, got) || err != nil {
		t.Errorf("with a .bgi beside it: %v, %v", got, err)
	}
	// Nobody has a genotype with more, and what is counted is told by the threshold.
	spec.Threshold = 950_000
	other := read(t, spec)
	if other.Genotypes == d.Genotypes {
		t.Error("another threshold gives the same genotypes")
	}
	got, _, err := other.count(t.Context(), child(t), p, all)
	if err != nil || got[0] != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAThresholdIsForABGEN(t *testing.T) {
	dir := toyFiles(t)
	for _, name := range []string{"toy.vcf", "toy.bed", "toy2.pgen"} {
		if _, _, err := OpenGenotypes(filepath.Join(dir, name), 900_000); !errors.Is(err, errHasCalls) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestABGENIsCountedByItself(t *testing.T) {
	dir := toyFiles(t)
	toyBGEN(t, dir)
	counts := func(spec CountSpec) (all []tally.SiteCounts, err error) {
		_, err = Count(t.Context(), spec, func(_ []string, counts []tally.SiteCounts) error {
			all = append(all, counts...)
			return nil
		})
		return all, err
	}
	want, err := counts(CountSpec{Path: filepath.Join(dir, "toy2.pgen")})
	if err != nil {
		t.Fatal(err)
	}
	// Whatever it is called, it is a BGEN; then no .sample file is found.
	if err := os.Link(filepath.Join(dir, "toy3.bgen"), filepath.Join(dir, "toy3.data")); err != nil {
		t.Fatal(err)
	}
	got, err := counts(CountSpec{Path: filepath.Join(dir, "toy3.bgen"), Threshold: 900_000})
	if diff := cmp.Diff(want, got); diff != "" || err != nil || len(got) != 2 {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := counts(CountSpec{Path: filepath.Join(dir, "toy3.data"), Threshold: 900_000}); !errors.Is(err, bgen.ErrSamples) {
		t.Errorf("under another name: got %v", err)
	}
}
