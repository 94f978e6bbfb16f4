// Package attack tries on a release what has been published against releases of its kind,
// and tells how far that comes. Start with LikelihoodRatio, Play and Claim.Bound; a site
// that is about to release something starts with Pending.
//
//	likelihood ratio   LikelihoodRatio          Sankararaman and others 2009
//	Homer              Homer                    Homer and others 2008
//	beacon             Beacon                   Shringarpure and Bustamante 2015, Raisaro and others 2017
//	differencing       Difference               two cohorts that differ by the target
//	averaging          Repeated                 one question, many answers
//	reconstruction     NewReconstruction        Dinur and Nissim 2003
//	worst case         WorstCase                whom a coding protects least, the others known
//	audits             AuditPure, AuditGaussian, AuditOneRun
//
// An attack is a score of the target's genotypes. A Game plays it in worlds with the
// target and without, and an Outcome holds the scores. At a share of false positives it
// has a share of true ones, which a Claim bounds.
//
// # What must hold
//
// A private release that is attacked must be beside an exact one on which the same attack
// succeeds: an attack that never succeeds shows nothing.
//
// Rates.Refutes and the audits are wrong with no more than the chance that they are given,
// if trials are independent. They hold for any mechanism; nothing is taken to be normal,
// but by AuditGaussian, which says so.
//
// The same seed plays the same games on every machine, but for the last digits of
// logarithms.
//
// # What it does not do
//
// It proves nothing: a bound that no attack reaches may still be wrong. It catches noise
// that is too narrow, and answers that are not noised at all.
//
// The simulated people have independent variants, and those of real people are linked. The
// bound holds for any people; how far an attack comes does not carry over.
//
// # Sources
//
// Besides those above: Clopper and Pearson 1934 for limits; Nasr and others 2023 and
// Steinke, Nasr and Jagielski 2023 for audits; Dong, Roth and Su 2022 for the trade-off of
// a Gaussian; van Erven and Harremoës 2014 for Rényi divergences, which no function of a
// release makes larger.
package attack
