// Package locus is the map of a federated genomic analysis: the researcher asks, the
// coordinator carries, the node keeps. A folder is a party or a language, nothing
// else, so that who imports whom is an argument about who can see what.
//
//	cmd/          the three programs: flags, signals, exit codes, no logic
//	node/         PARTY     keeps the genomes; counts; decides what leaves
//	coordinator/  PARTY     carries and adds up what it cannot read
//	researcher/   PARTY     asks; alone can open the answer
//	protocol/     LANGUAGE  what is said: signed envelopes, and what is in them
//	he/           LANGUAGE  how counts are hidden so that they still add up
//	sim/          the whole network in one process
//	internal/     the ground floor, which knows of no party
//	examples/     programs that show the whole, each run as a test
//	docs/         tutorial, how-to, reference, explanation, decisions
//
// The floors, the walls between them and the owners of every dependency stand in
// floors_test.go as tables, and "go test -run TestFloors ." holds the house to them.
// Start with the README, then [github.com/locus-genomics/locus/protocol] and
// [github.com/locus-genomics/locus/he].
package locus
