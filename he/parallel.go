package he

import (
	"errors"
	"runtime"
	"sync"
)

// Blocks are independent of each other, so that work on them is spread over the
// processors. What a worker needs is about 190 KB; for the writer there are two batches a
// worker, 192 KB, or, of few workers, two steps, 1.5 MB.
const (
	maxWorkers = 16 // bounds memory to less than 7 MB, on any machine
	batch      = 8  // blocks that one worker does at a time, so that it is worth starting
	maxStep    = 8  // batches that few workers hide before they wait for each other
)

// workersFor is how many workers so many blocks are worth.
func workersFor(blocks int) int {
	return max(1, min(runtime.GOMAXPROCS(0), maxWorkers, (blocks+batch-1)/batch))
}

// spread cuts 0..blocks into as many ranges as there are workers, does them at the same
// time, and waits for all of them.
func spread(workers, blocks int, do func(worker, from, to int) error) error {
	if workers == 1 {
		return do(0, 0, blocks)
	}
	errs := make([]error, workers)
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { errs[i] = do(i, blocks*i/workers, blocks*(i+1)/workers) })
	}
	all.Wait()
	return errors.Join(errs...)
}
