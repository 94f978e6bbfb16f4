//go:build !amd64 || purego

package bitmap

func wordsALook() int { return wordsALookGo }

func countAnd(a, b []uint64) int { return countAndGo(a, b) }

func split(codes []byte, flip byte, p Planes) Counts { return splitGo(codes, flip, p) }

func countCodes(codes []byte, flip byte, mask []uint64) Counts {
	return countCodesGo(codes, flip, mask)
}

func widen(out []uint32, raw []byte, from uint32) bool { return widenGo(out, raw, from, 0) }
