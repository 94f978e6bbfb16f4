// Package genes finds genes by name in a BED or a GFF3 file. Start with Read and
// Genes.Find, which gives regions of a panel.
//
//	BED    contig, start, end, name and more; places count from 0, the end is not in it
//	GFF3   features gene, ncRNA_gene and pseudogene, found by Name, gene_name, gene,
//	       gene_id or ID; an Ensembl "gene:" before the id and a version behind it may be left out
//
// A name that several genes have is refused, and so is one that none has, with names
// that are near it: a guess would be a question about another gene. Lines of one name on
// one contig of a BED are parts of one gene.
//
// RefSeq's accessions of human chromosomes (NC_000007.14) are their numbers here. Which
// assembly they are of is told by Genes.Assembly, if the file says it.
//
// What the package does not do: read what is compressed, open files, or know a gene.
package genes
