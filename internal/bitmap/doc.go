// Package bitmap counts bits, takes apart codes of two bits, as genotypes are packed, and
// reads lists of those who have one. Start with CountAnd, Split and Widen.
//
// Sample i is bit i%64 of word i/64, and in codes bits 2i%8 and 2i%8+1 of byte i/4.
//
// Processors of amd64 that have AVX2, or AVX-512 with its population counts, are used
// when the program starts on one, unless it was built with the tag purego. What must
// hold: the answers are the same on all of them.
package bitmap
