package pgen_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

func TestRecordsThatAreRefused(t *testing.T) {
	base := rec{0, nine}
	for _, c := range []struct {
		name string
		alts string
		recs []rec
		says string
	}{
		{"two bits, too few", "C", []rec{{0, nine[:2]}}, "too short"},
		{"two bits, and another byte", "C", []rec{{0, nine + "\x00"}}, "1 bytes are left over"},
		{"bits behind the last sample", "C", []rec{{0, "\x00\x00\x04"}}, "where nothing is"},
		{"one bit of three codes", "C", []rec{{1, "\x07\x00\x00\x00"}}, "not two"},
		{"one bit of one code", "C", []rec{{1, "\x04\x00\x00\x00"}}, "not two"},
		{"one bit, and bits behind the last sample", "C", []rec{{1, "\x01\x00\x02\x00"}}, "where nothing is"},
		{"one bit, without a list", "C", []rec{{1, "\x01\x00\x00"}}, "too short"},
		{"one bit, cut short", "C", []rec{{1, "\x01\x00"}}, "too short"},
		{"one bit, and one with one of its codes in the list", "C", []rec{{1, "\x01\x05\x01\x01\x07\x01"}}, "has one of them"},
		{"one bit, and one with the other", "C", []rec{{1, "\x01\x05\x01\x01\x07\x00"}}, "has one of them"},
		{"an empty record", "C", []rec{{1, ""}}, "too short"},
		{"a list without a length", "C", []rec{{4, ""}}, "too short"},
		{"a list of more than one in eight", "C", []rec{{4, "\x02\x00\x00\x01"}}, "one in 8"},
		{"a list whose length does not end", "C", []rec{{4, "\x81\x80\x80\x80\x80\x80"}}, "too large"},
		{"a list without its sample", "C", []rec{{4, "\x01"}}, "too short"},
		{"a list without its code", "C", []rec{{4, "\x01\x08"}}, "too short"},
		{"a list of a sample that does not exist", "C", []rec{{4, "\x01\x09\x01"}}, "does not exist"},
		{"a list with bits behind its last code", "C", []rec{{4, "\x01\x08\x05"}}, "where nothing is"},
		{"all REF, and something", "C", []rec{{5, "\x00"}}, "left over"},
		{"the first is like one before", "C", []rec{{2, "\x00"}}, "first of a block"},
		{"like one that is all REF", "C", []rec{{5, ""}, {2, "\x00"}}, "no list"},
		{"like one that is damaged", "C", []rec{{1, ""}, {2, "\x00"}}, "variant 1: "},
		{"ALTs told apart where there is one", "C", []rec{{8, nine + "\xff"}}, "pvar has 1"},
		{"ALTs told apart where there is none", ".", []rec{{8, nine + "\xff"}}, "pvar has 0"},
		{"ALTs told apart, without a word how", "C,G", []rec{{8, nine}}, "too short"},
		{"ALTs told apart in an unknown way", "C,G", []rec{{8, nine + "\xf2"}}, "not known (2)"},
		{"ALTs told apart in another unknown way", "C,G", []rec{{8, nine + "\xef"}}, "not known (14)"},
		{"marks for nobody", "C,G", []rec{{8, nine + "\xf0\x00"}}, "of nobody"},
		{"marks behind the last", "C,G", []rec{{8, nine + "\xf0\x04"}}, "where nothing is"},
		{"a list of someone who is not het", "C,G", []rec{{8, nine + "\xf1\x01\x00"}}, "call that has none"},
		{"a list of someone who has no two ALTs", "C,G", []rec{{8, nine + "\x1f\x01\x01\x00"}}, "call that has none"},
		{"an ALT that is not listed", "C,G,T,CC", []rec{{8, nine + "\xf0\x01\x03"}}, "not one of 4"},
		{"two ALTs, one of them not listed", "C,G,T", []rec{{8, nine + "\x0f\x01\x0c"}}, "not one of 3"},
		{"two ALTs in the wrong order", "C,G,T", []rec{{8, nine + "\x0f\x01\x06"}}, "not in order"},
		{"the first ALT twice is no exception", "C,G,T", []rec{{8, nine + "\x0f\x01\x00"}}, "not in order"},
		{"phases without hets", "C", []rec{{0x14, "\x00\x00"}}, "no hets"},
		{"phases cut short", "C", []rec{{0x10, nine}}, "too short"},
		{"phases behind the last het", "C", []rec{{0x10, nine + "\x08"}}, "where nothing is"},
		{"phases too many", "C", []rec{{0x10, nine + "\x00\x00"}}, "left over"},
		{"phases of some, cut short", "C", []rec{{0x10, nine + "\x03"}}, "too short"},
		{"phases of dosages without dosages", "C", []rec{{0x80, nine}}, "no dosages"},
		{"dosages cut short", "C", []rec{{0x40, nine + strings.Repeat("\x00", 17)}}, "too short"},
		{"dosages too many", "C", []rec{{0x40, nine + strings.Repeat("\x00", 19)}}, "left over"},
		{"a list of dosages without dosages", "C", []rec{{0x20, nine + "\x01\x03\xff"}}, "too short"},
		{"marks of dosages cut short", "C", []rec{{0x60, nine + "\x01"}}, "too short"},
		{"phases of dosages cut short", "C", []rec{{0xe0, nine + "\x01\x00\x00\x00\x01\x00"}}, "too short"},
		{"the second is damaged", "C", []rec{base, {0, "\x00"}}, "variant 2: "},
		{"longer than any", "C", []rec{{0, nine + strings.Repeat("\x00", 250)}}, "longer than any"},
	} {
		t.Run(c.name, func(t *testing.T) {
			alts := make([]string, len(c.recs))
			for i := range alts {
				alts[i] = c.alts
			}
			_, err := set{pgen: variable(9, c.recs...), pvar: places(alts...), psam: names(9)}.read(func(s *genotype.Site) bool { return s.Pos == uint32(9+len(c.recs)) })
			var at *pgen.VariantError
			if !errors.Is(err, pgen.ErrRecord) || !errors.As(err, &at) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v and %q", err, pgen.ErrRecord, c.says)
			}
		})
	}
}

// A list of 130 samples has three groups.
func TestListsOfManyGroups(t *testing.T) {
	ones := strings.Repeat("\x01", 63)
	codes := strings.Repeat("\x55", 32) + "\x05"
	list := func(firsts, sizes, deltas string) string {
		return variable(1040, rec{4, "\x82\x01" + firsts + sizes + codes + deltas})
	}
	for _, c := range []struct {
		name, pgen, says string
	}{
		{"sound", list("\x00\x00\x00\x01\x00\x02", "\x00\x00", ones+ones+"\x01"), ""},
		{"out of order", list("\x00\x00\x3f\x00\x00\x02", "\x00\x00", ones+ones+"\x01"), "not in order"},
		{"a sample twice", list("\x00\x00\x00\x01\x00\x02", "\x00\x00", ones+ones+"\x00"), "not in order"},
		{"a group that is not as long as it says", list("\x00\x00\x00\x01\x00\x02", "\x01\x00", ones+ones+"\x01"), "part of a list"},
		{"a group that ends behind the last sample", list("\x00\x00\x00\x01\x0f\x04", "\x00\x00", ones+ones+"\x01"), "does not exist"},
		{"groups cut short", list("\x00\x00\x00\x01\x00\x02", "\x00\x00", ones+ones), "too short"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := set{pgen: c.pgen, pvar: places("C"), psam: names(1040)}.read(nil)
			if c.says != "" {
				if !errors.Is(err, pgen.ErrRecord) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %q", err, c.says)
				}
				return
			}
			if err != nil || strings.Count(calls(rows), "01") != 130 {
				t.Errorf("%d hets, %v", strings.Count(calls(rows), "01"), err)
			}
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	one, two := rec{0, nine}, []rec{{0, nine}, {2, "\x00"}}
	good := set{pgen: variable(9, two...), pvar: places("C", "C"), psam: names(9)}
	with := func(change func(*set)) set {
		s := good
		change(&s)
		return s
	}
	pgenIs := func(text string) set { return with(func(s *set) { s.pgen = text }) }
	pvarIs := func(text string) set { return with(func(s *set) { s.pvar = text }) }
	psamIs := func(text string) set { return with(func(s *set) { s.psam = text }) }
	const title = "#CHROM\tPOS\tID\tREF\tALT\n"
	for _, c := range []struct {
		name string
		set  set
		want error
		says string
	}{
		{"an empty pgen", pgenIs(""), pgen.ErrNotPgen, "fewer than 3"},
		{"another magic number", pgenIs("\x6c\x1c\x10"), pgen.ErrNotPgen, ""},
		{"sample by sample", pgenIs("\x6c\x1b\x00"), pgen.ErrSampleMajor, "--make-pgen"},
		{"an index alone", pgenIs("\x6c\x1b\x30"), pgen.ErrNotPgen, "pgi"},
		{"a mode that is not known", pgenIs("\x6c\x1b\x12" + good.pgen[3:]), pgen.ErrMode, "0x12"},
		{"a mode of someone's own", pgenIs("\x6c\x1b\x80" + good.pgen[3:]), pgen.ErrMode, "0x80"},
		{"kinds and lengths in one", pgenIs("\x6c\x1b\x10" + counts(2, 9, 0x48)), pgen.ErrMode, "(8)"},
		{"too many variants", pgenIs("\x6c\x1b\x10" + counts(0x7fffffff, 9, 0x44)), pgen.ErrHeader, "too many"},
		{"too many samples", pgenIs("\x6c\x1b\x10" + counts(2, 1<<30, 0x44)), pgen.ErrHeader, "too many"},
		{"lengths in a mode of one width", pgenIs("\x6c\x1b\x02" + counts(2, 9, 0x44)), pgen.ErrHeader, "lengths"},
		{"a header cut short", pgenIs(good.pgen[:15]), pgen.ErrTruncated, ""},
		{"many blocks, and a header cut short", pgenIs("\x6c\x1b\x10" + counts(0x7ffffffd, 9, 0x44)), pgen.ErrTruncated, ""},
		{"a kind behind the last", pgenIs("\x6c\x1b\x10" + counts(1, 9, 0x40) + "\x16\x00\x00\x00\x00\x00\x00\x00\x10\x03" + nine), pgen.ErrHeader, "last kind"},
		{"records that begin elsewhere", pgenIs("\x6c\x1b\x10" + head(9, 23, two...) + nine + "\x00"), pgen.ErrHeader, "end at 24, and this begins at 23"},
		{"a record cut short", pgenIs(good.pgen[:len(good.pgen)-1]), pgen.ErrTruncated, "variant 2"},
		{"something behind the last", pgenIs(good.pgen + "\x00"), pgen.ErrTrailing, ""},
		{"a bed too short", pgenIs("\x6c\x1b\x01\xff\xff\x03\xff\xff"), pgen.ErrTruncated, "variant 2"},
		{"a bed too long", pgenIs("\x6c\x1b\x01\xff\xff\x03\xff\xff\x03\x00"), pgen.ErrTrailing, ""},
		{"hard calls too short", pgenIs("\x6c\x1b\x02" + counts(2, 9, 0x40) + nine), pgen.ErrTruncated, "variant 2"},
		{"another count of alleles", with(func(s *set) {
			s.pgen = "\x6c\x1b\x10" + counts(1, 9, 0x54) + "\x17\x00\x00\x00\x00\x00\x00\x00\x00\x03\x03" + nine
			s.pvar = places("C")
		}), pgen.ErrFit, "3 alleles, the pvar 2"},
		{"a psam of others", psamIs(names(8)), pgen.ErrFit, "9 samples, the psam 8"},
		{"a pvar with a line too few", pvarIs(places("C")), pgen.ErrFit, "2 variants, the pvar 1"},
		{"a pvar with lines too many, one of them bad", pvarIs(places("C", "C", "C") + "1\n"), pgen.ErrLine, "pvar, line 5"},
		{"a pvar with lines too many", pvarIs(places("C", "C", "C", "C")), pgen.ErrFit, "2 variants, the pvar 4"},
		{"an index that is missing", pgenIs("\x6c\x1b\x20" + nine + "\x00"), pgen.ErrIndex, ""},
		{"an index of another mode", with(func(s *set) { s.pgen, s.pgi = "\x6c\x1b\x20", "\x6c\x1b\x31" }), pgen.ErrHeader, "pgi"},
		{"an index that is none", with(func(s *set) { s.pgen, s.pgi = "\x6c\x1b\x20", "a" }), pgen.ErrNotPgen, "pgi"},
		{"an index too long", with(func(s *set) { s.pgen, s.pgi = "\x6c\x1b\x20"+nine, "\x6c\x1b\x30"+head(9, 3, one)+"\x00" }), pgen.ErrHeader, "too long"},
		{"extensions without end", pgenIs(extended(9, strings.Repeat("\xff", 40), "", two...)), pgen.ErrHeader, "too many"},
		{"an extension too long", pgenIs(extended(9, "\x02\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "", two...)), pgen.ErrHeader, "too long"},
		{"an extension whose length does not end", pgenIs(extended(9, "\x02\x00"+strings.Repeat("\xff", 10), "", two...)), pgen.ErrHeader, "too large"},
		{"an extension cut short", pgenIs(extended(9, "\x02\x00\x7f", "", two...)), pgen.ErrTruncated, ""},
		{"a footer elsewhere", pgenIs(extended(9, "\x00\x01\x23\x00\x00\x00\x00\x00\x00\x00", "\x00", two...)), pgen.ErrHeader, "the footer begins at 35"},
		{"a footer cut short", pgenIs(extended(9, "\x00\x01\x26\x00\x00\x00\x00\x00\x00\x00", "\x02a", two...)), pgen.ErrTruncated, ""},
		{"something behind a footer", pgenIs(extended(9, "\x00\x01\x26\x00\x00\x00\x00\x00\x00\x00", "\x01ab", two...)), pgen.ErrTrailing, ""},

		{"an empty pvar", pvarIs(""), pgen.ErrLine, "names the columns"},
		{"a pvar of a header", pvarIs("##x\n"), pgen.ErrLine, "names the columns"},
		{"a pvar without names of columns", pvarIs("##x\n1 10 . A C\n"), pgen.ErrLine, "pvar, line 2"},
		{"a column of no pvar", pvarIs("#CHROM POS ID REF ALT X\n"), pgen.ErrLine, "column 6"},
		{"a column twice", pvarIs("#CHROM POS ID REF ALT POS\n"), pgen.ErrLine, "column 6"},
		{"no ALT", pvarIs("#CHROM POS ID REF\n"), pgen.ErrLine, "pvar, line 1"},
		{"a bim of four columns", pvarIs("1 10 A C\n"), pgen.ErrLine, "pvar, line 1"},
		{"a short line", pvarIs(title + "1 10 . A\n"), pgen.ErrLine, "pvar, line 2: pgen: a line cannot be read: 4 columns"},
		{"an empty line", pvarIs(title + "\n"), pgen.ErrLine, "pvar, line 2"},
		{"a late header", pvarIs(title + "#1 10 . A C\n"), pgen.ErrLine, "pvar, line 2"},
		{"a position that is no number", pvarIs(title + "1 x . A C\n"), pgen.ErrLine, "pvar, line 2"},
		{"an empty ALT", pvarIs(title + "1 10 . A C,,G\n"), pgen.ErrLine, "an ALT is empty"},
		{"too many ALTs", pvarIs(title + "1 10 . A C" + strings.Repeat(",C", 4096) + "\n"), pgen.ErrLine, "over 4096"},
		{"ALT is not named, and someone has it", pvarIs(places(".", "C")), pgen.ErrLine, "pvar, line 2"},
		{"variants out of order", pvarIs(title + "1 20 . A C\n1 10 . A C\n"), genotype.ErrOrder, "pvar, line 3"},
		{"a variant twice", pvarIs(title + "1 20 . A C\n1 20 . A C\n"), genotype.ErrDuplicate, "pvar, line 3"},
		{"contigs named in two ways", pvarIs(title + "1 20 . A C\nchr2 20 . A C\n"), genotype.ErrNaming, "pvar, line 3"},
		{"a line without end", pvarIs(title + "1 20 . A " + strings.Repeat("C", 17<<20)), pgen.ErrLine, "pvar, line 2"},
		{"zstd cut short", pvarIs(packed(t, places("C", "C"))[:30]), pgen.ErrCompressed, "pvar"},
		{"zstd that wants more memory than it may", pvarIs("\x28\xb5\x2f\xfd\x00\x78\x00\x00\x00"), pgen.ErrCompressed, "pvar"},

		{"an empty psam", psamIs(""), pgen.ErrSamples, "empty"},
		{"a psam of names of columns", psamIs("#IID\n"), pgen.ErrSamples, "empty"},
		{"a header that names nothing", psamIs("##x\na 1\n"), pgen.ErrLine, "psam, line 2"},
		{"two headers", psamIs("#IID\n#IID\na\n"), pgen.ErrLine, "psam, line 2"},
		{"FID without IID", psamIs("#FID SEX\na 1\n"), pgen.ErrLine, "psam, line 1"},
		{"two sexes", psamIs("#IID SEX SEX\na 1 1\n"), pgen.ErrLine, "SEX"},
		{"a psam with a short line", psamIs("#IID SEX\na\n"), pgen.ErrLine, "psam, line 2"},
		{"a psam with an empty line", psamIs("#IID\na\n\nb\n"), pgen.ErrLine, "psam, line 3: pgen: a line cannot be read: 0 columns; want 1; mend the line"},
		{"a fam of four columns", psamIs("f a 0 0\n"), pgen.ErrLine, "psam, line 1"},
		{"a late line of header", psamIs("#IID\na\n#b\n"), pgen.ErrLine, "psam, line 3"},
		{"a sample that is nobody", psamIs("#IID\n0\n"), pgen.ErrSamples, "psam, line 2"},
		{"a sample twice", psamIs("#FID IID\nf a\ng a\n"), pgen.ErrSamples, "psam, line 3: pgen: the samples in psam cannot be used: two of them have the same IID; give each sample an IID of its own"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.set.read(nil)
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.want, c.says)
			}
		})
	}
	if rows, err := good.read(nil); err != nil || len(rows) != 2 {
		t.Errorf("the good one: %q, %v", rows, err)
	}
}

// Bytes of real files, and of made-up ones, are changed, once to their contrary and once in the last bit.
func TestDamageIsFoundOrHarmless(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.pgen"))
	if err != nil || len(names) < 3 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	sets := make(map[string]set)
	for _, name := range names {
		sets[name] = readSet(t, strings.TrimSuffix(name, ".pgen"))
	}
	for _, samples := range []int{9, 65} { // every way to write a record
		sets[fmt.Sprintf("made of %d samples", samples)], _, _ = (&maker{rng: rand.New(rand.NewPCG(27, uint64(samples))), samples: samples}).file(24)
	}
	for name, s := range sets {
		whole := []byte(s.pgen)
		if _, err := s.read(nil); err != nil {
			t.Fatal(err)
		}
		refused := 0
		for i := 0; i < len(whole); i += step {
			for _, flip := range []byte{0xff, 0x01} {
				whole[i] ^= flip
				s.pgen = string(whole)
				if err := check(t, s); err != nil {
					refused++
				}
				whole[i] ^= flip
			}
		}
		for n := 0; n < len(whole); n += step {
			s.pgen = string(whole[:n])
			if check(t, s) == nil {
				t.Errorf("%s: %d of %d bytes are taken for all of it", name, n, len(whole))
			}
		}
		t.Logf("%s: %d of %d changes refused", name, refused, (2*len(whole)+step-1)/step)
	}
}

func readSet(t testing.TB, prefix string) (s set) {
	t.Helper()
	for end, to := range map[string]*string{".pgen": &s.pgen, ".pvar": &s.pvar, ".psam": &s.psam} {
		raw, err := os.ReadFile(prefix + end)
		if err != nil {
			t.Fatal(err)
		}
		*to = string(raw)
	}
	return s
}
