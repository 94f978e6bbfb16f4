package bcf_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bcf"
)

// headOf is headText with so many samples.
func headOf(samples int) string {
	head, _, _ := strings.Cut(headText, "\tA\tB")
	for i := range samples {
		head += "\ts" + strconv.Itoa(i)
	}
	return head + "\n"
}

// One allele a byte is read many samples at a time, two bytes never are. Both say the
// same of every record, or refuse it for the same sample.
func TestManyAtATimeMeansWhatOneByOneMeans(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	odd := []string{".", "0", "1", "./1", "1|.", "0/0/0", "1/1/1/0", "0/2", "3/1", "0|0", "|0", "2"}
	classes, refused := 0, 0
	for round := range 500 {
		samples := []int{1, 15, 16, 17, 63, 64, 65, 130, 1000}[round%9]
		common := rng.Float64()
		common *= common
		var lines []string
		for i := range 4 {
			cells := make([]string, samples)
			for k := range cells {
				cells[k] = "0/0"
				if rng.Float64() < common {
					cells[k] = []string{"0/1", "1|0", "1/1", "./.", ".|.", "0|0"}[rng.IntN(6)]
				}
				if round%2 == 0 && rng.IntN(4*samples) == 0 {
					cells[k] = odd[rng.IntN(len(odd))]
				}
			}
			alts := []string{"C", "C", "C", ".", "C,G"}[rng.IntN(5)]
			lines = append(lines, fmt.Sprintf("1 %d . A %s . PASS . GT %s", 10+i, alts, strings.Join(cells, " ")))
		}
		file := func(w way) []byte {
			var records [][]byte
			for _, l := range lines {
				records = append(records, encode(t, w, l).bytes())
			}
			return w.write(t, headOf(samples), records...)
		}
		minor := byte(1 + rng.IntN(2))
		want, wantErr := readAll(file(way{minor: minor, size: 2}), bcf.Config{})
		in := io.Reader(bytes.NewReader(file(way{minor: minor, plain: round%3 == 0})))
		if round%3 == 1 {
			in = bgzf.NewParallelReader(in, 2)
		}
		fast, err := bcf.New(in, bcf.Config{})
		var got []string
		var row genotype.Row
		for err == nil {
			if err = fast.Next(&row); err == nil {
				if len(row.Classes) > 0 {
					classes++
					if c := &row.Classes[0]; len(row.Classes) != 1 || !c.Fits(samples) || c.Het.Bits != nil && c.Het.Len() <= genotype.MostListed(samples) {
						t.Fatal("classes that do not fit, or a short bitmap")
					}
				}
				if samples >= many {
					sorted(&row, samples)
				}
				got = append(got, show(&row))
			}
		}
		if wantErr != nil {
			refused++
		}
		if !slices.Equal(got, want) || wantErr != nil && sampleOf(err) != sampleOf(wantErr) {
			t.Fatalf("round %d: %v, and one by one %v\n%s\n%s", round, err, wantErr, got, want)
		}
	}
	if classes < 500 || refused < 20 {
		t.Errorf("%d records were read many at a time, %d refused: too few", classes, refused)
	}
}

// sampleOf is where an error is.
func sampleOf(err error) string {
	where, _, _ := strings.Cut(fmt.Sprint(err), ":")
	_, sample, _ := strings.Cut(where, "),")
	return sample
}
