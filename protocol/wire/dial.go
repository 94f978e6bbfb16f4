package wire

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
)

// dialTimeout bounds one attempt, with all addresses of the peer.
const dialTimeout = 15 * time.Second

// lasting is how many of the shortest pauses a connection must be up to count: a
// peer that refuses us after the handshake looks connected for a moment.
const lasting = 2

// keep holds a connection to a configured peer up. The pause between attempts
// doubles, so that a peer that refuses us is not hammered, and starts over once a
// connection lasted, so that one that restarts is soon found again.
func (h *Host) keep(ctx context.Context, id PeerID) {
	pause := h.cfg.RedialMin
	for ctx.Err() == nil {
		err := h.connect(ctx, id)
		switch {
		case err == nil:
			began := time.Now()
			h.untilDown(ctx, id)
			if time.Since(began) >= lasting*h.cfg.RedialMin {
				pause = h.cfg.RedialMin
			}
		case ctx.Err() == nil:
			h.cfg.Observe(Event{What: DialFailed, Peer: id, Err: err})
		}
		if !rest(ctx, jitter(pause)) {
			return
		}
		pause = min(2*pause, h.cfg.RedialMax)
	}
}

// connect dials a configured peer unless it is connected.
func (h *Host) connect(ctx context.Context, id PeerID) error {
	to, err := id.decode()
	if err != nil {
		return err
	}
	if h.up(to) {
		return nil
	}
	addrs := h.dial[id]
	if len(addrs) == 0 {
		return ErrNotConnected
	}
	if !h.cfg.Allow.Allows(id) {
		return fmt.Errorf("dial %s: %w", id, ErrNotAllowed)
	}
	// Only configured addresses count: identify may have added what the peer
	// said of itself. The pause between attempts is ours, not libp2p's.
	book := h.p2p.Peerstore()
	book.ClearAddrs(to)
	book.AddAddrs(to, addrs, peerstore.TempAddrTTL)
	if s, ok := h.p2p.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(to)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := h.p2p.Connect(ctx, peer.AddrInfo{ID: to}); err != nil {
		return fmt.Errorf("dial %s: %w", id, err)
	}
	return nil
}

// untilDown returns when the peer is not connected.
func (h *Host) untilDown(ctx context.Context, id PeerID) {
	to, err := id.decode()
	if err != nil {
		return
	}
	for {
		changed := h.changed.next()
		if !h.up(to) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

func (h *Host) up(to peer.ID) bool {
	return h.p2p.Network().Connectedness(to) == network.Connected
}

// jitter spreads a pause over [d/2, 3d/2), so that sites that lost one
// coordinator do not come back in step.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// rest waits, and reports whether ctx goes on.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
