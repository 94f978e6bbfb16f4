// Package answer turns what a coordinator hands over of a task into counts, for whoever
// has the seed that the question was asked with. Start with Check (a Checked) and
// Checked.Open, or with Parse (a Bundle) and Bundle.Open, which do the same with a file.
//
//	Seed    32 bytes, or 24 words: every key of a researcher
//	Asked   a question as it was signed, with what its answer is of
//	Bundle  a question and its answer, still hidden, in one file:
//
//	magic "LOCUSRB1"
//	5 parts, each its length in 8 bytes and then its bytes:
//	  question (JSON), signed roster, signed result, part of the panel, hidden sum
//	SHA-256 of all before it
//
// What must hold: an Answer exists only if every signature verifies, the question was
// signed with this seed over this roster, the cut is one that the roster allows, every
// member received every member, t of them opened for this key, the check words agree
// with the sum, and the variants are of the panel that was asked for. A bundle proves all
// of that with the seed alone: nothing else that is in it is believed.
//
// A bundle tells who has it no more than the coordinator has, and the question: cohort,
// panel and variants. The package does no I/O beyond the readers and writers that it is
// handed, and does not know the network, so that a browser can run it.
package answer
