package bgzf

import (
	"encoding/binary"
	"io"
)

const (
	// sourceSize is what is held of the file: a block, and what was asked for with it.
	sourceSize = 2 * maxBlock
	// sourceSlack is how far behind a block one may look. What is there means nothing.
	sourceSlack = 64
	// maxIdle is how often a reader may give nothing without a reason.
	maxIdle = 100
)

// source cuts a file into blocks as they are in it.
type source struct {
	r    io.Reader
	held []byte // with room for sourceSlack behind sourceSize
	lo   int    // where the next block begins in held
	hi   int    // where what was read ends
	err  error  // of r, behind hi
}

// block returns the next block. It stays as it is until the next call. The error is
// io.EOF between two blocks.
func (s *source) block() ([]byte, error) {
	if err := s.need(headerSize); err != nil {
		if err == io.EOF && s.lo < s.hi {
			err = ErrTruncated
		}
		return nil, err
	}
	h := s.held[s.lo:]
	if !isGzip(h) || h[3] != 4 {
		return nil, ErrHeader
	}
	extra := headerSize + int(binary.LittleEndian.Uint16(h[10:]))
	if extra+trailerSize > maxBlock {
		return nil, ErrHeader
	}
	if err := s.need(extra); err != nil {
		return nil, truncated(err)
	}
	size, err := blockSize(s.held[s.lo:][headerSize:extra])
	if err != nil {
		return nil, err
	}
	if size < extra+trailerSize {
		return nil, ErrHeader
	}
	if err := s.need(size); err != nil {
		return nil, truncated(err)
	}
	block := s.held[s.lo:][: size : size+sourceSlack]
	s.lo += size
	return block, nil
}

// truncated is what an error within a block means.
func truncated(err error) error {
	if err == io.EOF {
		return ErrTruncated
	}
	return err
}

// need reads until n bytes are held, at most maxBlock of them.
func (s *source) need(n int) error {
	if s.hi-s.lo >= n {
		return nil
	}
	if s.held == nil {
		s.held = make([]byte, sourceSize+sourceSlack)
	}
	if s.lo+n > sourceSize || s.lo == s.hi {
		s.hi = copy(s.held, s.held[s.lo:s.hi])
		s.lo = 0
	}
	for idle := 0; s.hi-s.lo < n; idle++ {
		if s.err != nil {
			return s.err
		}
		if idle == maxIdle {
			return io.ErrNoProgress
		}
		var k int
		if k, s.err = s.r.Read(s.held[s.hi:sourceSize]); k > 0 {
			s.hi += k
			idle = 0
		}
		if s.err == io.ErrUnexpectedEOF {
			s.err = io.EOF
		}
	}
	return nil
}
