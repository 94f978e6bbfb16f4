//go:build !amd64 || purego

package he

// Without assembly nothing of this file is ever made or called: what would make it
// returns nil, or does nothing and says so.

type (
	vectorStream struct{}
	vectorRoots  struct{}
	vectorKey    struct{}
)

const vectorGroup = 1

func newVectorStream([]byte) *vectorStream                   { return nil }
func newVectorKey(*[ringDegree]factor) *vectorKey            { return nil }
func newVectorRoots(*[ringDegree]factor) *vectorRoots        { return nil }
func (*vectorStream) fill([]byte, uint64)                    { panic("he: no vectors") }
func vectorWeigh([]int64, []byte) ([checkWords]uint64, bool) { panic("he: no vectors") }
func vectorSum([]byte, [][]byte) int                         { return 0 }

func vectorPutWords([]byte, []int64, int64) bool { panic("he: no vectors") }

func (*vectorRoots) multiply(*poly, *[8 * ringDegree]byte, *vectorKey) bool {
	panic("he: no vectors")
}

func (*vectorRoots) hide(*[blockBytes]byte, *poly, *[12 * ringDegree]byte, *[blockBytes]byte, uint8) {
	panic("he: no vectors")
}

func (*vectorRoots) show(*[ringDegree]int64, *poly, *[blockBytes]byte, uint8) {
	panic("he: no vectors")
}
