package panel

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

const magic = "LOCUSPN1"

// entrySize is a block in the directory: leaf, plain size, packed size.
const entrySize = 32 + 4 + 4

// head is what stands before the blocks, as it is hashed.
func (p *Panel) head() []byte {
	b := appendString(nil, p.assembly)
	b = binary.AppendUvarint(b, uint64(p.size))
	b = binary.AppendUvarint(b, uint64(len(p.contigs)))
	for _, c := range p.contigs {
		b = appendString(b, c.name)
		b = binary.AppendUvarint(b, uint64(c.to-c.from))
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// encode writes the columns of the block that starts at variant from.
func (p *Panel) encode(b *block, from int) []byte {
	out := make([]byte, 0, 3*b.len()+len(b.heap))
	c := p.contigOf(from)
	var before uint32
	for i, pos := range b.pos {
		if from+i == p.contigs[c].to {
			c, before = c+1, 0
		}
		out = binary.AppendUvarint(out, uint64(pos-before))
		before = pos
	}
	out = append(out, b.codes...)
	var at uint32
	for _, end := range b.ends {
		out = binary.AppendUvarint(out, uint64(end-at))
		at = end
	}
	return append(out, b.heap...)
}

// WriteTo writes the panel as Parse reads it.
func (p *Panel) WriteTo(w io.Writer) (int64, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return 0, fmt.Errorf("write panel: %w", err)
	}
	defer packer.Close()
	head := p.head()
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	out = append(out, head...)
	packed := make([][]byte, len(p.blocks))
	for i := range p.blocks {
		plain := p.encode(&p.blocks[i], i*blockSize)
		packed[i] = packer.EncodeAll(plain, nil)
		out = append(out, p.leaves[i][:]...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(plain)))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(packed[i])))
	}
	var total int64
	for _, part := range append([][]byte{out}, packed...) {
		n, err := w.Write(part)
		total += int64(n)
		if err != nil {
			return total, fmt.Errorf("write panel: %w", err)
		}
	}
	return total, nil
}
