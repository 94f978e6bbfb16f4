package bgzf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

var (
	// ErrHeader is returned for a block that does not begin as one of BGZF does.
	ErrHeader = errors.New("bgzf: not a BGZF block")
	// ErrTruncated is returned when the file ends within a block.
	ErrTruncated = errors.New("bgzf: the file ends within a block; copy it again")
	// ErrDamaged is returned for a block whose bytes are not those that were written.
	ErrDamaged = errors.New("bgzf: a damaged block; copy the file again")
	// ErrNoEnd is returned when the block that ends every file is not there.
	ErrNoEnd = errors.New("bgzf: the block that marks the end is missing: the file is cut short; copy it again")
	// ErrTrailing is returned when something follows the block that ends the file.
	ErrTrailing = errors.New("bgzf: something follows the end of the file")
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
	headerSize  = 12      // of gzip, with the length of its extra field
	trailerSize = 8       // CRC-32 and length
	maxBlock    = 1 << 16 // compressed or not
)

// end is the empty block that ends every file.
const end = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00\x42\x43\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// HeaderSize is how many bytes Is looks at.
const HeaderSize = 18

// Is reports whether a file that begins with these bytes is BGZF.
func Is(head []byte) bool {
	return len(head) >= HeaderSize && isGzip(head) && head[3] == 4 &&
		binary.LittleEndian.Uint16(head[10:]) >= 6 && head[12] == 'B' && head[13] == 'C'
}

func isGzip(head []byte) bool { return head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 }

// Reader is an io.Reader over what a BGZF file holds.
type Reader struct {
	r      io.Reader
	packed []byte // the block at hand, as in the file
	plain  []byte // what is left of it
	buffer []byte
	raw    bytes.Reader
	inflow io.ReadCloser
	offset int64 // of the block at hand
	next   int64 // of the one after
	ended  bool  // the block at hand is the one that ends files
	err    error // sticks
}

// NewReader reads from r. Nothing is read before the first Read.
func NewReader(r io.Reader) *Reader {
	b := &Reader{r: r, packed: make([]byte, maxBlock), buffer: make([]byte, maxBlock)}
	b.inflow = flate.NewReader(&b.raw)
	return b
}

// Offset is where the block of the bytes read last begins in the compressed file.
func (b *Reader) Offset() int64 { return b.offset }

// Read hands out bytes of one block.
func (b *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, b.err
	}
	for len(b.plain) == 0 {
		if b.err == nil {
			b.err = b.advance()
		}
		if b.err != nil {
			return 0, b.err
		}
	}
	n := copy(p, b.plain)
	b.plain = b.plain[n:]
	return n, nil
}

// advance takes the next block, which may be empty. It returns io.EOF where a sound
// file ends.
func (b *Reader) advance() error {
	b.offset = b.next
	n, err := b.fill()
	switch {
	case err == io.EOF && b.ended:
		return io.EOF
	case err == io.EOF:
		err = ErrNoEnd
	case b.ended && (errors.Is(err, ErrHeader) || errors.Is(err, ErrTruncated)):
		err = ErrTrailing
	case err == nil:
		b.ended = string(b.packed[:n]) == end
		err = b.inflate(b.packed[:n])
	}
	if err != nil {
		return &Error{Offset: b.offset, Err: err}
	}
	b.next += int64(n)
	return nil
}

// fill reads one block as it is in the file. It returns io.EOF between two blocks.
func (b *Reader) fill() (int, error) {
	if _, err := io.ReadFull(b.r, b.packed[:headerSize]); err != nil {
		return 0, within(err)
	}
	h := b.packed
	if !isGzip(h) || h[3] != 4 {
		return 0, ErrHeader
	}
	extra := int(binary.LittleEndian.Uint16(h[10:]))
	if headerSize+extra+trailerSize > maxBlock {
		return 0, ErrHeader
	}
	if _, err := io.ReadFull(b.r, h[headerSize:headerSize+extra]); err != nil {
		return 0, truncated(err)
	}
	size, err := blockSize(h[headerSize : headerSize+extra])
	if err != nil {
		return 0, err
	}
	if size < headerSize+extra+trailerSize {
		return 0, ErrHeader
	}
	if _, err := io.ReadFull(b.r, h[headerSize+extra:size]); err != nil {
		return 0, truncated(err)
	}
	return size, nil
}

// within is what an error of the first read of a block means.
func within(err error) error {
	if err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}

func truncated(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return ErrTruncated
	}
	return err
}

// blockSize finds the one subfield BC among the extra fields.
func blockSize(extra []byte) (int, error) {
	size := 0
	for len(extra) > 0 {
		if len(extra) < 4 {
			return 0, ErrHeader
		}
		n := int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return 0, ErrHeader
		}
		if extra[0] == 'B' && extra[1] == 'C' {
			if n != 2 || size != 0 {
				return 0, ErrHeader
			}
			size = int(binary.LittleEndian.Uint16(extra[4:])) + 1
		}
		extra = extra[4+n:]
	}
	if size == 0 {
		return 0, ErrHeader
	}
	return size, nil
}

// inflate unpacks a whole block and compares it with what its trailer says.
func (b *Reader) inflate(block []byte) error {
	trailer := block[len(block)-trailerSize:]
	length := binary.LittleEndian.Uint32(trailer[4:])
	if length > maxBlock {
		return ErrDamaged
	}
	start := headerSize + int(binary.LittleEndian.Uint16(block[10:]))
	b.raw.Reset(block[start : len(block)-trailerSize])
	if err := b.inflow.(flate.Resetter).Reset(&b.raw, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	plain := b.buffer[:length]
	if _, err := io.ReadFull(b.inflow, plain); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var one [1]byte
	if n, err := b.inflow.Read(one[:]); n != 0 || err != io.EOF {
		return fmt.Errorf("%w: it holds more than it says", ErrDamaged)
	}
	if b.raw.Len() != 0 {
		return fmt.Errorf("%w: bytes are left over", ErrDamaged)
	}
	if crc32.ChecksumIEEE(plain) != binary.LittleEndian.Uint32(trailer) {
		return fmt.Errorf("%w: the checksum differs", ErrDamaged)
	}
	b.plain = plain
	return nil
}
