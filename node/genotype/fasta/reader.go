package fasta

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/locus-genomics/locus/protocol/panel"
)

var (
	// ErrNotFasta is returned for a file that does not begin as a FASTA does.
	ErrNotFasta = errors.New("fasta: this is no FASTA file")
	// ErrCompressed is returned for a compressed file.
	ErrCompressed = errors.New("fasta: the file is compressed; unpack it (bgzip -d)")
	// ErrStale is returned when the index is not of this file.
	ErrStale = errors.New("fasta: the index is not of this file; make it again (samtools faidx)")
	// ErrContig is returned for a contig that the file has not.
	ErrContig = errors.New("fasta: no such contig in the reference")
	// ErrRange is returned for bases beyond the end of a contig.
	ErrRange = errors.New("fasta: beyond the end of the contig")
)

const (
	// maxHeader bounds a header line, with its description.
	maxHeader = 1 << 16
	// maxFetch bounds what is fetched at once.
	maxFetch = 1 << 20
	// chunk is what is had of the reference at once while changes are looked at, and
	// behind so much of it stands before the one that it is read for: rows come in order,
	// and few of their changes move further to the left.
	chunk  = 1 << 14
	behind = 1 << 10
	// firstLine is how much of the first and the last line of a contig New looks at.
	firstLine = 4096
)

// Reader reads the bases of contigs. One goroutine may use it at a time.
type Reader struct {
	file    io.ReaderAt
	entries map[string]*entry // by canonical name
	raw     []byte

	// The chunk that code reads from.
	at    *entry
	from  int64
	codes []byte
}

// New reads the index of a FASTA file of some size, and compares the two.
func New(file io.ReaderAt, size int64, index io.Reader) (*Reader, error) {
	r := &Reader{file: file, entries: make(map[string]*entry)}
	var head [2]byte
	if _, err := file.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read reference: %w", err)
	}
	switch {
	case head[0] == 0x1f && head[1] == 0x8b:
		return nil, ErrCompressed
	case head[0] != '>':
		return nil, fmt.Errorf("%w: it does not begin with >", ErrNotFasta)
	}
	entries, err := readIndex(index, size)
	if err != nil {
		return nil, err
	}
	before := int64(0)
	for i := range entries {
		e := &entries[i]
		name := panel.CanonicalContig(e.name)
		if _, twice := r.entries[name]; twice {
			return nil, fmt.Errorf("%w: line %d: a contig is there twice", ErrIndex, i+1)
		}
		r.entries[name] = e
		next := size
		if i+1 < len(entries) {
			next = entries[i+1].offset
		}
		if err := r.check(e, before, next, i+1 == len(entries)); err != nil {
			return nil, fmt.Errorf("index, line %d: %w", i+1, err)
		}
		before = e.end()
	}
	return r, nil
}

// check compares an entry with what stands around its contig: from the end of the one
// before to its first base one header line, and after its last base the next one.
func (r *Reader) check(e *entry, before, next int64, last bool) error {
	if e.offset-before > maxHeader {
		return fmt.Errorf("%w: a header line over %d bytes", ErrStale, maxHeader)
	}
	head, err := r.read(before, e.offset)
	if err != nil {
		return err
	}
	head = bytes.TrimLeft(head, "\r\n")
	line, ok := bytes.CutSuffix(head, []byte{'\n'})
	name, _, _ := bytes.Cut(bytes.TrimRight(line, "\r"), []byte{' '})
	name, _, _ = bytes.Cut(name, []byte{'\t'})
	if !ok || bytes.IndexByte(line, '\n') >= 0 || string(name) != ">"+e.name {
		return fmt.Errorf("%w: the header line before it is another", ErrStale)
	}
	tail, err := r.read(e.end(), min(e.end()+4, next))
	if err != nil {
		return err
	}
	rest := bytes.TrimLeft(tail, "\r\n")
	switch {
	case len(rest) == len(tail) && len(tail) > 0 && e.length > 0:
		return fmt.Errorf("%w: the contig goes on where it should end", ErrStale)
	case len(rest) > 0 && rest[0] != '>' || last && len(rest) > 0:
		return fmt.Errorf("%w: something else follows it", ErrStale)
	}
	if e.length == 0 {
		return nil
	}
	// The first lines and the last tell whether line ends are where they are reckoned to be.
	most := min(e.bases+1, firstLine, e.length)
	if _, err := r.fetch(nil, e, 0, most); err != nil {
		return err
	}
	_, err = r.fetch(nil, e, e.length-most, e.length)
	return err
}

// read reads the bytes [from, to) of the file.
func (r *Reader) read(from, to int64) ([]byte, error) {
	r.raw = append(r.raw[:0], make([]byte, to-from)...)
	if n, err := r.file.ReadAt(r.raw, from); n < len(r.raw) {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: the file is shorter", ErrStale)
		}
		return nil, fmt.Errorf("read reference: %w", err)
	}
	return r.raw, nil
}

// Length is how many bases a contig has, 0 for one that is not there. Contigs are found by
// their canonical names: 22 is chr22.
func (r *Reader) Length(contig string) uint32 {
	if e := r.entries[panel.CanonicalContig(contig)]; e != nil {
		return uint32(e.length)
	}
	return 0
}

// Fetch returns bases first to last of a contig, 1-based and inclusive, at most a million.
func (r *Reader) Fetch(contig string, first, last uint32) (string, error) {
	e := r.entries[panel.CanonicalContig(contig)]
	switch {
	case e == nil:
		return "", fmt.Errorf("%w: %.40q", ErrContig, contig)
	case first == 0 || first > last || int64(last) > e.length:
		return "", fmt.Errorf("%w: %d to %d of %d", ErrRange, first, last, e.length)
	case last-first >= maxFetch:
		return "", fmt.Errorf("%w: over %d bases at once", ErrRange, maxFetch)
	}
	b, err := r.fetch(nil, e, int64(first)-1, int64(last))
	for i, c := range b {
		b[i] = baseOf(c)
	}
	return string(b), err
}

// fetch appends the codes [from, to) of a contig, counted from 0: letters in upper case.
func (r *Reader) fetch(codes []byte, e *entry, from, to int64) ([]byte, error) {
	raw, err := r.read(e.at(from), e.at(to-1)+1)
	if err != nil {
		return nil, err
	}
	codes = slices.Grow(codes, int(to-from))
	for column := from % e.bases; len(raw) > 0; column = 0 {
		n := min(int64(len(raw)), e.bases-column)
		codes = codes[:len(codes)+int(n)]
		if !capitals(codes[len(codes)-int(n):], raw[:n]) {
			return nil, fmt.Errorf("%w: no base where there should be one", ErrStale)
		}
		raw = raw[n:]
		end := min(int64(len(raw)), e.width-e.bases)
		if end > 0 && (raw[end-1] != '\n' || end == 2 && raw[0] != '\r') {
			return nil, fmt.Errorf("%w: a line does not end where it should", ErrStale)
		}
		raw = raw[end:]
	}
	return codes, nil
}

// capitals fills to with letters in upper case, and reports whether all of from are such
// as stand in a sequence.
func capitals(to, from []byte) bool {
	to = to[:len(from)]
	for i, c := range from {
		upper := c &^ 0x20
		switch {
		case upper-'A' < 26:
		case c == '-' || c == '*':
			upper = 'N'
		default:
			return false
		}
		to[i] = upper
	}
	return true
}

// code is the letter at a 1-based position, which MUST be of the contig.
func (r *Reader) code(e *entry, pos int64) (byte, error) {
	if i := pos - 1 - r.from; r.at == e && i >= 0 && i < int64(len(r.codes)) {
		return r.codes[i], nil
	}
	from := max(0, pos-1-behind)
	if r.at == e && pos-1 < r.from {
		from = max(0, min(e.length, pos+behind)-chunk) // what moves to the left goes on to
	}
	to := min(e.length, from+chunk)
	codes, err := r.fetch(r.codes[:0], e, from, to)
	if err != nil {
		r.at = nil
		return 0, err
	}
	r.at, r.from, r.codes = e, from, codes
	return codes[pos-1-from], nil
}

// base is the base at a position, as code.
func (r *Reader) base(e *entry, pos int64) (byte, error) {
	c, err := r.code(e, pos)
	return baseOf(c), err
}

// baseOf is a letter of a sequence as a base: whatever is not one of the four is N.
func baseOf(code byte) byte {
	switch code {
	case 'A', 'C', 'G', 'T':
		return code
	}
	return 'N'
}

// stands reports whether REF may have a letter where the reference has a code. The VCF
// specification has one of its bases written for a code of several, and some write N.
func stands(ref, code byte) bool {
	of := ""
	switch code {
	case 'R':
		of = "AG"
	case 'Y':
		of = "CT"
	case 'S':
		of = "CG"
	case 'W':
		of = "AT"
	case 'K':
		of = "GT"
	case 'M':
		of = "AC"
	case 'B':
		of = "CGT"
	case 'D':
		of = "AGT"
	case 'H':
		of = "ACT"
	case 'V':
		of = "ACG"
	}
	return ref == code || ref == 'N' && baseOf(code) == 'N' || strings.IndexByte(of, ref) >= 0
}
