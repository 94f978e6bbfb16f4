//go:build amd64 && !purego

package bgzf

import "golang.org/x/sys/cpu"

// hasAVX2 is whether the processor can run fastAVX2.
var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI2

//go:noescape
func fastAVX2(z *inflater, inEnd, outEnd int) bool

func fast(z *inflater, inEnd, outEnd int) bool {
	if hasAVX2 {
		return fastAVX2(z, inEnd, outEnd)
	}
	return fastGo(z, inEnd, outEnd)
}
