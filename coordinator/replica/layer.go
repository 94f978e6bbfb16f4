package replica

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// Layer carries streams between members, and between nobody else: who is at the
// other end was proved before a stream is handed over.
type Layer interface {
	// Accept waits for the next stream of another member, until Close.
	Accept() (net.Conn, error)
	// Dial opens a stream to a member.
	Dial(ctx context.Context, to MemberID) (net.Conn, error)
	// Close makes Accept return an error.
	Close() error
}

// streams is the Layer as raft wants it. It knows every open stream, since
// raft leaves those in its pool and those it accepted open for ever.
type streams struct {
	layer Layer
	self  MemberID
	dial  func(to MemberID, timeout time.Duration) (net.Conn, error)
	stop  context.CancelFunc // of dials

	inbound sync.WaitGroup // one for each accepted stream that raft has not closed

	mu       sync.Mutex
	closed   bool
	open     map[*stream]struct{}
	accepted int // of open
}

var _ raft.StreamLayer = (*streams)(nil)

// newStreams returns streams that outlive ctx, until close.
func newStreams(ctx context.Context, layer Layer, self MemberID) *streams {
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	dial := func(to MemberID, timeout time.Duration) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(base, timeout)
		defer cancel()
		return layer.Dial(ctx, to)
	}
	return &streams{layer: layer, self: self, dial: dial, stop: stop, open: make(map[*stream]struct{})}
}

// Accept waits for a stream of another member.
func (s *streams) Accept() (net.Conn, error) {
	for {
		conn, err := s.layer.Accept()
		if err != nil {
			return nil, err
		}
		if kept := s.keep(conn, true); kept != nil {
			return kept, nil
		}
	}
}

// Dial opens a stream to a member, whose address is its id.
func (s *streams) Dial(to raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	conn, err := s.dial(MemberID(to), timeout)
	if err != nil {
		return nil, err
	}
	if kept := s.keep(conn, false); kept != nil {
		return kept, nil
	}
	return nil, net.ErrClosed
}

// keep remembers a stream, or closes it and returns nil.
func (s *streams) keep(conn net.Conn, accepted bool) net.Conn {
	s.mu.Lock()
	full := s.closed || accepted && s.accepted >= maxInbound
	kept := &stream{Conn: conn, of: s, accepted: accepted}
	if !full {
		s.open[kept] = struct{}{}
		if accepted {
			s.accepted++
			s.inbound.Add(1)
		}
	}
	s.mu.Unlock()
	if full {
		_ = conn.Close()
		return nil
	}
	return kept
}

// Close closes the Layer and every stream, and ends every dial.
func (s *streams) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	open := make([]*stream, 0, len(s.open))
	for conn := range s.open {
		open = append(open, conn)
	}
	s.mu.Unlock()
	if again {
		return nil
	}
	s.stop()
	err := s.layer.Close()
	for _, conn := range open {
		_ = conn.Conn.Close() // raft calls conn.Close once it has noticed
	}
	return err
}

// wait returns when raft serves no accepted stream any more.
func (s *streams) wait() { s.inbound.Wait() }

// Addr is this member's id: the address that others know it by.
func (s *streams) Addr() net.Addr { return memberAddr(s.self) }

// stream is an open stream.
type stream struct {
	net.Conn
	of       *streams
	accepted bool
	once     sync.Once
}

// Close closes the stream and forgets it.
func (c *stream) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		delete(c.of.open, c)
		if c.accepted {
			c.of.accepted--
		}
		c.of.mu.Unlock()
		if c.accepted {
			c.of.inbound.Done()
		}
	})
	return c.Conn.Close()
}

// memberAddr is a member's id as a net.Addr.
type memberAddr MemberID

// Network names the sort of address.
func (memberAddr) Network() string { return "member" }

// String is the id.
func (a memberAddr) String() string { return string(a) }

// transport is raft's own, and listens to what followers say of themselves.
type transport struct {
	*raft.NetworkTransport
	progress *progress
	patience time.Duration
}

// AppendEntries carries heartbeats, and entries to a follower that is behind.
func (t transport) AppendEntries(id raft.ServerID, to raft.ServerAddress,
	request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) error {
	err := t.NetworkTransport.AppendEntries(id, to, request, response)
	if err == nil {
		t.progress.heard(MemberID(id), response.LastLog, time.Now())
	}
	return err
}

// AppendEntriesPipeline carries entries without waiting for each answer.
func (t transport) AppendEntriesPipeline(id raft.ServerID, to raft.ServerAddress) (raft.AppendPipeline, error) {
	p, err := t.NetworkTransport.AppendEntriesPipeline(id, to)
	if err != nil {
		return nil, err
	}
	return pipeline{p, t.patience}, nil
}

// pipeline is raft's own, and is given up when it is full for too long. Raft (v1.8.0,
// pipelineReplicate) closes it only after a call that waits for room, which there never is when
// the one who takes the answers has gone: replication to a member stopped for good, and so did
// a member that was told to end.
type pipeline struct {
	raft.AppendPipeline
	patience time.Duration
}

// AppendEntries sends entries.
func (p pipeline) AppendEntries(request *raft.AppendEntriesRequest, response *raft.AppendEntriesResponse) (raft.AppendFuture, error) {
	late := time.AfterFunc(p.patience, func() { _ = p.Close() })
	defer late.Stop()
	return p.AppendPipeline.AppendEntries(request, response)
}

// progress is how far each follower's log reaches, as it said itself.
type progress struct {
	changed signal

	mu   sync.Mutex
	last map[MemberID]report
}

// report is what a follower said last.
type report struct {
	index uint64 // of its last entry
	at    time.Time
}

func (p *progress) heard(from MemberID, index uint64, at time.Time) {
	p.mu.Lock()
	p.last[from] = report{index: index, at: at}
	p.mu.Unlock()
	p.changed.fire()
}

func (p *progress) of(id MemberID) report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last[id]
}
