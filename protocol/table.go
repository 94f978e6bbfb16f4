package protocol

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// MaxTable bounds a published table in bytes: some two million variants.
const MaxTable = 64 << 20

const (
	// maxTableLine bounds a row: a contig, two alleles and numbers.
	maxTableLine = maxNameLength + 2*maxAllele + 128
	// TableUnit is how many units of a frequency, as a table writes it, are one.
	TableUnit = 100_000_000
	// maxTableCount bounds AC and AN: what all sites of a study may count.
	maxTableCount = 2 * MaxSites * maxPeopleCap
)

// TableRow is one variant of a published table. It has counts in mode exact, and an
// estimate in mode dp.
type TableRow struct {
	Variant Variant
	// AC is the copies of ALT, AN the called alleles.
	AC, AN uint64
	// AF is the estimated frequency and SE its standard error, in 1/TableUnit; one is the
	// most that either says.
	AF, SE uint32
}

func tableHead(mode Mode) string {
	if mode == Exact {
		return "#CHROM\tPOS\tREF\tALT\tAC\tAN"
	}
	return "#CHROM\tPOS\tREF\tALT\tAF\tSE"
}

// WriteTable writes a table as it is published: text with tabs, a head and a row a
// variant. There is one way to write each table, so that equal tables have one digest.
func WriteTable(w io.Writer, mode Mode, rows iter.Seq[TableRow]) error {
	out := bufio.NewWriter(w)
	out.WriteString(tableHead(mode))
	out.WriteByte('\n')
	var line []byte
	for r := range rows {
		line = append(r.append(line[:0], mode), '\n')
		out.Write(line)
	}
	return out.Flush()
}

func (r *TableRow) append(b []byte, mode Mode) []byte {
	v := &r.Variant
	b = append(append(b, v.Contig...), '\t')
	b = append(strconv.AppendUint(b, uint64(v.Pos), 10), '\t')
	b = append(append(b, v.Ref...), '\t')
	b = append(append(b, v.Alt...), '\t')
	if mode == Exact {
		b = append(strconv.AppendUint(b, r.AC, 10), '\t')
		return strconv.AppendUint(b, r.AN, 10)
	}
	b = append(appendUnit(b, r.AF), '\t')
	return appendUnit(b, r.SE)
}

// appendUnit writes 0.00000000 to 1.00000000.
func appendUnit(b []byte, n uint32) []byte {
	return fmt.Appendf(b, "%d.%08d", n/TableUnit, n%TableUnit)
}

// ReadTable reads a table of a mode and calls each for its rows, of which it returns how
// many there are. What WriteTable would have written otherwise is ErrMalformed, and so is
// a table that is larger than MaxTable. An error of each's ends it.
func ReadTable(in io.Reader, mode Mode, each func(TableRow) error) (rows uint64, err error) {
	lines := tableLines{in: bufio.NewReaderSize(&io.LimitedReader{R: in, N: MaxTable + 1}, maxTableLine)}
	head, err := lines.next()
	if err != nil || head != tableHead(mode) {
		return 0, errors.Join(fmt.Errorf("%w: a table of mode %s begins %q", ErrMalformed, mode, tableHead(mode)), unlessEOF(err))
	}
	order := variantOrder{ended: make(map[string]bool)}
	var again []byte
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows++
		r, err := parseTableRow(line, mode)
		if err == nil {
			err = order.next(r.Variant)
		}
		if again = r.append(again[:0], mode); err == nil && string(again) != line {
			err = fmt.Errorf("%w: it is not written as a table writes it", ErrMalformed)
		}
		if err == nil {
			err = each(r)
		}
		if err != nil {
			return rows, fmt.Errorf("row %d of the table: %w", rows, err)
		}
	}
}

func unlessEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// tableLines are the lines of a bounded table, each of which ends.
type tableLines struct {
	in   *bufio.Reader
	read int
}

// next returns io.EOF behind the last line.
func (t *tableLines) next() (string, error) {
	line, err := t.in.ReadSlice('\n')
	t.read += len(line)
	switch {
	case t.read > MaxTable:
		return "", fmt.Errorf("%w: a table over %d bytes", ErrMalformed, MaxTable)
	case errors.Is(err, bufio.ErrBufferFull):
		return "", fmt.Errorf("%w: a row over %d bytes", ErrMalformed, maxTableLine)
	case errors.Is(err, io.EOF) && len(line) == 0:
		return "", io.EOF
	case errors.Is(err, io.EOF):
		return "", fmt.Errorf("%w: a table that ends inside a row", ErrMalformed)
	case err != nil:
		return "", fmt.Errorf("read table: %w", err)
	}
	return string(bytes.TrimSuffix(line, []byte("\n"))), nil
}

// variantOrder requires what QueryBody requires of listed variants.
type variantOrder struct {
	last  Variant
	ended map[string]bool
}

func (o *variantOrder) next(v Variant) error {
	if !plainName(v.Contig) || v.Pos < 1 || !isAllele(v.Ref) || !isAllele(v.Alt) || v.Ref == v.Alt {
		return fmt.Errorf("%w: a variant has a contig, a position and two alleles", ErrMalformed)
	}
	switch {
	case v.Contig != o.last.Contig:
		if o.ended[v.Contig] || len(o.ended) > maxRanges {
			return fmt.Errorf("%w: a contig's variants stand together", ErrMalformed)
		}
		o.ended[v.Contig] = true
	case v.compare(o.last) <= 0:
		return fmt.Errorf("%w: variants ascend within a contig", ErrMalformed)
	}
	o.last = v
	return nil
}

func parseTableRow(line string, mode Mode) (r TableRow, err error) {
	f := strings.Split(line, "\t")
	if len(f) != 6 {
		return r, fmt.Errorf("%w: %d columns, want 6", ErrMalformed, len(f))
	}
	pos, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		return r, fmt.Errorf("%w: a position is a number", ErrMalformed)
	}
	r.Variant = Variant{Contig: f[0], Pos: uint32(pos), Ref: f[2], Alt: f[3]}
	if mode == Exact {
		if r.AC, err = strconv.ParseUint(f[4], 10, 64); err == nil {
			r.AN, err = strconv.ParseUint(f[5], 10, 64)
		}
		if err != nil || r.AC > r.AN || r.AN > maxTableCount {
			return r, fmt.Errorf("%w: AC is at most AN, and both are counts", ErrMalformed)
		}
		return r, nil
	}
	if r.AF, err = parseUnit(f[4]); err == nil {
		r.SE, err = parseUnit(f[5])
	}
	return r, err
}

func parseUnit(s string) (uint32, error) {
	whole, part, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole+part, 10, 32)
	if err != nil || len(part) != 8 || n > TableUnit {
		return 0, fmt.Errorf("%w: a frequency is 0.00000000 to 1.00000000", ErrMalformed)
	}
	return uint32(n), nil
}

// Upload is a publication with its table, as a researcher hands them in.
type Upload struct {
	Publication []byte
	Table       []byte
}

// maxPublication bounds a signed publication in bytes.
const maxPublication = 64 << 10

// Bytes is the upload as it travels: the publication's length in four bytes, the
// publication, and the table.
func (u Upload) Bytes() []byte {
	n := len(u.Publication)
	b := make([]byte, 0, 4+n+len(u.Table))
	b = append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return append(append(b, u.Publication...), u.Table...)
}

// ParseUpload takes an upload apart. Nothing in it is verified.
func ParseUpload(raw []byte) (Upload, error) {
	if len(raw) < 4 {
		return Upload{}, fmt.Errorf("%w: an upload without a publication", ErrMalformed)
	}
	n := int(raw[0])<<24 | int(raw[1])<<16 | int(raw[2])<<8 | int(raw[3])
	raw = raw[4:]
	if n > maxPublication || n > len(raw) || len(raw)-n > MaxTable {
		return Upload{}, fmt.Errorf("%w: an upload is a publication and a table of at most %d bytes", ErrMalformed, MaxTable)
	}
	return Upload{Publication: raw[:n:n], Table: raw[n:]}, nil
}
