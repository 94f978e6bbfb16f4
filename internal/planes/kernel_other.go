//go:build !amd64 || purego

package planes

const cellsSlack = 0

var kernels = struct{ text, pairs kernel }{textGo, pairsGo}

func gather(text, cells []byte, samples int) bool { return gatherGo(text, cells, samples) }
