package table

import (
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"text/tabwriter"
)

// Estimate is one variant of a private answer: what noisy counts tell of it.
type Estimate struct {
	// Row has AC and AN rounded to whole alleles.
	Row
	// AF is the frequency, and SE its standard error from noise alone. AF is no number, and
	// SE infinite, where nobody seems to be called.
	AF, SE float64
	// Low and High hold the frequency among the people who were counted.
	Low, High float64
	// PopLow and PopHigh hold that of the population which they were drawn from.
	PopLow, PopHigh float64
}

// digits that an estimate has: noise leaves no more than three.
const (
	afDigits    = 6
	errorDigits = 3
)

// number writes a finite number, or none.
func number(b []byte, x float64, digits int, none string) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(b, none...)
	}
	return strconv.AppendFloat(b, x, 'g', digits, 64)
}

// numbers appends AF, SE and the four bounds, with something before each.
func (e *Estimate) numbers(b []byte, before [6]string, none string) []byte {
	for i, x := range [...]float64{e.AF, e.SE, e.Low, e.High, e.PopLow, e.PopHigh} {
		digits := afDigits
		if i == 1 {
			digits = errorDigits
		}
		b = number(append(b, before[i]...), x, digits, none)
	}
	return b
}

// EstimateTSV writes a header and the columns of TSV, with the estimate's own behind them.
func EstimateTSV(w io.Writer, rows iter.Seq[Estimate]) error {
	head := "#CHROM\tPOS\tREF\tALT\tAC\tAN\tAF\tSE\tLOW\tHIGH\tPOP_LOW\tPOP_HIGH\n"
	return writeLines(w, head, rows, func(b []byte, e *Estimate) []byte {
		return append(e.numbers(e.appendTSVCounts(b), [6]string{"", "\t", "\t", "\t", "\t", "\t"}, "NA"), '\n')
	})
}

// EstimateAfreq writes what `plink2 --freq` writes, with the estimated frequency, which is
// not that of whole alleles.
func EstimateAfreq(w io.Writer, rows iter.Seq[Estimate]) error {
	return writeLines(w, afreqHead, rows, func(b []byte, e *Estimate) []byte {
		b = number(e.appendAfreqPlace(b), e.AF, afDigits, "nan")
		return appendNumber(append(b, '\t'), e.AN, '\n')
	})
}

// EstimateVCF writes version 4.3, sites only, with AF, its error and both intervals. AC and
// AN are left out: programs take them for counts.
func EstimateVCF(w io.Writer, h Head, rows iter.Seq[Estimate]) error {
	head := h.above() +
		"##INFO=<ID=AF,Number=A,Type=Float,Description=\"Estimated frequency, with noise\">\n" +
		"##INFO=<ID=AFSE,Number=A,Type=Float,Description=\"Standard error of AF from noise\">\n"
	for _, end := range [...][3]string{
		{"AFLO", "Lower", "the people counted"}, {"AFHI", "Upper", "the people counted"},
		{"POPLO", "Lower", "their population"}, {"POPHI", "Upper", "their population"},
	} {
		head += fmt.Sprintf("##INFO=<ID=%s,Number=A,Type=Float,Description=\"%s end of the %.6g %% interval, of %s\">\n", end[0], end[1], 100*h.Confidence, end[2])
	}
	head += vcfColumns
	return writeLines(w, head, rows, func(b []byte, e *Estimate) []byte {
		b = e.appendVCFPlace(b)
		return append(e.numbers(b, [6]string{"AF=", ";AFSE=", ";AFLO=", ";AFHI=", ";POPLO=", ";POPHI="}, "."), '\n')
	})
}

// EstimateJSONL writes one JSON object a line.
func EstimateJSONL(w io.Writer, rows iter.Seq[Estimate]) error {
	return writeLines(w, "", rows, func(b []byte, e *Estimate) []byte { return append(AppendEstimateJSON(b, e), '\n') })
}

// AppendEstimateJSON appends an estimate as one JSON object.
func AppendEstimateJSON(b []byte, e *Estimate) []byte {
	b = e.appendJSONPlace(b)
	return append(e.numbers(b, [6]string{`,"af":`, `,"se":`, `,"low":`, `,"high":`, `,"popLow":`, `,"popHigh":`}, "null"), '}')
}

// EstimateText writes the first rows, aligned, and how many more there are. First below 1
// means all of them.
func EstimateText(w io.Writer, first int, rows iter.Seq[Estimate]) error {
	return textTable(w, first, "CHROM\tPOS\tREF\tALT\tAF\tSE\tLOW\tHIGH", rows, func(t *tabwriter.Writer, e *Estimate) error {
		_, err := fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Contig, e.Pos, shorten(e.Ref), shorten(e.Alt),
			number(nil, e.AF, 4, "-"), number(nil, e.SE, 2, "-"), number(nil, e.Low, 4, "-"), number(nil, e.High, 4, "-"))
		return err
	})
}
