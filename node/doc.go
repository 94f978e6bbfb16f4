// Package node is the party that keeps the genomes: it answers studies that its
// custodian has accepted, and what leaves is in protocol's closed list. Start with
// Init and Open, then Join, AddCohort and Run, and for a study Proposal, Describe and
// Accept. Preview shows what a question would let leave.
//
//	Offer    judged in a fixed order, before a genotype is read; counted, encoded,
//	         pinned, masked, stored whole, sent
//	Deliver  the key shares for this site, each opened and kept
//	Cut      judged, then the one vote for the release, for ever
//	Witness  others' heads are kept and countersigned
//	Open     once enough others have seen the vote, the opening leaves
//
// What must hold:
//   - Nothing leaves that is not durable: the records and a link of their chain are
//     committed first, and a repeated call is answered with the stored bytes, after
//     a restart too.
//   - One plaintext a release, and at most one cut opened for it, ever.
//   - After every start the node takes up no task before enough other sites have
//     said what they saw of its records last: a restored copy learns that it is one.
//   - A refusal is a code. Why is in the node's own log, which names no count, no
//     genotype and no person.
//   - An error of the disk ends Run: it never goes on with what may not be there.
//
// Several processes may open one directory at a time; Run lets only one serve.
package node
