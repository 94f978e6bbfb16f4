// Package tally turns rows of genotypes into integer counts. It is pure: rows, labels
// and sexes in, numbers out. Start with Want and AlleleFrequency; Examine looks a
// whole file over before any of it is counted.
//
// What counts as what:
//
//	AN             called alleles; AC the copies of the wanted ALT among them
//	./1            half a call: its one called allele counts
//	*, <DEL>       called alleles that no wanted variant matches
//	ploidy         as written in VCF; told by sex and place in bed (Row.Coded)
//	het            of a man on X outside the pseudo-autosomal regions, or of anyone on
//	               Y or MT: missing, and a warning
//	Y, a woman     not counted
//	sex unknown    in bed, two copies on X and none on Y, and a warning
//	FILTER         PASS and "." count, other sites are as if they were not there
//	ALT "."        gives AN to the single-base variants of its position and REF
//	END of a gVCF  a block gives AN to the variants whose REF lies wholly in it
//	<NON_REF>      a row of it gives AN to the variants of its position that it does not
//	               list; who carries it is not known there
//	no row         AC 0 and AN 0: not covered, which is not the same as not seen
//	callable       but where all of REF lies in a region in which everybody was looked
//	               at (People.Callable), who is in no row is hom-ref
//
// Variants match when contig, position, REF and ALT are the same after records are
// split by ALT, alleles trimmed and contigs named canonically (package panel). Where a
// reader aligned alleles by a reference (Site.Aligned), that spelling counts.
//
// What must hold: a person adds at most two to each counter, which is what encoded
// sums and privacy reckon with. So each variant is answered from one row of the file,
// and a second row that lists it is an error. A row that lists it comes before one of its
// position that does not, and that one before a block; of two blocks over it the first
// counts. Coverage tells by sites alone which it is. Whether a row has calls or classes does not
// matter, and neither does how many strata are counted at once.
//
// Classes are counted by set: a bitmap through the mask of each part of the people, a
// list by the label of each sample. The parts are the labels, and off the autosomes
// the labels by sex. The rows of a bed are counted as they are packed.
package tally
