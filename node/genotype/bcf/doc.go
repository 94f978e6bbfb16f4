// Package bcf reads the genotypes of BCF 2.1 and 2.2, in BGZF or unpacked. Start with
// New.
//
// Of a record it reads CHROM, POS, the alleles, FILTER and every sample's GT. ID, QUAL,
// INFO and the other fields of a sample are passed over by their lengths, so that a
// fault in them neither stops a count nor changes it; in blocks of a gVCF END and what
// tells how sure a call is are read, as package vcf has it. What is read means what it
// means in the text that bcftools makes of it, and package vcf gives the same rows for
// that.
//
//	02 05    0|1    alleles as written; the phase is not read
//	02 81    0      one chromosome, filled up with the end of a vector (2.1: 02 80)
//	00 04    ./1    what is written counts, what is "." does not
//	02 02 04 0/0/1  no call, and one more of Row.Dropped: a person adds at most two
//
// Where everyone's GT is two bytes of REF, the only ALT and ".", as in most records,
// they are read many at a time into Row.Classes, by package planes; others are read one
// by one into Row.Calls. Both say the same.
//
// Refused, always with the number of the record and where it begins in the unpacked
// file: what is no BCF, a length that leads out of its record, bytes that are left over
// in one, a contig, filter or field that the header does not list, an allele that ALT
// does not list, a dosage where there is no GT, sites out of order, the same allele
// twice, contigs named in two ways. No length is believed before the bytes are there.
// The end of the file is reported only after all of it was read; damaged BGZF ends in
// an error. An unpacked file has no such mark: cut between two records, it looks whole.
//
// It follows the VCF specification 4.3, section 6, and for 2.1 the quick reference.
package bcf
