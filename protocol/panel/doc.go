// Package panel is the shared list of variants that a study speaks of: who asks says
// "variants 17 to 230 of this panel" and every site takes the same variants for it.
// Start with New or Parse (a Panel), At and Select; ReadVariants takes what New needs
// from a VCF, a pvar, a bim or a list.
//
// A panel is sorted (contigs 1 to 22, X, Y, MT, then the others by name; position;
// REF; ALT), its alleles are trimmed, and no variant is in it twice. Its name is a
// digest of its content, whatever compressed the file:
//
//	file     magic "LOCUSPN2", length and bytes of the head, directory, blocks
//	head     assembly, number of variants, contigs with how many variants each has
//	entry    of the directory, one a block: leaf digest, plain and packed size of each column
//	block    65,536 variants (the last one fewer) as columns, each packed with zstd:
//	           positions   varint of the distance to the variant before, on one contig
//	           codes       4 bits: which single-base change, or "other"
//	           lengths     of REF and ALT of the others, varints
//	           bases       of the others
//	digest   root of a Merkle tree (RFC 6962 hashing, SHA-256) over head and plain blocks
//
// What must hold: the same variants give the same digest (every column has one
// encoding, and Parse refuses any other); Parse believes no length before it has
// compared it with a bound, and returns a Panel only if every leaf fits its block.
// Who fetches a panel by its name compares Digest with it.
//
// Files beside a panel say more of its variants and do not change its digest: rsIDs
// (Names), GA4GH allele ids (AlleleIDs), and what a site's files tell of each (Coverage).
// Each names its panel, and is refused for any other. All of it is described byte by byte in
// docs/reference/panel.md.
//
// A Part is some blocks of a panel with the leaves of all, and proves the whole panel's
// digest.
//
// A Cursor joins a panel with a stream of variants, and Columns hands it over as numbers.
//
// Contigs keep the name that they came with (chr7 or 7), matching goes by
// CanonicalContig. What the package does not do: align alleles to a reference, or
// read what gzip has compressed.
package panel
