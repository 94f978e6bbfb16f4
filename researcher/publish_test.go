package researcher_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/locus-genomics/locus/dp"
	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/panel"
	"github.com/locus-genomics/locus/researcher"
)

// A private answer is published as estimates: of its counts, its intervals and its noise
// nothing is in the table but a frequency and its error.
func TestTheTableOfAPrivateAnswer(t *testing.T) {
	a := researcher.Answer{Mode: protocol.Private}
	for i, e := range []dp.Estimate{
		{AF: 0.25, Error: 0.005, AC: 500, AN: 2000, Low: 0.24, High: 0.26},
		{AF: 0, Error: 1e-9},
		{AF: 1, Error: 3},
		{AF: math.NaN(), Error: 0.1},
		{AF: 1.0 / 3, Error: math.NaN()},
		{AF: 0.5, Error: math.Inf(1)},
	} {
		a.Estimates = append(a.Estimates, e)
		a.Rows = append(a.Rows, researcher.Row{Variant: panel.Variant{Contig: "7", Pos: uint32(100 + i), Ref: "A", Alt: "C"}, AC: 500, AN: 2000})
	}
	got, err := researcher.TableOf(&a)
	if err != nil {
		t.Fatal(err)
	}
	const want = "#CHROM\tPOS\tREF\tALT\tAF\tSE\n" +
		"7\t100\tA\tC\t0.25000000\t0.00500000\n" +
		"7\t101\tA\tC\t0.00000000\t0.00000000\n" +
		"7\t102\tA\tC\t1.00000000\t1.00000000\n" +
		"7\t103\tA\tC\t0.00000000\t1.00000000\n" +
		"7\t104\tA\tC\t0.33333333\t1.00000000\n" +
		"7\t105\tA\tC\t0.50000000\t1.00000000\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := readTable(got, protocol.Private); err != nil {
		t.Error(err)
	}
}

func readTable(raw []byte, mode protocol.Mode) (rows []protocol.TableRow, err error) {
	_, err = protocol.ReadTable(bytes.NewReader(raw), mode, func(r protocol.TableRow) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}
