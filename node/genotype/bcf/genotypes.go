package bcf

import (
	"encoding/binary"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

// Codes of what is no allele.
const (
	none      genotype.Allele = 0xffff // the vector ended before
	notAllele genotype.Allele = 0xfffe
)

// fillCodes turns the byte of an allele into its code.
func (r *Reader) fillCodes() {
	for i := range r.codes {
		r.codes[i] = r.code(int32(int8(i)), 1)
	}
}

// code reads (allele+1)<<1 | phase. Versions before 2.2 fill vectors up with missing
// values, later ones have an end of a vector.
func (r *Reader) code(x int32, size int) genotype.Allele {
	switch {
	case x == endOfVector(size) || r.head.minor == 1 && x == missing(size):
		return none
	case x < 0 || x>>1 > genotype.MaxAlts+1:
		return notAllele
	case x>>1 == 0:
		return genotype.Missing
	}
	return genotype.Reference + genotype.Allele(x>>1-1)
}

// vectors are the GT of some samples.
type vectors struct {
	reader  *Reader
	n, size int
	last    genotype.Allele
	dropped int // calls of more than two alleles
}

const (
	// phases are the bits of eight alleles that tell their phase, homRef is the rest of
	// four samples that are 0/0, and large are the bits of alleles over the second ALT.
	phases = 0x0101010101010101
	homRef = 0x0202020202020202
	large  = 0xf8f8f8f8f8f8f8f8
)

// noCall marks a pair of alleles that ALT does not list. No call has its highest bit.
const noCall = genotype.Call(1 << 31)

// pairs are the calls of two alleles up to the second ALT, by both of them.
func (v *vectors) pairs() (calls [16]genotype.Call) {
	for i := range calls {
		a, b := v.reader.codes[i&3<<1], v.reader.codes[i>>2<<1]
		if calls[i] = genotype.NewCall(a, b); max(a, b) > v.last {
			calls[i] = noCall
		}
	}
	return calls
}

// decode fills calls. At an error it tells which of them it is about.
func (v *vectors) decode(raw []byte, calls []genotype.Call) (int, error) {
	if v.size != 1 || v.n != 2 {
		return v.each(raw, calls)
	}
	pairs := v.pairs()
	i := 0
	for ; len(calls)-i >= 4; i += 4 {
		four := binary.LittleEndian.Uint64(raw[2*i:]) &^ phases
		c := calls[i : i+4 : i+4]
		if four == homRef { // most of a file
			c[0], c[1], c[2], c[3] = genotype.HomRef, genotype.HomRef, genotype.HomRef, genotype.HomRef
			continue
		}
		x := four>>1 | four>>7 // the second allele of each sample beside the first
		c[0], c[1], c[2], c[3] = pairs[x&15], pairs[x>>16&15], pairs[x>>32&15], pairs[x>>48&15]
		if four&large == 0 && (c[0]|c[1]|c[2]|c[3])&noCall == 0 {
			continue
		}
		if at, err := v.pair(raw[2*i:2*i+8], c); err != nil {
			return i + at, err
		}
	}
	at, err := v.pair(raw[2*i:], calls[i:])
	return i + at, err
}

// pair decodes vectors of two bytes, one by one.
func (v *vectors) pair(raw []byte, calls []genotype.Call) (int, error) {
	codes, last := &v.reader.codes, v.last
	for i := range calls {
		a, b := codes[raw[2*i]], codes[raw[2*i+1]]
		if b == none {
			b = genotype.Absent
		}
		if a <= last && b <= last {
			calls[i] = genotype.NewCall(a, b)
			continue
		}
		c, err := v.call(raw[2*i : 2*i+2])
		if err != nil {
			return i, err
		}
		calls[i] = c
	}
	return 0, nil
}

func (v *vectors) each(raw []byte, calls []genotype.Call) (int, error) {
	for i := range calls {
		c, err := v.call(raw[:v.n*v.size])
		if err != nil {
			return i, err
		}
		calls[i] = c
		raw = raw[v.n*v.size:]
	}
	return 0, nil
}

// call reads one sample's vector. One that ends at once is ".". One of more than two
// alleles is over what a person may add to a counter: it is no call.
func (v *vectors) call(raw []byte) (genotype.Call, error) {
	pair := [2]genotype.Allele{genotype.Missing, genotype.Absent}
	ended, over := false, false
	for k := range v.n {
		a := v.reader.code(integer(raw[k*v.size:], v.size), v.size)
		switch {
		case a == none:
			ended = true
		case ended:
			return 0, fmt.Errorf("%w: something follows its end", ErrGenotype)
		case a == notAllele:
			return 0, fmt.Errorf("%w: a value is no allele", ErrGenotype)
		case a > v.last:
			return 0, fmt.Errorf("%w: it names an allele that ALT does not list", ErrGenotype)
		case k > 1:
			over = true
		default:
			pair[k] = a
		}
	}
	if over {
		v.dropped++
		return genotype.NoCall, nil
	}
	return genotype.NewCall(pair[0], pair[1]), nil
}
