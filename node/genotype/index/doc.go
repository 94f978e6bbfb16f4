// Package index reads parts of a BGZF file by its tabix (.tbi) or CSI (.csi) index.
// Start with Open. Part gives what a region touches, unpacked and with the header before
// it, so that packages vcf and bcf read it like a file.
//
// An index is a file beside another, and nothing but habit keeps them together. So one
// is compared with its file before it is believed; one that does not fit is refused
// with ErrStale, and the whole file has to be read:
//
//	each offset in it       a block of BGZF begins there, and is as long as it says
//	the first one           stands behind the header, and no record before it
//	the chunks together     leave out nothing, their bins ascend, and no two contigs
//	                        share one
//	the last one            stands before the block that ends the file
//	a contig's first chunk, and each chunk that is read
//	                        begins with a record of the contig and of the bin
//
// So a file that was written anew, got records or lost some is not taken for the one
// that was indexed. What cannot be seen without reading all of it is a file whose bytes
// were changed in place, block for block, and an index that was made wrong with care:
// what is read is still what is there, and checked by CRC-32, but a record may be where
// nobody looks. Whoever needs to know that a file is the one it was MUST compare a digest
// of it.
//
// Only bins and chunks are used. The linear index, the offsets of CSI that stand for it
// and the numbers of records save little, and are left out.
//
// It follows the tabix and CSI specifications, version 1, and SAM, section 5.3.
package index
