// Package protocol is the language of a study: what its parties say to each
// other, as checked types and signed bytes. Start with Roster, Query and Sign/Open.
//
//	Roster            who takes part, signed by every custodian
//	Declaration       what a site says of its dataset
//	QueryHeader       what a researcher asks, and QueryBody, sealed to the sites
//	Task              one attempt, from the coordinator
//	Contribution      masked words and sealed key shares, from a site
//	Received, Cut     who has whose share, and which contributions are in the sum
//	Vote, Seen        a site's one vote for a release, and who keeps its head
//	Opening           its share of the sum's key, sealed to the researcher
//	Refusal           a code of a closed list, never a text
//
// What must hold:
//   - Every message is signed twice, Ed25519 and ML-DSA-65, over the DSSE
//     pre-authentication encoding of its type and its exact bytes. Bytes are
//     marshalled once and carried; nothing is verified after re-marshalling.
//   - Nothing of a payload is parsed before its signatures verify, and fields that
//     this version does not know are refused at any depth. The exceptions are the
//     functions that read a routing name out of an envelope before it is verified
//     (OfferedStudy, CutSession, …): what they return selects a roster, nothing more.
//   - Foreign bytes become a type of this package only through Open and the Parse
//     and Open methods of Roster, which know who may say what.
//   - A message has a bounded number of bytes and of elements, counted before it is
//     parsed: nobody's bytes take more memory than they are worth.
//   - What people are shown (names, titles, purposes) is one printable line.
//   - Nothing is negotiated: one suite a protocol version.
//
// The package does no I/O, starts no goroutine and reads no clock. It does not
// know how counts are hidden (he) or what a release may tell (dp).
package protocol
