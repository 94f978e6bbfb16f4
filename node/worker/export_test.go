package worker

import "github.com/locus-genomics/locus/node/genotype"

// What tests see of the inside.
var (
	Sentinels   = sentinels
	AppendFault = appendFault
	ReadFault   = readFault
)

// RowWriter writes rows as the child does.
type RowWriter struct{ w rowWriter }

// NewRowWriter writes rows of so many samples.
func NewRowWriter(samples int) *RowWriter { return &RowWriter{rowWriter{samples: samples}} }

// Append appends a row.
func (w *RowWriter) Append(b []byte, row *genotype.Row) ([]byte, error) { return w.w.append(b, row) }

// ReadRows reads rows as the parent does, and calls each with one after another.
func ReadRows(b []byte, samples int, places *Places, each func(*genotype.Row)) error {
	r := newRowReader(samples, places)
	c := cursor{b: b}
	var row genotype.Row
	for len(c.b) > 0 {
		if err := r.read(&c, &row); err != nil {
			return err
		}
		each(&row)
	}
	return nil
}
