package vcf

import (
	"bytes"
	"encoding/binary"
)

// The codes of a bed; invalid is none.
const (
	codeAlts    = 0
	codeMissing = 1
	codeHet     = 2
	codeRefs    = 3
	invalid     = 0xff
)

// Two samples with two REF each, GT being all there is of them.
const (
	refs       = 0x09302f3009302f30 // "0/0\t" twice
	refsPhased = 0x09307c3009307c30 // "0|0\t" twice
)

// packedOf is the code of two alleles, each less '.': "." is 0, "0" is 2, "1" is 3. The
// first is the row.
var packedOf = [16]byte{
	codeMissing, invalid, invalid, invalid,
	invalid, invalid, invalid, invalid,
	invalid, invalid, codeRefs, codeHet,
	invalid, invalid, codeHet, codeAlts,
}

// Pack is genotype.Packer's. Rows that a bed could not have, with half calls or sole
// alleles, keep their calls.
func (r *Reader) Pack() { r.pack = true }

// packCells packs the cells of a line with one ALT, whose FORMAT begins with GT. It
// returns false for a line that is for cells to read, or to refuse.
func (r *Reader) packCells(rest []byte) ([]byte, bool) {
	n := len(r.samples)
	if r.packed == nil {
		r.packed = make([]byte, (n+3)/4)
	}
	for i := 0; i < n; i += 4 {
		// Another cell follows after four, so that all four end with a tab.
		if len(rest) > 16 && i+4 < n {
			a, b := binary.LittleEndian.Uint64(rest[1:]), binary.LittleEndian.Uint64(rest[9:])
			if a == b && (a == refs || a == refsPhased) {
				r.packed[i/4] = 0xff
				rest = rest[16:]
				continue
			}
		}
		four := byte(0)
		for k := range min(4, n-i) {
			var code byte
			if code, rest = packCell(rest); code == invalid {
				return nil, false
			}
			four |= code << (2 * k)
		}
		r.packed[i/4] = four
	}
	return r.packed, len(rest) == 0
}

// packCell is the code of the cell behind a tab, and what follows it.
func packCell(rest []byte) (code byte, after []byte) {
	if len(rest) < 4 || rest[0] != '\t' || rest[2] != '/' && rest[2] != '|' {
		return invalid, rest
	}
	a, b := rest[1]-'.', rest[3]-'.'
	if a > 3 || b > 3 {
		return invalid, rest
	}
	code, after = packedOf[a<<2|b], rest[4:]
	switch {
	case len(after) == 0 || after[0] == '\t':
		return code, after
	case after[0] != ':':
		return invalid, rest
	}
	if end := bytes.IndexByte(after, '\t'); end >= 0 {
		return code, after[end:]
	}
	return code, nil
}
