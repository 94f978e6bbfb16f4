// Package pgen reads the genotypes of PLINK 2 binary files: pgen, pvar and psam. Start
// with New.
//
//	mode 0x01        a bed under another name
//	0x02 to 0x04     records of one width: hard calls, with dosages, with phased ones
//	0x10, 0x11       records of many widths; 0x11 has extensions, which are passed over
//	0x20, 0x21       the same with their index in a pgen.pgi
//
// A record is hard calls of two bits (as they are, as one bit and a list of
// exceptions, as differences from the last record that was none, or as a list of who
// differs from the usual), then which ALT is meant where there is more than one, then
// phase, then dosages. All lengths are checked; phases and dosages are passed over.
//
// Who has a dosage and no hard call has no call, as --geno-counts of plink2 has it
// (its --freq adds up dosages).
//
// After Pack, rows of one ALT count themselves where they lie in the file (genotype.Raw):
// a list of who differs is looked up in a mask as it is, and what is counted of a base is
// counted once for all records that differ from it. Processors of amd64 that have
// AVX-512 with VBMI2 are used to take lists apart, unless the program was built with the
// tag purego. What must hold: the answers are the same without.
//
// Memory is that of the names, of one record, and of the index. Who gives Config.Head
// has 65,536 variants of that at a time, however many there are.
//
// A pgen codes everyone as diploid, so rows are Coded: copies follow from sex and
// place. The contigs 23, 24, 25 and 26 are X, Y, X (its pseudo-autosomal part, also
// XY, PAR1, PAR2) and MT. Variants without a place (contig 0 or position 0) are passed
// over. The pvar may be packed with zstd, or be a bim; the psam may be a fam.
//
// Refused, with the number of the variant or of the line: other modes, a header that
// contradicts pvar or psam, a record that is longer or shorter than its parts, sample
// numbers out of order or range, alleles that ALT does not list, bits that are set
// where nothing is, a list of who has neither of two codes that has one of them, a file
// that is too long or too short, a name that two samples share, variants out of order or
// listed twice.
//
// It follows the PLINK 2 file format specification (draft) and the pgenlib of alpha 7.
package pgen
