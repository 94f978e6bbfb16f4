package store

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// ErrParts is returned for readers that are not of one dataset: their samples differ
// where they have to be the same, or are the same where they have to differ.
var ErrParts = errors.New("store: the files do not belong together")

var _ genotype.Reader = (*Parts)(nil)

// Parts reads the parts of a dataset, such as one file a chromosome, as if they were one
// file. It is not safe for concurrent use.
type Parts struct {
	parts  []genotype.Reader
	at     int
	course course
	order  genotype.Order
	err    error // what Next ended with
}

// Concat reads parts one after another. They have the same samples in the same order,
// and a site of a part comes after all those of the parts before it: a contig may go on
// in the next part and does not come back later. The parts stay the caller's to close.
func Concat(parts ...genotype.Reader) (*Parts, error) {
	if len(parts) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrParts)
	}
	for i, p := range parts[1:] {
		if !slices.Equal(p.Samples(), parts[0].Samples()) {
			return nil, fmt.Errorf("%w: the samples of file %d are not those of the first, in its order", ErrParts, i+2)
		}
	}
	return &Parts{parts: parts}, nil
}

// Samples are those of every part.
func (p *Parts) Samples() []string { return p.parts[0].Samples() }

// Contigs are those of all parts, or nil where one does not know them beforehand. A
// contig that goes on in another part comes twice.
func (p *Parts) Contigs() (all []string) {
	for _, part := range p.parts {
		known := contigsOf(part)
		if known == nil {
			return nil
		}
		all = append(all, known...)
	}
	return all
}

// contigsOf are the contigs of a reader that knows them beforehand.
func contigsOf(r genotype.Reader) []string {
	if c, ok := r.(interface{ Contigs() []string }); ok {
		return c.Contigs()
	}
	return nil
}

// Next fills row with the next site. It returns io.EOF when every part has.
func (p *Parts) Next(row *genotype.Row) error {
	if p.err == nil {
		p.err = p.next(row)
	}
	return p.err
}

func (p *Parts) next(row *genotype.Row) error {
	for ; p.at < len(p.parts); p.at++ {
		err := p.parts[p.at].Next(row)
		if err == io.EOF {
			continue
		}
		if err == nil {
			err = p.order.Check(p.course.key(&row.Site), &row.Site)
		}
		if err != nil {
			return fmt.Errorf("file %d: %w", p.at+1, err)
		}
		return nil
	}
	return io.EOF
}
