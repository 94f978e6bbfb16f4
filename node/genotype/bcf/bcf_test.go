package bcf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// show writes a row so that a person can read it: 1:10 A>C 0/1 …
func show(row *genotype.Row) string {
	b := make([]byte, 0, 64+4*len(row.Calls))
	b = fmt.Appendf(b, "%s:%d %s>%s", row.Contig, row.Pos, row.Ref, strings.Join(row.Alts, ","))
	if row.End > 0 {
		b = fmt.Appendf(b, " to %d", row.End)
	}
	if !row.Pass {
		b = append(b, " filtered"...)
	}
	if row.Dropped > 0 {
		b = fmt.Appendf(b, " dropped %d", row.Dropped)
	}
	for _, c := range row.Calls {
		x, y := c.Alleles()
		b = shown(append(b, ' '), x)
		if y != genotype.Absent {
			b = shown(append(b, '/'), y)
		}
	}
	return string(b)
}

func shown(b []byte, a genotype.Allele) []byte {
	if a == genotype.Missing {
		return append(b, '.')
	}
	return strconv.AppendUint(b, uint64(a-genotype.Reference), 10)
}

// many is how many samples may be read at a time, and the order of their alleles is lost.
const many = 16

// sorted gives a row calls, of which the lesser allele comes first.
func sorted(row *genotype.Row, samples int) {
	row.Expand(samples)
	for i, c := range row.Calls {
		if a, b := c.Alleles(); a > b && b != genotype.Absent {
			row.Calls[i] = genotype.NewCall(b, a)
		}
	}
}

// rows reads a file to its end, if New gave no error.
func rows(r genotype.Reader, err error) (all []string, _ error) {
	var row genotype.Row
	for err == nil {
		if err = r.Next(&row); err == nil {
			if n := len(r.Samples()); n >= many {
				sorted(&row, n)
			}
			all = append(all, show(&row))
		}
	}
	if err == io.EOF {
		err = nil
	}
	return all, err
}

func readAll(b []byte, cfg bcf.Config) ([]string, error) {
	r, err := bcf.New(bytes.NewReader(b), cfg)
	return rows(r, err)
}

func TestWhatIsReadIsWhatTheTextSays(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"nothing", nil, nil},
		{"the usual", []string{"1 10 . A C . PASS . GT 0/0 0/1 1|0 1|1"}, []string{"1:10 A>C 0/0 0/1 1/0 1/1"}},
		{"nobody has it", []string{"1 10 . A C . PASS . GT 0/0 0|0 0/0 0|0"}, []string{"1:10 A>C 0/0 0/0 0/0 0/0"}},
		{"no calls", []string{"1 10 . A C . PASS . GT . ./. .|. 0/0"}, []string{"1:10 A>C . ./. ./. 0/0"}},
		{"half calls", []string{"1 10 . A C . PASS . GT ./1 0/. .|0 1|."}, []string{"1:10 A>C ./1 0/. ./0 1/."}},
		{"one chromosome beside two", []string{"X 10 . A C . PASS . GT 0 1 0/1 ."}, []string{"X:10 A>C 0 1 0/1 ."}},
		{"one chromosome for all", []string{"X 10 . A C . PASS . GT 0 1 1 ."}, []string{"X:10 A>C 0 1 1 ."}},
		{"several ALTs", []string{"1 10 . A C,GT,* . PASS . GT 1/2 0/3 2/2 3|1"}, []string{"1:10 A>C,GT,* 1/2 0/3 2/2 3/1"}},
		{"alleles of two digits", []string{"1 10 . A C,G,T,AC,AG,AT,CA,CC,CG,CT,GA . PASS . GT 0/11 10/1 9/10 11"},
			[]string{"1:10 A>C,G,T,AC,AG,AT,CA,CC,CG,CT,GA 0/11 10/1 9/10 11"}},
		{"symbols", []string{"1 10 . A <DEL> . PASS END=20 GT 0/1 0/0 0/0 1/1", "1 20 . G G]1:900] . PASS . GT 0/0 0/0 0/0 0/1"},
			[]string{"1:10 A><DEL> 0/1 0/0 0/0 1/1", "1:20 G>G]1:900] 0/0 0/0 0/0 0/1"}},
		{"no ALT", []string{"1 10 . A . . PASS . GT 0/0 0/0 ./. 0/0"}, []string{"1:10 A> 0/0 0/0 ./. 0/0"}},
		{"small letters", []string{"1 10 . a cg . PASS . GT 0/0 0/1 ./. 0/0"}, []string{"1:10 A>CG 0/0 0/1 ./. 0/0"}},
		{"filters", []string{"1 10 . A C . q10 . GT 0 0 0 0", "1 11 . A C . . . GT 0 0 0 0", "1 12 . A C . PASS . GT 0 0 0 0", "1 13 . A C . PASS;q10 . GT 0 0 0 0"},
			[]string{"1:10 A>C filtered 0 0 0 0", "1:11 A>C 0 0 0 0", "1:12 A>C 0 0 0 0", "1:13 A>C filtered 0 0 0 0"}},
		{"other fields behind GT", []string{"1 10 . A C . PASS . GT:AD:DP 0/1:3,4:7 0/0 1/1:.:. ./.:0,0"}, []string{"1:10 A>C 0/1 0/0 1/1 ./."}},
		{"other fields before GT", []string{"1 10 . A C . PASS . DP:GT 7:0/1 0:0/0 3:1/1 5"}, []string{"1:10 A>C 0/1 0/0 1/1 ."}},
		{"dosages beside GT", []string{"1 10 . A C . PASS . DS:GT 0.1:0/0 1.2:0/1 1.9:1/1 ."}, []string{"1:10 A>C 0/0 0/1 1/1 ."}},
		{"a record without GT", []string{"1 10 . A C . PASS . DP 3 4 5 6", "1 11 . A C . PASS . GT 0 0 0 0"}, []string{"1:10 A>C . . . .", "1:11 A>C 0 0 0 0"}},
		{"a record without fields", []string{"1 10 . A C . PASS . . . . . .", "1 11 . A C . PASS . GT 0 0 0 0"}, []string{"1:10 A>C . . . .", "1:11 A>C 0 0 0 0"}},
		{"three chromosomes are no call", []string{"1 10 . A C . PASS . GT 0/0/1 0/1 ./././. 1|1|1|0"}, []string{"1:10 A>C dropped 3 ./. 0/1 ./. ./."}},
		{"a block, by GQ", []string{"1 10 . A <NON_REF> . PASS END=20 GT:DP:GQ 0/0:9:20 0/0:9:19 0|0:1:99 0/0:9:0"}, []string{"1:10 A><NON_REF> to 20 0/0 ./. 0/0 ./."}},
		{"a block, by RGQ where there is no GQ", []string{"1 10 . A . . PASS END=20 RGQ:GT:GQ 20:0/0:. 19:0/0:. 1:0/0:50 .:0/0:."}, []string{"1:10 A> to 20 0/0 ./. 0/0 0/0"}},
		{"a block, by depth", []string{"1 10 . A <*> . PASS DP=0;END=10 GT:DP:GQ:MIN_DP 0/0:0:99:. 0/0:5:99:0 0/0:1:99:1 0/0:.:99:."}, []string{"1:10 A><*> to 10 ./. ./. 0/0 0/0"}},
		{"a block without anything that tells how sure it is", []string{"1 10 . A <NON_REF>,<*> . PASS END=200000 GT 0/0 0|0 0 ."}, []string{"1:10 A><NON_REF>,<*> to 200000 0/0 0/0 0 ."}},
		{"a block, and who has something else in it", []string{"1 10 . A <NON_REF> . PASS END=20 GT:GQ 0/1:99 1/1:99 ./0:99 1:99"}, []string{"1:10 A><NON_REF> to 20 ./. ./. ./. ."}},
		{"a block of one chromosome", []string{"X 10 . A <NON_REF> . PASS END=20 GT:GQ 0:99 0:3 0/0:20 .:99"}, []string{"X:10 A><NON_REF> to 20 0 . 0/0 ."}},
		{"what stands for other alleles, beside an ALT, is no block", []string{"1 10 . A C,<NON_REF> . PASS END=20 GT:GQ 0/0:3 0/1:3 0/2:3 1/2:3"}, []string{"1:10 A>C,<NON_REF> 0/0 0/1 0/2 1/2"}},
		{"what stands for other alleles, without END, is no block", []string{"1 10 . A <NON_REF> . PASS DP=3 GT:GQ 0/0:3 0/0:3 0/0:3 0/0:3"}, []string{"1:10 A><NON_REF> 0/0 0/0 0/0 0/0"}},
		{"INFO that no one can read", []string{"1 10 x;y A C -1e9 PASS ;=;;AN=x GT 0 0 0 1"}, []string{"1:10 A>C 0 0 0 1"}},
		{"a contig of no assembly", []string{"GL000225.1 10 . A C . PASS . GT 0 0 0 1"}, []string{"GL000225.1:10 A>C 0 0 0 1"}},
		{"the telomere", []string{"1 0 . N C . PASS . GT 0 0 0 1"}, []string{"1:0 N>C 0 0 0 1"}},
		{"the last position", []string{"1 2147483647 . N C . PASS . GT 0 0 0 1"}, []string{"1:2147483647 N>C 0 0 0 1"}},
		{"long alleles", []string{"1 10 . " + strings.Repeat("AC", 200) + " A . PASS . GT 0 0 0 1"}, []string{"1:10 " + strings.Repeat("AC", 200) + ">A 0 0 0 1"}},
		{"contigs in any order", []string{"X 10 . A C . PASS . GT 0 0 0 1", "1 5 . A C . PASS . GT 0 0 0 1"}, []string{"X:10 A>C 0 0 0 1", "1:5 A>C 0 0 0 1"}},
		{"two variants of a position", []string{"1 10 . A C . PASS . GT 0 0 0 1", "1 10 . A G . PASS . GT 0 0 0 1", "1 10 . AC A . PASS . GT 0 0 0 1"},
			[]string{"1:10 A>C 0 0 0 1", "1:10 A>G 0 0 0 1", "1:10 AC>A 0 0 0 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := vcf.New(strings.NewReader(text(c.lines...)), vcf.Config{})
			if got, err := rows(r, err); err != nil || cmp.Diff(c.want, got) != "" {
				t.Fatalf("the text says %q, %v", got, err)
			}
			for name, w := range ways() {
				got, err := readAll(w.file(t, c.lines...), bcf.Config{})
				if d := cmp.Diff(c.want, got); err != nil || d != "" {
					t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
				}
			}
		})
	}
}

func TestNumbersOfTheHeaderAreFollowed(t *testing.T) {
	r := encode(t, way{}, "X 10 . A C . q10 . DP:GT 7:0/1 4:0/0 5:1/1 6:./.")
	r.contig = 38 // X
	r.shared = bytes.Replace(r.shared, []byte{0x11, 1}, []byte{0x11, 13}, 1)
	r.indiv = bytes.Replace(bytes.Replace(r.indiv, []byte{0x11, 2}, []byte{0x11, 12}, 1), []byte{0x11, 3}, []byte{0x12, 11, 0}, 1)
	// Two bytes were used for a number that fits into one: readers take any width.
	got, err := readAll(way{}.write(t, numbered(), r.bytes()), bcf.Config{})
	if d := cmp.Diff([]string{"X:10 A>C filtered 0/1 0/0 1/1 ./."}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestLongVectorsAndOddLengthsAreRead(t *testing.T) {
	gt := func(n int, values ...int32) []byte { return append(kind(n, 1), integers(1, values...)...) }
	fill := func(n int, of ...int32) (v []int32) {
		for range 4 {
			v = append(v, of...)
			for range n - len(of) {
				v = append(v, -127)
			}
		}
		return v
	}
	for _, c := range []struct {
		name string
		gt   []byte
		want string
	}{
		{"room for three alleles that nobody has", gt(3, fill(3, 2, 4)...), "1:10 A>C 0/1 0/1 0/1 0/1"},
		{"room for 20 alleles", gt(20, fill(20, 2, 5)...), "1:10 A>C 0/1 0/1 0/1 0/1"},
		{"room for 200 alleles", gt(200, fill(200, 4)...), "1:10 A>C 1 1 1 1"},
		{"room for none", gt(0), "1:10 A>C . . . ."},
		{"no type at all", []byte{0}, "1:10 A>C . . . ."},
		{"vectors that end at once", gt(2, fill(2)...), "1:10 A>C . . . ."},
		{"a length in more bytes than it needs", append([]byte{0xf1, 0x13, 2, 0, 0, 0}, integers(1, fill(2, 2, 2)...)...), "1:10 A>C 0/0 0/0 0/0 0/0"},
		{"the phase of the first allele", gt(2, fill(2, 3, 5)...), "1:10 A>C 0/1 0/1 0/1 0/1"},
		{"two alleles that are missing, phased", gt(2, fill(2, 1, 1)...), "1:10 A>C ./. ./. ./. ./."},
	} {
		r := encode(t, way{}, "1 10 . A C . PASS . GT 0 0 0 0")
		r.indiv = append([]byte{0x11, 3}, c.gt...)
		got, err := readAll(way{}.write(t, headText, r.bytes()), bcf.Config{})
		if d := cmp.Diff([]string{c.want}, got); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, d)
		}
	}
}

func TestManySamplesAreReadPieceByPiece(t *testing.T) {
	const samples = 140_003 // over the buffer, at two bytes each
	head, line, want := strings.TrimSuffix(headText, "\tA\tB\tC\tD\n"), "1 10 . A C . PASS . DP:GT", "1:10 A>C"
	var b strings.Builder
	b.WriteString(head)
	cells := make([]string, samples)
	for i := range cells {
		fmt.Fprintf(&b, "\t%d", i)
		cells[i] = []string{"0/0", "0/0", "0|0", "0/0", "0/0", "0/0", "1/1", "./1", "0", "0/0"}[i%10]
	}
	line += " 7:" + strings.Join(cells, " 7:")
	b.WriteString("\n")
	want += " " + strings.ReplaceAll(strings.Join(cells, " "), "|", "/")
	for _, size := range []int{1, 2, 4} {
		w := way{size: size}
		got, err := readAll(w.write(t, b.String(), encode(t, w, line).bytes()), bcf.Config{})
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%d bytes an allele: %d rows, %v", size, len(got), err)
		}
	}
}

func TestTheHeaderTellsTheAssembly(t *testing.T) {
	for _, c := range []struct {
		name, contigs string
		want          genotype.Assembly
	}{
		{"nothing", "", genotype.UnknownAssembly},
		{"no length", "##contig=<ID=1>\n", genotype.UnknownAssembly},
		{"lengths of two assemblies", "##contig=<ID=1,length=249250621>\n##contig=<ID=chr2,length=242193529>\n", genotype.UnknownAssembly},
		{"GRCh37", "##contig=<ID=1,length=249250621,IDX=0>\n##contig=<ID=GL1,length=4262,IDX=1>\n", genotype.GRCh37},
		{"GRCh38, whatever the field order", "##contig=<species=\"Homo, length=5\",length=50818468,ID=chr22>\n", genotype.GRCh38},
	} {
		b := way{}.write(t, "##fileformat=VCFv4.2\n"+c.contigs+"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
		r, err := bcf.New(bytes.NewReader(b), bcf.Config{})
		if err != nil || r.Assembly() != c.want || len(r.Samples()) != 0 {
			t.Errorf("%s: got %v, %v; want %v", c.name, r.Assembly(), err, c.want)
		}
	}
	r, err := bcf.New(bytes.NewReader(way{}.write(t, numbered())), bcf.Config{})
	if err != nil || len(r.Contigs()) != 40 || r.Contigs()[38] != "X" || r.Contigs()[7] != "" {
		t.Errorf("the contigs are %q, %v", r.Contigs(), err)
	}
}

func TestSitesThatNobodyAsksForAreNotDecoded(t *testing.T) {
	broken := encode(t, way{}, "1 10 . A C . PASS . GT 0/0 0/1 1/1 ./.")
	broken.indiv[0] = 0xff
	b := way{}.write(t, headText, broken.bytes(), encode(t, way{}, "1 20 . A C . PASS . GT 0 0 0 1").bytes(), encode(t, way{}, "1 30 . A C . PASS . DS 1 1 1 1").bytes())
	got, err := readAll(b, bcf.Config{Covers: func(s *genotype.Site) bool { return s.Pos == 20 }})
	if d := cmp.Diff([]string{"1:10 A>C", "1:20 A>C 0 0 0 1", "1:30 A>C"}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestAFileWithoutSamplesHasRowsWithoutCalls(t *testing.T) {
	r := encode(t, way{}, "1 10 . A C . PASS . .")
	got, err := readAll(way{}.write(t, strings.Replace(headText, "\tFORMAT\tA\tB\tC\tD", "", 1), r.bytes()), bcf.Config{})
	if d := cmp.Diff([]string{"1:10 A>C"}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestAnErrorSticks(t *testing.T) {
	r, err := bcf.New(bytes.NewReader(way{}.file(t, "1 10 . A C . PASS . GT 0/2 0 0 0", "1 20 . A C . PASS . GT 0 0 0 1")), bcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var row genotype.Row
	first := r.Next(&row)
	if second := r.Next(&row); !errors.Is(first, bcf.ErrGenotype) || second != first {
		t.Errorf("first %v, then %v", first, second)
	}
}

func TestAFileIsKnownByWhatIsInIt(t *testing.T) {
	for name, c := range map[string]struct {
		head []byte
		want bool
	}{
		"BCF":                  {way{}.file(t), true},
		"unpacked BCF":         {way{plain: true}.file(t), true},
		"VCF":                  {[]byte(text()), false},
		"nothing":              {nil, false},
		"the end of a BGZF":    {[]byte("\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00\x42\x43\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"), false},
		"BCF 1":                {[]byte("BCF\x04"), false},
		"BGZF that is damaged": {append(way{}.file(t)[:18], 1, 2, 3), false},
	} {
		if got := bcf.Is(c.head); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDamagedCompressionIsNoEndOfFile(t *testing.T) {
	whole := way{}.file(t, "1 10 . A C . PASS . GT 0 0 0 1", "1 11 . A C . PASS . GT 0 0 0 1")
	flipped := bytes.Clone(whole)
	flipped[60] ^= 4
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"cut in the last block": {whole[:len(whole)-3], bgzf.ErrTruncated},
		"no end":                {whole[:len(whole)-28], bgzf.ErrNoEnd},
		"something behind":      {append(bytes.Clone(whole), 1), bgzf.ErrTrailing},
		"a flipped bit":         {flipped, bgzf.ErrDamaged},
	} {
		if _, err := readAll(c.b, bcf.Config{}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// Bytes are read in a way of their own; two bytes an allele are read one by one.
func TestEveryWidthGivesTheSameCalls(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for range 1000 {
		samples, alts := 1+rng.IntN(11), rng.IntN(4)
		head := strings.TrimSuffix(headText, "\tA\tB\tC\tD\n")
		for i := range samples {
			head += fmt.Sprint("\t", i)
		}
		var values [3][]byte
		for range 2 * samples {
			x := int32(rng.IntN(2*alts + 4))
			switch rng.IntN(40) {
			case 0:
				x += 2
			case 1:
				x = -1 - rng.Int32N(5)
			}
			end := rng.IntN(12) == 0
			for k, size := range []int{1, 2, 4} {
				v := x
				if end {
					v = -1<<(8*size-1) + 1
				}
				values[k] = append(values[k], integers(size, v)...)
			}
		}
		var rows [3]string
		for k, size := range []int{1, 2, 4} {
			r := encode(t, way{}, "1 10 . A "+[]string{".", "C", "C,G", "C,G,T"}[alts]+" . PASS . .")
			r.samples, r.fields = uint32(samples), 1
			r.indiv = append(append([]byte{0x11, 3}, kind(2, intKind(size))...), values[k]...)
			got, err := readAll(way{plain: true}.write(t, head+"\n", r.bytes()), bcf.Config{})
			rows[k] = fmt.Sprint(got, " ", err)
			if err != nil && k == 0 {
				refused++
			}
		}
		if rows[0] != rows[1] || rows[0] != rows[2] {
			t.Fatalf("1, 2 and 4 bytes an allele give\n%s", strings.Join(rows[:], "\n"))
		}
	}
	if refused < 100 || refused > 900 {
		t.Errorf("%d of 1000 are refused: this shows little", refused)
	}
}
