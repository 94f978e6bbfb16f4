package table_test

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"math"
	"slices"
	"testing"

	"github.com/locus-genomics/locus/internal/table"
)

func estimates() []table.Estimate {
	return []table.Estimate{
		{Row: table.Row{Contig: "7", Pos: 117_559_590, Ref: "ATCT", Alt: "A", AC: 120, AN: 11_996}, AF: 0.0100123456, SE: 0.00512345, High: 0.0203, PopHigh: 0.0221},
		{Row: table.Row{Contig: "7", Pos: 117_587_806, Ref: "G", Alt: "A", AC: 5831, AN: 12_004}, AF: 0.48575, SE: 0.0051, Low: 0.4757, High: 0.4958, PopLow: 0.473, PopHigh: 0.4985},
		{Row: table.Row{Contig: "7", Pos: 117_587_811, Ref: "G", Alt: "C"}, AF: math.NaN(), SE: math.Inf(1), High: 1, PopHigh: 1},
	}
}

func estimateWriters() map[string]func(io.Writer, iter.Seq[table.Estimate]) error {
	return map[string]func(io.Writer, iter.Seq[table.Estimate]) error{
		"estimates.tsv":   table.EstimateTSV,
		"estimates.afreq": table.EstimateAfreq,
		"estimates.jsonl": table.EstimateJSONL,
		"estimates.vcf": func(w io.Writer, rows iter.Seq[table.Estimate]) error {
			h := head()
			h.Confidence = 0.95
			return table.EstimateVCF(w, h, rows)
		},
		"estimates.txt": func(w io.Writer, rows iter.Seq[table.Estimate]) error { return table.EstimateText(w, 2, rows) },
	}
}

func TestEstimatesAreGolden(t *testing.T) {
	for name, write := range estimateWriters() {
		t.Run(name, func(t *testing.T) { golden(t, name, write, estimates()) })
	}
}

func TestEstimatesAreValidJSON(t *testing.T) {
	var got bytes.Buffer
	if err := table.EstimateJSONL(&got, slices.Values(estimates())); err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(got.Bytes()) {
		var row map[string]any
		if err := json.Unmarshal(line, &row); err != nil || len(row) != 12 {
			t.Errorf("%s: %v, %d fields", line, err, len(row))
		}
	}
}
