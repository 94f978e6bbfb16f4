// Package canary looks for what must not be somewhere: names, keys and genotypes that a
// test has put into every input, in whatever form they come out. Start with New and Find.
//
// The test of this package runs every command of the three programs as processes, with
// canaries in all of their inputs, and looks through all that they write, log, keep and
// send. A command that it does not run makes it fail. Add a line to story_test.go for a new
// one.
//
// What must hold: a canary is found as it is, in capitals and small letters, in hexadecimal,
// in base64 of both alphabets at every alignment, as a URL, JSON or Go writes it, in UTF-16,
// as the numbers of its bytes, and in all of these under gzip, zlib, zstd, base64 and
// hexadecimal, up to three of them.
//
// What it does not find: what is encrypted or hashed, a part of a canary alone, and numbers
// that were computed from canaries.
package canary
