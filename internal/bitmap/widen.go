package bitmap

import "encoding/binary"

// Widen reads as many numbers of 16 bits, lower byte first, as out has room for, and adds
// from to each. It reports whether they ascend.
func Widen(out []uint32, raw []byte, from uint32) bool { return widen(out, raw[:2*len(out)], from) }

// widenGo takes numbers of which the first is next or above.
func widenGo(out []uint32, raw []byte, from, next uint32) bool {
	back := uint32(0) // negative once a number is below next
	i := 0
	for ; i+4 <= len(out); i += 4 {
		w := binary.LittleEndian.Uint64(raw[2*i:])
		a, b, c, d := uint32(w&0xffff), uint32(w>>16&0xffff), uint32(w>>32&0xffff), uint32(w>>48)
		back |= (a - next) | (b - a - 1) | (c - b - 1) | (d - c - 1)
		next = d + 1
		o := out[i : i+4 : i+4]
		o[0], o[1], o[2], o[3] = from+a, from+b, from+c, from+d
	}
	for ; i < len(out); i++ {
		a := uint32(binary.LittleEndian.Uint16(raw[2*i:]))
		back |= a - next
		next = a + 1
		out[i] = from + a
	}
	return int32(back) >= 0
}
