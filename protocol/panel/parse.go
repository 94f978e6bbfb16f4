package panel

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxHead bounds the head: every contig with the longest name.
const maxHead = 16 + maxAssembly + maxContigs*(maxName+16)

// maxPacked bounds a compressed block: zstd adds a little to what it cannot compress.
const maxPacked = maxPlain + maxPlain/128 + 1024

// Parse reads what WriteTo wrote, to the end of r, and nothing else.
func Parse(r io.Reader) (*Panel, error) {
	start := make([]byte, len(magic)+4)
	if err := fill(r, start, "start"); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(start[len(magic):])
	if string(start[:len(magic)]) != magic || size > maxHead {
		return nil, fmt.Errorf("%w: it does not start as one", ErrDamaged)
	}
	// What is read grows with what is there, whatever the length says.
	head, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, fmt.Errorf("read panel: %w", err)
	}
	if len(head) < int(size) {
		return nil, fmt.Errorf("%w: it ends in its head", ErrDamaged)
	}
	p, err := parseHead(head)
	if err != nil {
		return nil, err
	}
	directory := make([]byte, entrySize*((p.size+blockSize-1)/blockSize)) // 320 KiB at most
	if err := fill(r, directory, "directory"); err != nil {
		return nil, err
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		return nil, fmt.Errorf("read panel: %w", err)
	}
	defer unpacker.Close()
	last := place{contig: -1}
	for from := 0; from < p.size; from += blockSize {
		entry := directory[from/blockSize*entrySize:][:entrySize]
		plain, err := readBlock(r, unpacker, entry)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", from/blockSize, err)
		}
		b, err := p.decode(plain, from, &last)
		if err != nil {
			return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, from/blockSize, err)
		}
		p.blocks = append(p.blocks, b)
		p.leaves = append(p.leaves, [32]byte(entry))
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("%w: it goes on after its end", ErrDamaged), ignoreEOF(err))
	}
	return p, nil
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// fill reads len(b) bytes.
func fill(r io.Reader, b []byte, what string) error {
	switch _, err := io.ReadFull(r, b); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends in its %s", ErrDamaged, what)
	case err != nil:
		return fmt.Errorf("read panel: %w", err)
	}
	return nil
}

func parseHead(raw []byte) (*Panel, error) {
	d := decoder{rest: raw}
	p := &Panel{assembly: d.text(maxAssembly), size: int(d.uvarint(MaxVariants))}
	n := int(d.uvarint(maxContigs))
	for range n {
		c := contig{name: d.text(maxName)}
		if len(p.contigs) > 0 {
			c.from = p.contigs[len(p.contigs)-1].to
		}
		count := int(d.uvarint(uint64(p.size - c.from)))
		if d.bad || count == 0 {
			return nil, fmt.Errorf("%w: contigs", ErrDamaged)
		}
		c.to = c.from + count
		p.contigs = append(p.contigs, c)
	}
	if d.bad || len(d.rest) != 0 || p.size == 0 || !isWord(p.assembly) || n == 0 || p.contigs[n-1].to != p.size {
		return nil, fmt.Errorf("%w: head", ErrDamaged)
	}
	if err := checkContigs(p.contigs); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return p, nil
}

// readBlock reads and unpacks a block, and compares it with its entry.
func readBlock(r io.Reader, unpacker *zstd.Decoder, entry []byte) ([]byte, error) {
	plainSize, packedSize := binary.LittleEndian.Uint32(entry[32:]), binary.LittleEndian.Uint32(entry[36:])
	if plainSize > maxPlain || packedSize > maxPacked {
		return nil, fmt.Errorf("%w: %d bytes, of %d, are over the bound", ErrDamaged, packedSize, plainSize)
	}
	packed, err := io.ReadAll(io.LimitReader(r, int64(packedSize)))
	if err != nil {
		return nil, fmt.Errorf("read panel: %w", err)
	}
	if len(packed) < int(packedSize) {
		return nil, fmt.Errorf("%w: the file ends in it", ErrDamaged)
	}
	plain, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if len(plain) != int(plainSize) || leafHash(plain) != [32]byte(entry) {
		return nil, fmt.Errorf("%w: it is not what its digest names", ErrDamaged)
	}
	return plain, nil
}

// place is the last variant decoded.
type place struct {
	contig int
	Variant
}

var (
	errColumns = errors.New("its columns do not fit each other")
	errOrder   = errors.New("its variants are not sorted or not unique")
	errAlleles = errors.New("its alleles are not trimmed bases")
)

// decode reads the columns of the block that starts at variant from.
func (p *Panel) decode(plain []byte, from int, last *place) (block, error) {
	n := min(blockSize, p.size-from)
	d := decoder{rest: plain}
	b := block{pos: make([]uint32, n)}
	c := p.contigOf(from)
	var before uint64
	for i := range n {
		if from+i == p.contigs[c].to {
			c, before = c+1, 0
		}
		before += d.uvarint(MaxPos)
		if before == 0 || before > MaxPos {
			return block{}, errColumns
		}
		b.pos[i] = uint32(before)
	}
	b.codes = bytes.Clone(d.take((n + 1) / 2))
	if d.bad || n%2 == 1 && b.codes[n/2]>>4 != 0 {
		return block{}, errColumns
	}
	others := 0
	for i := range n {
		switch c := b.code(i); {
		case c == other:
			others++
		case c > other:
			return block{}, errColumns
		}
	}
	b.ends = make([]uint32, 0, 2*others)
	total := uint32(0)
	for range 2 * others {
		total += uint32(d.uvarint(MaxAllele))
		b.ends = append(b.ends, total)
	}
	b.heap = string(d.take(int(total)))
	if d.bad || len(d.rest) != 0 {
		return block{}, errColumns
	}
	b.rank()
	return b, p.checkBlock(&b, from, last)
}

// checkBlock is what must hold of every variant: trimmed, in its one encoding, and
// after the one before it.
func (p *Panel) checkBlock(b *block, from int, last *place) error {
	c := p.contigOf(from)
	k := 0 // others so far
	for i := range b.len() {
		if from+i == p.contigs[c].to {
			c++
		}
		v := Variant{Pos: b.pos[i]}
		if b.code(i) == other {
			var begin uint32
			if k > 0 {
				begin = b.ends[2*k-1]
			}
			v.Ref, v.Alt = b.heap[begin:b.ends[2*k]], b.heap[b.ends[2*k]:b.ends[2*k+1]]
			k++
			if checkAlleles(v) != nil || Trim(v) != v || codeOf(v.Ref, v.Alt) != other {
				return errAlleles
			}
		} else {
			v.Ref, v.Alt = b.alleles(i)
		}
		if last.contig == c && compareHere(last.Variant, v) >= 0 {
			return errOrder
		}
		last.contig, last.Variant = c, v
	}
	return nil
}

// decoder takes bytes off a slice. Once something is missing it is bad for good.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// uvarint reads a number up to most, in its shortest form only.
func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.rest)
	if d.bad || n <= 0 || v > most || n > 1 && d.rest[n-1] == 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) text(most uint64) string { return string(d.take(int(d.uvarint(most)))) }
