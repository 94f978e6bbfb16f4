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

// maxPacked bounds a compressed column: zstd adds a little to what it cannot compress.
const maxPacked = maxPlain + maxPlain/128 + 1024

// Parse reads what WriteTo wrote, to the end of r, and nothing else.
func Parse(r io.Reader) (*Panel, error) {
	p, directory, err := readDirectory(r, magic)
	if err != nil {
		return nil, err
	}
	u, err := newUnpacker(r)
	if err != nil {
		return nil, err
	}
	defer u.zstd.Close()
	for i := range p.leaves {
		plain, err := u.block(directory[i*entrySize:][:entrySize])
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", i, err)
		}
		b, err := p.decode(plain, i*blockSize)
		if err != nil {
			return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, i, err)
		}
		p.blocks = append(p.blocks, b)
	}
	if err := atEnd(r); err != nil {
		return nil, err
	}
	return p, nil
}

// readDirectory reads a panel, or a part of one, up to its first block: its head and the
// leaves of its blocks. Both kinds of file differ in their magic alone.
func readDirectory(r io.Reader, kind string) (*Panel, []byte, error) {
	start := make([]byte, len(kind)+4)
	if err := fill(r, start, "start"); err != nil {
		return nil, nil, err
	}
	size := binary.LittleEndian.Uint32(start[len(kind):])
	switch is := string(start[:len(kind)]); {
	case is == kind && size <= maxHead:
	case is != kind && is[:len(is)-1] == kind[:len(kind)-1]:
		return nil, nil, fmt.Errorf("%w: it is of another version of the format; build it again from its source", ErrDamaged)
	case kind == partMagic:
		return nil, nil, fmt.Errorf("%w: it does not start as a part of one", ErrDamaged)
	default:
		return nil, nil, fmt.Errorf("%w: it does not start as one", ErrDamaged)
	}
	// What is read grows with what is there, whatever the length says.
	head, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, nil, fmt.Errorf("read panel: %w", err)
	}
	if len(head) < int(size) {
		return nil, nil, fmt.Errorf("%w: it ends in its head", ErrDamaged)
	}
	p, err := parseHead(head)
	if err != nil {
		return nil, nil, err
	}
	directory := make([]byte, entrySize*((p.size+blockSize-1)/blockSize)) // 512 KiB at most
	if err := fill(r, directory, "directory"); err != nil {
		return nil, nil, err
	}
	for entry := directory; len(entry) > 0; entry = entry[entrySize:] {
		p.leaves = append(p.leaves, [32]byte(entry))
	}
	return p, directory, nil
}

// atEnd requires that nothing follows.
func atEnd(r io.Reader) error {
	if n, err := io.ReadFull(r, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return errors.Join(fmt.Errorf("%w: it goes on after its end", ErrDamaged), ignoreEOF(err))
	}
	return nil
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

// unpacker reads one block after another, into the same memory.
type unpacker struct {
	r      io.Reader
	zstd   *zstd.Decoder
	packed bytes.Buffer
	plain  plain
}

func newUnpacker(r io.Reader) (*unpacker, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		return nil, fmt.Errorf("read panel: %w", err)
	}
	return &unpacker{r: r, zstd: z}, nil
}

// block reads and unpacks the columns of a block, and compares them with its entry. They
// are valid until the next call.
func (u *unpacker) block(entry []byte) (*plain, error) {
	left := maxPlain
	for i := range u.plain {
		sizes := entry[32+8*i:]
		plainSize, packedSize := binary.LittleEndian.Uint32(sizes), binary.LittleEndian.Uint32(sizes[4:])
		if int64(plainSize) > int64(left) || packedSize > maxPacked {
			return nil, fmt.Errorf("%w: %d bytes, of %d, are over the bound", ErrDamaged, packedSize, plainSize)
		}
		left -= int(plainSize)
		u.packed.Reset() // what is read grows with what is there
		switch _, err := io.CopyN(&u.packed, u.r, int64(packedSize)); {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("%w: the file ends in it", ErrDamaged)
		case err != nil:
			return nil, fmt.Errorf("read panel: %w", err)
		}
		column, err := u.zstd.DecodeAll(u.packed.Bytes(), u.plain[i][:0])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if u.plain[i] = column; len(column) != int(plainSize) {
			return nil, fmt.Errorf("%w: it is not as long as it says", ErrDamaged)
		}
	}
	if u.plain.leaf() != [32]byte(entry) {
		return nil, fmt.Errorf("%w: it is not what its digest names", ErrDamaged)
	}
	return &u.plain, nil
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
