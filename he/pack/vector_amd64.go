//go:build amd64 && !purego

package pack

import (
	"sync"

	"golang.org/x/sys/cpu"
)

// vectors reports whether this processor has what the assembly uses.
var vectors = sync.OnceValue(func() bool {
	x := cpu.X86
	return x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512IFMA
})

//go:noescape
func vectorPack(dst, counters *int64, groups int, radix, shift, least int64, width uint64) (outside uint64)

//go:noescape
func vectorUnpack(dst, words *int64, groups int, d *digits) (outside uint64)

// digits is what vectorUnpack takes a word apart with.
type digits struct {
	reach, quotient uint64 // the quotient to base 2^52
	radix, middle   int64
	side, base      int64
}

// packVectors does the words of which there are eight, and returns how many, and
// whether all their counters are in range.
func (l Layout) packVectors(dst, counters []int64, shift int64) (n int, within bool) {
	if n = len(dst) &^ 7; n == 0 || l.portable || !vectors() {
		return 0, true
	}
	return n, vectorPack(&dst[0], &counters[:2*n][0], n/8, l.radix, shift, l.min, uint64(l.max-l.min)) == 0
}

// unpackVectors does the words of which there are eight, likewise.
func (l Layout) unpackVectors(dst, words []int64, side, base int64) (n int, within bool) {
	const most = 1 << 50 // so that twice the reach is a number of 52 bits
	if n = len(words) &^ 7; n == 0 || l.reach >= most || l.portable || !vectors() {
		return 0, true
	}
	d := digits{l.reach, (1<<52-1)/uint64(l.radix) + 1, l.radix, (l.radix - 1) / 2, side, base}
	return n, vectorUnpack(&dst[:2*n][0], &words[0], n/8, &d) == 0
}
