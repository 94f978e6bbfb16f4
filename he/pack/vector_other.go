//go:build !amd64 || purego

package pack

func (l Layout) packVectors(_, _ []int64, _ int64) (n int, within bool) { return 0, true }

func (l Layout) unpackVectors(_, _ []int64, _, _ int64) (n int, within bool) { return 0, true }
