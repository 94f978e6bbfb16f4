package fasta

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/locus-genomics/locus/protocol/panel"
)

// ErrIndex is returned for an index that cannot be read, or names a contig twice.
var ErrIndex = errors.New("fasta: the index cannot be read; make it again (samtools faidx)")

const (
	// maxContigs bounds the lines of an index. GRCh38 with all its alternates, decoys and
	// HLA sequences has 3,366.
	maxContigs = 1 << 16
	// maxIndexLine bounds a line: a name and four numbers.
	maxIndexLine = 4096
	// maxWidth bounds a line of sequence; some files have a contig in one line.
	maxWidth = 1 << 31
)

// entry is a line of the index.
type entry struct {
	name   string
	length int64 // in bases
	offset int64 // of the first base in the file
	bases  int64 // a line
	width  int64 // of a line in bytes, with its end
}

// end is where the last base of a contig ends in the file.
func (e *entry) end() int64 {
	if e.length == 0 {
		return e.offset
	}
	return e.at(e.length-1) + 1
}

// at is where a base stands in the file.
func (e *entry) at(base int64) int64 { return e.offset + base/e.bases*e.width + base%e.bases }

// readIndex reads all of an index, for a file of some size. Entries MUST follow each other.
func readIndex(r io.Reader, size int64) ([]entry, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxIndexLine)
	var entries []entry
	last := int64(0)
	for s.Scan() {
		e, err := parseEntry(s.Bytes())
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: line %d: %w", ErrIndex, len(entries)+1, err)
		case len(entries) == maxContigs:
			return nil, fmt.Errorf("%w: over %d contigs", ErrIndex, maxContigs)
		case e.offset <= last:
			return nil, fmt.Errorf("%w: line %d: a contig stands before the one before it", ErrIndex, len(entries)+1)
		case e.end() > size:
			return nil, fmt.Errorf("%w: line %d: the contig goes on after the end of the file", ErrStale, len(entries)+1)
		}
		last = e.end()
		entries = append(entries, e)
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%w: line %d is over %d bytes long", ErrIndex, len(entries)+1, maxIndexLine)
	case err != nil:
		return nil, fmt.Errorf("read index: %w", err)
	case len(entries) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrIndex)
	}
	return entries, nil
}

func parseEntry(line []byte) (entry, error) {
	f := bytes.Split(line, []byte{'\t'})
	if len(f) != 5 || len(f[0]) == 0 {
		return entry{}, fmt.Errorf("%d columns; want name, length, offset, bases and bytes a line", len(f))
	}
	e := entry{name: string(f[0])}
	for i, to := range []struct {
		n    *int64
		most int64
	}{{&e.length, panel.MaxPos}, {&e.offset, 1 << 62}, {&e.bases, maxWidth}, {&e.width, maxWidth + 2}} {
		n, err := strconv.ParseInt(string(f[i+1]), 10, 64)
		if err != nil || n < 0 || n > to.most {
			return entry{}, fmt.Errorf("column %d is not a number from 0 to %d", i+2, to.most)
		}
		*to.n = n
	}
	if end := e.width - e.bases; e.length > 0 && (e.bases == 0 || end < 1 || end > 2) {
		return entry{}, errors.New("a line of sequence ends with one or two bytes")
	}
	return e, nil
}
