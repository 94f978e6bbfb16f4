package bcf

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/locus-genomics/locus/node/genotype"
)

// blockEnd is END of INFO, 0 if it has none.
func (r *Reader) blockEnd(t *typed, entries int, pos uint32) (uint32, error) {
	for range entries {
		key, err := t.number()
		if err != nil {
			return 0, err
		}
		kind, n, raw, err := t.value()
		if err != nil {
			return 0, err
		}
		if r.head.strings.name(key) != "END" {
			continue
		}
		if n == 1 && (kind == kindInt8 || kind == kindInt16 || kind == kindInt32) {
			size, _ := width(kind)
			if end := integer(raw, size); end >= 0 && int64(end) >= int64(pos) {
				return uint32(end), nil
			}
		}
		return 0, fmt.Errorf("%w: END of a block is a number from POS to %d", ErrRecord, maxPos)
	}
	return 0, nil
}

// What is known of how sure a sample's call is.
const (
	gqKnown = 1 << iota
	gqLow
	rgqKnown
	rgqLow
	noDepth
)

// measure takes a field of a block that tells how sure its calls are; not read if the
// field is another one.
func (r *Reader) measure(name string, f field) (read bool, err error) {
	switch name {
	case "GQ", "RGQ", "MIN_DP", "DP":
	default:
		return false, nil
	}
	if f.n == 0 {
		return true, nil
	}
	if f.n != 1 || f.kind == kindChar {
		return false, errMeasure
	}
	raw, err := r.in.peek(int(f.size)) // four times the samples at most
	if err != nil {
		return false, err
	}
	size, _ := width(f.kind)
	for i := range r.doubts {
		n, known, ok := measured(raw[i*size:], f.kind)
		if !ok {
			return false, &RecordError{Sample: i + 1, Err: errMeasure}
		}
		if !known {
			continue
		}
		low := n < genotype.MinBlockGQ
		switch name {
		case "GQ":
			r.doubts[i] |= gqKnown | flag(low, gqLow)
		case "RGQ":
			r.doubts[i] |= rgqKnown | flag(low, rgqLow)
		default:
			r.doubts[i] |= flag(n == 0, noDepth)
		}
	}
	r.in.skip(len(raw))
	return true, nil
}

var errMeasure = fmt.Errorf("%w: GQ, RGQ, MIN_DP and DP of a block are numbers, one a sample", ErrGenotype)

func flag(set bool, bit byte) byte {
	if set {
		return bit
	}
	return 0
}

// The floats that are no numbers: missing, and the end of a vector.
const (
	missingFloat     = 0x7f800001
	endOfVectorFloat = 0x7f800002
)

// measured is the whole part of a number that is not negative; not known if it is ".".
func measured(raw []byte, kind byte) (n int64, known, ok bool) {
	if kind == kindFloat {
		bits := binary.LittleEndian.Uint32(raw)
		if bits == missingFloat || bits == endOfVectorFloat {
			return 0, false, true
		}
		f := math.Float32frombits(bits)
		return int64(min(f, math.MaxInt32)), true, f >= 0 // not so if it is no number
	}
	size, _ := width(kind)
	x := integer(raw, size)
	if x == missing(size) || x == endOfVector(size) {
		return 0, false, true
	}
	return int64(x), true, x >= 0
}

// doubt makes the calls of a block missing that are of another allele than REF, or that
// are not sure enough.
func (r *Reader) doubt(row *genotype.Row) {
	for i, c := range row.Calls {
		d := r.doubts[i]
		row.Calls[i] = c.InBlock(d&(gqLow|noDepth) == 0 && (d&gqKnown != 0 || d&rgqLow == 0))
	}
}
