//go:build !amd64 || purego

package bgzf

func fast(z *inflater, inEnd, outEnd int) bool { return fastGo(z, inEnd, outEnd) }
