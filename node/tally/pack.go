package tally

import "github.com/locus-genomics/locus/node/genotype"

// pack gives a row of calls of one ALT as a bed would have it, where a bed could: then
// it is counted many people at a time. Other rows are returned as they are.
func (c *counter) pack(row *genotype.Row) *genotype.Row {
	if row.Packed != nil || row.Raw != nil || len(row.Classes) > 0 || len(row.Alts) != 1 || !c.packCalls(row.Calls) {
		return row
	}
	c.repacked = genotype.Row{Site: row.Site, Coded: row.Coded, Packed: c.codes}
	return &c.repacked
}

// packCalls fills codes.
func (c *counter) packCalls(calls []genotype.Call) bool {
	if c.codes == nil {
		c.codes = make([]byte, (len(c.people.Sexes)+3)/4)
	}
	for i := range c.codes {
		if four := calls[4*i:]; len(four) >= 4 && four[0]&four[1]&four[2]&four[3] == genotype.HomRef && four[0]|four[1]|four[2]|four[3] == genotype.HomRef {
			c.codes[i] = 0xff
			continue
		}
		b := byte(0)
		for k, call := range calls[4*i : min(4*i+4, len(calls))] {
			code, ok := packed(call)
			if !ok {
				return false
			}
			b |= code << (2 * k)
		}
		c.codes[i] = b
	}
	return true
}

// packed is a call's code, if a bed has one for it.
func packed(call genotype.Call) (code byte, ok bool) {
	const alt = genotype.Reference + 1
	switch call {
	case genotype.HomRef:
		return 3, true
	case genotype.Call(genotype.Reference) | genotype.Call(alt)<<16, genotype.Call(alt) | genotype.Call(genotype.Reference)<<16:
		return 2, true
	case genotype.NoCall:
		return 1, true
	case genotype.Call(alt) | genotype.Call(alt)<<16:
		return 0, true
	}
	return 0, false
}
