package wire

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// streamPrefix keeps the protocols of raw streams apart from wire's own.
const streamPrefix = "/locus/stream/"

// StreamListener accepts raw streams of a protocol ("raft/1") from members. The
// remote address of an accepted connection is the peer's id, as TLS proved it.
// The user of a connection MUST set deadlines.
func (h *Host) StreamListener(name string) net.Listener {
	l := &streamListener{
		host:   h,
		id:     streamPrefix + protocol.ID(name),
		queue:  make(chan net.Conn, streamBacklog),
		closed: make(chan struct{}),
	}
	h.p2p.SetStreamHandler(l.id, l.inbound)
	return l
}

// DialStream opens a raw stream to a member, and dials the member if it is
// configured and not connected.
func (h *Host) DialStream(ctx context.Context, to PeerID, name string) (net.Conn, error) {
	conn, err := h.dialStream(ctx, to, streamPrefix+protocol.ID(name))
	if err != nil {
		return nil, fmt.Errorf("stream %s to %s: %w", name, to, h.fault(ctx, to, err))
	}
	return conn, nil
}

func (h *Host) dialStream(ctx context.Context, to PeerID, id protocol.ID) (net.Conn, error) {
	if !h.cfg.Members.Allows(to) || !h.cfg.Allow.Allows(to) {
		return nil, ErrNotAllowed
	}
	if err := h.connect(ctx, to); err != nil {
		return nil, err
	}
	p, err := to.decode()
	if err != nil {
		return nil, err
	}
	s, err := h.p2p.NewStream(network.WithNoDial(ctx, "connected above"), p, id)
	if err != nil {
		return nil, err
	}
	return &streamConn{Stream: s, local: peerAddr(h.ID()), remote: peerAddr(to)}, nil
}

// streamListener is a net.Listener over libp2p streams.
type streamListener struct {
	host  *Host
	id    protocol.ID
	queue chan net.Conn

	mu     sync.Mutex // of closed, and of sending into queue
	closed chan struct{}
}

// inbound queues a member's stream, and turns away all others.
func (l *streamListener) inbound(s network.Stream) {
	from := peerOf(s.Conn())
	if !l.host.cfg.Members.Allows(from) || !l.host.cfg.Allow.Allows(from) {
		_ = s.ResetWithError(refusalBase + network.StreamErrorCode(CodeRefused))
		l.host.cfg.Observe(Event{What: Misbehaved, Peer: from, Err: ErrNotAllowed})
		return
	}
	conn := &streamConn{Stream: s, local: peerAddr(l.host.ID()), remote: peerAddr(from)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		_ = s.ResetWithError(refusalBase + network.StreamErrorCode(CodeUnavailable))
		return
	}
	select {
	case l.queue <- conn:
	default:
		_ = s.ResetWithError(refusalBase + network.StreamErrorCode(CodeBusy))
	}
}

// Accept waits for the next stream.
func (l *streamListener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	case conn := <-l.queue:
		return conn, nil
	}
}

// Close turns away what waits and what comes.
func (l *streamListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isClosed() {
		return nil
	}
	l.host.p2p.RemoveStreamHandler(l.id)
	close(l.closed)
	for {
		select {
		case conn := <-l.queue:
			_ = conn.Close()
		default:
			return nil
		}
	}
}

func (l *streamListener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// Addr is this peer's id.
func (l *streamListener) Addr() net.Addr { return peerAddr(l.host.ID()) }

// streamConn is a stream as a net.Conn whose addresses are peer ids.
type streamConn struct {
	network.Stream
	local, remote peerAddr
}

// LocalAddr is this peer's id.
func (c *streamConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the id of the peer at the other end.
func (c *streamConn) RemoteAddr() net.Addr { return c.remote }

// peerAddr is a peer id as a net.Addr.
type peerAddr PeerID

// Network names the sort of address.
func (peerAddr) Network() string { return "libp2p" }

// String returns the peer id.
func (a peerAddr) String() string { return string(a) }
