package pgen

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

var (
	// ErrLine is returned for a line of pvar or psam that cannot be read.
	ErrLine = errors.New("pgen: a line cannot be read")
	// ErrCompressed is returned for a zstd file that is damaged or cut short.
	ErrCompressed = errors.New("pgen: the zstd stream is damaged or cut short; copy the file again")
)

// LineError says where in a pvar or psam something is wrong.
type LineError struct {
	// File is "pvar" or "psam"; Line is counted from 1, in the unpacked text.
	File string
	Line int
	// Err is one of the errors of this package, or of genotype.
	Err error
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s, line %d: %v%s", e.File, e.Line, e.Err, e.mend())
}

// mend is what to do about it, where the error itself does not say.
func (e *LineError) mend() string {
	switch {
	case errors.Is(e.Err, ErrLine):
		return "; mend the line, or write the files anew (plink2 --make-pgen)"
	case errors.Is(e.Err, ErrSamples):
		return "; give each sample an IID of its own (plink2 --update-ids)"
	}
	return ""
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

const (
	// maxLine bounds a line: INFO may hold some thousand annotations.
	maxLine = 16 << 20
	// readAhead is what is asked of a file at once.
	readAhead = 256 << 10
	// maxWindow is what RFC 8878 wants every decoder of zstd to take.
	maxWindow = 8 << 20
)

const zstdMagic = "\x28\xb5\x2f\xfd"

// lines cuts a text into lines, packed with zstd or not.
type lines struct {
	file   string
	r      *bufio.Reader
	long   []byte // holds a line that is larger than the buffer of r
	number int    // of the line read last, from 1
	zstd   bool
	show   func(line int, text []byte) // nil, or who sees each line
}

func newLines(file string, r io.Reader) (*lines, error) {
	l := &lines{file: file, r: bufio.NewReaderSize(r, readAhead)}
	head, err := l.r.Peek(len(zstdMagic))
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if string(head) != zstdMagic {
		return l, nil
	}
	// One decoder at a time starts no goroutines.
	z, err := zstd.NewReader(l.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", file, ErrCompressed, err)
	}
	return &lines{file: file, r: bufio.NewReaderSize(z, readAhead), zstd: true}, nil
}

// next returns a line without its end (LF, or CR LF), valid until the next call. It
// returns io.EOF after the last line, which need not have an end.
func (l *lines) next() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		l.long = l.long[:0]
		for err == bufio.ErrBufferFull {
			if len(l.long)+len(line) > maxLine {
				return nil, l.at(fmt.Errorf("%w: it is over %d bytes long", ErrLine, maxLine))
			}
			l.long = append(l.long, line...)
			line, err = l.r.ReadSlice('\n')
		}
		l.long = append(l.long, line...)
		line = l.long
	}
	switch {
	case err == io.EOF && len(line) == 0:
		return nil, io.EOF
	case err != nil && err != io.EOF && l.zstd:
		return nil, l.at(fmt.Errorf("%w: %w", ErrCompressed, err))
	case err != nil && err != io.EOF:
		return nil, fmt.Errorf("read %s: %w", l.file, err)
	}
	if n := len(line); line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if l.show != nil {
		l.show(l.number, line)
	}
	return line, nil
}

func (l *lines) at(err error) error { return &LineError{File: l.file, Line: l.number, Err: err} }

// column takes a line's first column. Tabs and spaces separate, any number of them.
func column(line []byte) (first, rest []byte) {
	for len(line) > 0 && isBlank(line[0]) {
		line = line[1:]
	}
	for i, b := range line {
		if isBlank(b) {
			return line[:i], line[i:]
		}
	}
	return line, nil
}

func isBlank(b byte) bool { return b == '\t' || b == ' ' }

// columns are all of a line's.
func columns(line []byte) (all [][]byte) {
	for {
		var one []byte
		if one, line = column(line); len(one) == 0 {
			return all
		}
		all = append(all, one)
	}
}
