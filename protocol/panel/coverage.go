package panel

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"
)

const (
	coverageMagic = "LOCUSCV1"
	// coverageBlock is the bytes of a block: four variants each.
	coverageBlock = 1 << 14
)

// Cover is what a site knows of a variant of a panel, from its files' sites alone.
type Cover uint8

// What a site may know: nothing, for its AN is 0 there; what its calls say; or that the
// position was looked at and nobody has anything but the reference.
const (
	NotAssayed Cover = iota
	Assayed
	HomRef

	covers = 3
)

// Coverage says of each variant of a panel whether a site assayed it: absent is not zero.
type Coverage struct {
	size int
	bits []byte // two a variant, the lower ones first
}

// NewCoverage covers nothing.
func NewCoverage(p *Panel) *Coverage {
	return &Coverage{size: p.size, bits: make([]byte, (p.size+3)/4)}
}

// Len is the number of variants.
func (c *Coverage) Len() int { return c.size }

// At is what is known of variant i, for 0 <= i < Len.
func (c *Coverage) At(i int) Cover { return Cover(c.bits[i/4] >> (i % 4 * 2) & 3) }

// Set says what is known of variant i, for 0 <= i < Len.
func (c *Coverage) Set(i int, cover Cover) {
	shift := i % 4 * 2
	c.bits[i/4] = c.bits[i/4]&^(3<<shift) | byte(cover)<<shift
}

// Count is the number of variants of which this is known.
func (c *Coverage) Count(cover Cover) int {
	var n [covers + 1]int
	for _, b := range c.bits {
		low, high := b&0x55, b>>1&0x55
		n[Assayed] += bits.OnesCount8(low &^ high)
		n[HomRef] += bits.OnesCount8(high &^ low)
	}
	n[NotAssayed] = c.size - n[Assayed] - n[HomRef]
	return n[cover&3]
}

// WriteTo writes the file that ParseCoverage reads. The panel MUST be the one of
// NewCoverage.
func (c *Coverage) WriteTo(w io.Writer, p *Panel) (int64, error) {
	packer, err := newPacker()
	if err != nil {
		return 0, fmt.Errorf("write coverage: %w", err)
	}
	defer packer.Close()
	s := newSidecar(w, coverageMagic, p)
	for from := 0; from < len(c.bits); from += coverageBlock {
		packed := packer.EncodeAll(c.bits[from:min(from+coverageBlock, len(c.bits))], nil)
		s.write(binary.LittleEndian.AppendUint32(nil, uint32(len(packed))))
		s.write(packed)
	}
	return s.end()
}

// ParseCoverage reads the coverage of a panel's variants, to the end of r.
func ParseCoverage(r io.Reader, p *Panel) (*Coverage, error) {
	s, err := openSidecar(r, coverageMagic, p)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(coverageBlock))
	if err != nil {
		return nil, fmt.Errorf("read coverage: %w", err)
	}
	defer z.Close()
	c := &Coverage{size: p.size}
	for want := (p.size + 3) / 4; len(c.bits) < want; {
		length, err := s.read(4)
		if err != nil {
			return nil, err
		}
		n := binary.LittleEndian.Uint32(length)
		if n > maxSidecarBlock {
			return nil, fmt.Errorf("%w: a block of %d bytes", ErrSidecar, n)
		}
		packed, err := s.read(int64(n))
		if err != nil {
			return nil, err
		}
		plain, err := z.DecodeAll(packed, nil)
		if err != nil || len(plain) != min(coverageBlock, want-len(c.bits)) {
			return nil, fmt.Errorf("%w: a block cannot be unpacked", ErrSidecar)
		}
		c.bits = append(c.bits, plain...)
	}
	for _, b := range c.bits {
		if b&(b>>1)&0x55 != 0 {
			return nil, fmt.Errorf("%w: what is known of a variant is none of three", ErrSidecar)
		}
	}
	if used := p.size % 4; used > 0 && c.bits[len(c.bits)-1]>>(2*used) != 0 {
		return nil, fmt.Errorf("%w: it says something of variants that are not there", ErrSidecar)
	}
	return c, s.end()
}
