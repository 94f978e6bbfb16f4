package genotype

import "strings"

// Unplaced is the key of PLINK's contig 0: variants without a place.
const Unplaced = "0"

// pseudo is the key of the pseudo-autosomal parts of X. They stand apart from X in
// PLINK's files, together or one on each side of it.
const pseudo = "X, pseudo-autosomal"

// PlinkContig is what a contig of a file of PLINK's, or of its kin, is called
// elsewhere, and the key by which its order is checked: PLINK writes 23 to 26 for X, Y,
// the pseudo-autosomal parts of X, and MT if it is told to. canonical gives the key of
// every other contig.
func PlinkContig(named string, canonical func(string) string) (name, key string) {
	prefix, short := "", named
	if len(named) > 3 && strings.EqualFold(named[:3], "chr") {
		prefix, short = named[:3], named[3:]
	}
	switch strings.ToUpper(short) {
	case "23":
		return prefix + "X", "X"
	case "24":
		return prefix + "Y", "Y"
	case "26":
		return prefix + "MT", "MT"
	case "25", "XY":
		return prefix + "X", pseudo
	case "PAR1":
		return prefix + "X", pseudo + " 1"
	case "PAR2":
		return prefix + "X", pseudo + " 2"
	case "0":
		return named, Unplaced
	}
	return named, canonical(named)
}
