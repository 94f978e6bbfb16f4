package node

import (
	"context"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/locus-genomics/locus/protocol"
	"github.com/locus-genomics/locus/protocol/wire"
)

// maxJobs bounds the tasks that wait to be counted. The coordinator asks again for
// one that finds no room.
const maxJobs = 64

// jobs runs what takes longer than a call may, in the order in which it came.
type jobs struct {
	queue chan *job

	mu   sync.Mutex
	open map[protocol.SessionID]*job
}

// job is one task's counting. err is set before done is closed.
type job struct {
	do   func(context.Context) error
	done chan struct{}
	err  error
}

func newJobs() *jobs {
	return &jobs{queue: make(chan *job, maxJobs), open: make(map[protocol.SessionID]*job)}
}

// run works until ctx ends, on so many jobs at a time.
func (j *jobs) run(ctx context.Context, workers int) error {
	work, ctx := errgroup.WithContext(ctx)
	for range workers {
		work.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case next := <-j.queue:
					next.err = next.do(ctx)
					close(next.done)
				}
			}
		})
	}
	return work.Wait()
}

// start returns the job of a session, a new one when there is none.
func (j *jobs) start(session protocol.SessionID, do func(context.Context) error) (*job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if b, ok := j.open[session]; ok {
		return b, nil
	}
	if len(j.open) >= 2*maxJobs {
		j.forget()
	}
	b := &job{do: do, done: make(chan struct{})}
	select {
	case j.queue <- b:
		j.open[session] = b
		return b, nil
	default:
		return nil, wire.CodeBusy
	}
}

// forget drops what was done and never asked for again. j.mu is held.
func (j *jobs) forget() {
	maps.DeleteFunc(j.open, func(_ protocol.SessionID, b *job) bool {
		select {
		case <-b.done:
			return true
		default:
			return false
		}
	})
}

// end forgets a job that is done, so that the session may be tried again.
func (j *jobs) end(session protocol.SessionID, b *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open[session] == b {
		delete(j.open, session)
	}
}
