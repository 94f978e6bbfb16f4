// Package planes finds who has which genotype in a line of a VCF or a record of a BCF,
// many samples at a time. Start with New, then Text, Cells or Pairs.
//
//	\t0/0\t0|1\t./.      Text    GT alone: every cell is four bytes
//	\t0/0:9\t0|1:.       Cells   GT and other fields: found by their tabs, then as Text
//	02 02 02 05 00 00    Pairs   two alleles of a byte each
//
// It knows the cells that nearly all of every file are made of, and refuses a line that
// has any other, a half call or an allele 2 for example: that is for a reader to read by
// itself, or to refuse with its reason. What it does not refuse it reads as the reader
// would.
//
// Processors with AVX-512 do it with kernels of their own, those with AVX2 only Text, and
// others in Go; `-tags purego` is all in Go. The answers are the same.
package planes
