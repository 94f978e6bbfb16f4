package index

import (
	"errors"
	"io"

	"github.com/locus-genomics/locus/internal/bgzf"
)

// parts reads chunks one after another.
type parts struct {
	x    *Index
	left []chunk
	at   *section
}

// Read gives bytes of one chunk.
func (p *parts) Read(b []byte) (int, error) {
	for {
		if p.at == nil {
			if len(p.left) == 0 {
				return 0, io.EOF
			}
			p.at, p.left = p.x.section(p.left[0]), p.left[1:]
		}
		n, err := p.at.Read(b)
		if err != io.EOF {
			return n, err
		}
		p.at = nil
		if n > 0 {
			return n, nil
		}
	}
}

// section is what a file holds between two offsets.
type section struct {
	z     *bgzf.Reader
	base  int64 // where z began
	skip  int   // bytes of the first block that come before
	to    offset
	block int64 // of the bytes read last
	used  int   // bytes of it that were read
	err   error
}

// section prepares to read a chunk. Its offsets may be wrong: then reading is ErrStale.
func (x *Index) section(c chunk) *section {
	base := c.from.block()
	return &section{
		z:    bgzf.NewReader(io.NewSectionReader(x.data, base, x.size-base)),
		base: base, skip: c.from.within(), to: c.to, block: base,
	}
}

// Read gives bytes of one block. It returns io.EOF at the end of the section.
func (s *section) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, s.err
	}
	for s.err == nil && s.skip > 0 {
		var before [512]byte
		n, err := s.read(before[:min(s.skip, len(before))])
		if s.skip -= n; err != nil || s.block != s.base {
			s.fail(err)
		}
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.read(p)
	if err != nil {
		s.fail(err)
	}
	return n, s.err
}

// fail keeps an error. Where no block is, or not all of one, the index is wrong.
func (s *section) fail(err error) {
	var there *bgzf.Error
	switch {
	case err == nil || errors.Is(err, bgzf.ErrHeader):
		err = stale("the file has other blocks")
	case err == io.EOF && s.skip > 0:
		err = stale("a block is shorter than it says")
	case errors.As(err, &there):
		err = &bgzf.Error{Offset: s.base + there.Offset, Err: there.Err}
	}
	s.err = err
}

// read gives bytes of one block up to the end of the section, with no regard to its
// beginning.
func (s *section) read(p []byte) (int, error) {
	if s.block == s.to.block() {
		if s.used >= s.to.within() {
			return 0, io.EOF
		}
		p = p[:min(len(p), s.to.within()-s.used)]
	}
	n, err := s.z.Read(p)
	if err == io.EOF {
		if s.to.within() > 0 {
			return 0, stale("a block is shorter than it says")
		}
		return 0, io.EOF
	}
	if err != nil {
		return 0, err
	}
	if block := s.base + s.z.Offset(); block != s.block {
		s.block, s.used = block, 0
	}
	switch {
	case s.block > s.to.block():
		return 0, stale("the file has other blocks")
	case s.block == s.to.block():
		n = min(n, s.to.within()-s.used)
	}
	s.used += n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
