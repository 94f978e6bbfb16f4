package bgen_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
)

// sound is a file of two samples and one variant, which begins at byte 40.
func sound(packing uint32) file {
	return file{layout: 2, packing: packing, samples: 2, names: names(2), variants: []variant{site(7, block2(2, 0, 8, two(255, 0), two(0, 0)))}}
}

func TestBlocksThatAreRefused(t *testing.T) {
	good := func() []byte { return block2(2, 0, 8, two(255, 0), two(0, 0)) }
	with := func(at int, to byte) []byte {
		b := good()
		b[at] = to
		return b
	}
	for _, c := range []struct {
		name  string
		block []byte
		want  error
		says  string
	}{
		{"of another count of samples", with(0, 3), bgen.ErrBlock, "other than 2 samples"},
		{"of another count of alleles", with(4, 3), bgen.ErrBlock, "other than 2 alleles"},
		{"ploidies the wrong way round", with(6, 3), bgen.ErrBlock, "3 to 2"},
		{"ploidies that no file has", with(7, 64), bgen.ErrBlock, "2 to 64"},
		{"three chromosomes", block2(2, 0, 8, who{3, []uint64{255, 0, 0}}, two(0, 0)), bgen.ErrPloidy, "up to 3"},
		{"a ploidy above what it says", with(8, 3), bgen.ErrBlock, "not 2 to 2"},
		{"a ploidy below what it says", with(9, 1), bgen.ErrBlock, "not 2 to 2"},
		{"a ploidy with a bit that means nothing", with(8, 0x42), bgen.ErrBlock, "not 2 to 2"},
		{"neither phased nor not", with(10, 2), bgen.ErrBlock, "not 2"},
		{"no bits", with(11, 0), bgen.ErrBlock, "not 0"},
		{"33 bits", with(11, 33), bgen.ErrBlock, "not 33"},
		{"other bits than there are", with(11, 9), bgen.ErrBlock, "take 4 bytes; want 5"},
		{"fewer than there should be", good()[:14], bgen.ErrBlock, "take 2 bytes; want 4"},
		{"a byte too much", append(good(), 0), bgen.ErrBlock, "take 5 bytes; want 4"},
		{"no room for the ploidies", good()[:11], bgen.ErrBlock, "take 11 bytes; those of 2 samples take 12 to 28"},
		{"more than there can be", append(good(), make([]byte, 13)...), bgen.ErrBlock, "take 29 bytes"},
		{"more than 1", block2(2, 0, 8, two(255, 1), two(0, 0)), bgen.ErrBlock, "more than 1"},
		{"more than 1, of 16 bits", block2(2, 0, 16, two(0, 0), two(65535, 1)), bgen.ErrBlock, "more than 1"},
		{"more than 1, of a man and a woman", block2(2, 0, 8, one(0), two(255, 1)), bgen.ErrBlock, "more than 1"},
		{"bits behind the last", append(block2(2, 0, 3, two(0, 0), two(0, 0))[:13], 0x10), bgen.ErrBlock, "behind the last"},
	} {
		for packing := range uint32(3) {
			t.Run(fmt.Sprintf("%s, packing %d", c.name, packing), func(t *testing.T) {
				f := sound(packing)
				f.variants = append([]variant{site(3, good())}, site(7, c.block))
				raw := f.bytes(t)
				_, err := read(bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: most}})
				var at *bgen.VariantError
				switch {
				case c.want == nil && err == nil:
				case !errors.Is(err, c.want) || !errors.As(err, &at) || !strings.Contains(err.Error(), c.says):
					t.Errorf("got %v, want %v and %q", err, c.want, c.says)
				case at.Variant != 2 || at.Offset != int64(len(raw)-len(f.variant(t, f.variants[1]))):
					t.Errorf("it is variant %d at %d", at.Variant, at.Offset)
				}
			})
		}
	}
}

func TestBlocksOfManyAllelesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name  string
		block []byte
	}{
		{"genotypes", block2(3, 0, 8, two(100, 100, 56, 0, 0))},
		{"haploid ones", block2(3, 0, 8, one(200, 56))},
		{"the first chromosome", block2(3, 1, 8, two(200, 56, 0, 0))},
		{"the second chromosome", block2(3, 1, 8, two(0, 0, 200, 56))},
	} {
		f := file{layout: 2, samples: 1, names: names(1), variants: []variant{{"1", 7, []string{"A", "C", "G"}, c.block}}}
		if _, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}}); !errors.Is(err, bgen.ErrBlock) || !strings.Contains(err.Error(), "more than 1") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	f := file{layout: 1, samples: 1, names: names(1), variants: []variant{site(7, block1(32768, 51, 0))}}
	if _, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}}); !errors.Is(err, bgen.ErrBlock) {
		t.Errorf("layout 1: %v", err)
	}
}

func TestVariantsThatAreRefused(t *testing.T) {
	block := block2(2, 0, 8, two(255, 0), two(0, 0))
	is := func(contig string, pos uint32, alleles ...string) []variant {
		return []variant{{contig, pos, alleles, block}}
	}
	for _, c := range []struct {
		name     string
		variants []variant
		want     error
		says     string
	}{
		{"no chromosome", is("", 7, "A", "C"), bgen.ErrUnnamed, "--contig"},
		{"a chromosome that is not available", is("NA", 7, "A", "C"), bgen.ErrUnnamed, "--contig"},
		{"a chromosome of two words", is("a b", 7, "A", "C"), bgen.ErrVariant, "signs that no name has; copy the file again, or write it anew"},
		{"a chromosome with the end of a line", is("a\n", 7, "A", "C"), bgen.ErrVariant, "signs"},
		{"a chromosome with a very long name", is(strings.Repeat("a", 1025), 7, "A", "C"), bgen.ErrVariant, "over 1024 bytes"},
		{"a position that is none", is("1", 1<<31, "A", "C"), bgen.ErrVariant, "up to 2147483647"},
		{"no alleles", is("1", 7), bgen.ErrVariant, "0 alleles"},
		{"too many alleles", is("1", 7, make([]string, 4098)...), bgen.ErrVariant, "4098 alleles"},
		{"an empty allele", is("1", 7, "A", ""), bgen.ErrVariant, "empty"},
		{"an allele of two words", is("1", 7, "A", "C C"), bgen.ErrVariant, "signs"},
		{"an allele of two alleles", is("1", 7, "A", "C,G"), bgen.ErrVariant, "signs"},
		{"alleles that are too long", is("1", 7, strings.Repeat("A", 9<<20), strings.Repeat("A", 9<<20)), bgen.ErrVariant, "over 16777216 bytes"},
		{"ALT is not named, and someone has it", is("1", 7, "A", "."), bgen.ErrVariant, "someone has it"},
		{"out of order", []variant{site(8, block), site(7, block)}, genotype.ErrOrder, "variant 2"},
		{"twice", []variant{site(7, block), site(7, block)}, genotype.ErrDuplicate, "variant 2"},
		{"contigs named in two ways", append(is("1", 7, "A", "C"), is("chr2", 7, "A", "C")...), genotype.ErrNaming, "variant 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := sound(1)
			f.variants = c.variants
			_, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}})
			var at *bgen.VariantError
			if !errors.Is(err, c.want) || !errors.As(err, &at) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
	f := file{layout: 1, samples: 2, names: names(2), variants: []variant{site(7, block1(0, 0, 0, 0, 0, 0))}}
	raw := f.bytes(t)
	raw[len(raw)-len(f.variant(t, f.variants[0]))]++
	if _, err := read(bgen.Config{Bgen: bytes.NewReader(raw), Calling: bgen.Calling{Threshold: most}}); !errors.Is(err, bgen.ErrVariant) || !strings.Contains(err.Error(), "has 3 samples") {
		t.Errorf("a variant of layout 1 with other samples: %v", err)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	whole := string(sound(1).bytes(t))
	put := func(at int, to ...byte) string { return whole[:at] + string(to) + whole[at+len(to):] }
	const block = 24 + 8 + 8 + 4 + 5 + 3 + 4 + 2 + 10
	for _, c := range []struct {
		name, file string
		want       error
		says       string
	}{
		{"an empty file", "", bgen.ErrNotBgen, "fewer than 20"},
		{"a file that ends within the header", whole[:19], bgen.ErrNotBgen, "fewer than 20"},
		{"another magic number", put(16, 'B'), bgen.ErrNotBgen, ""},
		{"a header that is too short", put(4, 19), bgen.ErrHeader, "19 bytes long"},
		{"variants within the header", put(0, 19), bgen.ErrHeader, "behind 19"},
		{"no samples", put(12, 0), bgen.ErrHeader, "no samples"},
		{"too many samples", put(12, 1, 0, 0, 1), bgen.ErrHeader, "over 16777216"},
		{"a header that ends with the file", whole[:22], bgen.ErrTruncated, ""},
		{"free data that end with the file", put(0, 255, 255, 255, 255, 255, 255, 255, 255), bgen.ErrTruncated, ""},
		{"layout 0", put(20, 1), bgen.ErrLayout, "layout is 0"},
		{"layout 3", put(20, 1|3<<2), bgen.ErrLayout, "layout is 3"},
		{"an unknown compression", put(20, 3|2<<2), bgen.ErrLayout, "(3)"},
		{"zstd in layout 1", put(20, 2|1<<2), bgen.ErrLayout, "(2)"},
		{"an unknown flag", put(21, 1), bgen.ErrLayout, "flags"},
		{"no room for identifiers", put(0, 27), bgen.ErrHeader, "no room"},
		{"other identifiers than samples", put(28, 3), bgen.ErrHeader, "2 samples and 3 identifiers"},
		{"identifiers that go on behind the first variant", put(24, 17), bgen.ErrHeader, "take 17 bytes, and there is room for 16"},
		{"identifiers that are shorter than nothing", put(24, 7), bgen.ErrHeader, "take 7 bytes"},
		{"an identifier that is longer than all of them", put(33, 1), bgen.ErrHeader, "longer than it says"},
		{"identifiers that are longer than it says", put(24, 15), bgen.ErrHeader, "longer than it says"},
		{"identifiers that are shorter than it says", put(32, 1, 0, 's', 1, 0, 's', 0, 0), bgen.ErrHeader, "shorter than it says"},
		{"an empty identifier", put(32, 0), bgen.ErrSamples, "sample 1"},
		{"an identifier with the end of a line", put(34, '\n'), bgen.ErrSamples, "sample 1"},
		{"an identifier twice", put(39, '1'), bgen.ErrSamples, "sample 2"},
		{"identifiers that end with the file", whole[:39], bgen.ErrTruncated, ""},
		{"one variant more than there is", put(8, 2), bgen.ErrTruncated, "variant 2"},
		{"one variant less than there is", put(8, 0), bgen.ErrTrailing, ""},
		{"something behind the last variant", whole + "\x00", bgen.ErrTrailing, ""},
		{"cut short within a variant", whole[:len(whole)-1], bgen.ErrTruncated, "variant 1, at byte 40"},
		{"a length without room", put(block, 3), bgen.ErrBlock, "no room"},
		{"a length that is too long", put(block, 0, 0, 1), bgen.ErrBlock, "when unpacked"},
		{"a length that is too long when unpacked", put(block+4, 29), bgen.ErrBlock, "29 bytes"},
		{"a length that is too short when unpacked", put(block+4, 15), bgen.ErrCompressed, "more than 15 bytes"},
		{"a length that is greater than what there is", put(block+4, 17), bgen.ErrCompressed, "after 16 bytes; want 17"},
		{"no zlib", put(block+8, 0), bgen.ErrCompressed, ""},
		{"a sum that is not that of zlib", put(len(whole)-1, whole[len(whole)-1]+1), bgen.ErrCompressed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(bgen.Config{Bgen: strings.NewReader(c.file), Calling: bgen.Calling{Threshold: most}})
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
	if _, err := read(bgen.Config{Bgen: strings.NewReader(put(16, 0, 0, 0, 0)), Calling: bgen.Calling{Threshold: most}}); err != nil {
		t.Errorf("four zeros are a magic number too: %v", err)
	}
	f := sound(0)
	f.names = nil
	if _, err := read(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Calling: bgen.Calling{Threshold: most}}); !errors.Is(err, bgen.ErrSamples) || !strings.Contains(err.Error(), ".sample") {
		t.Errorf("no identifiers at all: %v", err)
	}
}

func TestWhatIsLeftOverIsRefused(t *testing.T) {
	for packing := range uint32(3) {
		f := sound(packing)
		raw := f.bytes(t)
		last := f.variant(t, f.variants[0])
		at := len(raw) - len(last) + 36
		raw[at]++
		_, err := read(bgen.Config{Bgen: bytes.NewReader(append(raw, 0)), Calling: bgen.Calling{Threshold: most}})
		if !errors.Is(err, bgen.ErrCompressed) && !errors.Is(err, bgen.ErrBlock) {
			t.Errorf("packing %d: %v", packing, err)
		}
	}
}

func TestAThresholdIsNeeded(t *testing.T) {
	for _, from := range []bgen.Threshold{0, 1, 500_000, 1_000_001} {
		if _, err := read(bgen.Config{Bgen: bytes.NewReader(sound(0).bytes(t)), Calling: bgen.Calling{Threshold: from}}); !errors.Is(err, bgen.ErrThreshold) {
			t.Errorf("%d: %v", from, err)
		}
	}
}

func TestThresholdsAreReadAndWritten(t *testing.T) {
	for text, want := range map[string]bgen.Threshold{"0.9": 900_000, "0.90": 900_000, "1": 1_000_000, "1.0": 1_000_000, "0.500001": 500_001, "0.999999": 999_999} {
		got, err := bgen.ParseThreshold(text)
		if got != want || err != nil {
			t.Errorf("%s: %d, %v", text, got, err)
		}
		again, err := bgen.ParseThreshold(got.String())
		if again != want || err != nil {
			t.Errorf("%s: %d, %v", got, again, err)
		}
	}
	for _, text := range []string{"", ".", "0", "0.5", "0.50", "1.000001", "1.1", "2", "-0.9", "+0.9", "0,9", "0.9000000", "9e-1", ".9", "0.9 ", "NaN"} {
		if got, err := bgen.ParseThreshold(text); !errors.Is(err, bgen.ErrThreshold) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	if got := bgen.Threshold(900_000).String(); got != "0.9" {
		t.Error(got)
	}
}

func TestSampleFiles(t *testing.T) {
	const head = "ID_1 ID_2 missing sex\n0 0 0 D\n"
	two := []string{"b1", "b2"}
	for _, c := range []struct {
		name, sample string
		ids          []string // of the BGEN
		want         []string
		sexes        []genotype.Sex
		err          error
		says         string
	}{
		{"names from the file", head + "a b1 0 1\na b2 0 2\n", nil, two, []genotype.Sex{genotype.Male, genotype.Female}, nil, ""},
		{"the same names in both", head + "a b1 0 NA\na b2 0 0\n", two, two, []genotype.Sex{genotype.UnknownSex, genotype.UnknownSex}, nil, ""},
		{"the first names in the BGEN", head + "a1 b1 0 1\na2 b2 0 1\n", []string{"a1", "a2"}, two, []genotype.Sex{genotype.Male, genotype.Male}, nil, ""},
		{"both names in the BGEN", head + "a b1 0 1\na b2 0 1\n", []string{"a_b1", "a_b2"}, two, []genotype.Sex{genotype.Male, genotype.Male}, nil, ""},
		{"without sexes", "ID_1 ID_2 missing\r\n0 0 0\r\nb1\tb1\t0\r\nb2 b2 0", two, two, nil, nil, ""},
		{"one name only", "ID age sex\n0 C D\nb1 7 F\nb2 7 M\n", two, two, []genotype.Sex{genotype.Female, genotype.Male}, nil, ""},
		{"other names", head + "a b1 0 1\na b3 0 1\n", two, nil, nil, bgen.ErrSamples, "other ones"},
		{"the names of one in ID_1, of another in ID_2", head + "b1 x 0 1\nx b2 0 1\n", two, nil, nil, bgen.ErrSamples, "other ones"},
		{"names in another order", head + "a b2 0 1\na b1 0 1\n", two, nil, nil, bgen.ErrSamples, "other ones"},
		{"fewer names", head + "a b1 0 1\n", two, nil, nil, bgen.ErrSamples, "has 2 samples, the .sample file 1"},
		{"a name twice", head + "a b1 0 1\na b1 0 1\n", nil, nil, nil, bgen.ErrSamples, "sample 2"},
		{"an empty file", "", two, nil, nil, bgen.ErrSamples, "empty"},
		{"nobody", head, two, nil, nil, bgen.ErrSamples, "empty"},
		{"no types", "ID_1 ID_2 missing\n", two, nil, nil, bgen.ErrLine, "types"},
		{"other columns", "FID IID missing\n0 0 0\n", two, nil, nil, bgen.ErrLine, "line 1"},
		{"an unknown type", "ID_1 ID_2 missing sex\n0 0 0 E\n", two, nil, nil, bgen.ErrLine, "column 4"},
		{"two types in one", "ID_1 ID_2 missing sex\n0 0 0 DC\n", two, nil, nil, bgen.ErrLine, "column 4"},
		{"a name with a type", "ID_1 ID_2 missing sex\n0 D 0 D\n", two, nil, nil, bgen.ErrLine, "column 2"},
		{"two sexes", "ID_1 ID_2 missing sex SEX\n0 0 0 D D\n", two, nil, nil, bgen.ErrLine, "called sex"},
		{"a short line", head + "a b1 0\n", two, nil, nil, bgen.ErrLine, "sample, line 3: bgen: a line cannot be read: 3 columns; want 4"},
		{"an empty line", head + "\n", two, nil, nil, bgen.ErrLine, "line 3"},
		{"a line without end", head + strings.Repeat("a", 2<<20), two, nil, nil, bgen.ErrLine, "over 1048576"},
		{"a very long name", head + "a " + strings.Repeat("b", 1025) + " 0 1\n", nil, nil, nil, bgen.ErrSamples, "line 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := sound(1)
			f.names = c.ids
			r, err := bgen.New(bgen.Config{Bgen: bytes.NewReader(f.bytes(t)), Sample: strings.NewReader(c.sample), Calling: bgen.Calling{Threshold: most}})
			if c.err != nil {
				if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %v and %q", err, c.err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, r.Samples()) + cmp.Diff(c.sexes, r.Sexes()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
