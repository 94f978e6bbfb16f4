// Package bgzf reads and writes BGZF, the blocked gzip of SAM, BCF and VCF files
// (SAM specification, section 4.1). Start with NewReader and NewWriter.
//
// The reader is strict, because a damaged file must never give an answer that looks
// whole: every block's header, size, CRC-32 and length are checked before one of its
// bytes is handed out, and the last block is the empty one that marks the end. Files
// that were written in parts and joined have such blocks in their middle too. What is
// wrong comes as an *Error with the offset of its block; the only way to io.EOF is a
// sound file.
//
// A block holds at most 64 KiB either way, so that is what a reader holds too.
package bgzf
