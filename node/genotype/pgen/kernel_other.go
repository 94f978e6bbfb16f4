//go:build !amd64 || purego

package pgen

// deltas fills ids, whose first is known, from how much each is greater than the one
// before. It returns the bytes used, or -1 where the bytes have to be looked at one by
// one: then ids are worth nothing.
func deltas(p []byte, ids []uint32) (used int) { return deltasGo(p, ids) }
