// Package account tells what releases cost, and what costs promise. Start with Of, which
// prices an event, Filter, which holds a sum of prices against a limit, and Calibrate, which
// finds the noise that a budget allows.
//
// The currency is zero-concentrated differential privacy (zCDP): a release of rho r1 and
// one of rho r2 are together one of r1 + r2, however the second was chosen. Epsilon
// and delta are what a sum means, by the tight conversion, and are computed where
// something is shown or a limit is set. GaussianEpsilon is shown beside it: no
// mechanism of this rho can be below it, and what is charged is at most a tenth above.
//
//	mechanism            rho
//	discrete Gaussian    L2^2 / (2 h s) + excess    h honest shares of variance s: SumOfShares
//	discrete Laplace     e tanh(e/2)                e = L1 / scale
//	selection            e^2 / 8
//
// # What must hold
//
// What is spent is held in whole units, rho in 1e-12 and delta in 1e-18, rounded up; what
// is allowed is rounded down. Floating point errs, by 1 in 10^12 at most, on the side of
// privacy.
//
// The sum is right for releases that are answered one after another, each as a whole. It
// is not for mechanisms that talk back and forth at the same time.
//
// # What it does not do
//
// It remembers nothing: see dp/ledger. And it takes events at their word: that a bound
// holds is proved in package dp.
//
// # Sources
//
// Bun and Steinke 2016 for zCDP; Canonne, Kamath and Steinke 2020 for the conversion
// and the discrete Gaussian; Kairouz, Liu and Steinke 2021 for shares; Balle and Wang
// 2018 for the exact curve; Cesar and Rogers 2020 for selection; Whitehouse, Ramdas, Rogers
// and Wu 2023 for adaptive sums.
package account
