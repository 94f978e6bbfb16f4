// Package researcher is the party that asks and alone can read. Start with Init or
// Load (a Home), Home.Join, then Client.Ask, Client.Watch and Client.Open.
//
//	Home     one 32-byte seed, what was pinned, what was asked
//	Ask      a question in a person's terms -> a signed, sealed protocol.Query
//	Open     a protocol.Result and a sum -> an Answer, if everything verifies
//
// Every key comes from the seed: the signing key by its own label, and a fresh
// recipient key, check-word key and salt for each question from the seed and the
// question's nonce. Losing everything but the 24 words of the seed loses no answer.
//
// What must hold: an Answer exists only if every signature verifies, the cut is
// one that the roster allows, every member received every member, t of them opened
// for this key, and the check words agree with the sum.
package researcher
