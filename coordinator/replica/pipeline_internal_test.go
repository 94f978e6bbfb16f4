package replica

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
)

// full is a pipeline whose answers nobody takes: a call waits until it is closed.
type full struct{ closed chan struct{} }

func (f full) AppendEntries(*raft.AppendEntriesRequest, *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	<-f.closed
	return nil, raft.ErrPipelineShutdown
}

func (f full) Consumer() <-chan raft.AppendFuture { return nil }

func (f full) Close() error {
	close(f.closed)
	return nil
}

func TestAPipelineThatNobodyReadsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := pipeline{full{make(chan struct{})}, 3 * time.Second}
		if _, err := p.AppendEntries(nil, nil); !errors.Is(err, raft.ErrPipelineShutdown) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("after %s", took)
		}
	})
}
