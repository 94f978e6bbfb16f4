// Package bgzf reads and writes BGZF, the blocked gzip of SAM, BCF and VCF files
// (SAM specification, section 4.1). Start with NewReader and NewWriter. Reader.Window
// shows a stretch of the file without a copy, NewParallelReader unpacks blocks ahead, and
// Unpack is for a file that may as well be packed by gzip, or not at all.
//
// The reader is strict, because a damaged file must never give an answer that looks
// whole: every block's header, size, CRC-32 and length are checked before one of its
// bytes is handed out, and the last block is the empty one that marks the end. Files
// that were written in parts and joined have such blocks in their middle too. What is
// wrong comes as an *Error with the offset of its block; the only way to io.EOF is a
// sound file.
//
// Both sizes of a block are known before it is unpacked, which a stream's are not: so
// the decoder here (RFC 1951) writes each byte where it stays, and looks at bounds once
// for some symbols. It accepts what compress/flate accepts, bit for bit; fuzzing holds
// it to that. Where the processor has AVX2 and BMI2, the inner loop is in assembly, and
// where it has AVX-512, the checksum is; `-tags purego` is without, with the same
// answers.
//
// A block holds at most 64 KiB either way. A reader holds two of them as they are in the
// file, one unpacked, and with Window 256 KiB or twice what was asked for.
package bgzf
