package fasta

import (
	"bytes"
	"errors"
	"fmt"
	"io"

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
	// chunk is what Align has of the reference at once.
	chunk = 4096
)

// Reader reads the bases of contigs. One goroutine may use it at a time.
type Reader struct {
	file    io.ReaderAt
	entries map[string]*entry // by canonical name
	raw     []byte

	// The chunk that base reads from.
	at    *entry
	from  int64
	bases []byte
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
	most := min(e.bases+1, chunk, e.length)
	if _, err := r.fetch(e, 0, most); err != nil {
		return err
	}
	_, err = r.fetch(e, e.length-most, e.length)
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
	b, err := r.fetch(e, int64(first)-1, int64(last))
	return string(b), err
}

// fetch returns the bases [from, to), counted from 0, in a slice of their own.
func (r *Reader) fetch(e *entry, from, to int64) ([]byte, error) {
	raw, err := r.read(e.at(from), e.at(to-1)+1)
	if err != nil {
		return nil, err
	}
	bases := make([]byte, 0, to-from)
	for column := from % e.bases; len(raw) > 0; column = 0 {
		n := min(int64(len(raw)), e.bases-column)
		for _, c := range raw[:n] {
			b := baseOf(c)
			if b == 0 {
				return nil, fmt.Errorf("%w: no base where there should be one", ErrStale)
			}
			bases = append(bases, b)
		}
		raw = raw[n:]
		end := min(int64(len(raw)), e.width-e.bases)
		if end > 0 && (raw[end-1] != '\n' || end == 2 && raw[0] != '\r') {
			return nil, fmt.Errorf("%w: a line does not end where it should", ErrStale)
		}
		raw = raw[end:]
	}
	return bases, nil
}

// baseOf is a letter of a sequence as a base, 0 for what is no letter of one.
func baseOf(c byte) byte {
	switch upper := c &^ 0x20; {
	case upper == 'A' || upper == 'C' || upper == 'G' || upper == 'T':
		return upper
	case upper >= 'A' && upper <= 'Z' || c == '-' || c == '*':
		return 'N'
	}
	return 0
}

// base is the base at a 1-based position, which MUST be of the contig.
func (r *Reader) base(e *entry, pos int64) (byte, error) {
	if r.at != e || pos-1 < r.from || pos-1 >= r.from+int64(len(r.bases)) {
		// Align walks down: what comes next stands before.
		to := min(e.length, pos+chunk/4)
		from := max(0, to-chunk)
		bases, err := r.fetch(e, from, to)
		if err != nil {
			return 0, err
		}
		r.at, r.from, r.bases = e, from, bases
	}
	return r.bases[pos-1-r.from], nil
}
