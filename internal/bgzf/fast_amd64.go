//go:build amd64 && !purego

package bgzf

import "golang.org/x/sys/cpu"

//go:noescape
func fastAVX2(z *inflater, inEnd, outEnd int) bool

// kernels are those that run here, the best one first.
func kernels() []kernel {
	if cpu.X86.HasAVX2 && cpu.X86.HasBMI2 {
		return []kernel{fastAVX2, fastGo}
	}
	return []kernel{fastGo}
}
