package pgen

import (
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

// How it is written who has another ALT than the first.
const (
	byMark = 0  // a bit for each sample that may have one
	byList = 1  // a list of samples
	nobody = 15 // has one
)

// patches say which ALTs a call is of, where it is not the first.
type patches struct {
	list list
}

// read takes what a record says of ALTs and mends calls with it. It returns how many
// calls of two ALTs are hets.
func (p *patches) read(c *cursor, codes []byte, samples, alts int, calls []genotype.Call) (hets int, err error) {
	if alts < 2 {
		return 0, fmt.Errorf("%w: it tells ALTs apart, and pvar has %d", ErrRecord, alts)
	}
	how, err := c.take(1)
	if err != nil {
		return 0, err
	}
	who, err := p.who(c, how[0]&15, codes, codeHet, samples)
	if err != nil {
		return 0, err
	}
	if err := oneAlt(c, who, alts, calls); err != nil {
		return 0, err
	}
	if who, err = p.who(c, how[0]>>4, codes, codeAlts, samples); err != nil {
		return 0, err
	}
	return twoAlts(c, who, alts, calls)
}

// who takes the samples with a code whose ALTs are told. They are valid until the next call.
func (p *patches) who(c *cursor, how byte, codes []byte, code byte, samples int) ([]uint32, error) {
	switch how {
	case nobody:
		return nil, nil
	case byMark:
		marks, err := c.takeBits(count(codes, code), 1)
		if err != nil {
			return nil, err
		}
		p.mark(codes, code, marks)
	case byList:
		if err := p.list.read(c, samples, false); err != nil {
			return nil, err
		}
		for _, id := range p.list.ids {
			if codes[id/4]>>(2*(id%4))&3 != code {
				return nil, fmt.Errorf("%w: it tells the ALTs of a call that has none", ErrRecord)
			}
		}
	default:
		return nil, fmt.Errorf("%w: it tells ALTs apart in a way that is not known (%d)", ErrRecord, how)
	}
	if len(p.list.ids) == 0 {
		return nil, fmt.Errorf("%w: it tells the ALTs of nobody", ErrRecord)
	}
	return p.list.ids, nil
}

// mark lists the samples with a code whose bit is set. The code is not that of REF.
func (p *patches) mark(codes []byte, code byte, marks []byte) {
	p.list.ids = p.list.ids[:0]
	j := 0
	for i, b := range codes {
		for k := uint32(0); b != 0; k++ {
			if b&3 == code {
				if marks[j/8]>>(j%8)&1 != 0 {
					p.list.ids = append(p.list.ids, uint32(i)*4+k)
				}
				j++
			}
			b >>= 2
		}
	}
}

// oneAlt takes an ALT after the first for each of some calls of REF and ALT.
func oneAlt(c *cursor, who []uint32, alts int, calls []genotype.Call) error {
	width := 0
	switch {
	case alts > 257:
		width = 16
	case alts > 17:
		width = 8
	case alts > 5:
		width = 4
	case alts > 3:
		width = 2
	case alts > 2:
		width = 1
	}
	p, err := c.takeBits(len(who), width)
	if err != nil {
		return err
	}
	for i, id := range who {
		k := 2
		if width > 0 {
			k += value(p, i, width)
		}
		if k > alts {
			return errAlt(alts)
		}
		calls[id] = genotype.NewCall(genotype.Reference, genotype.Reference+genotype.Allele(k))
	}
	return nil
}

// twoAlts takes two ALTs, not both the first, for each of some calls of ALTs.
func twoAlts(c *cursor, who []uint32, alts int, calls []genotype.Call) (hets int, err error) {
	width := 0
	switch {
	case alts > 256:
		width = 16
	case alts > 16:
		width = 8
	case alts > 4:
		width = 4
	case alts > 2:
		width = 2
	}
	p, err := c.takeBits(len(who), max(1, 2*width))
	if err != nil {
		return 0, err
	}
	for i, id := range who {
		var a, b int
		if width == 0 {
			a, b = 1+value(p, i, 1), 2
		} else {
			a, b = 1+value(p, 2*i, width), 1+value(p, 2*i+1, width)
		}
		if b > alts || b < 2 || a > b {
			return 0, errAlt(alts)
		}
		if a != b {
			hets++
		}
		calls[id] = genotype.NewCall(genotype.Reference+genotype.Allele(a), genotype.Reference+genotype.Allele(b))
	}
	return hets, nil
}

func errAlt(alts int) error {
	return fmt.Errorf("%w: an ALT that is not one of %d, or two that are not in order", ErrRecord, alts)
}
