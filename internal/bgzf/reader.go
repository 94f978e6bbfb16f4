package bgzf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrHeader is returned for a block that does not begin as one of BGZF does.
	ErrHeader = errors.New("bgzf: not a BGZF block; unpack the file and pack it with bgzip, or copy it again")
	// ErrTruncated is returned when the file ends within a block.
	ErrTruncated = errors.New("bgzf: the file ends within a block; copy it again")
	// ErrDamaged is returned for a block whose bytes are not those that were written.
	ErrDamaged = errors.New("bgzf: a damaged block; copy the file again")
	// ErrNoEnd is returned when the block that ends every file is not there.
	ErrNoEnd = errors.New("bgzf: the block that marks the end is missing: the file is cut short; copy it again")
	// ErrTrailing is returned when something follows the block that ends the file.
	ErrTrailing = errors.New("bgzf: something follows the block that marks the end; copy the file again")
)

// Error says in which block something is wrong.
type Error struct {
	// Offset is where the block begins in the compressed file.
	Offset int64
	// Err is one of the errors of this package, or of the reader below.
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %d: %v", e.Offset, e.Err) }

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

const (
	// windowSize is what Window holds at least. It fits a processor's own cache.
	windowSize = 256 << 10
	// Slack is how many bytes behind a window may be looked at.
	Slack = 64
	// plainSlack is how far behind a block its bytes may be overwritten.
	plainSlack = 512
)

// Reader is an io.Reader over what a BGZF file holds. It is for one goroutine.
type Reader struct {
	src    blocks
	z      *inflater
	ahead  *ahead // nil where blocks are unpacked as they are asked for
	plain  []byte
	lo, hi int   // what of plain was not handed out
	least  int   // that plain is made for
	offset int64 // of the block at hand
	err    error // sticks
}

// NewReader reads from r, more than it needs at a time. Nothing is read before the
// first Read.
func NewReader(r io.Reader) *Reader {
	return &Reader{src: blocks{source: source{r: r}}, least: maxBlock, z: newInflater()}
}

// Offset is where the block of the bytes read last begins in the compressed file: with
// Window, the last block that was shown.
func (b *Reader) Offset() int64 { return b.offset }

// Read hands out bytes of one block, where no Window was asked for.
func (b *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, b.err
	}
	if err := b.some(); err != nil {
		return 0, err
	}
	n := copy(p, b.plain[b.lo:b.hi])
	b.lo += n
	return n, nil
}

// Block hands out what is left of the block at hand, or else the next one that is not
// empty, without a copy. It stays as it is until the next call of any method.
func (b *Reader) Block() ([]byte, error) {
	if err := b.some(); err != nil {
		return nil, err
	}
	block := b.show()
	b.lo = b.hi
	return block, nil
}

// Window shows what comes next without a copy and without handing it out: n bytes or
// more, all that is at hand. Where fewer are left, it shows those, and says why: io.EOF
// at the end of a sound file. What it shows stays until the next call of any method
// but Advance. Behind it, within its capacity, are Slack bytes that mean nothing.
//
// It holds twice n at most where the file has as many, so the caller MUST bound n.
func (b *Reader) Window(n int) ([]byte, error) {
	b.least = max(b.least, windowSize)
	for b.hi-b.lo < n {
		if b.err == nil {
			b.err = b.advance()
		}
		if b.err != nil {
			return b.show(), b.err
		}
	}
	return b.show(), nil
}

// Advance hands out the first n bytes that Window showed. It panics when it did not
// show as many.
func (b *Reader) Advance(n int) {
	if n < 0 || n > b.hi-b.lo {
		panic("bgzf: more is passed over than was shown")
	}
	b.lo += n
}

func (b *Reader) show() []byte {
	if b.plain == nil {
		return nil
	}
	return b.plain[b.lo : b.hi : b.hi+Slack]
}

// some makes sure that there are bytes to hand out.
func (b *Reader) some() error {
	for b.lo == b.hi {
		if b.err == nil {
			b.err = b.advance()
		}
		if b.err != nil {
			return b.err
		}
	}
	return nil
}

// advance takes the next block, which may be empty. It returns io.EOF where a sound
// file ends.
func (b *Reader) advance() error {
	if b.ahead != nil {
		return b.follow()
	}
	block, err := b.src.take()
	b.offset = b.src.offset
	if err != nil {
		return err
	}
	length, err := plainSize(block)
	if err == nil {
		b.room(length)
		err = b.z.unpack(b.plain[b.hi:], length, block)
	}
	if err != nil {
		return &Error{Offset: b.offset, Err: err}
	}
	b.hi += length
	return nil
}

// room makes plain fit for n more bytes behind hi.
func (b *Reader) room(n int) {
	if b.lo == b.hi {
		b.lo, b.hi = 0, 0
	}
	if b.hi+n+plainSlack <= len(b.plain) {
		return
	}
	held := b.plain[b.lo:b.hi]
	// Half of it free, so that bytes are moved once on average.
	if size := max(b.least, 2*len(held)+n) + plainSlack; size > len(b.plain) {
		b.plain = make([]byte, size)
	}
	b.lo, b.hi = 0, copy(b.plain, held)
}

// blocks tells where each block is, and whether they end as they should.
type blocks struct {
	source
	offset int64 // of the block taken last
	next   int64 // of the one after
	ended  bool  // the block taken last is the one that ends files
}

// take returns the next block as it is in the file. It stays until the next call. The
// error is io.EOF where a sound file ends, or an *Error.
func (b *blocks) take() ([]byte, error) {
	b.offset = b.next
	block, err := b.block()
	switch {
	case err == nil:
		b.ended = string(block) == end
		b.next += int64(len(block))
		return block, nil
	case err == io.EOF && b.ended:
		return nil, io.EOF
	case err == io.EOF:
		err = ErrNoEnd
	case b.ended && (errors.Is(err, ErrHeader) || errors.Is(err, ErrTruncated)):
		err = ErrTrailing
	}
	return nil, &Error{Offset: b.offset, Err: err}
}

// plainSize is how many bytes a block says that it holds.
func plainSize(block []byte) (int, error) {
	n := binary.LittleEndian.Uint32(block[len(block)-4:])
	if n > maxBlock {
		return 0, fmt.Errorf("%w: it is over 64 KiB", ErrDamaged)
	}
	return int(n), nil
}

// unpack inflates a whole block, with sourceSlack in its capacity, to the first size
// bytes of dst, and compares them with what its trailer says.
func (z *inflater) unpack(dst []byte, size int, block []byte) error {
	start := headerSize + int(binary.LittleEndian.Uint16(block[10:]))
	if err := z.inflate(dst, size, block[start:len(block)+sourceSlack], len(block)-trailerSize-start); err != nil {
		return err
	}
	if checksum(dst[:size]) != binary.LittleEndian.Uint32(block[len(block)-trailerSize:]) {
		return fmt.Errorf("%w: the checksum differs", ErrDamaged)
	}
	return nil
}
