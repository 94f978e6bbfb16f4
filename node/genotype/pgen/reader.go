package pgen

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// Config is the files, and what to read of them.
type Config struct {
	// Pgen, Pvar and Psam are read from where they stand to their ends. Needed.
	Pgen, Pvar, Psam io.Reader
	// Pgi is the index of a pgen whose index is not in itself. Else it is not read.
	Pgi io.Reader
	// Head, if not nil, is whichever of Pgen and Pgi has the index, once more: then the
	// index is read again as the records are, and takes memory for 65,536 variants
	// instead of all.
	Head io.Reader
	// Covers, if not nil, is asked for every site. Where it says no, the row has no
	// calls, and faults in them are not seen.
	Covers genotype.Covers
	// Header, if not nil, is shown each line of the header of Pvar, counted from 1, before
	// it is dropped. It MUST NOT keep the text.
	Header func(line int, text []byte)
	// Samples, if not nil, is shown each line of Psam, of which names and sexes are kept.
	Samples func(line int, text []byte)
}

// Reader is a genotype.Reader over a pgen. Its rows have classes, but for those of many
// ALTs, which have calls. After Pack those of one ALT have Raw, or Packed if the pgen is
// a bed.
type Reader struct {
	cfg     Config
	samples []string
	sexes   []genotype.Sex
	sites   *sites
	body    *source
	index   *index
	decoder *decoder
	base    record // the last that is not linked
	linked  record // the last that is
	packs   bool
	raw     raw
	rows    uint64
	order   genotype.Order
	err     error
}

var _ genotype.Packer = (*Reader)(nil)

// New reads all of psam and the headers of the other files.
func New(cfg Config) (*Reader, error) {
	r := &Reader{cfg: cfg, body: &source{r: bufio.NewReaderSize(cfg.Pgen, readAhead)}}
	var err error
	if r.samples, r.sexes, err = readPsam(cfg.Psam, cfg.Samples); err != nil {
		return nil, err
	}
	if r.sites, err = newSites(cfg.Pvar, cfg.Header); err != nil {
		return nil, err
	}
	var apart, again *source
	if cfg.Pgi != nil {
		apart = &source{r: bufio.NewReader(cfg.Pgi)}
	}
	if cfg.Head != nil {
		again = &source{r: bufio.NewReaderSize(cfg.Head, readAhead)}
	}
	if r.index, err = readIndex(r.body, apart, again); err != nil {
		return nil, err
	}
	if n := uint64(len(r.samples)); r.index.mode != modeBed && r.index.samples != n {
		return nil, fmt.Errorf("%w: the pgen has %d samples, the psam %d", ErrFit, r.index.samples, n)
	}
	r.decoder = newDecoder(len(r.samples), r.index.mode == modeBed)
	r.raw.samples = len(r.samples)
	return r, nil
}

// Pack implements genotype.Packer.
func (r *Reader) Pack() { r.packs = true }

// Samples are the IIDs of psam.
func (r *Reader) Samples() []string { return r.samples }

// Sexes are those of psam, in the order of Samples. They MUST NOT be changed.
func (r *Reader) Sexes() []genotype.Sex { return r.sexes }

// Assembly is what the lengths of the contigs in pvar tell, if there are any and they agree.
func (r *Reader) Assembly() genotype.Assembly { return r.sites.assembly() }

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
		err := r.sites.next(&row.Site)
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
		rec, err := r.read(len(row.Alts))
		if err != nil {
			return err
		}
		if row.Pos == 0 || r.sites.key == genotype.Unplaced {
			continue
		}
		if err := r.order.Check(r.sites.key, &row.Site); err != nil {
			return r.sites.lines.at(err)
		}
		return r.decode(rec, row)
	}
}

func (r *Reader) decode(rec *record, row *genotype.Row) error {
	row.Coded, row.Calls, row.Classes, row.Packed, row.Raw = true, row.Calls[:0], row.Classes[:0], nil, nil
	if r.cfg.Covers != nil && !r.cfg.Covers(&row.Site) {
		return nil
	}
	if rec.linked() && r.base.codes == nil {
		if err := r.decoder.decode(&r.base, nil); err != nil {
			return &VariantError{Variant: r.base.number, Err: err}
		}
	}
	if len(row.Alts) > 1 || rec.kind&hasAlts != 0 {
		calls, err := r.decoder.calls(rec, &r.base, len(row.Alts), row.Calls)
		if err != nil {
			return &VariantError{Variant: rec.number, Err: err}
		}
		row.Calls = calls
		return nil
	}
	if r.packs && len(row.Alts) == 1 {
		if err := r.packed(rec, row); err != nil {
			return &VariantError{Variant: rec.number, Err: err}
		}
		return nil
	}
	row.Classes = slices.Grow(row.Classes, 1)[:1]
	carriers, err := r.decoder.classes(rec, &r.base, &row.Classes[0])
	switch {
	case err != nil:
		return &VariantError{Variant: rec.number, Err: err}
	case carriers > 0 && len(row.Alts) == 0:
		return r.sites.lines.at(fmt.Errorf("%w: ALT is not named, and someone has it", ErrLine))
	}
	return nil
}

// packed fills a row of one ALT with what its record has.
func (r *Reader) packed(rec *record, row *genotype.Row) error {
	if r.decoder.bed {
		err := r.decoder.decode(rec, nil)
		row.Packed = rec.codes
		return err
	}
	row.Raw = &r.raw
	return r.decoder.raw(rec, &r.base, &r.raw)
}

// read reads the next variant's record. It is valid until the next call, and its hard
// calls until the next record that is not linked.
func (r *Reader) read(alts int) (*record, error) {
	n := r.rows
	r.rows++
	kind, length, err := r.expect(n, alts)
	if err != nil {
		return nil, err
	}
	rec := &r.base
	if m := kind & mainTrack; m == likeBase || m == unlikeBase {
		rec = &r.linked
		switch {
		case n%perBlock == 0:
			err = fmt.Errorf("%w: the first of a block differs from one before", ErrRecord)
		case r.base.main() == allRef: // pgenlib writes none such, and stops at one
			err = fmt.Errorf("%w: it differs from one that has no list", ErrRecord)
		}
	}
	keep := min(length, r.decoder.longest())
	if err == nil && keep < length && (kind&hasDosage == 0 || alts < 2) {
		err = fmt.Errorf("%w: it is longer than any", ErrRecord)
	}
	if err == nil {
		rec.number, rec.kind, rec.codes = n+1, kind, nil
		rec.raw, err = r.body.take(int(keep), &rec.kept)
	}
	if err == nil && rec == &r.base && r.needed(n) {
		rec.kept = append(rec.kept[:0], rec.raw...)
		rec.raw = rec.kept
	}
	if err == nil {
		err = r.body.skip(length - keep)
	}
	if err != nil {
		return nil, &VariantError{Variant: n + 1, Err: err}
	}
	return rec, nil
}

// needed reports whether variant n is the base of the next one, so that it is read after
// the next was taken.
func (r *Reader) needed(n uint64) bool {
	x := r.index
	if x.fixed() || n+1 >= x.variants || (n+1)%perBlock == 0 {
		return false
	}
	kind := x.kind(x.block(n), int((n+1)%perBlock)) & mainTrack
	return kind == likeBase || kind == unlikeBase
}

// expect tells what is to be read for variant n, counted from 0.
func (r *Reader) expect(n uint64, alts int) (kind byte, length uint64, err error) {
	x, width, all := r.index, uint64(r.decoder.width()), uint64(len(r.samples))
	if x.mode != modeBed && n >= x.variants {
		return 0, 0, r.lines(n)
	}
	switch x.mode {
	case modeBed, modeHard:
		return twoBits, width, nil
	case modeDosage:
		return twoBits | dosageForAll, width + 2*all, nil
	case modePhased:
		return twoBits | dosageForAll | hasDosagePhase, width + 4*all, nil
	}
	if n%perBlock == 0 {
		k := int(n / perBlock)
		if at := x.blocks.offsets[k]; at != r.body.at {
			return 0, 0, &VariantError{Variant: n + 1, Err: fmt.Errorf("%w: the records before end at %d, and this begins at %d", ErrHeader, r.body.at, at)}
		}
		if err := x.open(k); err != nil {
			return 0, 0, &VariantError{Variant: n + 1, Err: err}
		}
	}
	kind, length, alleles := x.record(x.block(n), int(n%perBlock))
	if want := uint64(1 + max(1, alts)); x.alleles > 0 && alleles != want {
		return 0, 0, &VariantError{Variant: n + 1, Err: fmt.Errorf("%w: the pgen has %d alleles, the pvar %d", ErrFit, alleles, want)}
	}
	return kind, length, nil
}

// lines tells of a pvar with other than the variants of the pgen, n of which were read.
func (r *Reader) lines(n uint64) error {
	for {
		var site genotype.Site
		switch err := r.sites.next(&site); {
		case err == io.EOF:
			return fmt.Errorf("%w: the pgen has %d variants, the pvar %d", ErrFit, r.index.variants, n+1)
		case err != nil:
			return err
		}
		n++
	}
}

// end is what follows the last line of pvar: a footer, if the header tells of one, and
// nothing else.
func (r *Reader) end() error {
	x := r.index
	switch {
	case x.mode != modeBed && r.rows < x.variants:
		return fmt.Errorf("%w: the pgen has %d variants, the pvar %d", ErrFit, x.variants, r.rows)
	case x.parts > 0 && x.footer != r.body.at:
		return fmt.Errorf("%w: the records end at %d, and the footer begins at %d", ErrHeader, r.body.at, x.footer)
	case x.parts > 0:
		if err := skipParts(r.body, x.parts); err != nil {
			return err
		}
	}
	switch _, err := r.body.r.Peek(1); {
	case err == nil:
		return ErrTrailing
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("read pgen: %w", err)
	}
	return io.EOF
}
