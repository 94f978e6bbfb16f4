// Package vcf reads the genotypes of VCF 4 text: plain, BGZF or gzip. Start with New.
//
// Of a line it reads CHROM, POS, REF, ALT, FILTER, FORMAT and every sample's GT. ID,
// QUAL, INFO and the other fields of a sample are passed over unparsed, so that a
// fault in them neither stops a count nor changes it.
//
//	0/1 0|1 1   alleles as written; one of them means one chromosome
//	./1 . ./.   what is written counts, what is "." does not
//	* <DEL>     are alleles like others
//	0/0/1       refused: a person adds at most two to a counter
//
// Refused, always with the number of the line: what is no VCF, a line with too many or
// too few columns, an allele that ALT does not list, a dosage where there is no GT,
// sites out of order, the same allele twice, contigs named in two ways. The end of
// the file is reported only after all of it was read; damaged BGZF ends in an error.
//
// It follows the VCF specification 4.1 to 4.5, section 1.
package vcf
