package genotype

// MinBlockGQ is the GQ that a call of a gVCF's block needs to count.
const MinBlockGQ = 20

// IsUnlisted reports whether an ALT stands for all alleles that are not listed, as the
// callers of gVCF write it. Who carries it has something, and nobody says what.
func IsUnlisted(alt string) bool { return alt == "<NON_REF>" || alt == "<*>" }

// IsBlock reports whether a site may be a block of a gVCF: it lists no allele but those
// that stand for all that are not listed.
func IsBlock(alts []string) bool {
	for _, alt := range alts {
		if !IsUnlisted(alt) {
			return false
		}
	}
	return true
}

// InBlock is what a call of a block counts as: itself where it is surely of REF alone, or
// missing anyway; else missing.
func (c Call) InBlock(sure bool) Call {
	a, b := c.Alleles()
	switch {
	case a < Reference && b < Reference,
		sure && a == Reference && (b == Reference || b == Absent):
		return c
	case b == Absent:
		return NewCall(Missing, Absent)
	}
	return NoCall
}
