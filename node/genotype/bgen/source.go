package bgen

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrTruncated is returned for a file that ends before its header says.
	ErrTruncated = errors.New("bgen: the file is cut short; copy it again")
	// ErrTrailing is returned for bytes behind the last variant.
	ErrTrailing = errors.New("bgen: there is something behind the last variant; copy the file again")
)

// readAhead is what is asked of a file at once.
const readAhead = 256 << 10

// source reads a file and knows how far it has come.
type source struct {
	r  *bufio.Reader
	at int64
}

func (s *source) fill(p []byte) error {
	n, err := io.ReadFull(s.r, p)
	s.at += int64(n)
	return broken(err)
}

func (s *source) skip(n uint64) error {
	for n > 0 {
		some, err := s.r.Discard(int(min(n, 1<<20)))
		s.at += int64(some)
		n -= uint64(some)
		if err != nil {
			return broken(err)
		}
	}
	return nil
}

// show skips n bytes that it shows to who wants to see them.
func (s *source) show(n uint64, to func(part []byte)) error {
	if to == nil {
		return s.skip(n)
	}
	part := make([]byte, min(n, 64<<10))
	for n > 0 {
		part = part[:min(n, uint64(len(part)))]
		if err := s.fill(part); err != nil {
			return err
		}
		to(part)
		n -= uint64(len(part))
	}
	return nil
}

// broken says what an error of reading means.
func broken(err error) error {
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return ErrTruncated
	case err != nil:
		return fmt.Errorf("read bgen: %w", err)
	}
	return nil
}

// short reads n bytes, fewer than readAhead, which are valid until the next call.
func (s *source) short(n int) ([]byte, error) {
	p, err := s.r.Peek(n)
	if err != nil {
		return nil, broken(err)
	}
	some, err := s.r.Discard(n)
	s.at += int64(some)
	return p, broken(err)
}

func (s *source) uint16() (uint16, error) {
	p, err := s.short(2)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint16(p), nil
}

func (s *source) uint32() (uint32, error) {
	p, err := s.short(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(p), nil
}

// end is io.EOF where the file ends.
func (s *source) end() error {
	switch _, err := s.r.Peek(1); {
	case err == nil:
		return ErrTrailing
	case err != io.EOF:
		return fmt.Errorf("read bgen: %w", err)
	}
	return io.EOF
}
