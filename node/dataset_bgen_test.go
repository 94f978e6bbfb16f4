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
		spec.Calling.Threshold = threshold
		for _, how := range []*parsing{nil, child(t)} {
			if _, _, err := readDataset(t.Context(), how, spec, nil); !errors.Is(err, bgen.ErrThreshold) || !strings.Contains(err.Error(), "--hardcall-threshold") {
				t.Errorf("from %s: got %v", threshold, err)
			}
		}
	}
	spec.Calling.Threshold = 900_000
	d := read(t, spec)
	if len(d.Files) != 2 || d.Calling != spec.Calling {
		t.Errorf("%d files, from %s", len(d.Files), d.Calling.Threshold)
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
	spec.Calling.Threshold = 950_000
	other := read(t, spec)
	if other.Genotypes == d.Genotypes {
		t.Error("another threshold gives the same genotypes")
	}
	got, _, err := other.count(t.Context(), child(t), p, all)
	if err != nil || got[0] != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhatABGENIsToldIsForABGEN(t *testing.T) {
	dir := toyFiles(t)
	for _, name := range []string{"toy.vcf", "toy.bed", "toy2.pgen"} {
		for _, told := range []bgen.Calling{{Threshold: 900_000}, {RefLast: true}, {Contig: "1"}} {
			if _, _, err := OpenGenotypes(filepath.Join(dir, name), told); !errors.Is(err, errHasCalls) {
				t.Errorf("%s, told %+v: got %v", name, told, err)
			}
		}
	}
}

// The toy with its alleles the other way round and without a chromosome is the toy, once
// that is said. Whoever parses it is told, in this process and in one of its own.
func TestABGENIsToldItsContigAndWhichAlleleIsREF(t *testing.T) {
	dir := toyFiles(t)
	toyBGEN(t, dir)
	p, all := toyPanel(t, "GRCh38")
	spec := toySpec(dir, "toy3.bgen")
	spec.Calling.Threshold = 900_000
	want, _, err := read(t, spec).count(t.Context(), nil, p, all)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(spec.Path)
	if err != nil {
		t.Fatal(err)
	}
	turned := strings.NewReplacer("\x01\x00\x00\x00A\x01\x00\x00\x00C", "\x01\x00\x00\x00C\x01\x00\x00\x00A", "\x02\x0001", "\x02\x00NA").Replace(string(raw))
	writeFile(t, filepath.Join(dir, "turned.bgen"), turned)
	if err := os.Link(filepath.Join(dir, "toy3.sample"), filepath.Join(dir, "turned.sample")); err != nil {
		t.Fatal(err)
	}
	// Of a genotype with two of the first allele and none of the last, the counts are turned.
	spec.Path, spec.Calling.RefLast, spec.Calling.Contig = filepath.Join(dir, "turned.bgen"), true, "chr1"
	d := read(t, spec)
	for _, how := range []*parsing{nil, child(t)} {
		got, _, err := d.count(t.Context(), how, p, all)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(want); i += 2 {
			if got[i+1] != want[i+1] || got[i] != want[i+1]-want[i] {
				t.Errorf("variant %d: %d of %d, want %d of %d", i/2, got[i], got[i+1], want[i+1]-want[i], want[i+1])
			}
		}
	}
	spec.Calling.Contig = ""
	for _, how := range []*parsing{nil, child(t)} {
		if _, _, err := readDataset(t.Context(), how, spec, nil); !errors.Is(err, bgen.ErrUnnamed) || !strings.Contains(err.Error(), "--contig") {
			t.Errorf("without its contig: got %v", err)
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
	got, err := counts(CountSpec{Path: filepath.Join(dir, "toy3.bgen"), Calling: bgen.Calling{Threshold: 900_000}})
	if diff := cmp.Diff(want, got); diff != "" || err != nil || len(got) != 2 {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := counts(CountSpec{Path: filepath.Join(dir, "toy3.data"), Calling: bgen.Calling{Threshold: 900_000}}); !errors.Is(err, bgen.ErrSamples) {
		t.Errorf("under another name: got %v", err)
	}
}
