package panel

import (
	"encoding/binary"
	"fmt"
	"io"
)

const magic = "LOCUSPN2"

// entrySize is a block in the directory: leaf, then plain and packed size of each column.
const entrySize = 32 + columns*(4+4)

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

// WriteTo writes the panel as Parse reads it.
func (p *Panel) WriteTo(w io.Writer) (int64, error) {
	packer, err := newPacker()
	if err != nil {
		return 0, fmt.Errorf("write panel: %w", err)
	}
	defer packer.Close()
	head := p.head()
	out := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
	out = append(out, head...)
	packed := make([][]byte, 0, columns*len(p.blocks))
	for i := range p.blocks {
		out = append(out, p.leaves[i][:]...)
		for _, column := range p.encode(&p.blocks[i], i*blockSize) {
			frame := packer.EncodeAll(column, nil)
			out = binary.LittleEndian.AppendUint32(out, uint32(len(column)))
			out = binary.LittleEndian.AppendUint32(out, uint32(len(frame)))
			packed = append(packed, frame)
		}
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
