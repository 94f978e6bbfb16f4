package vcf_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// file is a VCF of the samples A to D with these lines, whose blanks become tabs.
func file(lines ...string) string {
	head := "##fileformat=VCFv4.2\n##contig=<ID=1,length=248956422>\n" +
		"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\tD\n"
	return head + strings.ReplaceAll(strings.Join(lines, "\n"), " ", "\t") + "\n"
}

// firstLine is the number of the first line after file's header.
const firstLine = 4

// show writes a row so that a person can read it: A C PASS 0/1 …
func show(row *genotype.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d %s>%s", row.Contig, row.Pos, row.Ref, strings.Join(row.Alts, ","))
	if row.End > 0 {
		fmt.Fprintf(&b, " to %d", row.End)
	}
	if !row.Pass {
		b.WriteString(" filtered")
	}
	if row.Dropped > 0 {
		fmt.Fprintf(&b, " dropped %d", row.Dropped)
	}
	for _, c := range row.Calls {
		b.WriteByte(' ')
		x, y := c.Alleles()
		for i, a := range []genotype.Allele{x, y} {
			switch {
			case a == genotype.Absent:
			case i == 1:
				b.WriteByte('/')
				fallthrough
			default:
				if a == genotype.Missing {
					b.WriteByte('.')
				} else {
					fmt.Fprint(&b, a-genotype.Reference)
				}
			}
		}
	}
	return b.String()
}

func readAll(r io.Reader, cfg vcf.Config) (rows []string, err error) {
	v, err := vcf.New(r, cfg)
	if err != nil {
		return nil, err
	}
	var row genotype.Row
	for {
		err := v.Next(&row)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		row.Expand(len(v.Samples()))
		rows = append(rows, show(&row))
	}
}

// drain reads a file to its end.
func drain(r io.Reader) error {
	v, err := vcf.New(r, vcf.Config{})
	if err != nil {
		return err
	}
	var row genotype.Row
	for err == nil {
		err = v.Next(&row)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func TestWhatIsRead(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"nothing", nil, nil},
		{"the usual", []string{"1 10 . A C . PASS . GT 0/0 0/1 1|0 1|1"}, []string{"1:10 A>C 0/0 0/1 1/0 1/1"}},
		{"no calls", []string{"1 10 . A C . PASS . GT . ./. .|. 0/0"}, []string{"1:10 A>C . ./. ./. 0/0"}},
		{"half calls", []string{"1 10 . A C . PASS . GT ./1 0/. .|0 1|."}, []string{"1:10 A>C ./1 0/. ./0 1/."}},
		{"one chromosome", []string{"X 10 . A C . PASS . GT 0 1 0/1 ."}, []string{"X:10 A>C 0 1 0/1 ."}},
		{"several ALTs", []string{"1 10 . A C,GT,* . PASS . GT 1/2 0/3 2/2 3|1"}, []string{"1:10 A>C,GT,* 1/2 0/3 2/2 3/1"}},
		{"alleles of two digits", []string{"1 10 . A C,G,T,AC,AG,AT,CA,CC,CG,CT,GA . PASS . GT 0/11 10/1 9/10 11"},
			[]string{"1:10 A>C,G,T,AC,AG,AT,CA,CC,CG,CT,GA 0/11 10/1 9/10 11"}},
		{"symbols", []string{"1 10 . A <DEL> . PASS END=20 GT 0/1 0/0 0/0 1/1", "1 20 . G G]1:900] . PASS . GT 0/0 0/0 0/0 0/1"},
			[]string{"1:10 A><DEL> 0/1 0/0 0/0 1/1", "1:20 G>G]1:900] 0/0 0/0 0/0 0/1"}},
		{"the same symbol twice", []string{"1 10 . A <DEL> . PASS END=20 GT 0 0 0 0", "1 10 . A <DEL> . PASS END=30 GT 0 0 0 0"},
			[]string{"1:10 A><DEL> 0 0 0 0", "1:10 A><DEL> 0 0 0 0"}},
		{"no ALT", []string{"1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0"}, []string{"1:10 A> 0/0 0/0 ./. 0/0"}},
		{"small letters", []string{"1 10 . a cg . PASS . GT 0/0 0/1 ./. 0/0"}, []string{"1:10 A>CG 0/0 0/1 ./. 0/0"}},
		{"filters", []string{"1 10 . A C . q10 . GT 0 0 0 0", "1 11 . A C . . . GT 0 0 0 0", "1 12 . A C . PASS . GT 0 0 0 0"},
			[]string{"1:10 A>C filtered 0 0 0 0", "1:11 A>C 0 0 0 0", "1:12 A>C 0 0 0 0"}},
		{"other fields behind GT", []string{"1 10 . A C . PASS . GT:AD:DP 0/1:3,4:7 0/0 1/1:.:. ./.:0,0"}, []string{"1:10 A>C 0/1 0/0 1/1 ./."}},
		{"other fields before GT", []string{"1 10 . A C . PASS . DP:GT 7:0/1 0:0/0 3:1/1 5"}, []string{"1:10 A>C 0/1 0/0 1/1 ."}},
		{"dosages beside GT", []string{"1 10 . A C . PASS . DS:GT 0.1:0/0 1.2:0/1 1.9:1/1 ."}, []string{"1:10 A>C 0/0 0/1 1/1 ."}},
		{"a line without GT", []string{"1 10 . A C . PASS . DP 3 4 5 6", "1 11 . A C . PASS . GT 0 0 0 0"}, []string{"1:10 A>C . . . .", "1:11 A>C 0 0 0 0"}},
		{"three chromosomes are no call", []string{"1 10 . A C . PASS . GT 0/0/1 0/1 ./././. 1|1|1|0"}, []string{"1:10 A>C dropped 3 ./. 0/1 ./. ./."}},
		{"a separator in front", []string{"1 10 . A C . PASS . GT |0|1 /1/1 /0 |."}, []string{"1:10 A>C 0/1 1/1 0 ."}},
		{"a block, by GQ", []string{"1 10 . A <NON_REF> . PASS END=20 GT:DP:GQ 0/0:9:20 0/0:9:19 0|0:1:99 0/0:9:0"}, []string{"1:10 A><NON_REF> to 20 0/0 ./. 0/0 ./."}},
		{"a block, by RGQ where there is no GQ", []string{"1 10 . A . . PASS END=20 RGQ:GT:GQ 20:0/0:. 19:0/0 1:0/0:50 .:0/0:."}, []string{"1:10 A> to 20 0/0 ./. 0/0 0/0"}},
		{"a block, by depth", []string{"1 10 . A <*> . PASS X;END=10;DP=0 GT:DP:GQ:MIN_DP 0/0:0:99:. 0/0:5:99:0 0/0:1:99:1 0/0:.:99:."}, []string{"1:10 A><*> to 10 ./. ./. 0/0 0/0"}},
		{"a block without anything that tells how sure it is", []string{"1 10 . A <NON_REF>,<*> . PASS END=20 GT 0/0 0|0 0 ."}, []string{"1:10 A><NON_REF>,<*> to 20 0/0 0/0 0 ."}},
		{"a block, and who has something else in it", []string{"1 10 . A <NON_REF> . PASS END=20 GT:GQ 0/1:99 1/1:99 ./0:99 1:99"}, []string{"1:10 A><NON_REF> to 20 ./. ./. ./. ."}},
		{"a block of one chromosome", []string{"X 10 . A <NON_REF> . PASS END=20 GT:GQ 0:99 0:3 0/0:20.9 .:99"}, []string{"X:10 A><NON_REF> to 20 0 . 0/0 ."}},
		{"what stands for other alleles, beside an ALT, is no block", []string{"1 10 . A C,<NON_REF> . PASS END=20 GT:GQ 0/0:3 0/1:3 0/2:3 1/2:3"}, []string{"1:10 A>C,<NON_REF> 0/0 0/1 0/2 1/2"}},
		{"what stands for other alleles, without END, is no block", []string{"1 10 . A <NON_REF> . PASS BLEND=3;ENDS=4 GT:GQ 0/0:3 0/0:3 0/0:3 0/0:3"}, []string{"1:10 A><NON_REF> 0/0 0/0 0/0 0/0"}},
		{"END that no one can read, beside an ALT", []string{"1 10 . A C . PASS END=x GT 0 0 0 1"}, []string{"1:10 A>C 0 0 0 1"}},
		{"INFO that no one can read", []string{"1 10 x;y A C -1e9 PASS ;=;;AN=x GT 0 0 0 1"}, []string{"1:10 A>C 0 0 0 1"}},
		{"a contig that the header does not know", []string{"GL000225.1 10 . A C . PASS . GT 0 0 0 1"}, []string{"GL000225.1:10 A>C 0 0 0 1"}},
		{"the telomere", []string{"1 0 . N C . PASS . GT 0 0 0 1"}, []string{"1:0 N>C 0 0 0 1"}},
		{"two variants of a position", []string{"1 10 . A C . PASS . GT 0 0 0 1", "1 10 . A G . PASS . GT 0 0 0 1", "1 10 . AC A . PASS . GT 0 0 0 1"},
			[]string{"1:10 A>C 0 0 0 1", "1:10 A>G 0 0 0 1", "1:10 AC>A 0 0 0 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := file(c.lines...)
			for way, r := range packed(t, text) {
				got, err := readAll(r, vcf.Config{})
				if err != nil {
					t.Fatalf("%s: %v", way, err)
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", way, d)
				}
			}
		})
	}
}

// packed is a text in all the ways in which a VCF comes.
func packed(t *testing.T, text string) map[string]io.Reader {
	t.Helper()
	var blocks, stream bytes.Buffer
	for _, w := range []io.WriteCloser{bgzf.NewWriter(&blocks), gzip.NewWriter(&stream)} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]io.Reader{
		"text":              strings.NewReader(text),
		"CR LF":             strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")),
		"no end of line":    strings.NewReader(strings.TrimSuffix(text, "\n")),
		"a byte order mark": strings.NewReader("\xef\xbb\xbf" + text),
		"BGZF":              &blocks,
		"gzip":              &stream,
	}
}

func TestWhatIsRefused(t *testing.T) {
	good := "1 10 . A C . PASS . GT 0/0 0/1 1/1 ./."
	for _, c := range []struct {
		name   string
		lines  []string
		want   error
		line   int // after the header
		column int
	}{
		{"too few columns", []string{good, "1 11 . A C . PASS . GT 0/0 0/1 1/1"}, vcf.ErrLine, 2, 0},
		{"too many columns", []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 0/0 0/0"}, vcf.ErrLine, 1, 0},
		{"one column more, and nothing in it", []string{"1 10 . A C . PASS . GT 0/0 0/1 1/1 0/0 "}, vcf.ErrLine, 1, 0},
		{"an empty line in the middle", []string{"", good}, vcf.ErrLine, 2, 0},
		{"cut short before the samples", []string{"1 10 . A C . PASS ."}, vcf.ErrLine, 1, 0},
		{"cut short in the middle", []string{"1 10 . A"}, vcf.ErrLine, 1, 0},
		{"no contig", []string{" 10 . A C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 1},
		{"a position that is no number", []string{"1 1e5 . A C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 2},
		{"a negative position", []string{"1 -5 . A C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 2},
		{"a position over all chromosomes", []string{"1 2147483648 . A C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 2},
		{"an empty REF", []string{"1 10 .  C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 4},
		{"an empty ALT", []string{"1 10 . A C, . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 5},
		{"more ALTs than anyone calls", []string{"1 10 . A " + strings.Repeat("<X>,", genotype.MaxAlts) + "C . PASS . GT 0 0 0 0"}, vcf.ErrLine, 1, 5},
		{"an allele over the number of ALTs", []string{"1 10 . A C . PASS . GT 0/0 0/2 0/0 0/0"}, vcf.ErrGenotype, 1, 11},
		{"the same in the last column", []string{"1 10 . A C . PASS . GT 0/0 0/0 0/0 2"}, vcf.ErrGenotype, 1, 13},
		{"any allele where ALT is not given", []string{"1 10 . A . . PASS . GT 0/0 0/1 0/0 0/0"}, vcf.ErrGenotype, 1, 11},
		{"an allele that does not fit a number", []string{"1 10 . A C . PASS . GT 99999999999999999999 0 0 0"}, vcf.ErrGenotype, 1, 10},
		{"a negative allele", []string{"1 10 . A C . PASS . GT -1/0 0 0 0"}, vcf.ErrGenotype, 1, 10},
		{"letters for a genotype", []string{"1 10 . A C . PASS . GT A/C 0 0 0"}, vcf.ErrGenotype, 1, 10},
		{"an empty genotype", []string{"1 10 . A C . PASS . GT 0  0 0"}, vcf.ErrGenotype, 1, 11},
		{"a genotype that ends in a separator", []string{"1 10 . A C . PASS . GT 0/ 0 0 0"}, vcf.ErrGenotype, 1, 10},
		{"three chromosomes, and one that ALT does not list", []string{"1 10 . A C . PASS . GT 0/0 0/1 0/0 1|1|2"}, vcf.ErrGenotype, 1, 13},
		{"three chromosomes, and a separator too many", []string{"1 10 . A C . PASS . GT 0/0/0/ 0/1 0/0 1|1"}, vcf.ErrGenotype, 1, 10},
		{"a block that ends before it begins", []string{"1 10 . A <NON_REF> . PASS END=9 GT 0/0 0/1 0/0 1|1"}, vcf.ErrLine, 1, 8},
		{"a block whose end is no number", []string{"1 10 . A <*> . PASS DP=3;END=1e3 GT 0/0 0/1 0/0 1|1"}, vcf.ErrLine, 1, 8},
		{"a block without an end", []string{"1 10 . A . . PASS END= GT 0/0 0/1 0/0 1|1"}, vcf.ErrLine, 1, 8},
		{"a block that ends behind all chromosomes", []string{"1 10 . A <*> . PASS END=2147483648 GT 0/0 0/1 0/0 1|1"}, vcf.ErrLine, 1, 8},
		{"a block with a GQ that is no number", []string{"1 10 . A <*> . PASS END=20 GT:GQ 0/0:9 0/0:. 0/0:x 0/0"}, vcf.ErrGenotype, 1, 12},
		{"dosages alone", []string{good, "1 11 . A C . PASS . DS 0.1 1.2 1.9 0"}, vcf.ErrNoGT, 2, 9},
		{"probabilities alone", []string{"1 10 . A C . PASS . GP 1,0,0 1,0,0 1,0,0 1,0,0"}, vcf.ErrNoGT, 1, 9},
		{"no genotype in all of the file", []string{"1 10 . A C . PASS . DP 3 4 5 6"}, vcf.ErrNoGT, 2, 0},
		{"positions out of order", []string{good, "1 9 . A C . PASS . GT 0 0 0 0"}, genotype.ErrOrder, 2, 0},
		{"a contig that comes back", []string{good, "2 9 . A C . PASS . GT 0 0 0 0", "1 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrOrder, 3, 0},
		{"one contig under two names", []string{good, "chr1 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrNaming, 2, 0},
		{"contigs named in two ways", []string{good, "chr2 11 . A C . PASS . GT 0 0 0 0"}, genotype.ErrNaming, 2, 0},
		{"the same variant twice", []string{good, "1 10 . A C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 2, 0},
		{"the same variant twice with another between", []string{good, "1 10 . A G . PASS . GT 0 0 0 1", "1 10 . A T,C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 3, 0},
		{"the same variant twice in small letters", []string{good, "1 10 . a c . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 2, 0},
		{"the same ALT twice in a line", []string{"1 10 . A C,C . PASS . GT 0 0 0 1"}, genotype.ErrDuplicate, 1, 0},
		{"a second header", []string{good, "##fileformat=VCFv4.2"}, vcf.ErrLine, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows, err := readAll(strings.NewReader(file(c.lines...)), vcf.Config{})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var there *vcf.LineError
			if !errors.As(err, &there) || there.Line != firstLine-1+c.line || there.Column != c.column {
				t.Errorf("got %+v, want line %d, column %d", there, firstLine-1+c.line, c.column)
			}
			if !errors.Is(err, vcf.ErrNoGT) && len(rows) != c.line-1 && c.lines[0] != "" {
				t.Errorf("%d rows were read before it, want %d", len(rows), c.line-1)
			}
		})
	}
}

func TestHeadersThatAreRefused(t *testing.T) {
	columns := "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
	for _, c := range []struct {
		name, text string
		want       error
		line       int
	}{
		{"nothing", "", vcf.ErrNotVCF, 1},
		{"another text", "sample_id\tperson_id\tsex\n", vcf.ErrNotVCF, 1},
		{"a BCF", "BCF\x02\x02\x00\x00", vcf.ErrNotVCF, 1},
		{"version 3", "##fileformat=VCFv3.3\n" + columns + "\n", vcf.ErrNotVCF, 1},
		{"no version", columns + "\n", vcf.ErrNotVCF, 1},
		{"no column names", "##fileformat=VCFv4.2\n##source=x\n", vcf.ErrNotVCF, 3},
		{"a variant before the column names", "##fileformat=VCFv4.2\n1\t10\t.\tA\tC\t.\t.\t.\n", vcf.ErrNotVCF, 2},
		{"blanks between column names", "##fileformat=VCFv4.2\n" + strings.ReplaceAll(columns, "\t", " ") + "\n", vcf.ErrNotVCF, 2},
		{"samples without FORMAT", "##fileformat=VCFv4.2\n" + columns + "\tA\tB\n", vcf.ErrNotVCF, 2},
		{"FORMAT with a tail", "##fileformat=VCFv4.2\n" + columns + "\tFORMATS\tA\n", vcf.ErrNotVCF, 2},
		{"a sample twice", "##fileformat=VCFv4.2\n" + columns + "\tFORMAT\tA\tB\tA\n", vcf.ErrSamples, 2},
		{"a sample without a name", "##fileformat=VCFv4.2\n" + columns + "\tFORMAT\tA\t\tB\n", vcf.ErrSamples, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := vcf.New(strings.NewReader(c.text), vcf.Config{})
			var there *vcf.LineError
			if !errors.Is(err, c.want) || !errors.As(err, &there) || there.Line != c.line {
				t.Errorf("got %v, want %v in line %d", err, c.want, c.line)
			}
			if strings.Contains(fmt.Sprint(err), "A\t") || strings.Contains(fmt.Sprint(err), "\tB") {
				t.Error("the error shows what is in the file")
			}
		})
	}
}

func TestTheHeaderTellsTheAssembly(t *testing.T) {
	for _, c := range []struct {
		name, contigs string
		want          genotype.Assembly
	}{
		{"nothing", "", genotype.UnknownAssembly},
		{"no length", "##contig=<ID=1>\n", genotype.UnknownAssembly},
		{"a length that no assembly has", "##contig=<ID=1,length=5>\n", genotype.UnknownAssembly},
		{"lengths of two assemblies", "##contig=<ID=1,length=249250621>\n##contig=<ID=chr2,length=242193529>\n", genotype.UnknownAssembly},
		{"GRCh37", "##contig=<ID=1,length=249250621>\n##contig=<ID=GL1,length=4262>\n", genotype.GRCh37},
		{"GRCh37 by X alone", "##contig=<ID=X,assembly=b37,length=155270560>\n", genotype.GRCh37},
		{"GRCh38 with prefixes, whatever the field order", "##contig=<length=50818468,ID=chr22>\n", genotype.GRCh38},
	} {
		text := "##fileformat=VCFv4.2\n" + c.contigs + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
		r, err := vcf.New(strings.NewReader(text), vcf.Config{})
		if err != nil || r.Assembly() != c.want {
			t.Errorf("%s: got %v, %v; want %v", c.name, r.Assembly(), err, c.want)
		}
	}
}

func TestSitesThatNobodyAsksForAreNotDecoded(t *testing.T) {
	text := file("1 10 . A C . PASS . GT 0 9/9 x", "1 20 . A C . PASS . GT 0 0 0 1", "1 30 . A C . PASS . DS 1 1 1 1")
	got, err := readAll(strings.NewReader(text), vcf.Config{Covers: func(s *genotype.Site) bool { return s.Pos == 20 }})
	if d := cmp.Diff([]string{"1:10 A>C", "1:20 A>C 0 0 0 1", "1:30 A>C"}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestAnErrorSticks(t *testing.T) {
	r, err := vcf.New(strings.NewReader(file("1 10 . A C . PASS . GT", "1 20 . A C . PASS . GT 0 0 0 1")), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	first := r.Next(&row)
	if second := r.Next(&row); first == nil || second != first {
		t.Errorf("first %v, then %v", first, second)
	}
}

func TestALineOverTheBufferIsRead(t *testing.T) {
	info := strings.Repeat("x", 700_000)
	got, err := readAll(strings.NewReader(file("1 10 . A C . PASS "+info+" GT 0/0 0/1 1/1 ./.", "1 11 . A C . PASS . GT 0 0 0 1")), vcf.Config{})
	if d := cmp.Diff([]string{"1:10 A>C 0/0 0/1 1/1 ./.", "1:11 A>C 0 0 0 1"}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// endless gives one line that does not end.
type endless struct {
	given int
	some  [1 << 16]byte
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.some[:])
	e.given += n
	return n, nil
}

func TestALineWithoutEndIsRefused(t *testing.T) {
	e := new(endless)
	_, err := vcf.New(io.MultiReader(strings.NewReader("##fileformat=VCFv4.2\n##"), e), vcf.Config{})
	if !errors.Is(err, vcf.ErrLong) {
		t.Errorf("got %v after %d bytes", err, e.given)
	}
}

func TestDamagedCompressionIsNoEndOfFile(t *testing.T) {
	text := file("1 10 . A C . PASS . GT 0 0 0 1", "1 11 . A C . PASS . GT 0 0 0 1")
	for way, want := range map[string]error{"BGZF": bgzf.ErrTruncated, "gzip": vcf.ErrCompressed} {
		whole, err := io.ReadAll(packed(t, text)[way])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(bytes.NewReader(whole[:len(whole)-3]), vcf.Config{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", way, err, want)
		}
	}
}
