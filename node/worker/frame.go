package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrFrame is returned when the child says what cannot be.
var ErrFrame = errors.New("worker: the process that reads genotypes says what cannot be")

// kind is what a frame holds.
type kind byte

// The frames, in the order in which they come; those of samples and rows any number
// of times.
const (
	frameConfined kind = 'C' // which limits the child could not set
	frameHeader   kind = 'H' // assembly, number of samples, whether there are sexes
	frameSamples  kind = 'S' // names, and sexes if there are
	framePersonal kind = 'P' // personal data in what is dropped, if it was asked for
	frameRows     kind = 'R' // whole rows
	frameEnd      kind = 'E' // sound, or what is wrong
)

const (
	// frameSize is from how many bytes on a frame is sent: large enough that the
	// cost of a system call is spread over many rows.
	frameSize = 256 << 10
	// maxFrame bounds one. A frame has less than a row more than frameSize, and the
	// largest row that is known of is a line of 64 MiB, or 16 million calls of four
	// bytes.
	maxFrame = 256 << 20
	// headSize is the bytes before what a frame holds: its kind and length.
	headSize = 5
)

// frameWriter gathers one frame at a time.
type frameWriter struct {
	w io.Writer
	b []byte // headSize bytes, then what the frame holds
}

func newFrameWriter(w io.Writer) *frameWriter {
	return &frameWriter{w: w, b: make([]byte, headSize, 2*frameSize)}
}

// full reports whether it is time to send.
func (f *frameWriter) full() bool { return len(f.b) >= frameSize }

// send writes what was gathered, and begins anew.
func (f *frameWriter) send(k kind) error {
	n := len(f.b) - headSize
	if n > maxFrame {
		return fmt.Errorf("%w: a row of %d bytes", ErrFrame, n)
	}
	f.b[0] = byte(k)
	binary.LittleEndian.PutUint32(f.b[1:], uint32(n))
	_, err := f.w.Write(f.b)
	f.b = f.b[:headSize]
	return err
}

// frameReader reads them. It holds no more than has come.
type frameReader struct {
	r io.Reader
	b []byte
}

// next returns a frame, valid until the next call; io.EOF where one would begin.
func (f *frameReader) next() (kind, []byte, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(f.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(head[1:]))
	if n > maxFrame {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", ErrFrame, n)
	}
	f.b = f.b[:0]
	for len(f.b) < n {
		at := len(f.b)
		step := min(n-at, max(at, 2*frameSize))
		f.b = slices.Grow(f.b, step)[:at+step]
		if _, err := io.ReadFull(f.r, f.b[at:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, nil, err
		}
	}
	return kind(head[0]), f.b, nil
}

// cursor takes values off foreign bytes. After a fault it is bad and gives zeros.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() { c.b, c.bad = nil, true }

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail()
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uvarint() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// count is a number of things of which each takes a byte or more.
func (c *cursor) count() int {
	v := c.uvarint()
	if v > uint64(len(c.b)) {
		c.fail()
		return 0
	}
	return int(v)
}

// bytes are the next n, which MUST NOT be kept.
func (c *cursor) bytes(n int) []byte {
	if n > len(c.b) {
		c.fail()
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// end is ErrFrame when a value was bad or something is left.
func (c *cursor) end(what string) error {
	if c.bad || len(c.b) > 0 {
		return fmt.Errorf("%w: %s", ErrFrame, what)
	}
	return nil
}
