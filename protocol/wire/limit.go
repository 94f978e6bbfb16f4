package wire

import (
	"context"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
)

const (
	// callsPerPeer and pullsPerPeer bound what one peer may ask at a time. With
	// MaxFrame they bound the memory that one peer's requests can take.
	callsPerPeer = 16
	pullsPerPeer = 4
	// streamBacklog bounds the raw streams that wait for Accept.
	streamBacklog = 16

	// The resource manager's bounds for one peer. Calls, pulls, raft and
	// libp2p's own identify stay far below; memory is what yamux may buffer
	// (16 MiB a stream at most).
	peerStreams = 256
	peerConns   = 8
	peerMemory  = 256 << 20
	// connsPerSubnet lets sites behind one address translation in.
	connsPerSubnet = 64
)

// resources builds the resource manager.
func resources() (network.ResourceManager, error) {
	limits := rcmgr.PartialLimitConfig{
		PeerDefault: rcmgr.ResourceLimits{
			Streams: peerStreams, StreamsInbound: peerStreams / 2, StreamsOutbound: peerStreams / 2,
			Conns: peerConns, ConnsInbound: peerConns, ConnsOutbound: peerConns,
			Memory: peerMemory,
		},
	}.Build(rcmgr.DefaultLimits.AutoScale())
	subnets := func(prefix int) []rcmgr.ConnLimitPerSubnet {
		return []rcmgr.ConnLimitPerSubnet{{PrefixLength: prefix, ConnCount: connsPerSubnet}}
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(limits),
		rcmgr.WithMetricsDisabled(), rcmgr.WithLimitPerSubnet(subnets(32), subnets(56)))
}

// slots counts what each peer has running.
type slots struct {
	limit int

	mu   sync.Mutex
	used map[PeerID]int
}

func newSlots(limit int) *slots { return &slots{limit: limit, used: make(map[PeerID]int)} }

// take reports whether the peer may have one more.
func (s *slots) take(id PeerID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[id] >= s.limit {
		return false
	}
	s.used[id]++
	return true
}

func (s *slots) give(id PeerID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used[id]--; s.used[id] == 0 {
		delete(s.used, id)
	}
}

// life lets inbound work in while Run runs, and makes Run wait for it.
type life struct {
	begun signal

	mu      sync.Mutex
	started bool
	begin   func() (context.Context, func())
}

// run lets work in until ctx ends, then waits for what is inside.
func (l *life) run(ctx context.Context) error {
	var inside sync.WaitGroup
	l.mu.Lock()
	if l.started {
		l.mu.Unlock()
		return ErrRunning
	}
	l.started = true
	l.begin = func() (context.Context, func()) {
		inside.Add(1)
		return ctx, inside.Done
	}
	l.mu.Unlock()
	l.begun.fire()

	<-ctx.Done()
	l.mu.Lock()
	l.begin = nil
	l.mu.Unlock()
	inside.Wait()
	return nil
}

// enter returns Run's context and what to call when the work is done, or false
// when Run does not run.
func (l *life) enter() (ctx context.Context, leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begin == nil {
		return nil, nil, false
	}
	ctx, leave = l.begin()
	return ctx, leave, true
}

// next returns a channel that is closed when Run begins, or nil if it has.
func (l *life) next() <-chan struct{} {
	begun := l.begun.next()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started {
		return nil
	}
	return begun
}

// served is who answers; it is replaced as one.
type served struct {
	calls Handler
	bulk  BulkHandler
}
