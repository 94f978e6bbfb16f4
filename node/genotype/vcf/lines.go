package vcf

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/locus-genomics/locus/internal/bgzf"
)

var (
	// ErrLong is returned for a line over any that a VCF of a million people has.
	ErrLong = errors.New("vcf: a line is too long")
	// ErrCompressed is returned for a plain gzip file that is damaged or cut short.
	ErrCompressed = errors.New("vcf: the gzip stream is damaged or cut short; copy the file again")
)

const (
	// maxLine bounds what is held of a file: a million samples with 64 bytes each.
	maxLine = 64 << 20
	// readAhead is what is asked of the file at once.
	readAhead = 256 << 10
)

// lines cuts a file into lines, whichever way it is packed.
type lines struct {
	r      *bufio.Reader
	long   []byte // holds a line that is larger than the buffer of r
	number int    // of the line read last, from 1
	gzip   bool
}

func newLines(r io.Reader) (*lines, error) {
	packed := bufio.NewReaderSize(r, readAhead)
	head, err := packed.Peek(bgzf.HeaderSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bgzf.Is(head):
		return &lines{r: bufio.NewReaderSize(bgzf.NewReader(packed), readAhead)}, nil
	case len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
		}
		return &lines{r: bufio.NewReaderSize(z, readAhead), gzip: true}, nil
	}
	return &lines{r: packed}, nil
}

// next returns a line without its end (LF, or CR LF). It is valid until the next call.
// It returns io.EOF after the last line, which need not have an end.
func (l *lines) next() ([]byte, error) {
	l.number++
	line, err := l.r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		l.long = l.long[:0]
		for err == bufio.ErrBufferFull {
			if len(l.long)+len(line) > maxLine {
				return nil, ErrLong
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
	case err != nil && err != io.EOF:
		if l.gzip {
			return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
		}
		return nil, err
	}
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}
