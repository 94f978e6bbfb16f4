package vcf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/vcf"
)

// oneLine is a VCF of one line with these cells.
func oneLine(format string, cells []string) string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	for i := range cells {
		fmt.Fprintf(&b, "\ts%d", i)
	}
	return b.String() + "\n1\t10\t.\tA\tC\t.\tPASS\t.\t" + format + "\t" + strings.Join(cells, "\t") + "\n"
}

// codes are the calls of a bed's codes.
func codes() [4]genotype.Call {
	alt := genotype.Reference + 1
	return [4]genotype.Call{genotype.NewCall(alt, alt), genotype.NoCall, genotype.NewCall(genotype.Reference, alt), genotype.HomRef}
}

// readOne reads a file of one line, packed if that is possible and asked for.
func readOne(t *rapid.T, text string, pack bool) (calls []genotype.Call, packed bool, failed error) {
	r, err := vcf.New(strings.NewReader(text), vcf.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if pack {
		r.Pack()
	}
	var row genotype.Row
	if err := r.Next(&row); err != nil {
		return nil, false, err
	}
	if row.Packed == nil {
		for i, c := range row.Calls {
			if a, b := c.Alleles(); a > b && b >= genotype.Reference {
				row.Calls[i] = genotype.NewCall(b, a)
			}
		}
		return row.Calls, false, nil
	}
	if n := len(r.Samples()); len(row.Calls) > 0 || len(row.Packed) != (n+3)/4 {
		t.Fatalf("%d calls and %d bytes for %d samples", len(row.Calls), len(row.Packed), n)
	}
	for i := range r.Samples() {
		calls = append(calls, codes()[row.Packed[i/4]>>(2*(i%4))&3])
	}
	return calls, true, nil
}

// A packed row says what its calls say, or there is none; what is refused is refused in
// the same words.
func TestPackedRowsAreTheSameGenotypes(t *testing.T) {
	usual := []string{"0/0", "0|0", "0/1", "1|0", "1/1", "./.", ".|."}
	odd := []string{".", "0", "1", "./1", "1|.", "0/0/0", "0/2", "x/0", "0-0", "", "0/", "00/0", "0/0x"}
	rapid.Check(t, func(t *rapid.T) {
		mostly := rapid.SampledFrom(usual).Draw(t, "mostly")
		format := rapid.SampledFrom([]string{"GT", "GT:DP", "DP:GT"}).Draw(t, "FORMAT")
		isOdd := false
		cells := make([]string, rapid.SampledFrom([]int{1, 3, 4, 5, 8, 9, 40}).Draw(t, "samples"))
		for i := range cells {
			switch n := rapid.IntRange(0, 60).Draw(t, "which"); {
			case n < 40:
				cells[i] = mostly
			case n < 60:
				cells[i] = rapid.SampledFrom(usual).Draw(t, "cell")
			default:
				cells[i], isOdd = rapid.SampledFrom(odd).Draw(t, "odd cell"), true
			}
			switch {
			case format == "DP:GT":
				cells[i] = "7:" + cells[i]
			case format == "GT:DP" && rapid.Bool().Draw(t, "trailing field"):
				cells[i] += ":17"
			}
		}
		text := oneLine(format, cells)
		want, _, wantErr := readOne(t, text, false)
		got, packed, gotErr := readOne(t, text, true)
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Fatalf("%v, and packed %v", wantErr, gotErr)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-calls +packed):\n%s", d)
		}
		if !isOdd && format != "DP:GT" && !packed {
			t.Fatal("a line of usual cells is not packed")
		}
	})
}

func TestALineOfOneCellMoreIsRefused(t *testing.T) {
	for _, more := range []string{"\t0/0", "\t", ":1\t0/0"} {
		text := strings.Replace(oneLine("GT", []string{"0/0", "0/0", "0/0", "0/0"}), "0/0\n", "0/0"+more+"\n", 1)
		r, err := vcf.New(strings.NewReader(text), vcf.Config{})
		if err != nil {
			t.Fatal(err)
		}
		r.Pack()
		if err := r.Next(new(genotype.Row)); err == nil {
			t.Errorf("%q is taken", more)
		}
	}
}
