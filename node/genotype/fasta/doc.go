// Package fasta reads stretches of a reference genome: a FASTA file with its index (.fai,
// as `samtools faidx` writes it). Start with New and Reader.Fetch; Reader.Align moves a
// variant to where `bcftools norm` puts it, and Align does so for the rows of a
// genotype.Reader, one ALT at a time.
//
// An index that is not of this file would give wrong bases without anyone noticing. So New
// compares every entry with the file: the header line before a contig, the line ends
// where the index says, and the header or the end of the file behind it. Fetch takes
// letters only, and line ends only where they belong.
//
// Bases come in upper case; whatever is not A, C, G or T is N. But where the reference has
// a code of several bases, REF may be any of them. What the package does not
// do: read compressed files, or make an index.
package fasta
