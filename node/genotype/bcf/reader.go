package bcf

import (
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/planes"
	"github.com/locus-genomics/locus/node/genotype"
)

var (
	// ErrNotBCF is returned for a file that is no BCF 2.1 or 2.2, or whose header is
	// damaged.
	ErrNotBCF = errors.New("bcf: this is no BCF 2 file")
	// ErrSamples is returned when a sample has no name, or that of another.
	ErrSamples = errors.New("bcf: the names of the samples cannot be used; give each its own (bcftools reheader --samples)")
	// ErrTruncated is returned when the file ends within a record.
	ErrTruncated = errors.New("bcf: the file ends within a record; copy it again")
	// ErrRecord is returned for a record that cannot be read.
	ErrRecord = errors.New("bcf: a record cannot be read")
	// ErrGenotype is returned for a GT that cannot be read, or that names an allele
	// which ALT does not list.
	ErrGenotype = errors.New("bcf: a genotype cannot be read")
	// ErrNoGT is returned where there are samples but no genotypes. Dosages are not
	// made into genotypes.
	ErrNoGT = errors.New("bcf: no genotypes (GT); make hard calls first (plink2 --hard-call-threshold)")
)

// RecordError says where in the file something is wrong.
type RecordError struct {
	// Record is counted from 1; 0 is the header.
	Record int
	// Offset is where the record begins in the unpacked file.
	Offset int64
	// Sample is counted from 1; 0 when no one sample is to blame.
	Sample int
	// Err is one of the errors of this package, of genotype or of bgzf.
	Err error
}

func (e *RecordError) Error() string {
	switch {
	case e.Record == 0:
		return fmt.Sprintf("header: %v%s", e.Err, e.mend())
	case e.Sample > 0:
		return fmt.Sprintf("record %d (byte %d unpacked), sample %d: %v%s", e.Record, e.Offset, e.Sample, e.Err, e.mend())
	}
	return fmt.Sprintf("record %d (byte %d unpacked): %v%s", e.Record, e.Offset, e.Err, e.mend())
}

// mend is what to do about it, where the error itself does not say.
func (e *RecordError) mend() string {
	switch {
	case errors.Is(e.Err, ErrNotBCF):
		return "; write the file anew (bcftools view -Ob)"
	case errors.Is(e.Err, ErrRecord):
		return "; copy the file again, or write it anew (bcftools view -Ob)"
	case errors.Is(e.Err, ErrGenotype):
		return "; mend it, or write ./. for it"
	}
	return ""
}

// Unwrap returns what is wrong.
func (e *RecordError) Unwrap() error { return e.Err }

// Config says what to read. Zero means all of it.
type Config struct {
	// Covers, if not nil, is asked for every site. Where it says no, the genotypes
	// are not read: the row has no calls and faults in them are not seen.
	Covers genotype.Covers
	// Header, if not nil, is shown each line of the header, counted from 1, before it is
	// dropped. It MUST NOT keep the text.
	Header func(line int, text []byte)
}

// Reader is a genotype.Reader over BCF.
type Reader struct {
	in       *stream
	cfg      Config
	head     header
	order    genotype.Order
	contig   int32 // of the record before, -1 for none
	canon    string
	record   int   // the one at hand, from 1
	start    int64 // and where it begins
	genotype bool  // there was a GT
	codes    [256]genotype.Allele
	planes   *planes.Planes
	lists    genotype.Lists // memory of a row's classes
	doubts   []byte         // of a block's calls
	err      error

	testOnlyEach bool // read every GT one by one
}

var _ genotype.Reader = (*Reader)(nil)

// New reads the header. What a *bgzf.Reader unpacks is read without a copy.
func New(src io.Reader, cfg Config) (*Reader, error) {
	r := &Reader{cfg: cfg, contig: -1}
	var err error
	if r.in, err = newStream(src); err == nil {
		r.head.show = cfg.Header
		err = r.head.read(r.in)
	}
	if err != nil {
		return nil, &RecordError{Err: err}
	}
	r.fillCodes()
	r.planes = planes.New(len(r.head.samples))
	return r, nil
}

// Samples are the names of the sample columns, none in a file of sites only.
func (r *Reader) Samples() []string { return r.head.samples }

// Contigs are the names of the contigs by their numbers in the file; "" is one that
// is not used. They MUST NOT be changed.
func (r *Reader) Contigs() []string { return r.head.contigs.names }

// Assembly is what the lengths of the contigs in the header tell, if they agree.
func (r *Reader) Assembly() genotype.Assembly {
	switch l := r.head.lengths; {
	case l[genotype.GRCh37] && !l[genotype.GRCh38]:
		return genotype.GRCh37
	case l[genotype.GRCh38] && !l[genotype.GRCh37]:
		return genotype.GRCh38
	}
	return genotype.UnknownAssembly
}

// Next reads the next record.
func (r *Reader) Next(row *genotype.Row) error {
	if r.err != nil {
		return r.err
	}
	r.err = r.next(row)
	return r.err
}

func (r *Reader) next(row *genotype.Row) error {
	r.start = r.in.offset
	err := r.parse(row)
	switch {
	case err == io.EOF && r.record > 0 && !r.genotype && len(r.head.samples) > 0 && r.cfg.Covers == nil:
		return r.at(ErrNoGT)
	case err == io.EOF:
		return io.EOF
	case err != nil:
		return r.at(err)
	}
	return nil
}

func (r *Reader) at(err error) error {
	var there *RecordError
	if !errors.As(err, &there) {
		there = &RecordError{Err: err}
	}
	there.Record, there.Offset = r.record, r.start
	return there
}

// parse reads one record, io.EOF where there is none.
func (r *Reader) parse(row *genotype.Row) error {
	lengths, err := r.in.peek(8)
	if err == io.EOF && len(lengths) == 0 {
		return io.EOF
	}
	r.record++
	if err != nil {
		return truncated(err)
	}
	shared, indiv := le32(lengths), int64(le32(lengths[4:]))
	r.in.skip(8)
	if shared < fixedSize || shared > maxShared {
		return fmt.Errorf("%w: the site takes %d bytes; want %d to %d", ErrRecord, shared, fixedSize, maxShared)
	}
	raw, err := r.in.take(int(shared))
	if err != nil {
		return truncated(err)
	}
	*row = genotype.Row{Site: genotype.Site{Alts: row.Alts[:0]}, Calls: row.Calls[:0], Classes: row.Classes[:0]}
	fields, err := r.site(raw, row)
	if err != nil {
		return err
	}
	if err := r.order.Check(r.canon, &row.Site); err != nil {
		return err
	}
	if len(r.head.samples) == 0 || r.cfg.Covers != nil && !r.cfg.Covers(&row.Site) {
		return truncated(r.in.discard(indiv))
	}
	return r.calls(fields, indiv, row)
}

// truncated is what an error within a record means.
func truncated(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}
