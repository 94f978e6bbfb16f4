package ontology

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// What a file may be. MONDO has 30,000 terms and about 2 parents a term; its OWL is 250 MB,
// of which no line or text is longer than some thousand bytes.
const (
	maxBytes   = 1 << 30
	maxTerms   = 400_000
	maxParents = 64
	maxLine    = 1 << 20
	maxDepth   = 64
	maxName    = 200
)

// ErrOntology is returned for a file that cannot be read as an ontology.
var ErrOntology = errors.New("ontology: not readable")

func faultAt(line int, format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %w", ErrOntology, line, fmt.Errorf(format, args...))
}

// bounded reads bytes until a token or the whole file is too long.
type bounded struct {
	in    *bufio.Reader
	token int
	whole int64
	// most is how long the whole may be.
	most int64
}

var (
	errLong  = fmt.Errorf("a line or text is longer than %d bytes", maxLine)
	errLarge = fmt.Errorf("the file is larger than %d bytes", maxBytes)
)

// ReadByte makes an XML decoder read through here, and not through a buffer of its own.
func (b *bounded) ReadByte() (byte, error) {
	if b.token++; b.token > maxLine {
		return 0, errLong
	}
	if b.whole++; b.whole > b.most {
		return 0, errLarge
	}
	return b.in.ReadByte()
}

// Read is there because a decoder wants an io.Reader; it reads a byte.
func (b *bounded) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// line is the next line without its end. It is valid until the next call.
func (b *bounded) line(buffer []byte) ([]byte, error) {
	buffer = buffer[:0]
	for {
		part, err := b.in.ReadSlice('\n')
		b.whole += int64(len(part))
		switch {
		case len(buffer)+len(part) > maxLine:
			return nil, errLong
		case b.whole > b.most:
			return nil, errLarge
		}
		buffer = append(buffer, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil:
			buffer = buffer[:len(buffer)-1]
			if n := len(buffer); n > 0 && buffer[n-1] == '\r' {
				buffer = buffer[:n-1]
			}
			return buffer, nil
		case errors.Is(err, io.EOF) && len(buffer) > 0:
			return buffer, nil
		}
		return nil, err
	}
}
