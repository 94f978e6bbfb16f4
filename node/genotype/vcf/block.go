package vcf

import (
	"bytes"
	"fmt"

	"github.com/locus-genomics/locus/node/genotype"
)

// blockEnd is END of INFO, 0 if it has none.
func blockEnd(info []byte, pos uint32) (uint32, error) {
	for more := true; more; {
		var entry []byte
		entry, info, more = bytes.Cut(info, []byte(";"))
		text, ok := bytes.CutPrefix(entry, []byte("END="))
		if !ok {
			continue
		}
		end, ok := decimal(text)
		if !ok || end < int64(pos) || end > maxPos {
			return 0, &LineError{Column: fixed, Err: fmt.Errorf("%w: END of a block is a number from POS to %d", ErrLine, maxPos)}
		}
		return uint32(end), nil
	}
	return 0, nil
}

// decimal reads a whole number that is not negative.
func decimal(text []byte) (int64, bool) {
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), 1<<40)
	}
	return n, len(text) > 0
}

// measures are the places of what tells how sure a call of a block is, among the fields
// of FORMAT; -1 for one that is not there.
type measures struct{ gq, rgq, minDP, dp int }

func findMeasures(format []byte) measures {
	m := measures{-1, -1, -1, -1}
	for i, more := 0, true; more; i++ {
		var key []byte
		key, format, more = bytes.Cut(format, []byte(":"))
		switch string(key) {
		case "GQ":
			m.gq = i
		case "RGQ":
			m.rgq = i
		case "MIN_DP":
			m.minDP = i
		case "DP":
			m.dp = i
		}
	}
	return m
}

// doubt makes the calls of a block missing that are of another allele than REF, or that
// are not sure enough. The cells are those that calls has read.
func (r *Reader) doubt(format, rest []byte, row *genotype.Row) error {
	m := findMeasures(format)
	for i, c := range row.Calls {
		var cell []byte
		cell, rest = cut(rest[1:])
		a, b := c.Alleles()
		if a < genotype.Reference && b < genotype.Reference {
			continue
		}
		sure, err := m.sure(cell)
		if err != nil {
			return &LineError{Column: fixed + 2 + i, Err: err}
		}
		row.Calls[i] = c.InBlock(sure)
	}
	return nil
}

// sure reports whether a cell's GQ, or else its RGQ, is high enough, and its depths are
// not 0. What is not there speaks neither for nor against it.
func (m measures) sure(cell []byte) (bool, error) {
	quality, known, err := measure(cell, m.gq)
	if err == nil && !known {
		quality, known, err = measure(cell, m.rgq)
	}
	if err != nil || known && quality < genotype.MinBlockGQ {
		return false, err
	}
	for _, at := range [2]int{m.minDP, m.dp} {
		if depth, known, err := measure(cell, at); err != nil || known && depth == 0 {
			return false, err
		}
	}
	return true, nil
}

// measure reads the whole part of a field's number; not known if it is not there, or ".".
func measure(cell []byte, at int) (n int64, known bool, err error) {
	text := field(cell, at)
	if string(text) == "." || len(text) == 0 {
		return 0, false, nil
	}
	whole, part, more := bytes.Cut(text, []byte("."))
	n, ok := decimal(whole)
	if more {
		_, isPart := decimal(part)
		ok = ok && isPart
	}
	if !ok {
		return 0, false, fmt.Errorf("%w: GQ, RGQ, MIN_DP and DP of a block are numbers, or \".\"", ErrGenotype)
	}
	return n, true, nil
}
