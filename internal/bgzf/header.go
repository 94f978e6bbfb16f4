package bgzf

import "encoding/binary"

const (
	headerSize  = 12      // of gzip, with the length of its extra field
	trailerSize = 8       // CRC-32 and length
	maxBlock    = 1 << 16 // compressed or not
)

// end is the empty block that ends every file.
const end = "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00\x42\x43\x02\x00\x1b\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// HeaderSize is how many bytes Is looks at.
const HeaderSize = 18

// Is reports whether a file that begins with these bytes is BGZF.
func Is(head []byte) bool {
	return len(head) >= HeaderSize && isGzip(head) && head[3] == 4 &&
		binary.LittleEndian.Uint16(head[10:]) >= 6 && head[12] == 'B' && head[13] == 'C'
}

func isGzip(head []byte) bool { return head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 }

// blockSize finds the one subfield BC among the extra fields.
func blockSize(extra []byte) (int, error) {
	size := 0
	for len(extra) > 0 {
		if len(extra) < 4 {
			return 0, ErrHeader
		}
		n := int(binary.LittleEndian.Uint16(extra[2:]))
		if len(extra) < 4+n {
			return 0, ErrHeader
		}
		if extra[0] == 'B' && extra[1] == 'C' {
			if n != 2 || size != 0 {
				return 0, ErrHeader
			}
			size = int(binary.LittleEndian.Uint16(extra[4:])) + 1
		}
		extra = extra[4+n:]
	}
	if size == 0 {
		return 0, ErrHeader
	}
	return size, nil
}
