// Package plink reads the genotypes of PLINK 1 binary files: bed, bim and fam. Start
// with New.
//
// A1 is taken for ALT and A2 for REF, as plink2 writes and reads them; PLINK 1.9 puts
// the rarer allele first unless it was told --keep-allele-order, so whoever made a
// file with it must look. A1 "0" is an ALT that was not seen.
//
// A bed codes everyone as diploid, so rows are Coded: copies follow from sex and
// place. The contigs 23, 24, 25 and 26 are X, Y, X (its pseudo-autosomal part, also
// XY, PAR1, PAR2) and MT. Variants without a place (contig 0 or position 0) are passed
// over.
//
// Refused: a bed with another magic number, one that is not written variant by
// variant, one that is a byte longer or shorter than bim and fam make it, bits that
// are set behind the last sample, a line of bim or fam that cannot be read, a name
// that two samples share, variants out of order or listed twice.
//
// It follows the description of the formats at cog-genomics.org/plink/1.9/formats.
package plink
