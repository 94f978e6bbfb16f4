// Package vcf reads the genotypes of VCF 4 text: plain, BGZF or gzip. Start with New.
//
// Of a line it reads CHROM, POS, REF, ALT, FILTER, FORMAT and every sample's GT. ID,
// QUAL, INFO and the other fields of a sample are passed over unparsed, so that a
// fault in them neither stops a count nor changes it.
//
//	0/1 0|1 1   alleles as written; one of them means one chromosome
//	./1 . ./.   what is written counts, what is "." does not
//	* <DEL>     are alleles like others
//	0/0/1       no call, and one more of Row.Dropped: a person adds at most two
//
// A line whose ALT is <NON_REF>, <*> or "." and whose INFO has END is a block of a gVCF:
// it says of everyone that there is nothing from POS to END. Only there INFO is looked
// at, and the fields that tell how sure a call is. It counts where all its alleles are
// REF, GQ is genotype.MinBlockGQ at least (RGQ, where GQ is not told), and MIN_DP and DP
// are not 0; a field that is not there, or ".", says nothing against it. Who has
// another call is missing in the block. END before POS, or a quality that is no number,
// is refused.
//
// Where nearly all cells are two of 0, 1 and ".", as in most lines, they are read many
// at a time into Row.Classes, by package planes; other lines are read cell by cell into
// Row.Calls. Both say the same.
//
// Refused, always with the number of the line: what is no VCF, a line with too many or
// too few columns, an allele that ALT does not list, a dosage where there is no GT,
// sites out of order, the same allele twice, contigs named in two ways. The end of
// the file is reported only after all of it was read; damaged BGZF ends in an error.
//
// It follows the VCF specification 4.1 to 4.5, section 1.
package vcf
