// Package store keeps a dataset's genotypes in one file, in the form in which they are
// counted (genotype.Classes), sealed. Start with Create and Writer.Add, or with Open:
// a Reader is a genotype.Reader that can go to a region.
//
//	file       prelude, header, blocks, directory, footer; nothing between them
//	prelude    magic "LOCUSGT1", version, zeros, random file id, dataset id
//	header     assembly, samples, their sexes where the source tells them (zstd)
//	block      up to 512 sites of one contig, fewer where they are large:
//	             bitmaps    of the sets of over 1/32 of the samples, 64 bits a word
//	             sites      flags, REF, ALTs; the end of a block of a gVCF, how ALTs are
//	                        aligned and calls that were dropped, where there are (zstd)
//	             positions  varint of the distance to the site before
//	             control    for each ALT: the base class, and which sets there are
//	             lists      the other sets: varint distances, or 16-bit numbers within
//	                        each 65,536 samples
//	directory  contigs; for each block its length, sites, contig, first and last
//	           position, and from where to where its sites tell something;
//	           a digest of all rows
//	footer     where header and directory are
//
// A set of Missing, Haploid or Other that stood in the block before is written as its
// number. Genotypes are not compressed: a bitmap is counted where it lies.
//
// Header, blocks, directory and footer are sealed one by one by the cipher.AEAD that
// is handed in. Its additional data are the prelude and the part's number, so that no
// part of one file fits into another place or another file. The nonce is the part's
// number behind eight bytes (or more, where nonces are longer) of the random file id:
// a key is for one dataset's files and MUST NOT seal more than 2^20 of them. No
// store is written or read without one.
//
// What must hold:
//   - A file is whole and durable under its name or not there: Create writes beside it
//     and Commit renames. A kill at any moment leaves the old file or the new one.
//   - Every byte of a file belongs to a part, and a part that does not open gives
//     ErrDamaged and no row.
//   - No length is believed before it has been compared with what is there.
//   - A region is read without opening other blocks. Only Next to io.EOF with no
//     Region, or Check, has looked at every byte; Check alone compares the rows with
//     those that were written.
//
// What it does not do: hold keys, choose what is kept, or compare a file with its
// source. One Writer at a time writes to a path: the caller sees to that.
package store
