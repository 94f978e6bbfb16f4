package bgzf

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// Unpack reads what is packed by BGZF, by gzip or not at all: the beginning tells which.
func Unpack(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	head, err := b.Peek(HeaderSize)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case Is(head):
		return NewReader(b), nil
	case len(head) > 1 && head[0] == 0x1f && head[1] == 0x8b:
		return gzip.NewReader(b)
	}
	return b, nil
}
