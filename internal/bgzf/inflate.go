package bgzf

import (
	"encoding/binary"
	"fmt"
)

// What can be wrong with a deflate stream.
var (
	errBits  = fmt.Errorf("%w: its bits are no deflate stream", ErrDamaged)
	errShort = fmt.Errorf("%w: it holds less than it says", ErrDamaged)
	errLong  = fmt.Errorf("%w: it holds more than it says", ErrDamaged)
	errRest  = fmt.Errorf("%w: bytes are left over", ErrDamaged)
)

// inflater unpacks deflate streams (RFC 1951) of which both sizes are known. It accepts
// what compress/flate accepts.
type inflater struct {
	flow
	lits     [litTable]uint32
	dists    [distTable]uint32
	lengths  [lengthTable]uint32
	meanings *meanings
	turns    kernel
	fixed    bool // the tables are those of RFC 1951, section 3.2.6
	mixed    bool // literals are neither rare nor the rule, as their codes tell
}

// flow is how far a stream is.
type flow struct {
	src  []byte // with what is behind the stream, which may be looked at
	dst  []byte // with what is behind the plain bytes, which may be overwritten
	ip   int    // where bits come from next; behind the end, they are zeros
	op   int    // where bytes go next
	bits uint64 // the next bits, the first lowest; those above held are right or zeros
	held uint   // of bits, for sure
	size int    // of what dst is to hold
}

func newInflater() *inflater { return &inflater{meanings: newMeanings(), turns: kernels()[0]} }

// inflate unpacks the first n bytes of src to the first size bytes of dst. What is
// behind those in src may be looked at, and in dst be overwritten: with fastIn and
// fastOut bytes of that, the end goes as fast as the rest.
func (z *inflater) inflate(dst []byte, size int, src []byte, n int) error {
	z.flow = flow{src: src, dst: dst, size: size}
	for final := false; !final; {
		z.refill()
		final = z.take(1) == 1
		var err error
		switch z.take(2) {
		case 0:
			err = z.stored(n)
		case 1:
			z.fixedTables()
			err = z.codes(n)
		case 2:
			if err = z.dynamicTables(n); err == nil {
				err = z.codes(n)
			}
		default:
			err = errBits
		}
		if err != nil {
			return err
		}
	}
	switch used := z.used(); {
	case used > n:
		return errShort
	case used < n:
		return errRest
	case z.op < size:
		return errShort
	case z.op > size:
		return errLong
	}
	return nil
}

// used is how many bytes of src have been begun.
func (z *inflater) used() int { return z.ip - int(z.held/8) }

// refill makes sure of 56 bits.
func (z *inflater) refill() {
	if len(z.src)-z.ip >= 8 {
		z.bits |= binary.LittleEndian.Uint64(z.src[z.ip:]) << (z.held & 63)
		z.ip += int(63-z.held) >> 3
		z.held |= 56
		return
	}
	for ; z.held <= 55; z.held += 8 {
		if z.ip < len(z.src) {
			z.bits |= uint64(z.src[z.ip]) << z.held
		}
		z.ip++
	}
}

// take hands out n bits that refill made sure of.
func (z *inflater) take(n uint) uint32 {
	b := uint32(z.bits) & (1<<n - 1)
	z.drop(n)
	return b
}

func (z *inflater) drop(n uint) {
	z.bits >>= n & 63
	z.held -= n
}

// stored copies a block that is not packed.
func (z *inflater) stored(n int) error {
	at := z.used() // the bits up to the next byte mean nothing
	z.bits, z.held = 0, 0
	if n-at < 4 {
		return errShort
	}
	length := int(binary.LittleEndian.Uint16(z.src[at:]))
	if length != int(^binary.LittleEndian.Uint16(z.src[at+2:])) {
		return errBits
	}
	at += 4
	if length > n-at {
		return errShort
	}
	if length > z.size-z.op {
		return errLong
	}
	z.op += copy(z.dst[z.op:], z.src[at:at+length])
	z.ip = at + length
	return nil
}

// fixedTables makes the tables that are always the same.
func (z *inflater) fixedTables() {
	if z.fixed {
		return
	}
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	build(z.lits[:], litBits, lengths[:], z.meanings.lits[:])
	for i := range 32 {
		lengths[i] = 5
	}
	build(z.dists[:], distBits, lengths[:32], z.meanings.dists[:])
	z.fixed, z.mixed = true, false
}

// dynamicTables reads the tables that a block begins with (RFC 1951, section 3.2.7).
func (z *inflater) dynamicTables(n int) error {
	z.fixed = false
	z.refill()
	lits, dists, codes := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if lits > maxLits || dists > maxDists {
		return errBits
	}
	var order = [maxLengths]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	var first [maxLengths]uint8
	for i, sym := range order[:codes] {
		if i%16 == 0 {
			z.refill()
		}
		first[sym] = uint8(z.take(3))
	}
	if !build(z.lengths[:], lengthBits, first[:], z.meanings.lengths[:]) {
		return errBits
	}
	var lengths [maxLits + maxDists + 138]uint8 // with room for the longest run
	if err := z.codeLengths(&lengths, lits+dists); err != nil {
		return err
	}
	if z.used() > n {
		return errShort
	}
	if !build(z.lits[:], litBits, lengths[:lits], z.meanings.lits[:]) ||
		!build(z.dists[:], distBits, lengths[lits:lits+dists], z.meanings.dists[:]) {
		return errBits
	}
	z.mixed = mixed(lengths[:256])
	return nil
}

// mixed is whether more than 3 symbols of 10 will be literals: whoever made the codes
// expects a symbol of n bits once in 2^n.
func mixed(lengths []uint8) bool {
	share := 0
	for _, n := range lengths {
		if n != 0 {
			share += 1 << maxCode >> n
		}
	}
	return share > 3<<maxCode/10
}

// codeLengths reads so many lengths of codes.
func (z *inflater) codeLengths(lengths *[maxLits + maxDists + 138]uint8, total int) error {
	i := 0
	for i < total {
		z.refill()
		e := z.lengths[z.bits&(lengthTable-1)]
		if e&odd != 0 {
			return errBits
		}
		z.drop(uint(e & 0xff))
		sym := uint8(e >> baseShift)
		if sym < 16 {
			lengths[i] = sym
			i++
			continue
		}
		var value uint8
		var run int
		switch sym {
		case 16:
			if i == 0 {
				return errBits
			}
			value, run = lengths[i-1], 3+int(z.take(2))
		case 17:
			run = 3 + int(z.take(3))
		default:
			run = 11 + int(z.take(7))
		}
		if value != 0 {
			for j := range run {
				lengths[i+j] = value
			}
		}
		i += run
	}
	if i != total {
		return errBits
	}
	return nil
}

// codes unpacks what follows the tables.
func (z *inflater) codes(n int) error {
	for {
		if !z.fast() {
			return errBits
		}
		if done, err := z.symbol(n); done || err != nil {
			return err
		}
	}
}

// symbol takes one symbol with every check. It reports whether it was the end of the
// block.
func (z *inflater) symbol(n int) (bool, error) {
	z.refill()
	e := z.lits[z.bits&litMask]
	if e&(literal|deeper|odd) == deeper|odd {
		z.drop(litBits)
		e = z.lits[e>>baseShift+uint32(z.bits)&(1<<(e>>codeShift&15)-1)]
	}
	switch {
	case e&literal != 0:
		z.drop(uint(e & 0xff))
		if z.op >= z.size {
			return false, errLong
		}
		z.dst[z.op] = byte(e >> baseShift)
		z.op++
	case e&odd != 0:
		z.drop(uint(e & 0xff))
		if e&last == 0 {
			return false, errBits
		}
		return true, z.within(n)
	default:
		if err := z.match(e); err != nil {
			return false, err
		}
	}
	return false, z.within(n)
}

// within stops where the zeros behind the end would be taken for the stream.
func (z *inflater) within(n int) error {
	if z.used() > n {
		return errShort
	}
	return nil
}

// match repeats what is before. E is the entry of its length.
func (z *inflater) match(e uint32) error {
	length := z.value(e)
	z.refill()
	d := z.dists[z.bits&(1<<distBits-1)]
	if d&(deeper|odd) == deeper|odd {
		z.drop(distBits)
		d = z.dists[d>>baseShift+uint32(z.bits)&(1<<(d>>codeShift&15)-1)]
	}
	if d&odd != 0 {
		return errBits
	}
	dist := z.value(d)
	switch {
	case dist > z.op:
		return errBits
	case length > z.size-z.op:
		return errLong
	}
	from := z.dst[z.op-dist : z.op]
	to := z.dst[z.op : z.op+length]
	for len(to) > 0 {
		k := copy(to, from)
		to = to[k:]
	}
	z.op += length
	return nil
}

// value is the length or distance of an entry, which it takes.
func (z *inflater) value(e uint32) int {
	all := uint(e & 0xff)
	v := int(e>>baseShift) + int(z.bits&(1<<all-1)>>(e>>codeShift&15))
	z.drop(all)
	return v
}
