package bcf

import (
	"encoding/binary"
	"fmt"
)

// The kinds of value that a type byte names. The width of each is in bytes.
const (
	kindMissing = 0
	kindInt8    = 1
	kindInt16   = 2
	kindInt32   = 3
	kindFloat   = 5
	kindChar    = 7
)

// width is the bytes of one value; not ok for a kind that does not exist.
func width(kind byte) (bytes int, ok bool) {
	switch kind {
	case kindMissing:
		return 0, true
	case kindInt8, kindChar:
		return 1, true
	case kindInt16:
		return 2, true
	case kindInt32, kindFloat:
		return 4, true
	}
	return 0, false
}

// maxTyped is the bytes of a key, a type byte and a length that does not fit into it.
const maxTyped = 5 + 1 + 5

// errShort is what is wrong with a value that leads out of its record.
var errShort = fmt.Errorf("%w: a value is longer than what is left of it", ErrRecord)

// typed reads typed values from what is left of a record.
type typed struct{ left []byte }

// kind reads a type byte, and the number of values if it stands behind it.
func (t *typed) kind() (kind byte, n int, err error) {
	if len(t.left) == 0 {
		return 0, 0, errShort
	}
	b := t.left[0]
	t.left = t.left[1:]
	kind, n = b&15, int(b>>4)
	if _, ok := width(kind); !ok || kind == kindMissing && n > 0 {
		return 0, 0, fmt.Errorf("%w: a value of no known type", ErrRecord)
	}
	if n == 15 {
		many, err := t.number()
		if err != nil {
			return 0, 0, err
		}
		n = int(many)
	}
	return kind, n, nil
}

// number reads one integer, which is not negative.
func (t *typed) number() (int32, error) {
	if len(t.left) == 0 {
		return 0, errShort
	}
	b := t.left[0]
	size, ok := width(b & 15)
	switch {
	case !ok || b>>4 != 1 || b&15 == kindFloat || b&15 == kindChar || size == 0:
		return 0, fmt.Errorf("%w: a key or a length is one integer", ErrRecord)
	case len(t.left) < 1+size:
		return 0, errShort
	}
	n := integer(t.left[1:], size)
	t.left = t.left[1+size:]
	if n < 0 {
		return 0, fmt.Errorf("%w: a key or a length is negative", ErrRecord)
	}
	return n, nil
}

// value reads all of a value.
func (t *typed) value() (kind byte, n int, raw []byte, err error) {
	if kind, n, err = t.kind(); err != nil {
		return 0, 0, nil, err
	}
	size, _ := width(kind)
	if n > len(t.left) || n*size > len(t.left) {
		return 0, 0, nil, errShort
	}
	raw, t.left = t.left[:n*size], t.left[n*size:]
	return kind, n, raw, nil
}

// text reads a string.
func (t *typed) text() ([]byte, error) {
	kind, _, raw, err := t.value()
	if err == nil && kind != kindChar && len(raw) > 0 {
		err = fmt.Errorf("%w: a text is no string of characters", ErrRecord)
	}
	return raw, err
}

// integer reads the first integer of so many bytes.
func integer(b []byte, size int) int32 {
	switch size {
	case 1:
		return int32(int8(b[0]))
	case 2:
		return int32(int16(binary.LittleEndian.Uint16(b)))
	}
	return int32(binary.LittleEndian.Uint32(b))
}

// The integers that are no numbers, of so many bytes: missing, and the end of a vector.
func missing(size int) int32     { return -1 << (8*size - 1) }
func endOfVector(size int) int32 { return missing(size) + 1 }
