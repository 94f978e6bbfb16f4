// Command quickstart is what `make demo` runs: a whole network on this machine, and
// one question through all of it.
//
// It builds the three programs, starts three coordinator members and three sites as
// separate processes on loopback, gives each site a synthetic cohort, and plays
// every person's part with the commands that the person would type: operator,
// custodian, researcher. Then it asks for allele frequencies, of a region and of
// everything, and compares each count with the pooled truth. It needs no network
// and leaves nothing behind; with -keep it leaves the network running.
package main
