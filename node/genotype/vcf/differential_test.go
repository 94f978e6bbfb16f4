package vcf_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// naive reads the GT of a cell as the specification has it, and nothing else. It is not
// ok for one that names an allele over last, or that is none.
func naive(cell string, at, last int) (c genotype.Call, dropped, ok bool) {
	gt := "."
	if fields := strings.Split(cell, ":"); at < len(fields) {
		gt = fields[at]
	}
	if len(gt) > 1 {
		gt = strings.TrimPrefix(strings.Replace(gt, "|", "/", 1), "/")
	}
	var alleles []genotype.Allele
	for text := range strings.SplitSeq(strings.ReplaceAll(gt, "|", "/"), "/") {
		n, err := strconv.ParseUint(text, 10, 16)
		switch {
		case text == ".":
			alleles = append(alleles, genotype.Missing)
		case err != nil || len(text) > 5 || int(n) > last:
			return 0, false, false
		default:
			alleles = append(alleles, genotype.Reference+genotype.Allele(n))
		}
	}
	switch len(alleles) {
	case 1:
		return genotype.NewCall(alleles[0], genotype.Absent), false, true
	case 2:
		return genotype.NewCall(min(alleles[0], alleles[1]), max(alleles[0], alleles[1])), false, true
	}
	return genotype.NoCall, true, true
}

// line is a line of a made file, and what its calls are: none if it is refused.
type line struct {
	text    string
	calls   []genotype.Call
	dropped int
}

// makeLine draws a line of so many samples. Of one line in two all cells are usual.
func makeLine(rng *rand.Rand, pos, samples int) line {
	alts := []string{"C", "C", "C", "C", ".", "C,G", "<NON_REF>", "C,*,<DEL>,G,T,AC,AG,AT,CC,CG,CT"}[rng.IntN(8)]
	last := strings.Count(alts, ",") + 1
	if alts == "." {
		last = 0
	}
	format, at := "GT", 0
	switch rng.IntN(6) {
	case 0:
		format = "GT:AD:DP"
	case 1:
		format, at = "DP:GT", 1
	}
	separator := []string{"/", "/", "|"}[rng.IntN(3)]
	odd := []string{".", "0", "1", "./1", "1|.", "0/0/0", "1/1/1/0", "0/2", "x/0", "0-0", "", "0/", "00/0", "0/0x", "/0", "10/0", "11/11", "0/0 ", "0:/0", "\r", "0/1"}
	oddest := 0 // one cell in so many is odd
	if rng.IntN(2) == 0 {
		oddest = 2 * samples
	}
	common := rng.Float64()
	common *= common * common
	usual := "0"
	if last > 0 && rng.IntN(6) == 0 {
		usual = "1" // nearly everyone has the ALT
	}
	l := line{}
	fields := []string{"1", strconv.Itoa(pos), ".", "A", alts, ".", "PASS", strings.Repeat("x", rng.IntN(40)), format}
	sound := true
	for range samples {
		gt := usual + separator + usual
		if rng.Float64() < common {
			gt = []string{"0", "1", "."}[rng.IntN(3)]
			gt = min(gt, strconv.Itoa(last))
			other := "0"
			if gt == "." {
				other = "."
			} else if rng.IntN(2) == 0 {
				other = strconv.Itoa(min(last, 1))
			}
			gt += []string{"/", separator}[rng.IntN(2)] + other
		}
		if oddest > 0 && rng.IntN(oddest) == 0 {
			gt = odd[rng.IntN(len(odd))]
		}
		cell := gt
		switch {
		case format == "DP:GT":
			cell = strconv.Itoa(rng.IntN(100)) + ":" + gt
		case format != "GT" && rng.IntN(4) > 0:
			cell += ":" + strings.Repeat("9,", rng.IntN(60)) + "9:7"
		}
		fields = append(fields, cell)
		c, dropped, ok := naive(cell, at, last)
		sound = sound && ok
		l.calls = append(l.calls, c)
		if dropped {
			l.dropped++
		}
	}
	l.text = strings.Join(fields, "\t")
	if oddest > 0 && rng.IntN(8) == 0 {
		end := strings.LastIndexByte(l.text, '\t')
		l.text, sound = []string{l.text[:end], l.text + "\t0/0", l.text + "\t"}[rng.IntN(3)], false
	}
	if !sound {
		l.calls = nil
	}
	return l
}

// ways are how the same text comes from a file, in large pieces and in small ones.
func ways(t *testing.T, text string, step int) map[string]io.Reader {
	t.Helper()
	var blocks bytes.Buffer
	for rest := text; len(rest) > 0; { // small blocks, so that lines end anywhere in them
		w := bgzf.NewWriter(&blocks)
		n := min(step, len(rest))
		if _, err := io.WriteString(w, rest[:n]); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	return map[string]io.Reader{
		"BGZF, unpacked ahead": bgzf.NewParallelReader(bytes.NewReader(blocks.Bytes()), 2),
		"text":                 strings.NewReader(text), "CR LF": strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")), "BGZF": &blocks,
		"no last line end": strings.NewReader(strings.TrimSuffix(text, "\n")), "in halves": iotest.HalfReader(strings.NewReader(text)),
	}
}

// Lines that are read many samples at a time, and lines that are not, mean what they
// mean to a reader that knows of no speed. A refused line is refused; after it a file is
// over.
func TestEveryLineMeansWhatItMeansNaively(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	classes, refused := 0, 0
	for round := range 200 {
		samples := []int{1, 3, 15, 16, 17, 63, 64, 65, 130, 1000}[round%10]
		var text strings.Builder
		text.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
		for i := range samples {
			fmt.Fprintf(&text, "\ts%d", i)
		}
		text.WriteByte('\n')
		var lines []line
		for sound := true; sound && len(lines) < 12; {
			l := makeLine(rng, 10+len(lines), samples)
			sound = l.calls != nil
			lines = append(lines, l)
			text.WriteString(l.text + "\n")
		}
		for way, in := range ways(t, text.String(), 300+rng.IntN(3*samples+200)) {
			r, err := vcf.New(in, vcf.Config{})
			if err != nil {
				t.Fatal(err)
			}
			for i, l := range lines {
				var row genotype.Row
				switch err := r.Next(&row); {
				case (err == nil) != (l.calls != nil):
					t.Fatalf("round %d, %s, line %d: %v\n%s", round, way, i, err, l.text)
				case err != nil:
					refused++
					continue
				case row.Dropped != l.dropped:
					t.Fatalf("round %d, %s, line %d: %d calls are dropped, want %d\n%s", round, way, i, row.Dropped, l.dropped, l.text)
				}
				if len(row.Classes) > 0 {
					classes++
					listed(t, &row, samples)
				}
				row.Expand(samples)
				for k, c := range row.Calls {
					if a, b := c.Alleles(); a > b && b != genotype.Absent {
						row.Calls[k] = genotype.NewCall(b, a)
					}
				}
				if !slices.Equal(row.Calls, l.calls) {
					t.Fatalf("round %d, %s, line %d: other calls\n%s", round, way, i, l.text)
				}
			}
		}
	}
	if classes < 1000 || refused < 300 {
		t.Errorf("%d lines were read many samples at a time, %d refused: too few", classes, refused)
	}
}

// listed wants a short set as a list, and a long one as a bitmap that fits.
func listed(t *testing.T, row *genotype.Row, samples int) {
	t.Helper()
	c := &row.Classes[0]
	if len(row.Classes) != max(1, len(row.Alts)) || !c.Fits(samples) {
		t.Fatalf("%d classes, or they do not fit %d samples", len(row.Classes), samples)
	}
	for _, s := range []*genotype.Set{&c.Het, &c.Hom, &c.Missing} {
		if s.Bits != nil && s.Len() <= genotype.MostListed(samples) || s.Bits == nil && len(s.IDs) > genotype.MostListed(samples) {
			t.Fatalf("a set of %d of %d samples, as a bitmap %t", s.Len(), samples, s.Bits != nil)
		}
	}
}
