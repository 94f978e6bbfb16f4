package bgen_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
)

// check reads a file to its end, and wants sane rows and an error of a known kind. It
// returns the error, nil for the end of the file.
func check(t *testing.T, raw []byte, sample string) error {
	t.Helper()
	cfg := bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: most, RefLast: len(raw)%2 == 1}}
	if sample != "" {
		cfg.Sample = strings.NewReader(sample)
	}
	r, err := bgen.New(cfg)
	var row genotype.Row
	for err == nil {
		if err = r.Next(&row); err == nil {
			checkRow(t, &row, len(r.Samples()))
		}
	}
	if err == io.EOF {
		return nil
	}
	for _, known := range []error{
		bgen.ErrNotBgen, bgen.ErrLayout, bgen.ErrHeader, bgen.ErrTruncated, bgen.ErrTrailing, bgen.ErrVariant, bgen.ErrUnnamed, bgen.ErrBlock,
		bgen.ErrPloidy, bgen.ErrCompressed, bgen.ErrSamples, bgen.ErrLine,
		genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
	} {
		if errors.Is(err, known) {
			return err
		}
	}
	t.Fatalf("an error of no known kind: %v", err)
	return err
}

func checkRow(t *testing.T, row *genotype.Row, samples int) {
	t.Helper()
	for k := range row.Classes {
		if !row.Classes[k].Fits(samples) {
			t.Fatal("classes that do not fit")
		}
	}
	row.Expand(samples)
	if row.Pos == 0 || row.Ref == "" || len(row.Calls) != samples || len(row.Alts) > genotype.MaxAlts {
		t.Fatalf("a bad row of %d calls and %d ALTs", len(row.Calls), len(row.Alts))
	}
	last := genotype.Reference + genotype.Allele(len(row.Alts))
	for _, c := range row.Calls {
		a, b := c.Alleles()
		if a > last || b > last || a == genotype.Absent || a == genotype.Missing && b >= genotype.Reference {
			t.Fatalf("a call of the alleles %d and %d, and the last is %d", a, b, last)
		}
		if row.Coded && b == genotype.Absent {
			t.Fatal("a haploid call in a row of diploid ones")
		}
	}
}

// small are files that have everything the format has.
func small(t testing.TB) (files []file) {
	t.Helper()
	three := []string{"A", "C", "GGT"}
	for packing := range uint32(3) {
		files = append(files, file{layout: 2, packing: packing, samples: 5, names: names(5), free: "free", gap: "gap", variants: []variant{
			site(5, block2(2, 0, 8, two(255, 0), two(0, 255), two(0, 0), lost(0, 0), two(5, 245))),
			site(6, block2(2, 1, 5, two(31, 31), two(0, 31), two(0, 0), lost(0, 0), two(5, 31))),
			{"1", 7, three, block2(3, 0, 9, two(511, 0, 0, 0, 0), one(0, 511), two(0, 0, 0, 0, 0), lost(0, 0, 0, 0, 0), who{0, nil})},
			{"1", 8, three, block2(3, 1, 32, two(1<<32-1, 0, 0, 1<<32-1), one(0, 0), two(7, 7, 7, 7), lost(0, 0, 0, 0), one(9, 1<<31))},
			{"X", 7, []string{"T", "A"}, block2(2, 0, 16, one(65535), one(0), two(0, 0), lost(0, 0), two(0, 65535))},
			{"0", 7, []string{"T", "A"}, block2(2, 0, 16, one(65535), one(0), two(0, 0), lost(0, 0), two(0, 65535))},
		}})
	}
	for packing := range uint32(2) {
		files = append(files, file{layout: 1, packing: packing, samples: 3, names: names(3), variants: []variant{
			site(5, block1(32768, 0, 0, 0, 32768, 0, 0, 0, 32768)), site(6, block1(0, 0, 0, 32760, 4, 4, 1, 1, 32766)),
		}})
	}
	return files
}

// Every byte is changed, once to its contrary and once in the last bit, and the file is
// cut short everywhere.
func TestDamageIsFoundOrHarmless(t *testing.T) {
	for i, f := range small(t) {
		raw := f.bytes(t)
		if err := check(t, raw, ""); err != nil {
			t.Fatal(err)
		}
		refused, changes := 0, 0
		for at := range raw {
			for _, flip := range []byte{0xff, 0x01} {
				raw[at] ^= flip
				changes++
				if check(t, raw, "") != nil {
					refused++
				}
				raw[at] ^= flip
			}
		}
		for n := range raw {
			if check(t, raw[:n], "") == nil {
				t.Errorf("file %d: %d of %d bytes are taken for all of it", i, n, len(raw))
			}
		}
		t.Logf("file %d: %d of %d changes refused", i, refused, changes)
	}
}

// A file may claim much, and is given memory for what it has.
func TestClaimsTakeNoMemory(t *testing.T) {
	f := file{layout: 2, packing: 1, samples: 2, names: names(2), variants: []variant{{"1", 7, []string{"A", "C"}, block2(2, 0, 8, two(0, 0), two(0, 0))}}}
	raw := f.bytes(t)
	const at = 24 + 8 + 8 + 4 + 5 + 3 + 4 + 2 + 10
	for _, claim := range []struct{ at, size uint32 }{{at, 1<<32 - 1}, {at, 1 << 28}, {at + 4, 1<<32 - 1}, {at + 4, 1 << 28}, {12, 1 << 24}, {24, 1<<32 - 1}, {at - 10, 1<<32 - 1}, {at - 10, 16 << 20}} {
		bad := bytes.Clone(raw)
		le.PutUint32(bad[claim.at:], claim.size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if check(t, bad, "") == nil {
			t.Errorf("a claim of %d at %d is taken", claim.size, claim.at)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
			t.Errorf("a claim of %d at %d takes %d bytes", claim.size, claim.at, n)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range small(f) {
		f.Add(s.bytes(f), "")
		s.names = nil
		f.Add(s.bytes(f), "ID_1 ID_2 missing sex age\n0 0 0 D C\na s1 0 1 3\nb s2 0 2 4\nc s3 0 0 5\nd s4 0 1 6\ne s5 0 1 6\n")
	}
	f.Fuzz(func(t *testing.T, raw []byte, sample string) { check(t, raw, sample) })
}

// FuzzBlock changes what is within a block, which checksums keep from FuzzReader.
func FuzzBlock(f *testing.F) {
	for _, s := range small(f) {
		for _, v := range s.variants {
			f.Add(byte(s.layout), byte(len(v.alleles)), v.block)
		}
	}
	f.Fuzz(func(t *testing.T, layout, alleles byte, block []byte) {
		if len(block) < 4 {
			return
		}
		n := int(le.Uint32(block)) % 1000
		s := file{layout: 2 - uint32(layout)%2, samples: n, names: names(n), variants: []variant{{contig: "1", pos: 7, block: block}}}
		if s.layout == 1 {
			n = len(block) / 6 % 1000
			alleles = 2
			s.samples, s.names = n, names(n)
		}
		for i := range int(alleles) {
			s.variants[0].alleles = append(s.variants[0].alleles, strings.Repeat("A", i+1))
		}
		check(t, s.bytes(t), "")
	})
}
