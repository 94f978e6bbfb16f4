//go:build amd64 && !purego

package bitmap

import "golang.org/x/sys/cpu"

// What the processor has. AVX-512 is used for its population counts, and GFNI to put
// the bits of a byte into another order.
var (
	hasAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT
	hasAVX512 = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VPOPCNTDQ
	hasGFNI   = hasAVX512 && cpu.X86.HasAVX512GFNI
)

// Of so many words, or so many at a time, the kernels take whole blocks.
const (
	avx2CountWords   = 4
	avx2SplitWords   = 2
	avx2CodesBytes   = 32
	avx2WidenNumbers = 16
	avx512SplitWords = 4
)

//go:noescape
func countAndAVX2(a, b *uint64, blocks int) int

//go:noescape
func countAndAVX512(a, b *uint64, words int) int

//go:noescape
func splitAVX2(codes *byte, flip byte, one, two, three *uint64, blocks int) (n1, n2, n3 int)

//go:noescape
func splitAVX512(codes *byte, flip byte, one, two, three *uint64, blocks int) (n1, n2, n3 int)

//go:noescape
func countCodesAVX2(codes *byte, flip byte, mask *uint64, blocks int) (n1, n2, n3 int)

//go:noescape
func countCodesAVX512(codes *byte, flip byte, mask *uint64, bytes int) (lower, all, both int)

//go:noescape
func widenAVX2(out *uint32, raw *byte, from uint32, blocks int) (fell int)

func wordsALook() int {
	switch {
	case hasAVX512:
		return 16
	case hasAVX2:
		return 8
	}
	return wordsALookGo
}

func countAnd(a, b []uint64) int {
	switch {
	case len(a) == 0:
		return 0
	case hasAVX512:
		return countAndAVX512(&a[0], &b[0], len(a))
	case hasAVX2:
		return countAnd2(a, b)
	}
	return countAndGo(a, b)
}

func countAnd2(a, b []uint64) int {
	n, blocks := 0, len(a)/avx2CountWords
	if blocks > 0 {
		n = countAndAVX2(&a[0], &b[0], blocks)
	}
	return n + countAndGo(a[avx2CountWords*blocks:], b[avx2CountWords*blocks:])
}

func split(codes []byte, flip byte, p Planes) Counts {
	switch {
	case hasGFNI:
		return splitBlocks(codes, flip, p, avx512SplitWords, splitAVX512)
	case hasAVX2:
		return splitBlocks(codes, flip, p, avx2SplitWords, splitAVX2)
	}
	return splitGo(codes, flip, p)
}

// splitKernel is splitAVX2 or splitAVX512.
type splitKernel func(codes *byte, flip byte, one, two, three *uint64, blocks int) (n1, n2, n3 int)

// splitBlocks lets a kernel do the whole blocks, and Go the rest.
func splitBlocks(codes []byte, flip byte, p Planes, words int, kernel splitKernel) (n Counts) {
	blocks := len(p.One) / words
	done := blocks * words
	if blocks > 0 {
		n.One, n.Two, n.Three = kernel(&codes[0], flip, &p.One[0], &p.Two[0], &p.Three[0], blocks)
	}
	rest := splitGo(codes[16*done:], flip, Planes{p.One[done:], p.Two[done:], p.Three[done:]})
	return Counts{n.One + rest.One, n.Two + rest.Two, n.Three + rest.Three}
}

func countCodes(codes []byte, flip byte, mask []uint64) Counts {
	switch {
	case hasAVX512:
		lower, all, both := countCodesAVX512(&codes[0], flip, &mask[0], len(codes))
		return Counts{One: lower - both, Two: all - lower - both, Three: both}
	case hasAVX2:
		return countCodes2(codes, flip, mask)
	}
	return countCodesGo(codes, flip, mask)
}

func countCodes2(codes []byte, flip byte, mask []uint64) (n Counts) {
	blocks := len(codes) / avx2CodesBytes
	if blocks > 0 {
		n.One, n.Two, n.Three = countCodesAVX2(&codes[0], flip, &mask[0], blocks)
	}
	rest := countCodesGo(codes[avx2CodesBytes*blocks:], flip, mask[avx2CodesBytes/8*blocks:])
	return Counts{n.One + rest.One, n.Two + rest.Two, n.Three + rest.Three}
}

func widen(out []uint32, raw []byte, from uint32) bool {
	if !hasAVX2 {
		return widenGo(out, raw, from, 0)
	}
	return widen2(out, raw, from)
}

// widen2 lets the kernel do the whole blocks behind the first number, which it compares
// others with, and Go the rest.
func widen2(out []uint32, raw []byte, from uint32) bool {
	blocks := (len(out) - 1) / avx2WidenNumbers
	if blocks <= 0 {
		return widenGo(out, raw, from, 0)
	}
	widenGo(out[:1], raw, from, 0)
	fell := widenAVX2(&out[1], &raw[2], from, blocks)
	done := 1 + avx2WidenNumbers*blocks
	return widenGo(out[done:], raw[2*done:], from, out[done-1]-from+1) && fell == 0
}
