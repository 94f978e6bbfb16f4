// Package sample draws noise from integers alone: no floating-point number comes between
// random words and what is drawn. Start with NewGaussian and AddNoise; Laplace and Polya
// are for a few counts under pure differential privacy, and Select chooses one of many.
//
//	law                 drawn from                                   words a draw
//	Gaussian, <= 4096   an alias table over all values                    1
//	Gaussian, above     a table of bins, then exact rejection             1.02
//	Laplace, small      an alias table over all values                    1
//	Laplace, large      a table for each digit of 10 bits, and a sign     3 or 4
//	Polya               the difference of two draws of a table            2
//
// Chances in a table are whole numbers of 2^-128 that add up to 1. They are computed when
// a law is made, in fixed point with 320 bits, and then drawn from exactly. So every draw
// is from a law that is within 2^-116 of the true one in total variation, however
// little is known of who looks at it: a test computes the true laws anew by other
// means, at 512 bits, and adds up all differences. What comes after a table, rejection
// and the sum of digits, is exact.
//
// # What must hold
//
// A seed is for one release. Drawn twice under it, the same noise is added to two answers
// and their difference is plain. The same seed gives the same noise on every machine.
//
// Whoever adds noise leaves room for it: a law's Max is never exceeded.
//
// # What an onlooker learns
//
// From the time that a table takes: nothing, but for a second word with a chance of less
// than 2^-50, and for which lines of the cache were read. The tries of a wide Gaussian and of a
// large Laplace are independent of what is drawn in the end. BernoulliExp and Select
// take a time that depends on the data.
//
// # Sources
//
// Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, 2020, whose
// sampler is in the tests as the reference; Walker 1977 and Vose 1991 for alias tables;
// von Neumann 1951 for the rejection; Goryczka and Xiong 2015 for the shares of a Laplace.
// The random words are AES-256 in counter mode.
//
// Being integers from the first word on, the samplers have none of what Mironov 2012,
// Haney and others 2022, and Casacuberta and others 2022 found in others.
package sample
