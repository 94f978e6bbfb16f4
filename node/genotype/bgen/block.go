package bgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/locus-genomics/locus/internal/bitmap"
)

var (
	// ErrCompressed is returned for zlib or zstd that is damaged or of another length.
	ErrCompressed = errors.New("bgen: what is compressed is damaged; copy the file again")
	// ErrBlock is returned for probabilities that contradict themselves or the header.
	ErrBlock = errors.New("bgen: the probabilities of a variant are damaged; copy the file again")
)

const (
	// maxBlock bounds the probabilities of a variant. Those of 16 million samples and
	// two alleles, 32 bits each, take 150 MB.
	maxBlock = 256 << 20
	// before is how many bytes of a block of layout 2 stand before the ploidies, and
	// behind them as many as after.
	before, after = 8, 2
	// spare is how many bytes are read behind the last probability, where they are 0.
	spare = 8
	// maxBits is how many a probability has at most.
	maxBits = 32
)

// lengths is how long a block of probabilities is, in the file and unpacked.
type lengths struct{ packed, whole int }

// decoder unpacks and decodes one block after another.
type decoder struct {
	header    header
	threshold Threshold
	refLast   bool
	raw       []byte // as in the file
	whole     []byte // unpacked, and spare zeros
	zlib      io.ReadCloser
	zstd      *zstd.Decoder
	scale     scale
	pairs     *pairs // for probabilities of 8 bits
	planes    planes
	alleles   [2][]uint64 // the probabilities of two phased chromosomes
}

func newDecoder(h header, t Threshold, refLast bool) (*decoder, error) {
	d := &decoder{header: h, threshold: t, refLast: refLast}
	p := bitmap.NewPlanes(h.samples)
	d.planes = planes{one: p.One, all: p.Two, none: p.Three, haploid: bitmap.New(h.samples)}
	if h.packing != withZstd {
		return d, nil
	}
	var err error
	// One decoder at a time starts no goroutines. How much it may unpack is told by
	// the room that it is given.
	d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxBlock), zstd.WithDecodeAllCapLimit(true))
	return d, err
}

// lengths reads how long the probabilities of so many alleles are, and refuses what
// they cannot be.
func (d *decoder) lengths(s *source, alleles int) (b lengths, err error) {
	least, most := d.bounds(alleles)
	if d.header.layout == 1 && d.header.packing == plain {
		return lengths{packed: least, whole: least}, nil
	}
	packed, err := s.uint32()
	if err != nil {
		return b, err
	}
	size, whole := uint64(packed), uint64(packed)
	switch {
	case d.header.layout == 1:
		whole = uint64(least)
	case d.header.packing != plain:
		if size < 4 {
			return b, fmt.Errorf("%w: a length has no room", ErrBlock)
		}
		n, err := s.uint32()
		if err != nil {
			return b, err
		}
		size, whole = size-4, uint64(n)
	}
	switch {
	case whole < uint64(least) || whole > uint64(most):
		return b, fmt.Errorf("%w: they take %d bytes; those of %d samples take %d to %d", ErrBlock, whole, d.header.samples, least, most)
	case size > whole+whole/64+1024: // more than any method adds to what it cannot pack
		return b, fmt.Errorf("%w: they take %d bytes, and %d when unpacked", ErrBlock, size, whole)
	}
	return lengths{packed: int(size), whole: int(whole)}, nil
}

// bounds are how many bytes a block takes at least and at most.
func (d *decoder) bounds(alleles int) (least, most int) {
	n := d.header.samples
	if d.header.layout == 1 {
		return 6 * n, 6 * n
	}
	least = before + n + after
	each := max(numbers(alleles, 2, false), numbers(alleles, 2, true)) * maxBits / 8
	if each > 0 && n > (maxBlock-least)/each {
		return least, maxBlock
	}
	return least, least + each*n
}

// numbers is how many probabilities are written for so many chromosomes; that of the
// last genotype, or allele, is left out.
func numbers(alleles, ploidy int, phased bool) int {
	switch {
	case phased || ploidy < 2:
		return ploidy * (alleles - 1)
	}
	return alleles*(alleles+1)/2 - 1
}

// unpack reads a block. It is valid until the next call; behind it are spare zeros.
func (d *decoder) unpack(s *source, b lengths) ([]byte, error) {
	d.whole = slices.Grow(d.whole[:0], b.whole+spare)[:b.whole+spare]
	clear(d.whole[b.whole:])
	whole := d.whole[:b.whole]
	if d.header.packing == plain {
		return whole, s.fill(whole)
	}
	d.raw = slices.Grow(d.raw[:0], b.packed)[:b.packed]
	if err := s.fill(d.raw); err != nil {
		return nil, err
	}
	if d.header.packing == withZlib {
		return whole, d.inflate(whole)
	}
	out, err := d.zstd.DecodeAll(d.raw, whole[:0:len(whole)])
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrCompressed, err)
	case len(out) != len(whole):
		return nil, fmt.Errorf("%w: it holds %d bytes; want %d", ErrCompressed, len(out), len(whole))
	}
	copy(whole, out) // is where it was
	return whole, nil
}

// inflate fills a block, and wants nothing to be left over.
func (d *decoder) inflate(to []byte) error {
	from := bytes.NewReader(d.raw)
	var err error
	if d.zlib == nil {
		d.zlib, err = zlib.NewReader(from)
	} else {
		err = d.zlib.(zlib.Resetter).Reset(from, nil)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCompressed, err)
	}
	if n, err := io.ReadFull(d.zlib, to); err != nil {
		return fmt.Errorf("%w: it ends after %d bytes; want %d: %w", ErrCompressed, n, len(to), err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(d.zlib, more[:]); {
	case n > 0:
		return fmt.Errorf("%w: it holds more than %d bytes", ErrCompressed, len(to))
	case err != io.EOF:
		return fmt.Errorf("%w: %w", ErrCompressed, err)
	case from.Len() > 0:
		return fmt.Errorf("%w: %d bytes are left over", ErrCompressed, from.Len())
	}
	return nil
}

// head is what a block of layout 2 says of itself.
type head struct {
	ploidies []byte // a byte for each sample; the highest bit tells that it is missing
	counts   [3]int // samples by ploidy
	phased   bool
	bits     int
	numbers  []byte // the probabilities, and spare zeros
}

const (
	missing = 0x80
	diploid = 2
)

// head reads up to the probabilities, and checks that they are as long as it says.
func (d *decoder) head(p []byte, alleles int) (h head, err error) {
	n := d.header.samples
	low, high := p[6], p[7]
	tail := p[before+n:]
	switch {
	case uint64(binary.LittleEndian.Uint32(p)) != uint64(n):
		return h, fmt.Errorf("%w: they are of other than %d samples", ErrBlock, n)
	case int(binary.LittleEndian.Uint16(p[4:])) != alleles:
		return h, fmt.Errorf("%w: they are of other than %d alleles", ErrBlock, alleles)
	case low > high || high > 63:
		return h, fmt.Errorf("%w: the ploidies are %d to %d", ErrBlock, low, high)
	case high > diploid:
		return h, fmt.Errorf("%w: up to %d", ErrPloidy, high)
	case tail[0] > 1:
		return h, fmt.Errorf("%w: phased is 0 or 1, and not %d", ErrBlock, tail[0])
	case tail[1] == 0 || tail[1] > maxBits:
		return h, fmt.Errorf("%w: a probability has 1 to %d bits, and not %d", ErrBlock, maxBits, tail[1])
	}
	h = head{ploidies: p[before : before+n], phased: tail[0] == 1, bits: int(tail[1])}
	if h.counts, err = ploidies(h.ploidies, low, high); err != nil {
		return h, err
	}
	total := uint64(0)
	for ploidy, samples := range h.counts {
		total += uint64(samples) * uint64(numbers(alleles, ploidy, h.phased)) * uint64(h.bits)
	}
	if want := (total + 7) / 8; uint64(len(tail)-after) != want {
		return h, fmt.Errorf("%w: they take %d bytes; want %d", ErrBlock, len(tail)-after, want)
	}
	if over := total % 8; over > 0 && tail[len(tail)-1]>>over != 0 {
		return h, fmt.Errorf("%w: bits are set behind the last", ErrBlock)
	}
	h.numbers = tail[after : len(tail)+spare]
	return h, nil
}

// ploidies counts samples by ploidy.
func ploidies(p []byte, low, high byte) (counts [3]int, err error) {
	const each = 0x0101010101010101
	i := 0
	if low <= diploid && high == diploid {
		for ; i+8 <= len(p) && binary.LittleEndian.Uint64(p[i:])&^(missing*each) == diploid*each; i += 8 {
		}
		counts[diploid] = i
	}
	for _, b := range p[i:] {
		ploidy := b &^ missing
		if ploidy < low || ploidy > high {
			return counts, fmt.Errorf("%w: a ploidy is not %d to %d", ErrBlock, low, high)
		}
		counts[ploidy]++
	}
	return counts, nil
}
