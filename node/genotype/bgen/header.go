package bgen

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	// ErrNotBgen is returned for a file that does not begin as a BGEN does.
	ErrNotBgen = errors.New("bgen: this is no BGEN file")
	// ErrLayout is returned for a BGEN of a kind that is not known here.
	ErrLayout = errors.New("bgen: the file is of a kind that is not known here; rewrite it (plink2 --export bgen-1.2)")
	// ErrHeader is returned for a header that contradicts itself.
	ErrHeader = errors.New("bgen: the header is damaged; copy the file again")
	// ErrSamples is returned when there are no identifiers of samples, too many, one
	// twice, or other ones in the file than in the .sample file.
	ErrSamples = errors.New("bgen: the identifiers of the samples cannot be used")
)

// The flags of a header.
const (
	compression = 3
	layoutShift = 2
	layoutBits  = 15
	identified  = 1 << 31
	known       = compression | layoutBits<<layoutShift | identified
)

// How a variant's probabilities are packed.
const (
	plain = iota
	withZlib
	withZstd
)

const (
	magic = "bgen"
	// fixedHeader is a header without free data.
	fixedHeader = 20
	// maxSamples bounds the samples of a file.
	maxSamples = 1 << 24
	// maxName bounds the identifier of a sample and the name of a contig.
	maxName = 1024
)

// header is what a file says of itself.
type header struct {
	variants uint64
	samples  int
	packing  uint32
	layout   uint32
}

// Is reports whether a file that begins so is a BGEN: 20 bytes are needed. The
// specification lets the magic number be four zeros; such a file is read, but not known
// by its beginning.
func Is(head []byte) bool { return len(head) >= fixedHeader && string(head[16:20]) == magic }

// readHeader reads up to the first variant. The names are nil where the file has none.
func readHeader(s *source, free func(part []byte)) (h header, names []string, err error) {
	p, err := s.short(fixedHeader)
	if errors.Is(err, ErrTruncated) {
		return h, nil, fmt.Errorf("%w: it has fewer than %d bytes", ErrNotBgen, fixedHeader)
	}
	if err != nil {
		return h, nil, err
	}
	if m := string(p[16:20]); m != magic && m != "\x00\x00\x00\x00" {
		return h, nil, ErrNotBgen
	}
	first, length := uint64(binary.LittleEndian.Uint32(p)), uint64(binary.LittleEndian.Uint32(p[4:]))
	h.variants = uint64(binary.LittleEndian.Uint32(p[8:]))
	samples := binary.LittleEndian.Uint32(p[12:])
	switch {
	case length < fixedHeader || first < length:
		return h, nil, fmt.Errorf("%w: it is %d bytes long, and the variants begin behind %d", ErrHeader, length, first)
	case samples == 0:
		return h, nil, fmt.Errorf("%w: it has no samples", ErrHeader)
	case samples > maxSamples:
		return h, nil, fmt.Errorf("%w: it has over %d samples", ErrHeader, maxSamples)
	}
	h.samples = int(samples)
	if err := s.show(length-fixedHeader, free); err != nil {
		return h, nil, err
	}
	flags, err := s.uint32()
	if err != nil {
		return h, nil, err
	}
	if err := h.flags(flags); err != nil {
		return h, nil, err
	}
	left := first - length
	if flags&identified != 0 {
		if names, left, err = readNames(s, h.samples, left); err != nil {
			return h, nil, err
		}
	}
	return h, names, s.skip(left)
}

func (h *header) flags(f uint32) error {
	h.packing, h.layout = f&compression, f>>layoutShift&layoutBits
	switch {
	case h.layout == 0 || h.layout > 2:
		return fmt.Errorf("%w: its layout is %d; want 1 or 2", ErrLayout, h.layout)
	case h.packing > withZstd || h.packing == withZstd && h.layout == 1:
		return fmt.Errorf("%w: it is compressed in an unknown way (%d)", ErrLayout, h.packing)
	case f&^uint32(known) != 0:
		return fmt.Errorf("%w: flags are set that no version knows", ErrLayout)
	}
	return nil
}

// readNames reads the identifiers, for which there is room up to the first variant, and
// returns the room that is left.
func readNames(s *source, samples int, room uint64) (names []string, left uint64, err error) {
	if room < 8 {
		return nil, 0, fmt.Errorf("%w: there is no room for identifiers of samples", ErrHeader)
	}
	length, err := s.uint32()
	if err != nil {
		return nil, 0, err
	}
	n, err := s.uint32()
	switch {
	case err != nil:
		return nil, 0, err
	case uint64(n) != uint64(samples):
		return nil, 0, fmt.Errorf("%w: it has %d samples and %d identifiers", ErrHeader, samples, n)
	case uint64(length) > room || length < 8:
		return nil, 0, fmt.Errorf("%w: the identifiers of samples take %d bytes, and there is room for %d", ErrHeader, length, room)
	}
	end := s.at + int64(length) - 8
	for i := range samples {
		size, err := s.uint16()
		switch {
		case err != nil:
			return nil, 0, err
		case s.at+int64(size) > end:
			return nil, 0, fmt.Errorf("%w: the identifiers of samples are longer than it says", ErrHeader)
		}
		name, err := s.short(int(size))
		switch {
		case err != nil:
			return nil, 0, err
		case !printable(name):
			return nil, 0, fmt.Errorf("%w: that of sample %d is empty, over %d bytes long, or has signs that no name has", ErrSamples, i+1, maxName)
		}
		names = append(names, string(name))
	}
	if s.at != end {
		return nil, 0, fmt.Errorf("%w: the identifiers of samples are shorter than it says", ErrHeader)
	}
	return names, room - uint64(length), nil
}

// name reads a text that has its length before it, in two bytes. It is valid until the
// next call.
func (s *source) name() ([]byte, error) {
	n, err := s.uint16()
	if err != nil {
		return nil, err
	}
	return s.short(int(n))
}

// printable reports whether a name has a length that names have, and no signs that
// separate lines or columns.
func printable(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxName
}
