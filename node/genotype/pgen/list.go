package pgen

import (
	"errors"
	"fmt"
	"slices"
)

// ErrRecord is returned for a record that cannot be read.
var ErrRecord = errors.New("pgen: a record is damaged; copy the file again")

// VariantError says in which record of a pgen something is wrong.
type VariantError struct {
	// Variant is counted from 1, in the order of pvar.
	Variant uint64
	// Err is one of the errors of this package.
	Err error
}

func (e *VariantError) Error() string { return fmt.Sprintf("variant %d: %v", e.Variant, e.Err) }

// Unwrap returns what is wrong.
func (e *VariantError) Unwrap() error { return e.Err }

// cursor reads a record from its beginning to its end.
type cursor struct {
	p  []byte
	at int
}

func (c *cursor) left() int { return len(c.p) - c.at }

func (c *cursor) take(n int) ([]byte, error) {
	if n > c.left() {
		return nil, fmt.Errorf("%w: it is too short", ErrRecord)
	}
	c.at += n
	return c.p[c.at-n : c.at : c.at], nil
}

// takeBits takes n values of a width in bits. What is left of the last byte is 0.
func (c *cursor) takeBits(n, width int) ([]byte, error) {
	p, err := c.take((n*width + 7) / 8)
	if err != nil {
		return nil, err
	}
	if used := n * width % 8; used > 0 && p[len(p)-1]>>used != 0 {
		return nil, fmt.Errorf("%w: bits are set where nothing is", ErrRecord)
	}
	return p, nil
}

// uvarint takes a number below 2^31 of seven bits a byte.
func (c *cursor) uvarint() (int, error) {
	v := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		if c.at == len(c.p) {
			return 0, fmt.Errorf("%w: it is too short", ErrRecord)
		}
		b := c.p[c.at]
		c.at++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 && v < 1<<31 {
			return int(v), nil
		}
	}
	return 0, fmt.Errorf("%w: a number is too large", ErrRecord)
}

// value is number i of those that takeBits took.
func value(p []byte, i, width int) int {
	if width == 16 {
		return int(p[2*i]) | int(p[2*i+1])<<8
	}
	return int(p[i*width/8]) >> (i * width % 8) & (1<<width - 1)
}

const (
	// inGroup is how many samples of a list stand together.
	inGroup = 64
	// lessGroup is the least bytes that all but the last group have.
	lessGroup = inGroup - 1
	// listed is the greatest part of the samples that a list has: one in so many.
	listed = 8
)

// list is some of the samples, in order, and perhaps a code for each.
type list struct {
	ids   []uint32
	codes []byte // packed, two bits each
}

func (l *list) code(i int) byte { return l.codes[i/4] >> (2 * (i % 4)) & 3 }

// hets reports whether all of them have the code of hets.
func (l *list) hets() bool {
	const four = codeHet * 0x55
	whole := len(l.ids) / 4
	for _, b := range l.codes[:whole] {
		if b != four {
			return false
		}
	}
	rest := len(l.ids) % 4
	return rest == 0 || l.codes[whole] == four&(1<<(2*rest)-1)
}

// has reports whether anyone has a code.
func (l *list) has(code int) bool {
	other := byte(codeMissing-code) * 0x55
	whole := len(l.ids) / 4
	for _, b := range l.codes[:whole] {
		if x := b ^ other; x&(x>>1)&0x55 != 0 {
			return true
		}
	}
	for i := 4 * whole; i < len(l.ids); i++ {
		if int(l.code(i)) == code {
			return true
		}
	}
	return false
}

// readNeither takes the list of who has neither of two codes. What has one of them all the
// same is counted by plink2 in one way and exported in another.
func (l *list) readNeither(c *cursor, samples, low, high int) error {
	if err := l.read(c, samples, true); err != nil {
		return err
	}
	if l.has(low) || l.has(high) {
		return fmt.Errorf("%w: a list of who has neither of two codes has one of them", ErrRecord)
	}
	return nil
}

// read takes a list from a record of so many samples.
func (l *list) read(c *cursor, samples int, coded bool) error {
	l.ids, l.codes = l.ids[:0], nil
	n, err := c.uvarint()
	if err != nil || n == 0 {
		return err
	}
	if n > samples/listed {
		return fmt.Errorf("%w: a list has more than one in %d samples", ErrRecord, listed)
	}
	if n == 1 {
		return l.readOne(c, samples, coded)
	}
	groups, width := (n+inGroup-1)/inGroup, idWidth(samples)
	firsts, err := c.take(groups * width)
	if err != nil {
		return err
	}
	sizes, err := c.take(groups - 1)
	if err != nil {
		return err
	}
	if coded {
		if l.codes, err = c.takeBits(n, 2); err != nil {
			return err
		}
	}
	for g := range groups {
		from := c.at
		first := int(little(firsts[g*width:], width))
		if g > 0 && first <= int(l.ids[len(l.ids)-1]) {
			return fmt.Errorf("%w: a list is not in order", ErrRecord)
		}
		if err := l.readGroup(c, first, min(inGroup, n-g*inGroup), samples); err != nil {
			return err
		}
		if g < groups-1 && c.at-from != int(sizes[g])+lessGroup {
			return fmt.Errorf("%w: a part of a list is too long or too short", ErrRecord)
		}
	}
	return nil
}

// readOne takes a list of one sample: most rare alleles have one carrier.
func (l *list) readOne(c *cursor, samples int, coded bool) error {
	width := idWidth(samples)
	p, err := c.take(width)
	if err != nil {
		return err
	}
	id := little(p, width)
	if coded {
		if l.codes, err = c.takeBits(1, 2); err != nil {
			return err
		}
	}
	if id >= uint64(samples) {
		return errNobody()
	}
	l.ids = append(l.ids, uint32(id))
	return nil
}

// readGroup takes the samples of one group: the first is known, for the others it is
// told by how much each is greater than the one before.
func (l *list) readGroup(c *cursor, first, n, samples int) error {
	if first >= samples {
		return errNobody()
	}
	from := len(l.ids)
	l.ids = slices.Grow(l.ids, n+spare)[:from+n]
	ids := l.ids[from:]
	ids[0] = uint32(first)
	used := deltas(c.p[c.at:], ids)
	if used < 0 {
		return readDeltas(c, ids, samples)
	}
	c.at += used
	if uint64(ids[n-1]) >= uint64(samples) {
		return errNobody()
	}
	return nil
}

func errNobody() error {
	return fmt.Errorf("%w: a list has a sample that does not exist", ErrRecord)
}

// readDeltas is deltas for numbers of any length, and says what is wrong with them.
func readDeltas(c *cursor, ids []uint32, samples int) error {
	id := int(ids[0])
	for i := range ids[1:] {
		delta, err := c.uvarint()
		switch {
		case err != nil:
			return err
		case delta == 0:
			return fmt.Errorf("%w: a list is not in order", ErrRecord)
		}
		if id += min(delta, samples); id >= samples {
			return errNobody()
		}
		ids[i+1] = uint32(id)
	}
	return nil
}

// spare is how many ids there have to be behind those that deltas fills: it may write
// them, 16 at a time.
const spare = 16

// deltasGo is deltas for numbers of one byte or two. It takes a byte at a time, without
// asking whether the number ends there.
func deltasGo(p []byte, ids []uint32) (used int) {
	id, shift, bad, i := ids[0], uint32(0), uint32(0), 1
	for i < len(ids) {
		if used == len(p) {
			return -1
		}
		b := uint32(p[used])
		used++
		id += b & 0x7f << shift
		ids[i] = id
		more := b >> 7
		bad |= more&shift | (b-1)>>31 // it goes on once more, or is 0
		shift = 7 * more
		i += 1 - int(more)
	}
	if bad != 0 {
		return -1
	}
	return used
}

// idWidth is the bytes of a sample's number where it is written out. They hold the
// number of samples itself, which is how plink2 has it: two for 256 samples.
func idWidth(samples int) int {
	width := 1
	for samples >>= 8; samples > 0; samples >>= 8 {
		width++
	}
	return width
}
