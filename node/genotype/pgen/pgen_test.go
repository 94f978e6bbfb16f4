package pgen_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/pgen"
)

// rec is a record: its kind, and what is in it.
type rec struct {
	kind byte
	body string
}

// counts is what a pgen says after its mode: variants, samples, how the rest is written.
func counts(variants, samples int, control byte) string {
	b := binary.LittleEndian.AppendUint32(nil, uint32(variants))
	b = binary.LittleEndian.AppendUint32(b, uint32(samples))
	return string(append(b, control))
}

// head is the index of records that begin at a place: kinds of 8 bits, lengths of one byte.
func head(samples int, at int, recs ...rec) string {
	b := binary.LittleEndian.AppendUint64([]byte(counts(len(recs), samples, 0x44)), uint64(at))
	for _, r := range recs {
		b = append(b, r.kind)
	}
	for _, r := range recs {
		b = append(b, byte(len(r.body)))
	}
	return string(b)
}

func bodies(recs ...rec) (all string) {
	for _, r := range recs {
		all += r.body
	}
	return all
}

// variable is a pgen of mode 0x10.
func variable(samples int, recs ...rec) string {
	return "\x6c\x1b\x10" + head(samples, 20+2*len(recs), recs...) + bodies(recs...)
}

// extended is a pgen of mode 0x11: what is between its index and its records is given,
// and what is behind them.
func extended(samples int, extensions, footer string, recs ...rec) string {
	return "\x6c\x1b\x11" + head(samples, 20+2*len(recs)+len(extensions), recs...) + extensions + bodies(recs...) + footer
}

// names is a psam of so many samples.
func names(samples int) string {
	var b strings.Builder
	b.WriteString("#IID\tSEX\n")
	for i := range samples {
		fmt.Fprintf(&b, "s%d\t%d\n", i, i%3)
	}
	return b.String()
}

// places is a pvar, each of whose lines has these ALTs.
func places(alts ...string) string {
	var b strings.Builder
	b.WriteString("#CHROM\tPOS\tID\tREF\tALT\n")
	for i, alt := range alts {
		fmt.Fprintf(&b, "1\t%d\t.\tA\t%s\n", 10+i, alt)
	}
	return b.String()
}

// set is the files of a Config.
type set struct{ pgen, pvar, psam, pgi string }

func (s set) open(covers genotype.Covers) (*pgen.Reader, error) {
	cfg := pgen.Config{Pgen: strings.NewReader(s.pgen), Pvar: strings.NewReader(s.pvar), Psam: strings.NewReader(s.psam), Covers: covers}
	if s.pgi != "" {
		cfg.Pgi = strings.NewReader(s.pgi)
	}
	return pgen.New(cfg)
}

func (s set) read(covers genotype.Covers) (rows []string, err error) {
	r, err := s.open(covers)
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
		if !row.Coded {
			return rows, errors.New("a row that is not coded")
		}
		row.Expand(len(r.Samples()))
		rows = append(rows, show(&row))
	}
}

// show writes a site, and of each call the numbers of its alleles.
func show(row *genotype.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d %s>%s", row.Contig, row.Pos, row.Ref, strings.Join(row.Alts, ","))
	if !row.Pass {
		b.WriteString(" filtered")
	}
	for _, c := range row.Calls {
		if c == genotype.NoCall {
			b.WriteString(" .")
			continue
		}
		x, y := c.Alleles()
		fmt.Fprintf(&b, " %d%d", x-genotype.Reference, y-genotype.Reference)
	}
	return b.String()
}

// calls are those of the first row, without its site.
func calls(rows []string) string {
	if len(rows) == 0 {
		return ""
	}
	_, after, _ := strings.Cut(rows[len(rows)-1], " ")
	_, after, _ = strings.Cut(after, " ")
	return after
}

const nine = "\xe4\xe4\x00" // of nine samples: REF, het, ALT, none, twice, and REF

func TestEveryKindOfRecordIsRead(t *testing.T) {
	all := "00 01 11 . 00 01 11 . 00"
	for _, c := range []struct {
		name    string
		samples int
		recs    []rec
		want    string // of the last
	}{
		{"two bits", 9, []rec{{0, nine}}, all},
		{"one bit, REF and het, nobody else", 9, []rec{{1, "\x01\x05\x01\x00"}}, "01 00 01 00 00 00 00 00 01"},
		{"one bit, REF and ALT", 9, []rec{{1, "\x02\x05\x01\x00"}}, "11 00 11 00 00 00 00 00 11"},
		{"one bit, REF and none", 9, []rec{{1, "\x03\x05\x01\x00"}}, ". 00 . 00 00 00 00 00 ."},
		{"one bit, het and ALT", 9, []rec{{1, "\x05\x05\x01\x00"}}, "11 01 11 01 01 01 01 01 11"},
		{"one bit, het and none", 9, []rec{{1, "\x06\x05\x01\x00"}}, ". 01 . 01 01 01 01 01 ."},
		{"one bit, ALT and none", 9, []rec{{1, "\x09\x05\x01\x00"}}, ". 11 . 11 11 11 11 11 ."},
		{"one bit, and one who has neither", 9, []rec{{1, "\x01\x05\x01\x01\x07\x03"}}, "01 00 01 00 00 00 00 . 01"},
		{"a list of those who are not REF", 9, []rec{{4, "\x01\x08\x01"}}, "00 00 00 00 00 00 00 00 01"},
		{"a list of those who are not ALT", 9, []rec{{6, "\x01\x00\x00"}}, "00 11 11 11 11 11 11 11 11"},
		{"a list of those who have a call", 9, []rec{{7, "\x01\x02\x02"}}, ". . 11 . . . . . ."},
		{"an empty list", 9, []rec{{7, "\x00"}}, ". . . . . . . . ."},
		{"all REF", 9, []rec{{5, ""}}, "00 00 00 00 00 00 00 00 00"},
		{"like the one before", 9, []rec{{0, nine}, {2, "\x00"}}, all},
		{"like the one before, but for one", 9, []rec{{0, nine}, {2, "\x01\x08\x02"}}, "00 01 11 . 00 01 11 . 11"},
		{"unlike the one before", 9, []rec{{0, nine}, {3, "\x00"}}, "11 01 00 . 11 01 00 . 11"},
		{"unlike the one before, but for one", 9, []rec{{0, nine}, {3, "\x01\x08\x02"}}, "11 01 00 . 11 01 00 . 00"},
		{"like a list", 9, []rec{{4, "\x01\x08\x01"}, {2, "\x01\x00\x03"}}, ". 00 00 00 00 00 00 00 01"},
		{"like one bit, past others that are like it", 9, []rec{{1, "\x01\x05\x01\x00"}, {3, "\x00"}, {2, "\x01\x00\x03"}, {2, "\x00"}},
			"01 00 01 00 00 00 00 00 01"},
		{"a list whose numbers follow one another", 24, []rec{{4, "\x03\x02\x39\x01\x10"}},
			"00 00 01 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 . 00 00 00 00"},
		{"everyone phased", 9, []rec{{0x10, nine + "\x02"}}, all},
		{"some phased", 9, []rec{{0x10, nine + "\x05\x01"}}, all},
		{"phases of a list", 9, []rec{{0x14, "\x01\x08\x01" + "\x00"}}, "00 00 00 00 00 00 00 00 01"},
		{"a dosage", 9, []rec{{0x20, nine + "\x01\x03\xff\x00"}}, all},
		{"everyone's dosages", 9, []rec{{0x40, nine + strings.Repeat("\xff\xff", 9)}}, all},
		{"the dosages of some", 9, []rec{{0x60, nine + "\x11\x01" + "\x01\x00\x02\x00\x03\x00"}}, all},
		{"a list of nobody, everyone's dosages, and their phases", 9, []rec{{0xc7, "\x00" + strings.Repeat("\x01\x00", 18)}}, ". . . . . . . . ."},
		{"the dosages of some, and the phases of some of these", 9, []rec{{0xf0, nine + "\x02" + "\x11\x01" + "\x01\x00\x02\x00\x03\x00" + "\x05" + "\x01\x00\x02\x00"}}, all},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := set{pgen: variable(c.samples, c.recs...), pvar: places(strings.Split(strings.Repeat(",C", len(c.recs))[1:], ",")...), psam: names(c.samples)}
			rows, err := s.read(nil)
			if d := cmp.Diff(c.want, calls(rows)); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
			// The same when those before it are not asked for.
			last := uint32(9 + len(c.recs))
			rows, err = s.read(func(s *genotype.Site) bool { return s.Pos == last })
			if d := cmp.Diff(c.want, calls(rows)); err != nil || d != "" || len(rows) != len(c.recs) {
				t.Errorf("alone: %v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestALTsAreToldApart(t *testing.T) {
	// Of 16 samples, six are het, six have two ALTs, and the last has no call.
	codes := "\x55\xa5\xaa\xc0"
	for _, c := range []struct {
		name, alts, patch, want string
	}{
		{"nobody has another", "C,G", "\xff", "01 01 01 01 01 01 11 11 11 11 11 11"},
		{"REF and the second of two, by marks", "C,G", "\xf0\x22", "01 02 01 01 01 02 11 11 11 11 11 11"},
		{"REF and the second of two, by a list", "C,G", "\xf1\x02\x01\x04", "01 02 01 01 01 02 11 11 11 11 11 11"},
		{"REF and one of three", "C,G,T", "\xf0\x22\x02", "01 02 01 01 01 03 11 11 11 11 11 11"},
		{"REF and one of five", "C,G,T,CA,CC", "\xf0\x22\x0d", "01 03 01 01 01 05 11 11 11 11 11 11"},
		{"REF and one of six", "C,G,T,CA,CC,CG", "\xf0\x22\x41", "01 03 01 01 01 06 11 11 11 11 11 11"},
		{"REF and one of eighteen", many(18), "\xf0\x22\x01\x10", "01 03 01 01 01 018 11 11 11 11 11 11"},
		{"REF and one of 258", many(258), "\xf0\x22\x01\x00\x00\x01", "01 03 01 01 01 0258 11 11 11 11 11 11"},
		{"two of two, by marks", "C,G", "\x0f\x22\x02", "01 01 01 01 01 01 11 12 11 11 11 22"},
		{"two of two, by a list", "C,G", "\x1f\x02\x07\x04\x02", "01 01 01 01 01 01 11 12 11 11 11 22"},
		{"two of four", "C,G,T,CA", "\x0f\x22\xcf", "01 01 01 01 01 01 11 44 11 11 11 14"},
		{"two of five", "C,G,T,CA,CC", "\x0f\x22\x40\x44", "01 01 01 01 01 01 11 15 11 11 11 55"},
		{"two of seventeen", many(17), "\x0f\x22\x00\x10\x10\x10", "01 01 01 01 01 01 11 117 11 11 11 1717"},
		{"two of 257", many(257), "\x0f\x22\x00\x00\x00\x01\x01\x00\x01\x00", "01 01 01 01 01 01 11 1257 11 11 11 22"},
		{"both", "C,G,T", "\x00\x22\x01\x22\x84", "01 03 01 01 01 02 11 12 11 11 11 13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := set{pgen: variable(16, rec{0x08, codes + c.patch}), pvar: places(c.alts), psam: names(16)}
			rows, err := s.read(nil)
			if d := cmp.Diff(c.want+" 00 00 00 .", calls(rows)); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

// many is so many ALTs.
func many(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "C" + strings.Repeat("A", i)
	}
	return strings.Join(all, ",")
}

func TestPhasesOfManyALTsAreCounted(t *testing.T) {
	// Two hets of REF, and one of two ALTs among the six: three bits, and one before.
	s := set{pgen: variable(9, rec{0x18, "\x05\xaa\x00" + "\x0f\x04\x00" + "\x0f\x07"}), pvar: places("C,G"), psam: names(9)}
	rows, err := s.read(nil)
	if want := "01 01 00 00 11 11 12 11 00"; err != nil || calls(rows) != want {
		t.Errorf("got %q, %v", rows, err)
	}
}

// How the dosages of many ALTs are written is not settled: they may be of any length.
func TestDosagesOfManyALTsArePassedOver(t *testing.T) {
	second := rec{0x08, nine + "\xf0\x01"} // the first het is of the second ALT
	for _, length := range []int{18, 40, 230} {
		first := rec{0x48, nine + "\xff" + strings.Repeat("\x01", length)}
		rows, err := set{pgen: variable(9, first, second), pvar: places("C,G", "C,G"), psam: names(9)}.read(nil)
		if want := "00 02 11 . 00 01 11 . 00"; err != nil || calls(rows) != want {
			t.Errorf("%d bytes: got %q, %v", length, rows, err)
		}
	}
}

func TestEveryModeIsRead(t *testing.T) {
	ext, ours := rec{0, nine}, places("C")
	all := []string{"1:10 A>C 00 01 11 . 00 01 11 . 00"}
	for _, c := range []struct {
		name, pgen, pgi string
	}{
		{"a bed", "\x6c\x1b\x01\x4b\x4b\x03", ""},
		{"hard calls", "\x6c\x1b\x02" + counts(1, 9, 0x40) + nine, ""},
		{"hard calls, and a bit for each REF", "\x6c\x1b\x02" + counts(1, 9, 0xc0) + "\x01" + nine, ""},
		{"dosages", "\x6c\x1b\x03" + counts(1, 9, 0x40) + nine + strings.Repeat("\x00\x40", 9), ""},
		{"phased dosages", "\x6c\x1b\x04" + counts(1, 9, 0x40) + nine + strings.Repeat("\x00\x40", 18), ""},
		{"many widths", variable(9, ext), ""},
		{"many widths, kinds of four bits, lengths of two bytes", "\x6c\x1b\x10" + counts(1, 9, 0x41) + "\x17\x00\x00\x00\x00\x00\x00\x00" + "\x00" + "\x03\x00" + nine, ""},
		{"lengths of four bytes, counts of alleles, a bit for each REF", "\x6c\x1b\x10" + counts(1, 9, 0xd3) + "\x1b\x00\x00\x00\x00\x00\x00\x00" + "\x00" + "\x03\x00\x00\x00" + "\x02" + "\x01" + nine, ""},
		{"no extensions", extended(9, "\x00\x00", "", ext), ""},
		{"an extension of the header", extended(9, "\x02\x00\x03abc", "", ext), ""},
		{"an extension of the footer", extended(9, "\x00\x01\x23\x00\x00\x00\x00\x00\x00\x00", "\x02ab", ext), ""},
		{"the index apart", "\x6c\x1b\x20" + nine, "\x6c\x1b\x30" + head(9, 3, ext)},
		{"the index apart, with an extension", "\x6c\x1b\x21" + nine, "\x6c\x1b\x31" + head(9, 3, ext) + "\x02\x00\x03abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := set{c.pgen, ours, names(9), c.pgi}.read(nil)
			if d := cmp.Diff(all, got); err != nil || d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestPvarTellsSitesAndAssembly(t *testing.T) {
	const title = "#CHROM\tPOS\tID\tREF\tALT\n"
	for _, c := range []struct {
		name, pvar string
		want       []string
		assembly   genotype.Assembly
	}{
		{"names of columns in any order, and what is not read", "##x\n#CHROM POS REF ALT ID QUAL FILTER INFO CM\n1 10 a c . 3 . AC=3 0\n1  11\tAT  g,<DEL>,* . . q10\n", []string{"1:10 A>C", "1:11 AT>G,<DEL>,* filtered"}, 0},
		{"a VCF", "##fileformat=VCFv4.2\n##contig=<ID=chr22,length=50818468>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\nchr22\t10\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\r\n", []string{"chr22:10 A>"}, genotype.GRCh38},
		{"a bim", "1 rs1 0 10 C A\n1 rs2 0 11 0 A", []string{"1:10 A>C", "1:11 A>"}, 0},
		{"a bim without centimorgans", "1 rs1 10 C A\n", []string{"1:10 A>C"}, 0},
		{"the numbers of X, Y, XY and MT", title + "23 10 a A C\n24 5 b A C\n25 4 c A C\n26 3 d A C\n", []string{"X:10 A>C", "Y:5 A>C", "X:4 A>C", "MT:3 A>C"}, 0},
		{"the parts of X as plink2 splits it", "##contig=<ID=23,length=155270560>\n" + title + "PAR1 5 a A C\nX 10 a A C\nPAR2 12 c A C\n", []string{"X:5 A>C", "X:10 A>C", "X:12 A>C"}, genotype.GRCh37},
		{"variants without a place", title + "0 0 a A C\n0 7 b A C\n1 0 c A C\n1 1 d A C\n", []string{"1:1 A>C"}, 0},
		{"lengths of two assemblies", "##contig=<ID=1,length=249250621>\n##contig=<length=242193529,ID=chr2>\n" + title + "1 1 d A C\n", []string{"1:1 A>C"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := 0
			for line := range strings.Lines(c.pvar) {
				lines += bit(line[0] != '#')
			}
			recs := make([]rec, lines)
			for i := range recs {
				recs[i] = rec{4, "\x00"}
			}
			for way, pvar := range map[string]string{"plain": c.pvar, "zstd": packed(t, c.pvar)} {
				s := set{pgen: variable(1, recs...), pvar: pvar, psam: names(1)}
				got, err := s.read(func(*genotype.Site) bool { return false })
				if d := cmp.Diff(c.want, got); err != nil || d != "" {
					t.Errorf("%s: %v (-want +got):\n%s", way, err, d)
				}
				if r, err := s.open(nil); err != nil || r.Assembly() != c.assembly {
					t.Errorf("%s: assembly %v, %v", way, r.Assembly(), err)
				}
			}
		})
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestPsamTellsSamplesAndSexes(t *testing.T) {
	const m, f, u = genotype.Male, genotype.Female, genotype.UnknownSex
	for _, c := range []struct {
		name, psam string
		want       []string
		sexes      []genotype.Sex
	}{
		{"names alone", "#IID\na\nb\n", []string{"a", "b"}, []genotype.Sex{u, u}},
		{"names and sexes", "#IID SEX\na 1\nb 2\nc NA\nd 0\ne M\nf f\n", []string{"a", "b", "c", "d", "e", "f"}, []genotype.Sex{m, f, u, u, m, f}},
		{"families, phenotypes, another line of header, tabs", "##x\n#FID\tIID\tSID\tPAT\tMAT\tSEX\tPop\r\nf\ta\t0\t0\t0\t1\tGBR\r\n", []string{"a"}, []genotype.Sex{m}},
		{"more columns than names", "#IID SEX\na 1 x y\n", []string{"a"}, []genotype.Sex{m}},
		{"a fam", "f a 0 0 1 -9\nf b 0 0 2 -9", []string{"a", "b"}, []genotype.Sex{m, f}},
		{"a fam without phenotypes", "f a 0 0 1\n", []string{"a"}, []genotype.Sex{m}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := set{variable(len(c.want)), places(), c.psam, ""}.open(nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, r.Samples()); d != "" {
				t.Errorf("samples (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.sexes, r.Sexes()); d != "" {
				t.Errorf("sexes (-want +got):\n%s", d)
			}
		})
	}
}

func TestAnErrorBelowIsPassedOn(t *testing.T) {
	broken := errors.New("the disk is on fire")
	whole := set{pgen: variable(9, rec{0, nine}), pvar: places("C"), psam: names(9)}
	for _, file := range []string{"pgen", "pvar", "psam"} {
		for after := range 40 {
			cut := func(name, text string) io.Reader {
				if name != file {
					return strings.NewReader(text)
				}
				return io.MultiReader(strings.NewReader(text[:min(after, len(text))]), iotest.ErrReader(broken))
			}
			r, err := pgen.New(pgen.Config{Pgen: cut("pgen", whole.pgen), Pvar: cut("pvar", whole.pvar), Psam: cut("psam", whole.psam)})
			var row genotype.Row
			for err == nil {
				err = r.Next(&row)
			}
			if !errors.Is(err, broken) {
				t.Errorf("%s, after %d bytes: got %v", file, after, err)
			}
			if r != nil {
				if again := r.Next(&row); again != err {
					t.Errorf("%s: first %v, then %v", file, err, again)
				}
			}
		}
	}
}
