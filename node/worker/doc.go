// Package worker reads files of genotypes in a process of its own, because whoever
// made a file may have made it for our parsers. Start with Start, Reader and Child.
//
//	parent                                    child (locus-node parse)
//	question: format, limits, places  -----> 0
//	the bytes of each file            -----> 4, 5, …
//	rows                              <----- 3
//
// The parent reads each file once, and what it reads is what the child parses: who
// digests a file on its way knows what was parsed, even of a file that changes.
//
// Headers, and columns beside the names of samples, are read in the child and nowhere
// else. When it is asked to (Source.Scan), the child looks for personal data in them, and
// says of what sort it is and where, in numbers.
//
// The child has pipes and nothing else: no key, no environment, no name of a file. It
// sees neither network nor processes (namespaces), opens nothing (Landlock), writes no
// file, gains no privilege, and has a bound on memory and time. Of these, a kernel may
// not give some: Reader.Lost says which. Elsewhere than on Linux it is a process of its
// own, and no more.
//
// A process without keys that parses for itself, as locus-node count is, gives up the same
// without a child: see Alone.
//
// What must hold: what comes from the child is as foreign as the file was. Every frame
// has a bound, nothing is allocated by a length that is told, samples differ, alleles
// are those of their site, and a sample is in one class. Errors come as numbers and are
// made into the reader's own again, so that no text of the child is ever shown. A child
// that dies gives an error and never an end of file.
//
// What a child that was taken over can still do is to lie about genotypes; and so could
// the file.
package worker
