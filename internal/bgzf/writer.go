package bgzf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// ErrClosed is returned when a closed writer is written to.
var ErrClosed = errors.New("bgzf: the writer is closed")

// chunk is how much goes into a block: what htslib takes, so that a block that does
// not shrink still fits.
const chunk = 0xff00

// Writer is an io.WriteCloser that packs what is written into BGZF.
type Writer struct {
	w      io.Writer
	plain  []byte
	packed bytes.Buffer
	out    *flate.Writer
	err    error // sticks
}

// NewWriter writes to w. The caller MUST Close it, which does not close w.
func NewWriter(w io.Writer) *Writer {
	b := &Writer{w: w, plain: make([]byte, 0, chunk)}
	b.out, b.err = flate.NewWriter(io.Discard, flate.DefaultCompression)
	return b
}

// Write packs p, a block at a time.
func (b *Writer) Write(p []byte) (int, error) {
	n := 0
	for b.err == nil && n < len(p) {
		k := min(len(p)-n, chunk-len(b.plain))
		b.plain = append(b.plain, p[n:n+k]...)
		n += k
		if len(b.plain) == chunk {
			b.err = b.flush()
		}
	}
	return n, b.err
}

// Close writes what is left and the block that ends the file.
func (b *Writer) Close() error {
	if b.err != nil {
		return b.err
	}
	if b.err = b.flush(); b.err != nil {
		return b.err
	}
	if _, b.err = io.WriteString(b.w, end); b.err != nil {
		return b.err
	}
	b.err = ErrClosed
	return nil
}

func (b *Writer) flush() error {
	if len(b.plain) == 0 {
		return nil
	}
	b.packed.Reset()
	b.packed.WriteString(end[:HeaderSize])
	b.out.Reset(&b.packed)
	if _, err := b.out.Write(b.plain); err != nil {
		return fmt.Errorf("compress a block: %w", err)
	}
	if err := b.out.Close(); err != nil {
		return fmt.Errorf("compress a block: %w", err)
	}
	var trailer [trailerSize]byte
	binary.LittleEndian.PutUint32(trailer[:], checksum(b.plain))
	binary.LittleEndian.PutUint32(trailer[4:], uint32(len(b.plain)))
	b.packed.Write(trailer[:])
	block := b.packed.Bytes()
	binary.LittleEndian.PutUint16(block[16:], uint16(len(block)-1))
	b.plain = b.plain[:0]
	_, err := b.w.Write(block)
	return err
}
