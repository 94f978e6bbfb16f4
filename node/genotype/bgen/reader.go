package bgen

import (
	"bufio"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/node/genotype"
)

// Config is the files, and what to read of them.
type Config struct {
	// Bgen is read from where it stands to its end. Needed.
	Bgen io.Reader
	// Sample is the .sample file. It is needed where the BGEN has no identifiers of
	// samples; where both have them they have to be the same.
	Sample io.Reader
	// Covers, if not nil, is asked for every site. Where it says no, the row has no
	// calls, and faults in them are not seen.
	Covers genotype.Covers
	// Free, if not nil, is shown the free data of the header, in parts, before they are
	// dropped. It MUST NOT keep them.
	Free func(part []byte)
	Calling
}

// Calling is what a BGEN does not say of itself, and has to be told. It is comparable.
type Calling struct {
	// Threshold is the probability from which on a genotype is called. Needed: there is
	// none that is right for every study.
	Threshold Threshold `json:"threshold,omitempty"`
	// RefLast takes the last allele of a variant for REF. Otherwise it is the first.
	// The format does not say which one is.
	RefLast bool `json:"refLast,omitempty"`
	// Contig is that of variants whose chromosome is not named or called NA, as in
	// files of one chromosome. Without it they are refused.
	Contig string `json:"contig,omitempty"`
}

// Reader is a genotype.Reader over a BGEN. Its rows have classes where there are two
// alleles, and calls where there are more, or one.
type Reader struct {
	cfg     Config
	samples []string
	sexes   []genotype.Sex
	header  header
	body    *source
	sites   sites
	decoder *decoder
	rows    uint64
	order   genotype.Order
	err     error
}

var _ genotype.Reader = (*Reader)(nil)

// New reads all of the .sample file and what stands before the first variant.
func New(cfg Config) (*Reader, error) {
	if err := cfg.Threshold.check(); err != nil {
		return nil, err
	}
	r := &Reader{cfg: cfg, body: &source{r: bufio.NewReaderSize(cfg.Bgen, readAhead)}}
	var (
		names []string
		err   error
	)
	if r.header, names, err = readHeader(r.body, cfg.Free); err != nil {
		return nil, err
	}
	if err := r.identify(names); err != nil {
		return nil, err
	}
	r.sites = sites{body: r.body, header: r.header, refLast: cfg.RefLast, missing: cfg.Contig}
	r.decoder, err = newDecoder(r.header, cfg.Threshold, cfg.RefLast)
	return r, err
}

// identify decides what the samples are called.
func (r *Reader) identify(names []string) error {
	if r.cfg.Sample != nil {
		t, err := readSample(r.cfg.Sample)
		if err != nil {
			return err
		}
		switch {
		case len(t.names) != r.header.samples:
			return fmt.Errorf("%w: the BGEN has %d samples, the .sample file %d", ErrSamples, r.header.samples, len(t.names))
		case names != nil && !t.agrees(names):
			return fmt.Errorf("%w: the BGEN has other ones than the .sample file", ErrSamples)
		}
		names, r.sexes = t.names, t.sexes
	}
	if names == nil {
		return fmt.Errorf("%w: the BGEN has none; put its .sample file beside it", ErrSamples)
	}
	seen := make(map[string]struct{}, len(names))
	for i, name := range names {
		if _, twice := seen[name]; twice {
			return fmt.Errorf("%w: sample %d has that of one before", ErrSamples, i+1)
		}
		seen[name] = struct{}{}
	}
	r.samples = names
	return nil
}

// Samples are the identifiers of the .sample file (ID_2), or else those of the BGEN.
func (r *Reader) Samples() []string { return r.samples }

// Sexes are those of the .sample file, in the order of Samples, and nil where there are
// none. They MUST NOT be changed.
func (r *Reader) Sexes() []genotype.Sex { return r.sexes }

// Next reads the next variant.
func (r *Reader) Next(row *genotype.Row) error {
	if r.err == nil {
		r.err = r.next(row)
	}
	return r.err
}

// next reads up to the next variant that has a place. Unplaced ones, on contig 0 or at
// position 0, cannot be asked for and may come in any number.
func (r *Reader) next(row *genotype.Row) error {
	for {
		if r.rows == r.header.variants {
			return r.body.end()
		}
		r.rows++
		from := r.body.at
		done, err := r.variant(row)
		if err != nil {
			return &VariantError{Variant: r.rows, Offset: from, Err: err}
		}
		if done {
			return nil
		}
	}
}

// variant reads one variant. It returns false for one that has no place.
func (r *Reader) variant(row *genotype.Row) (placed bool, err error) {
	row.Calls, row.Classes = row.Calls[:0], row.Classes[:0]
	row.Coded, row.Packed = true, nil
	alleles, err := r.sites.next(&row.Site)
	if err != nil {
		return false, err
	}
	b, err := r.decoder.lengths(r.body, alleles)
	if err != nil {
		return false, err
	}
	if placed = row.Pos > 0 && r.sites.key != genotype.Unplaced; placed {
		if err := r.order.Check(r.sites.key, &row.Site); err != nil {
			return false, err
		}
	}
	if !placed || r.cfg.Covers != nil && !r.cfg.Covers(&row.Site) {
		return placed, r.body.skip(uint64(b.packed))
	}
	data, err := r.decoder.unpack(r.body, b)
	if err != nil {
		return false, err
	}
	carriers, err := r.decoder.decode(data, alleles, row)
	if err == nil && carriers > 0 && len(row.Alts) == 0 && alleles > 1 {
		err = fmt.Errorf("%w: ALT is not named, and someone has it", ErrVariant)
	}
	return true, err
}
