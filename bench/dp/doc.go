// Package dp measures the product's noise beside google/differential-privacy.
package dp
