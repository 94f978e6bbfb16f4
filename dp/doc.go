// Package dp says what a release may tell of one person: how much a person changes an
// answer, and what noise hides it. Start with Frequency, the analysis, and with
// account.Calibrate, which finds the noise; the Mechanism's Event is written down and paid
// for, then its Add runs.
//
//	Kernel     an analysis as a vector of integers, with the bound of what a person changes:
//	           Frequency, Clipped, Genotypes, Counts
//	Event      all that the price of a release depends on, and nothing of its data
//	Mechanism  one site's share of the noise
//	Seed       a site's noise for a release, the same for ever
//	Table      at the researcher: frequencies with intervals
//
// From the counts to the sum over all sites everything is an integer. What a site adds is
// not clamped, and neither is what it adds to: shares add up to one law only so.
// Clamping, shrinking and intervals are for whoever opens the sum, and cost nothing.
//
// # What must hold
//
// The unit is one person, who is counted or not (add/remove). To change a person's
// genotypes instead is to remove one and add another, twice the distance and four times
// rho. Bound.Group is for families and for people who are in several sites.
//
// A person adds at most 2 to AC and to AN of a variant, and at most as much to AC as to
// AN. That is node/tally's rule.
//
// Which variants are asked for, and which people are in, must not be chosen by their
// genotypes: a filter that was computed on the cohort is outside of what is promised.
//
// Shares protect only a sum over all sites that is opened once. Of its sites at least
// Sites.Honest must keep their shares to themselves; with fewer, rho grows in proportion.
// The same share MUST NOT enter two sums.
//
// # What it does not do
//
// It prices nothing (dp/account), remembers nothing (dp/ledger), and does not make a release's
// identity: Seed is handed one.
//
// # Sources
//
// Canonne, Kamath and Steinke 2020; Kairouz, Liu and Steinke 2021 for shares; Fieller 1954
// and Wilson 1927 for intervals. docs/explanation/privacy.md has a row for each analysis.
package dp
