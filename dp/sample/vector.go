package sample

import (
	"sync"
)

// VectorRow is how many numbers of a vector are noised from one row of a seed.
const VectorRow = 1 << 16

// Sampler adds a draw to each number.
type Sampler interface {
	Add(dst []int64, b *Bits)
	// Max is the largest absolute value that is ever drawn.
	Max() int64
}

// AddNoise adds a draw to each number of a vector, 65,536 numbers from each row of the
// seed, by as many workers as are given. What comes out does not depend on how many they
// are. The sums MUST fit: see Max.
func AddNoise(dst []int64, s Sampler, seed [32]byte, workers int) {
	rows := (len(dst) + VectorRow - 1) / VectorRow
	workers = max(1, min(workers, rows))
	var all sync.WaitGroup
	for worker := range workers {
		do := func() {
			for row := worker; row < rows; row += workers {
				from := row * VectorRow
				b := NewBits(seed, uint64(row))
				s.Add(dst[from:min(from+VectorRow, len(dst))], b)
				b.Wipe()
			}
		}
		if worker == workers-1 {
			do()
			break
		}
		all.Go(do)
	}
	all.Wait()
}
