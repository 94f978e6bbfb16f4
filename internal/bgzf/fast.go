package bgzf

import (
	"encoding/binary"
	"unsafe"
)

const (
	// fastIn is how far behind ip fast looks: it moves on by 7 bytes at most, twice, and
	// looks at 8.
	fastIn = 24
	// fastOut is how far behind op fast writes: literals, a match, and what its copy is
	// over the mark.
	fastOut = 6 + 258 + 64
)

func load64(p unsafe.Pointer) uint64     { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }
func store64(p unsafe.Pointer, v uint64) { binary.LittleEndian.PutUint64((*[8]byte)(p)[:], v) }

// topUp is refill for who keeps all that in registers.
func topUp(src unsafe.Pointer, ip int, bits uint64, held uint) (int, uint64, uint) {
	return ip + int(63-held)>>3, bits | load64(unsafe.Add(src, ip))<<(held&63), held | 56
}

// fast takes symbols while there is room on both sides, and stops before one that is not
// plain: what ends the block or means nothing. It returns false where the stream is
// wrong.
//
// What keeps it within bounds: at the beginning of each turn, fastIn bytes are there
// to be looked at behind ip, and fastOut bytes to be written behind op; a turn
// uses no more. A match begins at the first byte of dst or later.
func (z *inflater) fast() bool {
	inEnd, outEnd := len(z.src)-fastIn, min(z.size, len(z.dst)-fastOut)
	if z.ip > inEnd || z.op >= outEnd {
		return true
	}
	return z.turns(z, inEnd, outEnd)
}

// kernel is fast while ip <= inEnd and op < outEnd.
type kernel = func(z *inflater, inEnd, outEnd int) bool

// fastGo is the kernel for every machine.
func fastGo(z *inflater, inEnd, outEnd int) bool {
	src, dst := unsafe.Pointer(unsafe.SliceData(z.src)), unsafe.Pointer(unsafe.SliceData(z.dst))
	ip, op, bits, held := z.ip, z.op, z.bits, z.held
	ip, bits, held = topUp(src, ip, bits, held)
	e := z.lits[bits&litMask]
	for ip <= inEnd && op < outEnd {
		// 56 bits at least are held, and E is what they begin with.
		if e&literal != 0 {
			*(*byte)(unsafe.Add(dst, op)) = byte(e >> baseShift)
			op++
			bits, held = bits>>(e&63), held-uint(e&63)
			if e = z.lits[bits&litMask]; e&literal != 0 {
				*(*byte)(unsafe.Add(dst, op)) = byte(e >> baseShift)
				op++
				bits, held = bits>>(e&63), held-uint(e&63)
				e = z.lits[bits&litMask]
			}
			if ip, bits, held = topUp(src, ip, bits, held); e&literal != 0 {
				continue
			}
		}
		if e&odd != 0 {
			if e&deeper == 0 {
				break
			}
			if e = z.lits[e>>baseShift+uint32(bits>>litBits)&(1<<(e>>codeShift&15)-1)]; e&(literal|odd) == odd {
				break
			}
			bits, held = bits>>litBits, held-litBits
			if e&literal != 0 {
				*(*byte)(unsafe.Add(dst, op)) = byte(e >> baseShift)
				op++
				ip, bits, held = topUp(src, ip, bits>>(e&63), held-uint(e&63))
				e = z.lits[bits&litMask]
				continue
			}
		}
		length := int(e>>baseShift) + int(bits&(1<<(e&63)-1)>>(e>>codeShift&15))
		bits, held = bits>>(e&63), held-uint(e&63)
		d := z.dists[bits&(1<<distBits-1)]
		if d&deeper != 0 {
			bits, held = bits>>distBits, held-distBits
			d = z.dists[d>>baseShift+uint32(bits)&(1<<(d>>codeShift&15)-1)]
		}
		dist := int(d>>baseShift) + int(bits&(1<<(d&63)-1)>>(d>>codeShift&15))
		if d&odd != 0 || dist > op {
			return false
		}
		ip, bits, held = topUp(src, ip, bits>>(d&63), held-uint(d&63))
		e = z.lits[bits&litMask]
		repeat(unsafe.Add(dst, op), dist, length)
		op += length
	}
	z.ip, z.op, z.bits, z.held = ip, op, bits, held
	return true
}

// repeat copies length bytes from dist before to, and up to 31 more.
func repeat(to unsafe.Pointer, dist, length int) {
	from := unsafe.Add(to, -dist)
	switch {
	case dist >= 32:
		for i := 0; i < length; i += 32 {
			a, b := load64(unsafe.Add(from, i)), load64(unsafe.Add(from, i+8))
			c, d := load64(unsafe.Add(from, i+16)), load64(unsafe.Add(from, i+24))
			store64(unsafe.Add(to, i), a)
			store64(unsafe.Add(to, i+8), b)
			store64(unsafe.Add(to, i+16), c)
			store64(unsafe.Add(to, i+24), d)
		}
	case dist >= 8:
		for i := 0; i < length; i += 8 {
			store64(unsafe.Add(to, i), load64(unsafe.Add(from, i)))
		}
	default:
		spread(to, load64(from)&(1<<(8*dist)-1), dist, length)
	}
}

// spread is repeat of the dist bytes in v.
func spread(to unsafe.Pointer, v uint64, dist, length int) {
	step := 8
	switch dist {
	case 1:
		v *= 0x0101010101010101
	case 2:
		v *= 0x0001000100010001
	case 3:
		v *= 0x0001000001000001
		step = 6
	case 4:
		v |= v << 32
	default:
		v |= v << (8 * dist)
		step = dist
	}
	if step < 8 {
		for i := 0; i < length; i += step {
			store64(unsafe.Add(to, i), v)
		}
		return
	}
	for i := 0; i < length; i += 32 {
		store64(unsafe.Add(to, i), v)
		store64(unsafe.Add(to, i+8), v)
		store64(unsafe.Add(to, i+16), v)
		store64(unsafe.Add(to, i+24), v)
	}
}
