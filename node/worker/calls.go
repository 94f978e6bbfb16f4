package worker

import (
	"encoding/binary"
	"slices"

	"github.com/locus-genomics/locus/node/genotype"
)

// A call takes four bits where the site has one ALT or none, a byte where its alleles
// are below 16, and else four bytes.
type width uint8

const (
	nibble width = iota
	octet
	word
)

func widthOf(alts int) width {
	switch {
	case alts <= 1:
		return nibble
	case int(genotype.Reference)+alts < 16:
		return octet
	}
	return word
}

// size is the bytes of so many calls.
func (w width) size(calls int) int {
	switch w {
	case nibble:
		return (calls + 1) / 2
	case octet:
		return calls
	}
	return 4 * calls
}

// appendCalls packs calls whose alleles are those of so many ALTs.
func appendCalls(b []byte, calls []genotype.Call, alts int) []byte {
	w := widthOf(alts)
	at := len(b)
	b = slices.Grow(b, w.size(len(calls)))[:at+w.size(len(calls))]
	out := b[at:]
	switch w {
	case nibble:
		packNibbles(out, calls)
	case octet:
		for i, c := range calls {
			x, y := c.Alleles()
			out[i] = byte(x) | byte(y)<<4
		}
	case word:
		for i, c := range calls {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(c))
		}
	}
	return b
}

// gather moves the four alleles of two calls, two bits each at 0, 16, 32 and 48, to
// 48, 50, 52 and 54. No two of the products' fields overlap.
const gather = 1<<48 | 1<<34 | 1<<20 | 1<<6

func packNibbles(out []byte, calls []genotype.Call) {
	for i := range len(calls) / 2 {
		two := uint64(calls[2*i]) | uint64(calls[2*i+1])<<32
		out[i] = byte(two * gather >> 48)
	}
	if n := len(calls); n%2 == 1 {
		out[n/2] = byte(uint64(calls[n-1]) * gather >> 48 & 15)
	}
}

// pairs is the two calls of a byte.
type pairs [256][2]genotype.Call

func newPairs() *pairs {
	call := func(b int) genotype.Call { return genotype.NewCall(genotype.Allele(b&3), genotype.Allele(b>>2&3)) }
	t := new(pairs)
	for b := range t {
		t[b] = [2]genotype.Call{call(b), call(b >> 4)}
	}
	return t
}

// unpackCalls fills calls. It reports whether every allele is one of the site's.
func (t *pairs) unpackCalls(calls []genotype.Call, in []byte, alts int) bool {
	last := genotype.Reference + genotype.Allele(alts)
	switch widthOf(alts) {
	case nibble:
		return t.unpackNibbles(calls, in, alts)
	case octet:
		for i, b := range in {
			x, y := genotype.Allele(b&15), genotype.Allele(b>>4)
			if x > last || y > last {
				return false
			}
			calls[i] = genotype.NewCall(x, y)
		}
	case word:
		for i := range calls {
			c := genotype.Call(binary.LittleEndian.Uint32(in[4*i:]))
			if x, y := c.Alleles(); x > last || y > last {
				return false
			}
			calls[i] = c
		}
	}
	return true
}

func (t *pairs) unpackNibbles(calls []genotype.Call, in []byte, alts int) bool {
	n := len(calls)
	whole := calls[:n&^1]
	for _, b := range in[:n/2] {
		whole[0], whole[1] = t[b][0], t[b][1]
		whole = whole[2:]
	}
	if n%2 == 1 {
		b := in[n/2]
		if b > 15 {
			return false
		}
		calls[n-1] = t[b][0]
	}
	if alts == 0 { // then nobody has an ALT, which is both bits of two
		for _, b := range in {
			if b&(b>>1)&0x55 != 0 {
				return false
			}
		}
	}
	return true
}
