package plink_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/plink"
)

// fam is five people: a man, a woman, and three of whom that is not known.
const fam = "f a 0 0 1 -9\nf b 0 0 2 -9\nf\tc\t0\t0\t0\t-9\nf d 0 0 other 1.5\nf e 0 0 3 2\n"

// bed is variants of five people after the magic number: two bytes each.
func bed(variants ...byte) string { return "\x6c\x1b\x01" + string(variants) }

// everything is a variant with every code: 00, 01, 10, 11 and 11.
var everything = []byte{0b11_10_01_00, 0b11}

func readAll(bed, bim, fam string, covers genotype.Covers) (rows []string, err error) {
	r, err := plink.New(plink.Config{Bed: strings.NewReader(bed), Bim: strings.NewReader(bim), Fam: strings.NewReader(fam), Covers: covers})
	if err != nil {
		return nil, err
	}
	var row genotype.Row
	for {
		err := r.Next(&row)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if !row.Coded || !row.Pass {
			return rows, errors.New("a row that is not coded or does not pass")
		}
		row.Expand(len(r.Samples()))
		rows = append(rows, show(&row))
	}
}

func show(row *genotype.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d %s>%s", row.Contig, row.Pos, row.Ref, strings.Join(row.Alts, ","))
	for _, c := range row.Calls {
		switch c {
		case genotype.HomRef:
			b.WriteString(" 0/0")
		case genotype.NoCall:
			b.WriteString(" ./.")
		case genotype.NewCall(genotype.Reference, genotype.Reference+1):
			b.WriteString(" 0/1")
		case genotype.NewCall(genotype.Reference+1, genotype.Reference+1):
			b.WriteString(" 1/1")
		default:
			fmt.Fprintf(&b, " %x", uint32(c))
		}
	}
	return b.String()
}

func TestWhatIsRead(t *testing.T) {
	all := " 1/1 ./. 0/1 0/0 0/0"
	for _, c := range []struct {
		name, bim string
		bed       []byte
		want      []string
	}{
		{"no variants", "", nil, nil},
		{"every code, A1 for ALT and A2 for REF", "1 rs1 0 10 C A\n", everything, []string{"1:10 A>C" + all}},
		{"small letters, tabs, no end of line", "chr1\trs1\t0.5\t10\tct\ta", everything, []string{"chr1:10 A>CT" + all}},
		{"the numbers of X, Y, XY and MT", "23 a 0 10 C A\n24 b 0 5 C A\n25 c 0 4 C A\n26 d 0 3 C A\n",
			bytes.Repeat(everything, 4), []string{"X:10 A>C" + all, "Y:5 A>C" + all, "X:4 A>C" + all, "MT:3 A>C" + all}},
		{"the names of XY", "X a 0 10 C A\nPAR1 c 0 4 C A\n", bytes.Repeat(everything, 2), []string{"X:10 A>C" + all, "X:4 A>C" + all}},
		{"the parts of X as plink2 splits it", "PAR1 a 0 5 C A\nX b 0 10 C A\nPAR2 c 0 12 C A\n", bytes.Repeat(everything, 3),
			[]string{"X:5 A>C" + all, "X:10 A>C" + all, "X:12 A>C" + all}},
		{"numbers and names behind a prefix", "chr22 a 0 10 C A\nchr23 b 0 5 C A\nchrXY c 0 4 C A\nchrM d 0 3 C A\n",
			bytes.Repeat(everything, 4), []string{"chr22:10 A>C" + all, "chrX:5 A>C" + all, "chrX:4 A>C" + all, "chrM:3 A>C" + all}},
		{"variants without a place", "0 a 0 0 C A\n0 a 0 0 C A\n0 b 0 7 0 0\n1 a 0 10 C A\n2 b 0 0 C A\n2 c 0 0 C A\n2 d 0 1 C A\n",
			bytes.Repeat(everything, 7), []string{"1:10 A>C" + all, "2:1 A>C" + all}},
		{"A1 is not named, and nobody has it", "1 a 0 10 0 A\n1 b 0 11 . A\n", []byte{0b11_11_01_11, 0b11, 0xff, 0b11},
			[]string{"1:10 A> 0/0 ./. 0/0 0/0 0/0", "1:11 A> 0/0 0/0 0/0 0/0 0/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(bed(c.bed...), c.bim, fam, nil)
			if d := cmp.Diff(c.want, got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestEveryNumberOfSamplesIsUnpacked(t *testing.T) {
	for _, usual := range []int{0, 1, 2, 3} {
		for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 127, 128, 129, 255, 257, 600} {
			var fam, want strings.Builder
			packed := make([]byte, (n+3)/4)
			for i := range n {
				fmt.Fprintf(&fam, "0 s%d 0 0 0 0\n", i)
				code := usual
				if i%3 == 0 {
					code = (i*7 + n) % 4
				}
				packed[i/4] |= byte(code << (2 * (i % 4)))
				want.WriteString([]string{" 1/1", " ./.", " 0/1", " 0/0"}[code])
			}
			got, err := readAll(bed(packed...), "1 a 0 10 C A\n", fam.String(), nil)
			if d := cmp.Diff([]string{"1:10 A>C" + want.String()}, got); err != nil || d != "" {
				t.Errorf("%d samples: %v (-want +got):\n%s", n, err, d)
			}
		}
	}
}

func TestTheUsualGenotypeIsNotWrittenDown(t *testing.T) {
	for name, c := range map[string]struct {
		packed []byte
		want   genotype.Classes
	}{
		"homs of REF": {[]byte{0b11_10_11_11, 0b11}, genotype.Classes{Het: genotype.Set{Bits: []uint64{1 << 2}}}},
		"homs of ALT": {[]byte{0b00_10_00_11, 0b01}, genotype.Classes{
			Base: genotype.AllAlt, Het: genotype.Set{Bits: []uint64{1 << 2}}, Hom: genotype.Set{Bits: []uint64{1}}, Missing: genotype.Set{Bits: []uint64{1 << 4}},
		}},
	} {
		r, err := plink.New(plink.Config{Bed: strings.NewReader(bed(c.packed...)), Bim: strings.NewReader("1 a 0 10 C A\n"), Fam: strings.NewReader(fam)})
		if err != nil {
			t.Fatal(err)
		}
		var row genotype.Row
		if err := r.Next(&row); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]genotype.Classes{c.want}, row.Classes); d != "" || len(row.Calls) != 0 {
			t.Errorf("%s: %d calls (-want +got):\n%s", name, len(row.Calls), d)
		}
	}
}

func TestRowsStayPackedForWhoAsks(t *testing.T) {
	r, err := plink.New(plink.Config{
		Bed: strings.NewReader(bed(0b00_10_01_11, 0b11, 0b11_11_01_11, 0b11)), Bim: strings.NewReader("1 a 0 10 C A\n1 b 0 11 0 A\n"), Fam: strings.NewReader(fam),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Pack()
	var row genotype.Row
	if err := r.Next(&row); err != nil || !bytes.Equal(row.Packed, []byte{0b00_10_01_11, 0b11}) || len(row.Classes)+len(row.Calls) != 0 {
		t.Errorf("got %x, %d classes and %d calls, %v", row.Packed, len(row.Classes), len(row.Calls), err)
	}
	if err := r.Next(&row); err != nil || row.Packed != nil || len(row.Classes) != 1 {
		t.Errorf("without an ALT: got %x and %d classes, %v", row.Packed, len(row.Classes), err)
	}
}

func TestFamTellsSamplesAndSexes(t *testing.T) {
	r, err := plink.New(plink.Config{Bed: strings.NewReader(bed()), Bim: strings.NewReader(""), Fam: strings.NewReader(fam)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", "b", "c", "d", "e"}, r.Samples()); d != "" {
		t.Errorf("samples (-want +got):\n%s", d)
	}
	want := []genotype.Sex{genotype.Male, genotype.Female, genotype.UnknownSex, genotype.UnknownSex, genotype.UnknownSex}
	if d := cmp.Diff(want, r.Sexes()); d != "" {
		t.Errorf("sexes (-want +got):\n%s", d)
	}
}

func TestSitesThatNobodyAsksForAreNotUnpacked(t *testing.T) {
	got, err := readAll(bed(bytes.Repeat(everything, 2)...), "1 a 0 10 C A\n1 b 0 20 C A\n", fam, func(s *genotype.Site) bool { return s.Pos == 20 })
	if d := cmp.Diff([]string{"1:10 A>C", "1:20 A>C 1/1 ./. 0/1 0/0 0/0"}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestWhatIsRefused(t *testing.T) {
	two := "1 a 0 10 C A\n1 b 0 20 C A\n"
	full := string(bytes.Repeat(everything, 2))
	for _, c := range []struct {
		name, bed, bim, fam string
		want                error
		says                string
	}{
		{"an empty bed", "", two, fam, plink.ErrNotBed, "fewer than 3 bytes"},
		{"half a magic number", "\x6c\x1b", two, fam, plink.ErrNotBed, "fewer than 3 bytes"},
		{"another magic number", "\x6c\x1c\x01" + full, two, fam, plink.ErrNotBed, ""},
		{"a pgen", "\x6c\x1b\x10" + full, two, fam, plink.ErrNotBed, ""},
		{"sample by sample", "\x6c\x1b\x00" + full, two, fam, plink.ErrSampleMajor, "--make-bed"},
		{"a byte too few", bed() + full[:3], two, fam, plink.ErrLength, "2 variants of 5 samples take 7 bytes, the bed has 6"},
		{"a variant too few", bed() + full[:2], two, fam, plink.ErrLength, "take 7 bytes, the bed has 5"},
		{"no variants", bed(), two, fam, plink.ErrLength, "take 7 bytes, the bed has 3"},
		{"a byte too many", bed() + full + "\x00", two, fam, plink.ErrLength, "take 7 bytes, the bed has 8"},
		{"variants without lines", bed() + full, "", fam, plink.ErrLength, "0 variants of 5 samples take 3 bytes, the bed has 7"},
		{"a fam of other people", bed() + full, two, fam + "f g 0 0 0 0\nf h 0 0 0 0\nf i 0 0 0 0\nf j 0 0 0 0\n", plink.ErrLength, "2 variants of 9 samples take 9 bytes, the bed has 7"},
		{"bits behind the last sample", bed(0xff, 0b1111), "1 a 0 10 C A\n", fam, plink.ErrPadding, "bim, line 1"},
		{"a bim of five columns", bed() + full, "1 a 0 10 C A\n1 b 20 C A\n", fam, plink.ErrLine, "bim, line 2"},
		{"a bim of seven columns", bed() + full, "1 a 0 10 C A G\n", fam, plink.ErrLine, "bim, line 1"},
		{"an empty line", bed() + full, "1 a 0 10 C A\n\n1 b 0 20 C A\n", fam, plink.ErrLine, "bim, line 2"},
		{"a position that is no number", bed() + full, "1 a 0 x C A\n", fam, plink.ErrLine, "bim, line 1"},
		{"a negative position", bed() + full, "1 a 0 -10 C A\n", fam, plink.ErrLine, "bim, line 1"},
		{"A1 is not named, and someone has it", bed(everything...), "1 a 0 10 0 A\n", fam, plink.ErrLine, "bim, line 1"},
		{"variants out of order", bed() + full, "1 a 0 20 C A\n1 b 0 10 C A\n", fam, genotype.ErrOrder, "bim, line 2"},
		{"a variant twice", bed() + full, "1 a 0 10 C A\n1 b 0 10 C A\n", fam, genotype.ErrDuplicate, "bim, line 2"},
		{"contigs named in two ways", bed() + full, "1 a 0 10 C A\nchr2 b 0 10 C A\n", fam, genotype.ErrNaming, "bim, line 2"},
		{"a line without end", bed() + full, "1 a 0 10 C " + strings.Repeat("A", 2<<20), fam, plink.ErrLine, "bim, line 1"},
		{"an empty fam", bed() + full, two, "", plink.ErrSamples, "empty"},
		{"a fam of five columns", bed() + full, two, "f a 0 0 1\n", plink.ErrLine, "fam, line 1"},
		{"a sample twice", bed() + full, two, "f a 0 0 1 0\ng a 0 0 1 0\n", plink.ErrSamples, "fam, line 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(c.bed, c.bim, c.fam, nil)
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
}

func TestAnErrorBelowIsPassedOn(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for name, cfg := range map[string]plink.Config{
		"fam": {Bed: strings.NewReader(bed()), Bim: strings.NewReader(""), Fam: iotest.ErrReader(broken)},
		"bed": {Bed: iotest.ErrReader(broken), Bim: strings.NewReader(""), Fam: strings.NewReader(fam)},
	} {
		if _, err := plink.New(cfg); !errors.Is(err, broken) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, cfg := range map[string]plink.Config{
		"bim":         {Bed: strings.NewReader(bed()), Bim: iotest.ErrReader(broken), Fam: strings.NewReader(fam)},
		"bed, later":  {Bed: io.MultiReader(strings.NewReader(bed()), iotest.ErrReader(broken)), Bim: strings.NewReader("1 a 0 10 C A\n"), Fam: strings.NewReader(fam)},
		"bed, at end": {Bed: io.MultiReader(strings.NewReader(bed()), iotest.ErrReader(broken)), Bim: strings.NewReader(""), Fam: strings.NewReader(fam)},
	} {
		r, err := plink.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var row genotype.Row
		for range 2 { // it sticks
			if err := r.Next(&row); !errors.Is(err, broken) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestRealBrokenBedsAreRefused(t *testing.T) {
	dir := os.Getenv("LOCUS_DATA")
	if dir == "" {
		t.Skip("LOCUS_DATA is not set: no real data here")
	}
	for name, want := range map[string]error{
		"badfile.bed": plink.ErrNotBed, "empty.bed": plink.ErrNotBed, "smallmodebad.bed": plink.ErrNotBed,
		"smallmode0.bed": plink.ErrSampleMajor, "small.bed": plink.ErrLength, "small_too_short.bed": plink.ErrLength,
	} {
		raw, err := os.ReadFile(filepath.Join(dir, "beadreader_toy", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(string(raw), "1 a 0 10 C A\n1 b 0 20 C A\n1 c 0 30 C A\n", fam, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(bed(everything...)), "1 rs1 0 10 C A\n", fam)
	f.Add([]byte(bed(everything...)), "23 rs1 0 10 0 A\n25 rs2 0 5 C A\n", fam)
	f.Add([]byte(bed()), "", "f a 0 0 1 0\n")
	f.Add([]byte("\x6c\x1b\x00"), "1 a 0 10 C A\n", fam)
	f.Add([]byte(bed(0xff, 0xff)), "1 a 0 10 C A\n", fam)
	f.Fuzz(func(t *testing.T, bed []byte, bim, fam string) {
		r, err := plink.New(plink.Config{Bed: bytes.NewReader(bed), Bim: strings.NewReader(bim), Fam: strings.NewReader(fam)})
		var row genotype.Row
		lines := strings.Count(bim, "\n")
		if bim != "" && !strings.HasSuffix(bim, "\n") {
			lines++
		}
		for err == nil {
			if err = r.Next(&row); err == nil {
				if len(row.Classes) != 1 || !row.Classes[0].Fits(len(r.Samples())) {
					t.Fatalf("%d classes, or they do not fit", len(row.Classes))
				}
				row.Expand(len(r.Samples()))
				if row.Pos == 0 || len(row.Calls) != len(r.Samples()) || len(row.Alts) > 1 {
					t.Fatalf("a bad row of %d calls and %d ALTs", len(row.Calls), len(row.Alts))
				}
			}
		}
		if err == io.EOF {
			if want := 3 + lines*((len(r.Samples())+3)/4); len(bed) != want {
				t.Fatalf("a bed of %d bytes was read, which takes %d", len(bed), want)
			}
			return
		}
		for _, known := range []error{
			plink.ErrNotBed, plink.ErrSampleMajor, plink.ErrLength, plink.ErrPadding, plink.ErrLine, plink.ErrSamples,
			genotype.ErrOrder, genotype.ErrDuplicate, genotype.ErrNaming, genotype.ErrContigs, genotype.ErrText,
		} {
			if errors.Is(err, known) {
				return
			}
		}
		t.Fatalf("an error of no known kind: %v", err)
	})
}
