package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/locus-genomics/locus/internal/debug"
)

const (
	// maxLengthBytes bounds the varint of a frame's length: five groups of seven
	// bits hold every length up to MaxFrame with room to spare.
	maxLengthBytes = 5
	// firstGrow is how much is allocated for a frame before any of it arrived.
	firstGrow = 4 << 10

	bulkRequestSize = 32 + 8
	bulkHeaderSize  = 32 + 8 + 8 + sha256.Size
)

// appendFrame appends payload as a frame.
func appendFrame(dst, payload []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(payload))), payload...)
}

// readFrame reads a frame of at most limit bytes. It reads nothing beyond the
// frame, and nothing of a frame that is too long.
func readFrame(r io.Reader, limit int) ([]byte, error) {
	length, err := readLength(r)
	if err != nil {
		return nil, err
	}
	if length > uint64(limit) && !debug.Without(debug.FrameBound) {
		return nil, fmt.Errorf("%w: %d bytes announced, at most %d are allowed", ErrFrame, length, limit)
	}
	var frame bytes.Buffer
	frame.Grow(int(min(length, firstGrow)))
	if _, err := io.CopyN(&frame, r, int64(length)); err != nil {
		return nil, cutShort(err)
	}
	return frame.Bytes(), nil
}

// readLength reads a varint in its shortest form. It reads byte by byte: the
// stream below buffers, and a byte taken too many would be lost to the payload.
func readLength(r io.Reader) (uint64, error) {
	var length uint64
	var b [1]byte
	for i := range maxLengthBytes {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, cutShort(err)
		}
		length |= uint64(b[0]&0x7f) << (7 * i)
		if b[0] < 0x80 {
			if i > 0 && b[0] == 0 {
				return 0, fmt.Errorf("%w: length is not in its shortest form", ErrFrame)
			}
			return length, nil
		}
	}
	return 0, fmt.Errorf("%w: length takes more than %d bytes", ErrFrame, maxLengthBytes)
}

// readEnd checks that the stream ends here.
func readEnd(r io.Reader) error {
	var b [1]byte
	n, err := io.ReadFull(r, b[:])
	if n > 0 {
		return fmt.Errorf("%w: bytes after the end", ErrFrame)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// cutShort turns the end of a stream in the middle of a message into ErrFrame.
// Other errors stay what they are.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: cut short", ErrFrame)
	}
	return err
}

// readCode reads an answer's first byte.
func readCode(r io.Reader) (Code, error) {
	var b [1]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, cutShort(err)
	}
	if code := Code(b[0]); code <= lastCode {
		return code, nil
	}
	return 0, fmt.Errorf("%w: unknown code %d", ErrFrame, b[0])
}

// bulkRequest is what the caller of a transfer sends.
type bulkRequest struct {
	id     [32]byte
	offset int64
}

func (q bulkRequest) encode() []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, bulkRequestSize), q.id[:]...), uint64(q.offset))
}

func readBulkRequest(r io.Reader) (q bulkRequest, err error) {
	var b [bulkRequestSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return q, cutShort(err)
	}
	copy(q.id[:], b[:32])
	if q.offset = int64(binary.BigEndian.Uint64(b[32:])); q.offset < 0 {
		return q, fmt.Errorf("%w: offset out of range", ErrFrame)
	}
	return q, nil
}

// bulkHeader goes before the bytes of a transfer.
type bulkHeader struct {
	item   Item
	offset int64
}

func (h bulkHeader) encode() []byte {
	b := append(make([]byte, 0, bulkHeaderSize), h.item.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.item.Size))
	b = binary.BigEndian.AppendUint64(b, uint64(h.offset))
	return append(b, h.item.Digest[:]...)
}

func readBulkHeader(r io.Reader) (h bulkHeader, err error) {
	var b [bulkHeaderSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, cutShort(err)
	}
	copy(h.item.ID[:], b[:32])
	h.item.Size = int64(binary.BigEndian.Uint64(b[32:]))
	h.offset = int64(binary.BigEndian.Uint64(b[40:]))
	copy(h.item.Digest[:], b[48:])
	if h.item.Size < 0 || h.offset < 0 || h.offset > h.item.Size {
		return h, fmt.Errorf("%w: offset or size out of range", ErrFrame)
	}
	return h, nil
}

// check compares what a peer announced with what was asked for.
func (h bulkHeader) check(item Item, offset int64) error {
	if h.item != item || h.offset != offset {
		return fmt.Errorf("%w: the peer announced another id, size, offset or digest", ErrDigest)
	}
	return nil
}
