package node

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/bgen"
)

// part is a file that is read when its turn has come, so that of many files one is in a
// child at a time.
type part struct {
	begin   func() (genotype.Reader, error)
	files   *genotypeFiles
	samples []string
	rows    genotype.Reader // once it has begun
}

// newPart reads the beginning of a file, and opens it anew for its turn.
func newPart(ctx context.Context, how *parsing, path string, t bgen.Calling, look *looking) (*part, aboutFile, error) {
	beginning, err := openGenotypeFiles(path, t)
	if err != nil {
		return nil, aboutFile{}, err
	}
	beginning.scan = look != nil
	r, about, err := beginning.parsed(ctx, how, nil)
	if err != nil {
		return nil, aboutFile{}, errors.Join(err, beginning.Close())
	}
	look.genotypes(beginning, r.Samples(), about.personal)
	p := &part{samples: slices.Clone(r.Samples())}
	if err := beginning.Close(); err != nil {
		return nil, aboutFile{}, err
	}
	if p.files, err = openGenotypeFiles(path, t); err != nil {
		return nil, aboutFile{}, err
	}
	p.begin = func() (genotype.Reader, error) {
		r, _, err := p.files.parsed(ctx, how, nil)
		if err == nil && !slices.Equal(r.Samples(), p.samples) {
			err = errDatasetChanged
		}
		return r, err
	}
	return p, about, nil
}

// Samples are the names in the file's order.
func (p *part) Samples() []string { return p.samples }

// Next reads the next row. After the last one the child has ended.
func (p *part) Next(row *genotype.Row) (err error) {
	if p.rows == nil {
		if p.rows, err = p.begin(); err != nil {
			return err
		}
	}
	err = p.rows.Next(row)
	if err == io.EOF {
		if stopped := p.files.stop(); stopped != nil {
			return stopped
		}
	}
	return err
}
