package vcf

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/planes"
	"github.com/locus-genomics/locus/node/genotype"
	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrNotVCF is returned for a file that is no VCF 4, or whose header is damaged.
	ErrNotVCF = errors.New("vcf: this is no VCF file")
	// ErrSamples is returned when a sample has no name, or that of another.
	ErrSamples = errors.New("vcf: the names of the samples cannot be used; give each its own (bcftools reheader --samples)")
	// ErrLine is returned for a line that cannot be read.
	ErrLine = errors.New("vcf: a line cannot be read")
	// ErrGenotype is returned for a GT that cannot be read, or that names an allele
	// which ALT does not list.
	ErrGenotype = errors.New("vcf: a genotype cannot be read")
	// ErrNoGT is returned where there are samples but no genotypes. Dosages are not
	// made into genotypes.
	ErrNoGT = errors.New("vcf: no genotypes (GT); make hard calls first (plink2 --hard-call-threshold)")
)

// LineError says where in the file something is wrong.
type LineError struct {
	// Line is counted from 1, in the unpacked text.
	Line int
	// Column is counted from 1; 0 when no one column is to blame.
	Column int
	// Err is one of the errors of this package, of genotype or of bgzf.
	Err error
}

func (e *LineError) Error() string {
	if e.Column > 0 {
		return fmt.Sprintf("line %d, column %d: %v%s", e.Line, e.Column, e.Err, e.mend())
	}
	return fmt.Sprintf("line %d: %v%s", e.Line, e.Err, e.mend())
}

// mend is what to do about it, where the error itself does not say.
func (e *LineError) mend() string {
	switch {
	case errors.Is(e.Err, ErrNotVCF):
		return "; give a VCF 4 with its header (bcftools view writes one)"
	case errors.Is(e.Err, ErrLine):
		return "; mend the line, or leave it out"
	case errors.Is(e.Err, ErrGenotype):
		return "; mend it, or write ./. for it"
	}
	return ""
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// Config says what to read. Zero means all of it.
type Config struct {
	// Covers, if not nil, is asked for every site. Where it says no, the genotypes
	// are not read: the row has no calls and faults in them are not seen.
	Covers genotype.Covers
	// Header, if not nil, is shown each line of the header, counted from 1, before it is
	// dropped. It MUST NOT keep the text.
	Header func(line int, text []byte)
}

// Reader is a genotype.Reader over VCF text.
type Reader struct {
	lines    *lines
	cfg      Config
	samples  []string
	format   bool    // there is a FORMAT column
	lengths  [3]bool // of contigs of this assembly
	order    genotype.Order
	contig   string // of the line before
	canon    string
	rows     bool // there was a line
	genotype bool // there was a GT
	planes   *planes.Planes
	lists    genotype.Lists // memory of a row's classes
	alike    bool           // the line before was of GT alone, four bytes a sample
	err      error

	testOnlyCells bool // read every line cell by cell
}

var _ genotype.Reader = (*Reader)(nil)

// New reads the header. What a *bgzf.Reader unpacks is read without a copy.
func New(src io.Reader, cfg Config) (*Reader, error) {
	l, err := newLines(src)
	if err != nil {
		return nil, &LineError{Line: 1, Err: err}
	}
	r := &Reader{lines: l, cfg: cfg}
	if err := r.readHeader(); err != nil {
		return nil, r.at(err)
	}
	r.planes = planes.New(len(r.samples))
	return r, nil
}

// Samples are the names of the sample columns, none in a file of sites only.
func (r *Reader) Samples() []string { return r.samples }

// Assembly is what the lengths of the contigs in the header tell, if they agree.
func (r *Reader) Assembly() genotype.Assembly {
	switch {
	case r.lengths[genotype.GRCh37] && !r.lengths[genotype.GRCh38]:
		return genotype.GRCh37
	case r.lengths[genotype.GRCh38] && !r.lengths[genotype.GRCh37]:
		return genotype.GRCh38
	}
	return genotype.UnknownAssembly
}

// Next reads the next line.
func (r *Reader) Next(row *genotype.Row) error {
	if r.err != nil {
		return r.err
	}
	r.err = r.next(row)
	return r.err
}

func (r *Reader) next(row *genotype.Row) error {
	line, read, err := r.line()
	if err == nil && len(line) == 0 {
		if line, err = r.lines.next(); err == nil {
			err = fmt.Errorf("%w: the line before is empty", ErrLine)
		}
	}
	switch {
	case err == io.EOF && r.rows && !r.genotype && len(r.samples) > 0 && r.cfg.Covers == nil:
		return r.at(ErrNoGT)
	case err == io.EOF:
		return io.EOF
	case err == nil:
		r.rows = true
		err = r.parse(line, read, row)
	}
	if err != nil {
		return r.at(err)
	}
	return nil
}

// line is the next line, and whether its samples have been read already: where many
// lines are of GT alone, their end is found where it has to be.
func (r *Reader) line() (line []byte, read bool, err error) {
	if r.alike {
		const cell = len("\t0/0")
		line, at := r.lines.like(cell * len(r.samples))
		if r.alike = line != nil && r.planes.Text(line[at:]); r.alike {
			r.lines.take(line)
			return line, true, nil
		}
	}
	line, err = r.lines.next()
	return line, false, err
}

func (r *Reader) at(err error) error {
	var there *LineError
	if errors.As(err, &there) {
		there.Line = r.lines.number
		return err
	}
	return &LineError{Line: r.lines.number, Err: err}
}

// parse reads one line. The samples may have been read into the planes already.
func (r *Reader) parse(line []byte, read bool, row *genotype.Row) error {
	var f [fixed][]byte
	rest := line
	for i := range f {
		if i > 0 {
			if len(rest) == 0 {
				return r.columns(i)
			}
			rest = rest[1:]
		}
		f[i], rest = cut(rest)
	}
	*row = genotype.Row{Site: genotype.Site{Alts: row.Alts[:0]}, Calls: row.Calls[:0], Classes: row.Classes[:0]}
	if err := r.site(&row.Site, f[0], f[1], f[3], f[4]); err != nil {
		return err
	}
	row.Pass = string(f[6]) == "PASS" || string(f[6]) == "."
	if genotype.IsBlock(row.Alts) {
		var err error
		if row.End, err = blockEnd(f[7], row.Pos); err != nil {
			return err
		}
	}
	if err := r.order.Check(r.canon, &row.Site); err != nil {
		return err
	}
	switch {
	case !r.format && len(rest) > 0:
		return fmt.Errorf("%w: more than %d columns", ErrLine, fixed)
	case !r.format:
		return nil
	case len(rest) == 0:
		return r.columns(fixed)
	}
	if r.cfg.Covers != nil && !r.cfg.Covers(&row.Site) {
		return nil
	}
	format, rest := cut(rest[1:])
	return r.calls(format, rest, read, row)
}

// columns is what is wrong with a line that has so many columns only.
func (r *Reader) columns(have int) error {
	return fmt.Errorf("%w: %d columns; want %d", ErrLine, have, r.width())
}

// width is how many columns a line has.
func (r *Reader) width() int {
	if r.format {
		return fixed + 1 + len(r.samples)
	}
	return fixed
}

func (r *Reader) site(s *genotype.Site, contig, pos, ref, alt []byte) error {
	if len(contig) == 0 {
		return &LineError{Column: 1, Err: fmt.Errorf("%w: no contig", ErrLine)}
	}
	if string(contig) != r.contig {
		r.contig = string(contig)
		r.canon = panel.CanonicalContig(r.contig)
	}
	s.Contig = r.contig
	p, ok := decimal(pos)
	if !ok || p > maxPos {
		return &LineError{Column: 2, Err: fmt.Errorf("%w: a position is a number up to %d", ErrLine, maxPos)}
	}
	s.Pos = uint32(p)
	var err error
	if s.Ref, err = allele(ref); err != nil {
		return &LineError{Column: 4, Err: fmt.Errorf("%w: REF is empty", ErrLine)}
	}
	s.Alts = s.Alts[:0]
	if string(alt) == "." {
		return nil
	}
	for more := true; more; {
		var one []byte
		one, alt, more = bytes.Cut(alt, []byte(","))
		a, err := allele(one)
		if err != nil {
			return &LineError{Column: 5, Err: fmt.Errorf("%w: an ALT is empty", ErrLine)}
		}
		if len(s.Alts) == genotype.MaxAlts {
			return &LineError{Column: 5, Err: fmt.Errorf("%w: over %d ALTs", ErrLine, genotype.MaxAlts)}
		}
		s.Alts = append(s.Alts, a)
	}
	return nil
}

// maxPos is what VCF allows.
const maxPos = 1<<31 - 1

// allele is b in upper case.
func allele(b []byte) (string, error) {
	if len(b) == 0 {
		return "", ErrLine
	}
	return genotype.UpperCase(b), nil
}
