package worker

import (
	"context"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

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

// ReadRows reads rows as the parent does, and calls each with one after another. Rows
// that are packed stay so, if packs is set.
func ReadRows(b []byte, samples int, places *Places, packs bool, each func(*genotype.Row)) error {
	r := newRowReader(samples, places)
	r.packs = packs
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

// Said is a Reader over what a child has said that has ended since.
func Said(r io.Reader) (*Reader, error) { return newReader(context.Background(), said{r}, false, nil) }

// SaidPersonal is Said of a child that was asked for personal data.
func SaidPersonal(r io.Reader) (*Reader, error) {
	return newReader(context.Background(), said{r}, true, nil)
}

type said struct{ io.Reader }

func (said) end() error   { return nil }
func (said) died() error  { return ErrChild }
func (said) hidden() bool { return true }

// Confine does what a child does before it reads so many files, and says what it could
// not do.
func Confine(memory, seconds uint64, files int) []string {
	return confine(limits{memory: memory, seconds: seconds}, files).strings()
}

// AskAgain encodes a question that was read.
func AskAgain(r io.Reader) ([]byte, error) {
	q, err := readQuestion(r)
	if err != nil {
		return nil, err
	}
	return q.encode(), nil
}

// Ask is a question about a VCF.
func Ask(places *Places) []byte {
	return question{format: VariantCalls, files: 1, limits: limits{memory: 1 << 30, seconds: 60}, places: places}.encode()
}
