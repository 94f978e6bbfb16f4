package plink

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrNotBed is returned for a file that does not begin as a bed does.
	ErrNotBed = errors.New("plink: this is no bed file of PLINK 1")
	// ErrSampleMajor is returned for a bed that is written sample by sample.
	ErrSampleMajor = errors.New("plink: the bed is written sample by sample; rewrite it (plink --make-bed)")
	// ErrLength is returned when a bed has not the size that bim and fam tell.
	ErrLength = errors.New("plink: the bed does not fit bim and fam")
	// ErrPadding is returned when bits behind the last sample are set.
	ErrPadding = errors.New("plink: bits are set behind the last sample; the bed does not fit the fam")
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
	// calls.
	Covers genotype.Covers
}

// Reader is a genotype.Reader over a bed.
type Reader struct {
	cfg     Config
	samples []string
	sexes   []genotype.Sex
	bim     *table
	bed     *bufio.Reader
	packed  []byte // one variant
	order   genotype.Order
	rows    int64
	named   string // the contig of the line before, in bim
	contig  string // its name in rows
	key     string // and what its order is checked by
	err     error
}

var _ genotype.Reader = (*Reader)(nil)

// New reads all of fam and the beginning of bed.
func New(cfg Config) (*Reader, error) {
	r := &Reader{cfg: cfg, bim: newTable("bim", cfg.Bim), bed: bufio.NewReaderSize(cfg.Bed, readAhead)}
	var err error
	if r.samples, r.sexes, err = readFam(cfg.Fam); err != nil {
		return nil, err
	}
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
	r.packed = make([]byte, (len(r.samples)+3)/4)
	return r, nil
}

// Samples are the IIDs of fam.
func (r *Reader) Samples() []string { return r.samples }

// Sexes are those of fam, in the order of Samples. They MUST NOT be changed.
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
		if row.Pos == 0 || r.key == unplaced {
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
	switch n, err := io.ReadFull(r.bed, r.packed); {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return r.short(int64(n))
	case err != nil:
		return fmt.Errorf("read bed: %w", err)
	}
	r.rows++
	if k := len(r.samples) % 4; k > 0 && r.packed[len(r.packed)-1]>>(2*k) != 0 {
		return r.padding()
	}
	return nil
}

func (r *Reader) decode(row *genotype.Row) error {
	row.Coded, row.Calls = true, row.Calls[:0]
	if r.cfg.Covers == nil || r.cfg.Covers(&row.Site) {
		r.unpack(row)
	}
	if len(row.Alts) > 0 {
		return nil
	}
	for _, c := range row.Calls {
		if c != genotype.HomRef && c != genotype.NoCall {
			return r.bim.at(fmt.Errorf("%w: A1 is not named, and someone has it", ErrLine))
		}
	}
	return nil
}

// site reads a line of bim: contig, name, centimorgans, position, A1, A2.
func (r *Reader) site(s *genotype.Site, f [][]byte) error {
	if string(f[0]) != r.named {
		r.named = string(f[0])
		r.contig, r.key = contig(r.named)
	}
	pos, err := strconv.ParseUint(string(f[3]), 10, 31)
	if err != nil {
		return fmt.Errorf("%w: a position is a number up to 2147483647", ErrLine)
	}
	s.Contig, s.Pos, s.Pass = r.contig, uint32(pos), true
	s.Alts = s.Alts[:0]
	s.Ref = string(bytes.ToUpper(f[5]))
	if string(f[4]) != "0" && string(f[4]) != "." {
		s.Alts = append(s.Alts, string(bytes.ToUpper(f[4])))
	}
	return nil
}

// Keys of what is no contig of its own. The pseudo-autosomal parts of X stand apart
// from X in these files, together or one on each side of it.
const (
	unplaced = "0"
	pseudo   = "X, pseudo-autosomal"
)

// contig is what a bim's contig is called elsewhere, and what its order is checked by.
func contig(named string) (name, key string) {
	prefix, short := "", named
	if len(named) > 3 && strings.EqualFold(named[:3], "chr") {
		prefix, short = named[:3], named[3:]
	}
	switch strings.ToUpper(short) {
	case "23":
		return prefix + "X", "X"
	case "24":
		return prefix + "Y", "Y"
	case "26":
		return prefix + "MT", "MT"
	case "25", "XY":
		return prefix + "X", pseudo
	case "PAR1":
		return prefix + "X", pseudo + " 1"
	case "PAR2":
		return prefix + "X", pseudo + " 2"
	case "0":
		return named, unplaced
	}
	return named, panel.CanonicalContig(named)
}

// codes turns two bits into a call. 00 is two copies of A1, 01 no call, 10 one of
// each, 11 two copies of A2.
func codes() [4]genotype.Call {
	alt := genotype.Reference + 1
	return [4]genotype.Call{
		genotype.NewCall(alt, alt),
		genotype.NoCall,
		genotype.NewCall(genotype.Reference, alt),
		genotype.HomRef,
	}
}

func (r *Reader) unpack(row *genotype.Row) {
	n := len(r.samples)
	if cap(row.Calls) < n {
		row.Calls = make([]genotype.Call, n)
	}
	row.Calls = row.Calls[:n]
	code := codes()
	calls := row.Calls
	for _, b := range r.packed {
		if len(calls) < 4 {
			for i := range calls {
				calls[i] = code[b>>(2*i)&3]
			}
			return
		}
		calls[0], calls[1], calls[2], calls[3] = code[b&3], code[b>>2&3], code[b>>4&3], code[b>>6]
		calls = calls[4:]
	}
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
	if have := r.have() + more; have != magicSize+lines*int64(len(r.packed)) {
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

func (r *Reader) have() int64 { return magicSize + r.rows*int64(len(r.packed)) }

func (r *Reader) length(lines, have int64) error {
	return fmt.Errorf("%w: %d variants of %d samples take %d bytes, the bed has %d",
		ErrLength, lines, len(r.samples), magicSize+lines*int64(len(r.packed)), have)
}
