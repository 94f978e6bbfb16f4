package panel

import (
	"encoding/binary"
	"fmt"
	"io"
)

// partMagic starts a part. What follows is a panel's file without the blocks that are left
// out: their sizes in the directory are zero, and their leaves are there, so that the part
// proves the digest of the whole panel.
const partMagic = "LOCUSPP1"

// Part is some blocks of a panel, which prove that they are of it. It does not change;
// any number of goroutines may use it.
type Part struct{ of *Panel }

// WritePart writes the blocks that hold some variants, as ParsePart reads them. Ranges MUST
// lie in the panel.
func (p *Panel) WritePart(w io.Writer, ranges []Range) (int64, error) {
	wanted := make([]bool, len(p.blocks))
	for _, r := range ranges {
		if r.From >= r.To || r.To > uint64(p.size) {
			return 0, fmt.Errorf("panel: no variants %d to %d in a panel of %d", r.From, r.To, p.size)
		}
		for b := int(r.From) / blockSize; b <= int(r.To-1)/blockSize; b++ {
			wanted[b] = true
		}
	}
	packer, err := newPacker()
	if err != nil {
		return 0, fmt.Errorf("write part of a panel: %w", err)
	}
	defer packer.Close()
	head := p.head()
	out := binary.LittleEndian.AppendUint32([]byte(partMagic), uint32(len(head)))
	out = append(out, head...)
	var frames []byte
	for i := range p.blocks {
		out = append(out, p.leaves[i][:]...)
		if !wanted[i] {
			out = append(out, make([]byte, entrySize-len(p.leaves[i]))...)
			continue
		}
		for _, column := range p.encode(&p.blocks[i], i*blockSize) {
			before := len(frames)
			frames = packer.EncodeAll(column, frames)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(column)))
			out = binary.LittleEndian.AppendUint32(out, uint32(len(frames)-before))
		}
	}
	n, err := w.Write(append(out, frames...))
	if err != nil {
		err = fmt.Errorf("write part of a panel: %w", err)
	}
	return int64(n), err
}

// ParsePart reads what WritePart wrote of the panel that a digest names, to the end of r, and
// nothing else. It unpacks no block before it knows that the block is of this panel.
func ParsePart(r io.Reader, digest [32]byte) (*Part, error) {
	p, directory, err := readDirectory(r, partMagic)
	if err != nil {
		return nil, err
	}
	if p.Digest() != digest {
		return nil, fmt.Errorf("%w: it is a part of another panel", ErrDamaged)
	}
	u, err := newUnpacker(r)
	if err != nil {
		return nil, err
	}
	defer u.zstd.Close()
	blocks := make([]block, len(directory)/entrySize)
	for i := range blocks {
		entry := directory[i*entrySize:][:entrySize]
		if [entrySize - 32]byte(entry[32:]) == [entrySize - 32]byte{} {
			continue
		}
		plain, err := u.block(entry)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", i, err)
		}
		// A block is held against the one before it, where that is there.
		if p.blocks = nil; i > 0 && blocks[i-1].len() > 0 {
			p.blocks = blocks[i-1 : i]
		}
		if blocks[i], err = p.decode(plain, i*blockSize); err != nil {
			return nil, fmt.Errorf("%w: block %d: %w", ErrDamaged, i, err)
		}
	}
	if err := atEnd(r); err != nil {
		return nil, err
	}
	p.blocks = blocks
	return &Part{of: p}, nil
}

// Len is the number of variants of the whole panel.
func (t *Part) Len() int { return t.of.Len() }

// Digest is that of the whole panel.
func (t *Part) Digest() [32]byte { return t.of.Digest() }

// Has reports whether the part holds variants [from, to).
func (t *Part) Has(from, to int) bool {
	if from < 0 || from >= to || to > t.of.size {
		return false
	}
	for b := from / blockSize; b <= (to-1)/blockSize; b++ {
		if t.of.blocks[b].len() == 0 {
			return false
		}
	}
	return true
}

// At is variant i of the panel. The part MUST have it.
func (t *Part) At(i int) Variant { return t.of.At(i) }
