package plink

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/locus-genomics/locus/internal/bitmap"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrNotBed is returned for a file that does not begin as a bed does.
	ErrNotBed = errors.New("plink: this is no bed file of PLINK 1; name the .bed, or write one (plink2 --make-bed)")
	// ErrSampleMajor is returned for a bed that is written sample by sample.
	ErrSampleMajor = errors.New("plink: the bed is written sample by sample; rewrite it (plink --make-bed)")
	// ErrLength is returned when a bed has not the size that bim and fam tell.
	ErrLength = errors.New("plink: the bed does not fit bim and fam; take all three as they were written together")
	// ErrPadding is returned when bits behind the last sample are set.
	ErrPadding = errors.New("plink: bits are set behind the last sample; the bed does not fit the fam; take the one that was written with it")
)

const (
	magicSize = 3
	readAhead = 256 << 10
)

// Config is the three files, and what to read of them.
type Config struct {
	// Bed, Bim and Fam are read from where they stand to their ends. Needed.
	Bed, Bim, Fam io.Reader
	// Covers, if not nil, is asked for every site. Where it says no, the row has no
	// classes.
	Covers genotype.Covers
}

// Reader is a genotype.Reader over a bed. Its rows have classes.
type Reader struct {
	cfg     Config
	samples []string
	sexes   []genotype.Sex
	bim     *table
	bed     *bufio.Reader
	width   int    // bytes of a variant
	packed  []byte // one variant, where it stands in the memory of bed
	planes  bitmap.Planes
	pack    bool
	order   genotype.Order
	rows    int64
	named   string // the contig of the line before, in bim
	contig  string // its name in rows
	key     string // and what its order is checked by
	err     error
}

var _ genotype.Packer = (*Reader)(nil)

// New reads all of fam and the beginning of bed.
func New(cfg Config) (*Reader, error) {
	r := &Reader{cfg: cfg, bim: newTable("bim", cfg.Bim)}
	var err error
	if r.samples, r.sexes, err = readFam(cfg.Fam); err != nil {
		return nil, err
	}
	r.width = (len(r.samples) + 3) / 4
	r.planes = bitmap.NewPlanes(len(r.samples))
	r.bed = bufio.NewReaderSize(cfg.Bed, max(readAhead, r.width))
	var magic [magicSize]byte
	switch _, err := io.ReadFull(r.bed, magic[:]); {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, fmt.Errorf("%w: it has fewer than %d bytes", ErrNotBed, magicSize)
	case err != nil:
		return nil, err
	}
	switch {
	case magic[0] != 0x6c || magic[1] != 0x1b || magic[2] > 1:
		return nil, ErrNotBed
	case magic[2] == 0:
		return nil, ErrSampleMajor
	}
	return r, nil
}

// Samples are the IIDs of fam.
func (r *Reader) Samples() []string { return r.samples }

// Sexes are those of fam, in the order of Samples. They MUST NOT be changed.
func (r *Reader) Sexes() []genotype.Sex { return r.sexes }

// Pack is genotype.Packer's.
func (r *Reader) Pack() { r.pack = true }

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
		f, err := r.bim.next()
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
		if err := r.site(&row.Site, f); err != nil {
			return r.bim.at(err)
		}
		if err := r.fill(); err != nil {
			return err
		}
		if row.Pos == 0 || r.key == genotype.Unplaced {
			continue
		}
		if err := r.order.Check(r.key, &row.Site); err != nil {
			return r.bim.at(err)
		}
		return r.decode(row)
	}
}

// fill reads the bytes of one variant.
func (r *Reader) fill() error {
	var err error
	if r.packed, err = r.bed.Peek(r.width); err != nil {
		if err == io.EOF {
			return r.short(int64(len(r.packed)))
		}
		return fmt.Errorf("read bed: %w", err)
	}
	if _, err := r.bed.Discard(r.width); err != nil {
		return fmt.Errorf("read bed: %w", err)
	}
	r.rows++
	if k := len(r.samples) % 4; k > 0 && r.packed[len(r.packed)-1]>>(2*k) != 0 {
		return r.padding()
	}
	return nil
}

// The codes of two bits after both were turned over: in the file 11 is two copies of A2,
// 10 one of each, 01 no call and 00 two of A1.
const turned = 0xff

func (r *Reader) decode(row *genotype.Row) error {
	row.Coded, row.Calls, row.Classes, row.Packed = true, row.Calls[:0], row.Classes[:0], nil
	if r.cfg.Covers != nil && !r.cfg.Covers(&row.Site) {
		return nil
	}
	if r.pack && len(row.Alts) == 1 {
		row.Packed = r.packed
		return nil
	}
	n := bitmap.Split(r.packed, turned, len(r.samples), r.planes)
	if len(row.Alts) == 0 && n.One+n.Three > 0 {
		return r.bim.at(fmt.Errorf("%w: A1 is not named, and someone has it", ErrLine))
	}
	row.Classes = slices.Grow(row.Classes, 1)[:1]
	row.Classes[0].Take(len(r.samples), r.planes.One, r.planes.Three, r.planes.Two,
		genotype.Sizes{OneAlt: n.One, AllAlt: n.Three, NotCalled: n.Two})
	return nil
}

// site reads a line of bim: contig, name, centimorgans, position, A1, A2.
func (r *Reader) site(s *genotype.Site, f [][]byte) error {
	if string(f[0]) != r.named {
		r.named = string(f[0])
		r.contig, r.key = genotype.PlinkContig(r.named, panel.CanonicalContig)
	}
	pos, ok := position(f[3])
	if !ok {
		return fmt.Errorf("%w: a position is a number up to 2147483647", ErrLine)
	}
	s.Contig, s.Pos, s.Pass = r.contig, pos, true
	s.Alts = s.Alts[:0]
	s.Ref = genotype.UpperCase(f[5])
	if string(f[4]) != "0" && string(f[4]) != "." {
		s.Alts = append(s.Alts, genotype.UpperCase(f[4]))
	}
	return nil
}

// position reads a number below 2^31.
func position(b []byte) (uint32, bool) {
	n := uint64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = 10*n + uint64(c-'0'); n > math.MaxInt32 {
			return 0, false
		}
	}
	return uint32(n), len(b) > 0
}

// end is what follows the last line of bim: nothing, or the bed is too long.
func (r *Reader) end() error {
	more, err := io.Copy(io.Discard, r.bed)
	if err != nil {
		return fmt.Errorf("read bed: %w", err)
	}
	if more > 0 {
		return r.length(r.rows, r.have()+more)
	}
	return io.EOF
}

// short tells of a bed that ended n bytes into a variant.
func (r *Reader) short(n int64) error {
	have := r.have() + n
	lines, err := r.remaining(r.rows + 1)
	if err != nil {
		return err
	}
	return r.length(lines, have)
}

// padding tells of set bits behind the last sample. When the bed is of the wrong
// length too, that says more.
func (r *Reader) padding() error {
	here := r.bim.at(ErrPadding)
	more, err := io.Copy(io.Discard, r.bed)
	if err != nil {
		return fmt.Errorf("read bed: %w", err)
	}
	lines, err := r.remaining(r.rows)
	if err != nil {
		return err
	}
	if have := r.have() + more; have != magicSize+lines*int64(r.width) {
		return r.length(lines, have)
	}
	return here
}

// remaining adds to lines those that are left of bim.
func (r *Reader) remaining(lines int64) (int64, error) {
	for {
		switch _, err := r.bim.next(); {
		case err == io.EOF:
			return lines, nil
		case err != nil:
			return 0, err
		}
		lines++
	}
}

func (r *Reader) have() int64 { return magicSize + r.rows*int64(r.width) }

func (r *Reader) length(lines, have int64) error {
	return fmt.Errorf("%w: %d variants of %d samples take %d bytes, the bed has %d",
		ErrLength, lines, len(r.samples), magicSize+lines*int64(r.width), have)
}
