// Package guard gives tests memory that ends where nobody may look, to see that kernels
// read and write their slices and nothing beside. It is there on Linux only.
package guard
