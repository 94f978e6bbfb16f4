package bcf

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/locus-genomics/locus/internal/bgzf"
	"github.com/locus-genomics/locus/internal/window"
)

// source shows what comes next in the unpacked file, as package window does.
type source interface {
	Window(n int) ([]byte, error)
	Advance(n int)
}

// stream is the unpacked file. What it hands out is valid until the next call.
type stream struct {
	src    source
	offset int64 // of what is handed out next
}

func newStream(r io.Reader) (*stream, error) {
	if z, ok := r.(*bgzf.Reader); ok { // of several workers, say
		return &stream{src: z}, nil
	}
	head := make([]byte, bgzf.HeaderSize)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	r = io.MultiReader(bytes.NewReader(head), r)
	if bgzf.Is(head) {
		return &stream{src: bgzf.NewReader(r)}, nil
	}
	return &stream{src: window.New(r)}, nil
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

// peek shows the next n bytes and goes on pointing to them. Where there are fewer it
// shows those, with the error. It holds no more than the file has.
func (s *stream) peek(n int) ([]byte, error) {
	w, err := s.src.Window(n)
	return w[:min(n, len(w))], err
}

// skip passes over bytes that were shown, which stay as they are.
func (s *stream) skip(n int) {
	s.offset += int64(n)
	s.src.Advance(n)
}

// discard passes over any number of bytes.
func (s *stream) discard(n int64) error {
	for n > 0 {
		w, err := s.src.Window(1)
		if err != nil {
			return err
		}
		k := int(min(n, int64(len(w))))
		s.skip(k)
		n -= int64(k)
	}
	return nil
}

// take hands out the next n bytes.
func (s *stream) take(n int) ([]byte, error) {
	b, err := s.peek(n)
	if err == nil {
		s.skip(n)
	}
	return b, err
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
