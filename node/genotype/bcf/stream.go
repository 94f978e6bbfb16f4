package bcf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// readAhead is what is asked of the file at once, and the most that is held of the
// genotypes of a record.
const readAhead = 256 << 10

// stream is the unpacked file. What it hands out is valid until the next call.
type stream struct {
	r      *bufio.Reader
	long   []byte // holds a site that is larger than the buffer of r
	offset int64  // of what is handed out next
}

func newStream(src io.Reader) (*stream, error) {
	packed := bufio.NewReaderSize(src, readAhead)
	head, err := packed.Peek(bgzf.HeaderSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bgzf.Is(head) {
		packed = bufio.NewReaderSize(bgzf.NewReader(packed), readAhead)
	}
	return &stream{r: packed}, nil
}

// Is reports whether a file that begins with these bytes is a BCF 2. They are the
// first 64 KiB of it, or all of it.
func Is(head []byte) bool {
	if bgzf.Is(head) {
		var first [len(magic)]byte
		n, _ := io.ReadFull(bgzf.NewReader(bytes.NewReader(head)), first[:])
		head = first[:n]
	}
	return bytes.HasPrefix(head, []byte(magic))
}

// peek shows the next n bytes, at most readAhead of them, and goes on pointing to them.
func (s *stream) peek(n int) ([]byte, error) { return s.r.Peek(n) }

// skip passes over bytes that were shown.
func (s *stream) skip(n int) {
	s.offset += int64(n)
	_, _ = s.r.Discard(n) // they are in the buffer
}

// discard passes over any number of bytes.
func (s *stream) discard(n int64) error {
	for n > 0 {
		k, err := s.r.Discard(int(min(n, readAhead)))
		s.offset += int64(k)
		n -= int64(k)
		if err != nil {
			return err
		}
	}
	return nil
}

// take hands out the next n bytes. It holds no more than the file has.
func (s *stream) take(n int) ([]byte, error) {
	if n <= readAhead {
		b, err := s.peek(n)
		if err == nil {
			s.skip(n)
		}
		return b, err
	}
	s.long = s.long[:0]
	for len(s.long) < n {
		b, err := s.peek(min(n-len(s.long), readAhead))
		s.long = append(s.long, b...)
		if err != nil {
			return nil, err
		}
		s.skip(len(b))
	}
	return s.long, nil
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
