package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/node/genotype/fasta"
	"github.com/locus-genomics/locus/node/tally"
	"github.com/locus-genomics/locus/protocol"
)

// errNoShelf is returned for a reference where nothing is stored: all of it would have to
// be read and digested again for each answer.
var errNoShelf = fmt.Errorf("%w: alleles are aligned by a reference when genotypes are stored; leave --reference or --no-store out", ErrConfig)

// readRegions reads a BED; an empty path is nowhere.
func readRegions(path string) (*tally.Regions, error) {
	if path == "" {
		return nil, nil
	}
	f, err := openHashed(path)
	if err != nil {
		return nil, fmt.Errorf("open the callable regions: %w", err)
	}
	defer f.Close()
	r, err := tally.ParseRegions(f)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if r.Bases() == 0 {
		return nil, fmt.Errorf("read %s: %w: there is none in it", filepath.Base(path), tally.ErrRegions)
	}
	return r, nil
}

// setRegions declares where everybody was looked at; nil is nowhere.
func (d *definition) setRegions(r *tally.Regions) {
	d.Regions, d.Callable = r, nil
	if r != nil {
		digest := protocol.Digest(r.Digest())
		d.Callable = &digest
	}
}

// reference is what alleles are aligned by. Nil aligns nothing.
type reference struct {
	*fasta.Reader
	done func() error
}

// openReference opens a FASTA and says what it is. An empty path is none.
func (d *definition) openReference(path string, on *shelf) (*reference, error) {
	if path == "" {
		return nil, nil
	}
	if on == nil {
		return nil, errNoShelf
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	whole, err := openHashed(path)
	if err != nil {
		return nil, fmt.Errorf("open the reference: %w", err)
	}
	is, err := whole.record()
	if err = errors.Join(err, whole.Close()); err != nil {
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	r, done, err := openFasta(path)
	if err != nil {
		return nil, fmt.Errorf("open the reference: %w", err)
	}
	d.Reference = &is
	return &reference{r, done}, nil
}

func (r *reference) align(rows genotype.Reader) genotype.Reader {
	if r == nil {
		return rows
	}
	return fasta.Align(rows, r.Reader)
}

// Close closes the files, if there are any.
func (r *reference) Close() error {
	if r == nil {
		return nil
	}
	return r.done()
}

// keepRegions puts a cohort's regions on the shelf, where sweep finds them.
func (s *shelf) keepRegions(d definition) error {
	if d.Regions == nil {
		return nil
	}
	return createDurably(s.dir, func(w io.Writer) (string, error) {
		_, err := d.Regions.WriteTo(w)
		return d.regionsName(), err
	})
}

// withRegions is a cohort with its regions read.
func (s *shelf) withRegions(d definition) (definition, error) {
	if d.Callable == nil {
		return d, nil
	}
	r, err := readRegions(filepath.Join(s.dir, d.regionsName()))
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, tally.ErrRegions):
		return d, fmt.Errorf("%w: %w", errDatasetChanged, err)
	case err != nil:
		return d, err
	case r.Digest() != *d.Callable:
		return d, fmt.Errorf("%w: the callable regions", errDatasetChanged)
	}
	d.Regions = r
	return d, nil
}
