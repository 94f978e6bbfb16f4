package coordinator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/locus-genomics/locus/coordinator/replica"
	"github.com/locus-genomics/locus/coordinator/state"
	"github.com/locus-genomics/locus/internal/blob"
	"github.com/locus-genomics/locus/protocol/wire"
)

// raftStream is the protocol of the log between members.
const raftStream = "raft/1"

// newHost makes the member's transport over libp2p.
func (c *Coordinator) newHost() (*wire.Host, error) {
	h := c.cfg.Home
	members := wire.NewAllowList()
	var peers []wire.PeerID
	var dial []wire.Address
	for _, m := range h.Members {
		peer, err := wire.ParsePeerID(m.Peer)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", m.Name, err)
		}
		if m.Peer == h.Card.Peer {
			continue
		}
		peers = append(peers, peer)
		for _, a := range m.Addresses {
			if !strings.Contains(a, "/p2p/") {
				a += "/p2p/" + m.Peer
			}
			address, err := wire.ParseAddress(a)
			if err != nil || address.Peer != peer {
				return nil, errors.Join(fmt.Errorf("member %q: an address that is not its own", m.Name), err)
			}
			dial = append(dial, address)
		}
	}
	members.Replace(peers...)
	return wire.NewHost(wire.Config{
		Identity: h.Network, Kinds: Kinds(), Allow: c.cfg.Allow, Members: members, Listen: h.Card.Addresses, Dial: dial,
		Observe: c.observe, Log: c.log.Handler(),
	})
}

func (c *Coordinator) observe(e wire.Event) {
	switch e.What {
	case wire.Refused, wire.Misbehaved:
		c.log.Warn("peer "+e.What.String(), "peer", e.Peer, "why", e.Err)
	case wire.DialFailed:
		c.log.Debug("peer not reached", "peer", e.Peer, "why", e.Err)
	default:
		c.log.Info("peer "+e.What.String(), "peer", e.Peer)
	}
}

// peers are the other members and the approved sites.
func (c *Coordinator) peers() (peers []wire.PeerID) {
	for _, m := range c.cfg.Home.Members {
		if m.Peer != c.cfg.Home.Card.Peer {
			peers = append(peers, wire.PeerID(m.Peer))
		}
	}
	c.machine.View(func(s *state.State) {
		for _, site := range s.Sites {
			if site.State == state.Approved {
				peers = append(peers, wire.PeerID(site.Card.Peer))
			}
		}
	})
	slices.Sort(peers)
	return peers
}

// allow allows some peers, and nobody else.
func (c *Coordinator) allow(peers []wire.PeerID) {
	if !slices.Equal(peers, c.cfg.Allow.Peers()) {
		c.cfg.Allow.Replace(peers...)
	}
}

// keepAllowed keeps the allow-list in step with the state, and passes changes on.
func (c *Coordinator) keepAllowed(ctx context.Context) error {
	for {
		changed := c.replica.Changed()
		peers := c.peers()
		if err := c.journal.settled(ctx); err != nil {
			return ignoreEnd(ctx, err)
		}
		c.allow(peers)
		c.news.spread()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

// OpenBulk hands panels, sums and tables to other members, and to nobody else.
func (c *Coordinator) OpenBulk(ctx context.Context, from wire.PeerID, id [32]byte, offset int64) (wire.Bulk, error) {
	if !slices.ContainsFunc(c.cfg.Home.Members, func(m MemberCard) bool { return m.Peer == string(from) }) {
		return wire.Bulk{}, wire.CodeRefused
	}
	body, size, err := c.blobs.Open(ctx, blob.ID(id), offset)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return wire.Bulk{}, wire.CodeNotFound
	case errors.Is(err, blob.ErrOffset):
		return wire.Bulk{}, wire.CodeInvalid
	case err != nil:
		return wire.Bulk{}, err
	}
	return wire.Bulk{Size: size, Digest: id, Body: body}, nil
}

// hostLayer carries the log over the members' own connections.
type hostLayer struct {
	net.Listener
	host *wire.Host
}

// Dial opens a stream to a member.
func (l hostLayer) Dial(ctx context.Context, to replica.MemberID) (net.Conn, error) {
	return l.host.DialStream(ctx, wire.PeerID(to), raftStream)
}

// alone is the Layer of a coordinator of one member.
type alone struct {
	once   sync.Once
	closed chan struct{}
}

func newAlone() *alone { return &alone{closed: make(chan struct{})} }

// Accept waits until Close: there is nobody who could come.
func (a *alone) Accept() (net.Conn, error) {
	<-a.closed
	return nil, net.ErrClosed
}

// Dial reaches nobody.
func (a *alone) Dial(context.Context, replica.MemberID) (net.Conn, error) {
	return nil, wire.ErrNotConnected
}

// Close ends Accept.
func (a *alone) Close() error {
	a.once.Do(func() { close(a.closed) })
	return nil
}
