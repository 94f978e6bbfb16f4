// Package genotype is what files of genotypes have in common, whatever their format.
// Start with Reader, Row and Call. It opens nothing.
//
//	vcf    text, with or without BGZF     ploidy as written
//	bcf    BCF 2.1 and 2.2, likewise      as written
//	plink  bed, bim and fam               ploidy by sex and place (Row.Coded)
//	pgen   pgen, pvar and psam            as plink
//	bgen   BGEN 1.1 to 1.3, by threshold  as plink where all are diploid, or as written
//	index  parts of a VCF or BCF, by a tabix or CSI index that was compared with it
//
// What must hold of every Reader: a row has one call a sample, in the order of
// Samples; contigs come one after another, positions ascend on a contig and no allele
// comes twice at a position (Order); damage is an error and never an end of file.
//
// Nothing here tells a genotype or a sample's name in an error.
package genotype
