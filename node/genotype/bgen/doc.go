// Package bgen reads the genotypes of BGEN files of version 1.1, 1.2 and 1.3, with the
// .sample file of Oxford's tools. Start with New.
//
//	layout 1  two alleles, diploid, 16 bits; as it is or with zlib
//	layout 2  any alleles, ploidy up to 2, phased or not, 1 to 32 bits; as it is, with
//	          zlib or with zstd
//
// A BGEN has no calls but probabilities. A genotype is called if its probability is at
// least Config.Threshold, which the caller has to choose: it is above a half, so that at
// most one genotype reaches it, and otherwise there is no call. The comparison is one of
// whole numbers. Of phased samples the two chromosomes are taken to be independent, and
// a genotype is two alleles in either order. A missing sample has no call, whatever its
// probabilities.
//
// This is not plink2's --hard-call-threshold, which looks how far a dosage is from a
// whole number. It is what plink2 does in two runs, where samples are not phased and the
// threshold is above 0.75: --import-dosage-certainty of the threshold forgets who is
// uncertain, and then --hard-call-threshold 0.49999 calls who is left. plink2 reads no
// more than 28 bits and two alleles.
//
// The first allele of a variant is taken for REF, as plink2's ref-first does, unless
// Config.RefLast is set; the format does not say which one is. An ALT "." was not seen.
//
// Where everyone is written as diploid, rows are Coded: copies follow from sex and
// place. Where anyone is not, ploidy is as written; who has no chromosome is a haploid
// without call. Contigs may have a zero before their number; 23, 24, 25 and 26 are X, Y,
// X (its pseudo-autosomal part, also XY, PAR1, PAR2) and MT. Variants without a place
// (contig 0 or position 0) are passed over.
//
// Refused, with the number of the variant and where it begins: other layouts, a header
// that contradicts itself, blocks that are longer or shorter than their parts,
// probabilities of more than 1, bits that are set where nothing is, ploidy above 2, a
// file that is too long or too short, a name that two samples share, identifiers that
// differ from those of the .sample file, variants out of order or listed twice.
//
// It follows the specification at https://www.chg.ox.ac.uk/~gav/bgen_format/.
package bgen
