package vcf

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/window"
)

var (
	// ErrLong is returned for a line over any that a VCF of a million people has.
	ErrLong = errors.New("vcf: a line is over 64 MiB: this is no VCF, or its line ends are lost; write it anew (bcftools view)")
	// ErrCompressed is returned for a plain gzip file that is damaged or cut short.
	ErrCompressed = errors.New("vcf: the gzip stream is damaged or cut short; copy the file again")
)

// maxLine bounds what is held of a file: a million samples with 64 bytes each.
const maxLine = 64 << 20

// source shows what comes next in the unpacked text, as package window does.
type source interface {
	Window(n int) ([]byte, error)
	Advance(n int)
}

// lines cuts a file into lines, whichever way it is packed.
type lines struct {
	src    source
	taken  int // of what src shows: the line at hand, with its end
	number int // of the line read last, from 1
	gzip   bool
}

func newLines(r io.Reader) (*lines, error) {
	if z, ok := r.(*bgzf.Reader); ok { // of several workers, say
		return &lines{src: z}, nil
	}
	head := make([]byte, bgzf.HeaderSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	switch {
	case bgzf.Is(head):
		return &lines{src: bgzf.NewReader(r)}, nil
	case len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
		}
		return &lines{src: window.New(z), gzip: true}, nil
	}
	return &lines{src: window.New(r)}, nil
}

// next returns a line without its end (LF, or CR LF). It is valid until the next call.
// It returns io.EOF after the last line, which need not have an end.
func (l *lines) next() ([]byte, error) {
	l.src.Advance(l.taken)
	l.taken = 0
	l.number++
	w, err := l.src.Window(1)
	seen := 0
	for err == nil {
		if i := bytes.IndexByte(w[seen:], '\n'); i >= 0 {
			l.taken = seen + i + 1
			return withoutCR(w[:seen+i]), nil
		}
		if seen = len(w); seen > maxLine {
			return nil, ErrLong
		}
		w, err = l.src.Window(seen + 1)
	}
	switch {
	case err != io.EOF && l.gzip:
		return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
	case err != io.EOF:
		return nil, err
	case len(w) == 0:
		return nil, io.EOF
	}
	l.taken = len(w)
	return withoutCR(w), nil
}

func withoutCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// like shows what the next line is if its samples take as many bytes as told, and where
// in it they begin. It is nil if it is another line. There may be the end of a line among
// the samples, which the caller has to look for: only then may it take the line.
func (l *lines) like(samples int) (line []byte, at int) {
	l.src.Advance(l.taken)
	l.taken = 0
	w, err := l.src.Window(1)
	if err != nil {
		return nil, 0 // next tells it
	}
	for range fixed + 1 {
		i := bytes.IndexByte(w[at:], '\t')
		if i < 0 {
			return nil, 0 // a block ends here, or there are fewer columns
		}
		at += i + 1
	}
	at--
	if bytes.IndexByte(w[:at], '\n') >= 0 {
		return nil, 0
	}
	size := at + samples
	if w, err = l.src.Window(size + len("\r\n")); err != nil && len(w) <= size {
		return nil, 0
	}
	if w[size] == '\n' || w[size] == '\r' && len(w) > size+1 && w[size+1] == '\n' {
		return w[:size], at
	}
	return nil, 0
}

// take takes the line that like has shown.
func (l *lines) take(line []byte) {
	l.number++
	l.taken = len(line) + 1
	if w, _ := l.src.Window(l.taken); w[len(line)] == '\r' {
		l.taken++
	}
}
